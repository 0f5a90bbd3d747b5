//! Canaries: what is secret appears nowhere.
