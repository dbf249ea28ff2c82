//! `webhook replay`: sends logged deliveries again, so that they pass the receiver's checks.

mod lines;
mod report;
mod resume;
mod warnings;

use std::future::pending;
use std::sync::{Mutex, OnceLock};

use futures_util::future::OptionFuture;

use super::edit::Drafts;
use super::setup::{self, client, existing_log, keyring};
use super::{World, captures, request, select, shape, signal};
use crate::cli::{GlobalArgs, Pace, ReplayArgs, SelectArgs, SignMode};
use crate::config::Setup;
use crate::delivery::{Delivery, Signing};
use crate::dispatch::Dispatch;
use crate::exit::{CliError, Outcome};
use crate::http::Target;
use crate::provider::{Keyring, Policy, verify_request};
use crate::replay::{Pacing, Replay, Selection};
use crate::store::Log;
use report::RunReport;

/// Runs the command.
pub fn run(args: &ReplayArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    check(args)?;
    let setup = setup::load_for(global, args.secrets.env_file.as_deref(), world, |_| {
        args.select.provider.clone()
    })?;
    let drafts = Drafts::new(&setup.config, world);
    let outcome = replay(args, global, &setup, world, &drafts);
    drafts.end(&outcome);
    outcome
}

fn replay(
    args: &ReplayArgs,
    global: &GlobalArgs,
    setup: &Setup,
    world: &World,
    drafts: &Drafts<'_>,
) -> Result<Outcome, CliError> {
    let keyring = keyring(setup, &args.secrets, world)?;
    let edit_error = OnceLock::new();
    let edit = |body: &[u8]| {
        let edited = drafts.edit(body);
        edited.map_err(|error| edit_error.set(error)).ok()
    };
    let mut replay = Replay::new(&setup.catalogue, &keyring, world.clock, rand::make_rng);
    replay.changes.edit = if args.edit { Some(&edit) } else { None };
    set_options(&mut replay, args, setup)?;
    let (log, unreadable) = match &args.from {
        Some(path) => {
            let (mut deliveries, odd) = captures::deliveries(path, world)?;
            let unknown = deliveries.iter_mut().filter(|it| it.event.is_none());
            unknown.for_each(|delivery| recognise(delivery, setup, &keyring));
            replay.selection = Selection::Deliveries(deliveries);
            (None, odd.end())
        }
        None => (
            Some(select_from_log(&mut replay, args, setup, world)?),
            None,
        ),
    };
    let writer = log.filter(|_| !args.dry_run).map(|log| log.writer());
    let dispatch = Dispatch::new(client(&args.connect)?, writer.transpose()?, world.clock);
    replay.dispatch = (!args.dry_run).then_some(&dispatch);
    let report = RunReport::new(args, global, setup, &keyring, world);
    let outcome = super::sending_runtime()?.block_on(send(&replay, report, &edit_error))?;
    match unreadable {
        Some(error) if matches!(outcome, Outcome::Yes | Outcome::No) => Err(error),
        _ => Ok(outcome),
    }
}

/// Puts in whose a delivery is and what it is about, where the file that it is from does not say.
fn recognise(delivery: &mut Delivery, setup: &Setup, keyring: &Keyring) {
    let policy = Policy {
        provider: delivery.provider.clone(),
        allowance: None,
        ..Policy::default()
    };
    let (request, at) = (&delivery.request, delivery.received_at);
    let found = verify_request(&setup.catalogue, keyring, &policy, request, at);
    delivery.provider = found.provider.map(|provider| provider.name().to_owned());
    (delivery.event, delivery.event_id) = (found.event, found.event_id);
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

/// Puts in what flags say of where, how and when it is sent.
fn set_options(replay: &mut Replay<'_>, args: &ReplayArgs, setup: &Setup) -> Result<(), CliError> {
    let url = setup.config.url(args.url.clone()).value;
    replay.endpoint = url.map(|url| Target::parse(&url)).transpose()?;
    if let Some(endpoint) = &replay.endpoint {
        request::refuse_two_authorizations(&args.header, endpoint)?;
    }
    replay.signing = match args.sign {
        None | Some(SignMode::Auto) => None,
        Some(SignMode::Keep) => Some(Signing::Kept),
        Some(SignMode::Fresh) => Some(Signing::Fresh),
    };
    replay.changes.set = shape::parse_assignments(&args.set)?;
    replay.changes.add = args.add;
    replay.changes.new_id = args.new_id;
    replay.headers = args.header.iter().cloned().collect();
    replay.pacing = match (args.rate, args.speed, args.pace) {
        (Some(rate), ..) => Pacing::per_second(rate),
        (None, Some(speed), _) => Pacing::Original(speed),
        (None, None, Some(Pace::Original)) => Pacing::Original(1.0),
        (None, None, _) => Pacing::Fast,
    };
    replay.concurrency = usize::from(args.concurrency.unwrap_or(1));
    replay.times = args.repeat.unwrap_or(1);
    replay.shuffle = args.shuffle;
    replay.force = args.force;
    if let Some(timeout) = args.timeout {
        replay.timeout = (!timeout.is_zero()).then_some(timeout);
    }
    Ok(())
}

/// Puts in what ids and filters mean, or what the run that is resumed was asked for, and the log that
/// has it.
fn select_from_log(
    replay: &mut Replay<'_>,
    args: &ReplayArgs,
    setup: &Setup,
    world: &World,
) -> Result<Log, CliError> {
    let log = existing_log(setup)?;
    let reader = log.reader()?;
    select::refuse_unknown(&args.select, setup, Some(&reader))?;
    let run = resume::run(args, &reader, replay.endpoint.as_ref(), world)?;
    let (ids, filters) = resume::asked_for(&run)?;
    let mut query = select::query(&filters, setup, run.started_at)?;
    query.ids = ids;
    replay.selection = Selection::Query(Box::new(query));
    replay.endpoint = resume::endpoint(&run, replay.endpoint.take())?;
    replay.run = Some(run);
    replay.resume = args.resume.is_some();
    replay.reader = Some(Mutex::new(reader));
    Ok(log)
}

/// Replays until done or interrupted, and says how it went.
async fn send(
    replay: &Replay<'_>,
    mut report: RunReport<'_>,
    edit_error: &OnceLock<CliError>,
) -> Result<Outcome, CliError> {
    let interrupted = OnceLock::new();
    let signals = replay.dispatch.map(|_| signal::stop()).transpose()?;
    let console = report.console();
    let shown = replay.endpoint.as_ref();
    if let Some(endpoint) = shown.filter(|_| replay.dispatch.is_none()) {
        request::tell_of_authorization(console, endpoint);
    }
    let stop = async {
        let Some(signal) = OptionFuture::from(signals).await else {
            return pending().await;
        };
        // The only one who sets it.
        let _ = interrupted.set(signal);
        console.note("stopping: what is under way is finished; a second signal ends at once");
    };
    let result = replay.run(stop, &mut |event| report.observe(event)).await;
    report.end(result, interrupted.into_inner(), edit_error.get().cloned())
}
