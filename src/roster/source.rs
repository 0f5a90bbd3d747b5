//! Where a roster's bytes are: a file that may be read more than once, and that must not change meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::error::RosterError;
use super::options::Caps;

/// A roster's bytes. It is opened once; every reading starts at its beginning.
#[derive(Debug)]
pub struct RosterSource {
    name: Arc<str>,
    file: Arc<File>,
    origin: Origin,
}

/// Where the bytes came from.
#[derive(Debug)]
enum Origin {
    /// A file that others may write.
    Path { path: PathBuf, at_open: Identity },
    /// A pipe, copied to an unnamed temporary file that only we can read (0600).
    Spooled,
}

/// What tells a file that was changed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl RosterSource {
    /// Opens the file at `path`. A pipe or a device is spooled like standard input.
    pub fn open(path: &Path, caps: Caps) -> Result<Self, RosterError> {
        let name: Arc<str> = Arc::from(path.to_string_lossy());
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => RosterError::NotFound(Arc::clone(&name)),
            io::ErrorKind::IsADirectory => RosterError::Folder(Arc::clone(&name)),
            _ => RosterError::Io { file: Arc::clone(&name), source },
        };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(RosterError::Folder(name));
        }
        if !metadata.is_file() {
            return Self::spool(&name, file, caps);
        }
        let origin = Origin::Path { path: path.to_owned(), at_open: Identity::of(&metadata) };
        Ok(Self { name, file: Arc::new(file), origin })
    }

    /// Copies what `input` (standard input, say) gives to an unnamed temporary file, so that it can be read twice.
    pub fn spool(name: &str, input: impl Read, caps: Caps) -> Result<Self, RosterError> {
        let name: Arc<str> = Arc::from(name);
        let mut file = tempfile::tempfile().map_err(RosterError::Temporary)?;
        let mut input = input.take(caps.expanded.saturating_add(1));
        let mut chunk = vec![0; 64 << 10];
        loop {
            match input.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => file.write_all(&chunk[..length]).map_err(RosterError::Temporary)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(RosterError::Io { file: name, source }),
            }
        }
        if file.stream_position().map_err(RosterError::Temporary)? > caps.expanded {
            return Err(RosterError::TooLarge { file: name, cap: caps.expanded });
        }
        Ok(Self { name, file: Arc::new(file), origin: Origin::Spooled })
    }

    /// The roster as it was named.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// SHA-256 of its bytes: the same roster has the same.
    ///
    /// # Errors
    /// It can't be read.
    pub fn sha256(&self) -> Result<[u8; 32], RosterError> {
        let mut hasher = Sha256::new();
        let (mut bytes, mut chunk) = (self.bytes(), vec![0; 64 << 10]);
        loop {
            match bytes.read(&mut chunk) {
                Ok(0) => return Ok(hasher.finalize().into()),
                Ok(length) => hasher.update(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(RosterError::Io { file: Arc::clone(&self.name), source }),
            }
        }
    }

    /// The bytes, from the beginning.
    pub(super) fn bytes(&self) -> impl Read + Send + use<> {
        self.seekable()
    }

    /// The bytes, from the beginning, for those who jump about in them.
    pub(super) fn seekable(&self) -> impl Read + Seek + Send + use<> {
        ReadAt { file: Arc::clone(&self.file), offset: 0 }
    }

    /// That it is still the file that was opened: same inode, size and time of change. Ask it after the last row was
    /// read and before anything is done with the rows.
    pub fn verify_unchanged(&self) -> Result<(), RosterError> {
        let Origin::Path { path, at_open } = &self.origin else { return Ok(()) };
        let still = |metadata: io::Result<Metadata>| metadata.is_ok_and(|m| Identity::of(&m) == *at_open);
        if still(self.file.metadata()) && still(path.metadata()) {
            return Ok(());
        }
        Err(RosterError::Changed(Arc::clone(&self.name)))
    }
}

/// Reads a shared file with a position of its own.
struct ReadAt {
    file: Arc<File>,
    offset: u64,
}

impl Read for ReadAt {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(into, self.offset)?;
        self.offset += length as u64;
        Ok(length)
    }
}

impl Seek for ReadAt {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => self.offset.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.offset = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn text(source: &RosterSource) -> String {
        io::read_to_string(source.bytes()).expect("text")
    }

    #[test]
    fn a_pipe_can_be_read_twice() {
        let source = RosterSource::spool("-", &b"id\n1\n"[..], Caps::default()).expect("a source");
        assert_eq!((text(&source), text(&source)), ("id\n1\n".to_owned(), "id\n1\n".to_owned()));
        assert!(source.verify_unchanged().is_ok());
    }

    #[test]
    fn an_endless_pipe_is_cut_off() {
        let caps = Caps { expanded: 100_000, ..Caps::default() };
        let spooled = RosterSource::spool("-", io::repeat(b'x'), caps);
        assert!(matches!(spooled, Err(RosterError::TooLarge { cap: 100_000, .. })));
    }

    #[test]
    fn what_is_no_file_is_named_as_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |path: &Path| RosterSource::open(path, Caps::default()).map(|_| ());
        assert!(matches!(open(folder.path()), Err(RosterError::Folder(_))));
        assert!(matches!(open(&folder.path().join("none.csv")), Err(RosterError::NotFound(_))));
    }

    #[test]
    fn a_change_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.csv");
        let written = |content: &str| fs::write(&path, content).expect("written");
        written("id\n1\n");
        let source = RosterSource::open(&path, Caps::default()).expect("a source");
        assert!(source.verify_unchanged().is_ok());
        written("id\n1\n2\n");
        assert!(matches!(source.verify_unchanged(), Err(RosterError::Changed(_))));
    }

    #[test]
    fn a_replaced_file_is_noticed_and_the_opened_one_is_read_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("r.csv"), folder.path().join("new.csv"));
        fs::write(&path, "id\n1\n").expect("written");
        fs::write(&other, "id\n2\n").expect("written");
        let source = RosterSource::open(&path, Caps::default()).expect("a source");
        fs::rename(&other, &path).expect("renamed");
        assert_eq!(text(&source), "id\n1\n");
        assert!(matches!(source.verify_unchanged(), Err(RosterError::Changed(_))));
    }
}
