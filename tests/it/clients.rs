//! Other clients of the same API against our sandbox: the official `cloudflare` SDK for Python.
//!
//! It is installed once into a virtual environment under `target`. Where that can't be done the tests are skipped and
//! say so in a line that begins with `SKIPPED`; with `GUESTLIST_REQUIRE_SDK=1` they fail instead.

mod sandbox;
mod sdk;

use std::process::Command;

use serde_json::Value;

use sandbox::SandboxProcess;

/// Every call of a participant's life, every field of every answer; and what the sandbox holds afterwards.
#[test]
fn the_official_sdk_adds_lists_gets_edits_refreshes_and_deletes() {
    let Some(python) = sdk::python("the official SDK against the sandbox") else { return };
    let sandbox = SandboxProcess::start("");
    ran(sandbox.introduce(&mut sdk::script(python, "contract")));
    let stats = sandbox.stats();
    let received = |kind: &str| stats["requests"][kind].as_u64().unwrap_or_default();
    // Six adds: five people and one with a preset that isn't there. Three lists of 3 + 1 + 1 pages, and one of 2.
    assert_eq!((received("add"), received("list"), received("patch")), (6, 7, 1), "{stats}");
    assert_eq!((received("token"), received("delete"), received("get")), (2, 2, 3), "{stats}");
    assert_eq!((received("presets"), received("other")), (1, 0), "{stats}");
    assert_eq!((&stats["adds_applied"], &stats["participants"]), (&5.into(), &4.into()), "{stats}");
    assert_eq!((&stats["duplicates"], &stats["throttled"]), (&0.into(), &0.into()), "{stats}");
    let ids = &stats["ids"][sandbox.setting("meeting_id")];
    assert_eq!((&ids["guest-0000"]["living"], &ids["guest-0001"]["living"]), (&1.into(), &0.into()), "{ids}");
}

/// Answers that are lost after the server has applied the request: the SDK repeats, and people are in twice; guestlist
/// asks first, and nobody is.
#[test]
fn lost_answers_make_duplicates_with_the_sdk_and_none_with_us() {
    let Some(python) = sdk::python("lost answers with the official SDK and with us") else { return };
    let losing = "--quota none --fault close-after=0.07 --seed 3";
    let theirs = SandboxProcess::start(losing);
    let told = ran(theirs.introduce(sdk::script(python, "add").arg(PEOPLE.to_string())));
    let (stats, told) = (theirs.stats(), serde_json::from_str::<Value>(&told).unwrap());
    let lost = &stats["faults"]["close-after"];
    // It reports no failure: nobody would look.
    assert_eq!(told["failed"], 0);
    assert!(stats["duplicates"].as_u64().unwrap() >= PEOPLE / 40, "{stats}");
    assert_eq!(&stats["duplicates"], lost, "every answer lost is a duplicate: {stats}");

    let ours = SandboxProcess::start(losing);
    let folder = tempfile::tempdir().unwrap();
    let rows = (0..PEOPLE).map(|n| format!("guest-{n:04},Guest {n},group_call_participant\n"));
    std::fs::write(folder.path().join("list.csv"), format!("id,name,preset\n{}", rows.collect::<String>()))
        .unwrap();
    let mut import = Command::new(env!("CARGO_BIN_EXE_guestlist"));
    import.args("import list.csv --json --settle 1s --journal j.db".split(' ')).current_dir(folder.path());
    ran(ours.introduce(import.env_clear().env("HOME", folder.path())));
    let stats = ours.stats();
    assert!(stats["faults"]["close-after"].as_u64().unwrap() >= PEOPLE / 40, "{stats}");
    assert_eq!((&stats["participants"], &stats["duplicates"]), (&PEOPLE.into(), &0.into()), "{stats}");
}

/// Enough that a good dozen of answers are lost.
const PEOPLE: u64 = 300;

/// What it printed.
#[track_caller]
fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    stdout
}
