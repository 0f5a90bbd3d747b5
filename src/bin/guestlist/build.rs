//! What this binary was built from.

/// `guestlist -V`.
pub(crate) const SHORT: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("GUESTLIST_COMMIT"), ")");

/// `guestlist --version`.
pub(crate) fn long() -> String {
    let sandbox = if cfg!(feature = "sandbox") { "cli, sandbox" } else { "cli" };
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let sqlite = guestlist::journal::sqlite_version();
    format!(
        "{SHORT}\ntarget    {} ({profile})\ncompiler  {}\nfeatures  {sandbox}\nSQLite    {sqlite}",
        env!("GUESTLIST_TARGET"),
        env!("GUESTLIST_RUSTC"),
    )
}
