//! Files that hold a secret: only their owner may read them, or a service that was given them.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Environment;

/// Far more than any secret has.
const MOST_BYTES: u64 = 16 << 10;
/// Group and others.
const NOT_THE_OWNER: u32 = 0o077;
/// Others, and a group that could change it. An access list shows as the group's bits: with `User=`, systemd 254 and
/// newer lets the service's user read its credentials by one, so that they are 0440 (systemd issue 29435).
const NOT_THE_SERVICE: u32 = 0o037;

/// Why one isn't taken.
pub(super) enum SecretFileError {
    /// Others can read it.
    Open,
    /// It can't be read.
    Io(io::Error),
}

pub(super) fn read(path: &Path, environment: &Environment) -> Result<Vec<u8>, SecretFileError> {
    let file = File::open(path).map_err(SecretFileError::Io)?;
    let mode = file.metadata().map_err(SecretFileError::Io)?.permissions().mode();
    let forbidden = if is_credential(path, environment) { NOT_THE_SERVICE } else { NOT_THE_OWNER };
    if mode & forbidden != 0 {
        return Err(SecretFileError::Open);
    }
    read_some(file).map_err(SecretFileError::Io)
}

/// Whether it lies directly in the folder of the service's credentials, links followed.
fn is_credential(path: &Path, environment: &Environment) -> bool {
    let folder = environment.credentials_folder.as_deref().and_then(|folder| folder.canonicalize().ok());
    folder.is_some_and(|folder| path.canonicalize().is_ok_and(|path| path.parent() == Some(&folder)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::fs::{self, Permissions};

    /// Whether a secret of this mode is taken from this place, below the folder of credentials or beside it.
    fn is_taken(place: &str, mode: u32) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let credentials_folder = folder.path().join("credentials");
        fs::create_dir_all(credentials_folder.join("below")).unwrap();
        let path = folder.path().join(place);
        fs::write(&path, "s3cret").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let environment =
            Environment { credentials_folder: Some(credentials_folder), ..Environment::default() };
        read(&path, &environment).is_ok()
    }

    #[rstest]
    #[case::of_the_owner("token", 0o400, true)]
    #[case::of_a_group("token", 0o440, false)]
    #[case::of_all("token", 0o444, false)]
    #[case::of_a_group_that_writes("token", 0o460, false)]
    #[case::a_credential("credentials/token", 0o440, true)]
    #[case::a_credential_for_all("credentials/token", 0o444, false)]
    #[case::a_credential_that_a_group_writes("credentials/token", 0o460, false)]
    #[case::below_the_credentials("credentials/below/token", 0o440, false)]
    #[case::not_really_there("credentials/../token", 0o440, false)]
    fn a_group_may_read_credentials_only(#[case] place: &str, #[case] mode: u32, #[case] taken: bool) {
        assert_eq!(is_taken(place, mode), taken);
    }

    #[test]
    fn a_link_among_the_credentials_is_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("token"), folder.path().join("credentials/token"));
        fs::create_dir(folder.path().join("credentials")).unwrap();
        fs::write(&path, "s3cret").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let credentials_folder = link.parent().map(Path::to_owned);
        let environment = Environment { credentials_folder, ..Environment::default() };
        assert!(matches!(read(&link, &environment), Err(SecretFileError::Open)));
    }
}
