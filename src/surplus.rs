//! Which of the participants that share an id is kept: pure.

use jiff::Timestamp;

/// Whom to keep of those who share an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The one that was created first.
    Oldest,
    /// The one that the journal holds.
    Journal,
}

/// One of those who share an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twin<'a> {
    /// The API's id.
    pub participant_id: &'a str,
    /// As the API wrote it.
    pub created_at: &'a str,
}

/// Whom of them to keep; `None` if that can't be said: all of them are left alone. `journaled` is the API's id that the
/// journal holds.
pub fn kept<'a>(keep: Keep, journaled: Option<&str>, twins: &[Twin<'a>]) -> Option<&'a str> {
    match keep {
        Keep::Journal => {
            let ours = twins.iter().find(|twin| Some(twin.participant_id) == journaled)?;
            Some(ours.participant_id)
        }
        Keep::Oldest => {
            let dated = twins.iter().map(|twin| Some((twin.created_at.parse::<Timestamp>().ok()?, twin)));
            let dated: Vec<_> = dated.collect::<Option<_>>()?;
            let oldest =
                dated.into_iter().min_by_key(|(created_at, twin)| (*created_at, twin.participant_id))?;
            Some(oldest.1.participant_id)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn twin(participant_id: &'static str, created_at: &'static str) -> Twin<'static> {
        Twin { participant_id, created_at }
    }

    const EARLY: &str = "2026-11-24T08:00:00Z";
    const LATE: &str = "2026-11-24T08:00:00.5Z";
    /// Later as text, earlier as a time.
    const EARLIEST: &str = "2026-11-24T08:30:00+01:00";

    #[rstest]
    #[case::the_first(Keep::Oldest, None, &[twin("b", LATE), twin("c", EARLY)], Some("c"))]
    #[case::by_time_not_by_text(Keep::Oldest, None, &[twin("b", EARLY), twin("c", EARLIEST)], Some("c"))]
    #[case::of_one_instant(Keep::Oldest, None, &[twin("c", EARLY), twin("b", EARLY)], Some("b"))]
    #[case::whoever_the_journal_knows(Keep::Oldest, Some("b"), &[twin("b", LATE), twin("c", EARLY)], Some("c"))]
    #[case::undated(Keep::Oldest, None, &[twin("b", "soon"), twin("c", EARLY)], None)]
    #[case::ours(Keep::Journal, Some("b"), &[twin("b", LATE), twin("c", EARLY)], Some("b"))]
    #[case::ours_is_gone(Keep::Journal, Some("a"), &[twin("b", LATE), twin("c", EARLY)], None)]
    #[case::none_is_known(Keep::Journal, None, &[twin("b", LATE), twin("c", EARLY)], None)]
    fn whom_to_keep(
        #[case] keep: Keep,
        #[case] journaled: Option<&str>,
        #[case] twins: &[Twin<'static>],
        #[case] whom: Option<&str>,
    ) {
        assert_eq!(kept(keep, journaled, twins), whom);
    }

    proptest! {
        /// Whoever is kept is among them, in whatever order they are listed.
        #[test]
        fn the_order_of_the_list_decides_nothing(
            mut twins in prop::collection::vec(
                (prop::sample::select(vec!["a", "b", "c"]), prop::sample::select(vec![EARLY, LATE, EARLIEST])), 2..5),
            oldest in any::<bool>(),
        ) {
            let keep = if oldest { Keep::Oldest } else { Keep::Journal };
            let choose = |twins: &[(&'static str, &'static str)]| {
                let twins: Vec<_> = twins.iter().map(|(id, at)| twin(id, at)).collect();
                kept(keep, Some("b"), &twins)
            };
            let whom = choose(&twins);
            prop_assert!(whom.is_none_or(|whom| twins.iter().any(|(id, _)| *id == whom)));
            twins.reverse();
            prop_assert_eq!(choose(&twins), whom);
        }
    }
}
