//! `webhook log`: one file per subcommand.

mod diff;
mod export;
mod import;
mod list;
mod output;
mod prune;
mod show;
mod tail;

use super::World;
use super::setup;
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
        Some(LogCommand::Import { secrets, .. }) => secrets.env_file.as_deref(),
        _ => None,
    };
    let setup = setup::load_for(global, env_file, world, |_| args.provider().cloned())?;
    let Some(command) = args.command else {
        return list::run(&args.select, args.json, &setup, world);
    };
    match &command {
        LogCommand::Show { id, form, json } => show::run(id, *form, *json, &setup, world),
        LogCommand::Tail { select, body, json } => tail::run(select, *body, *json, &setup, world),
        LogCommand::Export {
            select,
            format,
            output,
        } => export::run(select, *format, output.as_deref(), &setup, world),
        LogCommand::Import {
            file,
            secrets,
            json,
        } => import::run(file, secrets, *json, &setup, world),
        LogCommand::Diff { left, right, json } => diff::run(left, right, *json, &setup, world),
        LogCommand::Prune {
            older_than,
            keep,
            json,
        } => prune::run(*older_than, *keep, *json, &setup, world),
    }
}
