//! What was received and what is held: by this a test judges a client, never by what the client says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::quota::OthersCounts;
use super::store::{Meeting, Store};

const SECOND: Duration = Duration::from_secs(1);

/// Totals, as `GET /__sandbox/stats` shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// TCP connections accepted.
    pub connections: u64,
    /// Requests received whole, by kind; `other` for those that the contract doesn't have.
    pub requests: BTreeMap<&'static str, u64>,
    /// Adds received whole, whatever became of them.
    pub adds_received: u64,
    /// Adds that made a participant.
    pub adds_applied: u64,
    /// Updates that took effect.
    pub updates_applied: u64,
    /// Removals that took effect.
    pub removals_applied: u64,
    /// Token refreshes that took effect.
    pub tokens_refreshed: u64,
    /// Participants that live now, without the other writer's.
    pub participants: u64,
    /// The most living participants that share a meeting and a `custom_participant_id`.
    pub max_participants_per_id: u64,
    /// Living participants beyond the first of their meeting and `custom_participant_id`.
    pub duplicates: u64,
    /// Answers with status 429.
    pub throttled: u64,
    /// Requests that came while an exceeded quota blocked everything; the exceeding one not counted.
    pub requests_while_blocked: u64,
    /// Requests that came after a `throttle` and before its `Retry-After` was over; those that were on their way
    /// already can't be told from others.
    pub requests_too_early: u64,
    /// The most requests that came within any second.
    pub most_within_a_second: u64,
    /// Requests of the other client.
    pub others_requests: u64,
    /// Those of them that the quota had no room for.
    pub others_throttled: u64,
    /// Participants of the other writer's that live now.
    pub foreign_participants: u64,
    /// Participants that the other writer added.
    pub foreign_added: u64,
    /// Its own that it removed.
    pub foreign_removed: u64,
    /// The clients' that it removed.
    pub foreign_removed_ours: u64,
    /// Its own that clients updated or removed.
    pub foreign_touched: u64,
    /// Requests that are being answered now.
    pub in_flight: u64,
    /// The most requests that were being answered at once.
    pub largest_in_flight: u64,
    /// How often each fault has struck.
    pub faults: BTreeMap<String, u64>,
}

/// What was received and what is held of one meeting's `custom_participant_id`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IdCounts {
    /// Adds received whole, whatever became of them.
    pub posts: u64,
    /// Those of them that were answered with 429.
    pub throttled: u64,
    /// Participants ever made by adds.
    pub added: u64,
    /// Participants that live now.
    pub living: u64,
    /// Updates that took effect.
    pub updated: u64,
    /// Removals that took effect.
    pub removed: u64,
    /// Token refreshes that took effect.
    pub refreshed: u64,
    /// Participants that the other writer added.
    pub foreign_added: u64,
    /// Participants that the other writer removed.
    pub foreign_removed: u64,
}

/// What is counted as it happens, under the server's lock.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) requests: BTreeMap<&'static str, u64>,
    pub(super) throttled: u64,
    pub(super) while_blocked: u64,
    too_early: u64,
    /// Until when a `throttle` asked everybody to wait.
    asked_until: Option<Instant>,
    /// The requests of the last second.
    last_second: VecDeque<Instant>,
    most_within_a_second: u64,
}

impl Counters {
    /// A request has come.
    pub(super) fn arrived(&mut self, kind: &'static str, now: Instant) {
        *self.requests.entry(kind).or_default() += 1;
        self.too_early += u64::from(self.asked_until.is_some_and(|until| now < until));
        while self.last_second.front().is_some_and(|at| now.saturating_duration_since(*at) >= SECOND) {
            self.last_second.pop_front();
        }
        self.last_second.push_back(now);
        self.most_within_a_second = self.most_within_a_second.max(self.last_second.len() as u64);
    }

    /// Everybody was asked to wait.
    pub(super) fn asked_to_wait(&mut self, now: Instant, pause: Duration) {
        self.asked_until = self.asked_until.max(now.checked_add(pause));
    }
}

/// What is counted outside the lock.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    connections: AtomicU64,
    in_flight: AtomicU64,
    largest_in_flight: AtomicU64,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight<'a>(&'a Gauges);

impl Gauges {
    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn enter(&self) -> InFlight<'_> {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.largest_in_flight.fetch_max(now, Ordering::Relaxed);
        InFlight(self)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Stats {
    pub(super) fn gather(
        counters: &Counters,
        gauges: &Gauges,
        store: &Store,
        others: OthersCounts,
        faults: &BTreeMap<String, u64>,
    ) -> Self {
        let mut stats = Self {
            connections: gauges.connections.load(Ordering::Relaxed),
            requests: counters.requests.clone(),
            adds_received: counters.requests.get("add").copied().unwrap_or_default(),
            throttled: counters.throttled,
            requests_while_blocked: counters.while_blocked,
            requests_too_early: counters.too_early,
            most_within_a_second: counters.most_within_a_second,
            others_requests: others.requests,
            others_throttled: others.throttled,
            in_flight: gauges.in_flight.load(Ordering::Relaxed),
            largest_in_flight: gauges.largest_in_flight.load(Ordering::Relaxed),
            faults: faults.clone(),
            ..Self::default()
        };
        store.meetings().for_each(|meeting| stats.add_meeting(meeting));
        stats
    }

    fn add_meeting(&mut self, meeting: &Meeting) {
        for counts in meeting.counts_of_ids() {
            self.updates_applied += counts.updated;
            self.removals_applied += counts.removed;
            self.tokens_refreshed += counts.refreshed;
            if counts.foreign_added > 0 {
                self.foreign_participants += counts.living;
                self.foreign_added += counts.foreign_added;
                self.foreign_removed += counts.foreign_removed;
                self.foreign_touched += counts.updated + counts.removed;
                continue;
            }
            self.foreign_removed_ours += counts.foreign_removed;
            self.participants += counts.living;
            self.adds_applied += counts.added;
            self.duplicates += counts.living.saturating_sub(1);
            self.max_participants_per_id = self.max_participants_per_id.max(counts.living);
        }
    }
}
