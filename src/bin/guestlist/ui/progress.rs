//! The bar on a terminal, a line every ten seconds without one. The only file that knows indicatif.
#![expect(clippy::disallowed_types, reason = "the one owner of indicatif")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use guestlist::event::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

pub(super) use indicatif::{HumanCount, HumanDuration};

use super::counters::{Counters, Progressed};

/// How often a line is printed where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);
/// How often the bar is drawn, so that a pause counts down.
const BETWEEN_DRAWS: Duration = Duration::from_millis(250);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// A bar.
    Bar,
    /// A line every ten seconds.
    Lines,
    /// Not at all.
    Nothing,
}

/// The progress of the one run that a command makes.
pub(super) struct Progress {
    manner: Manner,
    /// Hidden unless it is drawn; it measures the rate either way.
    bar: ProgressBar,
    counters: Arc<Mutex<Counters>>,
    lines: Mutex<Option<Lines>>,
}

/// The thread that prints lines; it ends when its channel does.
struct Lines {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Progress {
    pub(super) fn new(manner: Manner) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { manner, bar, counters: Arc::default(), lines: Mutex::default() }
    }

    pub(super) fn begin(&self) {
        match self.manner {
            Manner::Bar => {
                self.style("{spinner} {state}");
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
                self.bar.enable_steady_tick(BETWEEN_DRAWS);
            }
            Manner::Lines => {
                *lock(&self.lines) = Some(print_lines(self.bar.clone(), Arc::clone(&self.counters)));
            }
            Manner::Nothing => {}
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
        if let Some(Lines { stop, thread }) = lock(&self.lines).take() {
            drop(stop);
            // A line lost with its thread is no reason to fail.
            let _ = thread.join();
        }
    }

    pub(super) fn on(&self, event: &Event<'_>) -> Progressed {
        let mut counters = lock(&self.counters);
        counters.on(event, Instant::now());
        let ((done, all), counts) = (counters.position(), counters.counts());
        // The bar asks for the counters when it is drawn.
        drop(counters);
        if let Event::Accepted { .. } | Event::TokensDue { .. } = event {
            self.bar.reset();
            self.style("[{bar:20}] {state}");
        }
        if let Some(all) = all {
            self.bar.set_length(all);
        }
        self.bar.set_position(done);
        counts
    }

    /// Prints something else without tearing the bar apart.
    pub(super) fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    fn style(&self, template: &str) {
        let counters = Arc::clone(&self.counters);
        let state = move |state: &ProgressState, into: &mut dyn std::fmt::Write| {
            let line = lock(&counters).line(Instant::now(), state.per_sec());
            // A line that can't be drawn is drawn the next time.
            let _ = into.write_str(&line);
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style.progress_chars("=> ").with_key("state", state));
    }
}

fn print_lines(bar: ProgressBar, counters: Arc<Mutex<Counters>>) -> Lines {
    let (stop, stopped) = channel();
    let thread = std::thread::spawn(move || {
        while stopped.recv_timeout(BETWEEN_LINES) == Err(RecvTimeoutError::Timeout) {
            let mut line = lock(&counters).line(Instant::now(), bar.per_sec());
            let _ = line.write_char('\n');
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
        }
    });
    Lines { stop, thread }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
