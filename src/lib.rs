//! guestlist loads an attendee list into Cloudflare RealtimeKit meetings: never twice, never lost, never over the
//! limit, resumable at any instant.
//!
//! [`import::import`] is the whole of it: [`ImportSettings`](import::ImportSettings) say what and how,
//! [`RunContext`](dispatch::RunContext) where. `examples/embed.rs` shows it in a page; the command `guestlist` is
//! the same with a command line. Features, both on by default: `cli` (the command; switch it off to embed the
//! library) and `sandbox` (a local RealtimeKit).
//!
//! # Layout
//! * [`model`]: the nouns.
//! * pure: [`roster`] (bytes → rows → participants), [`lifecycle`] (a row's states), [`outcome`] (what an answer
//!   means), [`plan`] (what a sync does about each participant), [`audit`] (what differs between a meeting and the
//!   journal), [`surplus`] (who of those that share an id is kept), [`renewal`] (whose token is due), [`event`] (what a
//!   run tells).
//! * edges: [`api`] (HTTP), [`journal`] (SQLite), [`pacer`] (rates), [`export`] (tokens to files), [`sandbox`] (a local
//!   RealtimeKit to try and test against).
//! * [`dispatch`]: pace → claim → send → record, and the settling of uncertain rows.
//! * use cases: [`import`], [`sync`], [`refresh`], [`verify`], [`removal`], [`probe`].
//!
//! # The way data goes
//! ```text
//! roster bytes ─▶ rows ─▶ participants ─▶ journal.stage, journal.accept
//!                                          │ the journal is the queue
//!        pacer grants ─▶ journal.exchange (claim) ─▶ api.add ─▶ outcome ─▶ journal.exchange (record) ─▶ Event
//!                                          │ uncertain: settle ─▶ list ─▶ adopt | plan again | report
//! journal ─▶ export ─▶ tokens.csv / tokens.jsonl
//! ```
//! Nothing in that flow holds a whole roster in memory.
//!
//! Linux and macOS only: the promises rest on files that only their owner can read (0600) and on synced folders.
#![cfg(unix)]

pub mod api;
pub mod audit;
pub mod dispatch;
pub mod event;
pub mod export;
pub mod import;
pub mod journal;
pub mod lifecycle;
pub mod model;
pub mod outcome;
pub mod pacer;
pub mod plan;
pub mod probe;
pub mod refresh;
pub mod removal;
pub mod renewal;
pub mod roster;
mod sabotage;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod surplus;
pub mod sync;
pub mod verify;
