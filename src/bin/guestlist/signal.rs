//! Ctrl-C and SIGTERM: the first one lets what is on its way come back, the second one ends the process at once. And
//! SIGXFSZ, which is only kept from ending it.

use std::io;
use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{self, Exit};

/// What somebody sent us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `kill`, a service manager.
    Terminate,
}

/// Signals are the process's, so what came first is remembered for the process.
static RECEIVED: OnceLock<Signal> = OnceLock::new();

/// The signal that ended the run.
pub(crate) fn received() -> Signal {
    RECEIVED.get().copied().unwrap_or(Signal::Interrupt)
}

/// From now on a write beyond the limit of file sizes (`ulimit -f`) fails with EFBIG and is told like a full disk. By
/// default the system ends the process instead: setrlimit(2), `RLIMIT_FSIZE`.
pub(crate) fn survive_file_size_limit() -> io::Result<()> {
    // What is listened to once stays so when the runtime is gone.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

/// Cancels `cancel` and calls `notice` at the first signal; the second one ends the process, after `leave`.
pub(crate) fn listen(
    cancel: CancellationToken,
    notice: impl FnOnce() + Send + 'static,
    leave: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupts.recv() => Signal::Interrupt,
                _ = terminations.recv() => Signal::Terminate,
            }
        };
        let first = next().await;
        let _ = RECEIVED.set(first);
        cancel.cancel();
        notice();
        let second = next().await;
        leave();
        exit::at_once(Exit::Interrupted(second));
    });
    Ok(())
}
