//! The tests from outside: one binary, a file per command, data-driven over all providers.

mod faults;
mod harness;
mod listen;
mod vectors;
