//! `webhook replay` from outside.

mod course;
mod interrupting;
mod large;
mod logged;
mod selecting;
mod shaping;
mod signing;
