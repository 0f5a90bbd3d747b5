//! A user for whom permissions count: root may write everywhere, so that it can't show what happens where that is
//! forbidden.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::skipped;

/// Nobody, on most systems; of no account at all on the others.
const NOBODY: u32 = 65_534;

/// The built program for who isn't root. Where the test runs as root, somebody else is given `folder`, with a copy of the
/// program in it, since the place where it was built may be closed to others. `None`, and said, where they can't run it.
pub(crate) fn command_without_privileges(folder: &Path) -> Option<Command> {
    let built = env!("CARGO_BIN_EXE_guestlist");
    if !rustix::process::geteuid().is_root() {
        return Some(Command::new(built));
    }
    let program = folder.join("guestlist");
    std::fs::copy(built, &program).unwrap();
    give_away(folder);
    let by_nobody = || {
        let mut command = Command::new(&program);
        command.uid(NOBODY).gid(NOBODY);
        command
    };
    if by_nobody().arg("--version").output().is_ok_and(|told| told.status.success()) {
        return Some(by_nobody());
    }
    skipped(&format!("only root can get at {}, so no test of what nobody else may do", folder.display()));
    None
}

fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        path.read_dir().unwrap().for_each(|entry| give_away(&entry.unwrap().path()));
    }
}
