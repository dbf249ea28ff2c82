//! `webhook replay` from outside.

mod course;
mod engine;
mod interrupting;
mod large;
mod logged;
mod resuming;
mod selecting;
mod shaping;
mod signing;
