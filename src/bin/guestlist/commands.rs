//! One file a subcommand; here, what they have in common.

mod begin;
mod check;
mod conclude;
mod config;
mod connect;
mod dry_run;
mod export;
mod import;
mod job;
mod journal;
mod journal_file;
mod page_file;
mod pages;
mod private_file;
mod probe;
mod refresh;
mod rejected;
mod removal;
mod rosters;
#[cfg(feature = "sandbox")]
mod sandbox;
mod saved_plan;
mod session;
mod status;
mod sync;
mod verify;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(crate) use check::{Asked, Checked};
pub(crate) use dry_run::Plan;
use job::Job;
pub(crate) use private_file::Content;
pub(crate) use saved_plan::Moved;

use crate::args::{Args, Command, SettingsArgs};
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::settings::{Environment, Surroundings};
use crate::signal;
use crate::ui::{Line, SummaryLine, Ui, stop_name};

/// What every command can reach.
pub(crate) struct Shell {
    pub(crate) ui: Arc<Ui>,
    job: Arc<Job>,
    settings: SettingsArgs,
}

impl Shell {
    /// Reads the environment and the settings files: only some commands look at them.
    pub(crate) fn surroundings(&self) -> Result<Surroundings, CommandError> {
        Ok(Surroundings::read(&self.settings, Environment::read())?)
    }
}

/// Carries out what was typed. Whatever happens, there is an exit code of ours.
pub(crate) fn run(args: &Args) -> Exit {
    let (mut ui, mut job) = (Ui::new(args.output), Job::new(&args.command));
    let begun = signal::survive_file_size_limit().map_err(CommandError::Runtime);
    let begun = begun.and_then(|()| job.begin(&args.command, &mut ui));
    let shell = Shell { ui: Arc::new(ui), job: Arc::new(job), settings: args.settings.clone() };
    let carried_out = begun.and_then(|()| {
        let carried_out = catch_unwind(AssertUnwindSafe(|| carry_out(&args.command, &shell)));
        carried_out.unwrap_or(Err(CommandError::Panicked))
    });
    let exit = carried_out.unwrap_or_else(|error| fail(&error, &args.command, &shell));
    match shell.ui.finish() {
        Ok(()) => exit,
        Err(error) => report(&shell.ui, &error, exit),
    }
}

/// Tells why it ended before it could conclude.
fn fail(error: &CommandError, command: &Command, shell: &Shell) -> Exit {
    let exit = report(&shell.ui, error, Exit::Done);
    match command {
        // Its last line is a summary, whatever happened: a program needn't wait for another one.
        Command::Import(_) | Command::Sync(_) => shell.job.end(&shell.ui, exit, |exit| {
            let (exit_code, stopped) = (exit.code(), error.stopped().map(stop_name));
            Line::Summary(SummaryLine { exit_code, stopped, ..SummaryLine::default() })
        }),
        _ => shell.job.end_without_line(&shell.ui, exit, None),
    }
}

fn carry_out(command: &Command, shell: &Shell) -> Result<Exit, CommandError> {
    match command {
        Command::Import(args) => import::run(args, shell),
        Command::Check(args) => check::run(args, shell),
        Command::Plan(args) => sync::plan(args, shell),
        Command::Sync(args) => sync::sync(args, shell),
        Command::Refresh(args) => refresh::run(args, shell),
        Command::Verify(args) => verify::run(args, shell),
        Command::Dedupe(args) => removal::dedupe(args, shell),
        Command::Undo(args) => removal::undo(args, shell),
        Command::Status(args) => status::run(args, shell),
        Command::Export(args) => export::run(args, shell),
        Command::Journal(command) => journal::run(command, shell),
        Command::Probe(args) => probe::run(args, shell),
        Command::Config(command) => config::run(command, shell),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => sandbox::run(args, shell),
        Command::Completions { shell: kind } => pages::completions(*kind, shell),
        Command::Man => pages::manual(shell),
    }
}

/// Tells an error; `so_far` is how the command would have ended without it.
fn report(ui: &Ui, error: &CommandError, so_far: Exit) -> Exit {
    let exit = so_far.or(exit::of_error(error));
    ui.error(error, exit);
    exit
}

/// One thread carries the requests, blocking ones the roster and the journal: a second one for requests would only
/// compete with those (measured on two cores: a tenth slower).
fn on_runtime<T>(future: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CommandError::Runtime)?.block_on(future)
}
