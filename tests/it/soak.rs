//! The long part: kills, schedules and power cuts by the thousand.
