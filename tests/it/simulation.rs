//! Random schedules of the core on paused time against a model.
