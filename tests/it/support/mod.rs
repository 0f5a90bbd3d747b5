//! What the end-to-end tests are written in: an [`Import`] of a roster into a sandbox that misbehaves, run by the built
//! command, and judged by what the server holds.
//!
//! The sandbox lives in the test's process, the command is a process of its own: it can be killed, stopped and run
//! again, and nothing that it says is needed to know what it did.

mod journal;
#[cfg(target_os = "linux")]
pub(crate) mod power;
mod ran;
mod relay;
mod running;
mod server;
#[cfg(target_os = "linux")]
pub(crate) mod shim;
mod user;

use std::cell::{OnceCell, RefCell};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use guestlist::model::MeetingId;
use guestlist::sandbox::{FaultRule, SandboxSettings};

pub(crate) use ran::Ran;
pub(crate) use relay::{Door, Ending, Front, Manner, Relay};
pub(crate) use running::Running;
pub(crate) use server::Server;
pub(crate) use user::command_without_privileges;

/// After how long a create whose answer was lost counts as settled, in these tests: where nothing is late, and else.
const SETTLE: [&str; 2] = ["300ms", "1s"];
/// After how long a late create takes effect: far below the settle time, also on a busy machine.
const LATE_BY: Duration = Duration::from_millis(100);
/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Imports of one roster into one server over one journal.
pub(crate) struct Import {
    folder: tempfile::TempDir,
    settings: RefCell<SandboxSettings>,
    server: OnceCell<Server>,
    ids: Vec<(Option<MeetingId>, String)>,
    flags: Vec<String>,
}

