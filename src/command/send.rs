//! `webhook send`: composes events, signs them, and exits by the answers.

mod check;
mod dry_run;
mod handshake;
mod output;

use bytes::Bytes;

use super::edit::Drafts;
use super::policy;
use super::request;
use super::request::LISTENER;
use super::setup::{self, client, first_key, keyring_or_local};
use super::{World, catalog, shape, signal};
use crate::cli::{GlobalArgs, SendArgs};
use crate::config::Setup;
use crate::delivery::Timestamp;
use crate::dispatch::Dispatch;
use crate::exit::{CliError, Outcome};
use crate::http::Target;
use crate::provider::{Keyring, Payload, Provider};
use crate::send::{self, EventContent, LoadOptions, Message, SendOptions, Shape};
use output::SendOutput;

/// How many deliveries of a load are under way at once where the user does not say.
const CONCURRENCY: u16 = 50;

/// Runs the command.
pub fn run(args: &SendArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    check::flags(args)?;
    shape::time(args.timestamp, world.now())?;
    let setup = setup::load_for(global, args.secrets.env_file.as_deref(), world, |config| {
        config.provider(args.provider.clone()).value
    })?;
    let drafts = Drafts::new(&setup.config, world);
    let outcome = compose_and_send(args, &setup, world, &drafts);
    drafts.end(&outcome);
    outcome
}

fn compose_and_send(
    args: &SendArgs,
    setup: &Setup,
    world: &World,
    drafts: &Drafts<'_>,
) -> Result<Outcome, CliError> {
    let wanted = wanted(args, setup, world)?;
    let played: Vec<_> = wanted.iter().map(|(of, _)| of.name()).collect();
    let keyring = keyring_or_local(Some(&played), setup, &args.secrets, world)?;
    let messages = match &args.handshake {
        Some(name) => handshake::messages(name.as_deref(), args, setup, &keyring)?,
        None => event_messages(args, setup, world, &wanted, &keyring)?,
    };
    let clock = || {
        let now = world.now();
        let given = args.timestamp;
        given.map_or(now, |typed| typed.seen_from(now))
    };
    let options = options(args, setup, world, &clock)?;
    let seed = args.seed.unwrap_or_else(rand::random);
    let composed = if check::is_load(args) {
        Vec::new()
    } else {
        compose(args, drafts, &options, &messages, seed, world)?
    };
    world.begin();
    let client = client(&args.connect)?;
    if args.dry_run {
        return dry_run::print(args, world, &options, &composed);
    }
    let dispatch = Dispatch::new(client, None, world.clock);
    let events = (messages.as_slice(), composed);
    let sending = send_all(args, world, &options, events, &dispatch, seed);
    super::sending_runtime()?.block_on(sending)
}

/// Sends what was composed, or makes a load of `messages` where nothing was; prints what happens.
async fn send_all(
    args: &SendArgs,
    world: &World,
    options: &SendOptions<'_>,
    (messages, composed): (&[Message<'_>], Vec<(Message<'_>, Payload)>),
    dispatch: &Dispatch,
    seed: u64,
) -> Result<Outcome, CliError> {
    let stop = signal::stop()?;
    let load = check::is_load(args).then(|| LoadOptions {
        count: args.count,
        duration: args.duration,
        rate: args.rate,
        concurrency: args.concurrency.unwrap_or(CONCURRENCY),
    });
    let planned = load.and_then(|load| load.planned(messages.len()));
    let bar = load.map(|_| world.console.load_bar(planned));
    let mut output = SendOutput::new(args, world, bar);
    let observer = &mut |event: send::SendEvent<'_>| output.observe(event);
    let ended = if let Some(load) = load {
        let sent = send::load(options, load, messages, dispatch, seed, observer, stop).await;
        output.end(sent).and_then(|report| {
            output.report_load(&report, planned)?;
            Ok(report.stopped_by)
        })
    } else {
        let sent = send::send(options, composed, dispatch, observer, stop).await;
        output.end(sent).and_then(|report| {
            output.summarize()?;
            Ok(report.stopped_by)
        })
    };
    match ended {
        Ok(stopped_by) => Ok(output.outcome(stopped_by)),
        Err(error) => error.or_known(output.outcome(None)),
    }
}

fn options<'a>(
    args: &SendArgs,
    setup: &Setup,
    world: &World,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
) -> Result<SendOptions<'a>, CliError> {
    let target = target(args, setup, world)?;
    request::refuse_two_authorizations(&args.header, &target)?;
    Ok(SendOptions {
        target,
        origin: args.public_url.as_ref().map(policy::origin),
        shape: Shape {
            id: args.id.clone(),
            set: shape::parse_assignments(&args.set)?,
            can_add: args.add,
            unset: shape::parse_paths(&args.unset)?,
            headers: args.header.iter().cloned().collect(),
        },
        fault: args.fault,
        retry_speed: args.retry.then(|| args.speed.unwrap_or(1.0)),
        timeout: args.timeout,
        clock,
    })
}

