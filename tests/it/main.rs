//! The command and the library, from outside. One binary, so that it links once.

#[cfg(test)]
#[cfg(all(feature = "cli", feature = "sandbox"))]
mod cli;
#[cfg(test)]
#[cfg(all(feature = "cli", feature = "sandbox"))]
mod faults;
#[cfg(test)]
#[cfg(all(feature = "cli", feature = "sandbox"))]
mod import;
#[cfg(test)]
#[cfg(all(feature = "cli", feature = "sandbox"))]
mod resume;
#[cfg(test)]
#[cfg(all(feature = "cli", feature = "sandbox"))]
mod support;
