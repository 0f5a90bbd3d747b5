//! What is said of a sync that an import would say otherwise.

use super::*;

/// A sync updates people; what it refuses isn't advised after it.
#[test]
fn who_still_differs_after_a_sync() {
    let summary = summary(Tally { present: 2, differing: 2, ..Tally::default() }, 0, 0);
    let wanted = "the roster wants {\"name\":\"N\\u00e9u \\\"3\\\"\",\"picture\":\"\"}";
    let problems = [problem(3, RowState::Present, wanted), problem(4, RowState::Added, "the roster wants {")];
    let invalid = InvalidRows::default();
    let ending =
        Ending { work: Work::Sync, problems: &problems, ..ending(Exit::Incomplete, &summary, &invalid) };
    insta::assert_snapshot!(plain(&import(&ending)), @r#"
    Everybody is in, but some need a look: 2 of 2 rows are confirmed in the meeting, nobody was added twice.

      already in  2
      rows        2

      0.3 s to read, 104.2 s to send

    2 rows in the meeting with another name, preset or picture than the roster's; they have not been updated; the same command tries it again

    differing: the roster wants the name "Néu "3"", no picture
      list.csv:3  guest-3

    differing: the roster wants {
      list.csv:4  guest-4

    Next: mend what is named above and run the same command again; who is in is not added twice.
    "#);
}
