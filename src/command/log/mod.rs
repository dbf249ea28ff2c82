//! `webhook log`: one file per subcommand.

mod diff;
mod export;
mod import;
mod list;
mod output;
mod page;
mod prune;
mod show;
mod tail;

use super::{Setup, World};
use crate::cli::{GlobalArgs, LogArgs, LogCommand};
use crate::exit::{Outcome, Trouble};

/// Runs the command.
pub fn run(args: LogArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let setup = Setup::load(global, None, world)?;
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