impl Import {
    /// Into an obedient sandbox without a quota.
    pub(crate) fn new() -> Self {
        let settings = SandboxSettings { quota: None, late_by: LATE_BY, ..SandboxSettings::default() };
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings: RefCell::new(settings),
            server: OnceCell::new(),
            ids: Vec::new(),
            flags: Vec::new(),
        }
    }

    /// Of so many people, `guest-0000` and so on.
    pub(crate) fn people(mut self, people: usize) -> Self {
        let rows = (0..people).map(|n| format!("guest-{n:04},Guest {n},group_call_participant\n"));
        self.write("list.csv", format!("id,name,preset\n{}", rows.collect::<String>()));
        self.ids = (0..people).map(|n| (None, format!("guest-{n:04}"))).collect();
        self
    }

    /// Of people with these ids.
    pub(crate) fn ids<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.ids = ids.into_iter().map(|id| (None, id.to_owned())).collect();
        let rows = self.ids.iter().map(|(_, id)| format!("{id},Guest,group_call_participant\n"));
        self.write("list.csv", format!("id,name,preset\n{}", rows.collect::<String>()));
        self
    }

    /// Of this roster, as it is.
    pub(crate) fn roster(self, csv: impl AsRef<[u8]>) -> Self {
        self.write("list.csv", csv);
        self
    }

    /// A server that misbehaves so; see `guestlist sandbox --help`.
    pub(crate) fn fault(self, rule: &str) -> Self {
        self.server_with(|settings| settings.faults.push(rule.parse().unwrap()))
    }

    /// A server with these settings.
    pub(crate) fn server_with(self, change: impl FnOnce(&mut SandboxSettings)) -> Self {
        assert!(self.server.get().is_none(), "the server runs already");
        change(&mut self.settings.borrow_mut());
        self
    }

    /// Every run with these flags.
    pub(crate) fn flags(mut self, flags: &str) -> Self {
        self.flags.extend(flags.split_whitespace().map(str::to_owned));
        self
    }

    /// Every run with this flag, or value of one, whatever is in it.
    pub(crate) fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// The server, started when it is first asked for.
    pub(crate) fn server(&self) -> &Server {
        self.server.get_or_init(|| Server::start(self.settings.borrow().clone()))
    }

    /// Runs `guestlist import list.csv` to its end.
    pub(crate) fn run(&self) -> Ran {
        self.run_with("")
    }

    /// The same with further flags for this run.
    pub(crate) fn run_with(&self, flags: &str) -> Ran {
        self.spawn_with(flags).end()
    }

    /// Begins a run.
    pub(crate) fn spawn(&self) -> Running<'_> {
        self.spawn_with("")
    }

    /// The same with further flags for this run.
    pub(crate) fn spawn_with(&self, flags: &str) -> Running<'_> {
        Running::start(self, self.import(flags))
    }

    /// The command of an import, to be changed before it is started.
    pub(crate) fn import(&self, flags: &str) -> Command {
        let mut command = self.command("import list.csv --json");
        command.args(&self.flags).args(flags.split_whitespace());
        let given = |flag: &str| flags.contains(flag) || self.flags.iter().any(|known| known == flag);
        for (flag, value) in [("--settle", self.settle()), ("--journal", "j.db")] {
            if !given(flag) {
                command.args([flag, value]);
            }
        }
        command
    }

    fn settle(&self) -> &'static str {
        let late = |rule: &FaultRule| ["late", "lag"].iter().any(|name| rule.fault.name().contains(name));
        SETTLE[usize::from(self.settings.borrow().faults.iter().any(late))]
    }

    /// Any command, with the settings for the server in its environment.
    pub(crate) fn command(&self, typed: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guestlist"));
        command.args(typed.split_whitespace());
        self.prepare(&mut command);
        command
    }

    /// Gives a command the folder, the environment and no input.
    pub(crate) fn prepare(&self, command: &mut Command) {
        let server = self.server();
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("TMPDIR", self.folder.path());
        command.env("CLOUDFLARE_BASE_URL", server.api_url());
        command.env("CLOUDFLARE_ACCOUNT_ID", &server.settings().account_id);
        command.env("REALTIMEKIT_APP_ID", &server.settings().app_id);
        command.env("CLOUDFLARE_API_TOKEN", &server.settings().api_token);
        command.env("REALTIMEKIT_MEETING_ID", server.meeting().to_string());
        sabotage(command);
    }

    /// Runs any command to its end.
    pub(crate) fn tell(&self, typed: &str) -> Ran {
        Running::start(self, self.command(typed)).end()
    }

    /// The same with the flags of every run.
    pub(crate) fn tell_with_flags(&self, typed: &str) -> Ran {
        let mut command = self.command(typed);
        command.args(&self.flags);
        Running::start(self, command).end()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    /// The journal is gone, with everything that lies beside it.
    pub(crate) fn lose_journal(&self) {
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(self.path(&format!("j.db{suffix}")));
        }
    }

    /// Everybody of the roster is in their meeting, once.
    #[track_caller]
    pub(crate) fn assert_everyone_is_in_once(&self) {
        for (meeting, id) in &self.ids {
            let meeting = meeting.unwrap_or(self.server().meeting());
            let counts = self.server().counts(meeting, id);
            assert_eq!(counts.living, 1, "{id}: {counts:?}");
        }
        assert_eq!(self.server().stats().duplicates, 0, "somebody is in twice");
    }

    /// Nobody of anybody is in a meeting twice.
    #[track_caller]
    pub(crate) fn assert_nobody_is_in_twice(&self) {
        assert_eq!(self.server().stats().duplicates, 0, "somebody is in twice");
    }

    /// Reruns until all is well, at most so many times; then everybody is in once and a last run sends nothing.
    #[track_caller]
    pub(crate) fn finish_within(&self, runs: usize) {
        let exits: Vec<i32> = (0..runs).map(|_| self.run().code()).take_while(|code| *code != 0).collect();
        assert!(exits.len() < runs, "never exit 0: {exits:?}");
        self.assert_everyone_is_in_once();
        let before = self.server().stats().adds_received;
        let people = self.ids.len() as u64;
        self.run().exit(0).added(0).present(people);
        assert_eq!(self.server().stats().adds_received, before, "a rerun sent creates");
    }
}

/// A build that can be sabotaged is, if this test was started so.
#[cfg(feature = "sabotage")]
#[expect(clippy::disallowed_methods, reason = "what the whole test was started with")]
fn sabotage(command: &mut Command) {
    command.envs(std::env::var_os("GUESTLIST_SABOTAGE").map(|safeguard| ("GUESTLIST_SABOTAGE", safeguard)));
}

#[cfg(not(feature = "sabotage"))]
fn sabotage(_command: &mut Command) {}

/// Says that a test was left out, and why: not captured, since it is no test that passed.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Waits until `holds`, looking again every millisecond, and fails after [`PATIENCE`].
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
