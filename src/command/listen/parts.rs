//! From what was typed and configured to what the engine takes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ready;
use super::socket::Socket;
use super::{routes, routes::refuse_itself};
use crate::cli::ListenArgs;
use crate::command::setup::{check_fit, client, keyring_or_local, warn_of_readers};
use crate::command::shape::try_read;
use crate::command::{World, policy, request};
use crate::config::{Origin, Setup};
use crate::delivery::Timestamp;
use crate::dispatch::Dispatch;
use crate::exit::CliError;
use crate::http::{Limits, limits::BODY_SLOW};
use crate::provider::Policy;
use crate::receive::{
    Duplicates, Expectation, ExpectedDelivery, ForwardOptions, REMEMBERED, ReadError,
    ReceiverOptions, Route, Rules, Script, ScriptStep,
};
use crate::report::{Attempts, Ready};
use crate::signature::Allowance;
use crate::store::{Log, Reader, StoreError, Writer};

/// The longest stall that can be chosen: more than a clock can count must not come to one.
const LONGEST_STALL: Duration = Duration::from_secs(24 * 60 * 60);

/// How many files are open besides connections: the log, the terminal, the runtime's own.
const OTHER_FILES: u64 = 40;

/// Everything that receiving needs, ready to run.
pub struct Parts {
    /// What the engine takes.
    pub options: ReceiverOptions,
    /// Where requests come in.
    pub socket: Socket,
    /// What a connection may cost.
    pub limits: Limits,
    /// The log for the printer to read from what did not fit into its queue; `None` without a log.
    pub reader: Option<Reader>,
    /// The log, for the inspector's page.
    pub log: Option<Log>,
    /// What is said when requests can come.
    pub ready: Ready,
    /// What was said of the targets so far.
    pub attempts: Arc<Mutex<Attempts>>,
}

impl Parts {
    /// Builds them; the socket is bound, the log is open.
    pub async fn build(args: &ListenArgs, setup: Setup, world: &World) -> Result<Self, CliError> {
        let expectation = expectation(args, &setup)?;
        let path = log_path(args, &setup, world)?;
        if let Some(path) = &path {
            warn_of_readers(path, world);
        }
        let paths = setup.config.paths.clone();
        let rules = rules(args, setup, world)?;
        let log = path.as_ref().map(Log::open).transpose()?;
        let (writer, reader, duplicates) = open_log(log.as_ref())?;
        let socket = Socket::open(args).await?;
        if let Some(key) = &args.key {
            warn_of_readers(key, world);
        }
        for address in &socket.addresses {
            refuse_itself(&rules.routes, *address).await?;
        }
        let attempts = Arc::new(Mutex::new(Attempts::default()));
        let ready = ready::of(
            args,
            &socket,
            path.as_deref(),
            &paths,
            &rules,
            world.program.clone(),
        );
        let script = script(args, world)?;
        let is_late = args.delay.is_some() || script.iter().any(|step| !step.delay.is_zero());
        let queues = rules.routes.len().max(usize::from(is_late));
        let limits = connections(limits(args), queues, world);
        let forward = forward(args, &rules.routes, &limits, writer.clone(), world.clock)?;
        world.begin();
        Ok(Self {
            options: ReceiverOptions {
                clock: world.clock,
                forward,
                log: writer,
                duplicates,
                delay: args.delay,
                script,
                seed: args.seed.unwrap_or_else(rand::random),
                headers: args.respond_header.iter().cloned().collect(),
                expectation,
                rules,
            },
            limits,
            socket,
            reader,
            log,
            ready,
            attempts,
        })
    }
}

fn rules(args: &ListenArgs, setup: Setup, world: &World) -> Result<Rules, CliError> {
    let keyring = keyring_or_local(None, &setup, &args.secrets, world)?;
    if let Some(name) = &args.provider {
        check_fit(&keyring, setup.provider(name)?)?;
    }
    let public_url = args.public_url.iter();
    let public_host = public_url.filter_map(|url| url.host_str().map(str::to_owned));
    Ok(Rules {
        events: setup.event_filter(&args.events)?,
        routes: routes::routes(args, &setup)?,
        policy: Policy {
            provider: args.provider.clone(),
            origin: args.public_url.as_ref().map(policy::origin),
            signature: policy::signature_at(args.verdict.signature_at.as_deref(), &setup)?,
            freshness: policy::freshness(&args.verdict),
            allowance: Some(Allowance::PROMPT),
        },
        keyring,
        on_invalid: args.on_invalid,
        on_unsigned: args.on_unsigned,
        hosts: public_host.chain(args.allow_host.clone()).collect(),
        answer: args.answer,
        catalogue: setup.catalogue,
    })
}

/// The answers that are given whatever comes, with the bodies that lie in files.
fn script(args: &ListenArgs, world: &World) -> Result<Vec<ScriptStep>, CliError> {
    let steps = args.respond.iter().flat_map(|Script(steps)| steps).cloned();
    let load = |mut step: ScriptStep| {
        let path = step
            .body
            .as_deref()
            .and_then(|body| body.strip_prefix(b"@"));
        if let Some(path) = path.map(String::from_utf8_lossy) {
            let bytes = try_read(&world.folder.join(&*path)).map_err(|error| {
                CliError::unreadable(format!("cannot read `{path}`: {error}"))
                    .hint("`--respond 201:@FILE` takes the body from a file")
            })?;
            step.body = Some(bytes.into());
        }
        Ok(step)
    };
    steps.map(load).collect()
}

