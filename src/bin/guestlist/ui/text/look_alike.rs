//! Who is about to be added beside somebody whose id looks the same.

use guestlist::event::Lookalike;
use guestlist::model::{MeetingId, escape};

use super::{count, counted};

/// The first of them by name, and what to do if they are the same people.
pub(crate) fn look_alike(meeting: MeetingId, all: u64, first: &[Lookalike]) -> String {
    let are =
        counted(all, "person of the roster has an id that looks", "people of the roster have ids that look");
    let pair = |Lookalike { planned, present }: &Lookalike| {
        format!("  \"{}\" beside \"{}\"\n", escape(planned), escape(present))
    };
    let pairs: String = first.iter().map(pair).collect();
    let more = match all.saturating_sub(first.len() as u64) {
        0 => String::new(),
        more => format!("  and {} more\n", count(more)),
    };
    format!(
        "warning: {are} like one in the meeting {meeting}:\n{pairs}{more}\
         \x20 Ids are compared letter by letter, case, accents and spaces included: each of these is added as somebody else.\n\
         \x20 If they are the same people, press Ctrl-C, write the ids in the roster as the meeting has them, and run the\n\
         \x20 same command again."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_named_with_the_way_out() {
        let pair =
            |planned: &str, present: &str| Lookalike { planned: planned.into(), present: present.into() };
        let meeting = MeetingId::new(Default::default());
        let one = look_alike(meeting, 1, &[pair("Ann-7 ", "ann-7")]);
        let many = look_alike(meeting, 1_202, &[pair("A", "a"), pair("B\u{1b}", "b\u{1b}")]);
        insta::assert_snapshot!(format!("{one}\n{many}"), @r#"
        warning: 1 person of the roster has an id that looks like one in the meeting 00000000-0000-0000-0000-000000000000:
          "Ann-7 " beside "ann-7"
          Ids are compared letter by letter, case, accents and spaces included: each of these is added as somebody else.
          If they are the same people, press Ctrl-C, write the ids in the roster as the meeting has them, and run the
          same command again.
        warning: 1,202 people of the roster have ids that look like one in the meeting 00000000-0000-0000-0000-000000000000:
          "A" beside "a"
          "B\u{1b}" beside "b\u{1b}"
          and 1,200 more
          Ids are compared letter by letter, case, accents and spaces included: each of these is added as somebody else.
          If they are the same people, press Ctrl-C, write the ids in the roster as the meeting has them, and run the
          same command again.
        "#);
    }
}
