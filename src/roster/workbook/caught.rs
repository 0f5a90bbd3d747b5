//! Panics of a library on a hostile file: an error of that file, not the end of the program.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::WorkbookError;

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread would be caught and told as an error of a roster: a panic hook has nothing to say
/// about it then.
pub fn panics_are_caught() -> bool {
    CAUGHT.get()
}

/// Runs `read` and makes an error of its panic.
pub(super) fn caught<T>(read: impl FnOnce() -> Result<T, WorkbookError>) -> Result<T, WorkbookError> {
    let outer = CAUGHT.replace(true);
    // Whatever `read` has left half done is dropped with it: nothing of it is looked at again.
    let result = catch_unwind(AssertUnwindSafe(read));
    CAUGHT.set(outer);
    result.unwrap_or_else(|_| Err(WorkbookError::damaged("its parts contradict each other")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_nothing_else() {
        let result = caught(|| {
            assert!(panics_are_caught());
            let nothing: [u8; 0] = [];
            Ok(nothing[std::hint::black_box(3)])
        });
        assert!(matches!(result, Err(WorkbookError::Damaged(_))));
        assert!(!panics_are_caught());
    }
}
