//! How far a run has come: a fold over its events, and one line that says it. Pure over [`Instant`].

use std::time::{Duration, Instant};

use guestlist::event::{Event, WaitReason};

use super::progress::{HumanCount, HumanDuration};

/// What a run has done so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    read: u64,
    /// Once the roster is accepted.
    to_send: Option<u64>,
    added: u64,
    rejected: u64,
    uncertain: u64,
    listing: Option<(u64, u64)>,
    wait: Option<(WaitReason, Instant)>,
    draining: Option<usize>,
    /// Tokens renewed, and to be renewed.
    tokens: Option<(u64, u64)>,
    /// Participants updated or removed.
    changed: u64,
}

/// The counts, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Progressed {
    pub(super) to_send: u64,
    pub(super) added: u64,
    pub(super) rejected: u64,
    pub(super) uncertain: u64,
}

impl Counters {
    pub(super) fn on(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Read { rows } => self.read = *rows,
            Event::Accepted { to_send, .. } => self.to_send = Some(*to_send),
            Event::Listing { listed, total, .. } => self.listing = Some((*listed, *total)),
            Event::Compared { found, reconciled, conflicts, resend, .. } => {
                self.listing = None;
                self.to_send = self.to_send.map(|to_send| to_send.saturating_sub(*found));
                self.added += reconciled;
                self.uncertain = self.uncertain.saturating_sub(reconciled + conflicts + resend);
            }
            Event::Recorded(recorded) => {
                self.listing = None;
                self.added += recorded.added;
                self.rejected += recorded.rejected;
                self.uncertain += recorded.uncertain;
            }
            Event::Waiting { reason, remaining } => self.wait = Some((*reason, now + *remaining)),
            Event::Draining { in_flight } => self.draining = Some(*in_flight),
            Event::TokensDue { due } => self.tokens = Some((0, *due)),
            Event::Tokens { refreshed } => {
                if let Some((renewed, _)) = &mut self.tokens {
                    *renewed += refreshed;
                }
            }
            Event::Changed { updated, removed } => {
                self.listing = None;
                self.changed += updated + removed;
            }
            Event::RosterRead(_) | Event::Invalid(_) | Event::LookAlike { .. } | Event::Stopped(_) => {}
        }
    }

    pub(super) fn counts(&self) -> Progressed {
        let Self { added, rejected, uncertain, .. } = *self;
        Progressed { to_send: self.to_send.unwrap_or_default(), added, rejected, uncertain }
    }

    /// Rows dealt with, and of how many, if that is known. What an earlier run left in doubt comes on top as it is looked
    /// up.
    pub(super) fn position(&self) -> (u64, Option<u64>) {
        match (self.tokens, self.to_send) {
            (Some((renewed, due)), _) => (renewed, Some(due)),
            (None, Some(to_send)) => {
                let done = self.added + self.rejected + self.uncertain;
                (done, Some(to_send.max(done)))
            }
            (None, None) => (self.read, None),
        }
    }

    /// One line; `rate` is in rows a second.
    pub(super) fn line(&self, now: Instant, rate: f64) -> String {
        let (done, Some(all)) = self.position() else {
            return self.line_without_rows(now);
        };
        let paused = self.pause(now);
        let what = if self.tokens.is_some() { " tokens renewed" } else { "" };
        let mut line = format!("{} of {}{what}", HumanCount(done), HumanCount(all));
        if paused.is_none() && self.listing.is_none() {
            line += &pace(all.saturating_sub(done), rate);
        }
        if self.tokens.is_none() {
            line += &format!("; added {}, failed {}", HumanCount(self.added), HumanCount(self.rejected));
        }
        if self.uncertain > 0 {
            line += &format!(", in doubt {}", HumanCount(self.uncertain));
        }
        if let Some((listed, total)) = self.listing {
            line += &format!("; listing the meeting, {} of {}", HumanCount(listed), HumanCount(total));
        }
        if let Some(in_flight) = self.draining {
            line += &format!("; stopping, waiting for {in_flight} answers");
        }
        if let Some(paused) = paused {
            line += &format!("; {paused}");
        }
        line
    }

    /// While a roster is read, or where there is none.
    fn line_without_rows(&self, now: Instant) -> String {
        match (self.pause(now), self.listing) {
            (Some(paused), _) => paused,
            (None, Some((listed, total))) => {
                format!("listing the meeting, {} of {}", HumanCount(listed), HumanCount(total))
            }
            (None, None) if self.changed > 0 => format!("changed {}", HumanCount(self.changed)),
            (None, None) => format!("reading the roster: {} rows", HumanCount(self.read)),
        }
    }

    fn pause(&self, now: Instant) -> Option<String> {
        let (reason, until) = self.wait?;
        let remaining = until.saturating_duration_since(now);
        let seconds = remaining.as_secs() + u64::from(remaining.subsec_nanos() > 0);
        let text = match reason {
            WaitReason::Throttled => format!("paused {seconds} s by the server"),
            WaitReason::Outage => format!("no request succeeds, trying again in {seconds} s"),
            WaitReason::Settling { rows } => format!("looking up {rows} in doubt in {seconds} s"),
        };
        (seconds > 0).then_some(text)
    }
}

