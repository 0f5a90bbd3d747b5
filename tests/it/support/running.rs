//! A command that is running.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use guestlist::sandbox::Stats;
use rustix::process::{Pid, Signal, kill_process};

use super::{Import, PATIENCE, Ran, wait_until};

/// A command that is running. Its output goes to files, so that no pipe ever stops it.
pub(crate) struct Running<'a> {
    import: &'a Import,
    child: Child,
    number: String,
}

impl<'a> Running<'a> {
    pub(crate) fn start(import: &'a Import, mut command: Command) -> Self {
        let number = format!("output-{}", fastrand::u64(..));
        let file = |kind: &str| File::create(import.path(&format!("{number}.{kind}"))).unwrap();
        let child = command.stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Self { import, child, number }
    }

    /// Waits until the server has seen enough.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, mut seen: impl FnMut(&Stats) -> bool) -> &mut Self {
        let (import, child) = (self.import, &mut self.child);
        wait_until(what, || {
            let ended = child.try_wait().unwrap();
            let seen = seen(&import.server().stats());
            assert!(seen || ended.is_none(), "it ended before {what}: {ended:?}");
            seen
        });
        self
    }

    /// Waits until the server has seen enough, or the command has ended.
    #[track_caller]
    pub(crate) fn until_or_ended(&mut self, mut seen: impl FnMut(&Stats) -> bool) -> &mut Self {
        wait_until("the server has seen enough", || {
            seen(&self.import.server().stats()) || self.child.try_wait().unwrap().is_some()
        });
        self
    }

    /// Waits until it has written this to standard output.
    #[track_caller]
    pub(crate) fn until_said(&mut self, text: &str) -> &mut Self {
        let file = format!("{}.out", self.number);
        wait_until(&format!("it says {text}"), || self.import.text(&file).contains(text));
        self
    }

    /// Waits until it has written this to standard error.
    #[track_caller]
    pub(crate) fn until_warned(&mut self, text: &str) -> &mut Self {
        let file = format!("{}.err", self.number);
        wait_until(&format!("it warns {text}"), || self.import.text(&file).contains(text));
        self
    }

    /// Waits for its end and returns the most memory that it was seen to hold, in KiB.
    pub(crate) fn peak_memory_kib(&mut self) -> u64 {
        let mut peak = 0;
        wait_until("it ends", || {
            peak = peak.max(self.memory_kib());
            self.has_ended()
        });
        peak
    }

    /// The most memory that it has held so far, in KiB; 0 when it has ended.
    pub(crate) fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self
    }

    /// SIGSTOP, so much time, SIGCONT.
    pub(crate) fn sleep_for(&mut self, time: Duration) -> &mut Self {
        self.signal(Signal::STOP);
        std::thread::sleep(time);
        self.signal(Signal::CONT)
    }

    /// Whether it has been stopped by SIGSTOP, all of it.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_stopped(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // After the name, which is in brackets.
        status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// From now on it gets no memory beyond what it has.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    pub(crate) fn get_no_more_memory(&self) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        // It may have ended.
        let _ = prlimit(Some(Pid::from_child(&self.child)), Resource::As, none);
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGKILL; whatever it had sent goes on by itself at the server. Whether it had not ended before.
    pub(crate) fn kill(mut self) -> bool {
        self.child.kill().unwrap();
        self.child.wait().unwrap().signal().is_some()
    }

    /// Waits for its end, whatever that is.
    pub(crate) fn end_somehow(self) {
        self.end_told();
    }

    /// Waits for its end, whatever that is: how it ended, and what it wrote to standard output until then.
    pub(crate) fn end_told(mut self) -> (ExitStatus, String) {
        wait_until("it ends", || self.has_ended());
        let told = self.import.text(&format!("{}.out", self.number));
        (self.child.wait().unwrap(), told)
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let began = Instant::now();
        wait_until("it ends", || {
            let ended = self.has_ended();
            if !ended && began.elapsed() + Duration::from_secs(1) > PATIENCE {
                let _ = self.child.kill();
            }
            ended
        });
        let status = self.child.wait().unwrap();
        let read = |kind: &str| self.import.text(&format!("{}.{kind}", self.number));
        Ran::new(status, read("out"), read("err"), self.import.server().settings())
    }
}
