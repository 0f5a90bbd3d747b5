//! What people read, word for word.

mod journal;
mod sync;

use std::path::Path;
use std::sync::Arc;

use guestlist::export::Exported;
use guestlist::import::{RunSummary, Seconds};
use guestlist::journal::{Problem, Tally, Twin};
use guestlist::lifecycle::RowState;
use guestlist::model::Location;
use guestlist::roster::{Column, LeftOut, RowError, RowErrorCode};

use super::super::rows::InvalidRows;
use super::super::style::plain;
use super::*;
use crate::exit::Exit;
use crate::signal::Signal;

fn summary(tally: Tally, invalid: u64, left_out: u64) -> RunSummary {
    let seconds = Seconds { validate: 0.31, stage: 0.2, send: 104.2, settle: 0.0 };
    RunSummary {
        rows: tally.rows() + invalid + left_out,
        tally,
        invalid,
        left_out,
        repeated: 0,
        not_coming: 0,
        seconds,
    }
}

static EVERYBODY_COMES: LeftOut = LeftOut { values: Vec::new(), others: 0 };

fn ending<'a>(exit: Exit, summary: &'a RunSummary, invalid: &'a InvalidRows) -> Ending<'a> {
    Ending {
        work: Work::Import,
        exit,
        summary,
        accepted: true,
        stops: &[],
        problems: &[],
        invalid,
        not_coming: &EVERYBODY_COMES,
        exported: None,
        rejected: None,
        named_journal: None,
        leaves_nothing: false,
    }
}

fn at(line: u64) -> Location {
    Location { file: "list.csv".into(), line }
}

fn problem(line: u64, state: RowState, detail: &str) -> Problem {
    Problem {
        location: at(line),
        meeting: "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".parse().unwrap(),
        custom_participant_id: format!("guest-{line}"),
        state,
        detail: detail.to_owned(),
        twin: None,
    }
}

fn invalid_rows() -> InvalidRows {
    let mut invalid = InvalidRows::default();
    let preset = |line, value: &str, hint: &'static str| RowError {
        location: at(line),
        column: Some(Column { index: 3, name: Arc::from("Ticket \u{202e}type") }),
        value: Some(value.to_owned()),
        code: RowErrorCode::UnknownPreset,
        hint: hint.into(),
    };
    invalid.add(&preset(7, "hots", "did you mean \"host\"?"));
    invalid.add(&preset(9, "gest\u{1b}[2J", "use a preset of the app"));
    for line in 100..125 {
        invalid.add(&RowError {
            location: at(line),
            column: None,
            value: None,
            code: RowErrorCode::RaggedRow,
            hint: "check the row".into(),
        });
    }
    invalid
}

