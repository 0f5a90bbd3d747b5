//! The API token: from a file that only its owner can read, from standard input, or from the environment.

use std::io;
use std::path::Path;

use guestlist::api::{ApiToken, InvalidToken};

use super::secret_file::{self, SecretFileError};
use super::{Environment, SettingsError};

pub(super) fn read(file: Option<&Path>, environment: &Environment) -> Result<ApiToken, SettingsError> {
    let text = match (file, &environment.api_token) {
        (Some(path), _) => from_file(path, environment)?,
        (None, Some(token)) => token.as_encoded_bytes().to_vec(),
        (None, None) => return Err(SettingsError::NoToken),
    };
    let text = String::from_utf8(text).map_err(|_| InvalidToken::Character)?;
    Ok(text.parse()?)
}

fn from_file(path: &Path, environment: &Environment) -> Result<Vec<u8>, SettingsError> {
    let failed = |source| SettingsError::TokenFile { path: path.to_owned(), source };
    if path.as_os_str() == "-" {
        return secret_file::read_some(io::stdin().lock()).map_err(failed);
    }
    secret_file::read(path, environment).map_err(|error| match error {
        SecretFileError::Open => SettingsError::TokenFileOpen(path.to_owned()),
        SecretFileError::Io(source) => failed(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn file(content: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file.as_file().set_permissions(PermissionsExt::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_file_wins_over_the_environment() {
        let environment = Environment { api_token: Some("bad token".into()), ..Environment::default() };
        let file = file(b"s3cret\n", 0o600);
        assert!(read(Some(file.path()), &environment).is_ok());
        assert!(matches!(read(None, &environment), Err(SettingsError::Token(InvalidToken::Character))));
    }

    #[rstest]
    #[case::group(b"s3cret", 0o640)]
    #[case::world(b"s3cret", 0o604)]
    #[case::empty(b"\n", 0o600)]
    #[case::nul(b"s3cret\0", 0o600)]
    #[case::not_ascii("s3crét".as_bytes(), 0o600)]
    #[case::not_utf8(b"s3cret\xff", 0o600)]
    fn a_bad_file_is_refused_and_its_content_not_shown(#[case] content: &[u8], #[case] mode: u32) {
        let file = file(content, mode);
        let error = read(Some(file.path()), &Environment::default()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr"));
    }

    #[test]
    fn no_token_at_all_says_where_to_put_one() {
        let error = read(None, &Environment::default()).unwrap_err().to_string();
        assert!(error.contains("CLOUDFLARE_API_TOKEN"));
    }
}
