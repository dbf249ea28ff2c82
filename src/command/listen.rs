//! `webhook listen`.

use super::World;
use crate::cli::{GlobalArgs, ListenArgs};
use crate::exit::{Outcome, Trouble};

/// Runs the command.
pub fn run(args: ListenArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let _ = (args, global, world);
    Ok(Outcome::No)
}
