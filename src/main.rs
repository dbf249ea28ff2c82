//! Parse, run, exit.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use webhook_cli::cli::{Cli, GlobalArgs};
use webhook_cli::command::{
    World, complete_from_environment, console, describe, run, usage_trouble,
};
use webhook_cli::delivery::Timestamp;

fn main() -> ExitCode {
    complete_from_environment();
    let (global, outcome) = match Cli::try_parse() {
        Ok(cli) => {
            let world = world(&cli.global);
            (cli.global.clone(), run(cli, &world))
        }
        Err(error) if is_help(&error) => error.exit(),
        Err(error) => (GlobalArgs::default(), Err(usage_trouble(&error))),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(trouble) => {
            if !trouble.is_closed_pipe() {
                world(&global).console.talk(&describe(&trouble));
            }
            trouble.code().into()
        }
    }
}

/// Whether what was typed asks for a page of help, or needs one.
fn is_help(error: &clap::Error) -> bool {
    let missing = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    !error.use_stderr() || error.kind() == missing
}

fn world(global: &GlobalArgs) -> World {
    let folder = PathBuf::from(".");
    World {
        console: console(global, &folder),
        folder,
        clock: Timestamp::now,
    }
}
