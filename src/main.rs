//! Parse, run, exit.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use webhook_cli::cli::Cli;
use webhook_cli::command::{World, complete_from_environment, console, describe, run};
use webhook_cli::delivery::Timestamp;

fn main() -> ExitCode {
    complete_from_environment();
    let cli = Cli::parse();
    let folder = PathBuf::from(".");
    let world = World {
        console: console(&cli.global, &folder),
        folder,
        clock: Timestamp::now,
    };
    match run(cli, &world) {
        Ok(outcome) => outcome.into(),
        Err(trouble) => {
            if !trouble.is_closed_pipe() {
                world.console.talk(&describe(&trouble));
            }
            trouble.code().into()
        }
    }
}
