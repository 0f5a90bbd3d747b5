"""The official SDK against a server that claims to be RealtimeKit. The environment says where; see tests/it/clients.rs.

`contract` makes every call of a participant's life and checks every answer, types included.
`add N` adds N people once each, as a program would that trusts the SDK, and prints how many calls failed.
"""

import base64
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from cloudflare import AuthenticationError, Cloudflare, NotFoundError, UnprocessableEntityError

# Pydantic then rejects an answer that lacks a field or has one of another type.
client = Cloudflare(_strict_response_validation=True)
meetings = client.realtime_kit.meetings
app = {"account_id": os.environ["CLOUDFLARE_ACCOUNT_ID"], "app_id": os.environ["REALTIMEKIT_APP_ID"]}
meeting_id = os.environ["REALTIMEKIT_MEETING_ID"]
in_meeting = {**app, "meeting_id": meeting_id}


def check(what, holds):
    if not holds:
        sys.exit(f"the sandbox doesn't do what the SDK expects: {what}")


def refused(error, call):
    try:
        call()
    except error:
        return True
    return False


def is_token(token):
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return bool(header and signature) and claims["exp"] > datetime.now().timestamp()


def shown(one):
    return (one.id, one.custom_participant_id, one.name, one.preset_name, one.picture)


def add(number, **fields):
    person = {"name": f"Guest {number}", "preset_name": "group_call_participant", **fields}
    return meetings.add_participant(meeting_id, **app, custom_participant_id=f"guest-{number:04}", **person)


def listed(per_page):
    """Everybody, page by page."""
    people, number = [], 1
    while True:
        page = meetings.get_meeting_participants(meeting_id, **app, page_no=number, per_page=per_page)
        check("a page says success", page.success is True)
        people += page.data
        check("a page is no longer than asked for", len(page.data) <= per_page)
        if len(people) >= page.paging.total_count or not page.data:
            check("the pages hold everybody", len(people) == page.paging.total_count)
            return people
        number += 1


def contract():
    meeting = meetings.get_meeting_by_id(meeting_id, **app)
    check("the meeting", meeting.success and meeting.data.id == meeting_id and meeting.data.status == "ACTIVE")
    presets = {preset.name for preset in client.realtime_kit.presets.get(app["app_id"], account_id=app["account_id"]).data}
    check("the presets", {"group_call_host", "group_call_participant"} <= presets)

    picture = "https://example.com/ann.png"
    answers = [add(number, picture=picture if number == 0 else None) for number in range(5)]
    for number, answer in enumerate(answers):
        one = answer.data
        wanted = (f"guest-{number:04}", f"Guest {number}", "group_call_participant", None if number else picture)
        check("an add says success", answer.success is True)
        check(f"an add echoes what was sent: {one}", shown(one)[1:] == wanted)
        check("an add gives an id, a token and times", one.id and is_token(one.token))
        check("times are times", isinstance(one.created_at, datetime) and one.created_at <= one.updated_at)

    added = [shown(answer.data) for answer in answers]
    for per_page in (2, 100):
        check("a list holds everybody in order", [shown(one) for one in listed(per_page)] == added)
    page = meetings.get_meeting_participants(meeting_id, **app)
    check("a list can be had without paging", len(page.data) == 5)
    check("a list bears no token", all("token" not in one.model_fields_set for one in page.data))

    first = answers[0].data
    got = meetings.get_meeting_participant(first.id, **in_meeting)
    check("one is got", got.success and shown(got.data) == shown(first) and got.data.created_at == first.created_at)
    check("getting gives no token", "token" not in (got.data.model_extra or {}))

    edited = meetings.edit_participant(first.id, **in_meeting, name="Ann", preset_name="group_call_host")
    check("an edit changes what it names", shown(edited.data) == (first.id, "guest-0000", "Ann", "group_call_host", picture))
    check("an edit gives a token", edited.success and is_token(edited.data.token))
    got = meetings.get_meeting_participant(first.id, **in_meeting).data
    check("an edit stays", shown(got) == shown(edited.data) and got.updated_at >= first.updated_at)

    renewed = [meetings.refresh_participant_token(first.id, **in_meeting) for _ in range(2)]
    tokens = [first.token, edited.data.token] + [answer.data.token for answer in renewed]
    check("a refresh gives a token", all(answer.success and is_token(answer.data.token) for answer in renewed))
    check("every token is another one", len(set(tokens)) == 4)

    gone = meetings.delete_meeting_participant(answers[1].data.id, **in_meeting)
    check("a delete says who is gone", gone.success and gone.data.custom_participant_id == "guest-0001")
    check("a delete says the preset and the times", gone.data.preset_id and gone.data.created_at <= gone.data.updated_at)
    gone_id = answers[1].data.id
    check("who is gone can't be got", refused(NotFoundError, lambda: meetings.get_meeting_participant(gone_id, **in_meeting)))
    check("nor removed again", refused(NotFoundError, lambda: meetings.delete_meeting_participant(gone_id, **in_meeting)))
    left = ["guest-0000", "guest-0002", "guest-0003", "guest-0004"]
    check("the others stay", [one.custom_participant_id for one in listed(3)] == left)

    check("an unknown preset is refused", refused(UnprocessableEntityError, lambda: add(9, preset_name="hots")))
    stranger = client.with_options(api_token="wr0ng").realtime_kit.meetings
    check("a wrong token is refused", refused(AuthenticationError, lambda: stranger.get_meeting_by_id(meeting_id, **app)))


def add_everybody(people):
    def attempt(number):
        try:
            return add(number).success
        except Exception:  # whatever it is: the caller's people didn't all get in
            return False

    with ThreadPoolExecutor(16) as workers:
        print(json.dumps({"failed": list(workers.map(attempt, range(people))).count(False)}))


if sys.argv[1] == "contract":
    contract()
else:
    add_everybody(int(sys.argv[2]))
