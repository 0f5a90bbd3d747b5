//! Other clients of the same API against our sandbox.
