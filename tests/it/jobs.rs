//! What a scheduled job relies on: two runs at once, the log, the metrics.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use rstest::rstest;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Import, Ran, Running};

fn slow(people: usize) -> Import {
    Import::new().people(people).server_with(|settings| settings.latency = Duration::from_millis(50))
}

/// The lines of the log, each with a time.
#[track_caller]
fn logged(import: &Import, name: &str) -> Vec<Value> {
    let lines = import.text(name);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<_> = lines.collect();
    for line in &lines {
        line["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    lines
}

/// The samples of a file of metrics, each of which is in the text format and belongs to the heading before it.
#[track_caller]
fn samples(import: &Import, name: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut heading) = (BTreeMap::new(), String::new());
    for line in import.text(name).lines() {
        match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
            ["#", "HELP", name, what] if !what.is_empty() => heading = name.to_owned(),
            ["#", "TYPE", name, "gauge"] => assert_eq!(name, heading),
            [sample, value] => {
                let (name, labels) = sample.split_once('{').unwrap();
                assert_eq!(name, heading, "{line}");
                assert!(labels.starts_with("command=\"") && labels.ends_with("\"}"), "{line}");
                let state = labels.split_once(",state=\"").map(|(_, state)| state.trim_end_matches("\"}"));
                let key = state.map_or_else(|| name.to_owned(), |state| format!("{name}:{state}"));
                assert_eq!(samples.insert(key, value.parse().unwrap()), None, "{line} is there twice");
            }
            ref other => panic!("{other:?} is neither a heading nor a sample"),
        }
    }
    samples
}

#[test]
fn the_second_of_two_runs_ends_with_6_or_waits() {
    let import = slow(40);
    let mut first = import.spawn_with("--concurrency 1");
    first.until("it sends", |stats| stats.adds_received > 0);
    import.run().exit(6);
    import.run_with("--wait-lock 0s").exit(6);
    let mut waiting = import.spawn_with("--wait-lock 5m");
    waiting.until_said("journal_in_use").until_warned("waiting until it has ended");
    assert!(!first.has_ended(), "nothing was waited for");
    first.end().exit(0).added(40);
    let ran = waiting.end().exit(0).added(0).present(40);
    assert_eq!(ran.lines_of("waiting").len(), 1, "it is said once");
    import.assert_everyone_is_in_once();
}

#[test]
fn patience_ends() {
    let import = slow(400);
    let mut first = import.spawn_with("--concurrency 1");
    first.until("it sends", |stats| stats.adds_received > 0);
    let ran = import.tell("refresh --journal j.db --json --wait-lock 300ms").exit(6);
    assert_eq!(ran.lines_of("waiting").len(), 1);
    assert!(!first.has_ended());
    first.kill();
}

/// Also of a run that waits: as the first process of a container it would not even die of the signal.
#[rstest]
#[case::term(Signal::TERM, 143)]
#[case::int(Signal::INT, 130)]
fn a_signal_ends_the_patience(#[case] signal: Signal, #[case] code: i32) {
    let import = slow(400);
    let mut first = import.spawn_with("--concurrency 1");
    first.until("it sends", |stats| stats.adds_received > 0);
    let mut waiting = import.spawn_with("--wait-lock 5m --metrics-file a.prom");
    waiting.until_said("journal_in_use").signal(signal);
    let ran = waiting.end().exit(code).stopped("interrupted").says("nothing was sent");
    assert_eq!((ran.lines_of("error").len(), &ran.summary()["run"]), (1, &Value::Null));
    assert_eq!(samples(&import, "a.prom")["guestlist_exit_code"], f64::from(code));
    assert!(!first.has_ended(), "it was the other run that ended");
    first.kill();
    let status = import.tell("status --journal j.db --json").exit(0);
    assert_eq!(status.lines_of("run").len(), 1, "a run that never began is in the journal");
}

#[test]
fn a_log_tells_what_programs_are_told_without_names() {
    let import = Import::new().roster(
        "id,name,preset\ng-1,Ann Example,group_call_participant\ng-2,Bob Example,nonsense\n\
         g 3,Cid Example,\n",
    );
    let ran = import.run_with("--on-invalid skip --log-file log.jsonl").exit(4);
    assert_eq!(import.mode("log.jsonl"), 0o600);
    let told: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines = logged(&import, "log.jsonl");
    assert_eq!((&lines[0]["type"], &lines[0]["command"]), (&"begun".into(), &"import".into()));
    let kinds = |lines: &[Value]| lines.iter().map(|line| line["type"].clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&lines[1..]), kinds(&told));
    assert_eq!(lines.last().unwrap()["added"], ran.summary()["added"]);
    let text = import.text("log.jsonl");
    assert!(!text.contains("Example") && text.contains("\"line\":4"), "{text}");

    // The same lines if standard output is for people; and it is appended to.
    let mut command = import.command("import list.csv --settle 300ms --journal j.db --on-invalid skip");
    command.args(["--log-file", "log.jsonl"]);
    Running::start(&import, command).end().exit(4).says("mend what is named");
    let again = logged(&import, "log.jsonl");
    assert_eq!(again[..lines.len()], lines);
    let last = again.last().unwrap();
    assert_eq!((&last["type"], &last["exit_code"]), (&"summary".into(), &4.into()));
    assert!(again[lines.len()..].iter().any(|line| line["type"] == "invalid"));
}

