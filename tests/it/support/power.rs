//! What a disk holds after a power cut: worked out from what a command did to its files, as the shim recorded it.
//!
//! What was synced is there. Of everything else each part is there, or not, or torn: a write by sectors; a file's name,
//! its new name or its end until the folder is synced.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The least that a disk writes whole.
const SECTOR: usize = 512;
/// The length of a record without its name and data; see tests/shim/disk.c.
const HEAD: usize = 24;

/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What becomes of the parts that were not synced.
#[derive(Debug)]
pub(crate) enum Unsynced {
    /// None is there.
    Lost,
    /// All are there.
    Kept,
    /// Each is there, not there or torn.
    ByChance(fastrand::Rng),
}

/// A folder's files, as the system shows them and as the disk may hold them.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// By what the system calls them.
    inodes: HashMap<u64, usize>,
    /// Names that are on the disk.
    names: BTreeMap<String, usize>,
    /// Changes of names since the folder was synced.
    renamed: Vec<Naming>,
    syncs: u64,
    writes: u64,
}

#[derive(Debug, Default)]
struct File {
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Truncate(usize),
}

#[derive(Debug)]
enum Naming {
    Make { name: String, file: usize },
    Rename { from: String, to: String, file: usize },
    Unlink(String),
}

/// One record of the shim.
struct Record {
    call: u8,
    made: bool,
    inode: u64,
    offset: usize,
    name: String,
    data: Vec<u8>,
}

/// The files in `folder` whose names begin with one of `beginnings`, but for SQLite's shared memory: it is mapped, and
/// means nothing after a crash.
pub(crate) fn files_in(folder: &Path, beginnings: &str) -> Files {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| name.into_string().unwrap());
    let ours =
        names.filter(|name| is_kept(name) && beginnings.split(':').any(|begin| name.starts_with(begin)));
    ours.map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

fn is_kept(name: &str) -> bool {
    !name.ends_with("-shm")
}

impl Disk {
    /// One that holds these files, safely.
    pub(crate) fn holding(files: Files) -> Self {
        let mut disk = Self::default();
        for (name, content) in files {
            disk.names.insert(name, disk.files.len());
            disk.files.push(File { synced: content, unsynced: Vec::new() });
        }
        disk
    }

    /// What a command did to it, up to the first sync that failed.
    pub(crate) fn replay(mut self, log: &[u8]) -> Self {
        Record::all(log).take_while(|record| record.call != b'F').for_each(|record| self.apply(record));
        self
    }

    /// How many syncs came to an end, and how many writes.
    pub(crate) fn calls(&self) -> (u64, u64) {
        (self.syncs, self.writes)
    }

    fn apply(&mut self, record: Record) {
        let Record { call, made, inode, offset, name, data } = record;
        self.syncs += u64::from(matches!(call, b'S' | b'D'));
        self.writes += u64::from(call == b'W');
        if call == b'D' {
            let renamed = std::mem::take(&mut self.renamed);
            return renamed.iter().for_each(|naming| naming.apply(&mut self.names));
        }
        // A file without a name is gone after a power cut.
        if !is_kept(&name) || name.ends_with(" (deleted)") {
            return;
        }
        if made {
            self.make(inode, &name);
        }
        let file = self.known(inode, &name);
        match call {
            b'W' => self.files[file].unsynced.push(Change::Write { offset, data }),
            b'T' => self.files[file].unsynced.push(Change::Truncate(offset)),
            b'S' => self.files[file].sync(),
            b'U' => self.renamed.push(Naming::Unlink(name)),
            b'O' | b'C' => {}
            other => panic!("a record of {other}"),
        }
    }

    fn make(&mut self, inode: u64, name: &str) {
        self.inodes.insert(inode, self.files.len());
        self.renamed.push(Naming::Make { name: name.to_owned(), file: self.files.len() });
        self.files.push(File::default());
    }

    /// The file of an inode. Its name may have changed since the last call for it.
    fn known(&mut self, inode: u64, name: &str) -> usize {
        let names = self.names_now();
        let Some(file) = self.inodes.get(&inode).copied() else {
            let file = *names.get(name).unwrap_or_else(|| panic!("{name} was never made"));
            self.inodes.insert(inode, file);
            return file;
        };
        if names.get(name) != Some(&file) {
            let (from, _) = names.iter().find(|(_, known)| **known == file).unwrap();
            self.renamed.push(Naming::Rename { from: from.clone(), to: name.to_owned(), file });
        }
        file
    }

    /// As the system shows them.
    fn names_now(&self) -> BTreeMap<String, usize> {
        let mut names = self.names.clone();
        self.renamed.iter().for_each(|naming| naming.apply(&mut names));
        names
    }

    /// What the disk may hold when the power comes back.
    pub(crate) fn after_power_cut(&self, unsynced: &mut Unsynced) -> Files {
        let mut names = self.names.clone();
        for naming in self.renamed.iter().filter(|_| unsynced.is_there()) {
            naming.apply(&mut names);
        }
        names.into_iter().map(|(name, file)| (name, self.files[file].after_power_cut(unsynced))).collect()
    }
}

impl File {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            change.apply(&mut self.synced, &mut Unsynced::Kept);
        }
    }

    fn after_power_cut(&self, unsynced: &mut Unsynced) -> Vec<u8> {
        let mut content = self.synced.clone();
        self.unsynced.iter().for_each(|change| change.apply(&mut content, unsynced));
        content
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>, unsynced: &mut Unsynced) {
        match self {
            Self::Truncate(length) if unsynced.is_there() => content.resize(*length, 0),
            Self::Truncate(_) => {}
            Self::Write { offset, data } => {
                let (whole, there) = (!unsynced.is_torn(), unsynced.is_there());
                for (start, part) in sectors(*offset, data) {
                    if if whole { there } else { unsynced.is_there() } {
                        content.resize(content.len().max(start + part.len()), 0);
                        content[start..start + part.len()].copy_from_slice(part);
                    }
                }
            }
        }
    }
}

