//! The tests from outside: one binary, a file per command, data-driven over all providers.

mod harness;
mod replay;
mod vectors;
