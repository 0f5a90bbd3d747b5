//! What people read of a journal: its status, its verdict, a purge.

use std::path::Path;

use guestlist::journal::{Finding, MeetingCounts, RunInfo, Verified};
use guestlist::lifecycle::RowState;
use jiff::Timestamp;

use super::super::*;
use crate::ui::style::plain;

#[test]
fn the_status_of_a_journal() {
    let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let states = RowState::ALL.map(|state| {
        (
            state,
            match state {
                RowState::Added => 4_200,
                RowState::Planned => 12,
                RowState::Held => 2,
                _ => 0,
            },
        )
    });
    let meeting = MeetingCounts {
        account_id: "acc".to_owned(),
        app_id: "app".to_owned(),
        meeting_id: "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b".to_owned(),
        states: states.to_vec(),
        tokens: 4_200,
        purged: 0,
        soonest_expiry: "2026-11-23T13:30:00Z".parse().ok(),
        left_behind: 12,
    };
    let run = RunInfo {
        run: 3,
        command: "import list\u{1b}.csv".to_owned(),
        started_at: "2026-11-23T09:00:00Z".parse().unwrap(),
        accepted: true,
        finished_at: "2026-11-23T09:02:00Z".parse().ok(),
        exit_code: Some(4),
        rows: 4_200,
        added: 4_199,
        invalid: 1,
    };
    let killed = RunInfo { run: 2, finished_at: None, exit_code: None, ..run.clone() };
    let text = status(Path::new("j.db"), Some("https://api.cloudflare.com"), &[meeting], &[run, killed], now);
    let text: Vec<_> = text.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(plain(&text.join("\n")), @r"
    j.db, for https://api.cloudflare.com

    Meetings
     meeting                               added  planned  held  tokens  first expiry
     3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b  4,200       12     2   4,200  2026-11-23 13:30 UTC (in 3 h)

    Last runs
     run  started               ended        rows  added  invalid  what
     3    2026-11-23 09:00 UTC  exit 4      4,200  4,199        1  import list\u{1b}.csv
     2    2026-11-23 09:00 UTC  broken off  4,200  4,199        1  import list\u{1b}.csv

    12 rows planned but not named by the newest roster: no run adds them until a roster names them again.

    2 rows held back as possible duplicates: a new id, but the e-mail address of somebody in the meeting. An import with --allow-same-person adds them.
    ");
}

#[test]
fn the_verdict_on_a_journal() {
    let sound = Verified {
        version: 3,
        rows: 500,
        confirmed: 500,
        tokens: 480,
        purged: 20,
        runs: 3,
        ..Verified::default()
    };
    let finding = Finding {
        code: "token",
        what: "added without the token".to_owned(),
        count: 2,
        example: Some("guest\u{1b}-1".to_owned()),
    };
    let page = Finding { code: "page", what: "Tree 7 page 9: malformed".to_owned(), count: 1, example: None };
    let wrong = Verified { findings: vec![page, finding], rows: 500, ..Verified::default() };
    let both = [&sound, &wrong].map(|verdict| verified(Path::new("j.db"), verdict)).join("---\n");
    insta::assert_snapshot!(plain(&both), @r"
    j.db can be trusted.

      rows       500
      confirmed  500  in the meeting, each with its participant id
      tokens     480
      purged      20  tokens that were removed on purpose
      runs         3

      Looked at: whose it is, who can read it, version 3, every page, every row.
    ---
    j.db can't be trusted: 2 things are wrong.

      rows  500

      1: Tree 7 page 9: malformed [page]
      2: added without the token, such as guest\u{1b}-1 [token]

    Next: put back a backup of the journal, or move it and its -wal away and start with a new one: the meetings are then listed first, and nobody who is in them is added again.
    ");
}

#[test]
fn what_a_purge_means() {
    insta::assert_snapshot!(plain(&purged(Path::new("j.db"), 1)), @r"
    1 token was removed from j.db, for good. Everybody stays in their meeting, and links that are out still work.
    Exports and backups that were made before hold the tokens still: delete those, too.
    A later import asks for no new tokens by itself. --refresh-found does, and may end the links in people's mail.
    ");
}
