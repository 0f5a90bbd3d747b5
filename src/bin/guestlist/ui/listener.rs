//! Listens to a run: for the bar, for programs, and for the summary at its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use guestlist::event::{Event, Observer};

use super::decisions::roster_note;
use super::{InvalidRows, Line, Ui, text};

/// Programs hear of progress at most so often.
const BETWEEN_PROGRESS: Duration = Duration::from_secs(1);

pub(crate) struct Listener {
    ui: Arc<Ui>,
    invalid: Mutex<InvalidRows>,
    told: Mutex<Option<Instant>>,
}

impl Listener {
    pub(crate) fn new(ui: Arc<Ui>) -> Self {
        Self { ui, invalid: Mutex::default(), told: Mutex::default() }
    }

    /// The invalid rows so far.
    pub(crate) fn take_invalid(&self) -> InvalidRows {
        std::mem::take(&mut *self.invalid.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn may_tell_progress(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|told| told.elapsed() >= BETWEEN_PROGRESS);
        if due {
            *told = Some(Instant::now());
        }
        due
    }
}

impl Observer for Listener {
    fn on(&self, event: &Event<'_>) {
        let counts = self.ui.progress(event);
        match event {
            Event::Invalid(error) => {
                self.invalid.lock().unwrap_or_else(PoisonError::into_inner).add(error);
                self.ui.line(&Line::invalid(error));
            }
            Event::LookAlike { meeting, count, first } => {
                self.ui.note(&text::look_alike(*meeting, *count, first));
                self.ui.line(&Line::look_alike(*meeting, *count, first));
            }
            Event::RosterRead(report) => {
                self.ui.line(&Line::roster(report));
                if let Some(note) = roster_note(report) {
                    self.ui.note(&note);
                }
            }
            Event::Recorded(_) if self.may_tell_progress() => self.ui.line(&Line::Progress(counts)),
            event => {
                if let Some(line) = Line::of_event(event) {
                    self.ui.line(&line);
                }
            }
        }
    }
}
