//! Rosters as people really have them, end to end.

mod presets;
mod settings;
