//! `webhook log diff`: how two deliveries differ.

use super::super::line::Line;
use super::super::{Setup, World, select};
use crate::cli::LogDiff;
use crate::exit::{CliError, Outcome};
use crate::report::{diff, diff_text};

/// Compares two deliveries: yes where nothing differs.
pub fn run(args: &LogDiff, setup: &Setup, world: &World) -> Result<Outcome, CliError> {
    let reader = setup.existing_log()?.reader()?;
    let left = select::find(&reader, &args.left)?;
    let right = select::find(&reader, &args.right)?;
    let diff = diff::diff(&left, &right);
    if args.json {
        world.console.json(&Line::new("diff", &diff).to_json()?)?;
    } else {
        world.console.data(&diff_text(&diff))?;
    }
    Ok(Outcome::of(diff.is_empty()))
}