/// Composes all events of a run before the first is sent, so that what is wrong with one leaves
/// nothing half sent.
fn compose<'a>(
    args: &SendArgs,
    drafts: &Drafts<'_>,
    options: &SendOptions<'_>,
    messages: &[Message<'a>],
    seed: u64,
    world: &World,
) -> Result<Vec<(Message<'a>, Payload)>, CliError> {
    let one = |(number, message): (usize, &Message<'a>)| {
        let composed = options.compose(message, Message::story(messages, seed, number));
        let mut payload = composed.map_err(|error| CliError::of_send(error, args.add))?;
        if args.edit {
            let definition = &message.provider.definition;
            let body = match message.content {
                EventContent::Body(_) => drafts.edit(&payload.body),
                _ => drafts.edit_document(&payload.body),
            }?;
            payload.set_body(body, definition);
            if let Some(fault) = options.fault {
                let checked = fault.check(definition, &payload.body);
                checked.map_err(|error| CliError::of_send(error.into(), args.add))?;
            }
        }
        if message.handshake().is_none() {
            shape::warn_of_body(world, message.provider, &payload.body);
            let (provider, headers) = (message.provider, &payload.headers);
            shape::warn_of_misfits(world, provider, message.event, headers, &payload.body);
        }
        Ok((message.clone(), payload))
    };
    messages.iter().enumerate().map(one).collect()
}

/// The endpoint that is configured, else where `webhook listen` listens unless it is told otherwise.
fn target(args: &SendArgs, setup: &Setup, world: &World) -> Result<Target, CliError> {
    let url = setup.config.url(args.url.clone()).value;
    if url.is_none() && !args.dry_run {
        world.note_later(format!(
            "no `--url` and no WEBHOOK_URL: sending to {LISTENER}"
        ));
    }
    Ok(Target::parse(url.as_deref().unwrap_or(LISTENER))?)
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
        catalog::note_no_events(provider, world);
        return Ok(provider
            .event_names()
            .map(|event| (provider, event))
            .collect());
    }
    if args.event.is_empty() {
        let provider = chosen.ok_or_else(|| match args.handshake {
            Some(_) => needs_provider("a handshake is a provider's"),
            None => needs_provider("`--body` alone does not tell whose it is"),
        })?;
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
        // What the user gives may be an event that no fixture exists for, or a slip.
        if args.body.is_none() && !provider.has_event(event) {
            let unknown = CliError::from(setup.unknown_event_of(provider, event));
            if args.data.is_none() {
                return Err(unknown);
            }
            let hint = unknown.hint.unwrap_or_default();
            let message = format!("{}: sent with the data given; {hint}", unknown.message);
            world.note_later(message);
        }
        return Ok((provider, event));
    }
    let having: Vec<_> = setup.catalogue.with_event(event).collect();
    let [first, others @ ..] = having.as_slice() else {
        let mut unknown = CliError::from(setup.unknown_event(event));
        if args.data.is_some() || args.body.is_some() {
            let hint = unknown.hint.unwrap_or_default();
            let stop = if hint.ends_with('?') { "" } else { ";" };
            unknown.hint = Some(format!("{hint}{stop} `--provider NAME` sends any"));
        }
        return Err(unknown);
    };
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|provider| provider.name()).collect();
        world.note_later(format!(
            "sending `{event}` as {}; also an event of {}: choose with `--provider`",
            first.name(),
            names.join(", ")
        ));
    }
    Ok((first, event))
}

/// The messages of a run, where no handshake is asked for, with what stands in them: the user's data or bytes, which are read once, as
/// stdin can be, else each event's fixture.
fn event_messages<'a>(
    args: &'a SendArgs,
    setup: &'a Setup,
    world: &World,
    wanted: &[(&'a Provider, &'a str)],
    keyring: &'a Keyring,
) -> Result<Vec<Message<'a>>, CliError> {
    for (provider, _) in wanted {
        check::of_provider(args, provider)?;
    }
    let given = match (&args.data, &args.body) {
        (Some(text), _) => Some(EventContent::Data(shape::json_source(
            text, "--data", world,
        )?)),
        (None, Some(text)) => {
            let body = Bytes::from(shape::byte_source(text, "--body")?);
            // Of each event once, `compose` warns.
            for (provider, _) in wanted.iter().filter(|_| check::is_load(args)) {
                shape::warn_of_body(world, provider, &body);
            }
            Some(EventContent::Body(body))
        }
        (None, None) => None,
    };
    let message = |&(provider, event): &(&'a Provider, &'a str)| {
        let content = match (&given, provider.event(event)) {
            (Some(given), _) => given.clone(),
            (None, Some(fixture)) => EventContent::Fixture(fixture?.data),
            (None, None) => return Err(setup.unknown_event_of(provider, event).into()),
        };
        Ok(Message {
            provider,
            event,
            key: first_key(keyring, provider)?,
            content,
        })
    };
    wanted.iter().map(message).collect()
}
