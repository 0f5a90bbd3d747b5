//! What a command let others see: while it ran, and afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use super::canary::Canary;
use crate::support::{Import, wait_until};

/// What may lie in the folder of a run; the journal's neighbours go when it is closed.
const KNOWN: [&str; 9] =
    ["page.html", "list.csv", "j.db", "j.db-wal", "j.db-shm", "j.db.lock", "t.csv", "r.csv", "token.txt"];

/// What a command let others see.
pub(super) struct Traces {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// A place and what stood there, each as often as it changed.
    seen: BTreeSet<(String, Vec<u8>)>,
    /// The permissions of every file and folder, as they were last.
    pub(super) modes: BTreeMap<String, u32>,
}

impl Traces {
    /// Runs a command to its end and looks on. Its temporary files go to `tmp`.
    pub(super) fn of(import: &Import, mut command: Command) -> Self {
        let _ = fs::create_dir(import.path("tmp"));
        command.env("TMPDIR", import.path("tmp")).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let [mut stdout, mut stderr] = [(); 2].map(|()| tempfile::tempfile().unwrap());
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let (mut traces, mut ended) = (Self::nothing(), None);
        wait_until("it ends", || {
            traces.look_at_process(child.id());
            traces.look_at_folder(&import.path("tmp"), "tmp/");
            ended = child.try_wait().unwrap();
            ended.is_some()
        });
        traces.code = ended.unwrap().code();
        for (output, text) in [(&mut stdout, &mut traces.stdout), (&mut stderr, &mut traces.stderr)] {
            output.rewind().unwrap();
            output.read_to_string(text).unwrap();
        }
        traces.look_at_folder(&import.path("."), "");
        for (place, text) in [("stdout", &traces.stdout), ("stderr", &traces.stderr)] {
            traces.seen.insert((place.to_owned(), text.clone().into_bytes()));
        }
        assert_eq!(fs::read_dir(import.path("tmp")).unwrap().count(), 0, "temporary files were left");
        traces
    }

    fn nothing() -> Self {
        let (stdout, stderr) = Default::default();
        Self { code: None, stdout, stderr, seen: BTreeSet::new(), modes: BTreeMap::new() }
    }

    /// What anybody (arguments) or the same user (environment, files without a name) can read of a process.
    fn look_at_process(&mut self, process: u32) {
        let process = format!("/proc/{process}");
        for (file, place) in [("cmdline", "arguments"), ("environ", "environment")] {
            let bytes = fs::read(format!("{process}/{file}")).unwrap_or_default();
            self.seen.insert((place.to_owned(), bytes));
        }
        let descriptors = fs::read_dir(format!("{process}/fd")).into_iter().flatten().flatten();
        for descriptor in descriptors.map(|descriptor| descriptor.path()) {
            let target = fs::read_link(&descriptor).unwrap_or_default().to_string_lossy().into_owned();
            // Our own files for its outputs have no name either.
            let is_output = ["0", "1", "2"].iter().any(|output| descriptor.ends_with(output));
            if target.ends_with("(deleted)") && !is_output {
                self.look_at_file(&descriptor, "file without a name".to_owned());
            }
        }
    }

    fn look_at_folder(&mut self, folder: &Path, place: &str) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let place = format!("{place}{}", entry.file_name().to_string_lossy());
            let Ok(metadata) = entry.metadata() else { continue };
            self.modes.insert(place.clone(), metadata.permissions().mode() & 0o777);
            if metadata.is_dir() {
                self.look_at_folder(&entry.path(), &format!("{place}/"));
            } else {
                self.look_at_file(&entry.path(), place);
            }
        }
    }

    fn look_at_file(&mut self, path: &Path, place: String) {
        // It may be gone by now. A pipe would keep us waiting.
        let opened = path.metadata().ok().filter(|metadata| !metadata.file_type().is_fifo());
        let mut bytes = Vec::new();
        if opened.is_some() && File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).is_ok() {
            self.seen.insert((place, bytes));
        }
    }

    /// The secret is nowhere but in these places.
    #[track_caller]
    pub(super) fn assert_hidden(&self, canary: &Canary, but_in: &[&str]) {
        for (place, bytes) in &self.seen {
            let found = canary.found_in(bytes).filter(|_| !but_in.contains(&place.as_str()));
            if let Some(piece) = found {
                let text = String::from_utf8_lossy(bytes);
                panic!("{} in {place}: {piece:?} of\n{text}\nstderr:\n{}", canary.name(), self.stderr);
            }
        }
    }

    /// The secret is in this place: the control of a search that finds nothing elsewhere.
    #[track_caller]
    pub(super) fn assert_shown(&self, canary: &Canary, place: &str) {
        let mut there = self.seen.iter().filter(|(name, _)| name == place).map(|(_, bytes)| bytes);
        let shown = there.any(|bytes| canary.found_in(bytes).is_some());
        assert!(shown, "{} isn't in {place}\n{}\n{}", canary.name(), self.stdout, self.stderr);
    }

    /// No temporary file, no core dump, no log that nobody asked for.
    #[track_caller]
    pub(super) fn assert_only_known_files(&self, import: &Import) {
        let left = fs::read_dir(import.path(".")).unwrap().flatten();
        let left = left.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let strange: Vec<_> = left.filter(|name| name != "tmp" && !KNOWN.contains(&name.as_str())).collect();
        assert!(strange.is_empty(), "{strange:?}");
    }

    #[track_caller]
    pub(super) fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// The participants' tokens that a journal holds.
pub(super) fn tokens_of(journal: &Path) -> Vec<String> {
    if !journal.exists() {
        return Vec::new();
    }
    #[expect(clippy::disallowed_types, reason = "what it holds is not asked of who wrote it")]
    let journal = rusqlite::Connection::open(journal).unwrap();
    let mut statement = journal.prepare("SELECT token FROM confirmations WHERE token IS NOT NULL").unwrap();
    let tokens = statement.query_map([], |row| row.get(0)).unwrap();
    tokens.collect::<Result<_, _>>().unwrap()
}
