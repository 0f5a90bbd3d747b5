//! What a roster may be wrapped in: gzip of one or several members, zstd of one or several frames, both with a cap on
//! what comes out.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::decisions::Compression;
use super::input::Unreadable;

/// How each begins. A frame that is to be skipped may come before the first zstd frame of data.
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const ZSTD_SKIPPABLE: (std::ops::RangeInclusive<u8>, &[u8]) = (0x50..=0x5f, b"\x2a\x4d\x18");

/// How many bytes [`Compression::of`] looks at.
pub(super) const SIGNATURE: usize = 4;

/// The largest window that is kept for zstd: what `zstd -19` needs, and what RFC 8878 asks every reader to have.
const ZSTD_WINDOW: u64 = 8 << 20;

impl Compression {
    /// What data that begins so is wrapped in.
    pub(super) fn of(start: &[u8]) -> Self {
        let (marks, rest) = &ZSTD_SKIPPABLE;
        let skippable = |start: &[u8]| matches!(start, [mark, after @ ..] if marks.contains(mark) && after.starts_with(rest));
        match start {
            _ if start.starts_with(GZIP) => Self::Gzip,
            _ if start.starts_with(ZSTD) || skippable(start) => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Takes the wrapping away; more than `cap` bytes are an error.
    pub(super) fn expand(self, raw: Box<dyn Read + Send>, cap: u64) -> Box<dyn Read + Send> {
        match self {
            Self::None => raw,
            Self::Gzip => Box::new(Capped { inner: Gzip(MultiGzDecoder::new(raw)), left: cap }),
            Self::Zstd => Box::new(Capped { inner: Zstd::new(raw), left: cap }),
        }
    }
}

/// gzip, whose errors say that it is damaged.
struct Gzip<R>(MultiGzDecoder<R>);

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            // flate2's kinds for a bad header, a bad checksum and an early end.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Unreadable::Damaged(Compression::Gzip).into()
            }
            _ => error,
        })
    }
}

/// zstd. ruzstd reads one frame; that several may follow each other, and that each has a checksum, is seen to here.
struct Zstd<R> {
    source: Watched<R>,
    decoder: FrameDecoder,
}

impl<R: Read> Zstd<R> {
    fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW);
        Self { source: Watched { inner: source, failed: None }, decoder }
    }

    /// Begins the next frame of data; `false` if there is none.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            let mut first = [0];
            if self.source.read(&mut first)? == 0 {
                return Ok(false);
            }
            match self.decoder.reset(first.as_slice().chain(&mut self.source)) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                        return Err(Unreadable::Damaged(Compression::Zstd).into());
                    }
                }
                Err(error) => return Err(self.named(&error)),
            }
        }
    }

    fn is_as_it_was_written(&self) -> bool {
        let written = self.decoder.get_checksum_from_data();
        written.is_none() || written == self.decoder.get_calculated_checksum()
    }

    fn named(&mut self, error: &FrameDecoderError) -> io::Error {
        match (self.source.failed.take(), error) {
            (Some(failed), _) => failed,
            (
                None,
                FrameDecoderError::WindowSizeTooBig { .. } | FrameDecoderError::DictNotProvided { .. },
            ) => Unreadable::UncommonZstd.into(),
            (None, _) => Unreadable::Damaged(Compression::Zstd).into(),
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(into);
            }
            if !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.source, one) {
                    return Err(self.named(&error));
                }
            } else if !self.is_as_it_was_written() {
                return Err(Unreadable::Damaged(Compression::Zstd).into());
            } else if !self.next_frame()? {
                return Ok(0);
            }
        }
    }
}

/// Keeps the error of a source whose reader would take it for damage.
struct Watched<R> {
    inner: R,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}

/// Fails when more than so many bytes come.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        match self.left.checked_sub(length as u64) {
            Some(left) => self.left = left,
            None => return Err(Unreadable::TooLarge.into()),
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::tests::{gzip, zstd};
    use rstest::rstest;

    const CAP: u64 = 1 << 20;

    fn expand(bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut expanded = Vec::new();
        let compression = Compression::of(bytes);
        let mut reader = compression.expand(Box::new(io::Cursor::new(bytes.to_vec())), CAP);
        reader.read_to_end(&mut expanded).map_err(|error| error.to_string())?;
        Ok(expanded)
    }

    #[rstest]
    #[case::gzip(gzip)]
    #[case::zstd(zstd)]
    fn parts_that_follow_each_other_are_one_text(#[case] wrap: fn(&[u8]) -> Vec<u8>) {
        let long = b"id,name\n1,Ann\n".repeat(30_000);
        for text in [&b"id\n1\n"[..], &long] {
            let parts = [wrap(&text[..3]), wrap(b""), wrap(&text[3..])].concat();
            assert_eq!(expand(&parts).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_frame_without_data_is_skipped() {
        let skippable = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(b"id\n")].concat();
        assert_eq!(expand(&skippable).as_deref(), Ok(&b"id\n"[..]));
        assert!(expand(&skippable[..9]).is_err());
    }

    #[rstest]
    #[case::gzip(gzip)]
    #[case::zstd(zstd)]
    fn a_bomb_is_cut_off(#[case] wrap: fn(&[u8]) -> Vec<u8>) {
        assert!(expand(&wrap(&vec![b'x'; CAP as usize])).is_ok());
        let bomb = expand(&wrap(&vec![b'x'; CAP as usize + 1]));
        assert_eq!(bomb, Err(Unreadable::TooLarge.to_string()));
    }

    #[rstest]
    #[case::gzip(gzip, Compression::Gzip)]
    #[case::zstd(zstd, Compression::Zstd)]
    fn damage_is_named(#[case] wrap: fn(&[u8]) -> Vec<u8>, #[case] compression: Compression) {
        let text: String = (0..20_000).map(|n| format!("{n},{}\n", n * 7919 % 10_007)).collect();
        let whole = wrap(text.as_bytes());
        let mut flipped = whole.clone();
        *flipped.last_mut().expect("a byte") ^= 1;
        let followed = [&whole, &b"id,name\n"[..]].concat();
        for bytes in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], &whole[..4], &flipped, &followed]
        {
            assert_eq!(expand(bytes), Err(Unreadable::Damaged(compression).to_string()));
        }
    }

    /// A window descriptor of 16 MiB: 8 bytes after the magic number would be kept that long.
    #[test]
    fn a_window_that_needs_too_much_memory_is_refused() {
        let wide = b"\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00";
        assert_eq!(expand(wide), Err(Unreadable::UncommonZstd.to_string()));
    }

    #[test]
    fn a_source_that_fails_is_not_damage() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        let start = io::Cursor::new(zstd(b"id\n")[..6].to_vec());
        let mut reader = Compression::Zstd.expand(Box::new(start.chain(Failing)), CAP);
        let error = reader.read_to_end(&mut Vec::new()).expect_err("a failure");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
