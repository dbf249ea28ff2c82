//! `webhook replay`: sends logged deliveries again, so that they pass the receiver's checks.

mod course;
mod endpoints;
mod pace;
mod plan;
mod run;
mod source;

use super::World;
use super::request;
use super::setup::{Setup, client};
use crate::cli::{GlobalArgs, ReplayArgs, SelectArgs, ShowAs, SignMode};
use crate::delivery::{Signing, Status, Verdict};
use crate::dispatch::Dispatch;
use crate::exit::{CliError, Outcome};
use crate::http::Target;
use crate::provider::Keyring;
use endpoints::Endpoints;
use source::Source;

/// What all sendings of a replay have in common.
struct Replay<'a> {
    args: &'a ReplayArgs,
    setup: &'a Setup,
    world: &'a World,
    keyring: Keyring,
}

impl Replay<'_> {
    /// How to give the secret of a provider. The local development secret is never assumed here, as
    /// deliveries of others are replayed too, but whoever has one may have meant it.
    fn how_to_give_secret(&self, provider: &str) -> String {
        let local = self.setup.config.paths.local_secret_file();
        match local.filter(|path| path.exists()) {
            Some(path) => format!(
                "`--secret {provider}=…` (`--secret-file {}` is the local development secret)",
                path.display()
            ),
            None => format!("`--secret {provider}=…`"),
        }
    }
}

/// Runs the command.
pub fn run(args: &ReplayArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    check(args)?;
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), world)?;
    let keyring = setup.keyring(&args.secrets)?;
    let url = setup.config.url(args.url.clone())?.value;
    let given = url.map(|url| Target::parse(&url)).transpose()?;
    let replay = Replay {
        args,
        setup: &setup,
        world,
        keyring,
    };
    let source = Source::open(&replay)?;
    let endpoints = Endpoints::resolve(given, &source)?;
    if args.dry_run {
        return print(&replay, &source, &endpoints);
    }
    let dispatch = Dispatch::new(client(&args.connect)?, source.writer()?, world.clock);
    super::runtime()?.block_on(run::send(&replay, &source, &endpoints, &dispatch))
}

/// Refuses flags that contradict each other, before anything is read or sent.
fn check(args: &ReplayArgs) -> Result<(), CliError> {
    if args.sign == Some(SignMode::Keep) && args.changes() {
        let trouble = CliError::usage("`--sign keep` cannot go with a changed body");
        return Err(trouble.hint("a changed body needs a fresh signature: leave `--sign` out"));
    }
    if args.from.is_some() && args.select != SelectArgs::default() {
        let trouble = CliError::usage("filters select from the log, not from `--from`");
        return Err(trouble.hint("`webhook log import FILE` puts its captures into the log"));
    }
    Ok(())
}

/// Prints what would be sent in place of sending it.
fn print(replay: &Replay<'_>, source: &Source, endpoints: &Endpoints) -> Result<Outcome, CliError> {
    let form = if replay.args.json {
        ShowAs::Json
    } else {
        ShowAs::Http
    };
    for item in source.items() {
        let mut plan = plan::make(replay, endpoints, source.read(item)?)?;
        if plan.signing == Signing::Fresh {
            // As a receiver would log it: what was said of the original does not hold for it.
            plan.delivery.received_at = replay.world.now();
            plan.delivery.response_status = None;
            plan.delivery.verdict =
                Verdict::new(Status::Unverified).because("a dry run: nothing was sent");
        }
        request::print(
            replay.world,
            form,
            &plan.delivery,
            Some(&plan.target.to_string()),
        )?;
    }
    Ok(Outcome::Yes)
}
