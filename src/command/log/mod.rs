//! `webhook log`: one file per subcommand.

mod diff;
mod export;
mod import;
mod list;
mod output;
mod prune;
mod show;
mod tail;

use super::{Setup, World};
use crate::cli::{GlobalArgs, LogArgs, LogCommand, SelectArgs};
use crate::exit::{CliError, Outcome};

/// Runs the command.
pub fn run(args: LogArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    if args.command.is_some() && (args.json || args.select != SelectArgs::default()) {
        // Clap can forbid it, but then forbids `--log PATH` before a subcommand as well.
        let message = "`--json` and filters before a subcommand of `log` mean nothing to it";
        return Err(
            CliError::usage(message).hint("put them behind it: `webhook log show ID --json`")
        );
    }
    let env_file = match &args.command {
        Some(LogCommand::Import(args)) => args.secrets.env_file.as_deref(),
        _ => None,
    };
    let setup = Setup::load(global, env_file, world)?;
    match args.command {
        None => list::run(&args.select, args.json, &setup, world),
        Some(LogCommand::Show(args)) => show::run(&args, &setup, world),
        Some(LogCommand::Tail(args)) => tail::run(&args, &setup, world),
        Some(LogCommand::Export(args)) => export::run(&args, &setup, world),
        Some(LogCommand::Import(args)) => import::run(&args, &setup, world),
        Some(LogCommand::Diff(args)) => diff::run(&args, &setup, world),
        Some(LogCommand::Prune(args)) => prune::run(&args, &setup, world),
    }
}
