//! A record of an `.xls` that is too long for one, and goes on in others.

use super::biff::{CONTINUE, word};
use super::error::WorkbookError;

/// Pieces of one record. One of 32 MiB has 4,000.
const MOST_PIECES: usize = 20_000;

/// A record and those that continue it.
pub(super) struct Pieces<'a> {
    pieces: std::vec::IntoIter<&'a [u8]>,
    piece: &'a [u8],
}

impl<'a> Pieces<'a> {
    pub(super) fn new(stream: &'a [u8], data: usize, end: usize) -> Result<Self, WorkbookError> {
        let mut pieces = Vec::new();
        let mut at = end;
        while word(stream, at, 0) == CONTINUE && stream.len() - at >= 4 {
            let end = at + 4 + word(stream, at, 2) as usize;
            let piece = stream.get(at + 4..end);
            pieces.push(piece.ok_or_else(|| WorkbookError::damaged("a record is cut short"))?);
            at = end;
            if pieces.len() > MOST_PIECES {
                return Err(WorkbookError::TooLarge {
                    what: "pieces of one record",
                    cap: MOST_PIECES as u64,
                });
            }
        }
        Ok(Self { pieces: pieces.into_iter(), piece: &stream[data..end] })
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        while self.piece.is_empty() {
            match self.pieces.next() {
                Some(next) => self.piece = next,
                None => return true,
            }
        }
        false
    }

    pub(super) fn byte(&mut self) -> Result<u8, WorkbookError> {
        if self.is_at_end() {
            return Err(WorkbookError::damaged("its texts are cut short"));
        }
        let (first, rest) = (self.piece[0], &self.piece[1..]);
        self.piece = rest;
        Ok(first)
    }

    pub(super) fn word(&mut self) -> Result<u16, WorkbookError> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    pub(super) fn skip(&mut self, mut bytes: u64) -> Result<(), WorkbookError> {
        while bytes > 0 {
            if self.is_at_end() {
                return Err(WorkbookError::damaged("its texts are cut short"));
            }
            let step = self.piece.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.piece = &self.piece[step..];
            bytes -= step as u64;
        }
        Ok(())
    }

    /// Characters that go on in another piece begin there with a byte that says how wide they are.
    pub(super) fn skip_characters(
        &mut self,
        mut characters: u32,
        mut is_wide: bool,
    ) -> Result<(), WorkbookError> {
        loop {
            let width = if is_wide { 2 } else { 1 };
            let here = (self.piece.len() / width).min(characters as usize);
            self.piece = &self.piece[here * width..];
            characters -= here as u32;
            if characters == 0 {
                return Ok(());
            }
            self.piece = &[];
            is_wide = self.byte()? & 1 != 0;
        }
    }
}
