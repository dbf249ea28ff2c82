//! `webhook test`: is a handler correct?

mod guard;
mod machine;
mod output;

use std::ops::ControlFlow;

use super::World;
use super::setup::{Side, client, client_options, first_key, keyring_or_local};
use super::signal;
use crate::check::{
    CheckContext, CheckEnd, CheckEvent, Planned, Runner, SelectionError, SideEffects, plan, select,
};
use crate::cli::{GlobalArgs, TestArgs};
use crate::config::Setup;
use crate::delivery::{FailureKind, Timestamp, Trigger};
use crate::dispatch::{Dispatch, EndpointClient};
use crate::exit::{CliError, Outcome, Signal};
use crate::http::{Client, ClientOptions, Target};
use crate::provider::Provider;
use crate::report;
use crate::signature::Key;
use crate::store::Log;
use output::RunOutput;

/// Runs the command.
pub fn run(args: &TestArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), &world.folder)?;
    let provider = setup
        .chosen_provider(args.provider.as_deref())?
        .ok_or_else(|| {
            CliError::usage("no provider to play")
                .hint("say which: `--provider NAME`; `webhook providers` lists them")
        })?;
    let planned = planned(args, &setup, provider)?;
    if args.list {
        return output::list(&planned, args.json, world);
    }
    let keyring = keyring_or_local(&setup, &args.secrets, Side::Sender, world)?;
    let key = first_key(&keyring, provider)?;
    let target = target(args, &setup)?;
    super::runtime()?.block_on(async {
        if !guard::is_allowed(args, &target, world).await? {
            return Ok(Outcome::Unreachable);
        }
        let endpoint = endpoint(args, &setup, world.clock, provider, target)?;
        let mut output = RunOutput::new(args, world, endpoint.url(), planned.len());
        let end = check(
            args,
            world,
            (provider, key),
            &endpoint,
            planned,
            &mut output,
        )
        .await?;
        let summary_file = setup.config.environment.get(output::STEP_SUMMARY);
        finish(
            end,
            output,
            summary_file.map(|(path, _)| path.to_owned()),
            world,
        )
    })
}

fn planned(args: &TestArgs, setup: &Setup, provider: &Provider) -> Result<Vec<Planned>, CliError> {
    let event = args.event.as_deref();
    if let Some(event) = event.filter(|event| !provider.has_event(event)) {
        return Err(setup.unknown_event_of(provider, event).into());
    }
    let planned = plan(provider, event);
    select(planned, &args.only, &args.skip).map_err(|error| {
        let hint = match &error {
            SelectionError::Unknown {
                nearest: Some(near),
                ..
            } => format!("did you mean `{near}`?"),
            _ => format!(
                "`webhook test --provider {} --list` prints them",
                provider.name()
            ),
        };
        CliError::usage(error.to_string()).hint(hint)
    })
}

fn target(args: &TestArgs, setup: &Setup) -> Result<Target, CliError> {
    match setup.config.url(args.url.clone())?.value {
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

/// Where side effects are counted, as the flags say.
fn side_effects(args: &TestArgs, world: &World) -> Result<Option<SideEffects>, CliError> {
    Ok(match (&args.effects, &args.effects_url) {
        (Some(command), _) => Some(SideEffects::Command(command.clone(), world.folder.clone())),
        (None, Some(url)) => {
            let client = client(&args.connect)?;
            Some(SideEffects::Url(Box::new(client), Target::parse(url)?))
        }
        (None, None) => None,
    })
}

/// Runs the checks and prints each; says which signal stopped them, where one did.
async fn check(
    args: &TestArgs,
    world: &World,
    (provider, key): (&Provider, &Key),
    endpoint: &EndpointClient,
    planned: Vec<Planned>,
    output: &mut RunOutput<'_>,
) -> Result<(CheckEnd, Option<Signal>), CliError> {
    let target = endpoint.request_target().to_owned();
    let effects = side_effects(args, world)?;
    let runner = Runner {
        context: CheckContext::new(provider, key, target, world.clock, rand::random()),
        endpoint,
        effects: effects.as_ref(),
        is_kept: !args.no_log,
    };
    let signals = signal::first()?;
    let mut signal = None;
    let stop = async {
        match signals.await {
            Ok(met) => signal = Some(met),
            Err(_) => std::future::pending().await,
        }
    };
    let mut printed = Ok(());
    let mut observe = |event: CheckEvent<'_>| {
        printed = match event {
            CheckEvent::Refused(status) => {
                output.warn_of_refusal(status);
                Ok(())
            }
            CheckEvent::Finding(found) => output.add(found),
        };
        match &printed {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let end = runner.run(planned, &mut observe, stop).await?;
    printed?;
    Ok((end, signal))
}

/// Says why no check was run, in every form that was asked for.
fn none_ran(
    mut output: RunOutput<'_>,
    kind: &'static str,
    message: &str,
    hint: Option<&str>,
    summary_file: Option<String>,
    world: &World,
) -> Result<(), CliError> {
    output.not_run(kind, message);
    world.console.talk(&report::error(message, hint));
    output.finish(summary_file).map(drop)
}

/// Prints what is left to print, and says how the run ended.
fn finish(
    (end, signal): (CheckEnd, Option<Signal>),
    output: RunOutput<'_>,
    summary_file: Option<String>,
    world: &World,
) -> Result<Outcome, CliError> {
    match end {
        CheckEnd::Unreachable(failure) => {
            let hint = if failure.kind == FailureKind::Timeout {
                "it has to answer a genuine delivery first: is it busy, or does it work before it answers?"
            } else {
                "start the handler, or correct `--url`"
            };
            let kind = "unreachable";
            none_ran(
                output,
                kind,
                &failure.message,
                Some(hint),
                summary_file,
                world,
            )?;
            Ok(Outcome::Unreachable)
        }
        CheckEnd::Refused(status) => {
            let message = format!(
                "the handler answers {status} to a genuine delivery, so that no refusal proves anything"
            );
            let hint = output::hint_for(status);
            none_ran(output, "refused", &message, hint, summary_file, world)?;
            Ok(Outcome::No)
        }
        CheckEnd::Done {
            limited: Some(reason),
            ..
        } => {
            let outcome = output.finish(summary_file)?;
            let hint = "lift the limit or the lock for this check, or choose fewer: `--only`";
            world.console.talk(&report::error(&reason, Some(hint)));
            Ok(outcome.worse(Outcome::No))
        }
        CheckEnd::Done { is_gone, .. } => {
            let outcome = output.finish(summary_file)?;
            let is_lost = is_gone && outcome == Outcome::Yes;
            Ok(if is_lost {
                Outcome::Unreachable
            } else {
                outcome
            })
        }
        CheckEnd::Stopped => {
            let outcome = output.finish(summary_file)?;
            Ok(signal.map_or(outcome, Outcome::Interrupted))
        }
    }
}
