//! What a monitoring system wants to know of a run, in Prometheus' text format. Pure.
//!
//! Every sample says of which command and of which file it is: the collector puts all files of a folder together, and
//! refuses the same sample in two of them.

use std::time::Duration;

use jiff::Timestamp;

use super::Line;

/// How many rows came to which end.
pub(crate) type Counts = Vec<(&'static str, u64)>;

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Metrics<'a> {
    pub(crate) command: &'a str,
    /// The file's name without its ending.
    pub(crate) file: &'a str,
    /// Unknown if it ended before it could count.
    pub(crate) rows: Option<Counts>,
    pub(crate) exit_code: u8,
    pub(crate) duration: Duration,
    /// Of this run or of an earlier one.
    pub(crate) last_success: Option<Timestamp>,
    /// Of all tokens in the journal.
    pub(crate) soonest_expiry: Option<Timestamp>,
    pub(crate) throttled: u64,
    pub(crate) gate: Duration,
}

const LAST_SUCCESS: &str = "guestlist_last_success_timestamp_seconds";

/// The counts of the line that ends a run.
pub(super) fn counts(line: &Line<'_>) -> Option<Counts> {
    match line {
        // Without a run nothing was counted.
        Line::Summary(line) => line.run.map(|_| {
            vec![
                ("added", line.added),
                ("present", line.present),
                ("rejected", line.rejected),
                ("uncertain", line.uncertain),
                ("conflict", line.conflict),
                ("not_attempted", line.not_attempted),
                ("invalid", line.invalid),
                ("left_out", line.left_out),
                ("updated", line.updated),
                ("removed", line.removed),
                ("unchangeable", line.unchangeable),
            ]
        }),
        Line::Refreshed(line) => Some(vec![
            ("renewed", line.renewed),
            ("renewed_before", line.renewed_before),
            ("lasting", line.lasting),
            ("found", line.found),
            ("tokens_purged", line.tokens_purged),
            ("gone", line.gone),
            ("failed", line.failed),
            ("not_attempted", line.not_attempted),
        ]),
        Line::Removed { removed, failed, gone, left_alone, conflicts, .. } => Some(vec![
            ("removed", *removed),
            ("failed", *failed),
            ("gone", *gone),
            ("left_alone", *left_alone),
            ("conflict", *conflicts),
        ]),
        _ => None,
    }
}

impl Metrics<'_> {
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        if let Some(rows) = &self.rows {
            let what =
                "Rows of the last run by what became of them; updated and removed participants count beside.";
            text += &heading("guestlist_rows", what);
            for (state, count) in rows {
                text += &format!("guestlist_rows{{{},state=\"{state}\"}} {count}\n", self.labels());
            }
        }
        let seconds = self.duration.as_secs_f64();
        text += &self.gauge("guestlist_run_duration_seconds", "How long the last run took.", seconds);
        text += &self.moment(LAST_SUCCESS, "When a run last ended with exit code 0.", self.last_success);
        let what = "How the last run ended; 0 is success, guestlist --help explains the others.";
        text += &self.gauge("guestlist_exit_code", what, self.exit_code);
        text += &self.moment(
            "guestlist_soonest_token_expiry_timestamp_seconds",
            "When the first of the tokens in the journal ends, or has ended.",
            self.soonest_expiry,
        );
        let what = "Answers 429 (too many requests) in the last run.";
        text += &self.gauge("guestlist_throttled_total", what, self.throttled);
        let what = "How long the last run sent nothing after a 429 or during an outage.";
        text + &self.gauge("guestlist_gate_seconds", what, self.gate.as_secs_f64())
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

/// What an earlier file says of the last success.
pub(crate) fn last_success(text: &str) -> Option<Timestamp> {
    let line = text.lines().find(|line| line.starts_with(LAST_SUCCESS))?;
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
            rows: Some(vec![("added", 3), ("present", 0)]),
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
        # HELP guestlist_rows Rows of the last run by what became of them; updated and removed participants count beside.
        # TYPE guestlist_rows gauge
        guestlist_rows{command="sync",file="a \"b\\",state="added"} 3
        guestlist_rows{command="sync",file="a \"b\\",state="present"} 0
        # HELP guestlist_run_duration_seconds How long the last run took.
        # TYPE guestlist_run_duration_seconds gauge
        guestlist_run_duration_seconds{command="sync",file="a \"b\\"} 1.5
        # HELP guestlist_last_success_timestamp_seconds When a run last ended with exit code 0.
        # TYPE guestlist_last_success_timestamp_seconds gauge
        guestlist_last_success_timestamp_seconds{command="sync",file="a \"b\\"} 1800000000
        # HELP guestlist_exit_code How the last run ended; 0 is success, guestlist --help explains the others.
        # TYPE guestlist_exit_code gauge
        guestlist_exit_code{command="sync",file="a \"b\\"} 4
        # HELP guestlist_throttled_total Answers 429 (too many requests) in the last run.
        # TYPE guestlist_throttled_total gauge
        guestlist_throttled_total{command="sync",file="a \"b\\"} 2
        # HELP guestlist_gate_seconds How long the last run sent nothing after a 429 or during an outage.
        # TYPE guestlist_gate_seconds gauge
        guestlist_gate_seconds{command="sync",file="a \"b\\"} 60
        "#);
    }

    #[test]
    fn the_last_success_is_read_back() {
        assert_eq!(last_success(&metrics().render()), metrics().last_success);
        assert_eq!(last_success(&Metrics { last_success: None, ..metrics() }.render()), None);
        assert_eq!(last_success("guestlist_last_success_timestamp_seconds soon\n"), None);
        assert_eq!(last_success("# HELP guestlist_last_success_timestamp_seconds 5\n"), None);
    }
}
