//! The official SDK, installed once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What is installed, from PyPI or whatever index pip is told of.
const SDK: &str = "cloudflare==5.9.0";

/// A Python that has the SDK; `None` where it can't be had: then this line is on standard error, which the test harness
/// doesn't capture, so that a skipped test is never taken for a passed one.
pub(super) fn python(test: &str) -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(install) {
        Ok(python) => Some(python),
        Err(why) => {
            assert!(!is_required(), "GUESTLIST_REQUIRE_SDK is set, but {SDK} can't be installed: {why}");
            let skipped = format!("\nSKIPPED {test}: {SDK} can't be installed: {why}\n");
            io::stderr().write_all(skipped.as_bytes()).unwrap();
            None
        }
    }
}

/// The script, and what it is to do.
pub(super) fn script(python: &Path, task: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/clients/official_sdk.py")).arg(task);
    // A proxy of this machine's is none of the sandbox's business.
    command.env("NO_PROXY", "127.0.0.1").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Makes the virtual environment, unless an earlier run has; others that want to meanwhile wait.
fn install() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sdk-{}", SDK.replace("==", "-")));
    let (python, complete) = (home.join("bin/python"), home.join("complete"));
    let failed = |error: io::Error| error.to_string();
    let lock = File::create(home.with_extension("lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    if !complete.exists() || run(Command::new(&python).args(["-c", "import cloudflare"])).is_err() {
        let _ = fs::remove_dir_all(&home);
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        let quietly = ["--quiet", "--disable-pip-version-check", "--no-input", "--timeout=20", "--retries=1"];
        run(Command::new(&python).args(["-m", "pip", "install"]).args(quietly).arg(SDK))?;
        File::create(complete).map_err(failed)?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let said =
        String::from_utf8_lossy(if output.stderr.is_empty() { &output.stdout } else { &output.stderr });
    if output.status.success() {
        Ok(())
    } else {
        Err(said.trim().lines().last().unwrap_or_default().to_owned())
    }
}

#[expect(clippy::disallowed_methods, reason = "a setting of the tests")]
fn is_required() -> bool {
    std::env::var("GUESTLIST_REQUIRE_SDK").is_ok_and(|value| value == "1")
}
