//! C1 of the promise: a local disk that honours fsync and locks.

use std::path::Path;

use super::error::JournalError;
use super::place::{folder_of, shown};

/// What to do with a journal on a network file system, where locks and synced writes can't be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnNetwork {
    /// Not to use it.
    #[default]
    Refuse,
    /// To use it all the same: somebody answers for that file system.
    Accept,
}

/// What a journal lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    Local,
    Network,
}

/// What the journal lies on, or would lie on, unless that is refused.
pub(super) fn admit(path: &Path, on_network: OnNetwork) -> Result<Medium, JournalError> {
    #[cfg(test)]
    let medium = tests::PRETENDED.get().map_or_else(|| medium(path), Ok)?;
    #[cfg(not(test))]
    let medium = medium(path)?;
    if is_admitted(medium, on_network) {
        return Ok(medium);
    }
    Err(JournalError::Unsafe {
        path: shown(path),
        why: "it would lie on a network file system, where locks and synced writes can't be relied on; name a file on \
              a local disk, or insist with --allow-network-journal",
    })
}

fn is_admitted(medium: Medium, on_network: OnNetwork) -> bool {
    match (medium, on_network) {
        (Medium::Local, _) | (Medium::Network, OnNetwork::Accept) => true,
        (Medium::Network, OnNetwork::Refuse) => false,
    }
}

#[cfg(target_os = "linux")]
fn medium(path: &Path) -> Result<Medium, JournalError> {
    let folder = folder_of(path);
    let found = rustix::fs::statfs(folder)
        .map_err(|error| super::place::io("looking at the journal's folder", folder)(error.into()))?;
    Ok(of_magic(found.f_type as u32))
}

/// Elsewhere there is nothing to ask that can be tested here.
#[cfg(not(target_os = "linux"))]
fn medium(_path: &Path) -> Result<Medium, JournalError> {
    Ok(Medium::Local)
}

/// By the magic numbers of statfs(2): NFS, SMB, CIFS, SMB 2, AFS twice, Ceph, Coda, Lustre, NetWare, and 9P, by which
/// virtual machines see their host's folders.
#[cfg(target_os = "linux")]
fn of_magic(magic: u32) -> Medium {
    const NETWORK: [u32; 11] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x5346_414f,
        0x6b41_4653,
        0x00c3_6400,
        0x7375_7245,
        0x0bd0_0bd0,
        0x564c,
        0x0102_1997,
    ];
    if NETWORK.contains(&magic) { Medium::Network } else { Medium::Local }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rstest::rstest;

    use super::*;
    use crate::journal::{Journal, Opening};

    thread_local! {
        /// What this thread's journals lie on, whatever the disk says: a test can't mount a network.
        pub(super) static PRETENDED: Cell<Option<Medium>> = const { Cell::new(None) };
    }

    /// J16: all the way through: nothing is made on a network, a journal that is there already is refused as well, and
    /// one that somebody insists on says where it lies.
    #[test]
    fn a_journal_on_a_network_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let open = |on_network| {
            let opening = Opening { command: "import", origin: Some("http://fake"), on_network };
            Journal::open_for(opening, &path, || jiff::Timestamp::UNIX_EPOCH)
        };
        let refused = |found: Result<Journal, JournalError>| {
            let error = found.expect_err("it is refused");
            assert!(matches!(error, JournalError::Unsafe { .. }), "{error}");
            assert!(error.to_string().contains("--allow-network-journal"), "{error}");
        };
        PRETENDED.set(Some(Medium::Network));
        refused(open(OnNetwork::Refuse));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "not even a lock");
        assert!(open(OnNetwork::Accept).unwrap().is_on_network());
        let before = std::fs::read(&path).unwrap();
        refused(open(OnNetwork::Refuse));
        assert!(std::fs::read(&path).unwrap() == before);
        PRETENDED.set(Some(Medium::Local));
        assert!(!open(OnNetwork::Refuse).unwrap().is_on_network());
    }

    #[cfg(target_os = "linux")]
    #[rstest]
    #[case::nfs(0x6969, Medium::Network)]
    #[case::smb(0x517b, Medium::Network)]
    #[case::cifs(0xff53_4d42, Medium::Network)]
    #[case::smb2(0xfe53_4d42, Medium::Network)]
    #[case::afs(0x5346_414f, Medium::Network)]
    #[case::kernel_afs(0x6b41_4653, Medium::Network)]
    #[case::ceph(0x00c3_6400, Medium::Network)]
    #[case::coda(0x7375_7245, Medium::Network)]
    #[case::lustre(0x0bd0_0bd0, Medium::Network)]
    #[case::netware(0x564c, Medium::Network)]
    #[case::plan_9(0x0102_1997, Medium::Network)]
    #[case::ext4(0xef53, Medium::Local)]
    #[case::xfs(0x5846_5342, Medium::Local)]
    #[case::btrfs(0x9123_683e, Medium::Local)]
    #[case::zfs(0x2fc1_2fc1, Medium::Local)]
    #[case::overlay(0x794c_7630, Medium::Local)]
    #[case::tmpfs(0x0102_1994, Medium::Local)]
    fn a_network_is_no_local_disk(#[case] magic: u32, #[case] medium: Medium) {
        assert_eq!(of_magic(magic), medium);
    }

    #[rstest]
    #[case(Medium::Local, OnNetwork::Refuse, true)]
    #[case(Medium::Local, OnNetwork::Accept, true)]
    #[case(Medium::Network, OnNetwork::Refuse, false)]
    #[case(Medium::Network, OnNetwork::Accept, true)]
    fn a_network_is_admitted_if_somebody_says_so(
        #[case] medium: Medium,
        #[case] on_network: OnNetwork,
        #[case] admitted: bool,
    ) {
        assert_eq!(is_admitted(medium, on_network), admitted);
    }
}