#[test]
fn a_log_that_cannot_be_kept_ends_it_before_anything_is_sent() {
    let import = Import::new().people(2);
    let roster = import.text("list.csv");
    import.run_with("--log-file list.csv").exit(2).says("something else in it");
    assert_eq!(import.text("list.csv"), roster);
    import.run_with("--log-file nowhere/log.jsonl").exit(2);
    import.run_with("--log-file .").exit(2);
    if std::path::Path::new("/dev/full").exists() {
        import.run_with("--log-file /dev/full").exit(5).says("can't be written");
    }
    assert_eq!(import.server().requests(), 0);
    assert!(!import.path("j.db").exists());
}

/// The last line of a run that died is torn: the next one begins on a new line.
#[test]
fn a_torn_log_is_gone_on_with() {
    let import = Import::new().people(1);
    import.run_with("--log-file log.jsonl").exit(0);
    let whole = import.text("log.jsonl");
    import.write("log.jsonl", &whole[..whole.len() - 20]);
    import.run_with("--log-file log.jsonl").exit(0);
    let text = import.text("log.jsonl");
    let torn = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_err()).count();
    assert_eq!(torn, 1, "{text}");
}

#[test]
fn metrics_tell_of_success_and_of_failure() {
    let import = Import::new().people(3).fault("throttle=#2@add");
    let before = jiff::Timestamp::now().as_second();
    import.run_with("--metrics-file sync.prom").exit(0);
    assert_eq!(import.mode("sync.prom"), 0o644, "the node exporter reads it as another user");
    let good = samples(&import, "sync.prom");
    assert_eq!((good["guestlist_rows:added"], good["guestlist_rows:present"]), (3.0, 0.0));
    assert_eq!(good["guestlist_exit_code"], 0.0);
    assert!(good["guestlist_run_duration_seconds"] > 0.0);
    let success = good["guestlist_last_success_timestamp_seconds"];
    assert!(success >= before as f64, "{success}");
    assert!(good["guestlist_soonest_token_expiry_timestamp_seconds"] > success);
    assert!(good["guestlist_throttled"] >= 1.0 && good["guestlist_gate_seconds"] > 0.0, "{good:?}");
    assert_parsed(&import, "sync.prom");

    // A failed run keeps the last success; it has counted nothing.
    import.write("list.csv", "id,name,preset\n");
    import.run_with("--metrics-file sync.prom").exit(3);
    let bad = samples(&import, "sync.prom");
    assert_eq!(bad["guestlist_exit_code"], 3.0);
    assert_eq!(bad["guestlist_last_success_timestamp_seconds"], success);
    assert!(!bad.contains_key("guestlist_rows:added"), "{bad:?}");
    let files = std::fs::read_dir(import.path("")).unwrap();
    let left = files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(left.count(), 0, "something was left beside it");
}

/// A folder that went away meanwhile: known only when everything else is done.
#[test]
fn the_last_line_knows_of_metrics_that_can_not_be_written() {
    let import = slow(40);
    std::fs::create_dir(import.path("metrics")).unwrap();
    let mut running = import.spawn_with("--concurrency 1 --metrics-file metrics/a.prom --log-file log.jsonl");
    running.until("it sends", |stats| stats.adds_received > 0);
    std::fs::remove_dir(import.path("metrics")).unwrap();
    let ran = running.end().exit(2).added(40).says("the metrics can't go to");
    assert_eq!(ran.lines_of("error").len(), 1);
    let lines = logged(&import, "log.jsonl");
    assert_eq!(
        (&lines[lines.len() - 1]["type"], &lines[lines.len() - 1]["exit_code"]),
        (&"summary".into(), &2.into())
    );
}

