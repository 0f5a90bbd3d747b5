//! The built command: what is printed where, and the exit codes.

mod bad_input;
mod outputs;
mod runs;
mod signals;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A folder of its own, an environment with nothing in it, and the command.
struct Cli {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Cli {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    /// A roster of so many people.
    fn roster(&self, people: usize) -> &Self {
        let rows = (0..people).map(|n| format!("guest-{n:04},Guest {n},group_call_participant,{n}\n"));
        self.write("list.csv", format!("id,name,preset_name,table\n{}", rows.collect::<String>()))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    fn command(&self, typed: &str) -> Command {
        self.prepare(Command::new(env!("CARGO_BIN_EXE_guestlist")), typed)
    }

    fn prepare(&self, mut command: Command, typed: &str) -> Command {
        command.args(typed.split_whitespace()).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).env("TMPDIR", self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, typed: &str) -> Ran {
        Ran::of(self.command(typed).output().unwrap())
    }

    fn run_with_input(&self, typed: &str, input: &str) -> Ran {
        let mut child = self.command(typed).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }

    fn spawn(&self, typed: &str) -> Running {
        let mut child = self.command(typed).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Running { child, stdout: BufReader::new(stdout), stderr: BufReader::new(stderr) }
    }
}

/// A command that has ended.
struct Ran {
    exit: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let ran = Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        // Nothing here is a terminal, so nothing here is coloured.
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{text:?} isn't in stdout:\n{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn warns(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} isn't in stderr:\n{}", self.stderr);
        self
    }

    /// Every line is an object with a type and a version.
    fn lines(&self) -> Vec<Value> {
        let read = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            assert!(value["type"].is_string() && value["version"] == 1, "{line}");
            value
        };
        self.stdout.lines().map(read).collect()
    }

    fn lines_of(&self, kind: &str) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line["type"] == kind).collect()
    }

    /// The last line, whose counts add up.
    fn summary(&self) -> Value {
        let last = self.lines().pop().unwrap();
        assert_eq!(last["type"], "summary");
        assert_eq!(last["exit_code"], self.exit);
        let counts =
            ["added", "present", "rejected", "uncertain", "conflict", "not_attempted", "invalid", "left_out"];
        let sum: u64 = counts.iter().map(|name| last[name].as_u64().unwrap()).sum();
        assert_eq!(last["rows"], sum, "{last}");
        last
    }
}

/// A command that is running.
struct Running {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Running {
    /// Waits for a line on standard output.
    fn until(&mut self, text: &str) -> String {
        wait_for(&mut self.stdout, text)
    }

    /// Waits for a line on standard error.
    fn until_warned(&mut self, text: &str) -> String {
        wait_for(&mut self.stderr, text)
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, signal).unwrap();
    }

    fn end(mut self) -> Ran {
        let mut rest = (String::new(), String::new());
        std::io::Read::read_to_string(&mut self.stdout, &mut rest.0).unwrap();
        std::io::Read::read_to_string(&mut self.stderr, &mut rest.1).unwrap();
        let status = self.child.wait().unwrap();
        Ran { exit: status.code().unwrap_or(-1), stdout: rest.0, stderr: rest.1 }
    }
}

fn wait_for(from: &mut impl BufRead, text: &str) -> String {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert!(from.read_line(&mut line).unwrap() > 0, "it ended before it said {text:?}");
    }
    line
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}
