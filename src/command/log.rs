//! `webhook log`.

use super::World;
use crate::cli::{GlobalArgs, LogArgs};
use crate::exit::{Outcome, Trouble};

/// Runs the command.
pub fn run(args: LogArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