/// Every state is a row's, and every row has one.
#[test]
fn states_of_rows_add_up() {
    let import = Import::new().roster(
        "id,name,preset\ng-1,Ann,group_call_participant\ng-2,Bob,group_call_participant\ng 3,Cid,nonsense\n",
    );
    let ran =
        import.run_with("--on-invalid skip --limit 1 --metrics-file a.prom").exit(4).added(1).left_out(1);
    let samples = samples(&import, "a.prom");
    let states: Vec<_> = samples.iter().filter(|(name, _)| name.starts_with("guestlist_rows:")).collect();
    assert_eq!(states.len(), 11, "{samples:?}");
    assert_eq!(states.iter().map(|(_, count)| **count).sum::<f64>(), ran.summary()["rows"].as_f64().unwrap());
    assert_eq!(samples["guestlist_participants:without_token"], 0.0);
}

/// Of a first run that fails there is no success to tell of, and of a look nothing at all.
#[test]
fn metrics_tell_no_lies() {
    let import = Import::new().people(2);
    import.run_with("--metrics-file a.prom --dry-run").exit(2).says("--dry-run");
    import.run_with("--metrics-file nowhere/a.prom").exit(2);
    import.tell("undo --run 1 --journal j.db --json --metrics-file a.prom").exit(2);
    assert!(!import.path("a.prom").exists());
    assert_eq!(import.server().requests(), 0);
    import.write("list.csv", "id,name,preset\n");
    import.run_with("--metrics-file a.prom").exit(3);
    assert!(!samples(&import, "a.prom").contains_key("guestlist_last_success_timestamp_seconds"));
}

#[test]
fn every_command_of_a_job_has_metrics() {
    let import = Import::new().people(3);
    import.run().exit(0);
    let ran = |typed: &str| -> Ran {
        import.tell(&format!("{typed} --journal j.db --json --settle 300ms --metrics-file m.prom"))
    };
    ran("sync list.csv").exit(0);
    assert_eq!(samples(&import, "m.prom")["guestlist_rows:present"], 3.0);
    import.tell("refresh --all --journal j.db --json --metrics-file m.prom").exit(0);
    assert_eq!(samples(&import, "m.prom")["guestlist_rows:renewed"], 3.0);
    ran("dedupe --keep journal --yes").exit(0);
    assert_eq!(samples(&import, "m.prom")["guestlist_participants:removed"], 0.0);
    ran("undo --run 1 --yes --max-remove 3").exit(0);
    assert_eq!(samples(&import, "m.prom")["guestlist_participants:removed"], 3.0);
}

/// Prometheus' own parser reads it, where that is installed.
#[track_caller]
#[expect(clippy::print_stderr, reason = "what isn't tested is said")]
fn assert_parsed(import: &Import, name: &str) {
    let parse = "import sys\nfrom prometheus_client.parser import text_string_to_metric_families as parse\n\
                 print(len(list(parse(open(sys.argv[1]).read()))))";
    let python = |script: &str| {
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(import.path(name)).stdin(Stdio::null()).output()
    };
    match python("import prometheus_client.parser") {
        Ok(there) if there.status.success() => {
            let parsed = python(parse).unwrap();
            assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
            assert_eq!(String::from_utf8_lossy(&parsed.stdout).trim(), "8");
        }
        _ => eprintln!("skipped: prometheus_client isn't installed for python3"),
    }
}

/// The same as a full disk: told, exit 5, and resumed where there is room. With a runtime and without one.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_of_file_sizes_is_a_full_disk() {
    let import = Import::new().people(2000);
    // In blocks of 512 or 1024 bytes, by the shell.
    let limited = |typed: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -f 128; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_guestlist")]);
        command.args(typed.split_whitespace());
        import.prepare(&mut command);
        Running::start(&import, command).end()
    };
    limited("import list.csv --json --settle 300ms --journal j.db").exit(5).says("the disk is full");
    import.run().exit(0).added(2000);
    limited("export --journal j.db --output t.csv").exit(5).says("t.csv");
    assert!(!import.path("t.csv").exists(), "half an export is there");
    import.assert_everyone_is_in_once();
}

/// Whoever reads it does one thing next.
#[test]
fn a_sync_of_an_invalid_roster_says_once_what_to_do() {
    let import = Import::new().roster("id,name,preset\ng-1,Ann,group_call_participant\ng-2,Bob,nonsense\n");
    let ran = import.tell("sync list.csv --remove --journal j.db --settle 300ms").exit(3);
    assert_eq!(ran.stdout.matches("Next:").count(), 1, "{}", ran.stdout);
    ran.says("Nobody was added").says("mend these rows");
}

#[test]
fn a_plan_that_would_replace_the_roster_is_called_a_plan() {
    let import = Import::new().people(1);
    let roster = import.text("list.csv");
    let plan = |options: &str| import.tell(&format!("plan list.csv --journal j.db {options}"));
    plan("--out list.csv").exit(2).says("the plan can't go to list.csv");
    plan("--report list.csv").exit(2).says("the report can't go to list.csv");
    assert_eq!(import.text("list.csv"), roster);
}
