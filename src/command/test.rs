//! `webhook test`: is a handler correct?

mod guard;
mod output;
mod shortfall;

use std::cell::Cell;
use std::time::Duration;

use super::policy;
use super::setup::{self, client, client_options, first_key, keyring_or_local};
use super::{World, go_on};
use super::{shape, signal};
use crate::check::{
    CheckContext, CheckEnd, CheckEvent, EffectCounter, Planned, Runner, SelectionError,
    SideEffects, all_checks, plan, select,
};
use crate::cli::{GlobalArgs, TestArgs};
use crate::config::Setup;
use crate::delivery::{FailureKind, Timestamp, Trigger};
use crate::dispatch::{Dispatch, EndpointClient};
use crate::exit::{CliError, Outcome, Signal};
use crate::http::{Client, ClientOptions, Target};
use crate::provider::{Composer, Provider, Story};
use crate::report;
use crate::signature::Key;
use crate::store::Log;
use output::RunOutput;
use shortfall::Shortfall;

/// The shortest wait for a rate limit that is worth a line.
const TOLD_WAIT: Duration = Duration::from_secs(2);

/// Runs the command.
pub fn run(args: &TestArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let setup = setup::load_for(global, args.secrets.env_file.as_deref(), world, |config| {
        config.provider(args.provider.clone()).value
    })?;
    let provider = setup.chosen_provider(args.provider.as_deref())?;
    if args.list {
        return list(args, &setup, provider, world);
    }
    let provider = provider.ok_or_else(|| {
        CliError::usage("no provider to play")
            .hint("say which: `--provider NAME`; `webhook providers` lists them")
    })?;
    let planned = planned(args, &setup, provider)?;
    warn_of_misfits(args, provider, world);
    let keyring = keyring_or_local(Some(&[provider.name()]), &setup, &args.secrets, world)?;
    let key = first_key(&keyring, provider)?;
    let target = target(args, &setup)?;
    let played = (provider, key);
    super::runtime()?.block_on(play(args, &setup, world, played, target, planned))
}

/// Warns where what is sent is not as its event is described.
fn warn_of_misfits(args: &TestArgs, provider: &Provider, world: &World) {
    let wanted = args.event.as_deref();
    let (definition, now) = (&provider.definition, world.now());
    let story = Story { seed: 1, number: 0 };
    let names = provider.event_names();
    for name in names.filter(|name| wanted.is_none_or(|wanted| wanted == *name)) {
        if let Some(Ok(event)) = provider.event(name) {
            let document = Composer::new(definition, name, now, story).fixture(&event.data);
            let payload = document.write(definition, "/", now);
            shape::warn_of_misfits(world, provider, name, &payload.headers, &payload.body);
        }
    }
}

/// Prints the checks that would run; without a provider, those of all kinds of providers.
fn list(
    args: &TestArgs,
    setup: &Setup,
    provider: Option<&Provider>,
    world: &World,
) -> Result<Outcome, CliError> {
    let planned = if let Some(provider) = provider {
        planned(args, setup, provider)?
    } else {
        let note = "the checks for all kinds of providers; `--provider NAME` lists those of one";
        world.console.note(note);
        selected(args, all_checks(), None)?
    };
    output::list(&planned, args.json, world)
}

/// Plays the provider against the handler.
async fn play(
    args: &TestArgs,
    setup: &Setup,
    world: &World,
    (provider, key): (&Provider, &Key),
    target: Target,
    planned: Vec<Planned>,
) -> Result<Outcome, CliError> {
    world.begin();
    let mut output = RunOutput::new(args, setup, world, target.to_string(), &planned)?;
    if let Some(message) = guard::unreachable(args, &target).await? {
        let hint = report::unreachable_hint(FailureKind::Dns);
        return output.end(Some(Shortfall::unreachable(message, Some(hint))));
    }
    let endpoint = endpoint(args, setup, world.clock, provider, target)?;
    let public = args.public_url.as_ref().map(policy::origin);
    let origin = public.unwrap_or_else(|| endpoint.origin());
    let url = (origin, endpoint.request_target().to_owned());
    let effects = side_effects(args, setup, world)?;
    let context = CheckContext::new(provider, key, url, world.clock, rand::random());
    let on_wait = tell_of_wait(world);
    let runner = Runner::new(context, &endpoint, effects.as_ref(), !args.no_log, &on_wait);
    let cut = |message: &str, outcome| Shortfall::interrupted(message.to_owned(), outcome);
    match check(runner, planned, &mut output).await {
        Ok((ended, signal)) => output.end(Shortfall::of(ended, signal)),
        Err(error) if error.is_closed_pipe() => {
            let known = error.or_known(output.outcome())?;
            output.finish(Some(&cut("nobody reads the output any more", known)))
        }
        Err(error) => {
            output.finish(Some(&cut(&error.message, Outcome::No)))?;
            Err(error)
        }
    }
}