#[test]
fn everybody_is_in() {
    let summary = summary(Tally { added: 4_200, present: 800, ..Tally::default() }, 0, 0);
    let (invalid, journal) = (InvalidRows::default(), Path::new("my events/j.db"));
    let ending = Ending { named_journal: Some(journal), ..ending(Exit::Done, &summary, &invalid) };
    insta::assert_snapshot!(plain(&import(&ending)), @r"
    Everybody is in: all 5,000 rows are confirmed in the meeting, each once.

      added       4,200  by this run
      already in    800
      rows        5,000

      0.3 s to read, 104.2 s to send

    Next: guestlist export --output tokens.csv --journal 'my events/j.db'
    ");
}

#[test]
fn everybody_is_in_and_exported() {
    let summary = summary(Tally { added: 10, ..Tally::default() }, 0, 490);
    let invalid = InvalidRows::default();
    let exported = Some((Path::new("tokens.csv"), Exported { rows: 10, tokens: 10 }));
    let ending = Ending { exported, ..ending(Exit::Done, &summary, &invalid) };
    insta::assert_snapshot!(plain(&import(&ending)), @r"
    10 rows are confirmed in the meeting, each once; 490 left out.

      added      10  by this run
      left out  490  by --limit
      rows      500

      0.3 s to read, 104.2 s to send

    10 rows written to tokens.csv, 10 with a token; only you can read that file.
    Next: guestlist export --output links.csv --join-url 'https://…?authToken={token}'
    ");
}

#[test]
fn everybody_who_comes_is_in() {
    let tally = Tally { added: 61, ..Tally::default() };
    let summary = RunSummary { rows: 789, not_coming: 728, ..summary(tally, 0, 0) };
    let invalid = InvalidRows::default();
    let not_coming = LeftOut {
        values: vec![("declined".into(), 100), ("inv\u{1b}ited".into(), 600), (String::new(), 20)],
        others: 8,
    };
    let ending = Ending { not_coming: &not_coming, ..ending(Exit::Done, &summary, &invalid) };
    insta::assert_snapshot!(plain(&import(&ending)), @r"
    Everybody who comes is in: 61 rows are confirmed in the meeting, each once; 728 not coming.

      added        61  by this run
      not coming  728  by their status: inv\u{1b}ited 600, declined 100, (blank) 20, others 8
      rows        789

      0.3 s to read, 104.2 s to send

    Next: guestlist export --output tokens.csv
    ");
}

#[test]
fn the_roster_is_invalid() {
    let summary = summary(Tally { not_attempted: 473, ..Tally::default() }, 27, 0);
    let invalid = invalid_rows();
    let rejected = Some(Path::new("bad.csv"));
    let ending = Ending { accepted: false, rejected, ..ending(Exit::InvalidRoster, &summary, &invalid) };
    insta::assert_snapshot!(plain(&import(&ending)), @r#"
    Nobody was added: 27 of 500 rows are invalid.

      not attempted  473  nothing was sent for them
      invalid         27  never sent
      rows           500

      0.3 s to read, 104.2 s to send

    25 rows: not as many fields as the header has; check the row [ragged-row]
      list.csv:100
      list.csv:101
      list.csv:102
      list.csv:103
      list.csv:104
      list.csv:105
      list.csv:106
      list.csv:107
      list.csv:108
      list.csv:109
      list.csv:110
      list.csv:111
      list.csv:112
      list.csv:113
      list.csv:114
      list.csv:115
      list.csv:116
      list.csv:117
      list.csv:118
      list.csv:119
      … and 5 more

    2 rows: no such preset [unknown-preset]
      list.csv:7  Ticket \u{202e}type "hots"; did you mean "host"?
      list.csv:9  Ticket \u{202e}type "gest\u{1b}[2J"; use a preset of the app

    The invalid rows are in bad.csv.
    Next: mend these rows and run the same command again.
    "#);
}

#[test]
fn some_are_not_in() {
    let tally = Tally {
        added: 470,
        rejected: 2,
        uncertain: 1,
        conflict: 1,
        differing: 1,
        without_token: 3,
        ..Tally::default()
    };
    let (summary, invalid) = (summary(tally, 0, 0), InvalidRows::default());
    let problems = [
        problem(14, RowState::Rejected, "HTTP 422 (1001): name too long\u{1b}[31m"),
        problem(20, RowState::Rejected, "HTTP 422 (1001): name too long\u{1b}[31m"),
        problem(31, RowState::Conflict, "in the meeting as aaa, bbb"),
        problem(55, RowState::Present, "the roster wants {\"preset_name\":\"host\"}"),
    ];
    let ending = Ending { problems: &problems, ..ending(Exit::Incomplete, &summary, &invalid) };
    insta::assert_snapshot!(plain(&import(&ending)), @r#"
    Not everybody is in: 470 of 474 rows are confirmed in the meeting, 1 in the meeting more than once.

      added     470  by this run
      refused     2  by the API; not in the meeting
      in doubt    1  may be in; looked up before anything is sent again
      conflict    1  in the meeting more than once; nothing was touched
      rows      474

      0.3 s to read, 104.2 s to send

    1 row in the meeting with another name, preset or picture than the roster's; take them as they are with --accept-differing, or update them with guestlist sync

    3 rows without a token here: found in the meeting, so links may be in their mail already; get new tokens with --refresh-found

    refused: HTTP 422 (1001): name too long\u{1b}[31m
      list.csv:14  guest-14
      list.csv:20  guest-20

    conflict: in the meeting as aaa, bbb
      list.csv:31  guest-31

    differing: the roster wants the preset "host"
      list.csv:55  guest-55
      … and 1 more; guestlist export shows the state of each

    Next: mend what is named above and run the same command again; who is in is not added twice.
    "#);
}

#[test]
fn possible_duplicates_are_held_back() {
    let (summary, invalid) =
        (summary(Tally { added: 3, held: 2, ..Tally::default() }, 0, 0), InvalidRows::default());
    let summary = RunSummary { rows: 6, repeated: 1, ..summary };
    let held = |line| {
        let twin = Twin {
            location: Location { file: "old\u{1b}.csv".into(), line },
            custom_participant_id: format!("g-{line}"),
        };
        Problem {
            twin: Some(twin),
            ..problem(line, RowState::Held, "the e-mail address of somebody in the meeting")
        }
    };
    let problems = [held(14), held(20)];
    let ending = Ending { problems: &problems, ..ending(Exit::Incomplete, &summary, &invalid) };
    insta::assert_snapshot!(plain(&import(&ending)), @r"
    Not everybody is in: 3 of 6 rows are confirmed in the meeting, nobody was added twice.

      added      3  by this run
      held back  2  possible duplicates; not added
      repeated   1  another row for the same participant was taken
      rows       6

      0.3 s to read, 104.2 s to send

    Held back 2 possible duplicates: a new id, but the e-mail address of somebody who is in the meeting, or may be, and whom this roster doesn't name any more. If an id was mended, put the old one back: they are in under it. If they are other people, add them with --allow-same-person

    held back: the e-mail address of somebody in the meeting
      list.csv:14  guest-14; was g-14 in old\u{1b}.csv:14
      list.csv:20  guest-20; was g-20 in old\u{1b}.csv:20

    Next: mend what is named above and run the same command again; who is in is not added twice.
    ");
}

#[test]
fn stopped_early() {
    let (summary, invalid) =
        (summary(Tally { added: 112, not_attempted: 388, ..Tally::default() }, 0, 0), InvalidRows::default());
    let failure = Failure { status: 401, code: Some(10000), message: "Authentication error".to_owned() };
    let stops = [StopReason::Answer(Stop::Unauthorized(failure))];
    let stopped = Ending { stops: &stops, ..ending(Exit::Stopped, &summary, &invalid) };
    let interrupted = ending(Exit::Interrupted(Signal::Interrupt), &summary, &invalid);
    let both = format!("{}\n---\n{}", plain(&import(&stopped)), plain(&import(&interrupted)));
    insta::assert_snapshot!(both, @r"
    Stopped early: the API refuses the token (HTTP 401, code 10000: Authentication error); check it and its permission Realtime.
    112 of 500 rows are confirmed in the meeting, nobody was added twice.

      added          112  by this run
      not attempted  388  nothing was sent for them
      rows           500

      0.3 s to read, 104.2 s to send

    Next: run the same command again; it resumes, and adds nobody twice.

    ---
    Interrupted: 112 of 500 rows are confirmed in the meeting, nobody was added twice.

      added          112  by this run
      not attempted  388  nothing was sent for them
      rows           500

      0.3 s to read, 104.2 s to send

    Next: run the same command again; it resumes, and adds nobody twice.
    ");
}

#[test]
fn every_reason_to_stop_says_what_to_do() {
    let meeting = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".parse().unwrap();
    let failure = || Failure { status: 404, code: None, message: "gone\n".to_owned() };
    let reasons = [
        StopReason::Interrupted,
        StopReason::Answer(Stop::Redirected(failure())),
        StopReason::Answer(Stop::NotBuilt("bad".to_owned())),
        StopReason::Answer(Stop::Untrusted("UnknownIssuer".to_owned())),
        StopReason::Outage {
            lasted: Duration::from_secs(900),
            trouble: Some("connection refused".to_owned()),
        },
        StopReason::Throttled { retry_after: Some(Duration::from_secs(1201)) },
        StopReason::Throttled { retry_after: None },
        StopReason::MeetingRefuses { meeting, failure: Some(failure()) },
        StopReason::MeetingRefuses { meeting, failure: None },
        StopReason::ListingIncomplete { meeting },
    ];
    insta::assert_snapshot!(reasons.iter().map(stop).collect::<Vec<_>>().join("\n"), @r"
    it was interrupted
    the API sends us elsewhere (HTTP 404: gone), which is never followed; check --api-url
    a request can't be built (bad): this is a bug, please report it
    the server's certificate isn't trusted (UnknownIssuer); if a company's proxy stands between, name its authority with --ca-file
    no request has succeeded for 15 min (connection refused); check the network and --api-url
    the server refuses all requests for another 21 min; go on after that
    the server refused every request as too many: somebody else may use up the account's limit
    the meeting 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b takes nobody (HTTP 404: gone); check it
    the meeting 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b is inactive; activate it
    who is in the meeting 3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b could not be listed completely, so it was left alone; try again
    ");
}

#[test]
fn purged_tokens_are_no_trouble() {
    let summary = summary(Tally { present: 10, purged: 10, ..Tally::default() }, 0, 0);
    let invalid = InvalidRows::default();
    insta::assert_snapshot!(plain(&import(&ending(Exit::Done, &summary, &invalid))), @r"
    Everybody is in: all 10 rows are confirmed in the meeting, each once.

      already in  10
      rows        10

      0.3 s to read, 104.2 s to send

    10 rows are in the meeting, and the token was removed from the journal with purge-tokens: links that are out still work, an export has none; --refresh-found gets new tokens, and may end those links

    Next: guestlist export --output tokens.csv
    ");
}

#[test]
fn an_error_says_what_happened_and_what_to_do() {
    use guestlist::dispatch::DispatchError;
    use guestlist::import::ImportError;
    use guestlist::journal::JournalError;
    let io = JournalError::Io {
        doing: "writing",
        path: "j.db".into(),
        source: std::io::ErrorKind::PermissionDenied.into(),
    };
    let errors = [
        CommandError::Import(ImportError::Dispatch(DispatchError::Journal(io))),
        CommandError::NoJournal("j\u{1b}.db".into()),
        CommandError::Panicked,
    ];
    insta::assert_snapshot!(plain(&errors.iter().map(error).collect::<String>()), @r"
    error: writing j.db: permission denied
      Put that right and run the same command again: it resumes, and adds nobody twice.
    error: there is no journal at j\u{1b}.db: nothing has been imported with it yet; name another one with --journal
    error: a part of guestlist ended unexpectedly: this is a bug, please report it
    ");
}
