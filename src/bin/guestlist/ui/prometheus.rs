//! What a monitoring system wants to know of a run, in Prometheus' text format. Pure.
//!
//! Every sample says of which command and of which file it is: the collector puts all files of a folder together, and
//! refuses the same sample in two of them.

use std::time::Duration;

use jiff::Timestamp;

use super::{Line, RefreshedLine, SummaryLine};

/// How many came to which end.
type States = Vec<(&'static str, u64)>;

/// What became of the rows, and of participants beside.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// They add up to all rows, or to all participants of a renewal.
    rows: States,
    /// They don't: somebody may be counted as a row, too.
    participants: States,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Metrics<'a> {
    pub(crate) command: &'a str,
    /// The file's name without its ending.
    pub(crate) file: &'a str,
    /// Unknown if it ended before it could count.
    pub(crate) counts: Option<Counts>,
    pub(crate) exit_code: u8,
    pub(crate) duration: Duration,
    /// Of this run or of an earlier one.
    pub(crate) last_success: Option<Timestamp>,
    /// Of the tokens that are this run's business.
    pub(crate) soonest_expiry: Option<Timestamp>,
    pub(crate) throttled: u64,
    pub(crate) gate: Duration,
}

/// Of a run that ended before it could count.
static NOTHING: Counts = Counts { rows: States::new(), participants: States::new() };

const LAST_SUCCESS: &str = "guestlist_last_success_timestamp_seconds";

/// The counts of the line that ends a run.
pub(crate) fn counts(line: &Line<'_>) -> Option<Counts> {
    match line {
        // Without a run nothing was counted.
        Line::Summary(line) => line.run.map(|_| of_summary(line)),
        Line::Refreshed(line) => Some(of_renewal(line)),
        Line::Removed { removed, failed, gone, left_alone, conflicts, .. } => Some(Counts {
            rows: States::new(),
            participants: vec![
                ("removed", *removed),
                ("failed", *failed),
                ("gone", *gone),
                ("left_alone", *left_alone),
                ("conflict", *conflicts),
            ],
        }),
        _ => None,
    }
}

fn of_summary(line: &SummaryLine<'_>) -> Counts {
    Counts {
        rows: vec![
            ("added", line.added),
            ("present", line.present),
            ("rejected", line.rejected),
            ("uncertain", line.uncertain),
            ("conflict", line.conflict),
            ("held", line.held),
            ("not_attempted", line.not_attempted),
            ("invalid", line.invalid),
            ("left_out", line.left_out),
            ("repeated", line.repeated),
            ("not_coming", line.not_coming),
        ],
        participants: vec![
            ("differing", line.differing),
            ("without_token", line.without_token),
            ("tokens_purged", line.tokens_purged),
            ("updated", line.updated),
            ("removed", line.removed),
            ("unchangeable", line.unchangeable),
        ],
    }
}

fn of_renewal(line: &RefreshedLine<'_>) -> Counts {
    Counts {
        rows: vec![
            ("renewed", line.renewed),
            ("renewed_before", line.renewed_before),
            ("lasting", line.lasting),
            ("found", line.found),
            ("tokens_purged", line.tokens_purged),
            ("gone", line.gone),
            ("failed", line.failed),
            ("not_attempted", line.not_attempted),
        ],
        participants: States::new(),
    }
}

impl Metrics<'_> {
    pub(crate) fn render(&self) -> String {
        let Counts { rows, participants } = self.counts.as_ref().unwrap_or(&NOTHING);
        let what =
            "Rows of the last run, or participants of a refresh, by what became of them: they add up to all.";
        let mut text = self.states("guestlist_rows", what, rows);
        let what = "Participants of the last run that were changed or need a look; rows count them, too.";
        text += &self.states("guestlist_participants", what, participants);
        let seconds = self.duration.as_secs_f64();
        text += &self.gauge("guestlist_run_duration_seconds", "How long the last run took.", seconds);
        text += &self.moment(LAST_SUCCESS, "When a run last ended with exit code 0.", self.last_success);
        let what = "How the last run ended; 0 is success, guestlist --help explains the others.";
        text += &self.gauge("guestlist_exit_code", what, self.exit_code);
        text += &self.moment(
            "guestlist_soonest_token_expiry_timestamp_seconds",
            "When the first token of the run's rows, or of its meetings without a roster, ends, or has ended.",
            self.soonest_expiry,
        );
        let what = "Answers 429 (too many requests) in the last run.";
        text += &self.gauge("guestlist_throttled", what, self.throttled);
        let what = "How long the last run sent nothing after a 429 or during an outage.";
        text + &self.gauge("guestlist_gate_seconds", what, self.gate.as_secs_f64())
    }

    fn states(&self, name: &str, what: &str, states: &States) -> String {
        let labels = self.labels();
        let sample = |(state, count): &(&str, u64)| format!("{name}{{{labels},state=\"{state}\"}} {count}\n");
        let samples: String = states.iter().map(sample).collect();
        if samples.is_empty() { samples } else { heading(name, what) + &samples }
    }

    fn labels(&self) -> String {
        format!("command=\"{}\",file=\"{}\"", escaped(self.command), escaped(self.file))
    }

    fn gauge(&self, name: &str, what: &str, value: impl std::fmt::Display) -> String {
        format!("{}{name}{{{}}} {value}\n", heading(name, what), self.labels())
    }

    /// What isn't known is left out: a zero would be 1970.
    fn moment(&self, name: &str, what: &str, at: Option<Timestamp>) -> String {
        at.map(|at| self.gauge(name, what, at.as_second())).unwrap_or_default()
    }
}

