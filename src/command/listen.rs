//! `webhook listen`: builds a receiver, opens its socket, prints what happens, and says how it went.

mod companion;
mod parts;
mod printer;
mod ready;
mod routes;
mod socket;

use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::World;
use super::setup;
use super::signal;
use crate::cli::{GlobalArgs, ListenArgs};
use crate::config::Setup;
use crate::exit::{CliError, Outcome, Signal};
use crate::formats;
use crate::http::{self, ByteBudget, Limits};
use crate::receive::{Progress, Receiver};
use companion::Companion;
use parts::Parts;
use printer::Printer;
use ready::Ready;
use socket::Socket;

/// How long the last work may take before it is said what is waited for.
const UNEXPLAINED_WAIT: Duration = Duration::from_secs(1);

/// Why receiving ended.
#[derive(Debug)]
enum StopReason {
    /// Everything that was awaited has come.
    Met,
    /// The time is over.
    Elapsed,
    /// The command that ran meanwhile has ended.
    Ended(Outcome),
    /// A signal asked for the end.
    Signal(Signal),
    /// The output takes nothing any more.
    Unread(CliError),
}

/// Runs the command.
pub fn run(args: &ListenArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let setup = setup::load(global, args.secrets.env_file.as_deref(), world)?;
    super::runtime()?.block_on(listen(args, setup, world))
}

async fn listen(args: &ListenArgs, setup: Setup, world: &World) -> Result<Outcome, CliError> {
    let parts = Parts::build(args, setup, world).await?;
    let signals = signal::first()?;
    let console = world.console;
    let printer = Printer::new(console, args.json, args.body, &parts.ready, parts.attempts);
    printer.ready(&parts.ready)?;
    if let Some(path) = &args.ready_file {
        write_ready(path, &parts.ready)?;
    }
    let companion = Companion::start(&args.command, &parts.ready, args.json)?;
    let events_shown = parts.options.rules.events.clone();
    let receiver = Arc::new(Receiver::new(parts.options));
    // A script needs every line; a person can look into the log.
    let reader = parts.reader.filter(|_| printer.json);
    let mut activities = receiver.events().subscribe(events_shown, reader);
    let (tell_unread, unread) = oneshot::channel();
    let printing = spawn_blocking(move || {
        let is_read = printer.run(&mut activities, tell_unread);
        is_read.then_some(printer)
    });
    let events = Arc::clone(receiver.events());
    let asked = async {
        tokio::select! {
            () = events.until_met(), if args.command.is_empty() => StopReason::Met,
            () = elapsed(args.within) => StopReason::Elapsed,
            Ok(signal) = signals => StopReason::Signal(signal),
            Ok(error) = unread => StopReason::Unread(error),
        }
    };
    let until = beside(companion, asked, world);
    let reason = serve(parts.socket, parts.limits, &receiver, until).await;
    let why = "waiting for deliveries that are being forwarded";
    patiently(receiver.finish(), why, world).await;
    let progress = events.progress();
    // The last senders: with them the printer's queue ends, and the log's writer.
    drop((receiver, events));
    let why = "waiting for somebody to read the output";
    // A printer that panicked has said so on stderr.
    let said = match patiently(printing, why, world).await {
        Ok(Some(printer)) => printer.summary(&progress),
        _ => Ok(()),
    };
    let ended = outcome(reason, &progress)?;
    said.map_or_else(|error| error.or_known(ended), |()| Ok(ended))
}

/// Writes the `ready` line into a file, which appears whole.
fn write_ready(path: &Path, ready: &Ready) -> Result<(), CliError> {
    let line = ready.to_json()? + "\n";
    let failed = |error| CliError::unwritable(path, error);
    let write = |file: &mut dyn Write| file.write_all(line.as_bytes()).map_err(failed);
    formats::write_whole(path, write, failed)
}

/// Receives until something asks for the end; tells what that was.
async fn serve(
    socket: Socket,
    limits: Limits,
    receiver: &Arc<Receiver>,
    until: impl Future<Output = StopReason>,
) -> StopReason {
    let (tell, told) = oneshot::channel();
    let until = async {
        // Fails only when serving ended without being asked to.
        let _ = tell.send(until.await);
    };
    let budget = ByteBudget::of(&limits);
    let service = http::buffered(Arc::clone(receiver), limits, budget);
    http::serve(socket.listeners, socket.tls, service, limits, until).await;
    told.await.unwrap_or(StopReason::Elapsed)
}

/// Waits for the last work; whoever has to wait for long is told why.
async fn patiently<T>(work: impl Future<Output = T>, why: &str, world: &World) -> T {
    let mut work = pin!(work);
    if let Ok(done) = timeout(UNEXPLAINED_WAIT, &mut work).await {
        return done;
    }
    world
        .console
        .note(&format!("{why}; Ctrl-C again ends at once"));
    work.await
}

/// Runs the command, where there is one, until it ends or the end is `asked` for.
async fn beside(
    companion: Option<Companion>,
    asked: impl Future<Output = StopReason>,
    world: &World,
) -> StopReason {
    let Some(mut companion) = companion else {
        return asked.await;
    };
    let reason = tokio::select! {
        outcome = companion.wait() => return StopReason::Ended(outcome),
        reason = asked => reason,
    };
    patiently(companion.end(), "waiting for the command to end", world).await;
    match reason {
        // It had this time to come to its own end.
        StopReason::Elapsed => StopReason::Ended(Outcome::No),
        StopReason::Signal(signal) => StopReason::Ended(Outcome::Interrupted(signal)),
        reason => reason,
    }
}

async fn elapsed(within: Option<Duration>) {
    match within {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

fn outcome(reason: StopReason, progress: &Progress) -> Result<Outcome, CliError> {
    let met = Outcome::of(progress.is_met());
    Ok(match reason {
        StopReason::Unread(error) => return error.or_known(met),
        StopReason::Met | StopReason::Elapsed => met,
        // What was expected counts first.
        StopReason::Ended(outcome) => met.worse(outcome),
        StopReason::Signal(signal) if met == Outcome::No => Outcome::Interrupted(signal),
        StopReason::Signal(_) => Outcome::Yes,
    })
}