fn pace(left: u64, rate: f64) -> String {
    if left == 0 || !rate.is_finite() || rate < 0.01 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
    let seconds = (left as f64 / rate).min(1e9).ceil();
    format!(", {rate:.1}/s, {} left", HumanDuration(Duration::from_secs_f64(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use guestlist::event::Recorded;
    use guestlist::model::MeetingId;

    fn recorded(added: u64, rejected: u64, uncertain: u64) -> Event<'static> {
        Event::Recorded(Recorded { added, rejected, uncertain, taken_back: 0 })
    }

    fn line_after(events: &[Event<'_>], rate: f64) -> String {
        let now = Instant::now();
        let mut counters = Counters::default();
        events.iter().for_each(|event| counters.on(event, now));
        counters.line(now, rate)
    }

    #[test]
    fn reading_sending_and_pausing_are_told_in_one_line() {
        let accepted = Event::Accepted { to_send: 5000, present: 0 };
        let waiting =
            Event::Waiting { reason: WaitReason::Throttled, remaining: Duration::from_millis(239_001) };
        let meeting = MeetingId::new(Default::default());
        let listing = Event::Listing { meeting, listed: 300, total: 1200 };
        let changed = Event::Changed { updated: 0, removed: 12 };
        let lines = [
            line_after(&[Event::Read { rows: 120_000 }], 0.0),
            line_after(std::slice::from_ref(&accepted), 0.0),
            line_after(&[accepted.clone(), recorded(1230, 4, 0)], 48.0),
            line_after(&[accepted.clone(), recorded(1230, 4, 2), waiting], 48.0),
            line_after(&[accepted.clone(), listing.clone()], 0.0),
            line_after(&[accepted, recorded(10, 0, 0), Event::Draining { in_flight: 7 }], 1.0),
            line_after(std::slice::from_ref(&listing), 0.0),
            line_after(&[listing.clone(), changed], 0.0),
            line_after(&[Event::TokensDue { due: 40 }, Event::Tokens { refreshed: 16 }], 8.0),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        reading the roster: 120,000 rows
        0 of 5,000; added 0, failed 0
        1,234 of 5,000, 48.0/s, 79 seconds left; added 1,230, failed 4
        1,236 of 5,000; added 1,230, failed 4, in doubt 2; paused 240 s by the server
        0 of 5,000; added 0, failed 0; listing the meeting, 300 of 1,200
        10 of 5,000, 1.0/s, 83 minutes left; added 10, failed 0; stopping, waiting for 7 answers
        listing the meeting, 300 of 1,200
        changed 12
        16 of 40 tokens renewed, 8.0/s, 3 seconds left
        ");
    }

    #[test]
    fn a_doubt_that_a_listing_settles_is_counted_once() {
        let now = Instant::now();
        let mut counters = Counters::default();
        let compared = Event::Compared {
            meeting: MeetingId::new(Default::default()),
            found: 0,
            reconciled: 2,
            conflicts: 0,
            resend: 1,
        };
        for event in [Event::Accepted { to_send: 10, present: 0 }, recorded(7, 0, 3), compared] {
            counters.on(&event, now);
        }
        let counts = Progressed { to_send: 10, added: 9, rejected: 0, uncertain: 0 };
        assert_eq!((counters.counts(), counters.position()), (counts, (9, Some(10))));
    }

    /// 11 doubts of a run that was killed: some were added, the others are sent again.
    #[test]
    fn no_more_is_done_than_there_is_to_do() {
        let compared = Event::Compared {
            meeting: MeetingId::new(Default::default()),
            found: 0,
            reconciled: 6,
            conflicts: 0,
            resend: 5,
        };
        let events = [Event::Accepted { to_send: 10, present: 0 }, compared, recorded(13, 0, 2)];
        assert_eq!(line_after(&events, 0.0), "21 of 21; added 19, failed 0, in doubt 2");
    }
}
