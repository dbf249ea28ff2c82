//! The tests from outside: one binary, a file per command, data-driven over all providers.

mod architecture;
mod harness;
mod replay;
mod vectors;
