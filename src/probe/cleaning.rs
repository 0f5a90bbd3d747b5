//! Whom a probe has made, this one or one that was killed, and their removal.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::asking::{Paged, Prober};
use super::questions::POLLS;
use super::{ID_PREFIX, Leftovers};
use crate::api::{PageRequest, ParticipantApi, Removed};
use crate::dispatch::Called;
use crate::event::StopReason;
use crate::model::{RemoteId, RemoteParticipant};

const PER_PAGE: u64 = 100;
/// The probe's participants are never on more pages, however short those are.
const MOST_PAGES: u64 = 500;
/// How often a list that doesn't add up is begun again.
const MOST_SCANS: u32 = 3;

/// What to do when somebody is in the meeting whom no probe has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// Look no further.
    Stop,
    /// Look on.
    PassOver,
}

/// Who is in the meeting.
pub(super) enum Everybody {
    Whole(Vec<RemoteParticipant>),
    /// Somebody whom no probe has made, by this id.
    Others(String),
    /// The pages don't add up.
    NotWhole,
    /// No answer was good.
    Unanswered,
    Stopped(StopReason),
}

impl<A: ParticipantApi> Prober<'_, A> {
    /// Everybody in the meeting, if the pages add up.
    pub(super) async fn everybody(&self, others: Others) -> Everybody {
        for _ in 0..MOST_SCANS {
            match self.scan(others).await {
                Ok(Everybody::NotWhole) => {}
                Ok(everybody) => return everybody,
                Err(reason) => return Everybody::Stopped(reason),
            }
        }
        Everybody::NotWhole
    }

    /// Pages may start at 0 or 1: page 0 is asked for if the others don't add up, or hold nobody.
    async fn scan(&self, others: Others) -> Result<Everybody, StopReason> {
        let mut sum = Sum::default();
        for page_no in 1..=MOST_PAGES {
            match sum.take_in(self.list(page_no).await?) {
                Taken::Somebody if !sum.is_whole() => {}
                Taken::Somebody | Taken::Nobody => break,
                Taken::Failed => return Ok(Everybody::Unanswered),
            }
            if let (Others::Stop, Some(other)) = (others, sum.other()) {
                return Ok(Everybody::Others(other));
            }
        }
        if sum.all.is_empty() || !sum.is_whole() {
            sum.take_in(self.list(0).await?);
        }
        Ok(match (others, sum.other()) {
            (Others::Stop, Some(other)) => Everybody::Others(other),
            _ if sum.is_whole() => Everybody::Whole(sum.all),
            _ => Everybody::NotWhole,
        })
    }

    async fn list(&self, page_no: u64) -> Result<Paged, StopReason> {
        self.page(PageRequest { page_no, per_page: PER_PAGE }).await
    }

    /// Removes somebody; whether it is certain that they are gone.
    pub(super) async fn remove(&mut self, id: &RemoteId) -> Result<bool, StopReason> {
        match self.call(|| self.api.remove(self.meeting, id)).await {
            Called::Done(Removed::Deleted | Removed::Gone) => {
                self.known.retain(|known| known != id);
                self.removed.push(id.clone());
                Ok(true)
            }
            Called::Refused(_) | Called::Failed(_) => Ok(false),
            Called::Stop(reason) => Err(reason),
        }
    }

    /// Removes everybody whom this probe has made, also after it was stopped; only a second Ctrl-C ends that.
    pub(super) async fn leave_nobody(&mut self) -> Leftovers {
        self.cancel = CancellationToken::new();
        for id in self.known.clone() {
            if self.remove(&id).await.is_err() {
                return Leftovers::Perhaps;
            }
        }
        for wait in std::iter::once(Duration::ZERO).chain(POLLS) {
            if self.wait(wait).await.is_err() {
                break;
            }
            match self.remove_listed().await {
                // An add whose answer was lost may still take effect.
                Ok(true) if self.doubts == 0 => return Leftovers::Nobody,
                Ok(true) => {}
                Ok(false) | Err(_) => return Leftovers::Perhaps,
            }
        }
        Leftovers::Perhaps
    }

    /// Removes whom a list shows that no answer told of; whether nobody is left after that.
    async fn remove_listed(&mut self) -> Result<bool, StopReason> {
        let listed = match self.everybody(Others::PassOver).await {
            Everybody::Whole(all) => all,
            Everybody::NotWhole | Everybody::Unanswered | Everybody::Others(_) => return Ok(false),
            Everybody::Stopped(reason) => return Err(reason),
        };
        // A list that lags shows those too who are gone already.
        let untold = |one: &RemoteParticipant| is_a_probes(one) && !self.removed.contains(&one.id);
        let untold: Vec<RemoteId> = listed.into_iter().filter(untold).map(|one| one.id).collect();
        let mut all_removed = true;
        for id in untold {
            if !self.known.contains(&id) {
                self.made += 1;
                self.doubts = self.doubts.saturating_sub(1);
            }
            all_removed &= self.remove(&id).await?;
        }
        Ok(all_removed && self.known.is_empty())
    }
}

