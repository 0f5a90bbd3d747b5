//! The sandbox, as a command of its own and in an import.

use std::net::SocketAddr;
use std::time::Duration;

use guestlist::sandbox::{FaultRule, ListOrder, NullPicture, Offsets, Quota, SecondAdd};
use jiff::SignedDuration;

use super::parse;

/// `import --sandbox`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sandbox")]
pub(crate) struct ImportSandboxArgs {
    /// Try it out: add everybody to a RealtimeKit inside this process, which needs no account and is gone afterwards
    #[arg(long)]
    pub(crate) sandbox: bool,
    /// The sandbox's quota, such as 1200/5m [default: none]
    #[arg(long, value_name = "QUOTA", requires = "sandbox")]
    pub(crate) sandbox_quota: Option<Quota>,
    /// How long an exceeded quota blocks every request [default: the quota's time]
    #[arg(long, value_name = "TIME", requires = "sandbox", value_parser = parse::duration)]
    pub(crate) sandbox_block: Option<Duration>,
    /// How long the sandbox takes to answer
    #[arg(long, value_name = "TIME", requires = "sandbox", default_value = "0s", value_parser = parse::duration)]
    pub(crate) sandbox_latency: Duration,
    /// Let the sandbox misbehave, for example 500-after=0.1; see guestlist sandbox --help
    #[arg(long, value_name = "NAME=P", requires = "sandbox")]
    pub(crate) sandbox_fault: Vec<FaultRule>,
}

/// `guestlist sandbox`.
#[derive(Debug, clap::Args)]
#[command(after_help = FAULTS)]
pub(crate) struct SandboxArgs {
    /// Where to listen; this machine only, port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// The limit to announce and enforce, or none
    #[arg(long, value_name = "QUOTA|none", default_value = "1200/5m")]
    pub(crate) quota: String,
    /// How long an exceeded quota blocks every request [default: the quota's time]
    #[arg(long, value_name = "TIME", value_parser = parse::duration)]
    pub(crate) block: Option<Duration>,
    /// How long an answer takes
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse::duration)]
    pub(crate) latency: Duration,
    /// Another client of the same token, which spends the quota steadily, such as 3/2s [default: none]
    #[arg(long, value_name = "RATE")]
    pub(crate) others: Option<Quota>,
    /// Misbehave: NAME=0.1 by chance, NAME=#3,7 by number, NAME=ID:guest-7 for a participant; @KIND at the end names
    /// the kind of request (add, list, get, token, patch, delete, meeting, presets, any)
    #[arg(long, value_name = "NAME=P")]
    pub(crate) fault: Vec<FaultRule>,
    #[command(flatten)]
    pub(crate) trouble: TroubleArgs,
    #[command(flatten)]
    pub(crate) moods: MoodArgs,
}

/// The finer points of misbehaving.
#[derive(Debug, clap::Args)]
pub(crate) struct TroubleArgs {
    /// Makes the faults repeatable: the same requests meet the same chances, in whatever order they come
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// After how long late-apply takes effect
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse::duration)]
    pub(crate) late_by: Duration,
    /// For how long list-lag hides a new participant
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse::duration)]
    pub(crate) list_lag: Duration,
    /// The wait between two bytes of slow
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = parse::duration)]
    pub(crate) slow_byte: Duration,
    /// Retry-After of the fault throttle; empty for none, date+4 for the date in four seconds
    #[arg(long, value_name = "VALUE", default_value = "1")]
    pub(crate) throttle_retry_after: String,
    /// Send this Ratelimit header, whatever is left of the quota
    #[arg(long, value_name = "TEXT")]
    pub(crate) ratelimit: Option<String>,
    /// Send this Ratelimit-Policy header, whatever the quota is
    #[arg(long, value_name = "TEXT")]
    pub(crate) ratelimit_policy: Option<String>,
    /// How far the sandbox's clock is ahead, such as 1h or -1h
    #[arg(long, value_name = "TIME", default_value = "0s", allow_hyphen_values = true)]
    pub(crate) clock_offset: SignedDuration,
    /// How long a participant's token lasts
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse::duration)]
    pub(crate) token_lifetime: Duration,
    /// The most items on a page of a list
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) max_per_page: u64,
    /// The number of a list's first page
    #[arg(long, value_name = "0|1", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=1))]
    pub(crate) first_page: u64,
}

/// How it answers what the API's documentation leaves open.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What the API leaves open")]
pub(crate) struct MoodArgs {
    /// What a second add of an id does
    #[arg(long, value_name = "another|refuse|same", default_value_t)]
    pub(crate) second_add: SecondAdd,
    /// Let a new token end the older ones of its participant
    #[arg(long)]
    pub(crate) refresh_ends_tokens: bool,
    /// What an update with null does to a picture
    #[arg(long, value_name = "clears|keeps", default_value_t)]
    pub(crate) null_picture: NullPicture,
    /// The order of a list
    #[arg(long, value_name = "oldest|newest|scattered", default_value_t)]
    pub(crate) list_order: ListOrder,
    /// What the first page of a list of three says of itself
    #[arg(long, value_name = "1-3|0-2|0-3", default_value_t)]
    pub(crate) offsets: Offsets,
    /// The status for a preset that isn't there
    #[arg(long, value_name = "STATUS", default_value_t = 422, value_parser = clap::value_parser!(u16).range(400..=499))]
    pub(crate) unknown_preset: u16,
    /// The most characters of a name or an id [default: any number]
    #[arg(long, value_name = "N")]
    pub(crate) longest_text: Option<usize>,
}

const FAULTS: &str = "\
Faults:
  a status from 400 to 599, refuse, not-found, unauthorized, forbidden, conflict, throttle, html, redirect,
  reset, close, hang, garbage, cut-head, bad-length, only-100, flood-103
      without effect; with -after they take effect before the answer, with -late some time after it
      (late-apply is close-late)
  truncated, empty, not-json, not-success, no-id, empty-id, no-token, wrong-echo, gzip, slow, huge,
  stale
      with effect, but the answer is wrong
  list-lag, list-short, list-long, list-no-total, list-empty, list-first, list-500
      of lists
  foreign-adds, foreign-removes, foreign-removes-ours
      just before a list is answered (rightly), another writer adds or removes a participant of its
      own, or removes one of yours

By chance, a request is struck or not by the seed, the fault, what it is about (an add: its \
custom_participant_id) and how often that was asked for before; the order of the requests has no say. #3,7 counts \
requests as they arrive: those that are on their way together arrive in any order.

Counts:
  GET /__sandbox/stats on the same address tells, as JSON, what was received and what is held:
  requests by kind, participants, duplicates, 429s, requests that came too early, the most within a
  second, the other client's, the other writer's; with ?ids=1 also what each custom_participant_id
  was sent and what took effect of it. Judge a client by these, not by what it says.";
