//! `webhook send`.

use super::World;
use crate::cli::{GlobalArgs, SendArgs};
use crate::exit::{Outcome, Trouble};

/// Runs the command.
pub fn run(args: SendArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
