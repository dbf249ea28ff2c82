//! One file per subcommand: it builds the parts, calls one composer, and says how it ended.

mod captures;
mod catalog;
mod edit;
mod emulate;
mod inspect;
mod junit;
mod listen;
mod log;
mod policy;
mod providers;
mod replay;
mod request;
mod select;
mod send;
mod setup;
mod shape;
mod sign;
mod signal;
mod test;
mod verify;

use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::cli::{Cli, ColorWhen, Command, GlobalArgs};
use crate::config::{Config, Environment};
use crate::console::Console;
use crate::delivery::Timestamp;
use crate::exit::{CliError, Outcome};

pub use setup::describe;

/// What a command finds around it: the streams, the clock, the folder it runs in.
#[derive(Debug, Clone)]
pub struct World {
    /// The two streams.
    pub console: Console,
    /// The folder in which the program runs.
    pub folder: PathBuf,
    /// How this program is called: `webhook`.
    pub program: String,
    /// The clock.
    pub clock: fn() -> Timestamp,
    /// Notes on what is about to be done, which are not said where it fails before.
    pub notes: Arc<Mutex<Vec<String>>>,
}

impl World {
    /// Keeps a note until [`World::begin`].
    pub fn note_later(&self, text: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(text);
    }

    /// Says the notes: nothing is wrong with what was asked for, and the work begins.
    pub fn begin(&self) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes.drain(..) {
            self.console.note(&note);
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// The streams, coloured as flag, environment and configuration say.
pub fn console(global: &GlobalArgs, folder: &Path) -> Console {
    let config = Config::load(global, Environment::of_process(), folder);
    // A configuration that cannot be read is told of by the command that needs it.
    let configured = config.map(|config| config.color(global.color).value);
    let choice = configured.ok().or(global.color);
    let choice = match choice {
        None | Some(ColorWhen::Auto) => anstream::ColorChoice::Auto,
        Some(ColorWhen::Always) => anstream::ColorChoice::Always,
        Some(ColorWhen::Never) => anstream::ColorChoice::Never,
    };
    Console::new(choice, global.detail())
}

/// Runs what was typed.
pub fn run(cli: Cli, world: &World) -> Result<Outcome, CliError> {
    let global = cli.global;
    match cli.command {
        Command::Listen(args) => listen::run(&args, &global, world),
        Command::Send(args) => send::run(&args, &global, world),
        Command::Sign(args) => sign::run(&args, &global, world),
        Command::Verify(args) => verify::run(&args, &global, world),
        Command::Replay(args) => replay::run(&args, &global, world),
        Command::Test(args) => test::run(&args, &global, world),
        Command::Emulate(args) => emulate::run(&args, &global, world),
        Command::Inspect(args) => inspect::run(&args, &global, world),
        Command::Log(args) => log::run(args, &global, world),
        Command::Events(args) => catalog::events(&args, &global, world),
        Command::Providers(args) => providers::run(&args, &global, world),
        Command::Config {
            key,
            json,
            env_file,
        } => catalog::config(key.as_deref(), json, env_file.as_deref(), &global, world),
        Command::Completions { shell } => catalog::completions(shell, world),
        Command::Man { command, output } => catalog::man(&command, output.as_deref(), world),
    }
}

/// Ends a run where what its observer had to print could not be printed, and remembers why.
fn go_on(unprinted: &mut Option<CliError>, printed: Result<(), CliError>) -> ControlFlow<()> {
    match printed {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            unprinted.get_or_insert(error);
            ControlFlow::Break(())
        }
    }
}

/// What requests are sent on. On a machine of one core another thread would gain nothing, and each
/// answer would wake one.
fn sending_runtime() -> Result<tokio::runtime::Runtime, CliError> {
    match thread::available_parallelism().map_or(1, NonZero::get) {
        1 => start(&mut tokio::runtime::Builder::new_current_thread()),
        _ => runtime(),
    }
}

/// The threads on which sockets are served.
fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    start(&mut tokio::runtime::Builder::new_multi_thread())
}

fn start(builder: &mut tokio::runtime::Builder) -> Result<tokio::runtime::Runtime, CliError> {
    let started = builder.enable_all().build();
    started.map_err(|error| CliError::unreadable(format!("cannot start threads: {error}")))
}
