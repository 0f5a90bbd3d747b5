//! Deliberately broken builds: each switch takes one safeguard away, and a test shows that the named fault test then
//! fails (tests/it/controls.rs). The switches exist only with the feature `sabotage`, which no optimised build takes;
//! without it every question is answered no by the compiler.

#[cfg(all(feature = "sabotage", not(debug_assertions)))]
compile_error!("the feature sabotage takes safeguards away: it is for tests, never for a release");

/// A safeguard that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// A dead process's rows are taken for never sent, as if no intent had been committed.
    IntentOff,
    /// A create in doubt is looked up at once.
    SettleZero,
    /// A commit is not synced.
    SynchronousNormal,
    /// reqwest repeats requests by itself, over HTTP/2 too.
    DefaultRetry,
    /// reqwest follows redirects.
    DefaultRedirects,
    /// A 429 holds back the worker that got it, nobody else.
    GatePerWorker,
    /// A new id of somebody who seems to be in is added as anybody else.
    TwinsAdded,
    /// A request's task panics with all that it holds in the message.
    Panic,
}

#[cfg(not(feature = "sabotage"))]
pub(crate) const fn active(_safeguard: Sabotage) -> bool {
    false
}

/// Whether the environment takes this safeguard away.
#[cfg(feature = "sabotage")]
#[expect(clippy::disallowed_methods, reason = "no setting: the command must not know of it")]
pub(crate) fn active(safeguard: Sabotage) -> bool {
    use std::sync::OnceLock;
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    let name = match safeguard {
        Sabotage::IntentOff => "intent-off",
        Sabotage::SettleZero => "settle-zero",
        Sabotage::SynchronousNormal => "synchronous-normal",
        Sabotage::DefaultRetry => "default-retry",
        Sabotage::DefaultRedirects => "default-redirects",
        Sabotage::GatePerWorker => "gate-per-worker",
        Sabotage::TwinsAdded => "twins-added",
        Sabotage::Panic => "panic",
    };
    NAMED.get_or_init(|| std::env::var("GUESTLIST_SABOTAGE").ok()).as_deref() == Some(name)
}