fn planned(args: &TestArgs, setup: &Setup, provider: &Provider) -> Result<Vec<Planned>, CliError> {
    let event = args.event.as_deref();
    if let Some(event) = event.filter(|event| !provider.has_event(event)) {
        return Err(setup.unknown_event_of(provider, event).into());
    }
    selected(args, plan(provider, event), Some(provider))
}

/// Those that the flags ask for.
fn selected(
    args: &TestArgs,
    planned: Vec<Planned>,
    provider: Option<&Provider>,
) -> Result<Vec<Planned>, CliError> {
    select(planned, &args.only, &args.skip).map_err(|error| {
        let of = provider.map(|of| format!("--provider {} ", of.name()));
        let of = of.unwrap_or_default();
        let hint = match &error {
            SelectionError::Unknown {
                nearest: Some(near),
                ..
            } => format!("did you mean `{near}`?"),
            _ => format!("`webhook test {of}--list` prints them"),
        };
        CliError::usage(error.to_string()).hint(hint)
    })
}

fn target(args: &TestArgs, setup: &Setup) -> Result<Target, CliError> {
    match setup.config.url(args.url.clone()).value {
        Some(url) => Ok(Target::parse(&url)?),
        None => Err(CliError::usage("no handler to test")
            .hint("give `--url http://localhost:3000/webhooks`, or set WEBHOOK_URL")),
    }
}

fn endpoint(
    args: &TestArgs,
    setup: &Setup,
    clock: fn() -> Timestamp,
    provider: &Provider,
    target: Target,
) -> Result<EndpointClient, CliError> {
    let log = if args.no_log {
        None
    } else {
        Some(Log::open(setup.config.log()?.value)?.writer()?)
    };
    let options = ClientOptions {
        fresh_connections: true,
        ..client_options(&args.connect)
    };
    let documented = provider.definition.delivery.timeout();
    let timeout = args.timeout.unwrap_or(documented);
    Ok(EndpointClient::new(
        Dispatch::new(Client::new(&options)?, log, clock),
        target,
        Trigger::Test,
        (!timeout.is_zero()).then_some(timeout),
    ))
}

/// How side effects are counted, as the flags say.
fn side_effects(
    args: &TestArgs,
    setup: &Setup,
    world: &World,
) -> Result<Option<SideEffects>, CliError> {
    let hidden = setup.config.secret_variables();
    let counter = match (&args.effects, &args.effects_url) {
        (Some(command), _) => EffectCounter::Command(command.clone()),
        (None, Some(url)) => {
            let client = client(&args.connect)?;
            EffectCounter::Url(Box::new(client), Target::parse(url)?)
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(SideEffects {
        counter,
        until: args.until.clone().map(|command| (command, args.within)),
        folder: world.folder.clone(),
        hidden: hidden.map(str::to_owned).collect(),
    }))
}

/// Tells once of a wait that a rate limit asks for, where it is long enough to be noticed.
fn tell_of_wait(world: &World) -> impl Fn(Duration) {
    let is_told = Cell::new(false);
    move |pause: Duration| {
        if pause >= TOLD_WAIT && !is_told.replace(true) {
            let seconds = pause.as_secs();
            world.console.note(&format!(
                "a rate limit asks to wait {seconds} s; each wait is as its `Retry-After` says"
            ));
        }
    }
}

/// Runs the checks and prints each; says which signal stopped them, where one did.
async fn check(
    runner: Runner<'_>,
    planned: Vec<Planned>,
    output: &mut RunOutput<'_>,
) -> Result<(CheckEnd, Option<Signal>), CliError> {
    let signals = signal::stop()?;
    let mut signal = None;
    let stop = async { signal = Some(signals.await) };
    let mut unprinted = None;
    let mut observe = |event: CheckEvent<'_>| {
        let printed = match event {
            CheckEvent::Refused(status) => {
                output.warn_of_refusal(status);
                Ok(())
            }
            CheckEvent::Finding(found) => output.add(found),
        };
        go_on(&mut unprinted, printed)
    };
    let end = runner.run(planned, &mut observe, stop).await?;
    unprinted.map_or(Ok((end, signal)), Err)
}
