//! The tests from outside: one binary, a file per command, data-driven over all providers.

mod architecture;
mod broken;
mod catalog;
mod check;
mod completion;
mod credentials;
mod errors;
mod examples;
mod faults;
mod fidelity;
mod handler;
mod harness;
mod listen;
mod log;
mod network;
mod peers;
mod pipes;
mod receive;
mod replay;
mod sections;
mod send;
mod serve;
mod sign;
mod terminal;
mod vectors;
mod verify;
