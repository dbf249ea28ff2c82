//! `webhook replay`: sends logged deliveries again, so that they pass the receiver's checks.

mod plan;
mod run;
mod source;

use super::World;
use super::setup::{Setup, client};
use crate::cli::{GlobalArgs, ReplayArgs, ShowAs};
use crate::dispatch::Dispatch;
use crate::exit::{Outcome, Trouble};
use crate::http::Target;
use crate::provider::Keyring;
use source::Source;

/// What all sendings of a replay have in common.
struct Replay<'a> {
    args: &'a ReplayArgs,
    setup: &'a Setup,
    world: &'a World,
    keyring: Keyring,
    /// The endpoint for all, where one was given.
    target: Option<Target>,
}

/// Runs the command.
pub fn run(args: ReplayArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), world)?;
    let keyring = setup.keyring(&args.secrets)?;
    let url = setup.config.url(args.url.clone())?.value;
    let replay = Replay {
        target: url.map(|url| Target::parse(&url)).transpose()?,
        args: &args,
        setup: &setup,
        world,
        keyring,
    };
    let source = Source::open(&replay)?;
    if args.dry_run {
        return print(&replay, &source);
    }
    let dispatch = Dispatch::new(client(&args.connect)?, source.writer()?);
    super::runtime()?.block_on(run::send(&replay, &source, &dispatch))
}

/// Prints what would be sent in place of sending it.
fn print(replay: &Replay<'_>, source: &Source) -> Result<Outcome, Trouble> {
    let form = if replay.args.json {
        ShowAs::Json
    } else {
        ShowAs::Http
    };
    for item in source.items() {
        let plan = plan::make(replay, source, source.read(item)?)?;
        super::print_request(replay.world, form, &plan.delivery, &plan.target)?;
    }
    Ok(Outcome::Yes)
}
