//! `webhook replay`.

use super::World;
use crate::cli::{GlobalArgs, ReplayArgs};
use crate::exit::{Outcome, Trouble};

/// Runs the command.
pub fn run(args: ReplayArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
