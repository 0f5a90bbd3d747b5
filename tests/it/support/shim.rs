//! A disk that is full, fails or loses its power, and a clock that is set: tests/shim/disk.c and tests/shim/clock.c
//! between the command and the system.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::skipped;

/// The names of the journal's files, and of the one that a new journal is built in.
pub(crate) const JOURNAL: &str = "j.db:.guestlist-journal-";
/// The names of an export's files.
pub(crate) const EXPORT: &str = "t.csv:.guestlist-export-";

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Write,
    /// Of a file or of the folder.
    Sync,
    /// Taken by a run.
    Lock,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It fails with ENOSPC, and so does every later one.
    Full,
    /// It fails with ENOSPC, later ones don't.
    FullOnce,
    /// It writes half, and every later one fails with ENOSPC.
    Short,
    /// It writes half, and the next one fails with ENOSPC.
    ShortOnce,
    /// It fails with EIO, later ones don't.
    Eio,
    /// The process dies by SIGKILL instead of it.
    KillBefore,
    /// The process dies by SIGKILL after it.
    KillAfter,
    /// It waits for as long as the file [`STOPPED`] is there.
    Stop,
    /// The process stops by SIGSTOP after it.
    FreezeAfter,
}

/// The file that says that a command waits.
pub(crate) const STOPPED: &str = "stopped";

/// What happens, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) call: Call,
    /// From 1.
    pub(crate) nth: u64,
    pub(crate) deed: Deed,
}

/// Whether there is a C compiler to build the shim with. Says so where there is none.
pub(crate) fn available() -> bool {
    let built = disk().is_some();
    if !built {
        skipped("no C compiler (cc), so no test of what the disk or the clock does");
    }
    built
}

/// Puts the shim before `command`, for files in `folder` whose names begin with one of `files`.
pub(crate) fn between(command: &mut Command, folder: &Path, files: &str, strike: Option<Strike>) {
    let folder = folder.canonicalize().unwrap();
    command.env("LD_PRELOAD", disk().unwrap());
    command.env("DISK_STOP", folder.join(STOPPED));
    command.env("DISK_FOLDER", folder).env("DISK_FILES", files);
    if let Some(Strike { call, nth, deed }) = strike {
        command.env("DISK_CALL", call.name()).env("DISK_NTH", nth.to_string()).env("DISK_DEED", deed.name());
    }
}

/// Sets `command`'s clock by so many seconds, as soon as the file `when` is there.
pub(crate) fn clock_set(command: &mut Command, when: &Path, seconds: i64) {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| compile("clock"));
    command.env("LD_PRELOAD", library.as_deref().unwrap());
    command.env("CLOCK_SET", when).env("CLOCK_BY", seconds.to_string());
}

/// Has the shim record what the command does to those files.
pub(crate) fn recorded(command: &mut Command, log: &Path) {
    command.env("DISK_LOG", log);
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Lock => "lock",
        }
    }
}

impl Deed {
    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::FullOnce => "full-once",
            Self::Short => "short",
            Self::ShortOnce => "short-once",
            Self::Eio => "eio",
            Self::KillBefore => "kill-before",
            Self::KillAfter => "kill-after",
            Self::Stop => "stop",
            Self::FreezeAfter => "freeze-after",
        }
    }
}

/// Compiled once in a test process, and put in its place whole: another process may be using the old one.
fn disk() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY.get_or_init(|| compile("disk")).as_deref()
}

fn compile(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let library = folder.join(format!("{name}.so"));
    let new = folder.join(format!("{name}-{}.so.new", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/shim/{name}.c"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o"]).arg(&new).arg(source);
    let ended = compiler.status().ok()?;
    assert!(ended.success(), "the shim doesn't compile: {ended}");
    std::fs::rename(new, &library).unwrap();
    Some(library)
}
