//! `webhook verify`.

use super::World;
use crate::cli::{GlobalArgs, VerifyArgs};
use crate::exit::{Outcome, Trouble};

/// Runs the command.
pub fn run(args: VerifyArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