/// Each file tells of one run, so nothing only ever grows: all are gauges.
fn heading(name: &str, what: &str) -> String {
    format!("# HELP {name} {what}\n# TYPE {name} gauge\n")
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// What an earlier file says of the last success of `command`: another command's is none of it.
pub(crate) fn last_success(text: &str, command: &str) -> Option<Timestamp> {
    let beginning = format!("{LAST_SUCCESS}{{command=\"{}\",", escaped(command));
    let line = text.lines().find(|line| line.starts_with(&beginning))?;
    let (_, value) = line.rsplit_once(' ')?;
    Timestamp::from_second(value.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Metrics<'static> {
        Metrics {
            command: "sync",
            file: "a \"b\\",
            counts: Some(Counts {
                rows: vec![("added", 3), ("present", 0)],
                participants: vec![("updated", 1)],
            }),
            exit_code: 4,
            duration: Duration::from_millis(1500),
            last_success: Some(Timestamp::from_second(1_800_000_000).unwrap()),
            soonest_expiry: None,
            throttled: 2,
            gate: Duration::from_secs(60),
        }
    }

    #[test]
    fn metrics_read_like_this() {
        insta::assert_snapshot!(metrics().render(), @r#"
        # HELP guestlist_rows Rows of the last run, or participants of a refresh, by what became of them: they add up to all.
        # TYPE guestlist_rows gauge
        guestlist_rows{command="sync",file="a \"b\\",state="added"} 3
        guestlist_rows{command="sync",file="a \"b\\",state="present"} 0
        # HELP guestlist_participants Participants of the last run that were changed or need a look; rows count them, too.
        # TYPE guestlist_participants gauge
        guestlist_participants{command="sync",file="a \"b\\",state="updated"} 1
        # HELP guestlist_run_duration_seconds How long the last run took.
        # TYPE guestlist_run_duration_seconds gauge
        guestlist_run_duration_seconds{command="sync",file="a \"b\\"} 1.5
        # HELP guestlist_last_success_timestamp_seconds When a run last ended with exit code 0.
        # TYPE guestlist_last_success_timestamp_seconds gauge
        guestlist_last_success_timestamp_seconds{command="sync",file="a \"b\\"} 1800000000
        # HELP guestlist_exit_code How the last run ended; 0 is success, guestlist --help explains the others.
        # TYPE guestlist_exit_code gauge
        guestlist_exit_code{command="sync",file="a \"b\\"} 4
        # HELP guestlist_throttled Answers 429 (too many requests) in the last run.
        # TYPE guestlist_throttled gauge
        guestlist_throttled{command="sync",file="a \"b\\"} 2
        # HELP guestlist_gate_seconds How long the last run sent nothing after a 429 or during an outage.
        # TYPE guestlist_gate_seconds gauge
        guestlist_gate_seconds{command="sync",file="a \"b\\"} 60
        "#);
    }

    #[test]
    fn the_last_success_is_read_back() {
        let of = |text: &str| last_success(text, "sync");
        assert_eq!(of(&metrics().render()), metrics().last_success);
        assert_eq!(of(&Metrics { last_success: None, ..metrics() }.render()), None);
        assert_eq!(of("guestlist_last_success_timestamp_seconds{command=\"sync\",file=\"a\"} soon\n"), None);
        assert_eq!(of("# HELP guestlist_last_success_timestamp_seconds 5\n"), None);
    }

    #[test]
    fn anothers_success_is_not_taken_over() {
        let both = Metrics { command: "import", ..metrics() }.render() + &metrics().render();
        assert_eq!(last_success(&both, "sync"), metrics().last_success);
        assert_eq!(last_success(&both, "refresh"), None);
        assert_eq!(last_success(&both, "syn"), None);
    }

    /// As the summary's do; whoever adds a count to it is reminded here.
    #[test]
    fn the_states_add_up_to_all_rows() {
        let line = SummaryLine {
            rows: 66,
            added: 1,
            present: 2,
            rejected: 3,
            uncertain: 4,
            conflict: 5,
            held: 6,
            not_attempted: 7,
            invalid: 8,
            left_out: 9,
            repeated: 10,
            not_coming: 11,
            differing: 100,
            without_token: 100,
            updated: 100,
            removed: 100,
            run: Some(1),
            ..SummaryLine::default()
        };
        let counts = counts(&Line::Summary(line)).unwrap();
        assert_eq!(counts.rows.iter().map(|(_, count)| count).sum::<u64>(), 66);
        assert_eq!(counts.participants.iter().map(|(_, count)| count).sum::<u64>(), 400);
    }
}
