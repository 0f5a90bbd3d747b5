//! Deliberately broken builds: each makes a named fault test fail.
#![cfg(feature = "sabotage")]
