//! What to use a sandbox with.

use guestlist::sandbox::{Connection, Stats};

use super::{count, counted};

/// Lines to paste into another terminal.
pub(crate) fn sandbox(connection: &Connection<'_>) -> String {
    let meeting = connection.meeting_id.map_or_else(String::new, |meeting| meeting.to_string());
    format!(
        "# A local RealtimeKit is running; Ctrl-C ends it. To use it, paste this into another terminal.\n\
         export CLOUDFLARE_BASE_URL={}\n\
         export CLOUDFLARE_ACCOUNT_ID={}\n\
         export REALTIMEKIT_APP_ID={}\n\
         export REALTIMEKIT_MEETING_ID={meeting}\n\
         export CLOUDFLARE_API_TOKEN={}\n\
         # A journal belongs to one API: a try needs one of its own.\n\
         export GUESTLIST_JOURNAL=sandbox-journal.db\n\
         # Presets: {}\n",
        connection.api_url,
        connection.account_id,
        connection.app_id,
        connection.api_token,
        connection.presets.join(", "),
    )
}

/// What happened while it ran.
pub(crate) fn sandbox_stats(stats: &Stats) -> String {
    format!(
        "{} received, {} held, {}; {} refused as too many",
        counted(stats.adds_received, "add", "adds"),
        counted(stats.participants, "participant", "participants"),
        counted(stats.duplicates, "duplicate", "duplicates"),
        count(stats.throttled)
    )
}
