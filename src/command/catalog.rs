//! `webhook events`, `providers`, `config` and `man`: what there is, and what is in force.

mod events;
mod facts;
mod man;
mod providers;
mod settings;

use serde::Serialize;

use super::World;
use super::line::Line;
use crate::exit::CliError;

pub use events::events;
pub use man::man;
pub use providers::providers;
pub use settings::config;

/// Prints one JSON object of this kind a line; nothing where there is none.
fn print_lines<T: Serialize>(
    world: &World,
    kind: &'static str,
    lines: &[T],
) -> Result<(), CliError> {
    let line = |fields| Line::new(kind, fields).to_json();
    let lines = lines.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    if !lines.is_empty() {
        world.console.json(&lines.join("\n"))?;
    }
    Ok(())
}

/// Prints a text; nothing where it is empty.
fn print(world: &World, text: &str) -> Result<(), CliError> {
    if !text.is_empty() {
        world.console.data(text)?;
    }
    Ok(())
}
