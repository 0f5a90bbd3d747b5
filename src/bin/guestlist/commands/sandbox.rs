//! `guestlist sandbox`: runs until Ctrl-C.

use guestlist::sandbox::Sandbox;
use tokio_util::sync::CancellationToken;

use super::{Shell, on_runtime};
use crate::args::SandboxArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::settings;
use crate::signal;
use crate::ui::{Line, text};

pub(super) fn run(args: &SandboxArgs, shell: &Shell) -> Result<Exit, CommandError> {
    let settings = settings::sandbox(args)?;
    on_runtime(async {
        let sandbox = Sandbox::start(settings).await?;
        let cancel = CancellationToken::new();
        signal::listen(cancel.clone(), || {}, || {}).map_err(CommandError::Runtime)?;
        let connection = sandbox.connection();
        shell.ui.text(|| text::sandbox(&connection));
        shell.ui.line(&Line::sandbox(&connection));
        // Whoever waits for the settings has to get them now.
        shell.ui.finish()?;
        cancel.cancelled().await;
        let stats = sandbox.stats();
        sandbox.shutdown().await?;
        shell.ui.note(&text::sandbox_stats(&stats));
        // Ctrl-C is how it is meant to end.
        Ok(Exit::Done)
    })
}
