//! `webhook events`, `providers`, `config`, `completions` and `man`: what there is, and what is in force.

mod events;
mod providers;
mod settings;

use std::path::Path;

use serde_json::Value;

use super::World;
use super::line::Line;
use crate::cli::{Shell, completion, man};
use crate::exit::{CliError, Outcome};

pub use events::events;
pub use providers::providers;
pub use settings::{config, name_of};

/// Prints one JSON object of this kind a line; nothing where there is none.
fn print_lines(
    world: &World,
    kind: &'static str,
    lines: impl Iterator<Item = Value>,
) -> Result<(), CliError> {
    let line = |fields| Line::new(kind, fields).to_json();
    let lines = lines.map(line).collect::<Result<Vec<_>, _>>()?;
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

/// Prints the script that makes a shell ask this program.
pub fn completions(shell: Shell, world: &World) -> Result<Outcome, CliError> {
    world.console.raw(&completion::script(shell)?)?;
    Ok(Outcome::Yes)
}

/// Prints the page of the program, or writes the pages of all commands.
pub fn man(folder: Option<&Path>, world: &World) -> Result<Outcome, CliError> {
    let Some(folder) = folder else {
        if world.console.prints_to_terminal() {
            let message = "a manual page is troff, which a terminal cannot show";
            let hint = "`webhook man | man -l -` reads it, `--output FOLDER` writes all pages";
            return Err(CliError::usage(message).hint(hint));
        }
        world.console.raw(&man::page_of_program()?)?;
        return Ok(Outcome::Yes);
    };
    let shown = folder.display();
    let count = man::write_pages(folder)
        .map_err(|error| CliError::unreadable(format!("cannot write into `{shown}`: {error}")))?;
    world
        .console
        .note(&format!("{count} pages written to `{shown}`"));
    Ok(Outcome::Yes)
}
