//! The only place that prints. Data goes to standard output, everything else to standard error.

mod counters;
mod decisions;
mod json;
mod line;
mod listener;
mod log_file;
mod page;
mod panics;
mod preview;
mod probe_line;
mod progress;
mod prometheus;
mod rows;
mod style;
pub(crate) mod text;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use guestlist::event::Event;

pub(crate) use line::{ChangeLine, Line, RefreshedLine, SecondsLine, SummaryLine, stop_name};
pub(crate) use listener::Listener;
pub(crate) use log_file::LogFile;
pub(crate) use page::page;
pub(crate) use panics::withhold_messages;
pub(crate) use preview::Preview;
pub(crate) use prometheus::{Counts, Metrics, counts, last_success};
pub(crate) use rows::InvalidRows;

use crate::args::OutputArgs;
use crate::commands::Checked;
use crate::error::CommandError;
use crate::exit::Exit;
use counters::Progressed;
use progress::{Manner, Progress};

/// What standard output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Speaks to whoever started the command. It never panics on a closed or full output.
pub(crate) struct Ui {
    format: Format,
    quiet: bool,
    progress: Progress,
    stdout: Mutex<Output>,
    log: Option<LogFile>,
}

/// Columns of a terminal whose width isn't known, and of a file.
const USUAL_WIDTH: u16 = 80;

/// Standard output and the first thing that went wrong with it: a run isn't ended by it.
struct Output {
    writer: BufWriter<io::Stdout>,
    broken: bool,
    failed: Option<io::Error>,
}

impl Ui {
    pub(crate) fn new(args: OutputArgs) -> Self {
        let manner = match (args.quiet, args.verbose, io::stderr().is_terminal()) {
            (true, _, _) => Manner::Nothing,
            // Log lines would tear a bar apart.
            (false, true, _) | (false, false, false) => Manner::Lines,
            (false, false, true) => Manner::Bar,
        };
        if args.verbose {
            log_to_stderr();
        }
        Self {
            format: if args.json { Format::Json } else { Format::Text },
            quiet: args.quiet,
            progress: Progress::new(manner),
            stdout: Mutex::new(Output { writer: BufWriter::new(io::stdout()), broken: false, failed: None }),
            log: None,
        }
    }

    /// From now on, also appends to a log what programs are told.
    pub(crate) fn log_to(&mut self, log: LogFile) {
        self.log = Some(log);
    }

    /// Whether there is anybody to be told lines.
    pub(crate) fn has_programs(&self) -> bool {
        self.format == Format::Json || self.log.is_some()
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// How wide what people read may be.
    pub(crate) fn width() -> u16 {
        terminal_size::terminal_size_of(io::stdout()).map_or(USUAL_WIDTH, |(width, _)| width.0)
    }

    /// Shows how far it has come from now on.
    pub(crate) fn begin_progress(&self) {
        self.progress.begin();
    }

    /// Takes the progress away again.
    pub(crate) fn end_progress(&self) {
        self.progress.end();
    }

    fn progress(&self, event: &Event<'_>) -> Progressed {
        self.progress.on(event)
    }

    /// A result for people; in JSON it is left out.
    pub(crate) fn text(&self, text: impl FnOnce() -> String) {
        if self.format == Format::Text {
            let text = text();
            let text = style::for_stdout(&text);
            self.output().write(|writer| writer.write_all(text.as_bytes()));
        }
    }

    /// A result for programs; for people it is left out.
    pub(crate) fn line(&self, line: &Line<'_>) {
        if let Some(log) = &self.log {
            log.write(line);
        }
        if self.format == Format::Json {
            let at_once = !matches!(line, Line::Invalid { .. });
            self.output().write(|writer| {
                json::write(&mut *writer, line)?;
                if at_once { writer.flush() } else { Ok(()) }
            });
        }
    }

    /// What a check found, for programs.
    pub(crate) fn lines_of_check(&self, checked: &Checked) {
        checked.report.files.iter().for_each(|file| self.line(&Line::roster(file)));
        checked.preview.rows().iter().for_each(|row| self.line(&Line::preview(row)));
        checked.invalid.groups().into_iter().for_each(|(code, group)| self.line(&Line::issue(code, group)));
        if let Some(path) = &checked.page {
            self.line(&Line::Report { file: &path.to_string_lossy() });
        }
    }

    /// Data as it is: completions, a manual page, an export.
    pub(crate) fn data<E>(&self, write: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> Result<(), E> {
        write(&mut self.output().writer)
    }

    /// Something worth knowing, on standard error.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.tell(&format!("{text}\n"));
        }
    }

    /// Something to be acted on, on standard error, where there is something.
    pub(crate) fn warn(&self, warning: &Option<String>) {
        if let Some(warning) = warning {
            self.note(warning);
        }
    }

    /// What went wrong, and what to do.
    pub(crate) fn error(&self, error: &CommandError, exit: Exit) {
        self.end_progress();
        self.line(&Line::Error { message: &text::message(error), exit_code: exit.code() });
        self.tell(&text::error(error));
    }

    fn tell(&self, text: &str) {
        self.progress.suspend(|| {
            // Nobody is left to be told if standard error is gone.
            let _ = anstream::stderr().lock().write_all(text.as_bytes());
        });
    }

    /// Writes out what is buffered; what went wrong with standard output or the log, and wasn't told yet.
    pub(crate) fn finish(&self) -> Result<(), CommandError> {
        let mut output = self.output();
        output.write(Write::flush);
        output.failed.take().map_or(Ok(()), |error| Err(CommandError::Output(error)))?;
        self.log.as_ref().map_or(Ok(()), LogFile::finish)
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    /// After a failure nothing more is written: half a line helps nobody.
    fn write(&mut self, write: impl FnOnce(&mut BufWriter<io::Stdout>) -> io::Result<()>) {
        if !self.broken {
            self.failed = write(&mut self.writer).err();
            self.broken = self.failed.is_some();
        }
    }
}

/// Bytes, two digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// `-v`: names and e-mail addresses appear at debug or below only, tokens nowhere.
fn log_to_stderr() {
    let level = tracing_subscriber::filter::LevelFilter::DEBUG;
    let subscriber = tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(level);
    // A line that can't be written would be complained of on standard error, and panic there.
    let subscriber = subscriber.log_internal_errors(false);
    let colour = style::stderr_has_colour();
    // An error means that there is a subscriber already.
    let _ = subscriber.with_ansi(colour).with_target(false).try_init();
}

/// What clap has to say: help and version on standard output, mistakes on standard error.
pub(crate) fn usage(said: &clap::Error) -> Exit {
    let written = said.print();
    if !said.use_stderr() {
        return if written.is_ok() { Exit::Done } else { Exit::Stopped };
    }
    // Nothing was parsed, so the wish for JSON has to be looked for by hand.
    if std::env::args_os().any(|typed| typed == "--json") {
        let message = style::plain(&said.to_string());
        let message = message.trim_start_matches("error: ").trim_end();
        let line = Line::Error { message, exit_code: Exit::Usage.code() };
        let _ = json::write(&mut io::stdout().lock(), &line);
    }
    Exit::Usage
}
