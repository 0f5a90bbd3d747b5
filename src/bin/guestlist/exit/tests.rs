//! The exit codes as ARCHITECTURE.md promises them.

use std::io;
use std::path::PathBuf;

use guestlist::journal::Tally;
use guestlist::outcome::{Failure, NotSent, Stop, Trouble};
use rstest::rstest;

use super::*;

fn run(tally: Tally, invalid: u64, accepted: bool, stops: &[StopReason]) -> Exit {
    let summary = RunSummary { rows: tally.rows() + invalid, tally, invalid, ..RunSummary::default() };
    of_run(&summary, accepted, stops)
}

fn unauthorized() -> StopReason {
    StopReason::Answer(Stop::Unauthorized(Failure { status: 401, code: None, message: String::new() }))
}

const IN: Tally = Tally {
    added: 5,
    present: 5,
    rejected: 0,
    uncertain: 0,
    conflict: 0,
    held: 0,
    not_attempted: 0,
    removed: 0,
    differing: 0,
    without_token: 0,
    purged: 0,
};

#[rstest]
#[case::everybody_is_in(IN, 0, Exit::Done)]
#[case::nobody_to_add(Tally::default(), 0, Exit::Done)]
#[case::rejected(Tally { rejected: 1, ..IN }, 0, Exit::Incomplete)]
#[case::uncertain(Tally { uncertain: 1, ..IN }, 0, Exit::Incomplete)]
#[case::conflict(Tally { conflict: 1, ..IN }, 0, Exit::Incomplete)]
#[case::held(Tally { held: 1, ..IN }, 0, Exit::Incomplete)]
#[case::not_attempted(Tally { not_attempted: 1, ..IN }, 0, Exit::Incomplete)]
#[case::differing(Tally { differing: 1, ..IN }, 0, Exit::Incomplete)]
#[case::without_token(Tally { without_token: 1, ..IN }, 0, Exit::Incomplete)]
#[case::tokens_removed_on_purpose(Tally { purged: 5, ..IN }, 0, Exit::Done)]
#[case::invalid_skipped(IN, 1, Exit::Incomplete)]
fn a_finished_run_is_done_only_if_every_row_is_confirmed(
    #[case] tally: Tally,
    #[case] invalid: u64,
    #[case] exit: Exit,
) {
    assert_eq!(run(tally, invalid, true, &[]), exit);
}

#[test]
fn a_run_that_ended_early_says_so_before_anything_else() {
    let rejected = Tally { rejected: 1, ..IN };
    assert_eq!(run(rejected, 1, true, &[unauthorized()]), Exit::Stopped);
    let interrupted = Exit::Interrupted(Signal::Interrupt);
    assert_eq!(run(rejected, 1, true, &[unauthorized(), StopReason::Interrupted]), interrupted);
    assert_eq!(run(Tally::default(), 0, false, &[StopReason::Interrupted]), interrupted);
}

#[test]
fn an_invalid_roster_is_not_accepted() {
    assert_eq!(run(Tally { not_attempted: 3, ..Tally::default() }, 1, false, &[]), Exit::InvalidRoster);
}

#[test]
fn rows_left_out_by_a_limit_are_no_failure() {
    let summary = RunSummary { rows: 20, tally: IN, left_out: 10, ..RunSummary::default() };
    assert_eq!(of_run(&summary, true, &[]), Exit::Done);
}

#[rstest]
#[case(Exit::Done, 0)]
#[case(Exit::Unexpected, 1)]
#[case(Exit::Usage, 2)]
#[case(Exit::InvalidRoster, 3)]
#[case(Exit::Incomplete, 4)]
#[case(Exit::Stopped, 5)]
#[case(Exit::Busy, 6)]
#[case(Exit::Interrupted(Signal::Interrupt), 130)]
#[case(Exit::Interrupted(Signal::Terminate), 143)]
fn the_codes_are_an_interface(#[case] exit: Exit, #[case] code: u8) {
    assert_eq!(exit.code(), code);
}

fn io_error() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

fn in_use() -> JournalError {
    JournalError::InUse { path: String::new(), lock: String::new() }
}

#[rstest]
#[case::missing_roster(RosterError::NotFound("r".into()).into(), Exit::Usage)]
#[case::empty_roster(RosterError::Empty("r".into()).into(), Exit::InvalidRoster)]
#[case::unreadable_roster(RosterError::Io { file: "r".into(), source: io_error() }.into(), Exit::Stopped)]
#[case::wrong_account(LookUpError::Refused(Failure { status: 404, code: None, message: String::new() }).into(), Exit::Usage)]
#[case::nobody_answers(LookUpError::Failed(Trouble::NotSent(NotSent::NotConnected(String::new()))).into(), Exit::Stopped)]
#[case::interrupted(LookUpError::Stopped(StopReason::Interrupted).into(), Exit::Interrupted(Signal::Interrupt))]
#[case::interrupted_while_another_run_goes_on(
    CommandError::Interrupted,
    Exit::Interrupted(Signal::Interrupt)
)]
#[case::unknown_meeting(
    CommandError::NoMeeting(guestlist::model::MeetingId::new(Default::default())),
    Exit::Usage
)]
#[case::journal_in_use(in_use().into(), Exit::Busy)]
#[case::taken_over(JournalError::Superseded { newer: 2 }.into(), Exit::Busy)]
#[case::deleted_while_running(JournalError::Gone { path: String::new() }.into(), Exit::Stopped)]
#[case::held_by_a_shell(JournalError::Busy { doing: "" }.into(), Exit::Stopped)]
#[case::damaged(JournalError::Damaged { why: String::new() }.into(), Exit::Stopped)]
#[case::other_program(JournalError::NotOurs { path: String::new(), why: "" }.into(), Exit::Usage)]
#[case::other_api(JournalError::OtherOrigin { bound: String::new(), asked: String::new() }.into(), Exit::Usage)]
#[case::two_id_sources(JournalError::TwoIdSources { meeting: String::new(), first: String::new(), second: String::new() }.into(), Exit::Usage)]
#[case::full_disk(JournalError::DiskFull { doing: "" }.into(), Exit::Stopped)]
#[case::read_only(JournalError::ReadOnly { doing: "" }.into(), Exit::Stopped)]
#[case::bug(JournalError::Illegal { state: String::new(), transition: String::new() }.into(), Exit::Unexpected)]
#[case::in_a_run(CommandError::Import(ImportError::Dispatch(DispatchError::Journal(in_use()))), Exit::Busy)]
#[case::writer(CommandError::Import(ImportError::Dispatch(DispatchError::Writer)), Exit::Unexpected)]
#[case::export_to_a_link(ExportError::Refused { path: String::new(), why: "" }.into(), Exit::Usage)]
#[case::no_journal(CommandError::NoJournal(PathBuf::new()), Exit::Usage)]
#[case::closed_output(CommandError::Output(io_error()), Exit::Stopped)]
#[case::panic(CommandError::Panicked, Exit::Unexpected)]
fn an_error_has_the_code_of_its_kind(#[case] error: CommandError, #[case] exit: Exit) {
    assert_eq!(of_error(&error), exit);
}
