//! Files that hold a secret: only their owner may read them.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Far more than any secret has.
const MOST_BYTES: u64 = 16 << 10;
/// Group and others.
const NOT_THE_OWNER: u32 = 0o077;

/// Why one isn't taken.
pub(super) enum SecretFileError {
    /// Others can read it.
    Open,
    /// It can't be read.
    Io(io::Error),
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, SecretFileError> {
    let file = File::open(path).map_err(SecretFileError::Io)?;
    let mode = file.metadata().map_err(SecretFileError::Io)?.permissions().mode();
    if mode & NOT_THE_OWNER != 0 {
        return Err(SecretFileError::Open);
    }
    read_some(file).map_err(SecretFileError::Io)
}

/// All of it; what is too large is no secret, and never cut.
pub(super) fn read_some(from: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 16 KiB"));
    }
    Ok(text)
}
