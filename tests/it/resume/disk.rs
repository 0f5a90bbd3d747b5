//! J: what the disk does, played by a shim between SQLite and the system.
