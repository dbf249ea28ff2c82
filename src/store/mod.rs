//! The durable log: one SQLite file.