/// Whether a probe has made it, this one or another.
pub(super) fn is_a_probes(participant: &RemoteParticipant) -> bool {
    participant.custom_participant_id.starts_with(ID_PREFIX)
}

/// The pages so far.
#[derive(Default)]
struct Sum {
    all: Vec<RemoteParticipant>,
    total: Option<u64>,
}

/// What a page added.
enum Taken {
    Somebody,
    Nobody,
    Failed,
}

impl Sum {
    fn take_in(&mut self, page: Paged) -> Taken {
        let page = match page {
            Paged::Page(page) => page,
            Paged::Refused(_) => return Taken::Nobody,
            Paged::Failed => return Taken::Failed,
        };
        let before = self.all.len();
        self.total = Some(page.total_count);
        for item in page.items {
            if self.all.iter().all(|known| known.id != item.id) {
                self.all.push(item);
            }
        }
        if self.all.len() > before { Taken::Somebody } else { Taken::Nobody }
    }

    fn is_whole(&self) -> bool {
        self.total == Some(self.all.len() as u64)
    }

    /// Somebody whom no probe has made.
    fn other(&self) -> Option<String> {
        let other = self.all.iter().find(|one| !is_a_probes(one))?;
        Some(other.custom_participant_id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Page;
    use rstest::rstest;

    fn page(ids: &str, total_count: u64) -> Paged {
        let items = ids.split_whitespace().map(|id| RemoteParticipant {
            id: RemoteId::new(id).unwrap(),
            custom_participant_id: id.to_owned(),
            preset_name: String::new(),
            name: None,
            picture: None,
            created_at: String::new(),
            updated_at: String::new(),
        });
        Paged::Page(Page { items: items.collect(), total_count, start_offset: 0, end_offset: 0 })
    }

    #[rstest]
    #[case::nobody(vec![page("", 0)], true)]
    #[case::all(vec![page("a b", 3), page("c", 3)], true)]
    #[case::somebody_is_missing(vec![page("a b", 3), page("", 3)], false)]
    #[case::more_than_there_are(vec![page("a b", 1)], false)]
    #[case::somebody_came(vec![page("a b", 2), page("c", 3)], true)]
    #[case::repeated(vec![page("a b", 3), page("b", 3)], false)]
    #[case::no_page(vec![Paged::Failed], false)]
    fn pages_add_up_or_not(#[case] pages: Vec<Paged>, #[case] whole: bool) {
        let mut sum = Sum::default();
        for page in pages {
            sum.take_in(page);
        }
        assert_eq!(sum.is_whole(), whole);
    }

    #[test]
    fn another_is_told_from_a_probes_own() {
        let mut sum = Sum::default();
        sum.take_in(page("guestlist-probe-1-x guestlist-probe-", 9));
        assert_eq!(sum.other(), None);
        sum.take_in(page("guest-7 guestlist-probe-2-x", 9));
        assert_eq!(sum.other().as_deref(), Some("guest-7"));
    }
}
