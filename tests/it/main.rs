//! The tests from outside: one binary, a file per command, data-driven over all providers.

mod broken;
mod catalog;
mod completion;
mod examples;
mod handler;
mod harness;
mod log;
mod vectors;
mod verify;
