//! Journals that earlier versions wrote.
