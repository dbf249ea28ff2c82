//! `webhook events`, `providers`, `config` and `man`: what there is, and what is in force.

mod events;
mod facts;
mod man;
mod providers;
mod settings;

use serde::Serialize;

use super::World;
use crate::exit::Trouble;

pub use events::events;
pub use man::man;
pub use providers::providers;
pub use settings::config;

/// Prints one JSON object a line; nothing where there is none.
fn print_lines<T: Serialize>(world: &World, lines: &[T]) -> Result<(), Trouble> {
    let lines: Result<Vec<_>, _> = lines.iter().map(serde_json::to_string).collect();
    // Structs of strings and numbers; serialising them fails only where a key is no string.
    let text = lines.map_err(std::io::Error::from)?.join("\n");
    print(world, &text)
}

/// Prints a text; nothing where it is empty.
fn print(world: &World, text: &str) -> Result<(), Trouble> {
    if !text.is_empty() {
        world.console.data(text)?;
    }
    Ok(())
}
