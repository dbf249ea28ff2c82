//! Parse, run, exit.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{ColorChoice, ValueEnum as _};
use webhook_cli::cli::{Cli, ColorWhen, GlobalArgs, join_keys, usage};
use webhook_cli::command::{World, console, describe, run};
use webhook_cli::completion::complete_from_environment;
use webhook_cli::config::{self, ParseError};
use webhook_cli::delivery::Timestamp;
use webhook_cli::exit::CliError;

fn main() -> ExitCode {
    complete_from_environment();
    // With a handler, a write beyond `ulimit -f` fails like one to a full disk; without, it ends the
    // program. Where none can be set, it is as it was.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    let (global, outcome) = match parse() {
        Ok(cli) => {
            let world = world(&cli.global);
            (cli.global.clone(), run(cli, &world))
        }
        Err(ParseError::Typed(error)) if is_help(&error) => error.exit(),
        Err(ParseError::Typed(error)) => (colour_alone(), Err(usage_error(&error))),
        Err(ParseError::Config(error)) => (colour_alone(), Err(error.into())),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(trouble) => {
            if !trouble.is_closed_pipe() {
                world(&global).console.message(&describe(&trouble));
            }
            trouble.code().into()
        }
    }
}

/// What was typed, and configured in its place; a page of help is an error that prints itself, in this program's colours.
fn parse() -> Result<Cli, ParseError> {
    let words = join_keys(std::env::args_os());
    let read = |colour| config::parse(colour, &words, Path::new("."));
    match read(ColorChoice::Never) {
        // Whether there are colours takes reading the configuration, and is asked for a page alone.
        Err(ParseError::Typed(error))
            if is_help(&error) && error.kind() != ErrorKind::DisplayVersion =>
        {
            if world(&colour_alone()).console.colours_stdout() {
                read(ColorChoice::Always)
            } else {
                Err(error.into())
            }
        }
        read => read,
    }
}

fn usage_error(error: &clap::Error) -> CliError {
    let words: Vec<_> = std::env::args_os().collect();
    let words = words.iter().filter_map(|word| word.to_str());
    let (message, hint) = usage::explain(error, words);
    CliError::usage(message).hint(hint)
}

/// Whether what was typed asks for a page of help, or needs one.
fn is_help(error: &clap::Error) -> bool {
    let missing = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    !error.use_stderr() || error.kind() == missing
}

/// The choice of colours of a command line that could not be read as a whole.
fn colour_alone() -> GlobalArgs {
    let words: Vec<_> = std::env::args_os().collect();
    let chosen = words.windows(2).find_map(|pair| match pair {
        [flag, when] if flag == "--color" => when.to_str(),
        [_, joined] => joined.to_str()?.strip_prefix("--color="),
        _ => None,
    });
    GlobalArgs {
        color: chosen.and_then(|when| ColorWhen::from_str(when, false).ok()),
        ..GlobalArgs::default()
    }
}

/// How this program is called, so that what it says to type can be typed.
fn program() -> String {
    // `cargo run` says so to what it runs.
    if std::env::var_os("CARGO").is_some() {
        return "cargo run --".into();
    }
    let typed = std::env::args().next();
    // One that was found on the PATH is typed without a folder.
    let is_path = |typed: &String| typed.contains('/') && !typed.contains(' ');
    typed.filter(is_path).unwrap_or_else(|| "webhook".into())
}

fn world(global: &GlobalArgs) -> World {
    let folder = PathBuf::from(".");
    World {
        console: console(global, &folder),
        folder,
        program: program(),
        clock: Timestamp::now,
        notes: Arc::default(),
    }
}
