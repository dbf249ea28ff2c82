//! `webhook replay` from outside.

mod course;
mod endpoint;
mod interrupting;
mod large;
mod logged;
mod selecting;
mod shaping;
mod signing;
