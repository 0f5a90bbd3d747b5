//! Which participants are named twice, in memory that doesn't grow with the roster.
//!
//! Each row leaves a keyed 64-bit fingerprint; nobody who writes a roster can foresee it. Full buffers are sorted and
//! spilled to an unnamed temporary file. Merged, the runs give the fingerprints that occur more than once: suspects,
//! whose rows are read again and compared ([`Suspects`]), so that only real duplicates are reported.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;

use crate::model::{Location, ParticipantKey};

/// Fingerprints held in memory: 8 MiB.
const IN_MEMORY: usize = 1 << 20;

/// Bytes read ahead of each run while they are merged.
const READ_AHEAD: usize = 8 << 10;

/// Suspects that are looked at in one more reading of the rosters.
const SUSPECTS: usize = 50_000;

/// The fingerprints of all rows.
pub(super) struct Fingerprints {
    hasher: RandomState,
    buffer: Vec<u64>,
    capacity: usize,
    spilled: Option<BufWriter<File>>,
    /// Where each spilled run ends, in fingerprints.
    run_ends: Vec<u64>,
}

impl Fingerprints {
    pub(super) fn new() -> Self {
        Self::with_capacity(IN_MEMORY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let hasher = RandomState::new();
        Self { hasher, buffer: Vec::new(), capacity, spilled: None, run_ends: Vec::new() }
    }

    /// Notes a row.
    pub(super) fn add(&mut self, key: &ParticipantKey) -> io::Result<()> {
        if self.buffer.len() == self.capacity {
            self.spill()?;
        }
        self.buffer.push(self.hasher.hash_one(key));
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.buffer.sort_unstable();
        let file = match &mut self.spilled {
            Some(file) => file,
            none => none.insert(BufWriter::with_capacity(64 << 10, tempfile::tempfile()?)),
        };
        for fingerprint in &self.buffer {
            file.write_all(&fingerprint.to_ne_bytes())?;
        }
        let start = self.run_ends.last().copied().unwrap_or(0);
        self.run_ends.push(start + self.buffer.len() as u64);
        self.buffer.clear();
        Ok(())
    }

    /// The fingerprints that occur more than once.
    pub(super) fn repeated(mut self) -> io::Result<Repeated> {
        self.buffer.sort_unstable();
        let mut runs = vec![Run::Memory(self.buffer.into_iter())];
        if let Some(spilled) = self.spilled {
            let file = std::sync::Arc::new(spilled.into_inner().map_err(io::IntoInnerError::into_error)?);
            let starts = std::iter::once(0).chain(self.run_ends.iter().copied());
            for (start, end) in starts.zip(&self.run_ends) {
                let stretch = Stretch { file: file.clone(), at: start * 8, end: end * 8 };
                runs.push(Run::File(BufReader::with_capacity(READ_AHEAD, stretch)));
            }
        }
        let mut heads = BinaryHeap::new();
        for (nth, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next()?.map(|fingerprint| Reverse((fingerprint, nth))));
        }
        Ok(Repeated { hasher: self.hasher, runs, heads })
    }
}

/// A sorted run of fingerprints.
enum Run {
    Memory(std::vec::IntoIter<u64>),
    File(BufReader<Stretch>),
}

impl Run {
    fn next(&mut self) -> io::Result<Option<u64>> {
        match self {
            Self::Memory(rest) => Ok(rest.next()),
            Self::File(rest) => {
                let mut bytes = [0; 8];
                match rest.read_exact(&mut bytes) {
                    Ok(()) => Ok(Some(u64::from_ne_bytes(bytes))),
                    Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
                    Err(e) => Err(e),
                }
            }
        }
    }
}

