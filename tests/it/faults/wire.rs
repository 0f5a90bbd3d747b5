//! N: what happens to the bytes on their way.
