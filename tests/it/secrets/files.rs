//! Who may read what we write.

use rstest::rstest;

use super::traces::Traces;
use super::{guests, import};
use crate::support::{Import, Running};

/// J14: every file is its owner's alone, while it is being written and afterwards, whatever the umask.
#[rstest]
fn j14_every_file_is_its_owners(#[values("000", "022")] umask: &str) {
    let guests = guests().fault("hang-after=#5");
    let mut running = Running::start(&guests, under(umask, &import(&guests, "--json"), &guests));
    running.until("one hangs", |stats| stats.adds_received >= 5);
    // The journal is open: all four are there. The rejected rows wait in a file that has no name of ours yet.
    for file in ["j.db", "j.db-wal", "j.db-shm", "j.db.lock"] {
        assert_eq!(guests.mode(file), 0o600, "{file}");
    }
    let unfinished = |name: &str| name.starts_with(".guestlist-");
    let found = std::fs::read_dir(guests.path(".")).unwrap().flatten();
    let found = found.map(|entry| entry.file_name().into_string().unwrap()).filter(|name| unfinished(name));
    let found: Vec<_> = found.inspect(|name| assert_eq!(guests.mode(name), 0o600, "{name}")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    running.kill();
    found.iter().for_each(|name| std::fs::remove_file(guests.path(name)).unwrap());

    let traces = Traces::of(&guests, under(umask, &import(&guests, ""), &guests)).exit(4);
    for file in ["j.db", "j.db.lock", "t.csv", "r.csv"] {
        assert_eq!(traces.modes[file], 0o600, "{file}");
    }
}

/// J14: so are the files of the other commands, and one that was open to others before.
#[rstest]
fn j14_an_export_closes_what_was_open(#[values("000", "022")] umask: &str) {
    let guests = guests();
    Traces::of(&guests, import(&guests, "")).exit(4);
    for (file, typed) in [
        ("t.csv", "export --journal j.db --output t.csv"),
        ("r.csv", "check list.csv --rejected r.csv"),
        ("page.html", "check list.csv --report page.html"),
    ] {
        guests.write(file, "old");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        std::fs::set_permissions(guests.path(file), open).unwrap();
        Traces::of(&guests, under(umask, &guests.command(typed), &guests));
        assert_eq!(guests.mode(file), 0o600, "{file}");
    }
}

/// J14: the journal in its usual place has a folder that only its owner can enter.
#[rstest]
fn j14_the_usual_place_is_its_owners(#[values("000", "022")] umask: &str) {
    let guests = guests();
    let command = guests.command("import list.csv --on-invalid skip");
    let traces = Traces::of(&guests, under(umask, &command, &guests)).exit(4);
    let folder = ".local/state/guestlist";
    assert_eq!(traces.modes[folder], 0o700);
    for file in ["journal.db", "journal.db.lock"] {
        assert_eq!(traces.modes[&format!("{folder}/{file}")], 0o600, "{file}");
    }
}

/// The same command under another umask.
fn under(umask: &str, command: &std::process::Command, import: &Import) -> std::process::Command {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]).arg(command.get_program());
    shell.args(command.get_args());
    import.prepare(&mut shell);
    shell
}
