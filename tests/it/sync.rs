//! Keeping a meeting in step with a roster, by the built command, judged by what the server holds.

mod histories;
mod limits;
mod others;
mod plans;
mod refused;
mod same_people;
#[cfg(target_os = "linux")]
mod schedule;

use std::collections::BTreeMap;

use crate::support::{Import, Ran};

/// A roster that changes, and the meeting that follows it.
struct Event(Import);

impl Event {
    /// Of a meeting that nobody is in.
    fn new() -> Self {
        Self(Import::new())
    }

    /// On a server that misbehaves so.
    fn with(fault: &str) -> Self {
        Self(Import::new().fault(fault))
    }

    /// The roster of these people: id and name.
    fn roster(&self, people: &[(&str, &str)]) {
        let rows = people.iter().map(|(id, name)| format!("{id},{name},group_call_participant\n"));
        self.0.write("list.csv", format!("id,name,preset\n{}", rows.collect::<String>()));
    }

    /// Runs `plan` or `sync` of the roster to its end.
    fn run(&self, typed: &str) -> Ran {
        let (command, flags) = typed.split_once(' ').unwrap_or((typed, ""));
        let settle = if flags.contains("--settle") { "" } else { "--settle 300ms" };
        self.0.tell(&format!("{command} list.csv --json --journal j.db {settle} {flags}"))
    }

    fn sync(&self, flags: &str) -> Ran {
        self.run(&format!("sync {flags}"))
    }

    /// Who is in the meeting: every id, with the names of all who bear it.
    fn members(&self) -> BTreeMap<String, Vec<String>> {
        let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for participant in self.0.server().participants() {
            let text = |field: &str| participant[field].as_str().unwrap_or_default().to_owned();
            members.entry(text("custom_participant_id")).or_default().push(text("name"));
        }
        members
    }

    #[track_caller]
    fn assert_members(&self, people: &[(&str, &str)]) {
        let expected: BTreeMap<_, _> =
            people.iter().map(|(id, name)| ((*id).to_owned(), vec![(*name).to_owned()])).collect();
        assert_eq!(self.members(), expected);
    }

    /// Requests that change a meeting.
    fn changes(&self) -> u64 {
        ["add", "patch", "delete"].iter().map(|kind| self.0.server().requests_of(kind)).sum()
    }
}

#[test]
fn a_meeting_follows_its_roster() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    event.sync("").exit(0).added(3);
    event.assert_members(&[("1", "Ann"), ("2", "Bob"), ("3", "Cid")]);
    event.roster(&[("1", "Ann"), ("2", "Robert"), ("4", "Dan")]);
    let ran = event.sync("--remove --export t.csv").exit(0).added(1).present(2);
    assert_eq!((&ran.summary()["updated"], &ran.summary()["removed"]), (&1.into(), &1.into()));
    event.assert_members(&[("1", "Ann"), ("2", "Robert"), ("4", "Dan")]);
    assert_eq!(event.0.text("t.csv").lines().filter(|line| line.contains(",eyJ")).count(), 3);
    let changes = event.changes();
    event.sync("--remove").exit(0).added(0).present(3);
    assert_eq!(event.changes(), changes, "a second sync changes nothing");
}

/// Whom a list doesn't show yet isn't gone: added again, they would be in twice.
#[test]
fn whoever_a_list_does_not_show_yet_is_waited_for() {
    let import = Import::new().fault("list-lag=1").server_with(|settings| {
        settings.list_lag = std::time::Duration::from_secs(2);
    });
    let event = Event(import);
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("--settle 4s").exit(0).added(2);
    event.sync("--settle 4s --remove").exit(0).added(0).present(2);
    event.0.assert_nobody_is_in_twice();
}

#[test]
fn without_remove_nobody_goes() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.roster(&[("1", "Ann")]);
    event.sync("").exit(0).present(1);
    event.assert_members(&[("1", "Ann"), ("2", "Bob")]);
}

#[test]
fn who_comes_back_is_added_anew() {
    let event = Event::new();
    event.roster(&[("1", "Ann"), ("2", "Bob")]);
    event.sync("").exit(0);
    event.roster(&[("1", "Ann")]);
    event.sync("--remove").exit(0);
    event.roster(&[("1", "Ann"), ("2", "Bobby")]);
    event.sync("--remove").exit(0).added(1);
    event.assert_members(&[("1", "Ann"), ("2", "Bobby")]);
}

/// Killed at any request, the next sync goes on.
#[test]
fn killed_in_the_middle_the_next_one_goes_on() {
    let event = Event::new();
    let people: Vec<_> = (0..60).map(|n| (format!("{n}"), format!("Guest {n}"))).collect();
    let all = |from: usize, to: usize, suffix: &str| -> Vec<(String, String)> {
        people[from..to].iter().map(|(id, name)| (id.clone(), format!("{name}{suffix}"))).collect()
    };
    let write = |people: &[(String, String)]| {
        let people: Vec<_> = people.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        event.roster(&people);
    };
    write(&all(0, 40, ""));
    event.sync("").exit(0).added(40);
    // Twenty come, twenty go, twenty are renamed.
    write(&all(20, 60, "!"));
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..8 {
        let more = random.u64(1..20);
        let seen = event.0.server().requests();
        let typed = "sync list.csv --json --journal j.db --settle 300ms --remove --max-remove 100%";
        let mut running = crate::support::Running::start(&event.0, event.0.command(typed));
        running.until_or_ended(|stats| stats.requests.values().sum::<u64>() >= seen + more);
        running.kill();
        event.0.assert_nobody_is_in_twice();
    }
    event.sync("--remove --max-remove 100%").exit(0);
    let expected = all(20, 60, "!");
    let expected: Vec<_> = expected.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    event.assert_members(&expected);
}

/// Whom a killed run has put in without learning it, and whom the roster drops before the next: ours, and removed.
#[test]
fn who_was_in_doubt_and_is_no_longer_wanted_goes() {
    let event = Event(Import::new().server_with(|settings| {
        settings.latency = std::time::Duration::from_millis(50);
    }));
    let people: Vec<_> = (0..20).map(|n| (n.to_string(), format!("Guest {n}"))).collect();
    let people: Vec<_> = people.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    event.roster(&people);
    let typed = "sync list.csv --json --journal j.db --concurrency 4";
    let mut running = crate::support::Running::start(&event.0, event.0.command(typed));
    running.until("some are on their way", |stats| stats.adds_received >= 10);
    assert!(running.kill(), "it ended before it was killed");
    event.roster(&people[19..]);
    event.sync("--remove --max-remove 100%").exit(0);
    event.assert_members(&people[19..]);
}