fn expectation(args: &ListenArgs, setup: &Setup) -> Result<Expectation, CliError> {
    let count = if args.once { Some(1) } else { args.count };
    let deliveries = args.expect.iter().map(|text| expected(text, setup));
    Ok(Expectation {
        count,
        deliveries: deliveries.collect::<Result<_, _>>()?,
    })
}

fn expected(text: &str, setup: &Setup) -> Result<ExpectedDelivery, CliError> {
    let is_event = |event: &str| setup.known_event(event).is_ok();
    ExpectedDelivery::read(text, is_event).map_err(|error| match error {
        ReadError::Event(event) if event.contains('*') || event.starts_with('!') => {
            let hint = format!("name the event; `--events '{event}'` prints what fits a pattern");
            CliError::usage("`--expect` awaits one event, not a pattern").hint(hint)
        }
        ReadError::Event(event) => setup.unknown_event(&event).into(),
        ReadError::Condition(condition) => {
            CliError::usage(format!("`--expect`: `{condition}` is not a condition"))
                .hint("a condition is a path, one of `==`, `!=`, `<`, `<=`, `>`, `>=`, `~`, and a value: `order.paid:data.total==12.5`")
        }
    })
}

fn limits(args: &ListenArgs) -> Limits {
    // 0 is no limit, as with `--timeout`.
    let stall = Some(args.read_timeout).filter(|stall| !stall.is_zero());
    let stall = stall.unwrap_or(LONGEST_STALL).min(LONGEST_STALL);
    Limits {
        max_body: usize::try_from(args.max_body).unwrap_or(usize::MAX),
        head_time: stall,
        body_idle: stall,
        body_slow: stall.max(BODY_SLOW),
        ..Limits::default()
    }
}

/// How many connections can be served with the files that the system lets this program open, and how
/// many may wait for an answer besides: as many as it gives, up to those of `limits` for each of these
/// queues.
fn connections(limits: Limits, queues: usize, world: &World) -> Limits {
    // Where the limit cannot be read, too many connections are refused by the system itself.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    let each = if queues > 0 { 2 } else { 1 };
    let most = files.saturating_sub(OTHER_FILES).max(each) / each;
    if most < u64::from(limits.max_connections) {
        world.console.warn(
            &format!("{files} files can be open at once, which is enough for {most} connections"),
            Some("raise the limit, such as with `ulimit -n 4096`; further senders wait"),
        );
    }
    let most = u16::try_from(most).unwrap_or(u16::MAX);
    let queues = u16::try_from(queues).unwrap_or(u16::MAX);
    Limits {
        max_connections: limits.max_connections.min(most),
        max_waiting: limits.max_waiting.saturating_mul(queues).min(most),
        ..limits
    }
}

/// How deliveries go on to `routes`; `None` where there are none. Each has its part of those that may
/// wait for an answer, so that no application that hangs takes the places of other senders.
fn forward(
    args: &ListenArgs,
    routes: &[Route],
    limits: &Limits,
    log: Option<Writer>,
    clock: fn() -> Timestamp,
) -> Result<Option<ForwardOptions>, CliError> {
    if routes.is_empty() {
        return Ok(None);
    }
    for route in routes {
        request::refuse_two_authorizations(&args.header, &route.target)?;
    }
    Ok(Some(ForwardOptions {
        dispatch: Dispatch::new(client(&args.connect)?, log, clock),
        concurrency: usize::from(args.concurrency),
        backlog: (usize::from(limits.max_waiting) / routes.len()).max(1),
        timeout: Some(args.timeout).filter(|span| !span.is_zero()),
        headers: args.header.iter().cloned().collect(),
        forwarded: args
            .forwarded
            .then_some(if args.tls || args.cert.is_some() {
                "https"
            } else {
                "http"
            }),
    }))
}

/// Where deliveries are kept. The place that nobody chose is left where it cannot be written: a
/// container has no home, or one that is read-only.
fn log_path(args: &ListenArgs, setup: &Setup, world: &World) -> Result<Option<PathBuf>, CliError> {
    if !setup.config.keeps_log(args.no_log) {
        return Ok(None);
    }
    let (reason, hint): (CliError, _) = match setup.config.log() {
        Ok(log) if log.origin != Origin::Default => return Ok(Some(log.value)),
        Ok(log) => match Log::open(&log.value).and_then(|log| log.ensure_writable()) {
            Ok(()) => return Ok(Some(log.value)),
            Err(error @ (StoreError::ReadOnly(_) | StoreError::Io { .. })) => {
                (error.into(), "`--log PATH` names another place")
            }
            Err(error) => return Err(error.into()),
        },
        Err(error) => (error.into(), "give `--log PATH`, or set HOME"),
    };
    let CliError { message, .. } = reason;
    let message = format!("nothing is kept: {message}");
    world.console.warn(&message, Some(hint));
    Ok(None)
}

/// Opens the log and remembers the events in it, so that a retry of yesterday's is seen as one.
fn open_log(log: Option<&Log>) -> Result<(Option<Writer>, Option<Reader>, Duplicates), StoreError> {
    let duplicates = Duplicates::default();
    let Some(log) = log else {
        return Ok((None, None, duplicates));
    };
    log.ensure_writable()?;
    let reader = log.reader()?;
    for [provider, event_id, first] in reader.recent_events(REMEMBERED)?.iter().rev() {
        duplicates.remember(provider, event_id, first);
    }
    Ok((Some(log.writer()?), Some(reader), duplicates))
}
