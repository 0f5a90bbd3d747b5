//! The pacer on paused time.

mod ceilings;
mod edges;
mod gates;
mod long_imports;
mod rates;
mod simulation;
mod windows;

use std::time::Duration;

use super::{Grant, Pacer, PacerSettings, Rate, Server, Signal};
use crate::outcome::LimitHeaders;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn pacer(rate: &str, server: Server) -> Pacer {
    let rate: Rate = rate.parse().unwrap();
    Pacer::new(PacerSettings { rate, server, burst: 16, max_outage: 15 * MINUTE })
}

fn bare() -> LimitHeaders {
    LimitHeaders::default()
}

fn retry_after(value: &str) -> LimitHeaders {
    LimitHeaders { retry_after: vec![value.to_owned()], ..bare() }
}

/// How many permits there are at once.
fn permits(pacer: &Pacer, wanted: usize) -> usize {
    match pacer.take(wanted) {
        Grant::Permits(permits) => permits.get(),
        Grant::Wait(_) => 0,
    }
}

/// Sends one request that is answered so.
async fn exchange(pacer: &Pacer, signal: Signal, headers: &LimitHeaders) -> Result<(), super::GiveUp> {
    pacer.permit().await?;
    pacer.observe(signal, headers)
}
