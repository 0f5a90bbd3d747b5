//! A command that has ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use guestlist::sandbox::SandboxSettings;
use serde_json::Value;

/// The counts of a summary that add up to its rows.
const COUNTS: [&str; 11] = [
    "added",
    "present",
    "rejected",
    "uncertain",
    "conflict",
    "held",
    "not_attempted",
    "invalid",
    "left_out",
    "repeated",
    "not_coming",
];

/// A command that has ended. What must hold of every one of them is asserted when it is made.
pub(crate) struct Ran {
    code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    summary: Option<Value>,
}

impl Ran {
    /// No panic, no secret, an exit code, and a summary that adds up.
    #[track_caller]
    pub(super) fn new(
        status: ExitStatus,
        stdout: String,
        stderr: String,
        settings: &SandboxSettings,
    ) -> Self {
        let said = format!("{status}\nstdout:\n{stdout}\nstderr:\n{stderr}");
        assert_eq!(status.signal(), None, "{said}");
        assert!(!stderr.contains("panicked") && !stderr.contains("this is a bug"), "{said}");
        // Participants' tokens are JWTs: they begin with the encoded {".
        assert!(!said.contains(&settings.api_token) && !stderr.contains("eyJ"), "a token was shown: {said}");
        let code = status.code().unwrap();
        let mut lines = stdout.lines().filter(|line| line.starts_with('{'));
        let last: Option<Value> = lines.next_back().and_then(|line| serde_json::from_str(line).ok());
        let summary = last.filter(|last| last["type"] == "summary");
        if let Some(summary) = &summary {
            let sum: u64 = COUNTS.iter().map(|name| summary[name].as_u64().unwrap()).sum();
            assert_eq!(summary["rows"], sum, "the counts don't add up: {said}");
            assert_eq!(summary["exit_code"], code, "{said}");
            let open = [
                "rejected",
                "uncertain",
                "conflict",
                "held",
                "not_attempted",
                "invalid",
                "differing",
                "without_token",
            ];
            let all_in = open.iter().all(|name| summary[name] == 0);
            // A dry run has done what it was asked for.
            let is_dry = stdout.contains("{\"type\":\"plan\"");
            assert!(code != 0 || all_in || is_dry, "exit 0, but not everybody is confirmed: {said}");
        }
        Self { code, stdout, stderr, summary }
    }

    pub(crate) fn code(&self) -> i32 {
        self.code
    }

    #[track_caller]
    pub(crate) fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The last line.
    #[track_caller]
    pub(crate) fn summary(&self) -> &Value {
        self.summary.as_ref().unwrap_or_else(|| panic!("no summary:\n{}\n{}", self.stdout, self.stderr))
    }

    #[track_caller]
    fn counts(self, name: &str, count: u64) -> Self {
        assert_eq!(self.summary()[name], count, "{name}: {}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn added(self, count: u64) -> Self {
        self.counts("added", count)
    }

    #[track_caller]
    pub(crate) fn present(self, count: u64) -> Self {
        self.counts("present", count)
    }

    #[track_caller]
    pub(crate) fn rejected(self, count: u64) -> Self {
        self.counts("rejected", count)
    }

    #[track_caller]
    pub(crate) fn uncertain(self, count: u64) -> Self {
        self.counts("uncertain", count)
    }

    #[track_caller]
    pub(crate) fn conflict(self, count: u64) -> Self {
        self.counts("conflict", count)
    }

    #[track_caller]
    pub(crate) fn invalid(self, count: u64) -> Self {
        self.counts("invalid", count)
    }

    #[track_caller]
    pub(crate) fn left_out(self, count: u64) -> Self {
        self.counts("left_out", count)
    }

    #[track_caller]
    pub(crate) fn held(self, count: u64) -> Self {
        self.counts("held", count)
    }

    #[track_caller]
    pub(crate) fn repeated(self, count: u64) -> Self {
        self.counts("repeated", count)
    }

    #[track_caller]
    pub(crate) fn not_coming(self, count: u64) -> Self {
        self.counts("not_coming", count)
    }

    #[track_caller]
    pub(crate) fn differing(self, count: u64) -> Self {
        self.counts("differing", count)
    }

    #[track_caller]
    pub(crate) fn without_token(self, count: u64) -> Self {
        self.counts("without_token", count)
    }

    #[track_caller]
    pub(crate) fn stopped(self, reason: &str) -> Self {
        assert_eq!(self.summary()["stopped"], reason, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output or error holds this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "{text:?} isn't in\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The lines of a type.
    pub(crate) fn lines_of(&self, kind: &str) -> Vec<Value> {
        let lines = self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["type"] == kind).collect()
    }
}
