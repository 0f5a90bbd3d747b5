//! The secret that derived ids are made with, from a file that only its owner can read.

use std::path::Path;

use guestlist::model::escape;
use guestlist::roster::IdKey;

use super::secret_file::{self, SecretFileError};
use super::{Environment, SettingsError};

pub(super) fn read(path: &Path, environment: &Environment) -> Result<IdKey, SettingsError> {
    let content = secret_file::read(path, environment).map_err(|error| match error {
        SecretFileError::Open => SettingsError::KeyFileOpen(path.to_owned()),
        SecretFileError::Io(source) => SettingsError::KeyFile { path: path.to_owned(), source },
    })?;
    IdKey::new(&content).map_err(|source| SettingsError::KeyTooShort { path: path.to_owned(), source })
}

/// What to type, so that nobody else can read it from the first moment on.
pub(super) fn how_to_make(path: &Path) -> String {
    let path = escape(&path.to_string_lossy());
    let path = if path.contains(|c: char| !c.is_alphanumeric() && !"/._-".contains(c)) {
        format!("'{}'", path.replace('\'', r"'\''"))
    } else {
        path
    };
    format!(
        "make one with (umask 077; head -c 32 /dev/urandom | base64 > {path}) and keep it: with another key everybody \
         gets another id"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn error(content: &[u8], mode: u32) -> Option<SettingsError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file.as_file().set_permissions(PermissionsExt::from_mode(mode)).unwrap();
        read(file.path(), &Environment::default()).err()
    }

    #[test]
    fn a_key_of_ones_own_is_taken() {
        assert!(error(b"0123456789s3cret\n", 0o600).is_none());
    }

    #[rstest]
    #[case::group(b"0123456789s3cret", 0o640, "chmod 600")]
    #[case::world(b"0123456789s3cret", 0o604, "chmod 600")]
    #[case::short(b"s3cret\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 0o600, "at least 16 bytes")]
    #[case::empty(b"", 0o600, "at least 16 bytes")]
    #[case::no_key(&[b's'; 20_000], 0o600, "larger than 16 KiB")]
    fn a_bad_key_is_refused_and_not_shown(#[case] content: &[u8], #[case] mode: u32, #[case] says: &str) {
        let error = error(content, mode).unwrap();
        assert!(error.to_string().contains(says), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cr"));
    }

    #[test]
    fn a_missing_key_can_be_made_as_the_error_says() {
        let error = read(Path::new("/nowhere/my key"), &Environment::default()).unwrap_err().to_string();
        assert!(
            error.contains("(umask 077; head -c 32 /dev/urandom | base64 > '/nowhere/my key')"),
            "{error}"
        );
    }
}
