//! A roster, end to end, over a real connection.

mod meetings;
mod rosters;
mod tokens;
