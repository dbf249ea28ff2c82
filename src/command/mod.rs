//! One file per subcommand: it builds the parts, calls one composer, and says how it ended.

mod catalog;
mod completion;
mod listen;
mod log;
mod replay;
mod send;
mod setup;
mod verify;

use std::path::PathBuf;

use crate::cli::{Cli, ColorWhen, Command};
use crate::console::Console;
use crate::delivery::Timestamp;
use crate::exit::{Outcome, Trouble};

pub use completion::complete_from_environment;
pub use setup::{Setup, describe};

/// What a command finds around it: the streams, the clock, the folder it runs in.
#[derive(Debug, Clone)]
pub struct World {
    /// The two streams.
    pub console: Console,
    /// The folder in which the program runs.
    pub folder: PathBuf,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

impl World {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// The streams for a choice of colours; `auto` where none was made.
pub fn console(color: Option<ColorWhen>) -> Console {
    Console::new(match color {
        None | Some(ColorWhen::Auto) => anstream::ColorChoice::Auto,
        Some(ColorWhen::Always) => anstream::ColorChoice::Always,
        Some(ColorWhen::Never) => anstream::ColorChoice::Never,
    })
}

/// Runs what was typed.
pub fn run(cli: Cli, world: &World) -> Result<Outcome, Trouble> {
    let global = cli.global;
    match cli.command {
        Command::Listen(args) => listen::run(args, &global, world),
        Command::Send(args) => send::run(args, &global, world),
        Command::Verify(args) => verify::run(&args, &global, world),
        Command::Replay(args) => replay::run(args, &global, world),
        Command::Log(args) => log::run(args, &global, world),
        Command::Events(args) => catalog::events(&args, &global, world),
        Command::Providers(args) => catalog::providers(&args, &global, world),
        Command::Config(args) => catalog::config(&args, &global, world),
        Command::Completions(args) => completion::script(args.shell, world),
        Command::Man(args) => catalog::man(&args, world),
    }
}
