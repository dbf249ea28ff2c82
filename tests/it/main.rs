//! The tests from outside: one binary, a file per command, data-driven over all providers.

mod catalog;
mod check;
mod completion;
mod harness;
mod log;
mod vectors;
mod verify;
