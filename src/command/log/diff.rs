//! `webhook log diff`: how two deliveries differ.

use super::super::setup::existing_log;
use super::super::{World, select};
use crate::config::Setup;
use crate::exit::{CliError, Outcome};
use crate::report::{diff, diff_text};

/// Compares two deliveries: yes where nothing differs.
pub fn run(
    left: &str,
    right: &str,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let reader = existing_log(setup)?.reader()?;
    let left = select::find(world, &reader, left)?;
    let right = select::find(world, &reader, right)?;
    let diff = diff::diff(&left, &right);
    if json {
        world.console.line("diff", &diff)?;
    } else {
        let text = diff_text(&diff, world.console.width());
        world.console.data(&text)?;
    }
    Ok(Outcome::of(diff.is_empty()))
}
