//! What is told of a panic: where it happened, and its message only if it stands in the code as it is. One that was put
//! together may hold a guest's name or a token. Of one that ends as an error of a roster nothing is told.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::{PanicHookInfo, set_hook};

use guestlist::roster::panics_are_caught;

/// From now on, for every thread.
pub(crate) fn withhold_messages() {
    set_hook(Box::new(|panic| {
        if panics_are_caught() {
            return;
        }
        let mut text = told(panic);
        // Asked for with RUST_BACKTRACE; it names functions, not what they hold.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            text += &format!("{trace}\n");
        }
        // Nobody is left to be told if standard error is gone.
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }));
}

fn told(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    let literal = panic.payload().downcast_ref::<&'static str>();
    let message = literal.map_or("(its message may hold what is secret, and is left out)", |message| message);
    format!("guestlist panicked{place}: {message}\n  This is a bug, please report it with these lines.\n")
}
