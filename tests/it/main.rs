//! The command and the library, from outside. One binary, so that it links once.

#[cfg(test)]
#[cfg(all(feature = "cli", feature = "sandbox"))]
mod cli;
