//! `webhook send`: forges events, signs them, and exits by the answers.

mod check;
mod deliver;
mod dry_run;
mod letter;
mod load;
mod schedule;
mod timetable;

pub use deliver::outcome_of;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::World;
use super::request::LISTENER;
use super::setup::{Setup, Side, client, moment};
use crate::cli::{GlobalArgs, SendArgs};
use crate::delivery::Timestamp;
use crate::dispatch::Dispatch;
use crate::exit::{CliError, Outcome};
use crate::http::Target;
use crate::provider::{Keyring, Provider};
use crate::signature::Key;
use letter::Given;

/// An event to send, as its provider.
#[derive(Clone, Copy)]
struct Order<'a> {
    provider: &'a Provider,
    event: &'a str,
    key: &'a Key,
}

/// What all sendings of a run have in common.
struct Run<'a> {
    args: &'a SendArgs,
    setup: &'a Setup,
    world: &'a World,
    target: Target,
    given: Given,
}

impl Run<'_> {
    /// The moment that was given, else now.
    fn moment(&self) -> Timestamp {
        let now = self.world.now();
        let given = self.args.shape.timestamp;
        given.map_or(now, |typed| moment(typed, now))
    }
}

/// Runs the command.
pub fn run(args: &SendArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    check::flags(args)?;
    check::time(args, world.now())?;
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), world)?;
    let wanted = wanted(args, &setup, world)?;
    let keyring = setup.keyring_or_local(&args.secrets, Side::Sender, world)?;
    let orders = orders(&wanted, &keyring)?;
    check::headers(args, &orders)?;
    let run = Run {
        given: Given::read(&args.shape)?,
        target: target(args, &setup)?,
        args,
        setup: &setup,
        world,
    };
    let mut random = match args.shape.seed {
        Some(seed) => StdRng::seed_from_u64(seed),
        None => rand::make_rng(),
    };
    if args.dry_run {
        return dry_run::print(&run, &orders, &mut random);
    }
    let dispatch = Dispatch::new(client(&args.connect)?, None, world.clock);
    super::runtime()?.block_on(async {
        if check::is_load(args) {
            return load::send(&run, &orders, dispatch, random).await;
        }
        deliver::send_all(&run, &orders, &dispatch, &mut random).await
    })
}

fn target(args: &SendArgs, setup: &Setup) -> Result<Target, CliError> {
    let url = setup.config.url(args.url.clone())?.value;
    match url {
        Some(url) => Ok(Target::parse(&url)?),
        None if args.dry_run => Ok(Target::parse(LISTENER)?),
        None => Err(CliError::usage("no endpoint to send to").hint(format!(
            "give `--url {LISTENER}`, or set WEBHOOK_URL, or `--dry-run`"
        ))),
    }
}

/// The events that were asked for, each with its provider.
fn wanted<'a>(
    args: &'a SendArgs,
    setup: &'a Setup,
    world: &World,
) -> Result<Vec<(&'a Provider, &'a str)>, CliError> {
    let chosen = setup.chosen_provider(args.provider.as_deref())?;
    if args.all {
        let provider =
            chosen.ok_or_else(|| needs_provider("`--all` sends every event of a provider"))?;
        return Ok(provider
            .event_names()
            .map(|event| (provider, event))
            .collect());
    }
    if args.event.is_empty() {
        let provider =
            chosen.ok_or_else(|| needs_provider("`--body` alone does not tell whose it is"))?;
        return Ok(vec![(provider, "")]);
    }
    let one = |event: &'a String| one_event(event, chosen, args, setup, world);
    args.event.iter().map(one).collect()
}

fn needs_provider(message: &str) -> CliError {
    CliError::usage(message).hint("say which: `--provider NAME`")
}

fn one_event<'a>(
    event: &'a str,
    chosen: Option<&'a Provider>,
    args: &SendArgs,
    setup: &'a Setup,
    world: &World,
) -> Result<(&'a Provider, &'a str), CliError> {
    if let Some(provider) = chosen {
        // A body of the user's may be an event that no fixture exists for.
        if args.shape.body.is_none() && !provider.has_event(event) {
            return Err(setup.unknown_event_of(provider, event));
        }
        return Ok((provider, event));
    }
    let having: Vec<_> = setup.catalogue.with_event(event).collect();
    let [first, others @ ..] = having.as_slice() else {
        return Err(setup.unknown_event(event));
    };
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|provider| provider.name()).collect();
        world.console.note(&format!(
            "sending `{event}` as {}; also an event of {}: choose with `--provider`",
            first.name(),
            names.join(", ")
        ));
    }
    Ok((first, event))
}

fn orders<'a>(
    wanted: &[(&'a Provider, &'a str)],
    keyring: &'a Keyring,
) -> Result<Vec<Order<'a>>, CliError> {
    let order = |&(provider, event): &(&'a Provider, &'a str)| {
        let key = keyring.keys(provider.name()).first().ok_or_else(|| {
            CliError::usage(format!("no secret for `{}`", provider.name()))
                .hint(format!("give it: `--secret {}=…`", provider.name()))
        })?;
        Ok(Order {
            provider,
            event,
            key,
        })
    };
    wanted.iter().map(order).collect()
}
