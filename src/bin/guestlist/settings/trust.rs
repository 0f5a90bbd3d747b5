//! Whom a settings file belongs to. Whoever can write it could send the API token, and everybody's data, elsewhere.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const ROOT: u32 = 0;

/// Why a file isn't followed where the token and people's data go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distrust {
    /// Its owner, or that of the link to it, is somebody else.
    Owner(u32),
    /// Others can write it.
    Writable,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(user) => write!(
                f,
                "it belongs to another user (uid {user}), who could send the API token elsewhere; give it when you run \
                 it, or make a copy of the file that is yours"
            ),
            Self::Writable => f.write_str(
                "other users can write it, and could send the API token elsewhere; look at what it says, then run \
                 chmod go-w on it",
            ),
        }
    }
}

/// Who owns a file and who may write it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    owner: u32,
    group: u32,
    mode: u32,
}

impl From<&Metadata> for Rights {
    fn from(metadata: &Metadata) -> Self {
        Self { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode() }
    }
}

/// Whether `us` can rely on a file; `link` is what stands at its path. Root may write everything anyway, and a group of
/// the owner's own number is his alone: Linux gives every user one, and often lets it write.
pub(super) fn distrust(link: Rights, file: Rights, us: u32) -> Option<Distrust> {
    let stranger = [link, file].into_iter().find(|rights| ![us, ROOT].contains(&rights.owner));
    if let Some(Rights { owner, .. }) = stranger {
        return Some(Distrust::Owner(owner));
    }
    let group = file.mode & GROUP_WRITES != 0 && file.group != file.owner;
    (group || file.mode & OTHERS_WRITE != 0).then_some(Distrust::Writable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::ours((7, 8, 0o644), None)]
    #[case::private((7, 8, 0o600), None)]
    #[case::the_group_of_ones_own((7, 7, 0o664), None)]
    #[case::of_root((0, 0, 0o644), None)]
    #[case::a_group_writes((7, 8, 0o664), Some(Distrust::Writable))]
    #[case::everybody_writes((7, 7, 0o666), Some(Distrust::Writable))]
    #[case::a_group_writes_what_is_of_root((0, 8, 0o664), Some(Distrust::Writable))]
    #[case::a_stranger((9, 7, 0o644), Some(Distrust::Owner(9)))]
    fn only_who_is_trusted_may_write(#[case] file: (u32, u32, u32), #[case] expected: Option<Distrust>) {
        let rights = |(owner, group, mode)| Rights { owner, group, mode };
        assert_eq!(distrust(rights((7, 7, 0o777)), rights(file), 7), expected);
    }

    /// What a stranger's link leads to may be ours, and meant for something else.
    #[test]
    fn a_strangers_link_is_a_strangers_file() {
        let rights = |owner| Rights { owner, group: 7, mode: 0o600 };
        assert_eq!(distrust(rights(9), rights(7), 7), Some(Distrust::Owner(9)));
    }
}
