//! The library in a program of your own: imports the example roster into a sandbox. `cargo run --example embed`
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, path::Path, sync::Arc};

use guestlist::api::{HttpApi, HttpSettings};
use guestlist::dispatch::{RunClock, RunContext};
use guestlist::event::Silent;
use guestlist::import::{ImportSettings, import};
use guestlist::journal::Journal;
use guestlist::model::Target;
use guestlist::pacer::{Pacer, PacerSettings, Server};
use guestlist::roster::{Caps, DefaultMeeting, ReadOptions, RosterSource};
use guestlist::sandbox::{Sandbox, SandboxSettings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start(SandboxSettings::default()).await?;
    let account = sandbox.connection();
    let target = Target::new(account.account_id, account.app_id)?;
    let http = HttpSettings::new(account.api_url.parse()?, target.clone(), account.api_token.parse()?);
    let default_meeting = account.meeting_id.map_or(DefaultMeeting::Missing, DefaultMeeting::Given);
    let roster = RosterSource::open(Path::new("examples/attendees.csv"), Caps::default())?;
    let settings =
        ImportSettings::new(target, vec![roster], ReadOptions { default_meeting, ..Default::default() });
    let folder = tempfile::tempdir()?; // a real one keeps its journal: it is what a rerun knows of the first run
    let clock = RunClock::starting_at(jiff::Timestamp::now());
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, &http.api_url.origin(), "embed", || clock.now())?;
    let api = Arc::new(HttpApi::new(&http)?);
    let pacer = Pacer::new(PacerSettings::new(Server::Loopback));
    let (observer, cancel) = (Arc::new(Silent), Default::default());
    let report = import(settings, RunContext { api, pacer, journal, clock, observer, cancel }).await?;
    println!("{:#?}", report.summary.tally);
    Ok(())
}