/// The parts of a write that lie in one sector each, and where.
fn sectors(offset: usize, data: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = (SECTOR - offset % SECTOR).min(data.len());
    let (head, tail) = data.split_at(first);
    let tail = tail.chunks(SECTOR).enumerate();
    std::iter::once((offset, head))
        .chain(tail.map(move |(number, part)| (offset + first + number * SECTOR, part)))
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Make { name, file } => {
                names.insert(name.clone(), *file);
            }
            Self::Rename { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Unlink(name) => {
                names.remove(name);
            }
        }
    }
}

impl Unsynced {
    fn is_there(&mut self) -> bool {
        match self {
            Self::Lost => false,
            Self::Kept => true,
            Self::ByChance(random) => random.bool(),
        }
    }

    fn is_torn(&mut self) -> bool {
        match self {
            Self::Lost | Self::Kept => false,
            Self::ByChance(random) => random.u8(..3) == 0,
        }
    }
}

/// The numbers, from 1, of the writes that come next after a sync: with them a transaction begins to be written.
pub(crate) fn writes_after_syncs(log: &[u8]) -> Vec<u64> {
    let (mut writes, mut synced, mut found) = (0, false, Vec::new());
    for record in Record::all(log) {
        if record.call == b'W' {
            writes += 1;
            found.extend(synced.then_some(writes));
        }
        synced = matches!(record.call, b'S' | b'D') || (synced && record.call != b'W');
    }
    found
}

/// The name of the file whose sync failed first, empty for the folder; and how often a WAL was written to afterwards.
pub(crate) fn failed_sync(log: &[u8]) -> Option<(String, usize)> {
    let mut records = Record::all(log);
    let failed = records.find(|record| record.call == b'F')?.name;
    let more = records.filter(|record| record.call == b'W' && record.name.ends_with("-wal")).count();
    Some((failed, more))
}

impl Record {
    fn all(mut log: &[u8]) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let (record, rest) = Self::read(log)?;
            log = rest;
            Some(record)
        })
    }

    /// The first record, and what comes after it.
    fn read(log: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = log.split_at_checked(HEAD)?;
        let number = |at: usize, size: usize| {
            let mut bytes = [0; 8];
            bytes[..size].copy_from_slice(&head[at..at + size]);
            u64::from_le_bytes(bytes)
        };
        let (name, data) = (number(2, 2) as usize, number(4, 4) as usize);
        let (body, after) = rest.split_at_checked(name + data).expect("the record was cut short");
        let record = Self {
            call: head[0],
            made: head[1] != 0,
            inode: number(8, 8),
            offset: number(16, 8) as usize,
            name: String::from_utf8(body[..name].to_vec()).unwrap(),
            data: body[name..].to_vec(),
        };
        Some((record, after))
    }
}

/// What is worked out here is checked by hand: the rest of the proof rests on it.
#[cfg(test)]
mod tests {
    use super::*;

    fn record(call: u8, made: bool, inode: u64, offset: u64, name: &str, data: &[u8]) -> Vec<u8> {
        let mut record = vec![call, u8::from(made)];
        record.extend((name.len() as u16).to_le_bytes());
        record.extend((data.len() as u32).to_le_bytes());
        record.extend(inode.to_le_bytes());
        record.extend(offset.to_le_bytes());
        record.extend([name.as_bytes(), data].concat());
        record
    }

    fn files(files: &[(&str, &[u8])]) -> Files {
        files.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect()
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let log = [
            record(b'O', true, 7, 0, "new", b""),
            record(b'W', false, 7, 0, "new", b"abc"),
            record(b'S', false, 7, 0, "new", b""),
            record(b'C', false, 7, 0, "j.db", b""),
            record(b'D', false, 1, 0, "", b""),
            record(b'W', false, 7, 1, "j.db", b"xyz"),
            record(b'O', false, 8, 0, "old", b""),
            record(b'U', false, 8, 0, "old", b""),
        ]
        .concat();
        let disk = Disk::holding(files(&[("old", b"o")])).replay(&log);
        assert_eq!(disk.calls(), (2, 2));
        assert_eq!(disk.after_power_cut(&mut Unsynced::Lost), files(&[("j.db", b"abc"), ("old", b"o")]));
        assert_eq!(disk.after_power_cut(&mut Unsynced::Kept), files(&[("j.db", b"axyz")]));
    }

    #[test]
    fn a_torn_write_is_torn_at_a_sector() {
        let log = [record(b'O', false, 7, 0, "j.db", b""), record(b'W', false, 7, 500, "j.db", &[1; 1100])]
            .concat();
        let disk = Disk::holding(files(&[("j.db", &[0; 2000])])).replay(&log);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..1000 {
            let held = disk.after_power_cut(&mut Unsynced::ByChance(fastrand::Rng::with_seed(seed)));
            seen.insert([500, 511, 512, 1023, 1024, 1535, 1536, 1599].map(|at| held["j.db"][at]));
        }
        let whole = [[0; 8], [1; 8]];
        assert!(whole.iter().all(|whole| seen.contains(whole)) && seen.len() == 16, "{seen:?}");
        assert!(seen.iter().all(|bytes| bytes.chunks(2).all(|sector| sector[0] == sector[1])));
    }
}
