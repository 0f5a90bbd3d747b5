//! `guestlist probe`: each mood of the sandbox is found to be what it was set to, and whatever happens, nobody of the
//! probe's is left.

mod moods;
mod trouble;

use serde_json::Value;

use crate::support::{Import, Ran};

impl Import {
    fn probe(&self, flags: &str) -> Ran {
        let ran = self.tell(&self.probe_command(flags));
        assert!(!ran.stdout.contains("eyJ"), "a participant's token was shown: {}", ran.stdout);
        ran
    }

    fn probe_command(&self, flags: &str) -> String {
        format!("probe --json --scratch-meeting {} {flags}", self.server().meeting())
    }

    /// Of everybody whom probes made, nobody is in the meeting.
    #[track_caller]
    fn assert_nobody_is_left(&self) {
        assert_eq!(self.server().participants(), Vec::<Value>::new());
        assert_eq!(self.server().stats().participants, 0);
    }
}

impl Ran {
    /// The line that answers a question.
    #[track_caller]
    fn finding(&self, question: &str) -> Value {
        let lines = self.lines_of("probe_finding");
        let mut found = lines.into_iter().filter(|line| line["question"] == question);
        found.next().unwrap_or_else(|| panic!("no {question}:\n{}\n{}", self.stdout, self.stderr))
    }

    #[track_caller]
    fn finds(self, question: &str, answer: &str) -> Self {
        assert_eq!(self.finding(question)["answer"], answer, "{}", self.finding(question));
        self
    }

    /// The last line.
    fn probe(&self) -> Value {
        self.lines_of("probe").pop().unwrap()
    }
}
