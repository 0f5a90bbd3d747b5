//! A scheduled job: the same two lines every hour for a day or a week, while the roster changes, tokens end, the server
//! misbehaves, others come, go and meddle, and the process is killed now and then. The wall clocks of the command and of
//! the server are set forward; all else takes the time it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use guestlist::model::JoinToken;
use guestlist::sandbox::TokenStanding;
use rstest::rstest;

use super::histories::History;
use crate::support::{Running, shim};

/// Another writer besides the strangers: what it does isn't ours to undo, but whom it removes of ours is added again.
const FAULTS: [&str; 14] = [
    "close-after=0.03",
    "close=0.03",
    "late-apply=0.02",
    "502-after=0.02",
    "500=0.02",
    "throttle=0.005",
    "close-after=0.05@patch",
    "502-after=0.05@delete",
    "500=0.03@token",
    "close-after=0.03@token",
    "list-500=0.02",
    "foreign-adds=0.03",
    "foreign-removes=0.02",
    "foreign-removes-ours=0.02",
];

const HOUR: Duration = Duration::from_secs(3_600);
/// A token lasts so long, and is renewed when it has so much left.
const TOKENS_LAST: Duration = Duration::from_secs(12 * 3_600);
const RENEWED_WITHIN: &str = "3h";

struct Schedule {
    history: History,
    began: jiff::Timestamp,
    hours: u32,
    /// Hours after which all was compared, since nobody meddled meanwhile and the job ended well.
    compared: u32,
    /// Whether the last one was.
    was_compared: bool,
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let history = History::new(seed, &FAULTS, |settings| {
            settings.token_lifetime = TOKENS_LAST;
            settings.throttle_retry_after = Some("1".to_owned());
        });
        history.event.0.write("set", "");
        Self { history, began: jiff::Timestamp::now(), hours: 0, compared: 0, was_compared: false }
    }

    fn hour(&mut self) {
        self.hours += 1;
        self.history.event.0.server().set_clock_forward(HOUR);
        if self.was_compared {
            // Whoever has opened their link by now, an hour after the job, could.
            self.assert_tokens_join();
        }
        if self.hours == 1 || self.history.random.u8(..) < 100 {
            self.history.change();
        }
        let before = self.history.event.0.server().meddled();
        let synced = self.run(
            "sync list.csv --json --journal j.db --settle 1s --remove --max-remove 100% --export tokens.csv \
             --log-file job.jsonl --metrics-file sync.prom",
        );
        let refreshed = self.run(&format!(
            "refresh --json --journal j.db --expiring-within {RENEWED_WITHIN} --export tokens.csv"
        ));
        self.history.assert_sound(self.hours as usize);
        self.assert_others_are_untouched();
        let members = self.history.event.members();
        self.was_compared = synced && refreshed && self.history.event.0.server().meddled() == before;
        if self.was_compared {
            self.compared += 1;
            self.history.assert_in_step(&members);
            self.assert_tokens_join();
        }
    }

    /// Whether it ended well. One in eight is killed, at a random request.
    fn run(&mut self, typed: &str) -> bool {
        let import = &self.history.event.0;
        let mut command = import.command(typed);
        shim::clock_set(&mut command, &import.path("set"), i64::from(self.hours) * 3_600);
        let mut running = Running::start(import, command);
        if self.history.random.u8(..) < 32 {
            let seen = import.server().requests() + self.history.random.u64(1..25);
            running.until_or_ended(|stats| stats.requests.values().sum::<u64>() >= seen);
            running.kill();
            return false;
        }
        let ran = running.end();
        assert!([0, 4, 5].contains(&ran.code()), "hour {}: {}\n{}", self.hours, ran.stdout, ran.stderr);
        ran.code() == 0
    }

    /// The metrics tell the success of this hour.
    fn assert_success_was_noted(&self) {
        let metrics = self.history.event.0.text("sync.prom");
        let line = metrics.lines().find(|line| line.starts_with("guestlist_last_success_timestamp_seconds{"));
        let noted = line.and_then(|line| line.rsplit(' ').next()).unwrap();
        let hours = (noted.parse::<f64>().unwrap() - self.began.as_second() as f64) / 3_600.0;
        assert_eq!(hours as u32, self.hours, "{metrics}");
    }

    /// The other writer's are removed by nobody else.
    fn assert_others_are_untouched(&self) {
        for (id, counts) in self.history.event.0.server().id_counts() {
            if id.starts_with("foreign-") {
                let left = counts.foreign_added - counts.foreign_removed;
                assert_eq!(counts.living, left, "hour {}: {id}: {counts:?}", self.hours);
            }
        }
    }

    /// Everybody on the roster has a token that joins them now.
    fn assert_tokens_join(&self) {
        let exported = self.history.event.0.text("tokens.csv");
        let tokens: BTreeMap<_, _> = exported
            .lines()
            .filter_map(|line| {
                Some((line.split(',').next()?, line.split(',').find(|c| c.starts_with("eyJ"))?))
            })
            .collect();
        for id in self.history.wanted.keys() {
            let token =
                tokens.get(id.as_str()).unwrap_or_else(|| panic!("hour {}: {id} has no token", self.hours));
            let standing = self.history.event.0.server().token_standing(&JoinToken::new((*token).to_owned()));
            assert_eq!(standing, TokenStanding::Good, "hour {}: {id}", self.hours);
        }
    }
}

#[rstest]
#[case::a_day(24)]
#[ignore = "part of the long part: minutes"]
#[case::a_week(7 * 24)]
fn a_job_keeps_a_meeting_in_step(#[case] hours: u32) {
    if !shim::available() {
        return;
    }
    let mut schedule = Schedule::new(u64::from(hours));
    for _ in 0..hours {
        schedule.hour();
    }
    assert!(schedule.compared > hours / 4, "the job ended well in {} of {hours} hours", schedule.compared);
    let compared = schedule.compared;
    for _ in 0..24 {
        schedule.hour();
        if schedule.compared > compared {
            return schedule.assert_success_was_noted();
        }
    }
    panic!("a day more wasn't enough");
}
