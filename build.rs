//! Build information for `guestlist --version`. Works without git and in a published crate.
#![expect(clippy::disallowed_methods, reason = "how a build script speaks and listens")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Who embeds the library needs none of it.
    if env::var_os("CARGO_FEATURE_CLI").is_none() {
        return;
    }
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let rustc = output(&rustc, &["--version"]).unwrap_or_else(|| "unknown".to_owned());
    let target = env::var("TARGET").unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo::rustc-env=GUESTLIST_RUSTC={rustc}");
    println!("cargo::rustc-env=GUESTLIST_TARGET={target}");
    println!("cargo::rustc-env=GUESTLIST_COMMIT={}", commit().unwrap_or_else(|| "no commit".to_owned()));
}

/// The commit of this repository; not that of another one around a packaged copy.
fn commit() -> Option<String> {
    let root = output("git", &["rev-parse", "--show-toplevel"])?;
    if Path::new(&root).canonicalize().ok()? != env::current_dir().ok()?.canonicalize().ok()? {
        return None;
    }
    let log = output("git", &["rev-parse", "--git-path", "logs/HEAD"])?;
    // A file that isn't there would make every build run this again.
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    output("git", &["rev-parse", "--short=12", "HEAD"])
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
