//! The tests from outside: one binary, a file per command, data-driven over all providers.

mod architecture;
mod catalog;
mod completion;
mod faults;
mod harness;
mod listen;
mod log;
mod peers;
mod replay;
mod send;
mod vectors;
mod verify;