/// Part of a file.
struct Stretch {
    file: std::sync::Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Stretch {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = into.len().min(left);
        let length = self.file.read_at(&mut into[..most], self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

/// The fingerprints that occur more than once, by and by.
pub(super) struct Repeated {
    hasher: RandomState,
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Repeated {
    /// The next suspects, as many as one more reading may look at; `None` if there are no more.
    pub(super) fn next_suspects(&mut self) -> io::Result<Option<Suspects>> {
        let mut seen = HashMap::new();
        let mut last = None;
        while seen.len() < SUSPECTS {
            let Some(fingerprint) = self.next()? else { break };
            if last == Some(fingerprint) {
                seen.entry(fingerprint).or_insert_with(Vec::new);
            }
            last = Some(fingerprint);
        }
        Ok((!seen.is_empty()).then(|| Suspects { hasher: self.hasher.clone(), seen }))
    }

    fn next(&mut self) -> io::Result<Option<u64>> {
        let Some(Reverse((fingerprint, nth))) = self.heads.pop() else { return Ok(None) };
        if let Some(next) = self.runs[nth].next()? {
            self.heads.push(Reverse((next, nth)));
        }
        Ok(Some(fingerprint))
    }
}

/// Participants that may be named twice, and where each was named first.
pub(super) struct Suspects {
    hasher: RandomState,
    seen: HashMap<u64, Vec<(ParticipantKey, Location)>>,
}

impl Suspects {
    /// Where the participant was named first, if this isn't the first time.
    pub(super) fn first(
        &mut self,
        key: &ParticipantKey,
        here: impl FnOnce() -> Location,
    ) -> Option<Location> {
        let seen = self.seen.get_mut(&self.hasher.hash_one(key))?;
        if let Some((_, first)) = seen.iter().find(|(other, _)| other == key) {
            return Some(first.clone());
        }
        seen.push((key.clone(), here()));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MeetingId;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::sync::Arc;
    use uuid::Uuid;

    fn key(meeting: u128, id: u16) -> ParticipantKey {
        let meeting = MeetingId::new(Uuid::from_u128(meeting));
        ParticipantKey { meeting, custom_participant_id: id.to_string() }
    }

    /// The rows found to be duplicates, each with the row that it repeats.
    fn duplicates(keys: &[ParticipantKey], capacity: usize) -> Vec<(usize, u64)> {
        let mut fingerprints = Fingerprints::with_capacity(capacity);
        keys.iter().for_each(|key| fingerprints.add(key).expect("noted"));
        let mut repeated = fingerprints.repeated().expect("merged");
        let mut found = Vec::new();
        while let Some(mut suspects) = repeated.next_suspects().expect("suspects") {
            for (row, key) in keys.iter().enumerate() {
                let here = || Location { file: Arc::from("r"), line: row as u64 };
                found.extend(suspects.first(key, here).map(|first| (row, first.line)));
            }
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn the_same_id_in_two_meetings_is_no_duplicate() {
        assert_eq!(duplicates(&[key(1, 7), key(2, 7), key(1, 8)], 100), []);
        assert_eq!(duplicates(&[key(1, 7), key(2, 7), key(1, 7), key(1, 7)], 100), [(2, 0), (3, 0)]);
    }

    #[test]
    fn more_duplicates_than_one_reading_looks_at_are_all_found() {
        let keys: Vec<ParticipantKey> = (0..2).flat_map(|_| (0..u16::MAX).map(|id| key(1, id))).collect();
        assert_eq!(duplicates(&keys, 10_000).len(), usize::from(u16::MAX));
    }

    proptest! {
        #[test]
        fn all_duplicates_are_found_and_nothing_else(ids in prop::collection::vec(0u16..200, 0..120), capacity in 1usize..50) {
            let keys: Vec<ParticipantKey> = ids.iter().map(|id| key(1, *id)).collect();
            let mut seen = HashSet::new();
            let expected: Vec<usize> =
                ids.iter().enumerate().filter(|(_, id)| !seen.insert(**id)).map(|(row, _)| row).collect();
            let found = duplicates(&keys, capacity);
            for (row, first) in &found {
                prop_assert_eq!(ids.iter().position(|id| id == &ids[*row]), Some(*first as usize));
            }
            prop_assert_eq!(found.into_iter().map(|(row, _)| row).collect::<Vec<_>>(), expected);
        }
    }
}
