//! A complete listing of a meeting, or none: nothing is concluded from a partial one.
//!
//! GUARANTEE.md section 3: every page was a good answer, the total is the same on all of them, the offsets are
//! contiguous, and the unique participant ids equal the total. Whether pages start at 0 or 1, how long they are and
//! where offsets start is not documented, so the lengths that come are taken, and page 0 is asked for when page 1
//! turns out not to be the first, and one page beyond the count. A writer that shifts pages shows as a repeated or a
//! missing id, unless one participant goes just as another comes: the journal compares one listing with the next.

use crate::api::{Page, PageRequest, ParticipantApi};
use crate::event::{Event, StopReason};
use crate::model::RemoteParticipant;

use super::DispatchError;
use super::call::{Called, call};
use super::reconciler::Reconciler;
use super::scan::{Progress, Standing};
use crate::journal::RunMeeting;

/// The page size that other clients use; the server may give less.
const PER_PAGE: u64 = 100;
/// How often a listing that others disturb is begun again.
const MOST_SCANS: u32 = 5;

/// How a listing ended.
#[derive(Debug)]
pub(super) enum Listed {
    /// Complete; the journal holds it.
    Complete,
    /// It never came whole.
    Incomplete,
    /// The run ends.
    Stopped(StopReason),
}

/// How sure a listing must be of whom it doesn't show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// It is the only one before people are added: two passes over its pages must show the same, unless one page held
    /// everybody.
    Alone,
    /// It is compared with the one before or after it.
    OneOfTwo,
}

/// How one pass over the pages ended.
enum Pass {
    /// Everybody was on one page, at one instant.
    AtOnce,
    /// As many as there are were on several pages.
    Complete,
    Disturbed,
    Failed,
    Stopped(StopReason),
}

/// Why there is no page.
enum NoPage {
    /// The server has none of that number.
    Refused,
    Failed,
    Stopped(StopReason),
}

impl From<NoPage> for Pass {
    fn from(why: NoPage) -> Self {
        match why {
            NoPage::Refused | NoPage::Failed => Self::Failed,
            NoPage::Stopped(reason) => Self::Stopped(reason),
        }
    }
}

impl From<Standing> for Pass {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Complete => Self::Complete,
            Standing::Unfinished | Standing::Short | Standing::Disturbed => Self::Disturbed,
        }
    }
}

impl<A: ParticipantApi> Reconciler<A> {
    /// Lists a meeting into the journal's temporary listing.
    pub(super) async fn list(&self, meeting: RunMeeting, care: Care) -> Result<Listed, DispatchError> {
        let mut before = None;
        for _ in 0..MOST_SCANS {
            match self.pass(meeting).await? {
                Pass::AtOnce => return Ok(Listed::Complete),
                Pass::Complete => {
                    let sight = self.desk.call(move |journal| Ok(journal.sight(meeting.key))).await?;
                    if care == Care::OneOfTwo || before.replace(sight) == Some(sight) {
                        return Ok(Listed::Complete);
                    }
                }
                Pass::Failed => return Ok(Listed::Incomplete),
                Pass::Stopped(reason) => return Ok(Listed::Stopped(reason)),
                Pass::Disturbed => {}
            }
        }
        Ok(Listed::Incomplete)
    }

    async fn pass(&self, meeting: RunMeeting) -> Result<Pass, DispatchError> {
        self.desk.call(move |journal| journal.begin_listing(meeting.key)).await?;
        let mut progress = Progress::default();
        for page_no in 1.. {
            let page = match self.page(meeting, page_no).await {
                Ok(page) => page,
                Err(why) => return Ok(why.into()),
            };
            let length = page.items.len() as u64;
            if !progress.follows(page.total_count, page.start_offset, length) {
                return Ok(Pass::Disturbed);
            }
            let new = self.keep(meeting, page, &mut progress).await?;
            match progress.standing(length, new) {
                Standing::Unfinished => {}
                Standing::Complete if length == 0 => return Ok(Pass::AtOnce),
                Standing::Complete => {
                    let pass = self.beyond(meeting, page_no + 1, progress).await?;
                    let at_once = page_no == 1 && matches!(pass, Pass::Complete);
                    return Ok(if at_once { Pass::AtOnce } else { pass });
                }
                Standing::Short => return self.page_zero(meeting, progress).await,
                Standing::Disturbed => return Ok(Pass::Disturbed),
            }
        }
        Ok(Pass::Disturbed)
    }

    /// The count is reached: one more page shows whether it was right.
    async fn beyond(
        &self,
        meeting: RunMeeting,
        page_no: u64,
        mut progress: Progress,
    ) -> Result<Pass, DispatchError> {
        let page = match self.page(meeting, page_no).await {
            Ok(page) => page,
            Err(NoPage::Refused) => return Ok(Pass::Complete),
            Err(why) => return Ok(why.into()),
        };
        let total = page.total_count;
        let new = self.keep(meeting, page, &mut progress).await?;
        Ok(progress.standing_beyond(total, new).into())
    }

    /// Page 1 and what follows don't add up: on a server that counts from 0 the first items are on page 0.
    async fn page_zero(&self, meeting: RunMeeting, mut progress: Progress) -> Result<Pass, DispatchError> {
        let page = match self.page(meeting, 0).await {
            Ok(page) => page,
            // It is no page on a server that counts from 1, and the listing was short.
            Err(NoPage::Refused | NoPage::Failed) => return Ok(Pass::Disturbed),
            Err(why) => return Ok(why.into()),
        };
        let total = page.total_count;
        self.keep(meeting, page, &mut progress).await?;
        Ok(progress.standing_with_page_zero(total).into())
    }

    async fn page(&self, meeting: RunMeeting, page_no: u64) -> Result<Page<RemoteParticipant>, NoPage> {
        let request = PageRequest { page_no, per_page: PER_PAGE };
        match call(self.line(), || self.api.list(meeting.id, request)).await {
            Called::Done(page) => Ok(page),
            Called::Refused(_) => Err(NoPage::Refused),
            Called::Failed(_) => Err(NoPage::Failed),
            Called::Stop(reason) => Err(NoPage::Stopped(reason)),
        }
    }

    async fn keep(
        &self,
        meeting: RunMeeting,
        page: Page<RemoteParticipant>,
        progress: &mut Progress,
    ) -> Result<u64, DispatchError> {
        let new = self.desk.call(move |journal| journal.add_listed(meeting.key, &page.items)).await?;
        progress.unique += new;
        self.observer.on(&Event::Listing {
            meeting: meeting.id,
            listed: progress.unique,
            total: progress.total,
        });
        Ok(new)
    }
}
