//! `webhook listen`: builds a receiver, opens its socket, prints what happens, and says how it went.

mod companion;
mod inspector;
mod parts;
mod printer;
pub(super) mod ready;
mod routes;
pub(super) mod socket;

use std::convert::Infallible;
use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::World;
use super::setup;
use super::signal;
use crate::cli::{GlobalArgs, ListenArgs};
use crate::config::Setup;
use crate::exit::{CliError, Outcome, Signal};
use crate::http::{self, ByteBudget, Limits};
use crate::receive::{Events, Progress, Receiver, Uptake};
use crate::store::Reader;
use companion::Companion;
use inspector::PageBeside;
use parts::Parts;
use printer::Printer;
use socket::Socket;

/// How long the last work may take before it is said what is waited for.
const UNEXPLAINED_WAIT: Duration = Duration::from_millis(200);

/// For how long the output may take nothing at the end before the rest is left unprinted.
const UNREAD_END: Duration = Duration::from_secs(5);

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
    let setup = setup::load_for(global, args.secrets.env_file.as_deref(), world, |_| {
        args.provider.clone()
    })?;
    let runtime = super::runtime()?;
    let outcome = runtime.block_on(listen(args, setup, world));
    // Its threads are not waited for: one may hang at an output that nobody reads.
    runtime.shutdown_background();
    outcome
}

async fn listen(args: &ListenArgs, setup: Setup, world: &World) -> Result<Outcome, CliError> {
    let mut parts = Parts::build(args, setup, world).await?;
    let page = PageBeside::start(args, &mut parts, world).await?;
    let [first, second] = signal::both()?;
    let (console, attempts) = (world.console, Arc::clone(&parts.attempts));
    let printer = Printer::new(console, args.json, args.body, &parts.ready, attempts);
    printer.ready(&parts.ready)?;
    let is_kept = parts.reader.is_some();
    let targets = &parts.options.rules.routes;
    routes::probe(targets, args, is_kept, &parts.attempts, world);
    let receiver = Arc::new(Receiver::new(parts.options));
    if let Some(path) = &args.ready_file {
        ready::write(path, &parts.ready)?;
    }
    let companion = Companion::start(&args.command, &parts.ready, args.json)?;
    let (forwarding, socket) = (Arc::downgrade(&receiver), (parts.socket, parts.limits));
    let printing = (printer, parts.reader);
    let mut work = pin!(async {
        let ended = receive(args, receiver, socket, printing, companion, first, world).await;
        if let Some(page) = page {
            page.end().await;
        }
        ended
    });
    tokio::select! {
        outcome = &mut work => outcome,
        Ok(signal) = second => {
            if let Some(receiver) = forwarding.upgrade() {
                receiver.give_up().await;
            }
            Ok(Outcome::Interrupted(signal))
        }
    }
}

/// Receives and prints until something asks for the end, and brings to it what is under way.
async fn receive(
    args: &ListenArgs,
    receiver: Arc<Receiver>,
    (socket, limits): (Socket, Limits),
    (printer, reader): (Printer, Option<Reader>),
    companion: Option<Companion>,
    signals: oneshot::Receiver<Signal>,
    world: &World,
) -> Result<Outcome, CliError> {
    let events = Arc::clone(receiver.events());
    // A script needs every line; a person can look into the log.
    let reader = reader.filter(|_| printer.json);
    let activities = events.subscribe(receiver.events_shown().clone(), reader);
    let uptake = Arc::clone(activities.uptake());
    if printer.json {
        uptake.require();
    }
    let (tell_unread, unread) = oneshot::channel();
    let (tell_progress, progress) = oneshot::channel();
    let printing = spawn_blocking(move || printer.run(activities, tell_unread, progress));
    let (ask, asked) = oneshot::channel::<()>();
    let end = asked_to_end(args, &events, signals, unread, world);
    let until = beside(companion, end, ask, world);
    let work = Box::pin(serve(socket, limits, &receiver, until));
    let reason = patiently(work, asked, "finishing what is under way", world).await;
    let progress = events.progress();
    let _ = tell_progress.send(progress.clone());
    // The last senders: with them the printer's queue ends, and the log's writer.
    drop((receiver, events));
    let why = "waiting for somebody to read the output";
    let said = patiently(
        read_to_end(printing, &uptake),
        future::ready(()),
        why,
        world,
    )
    .await;
    let ended = outcome(reason, &progress)?;
    said.map_or_else(|error| error.or_known(ended), |()| Ok(ended))
}

/// Waits for the first thing that asks for the end.
async fn asked_to_end(
    args: &ListenArgs,
    events: &Events,
    signals: oneshot::Receiver<Signal>,
    unread: oneshot::Receiver<CliError>,
    world: &World,
) -> StopReason {
    tokio::select! {
        () = events.until_met(), if args.command.is_empty() => StopReason::Met,
        () = elapsed(args.within) => StopReason::Elapsed,
        Ok(signal) = signals => StopReason::Signal(signal),
        Ok(error) = unread => StopReason::Unread(error),
        never = warn_of_stalls(events, world) => match never {},
    }
}

/// What came of the printing; an error where the output takes nothing any more.
async fn read_to_end(
    mut printing: JoinHandle<Result<(), CliError>>,
    uptake: &Uptake,
) -> Result<(), CliError> {
    loop {
        if let Ok(printed) = timeout(UNREAD_END / 10, &mut printing).await {
            // A printer that panicked has said so on stderr.
            return printed.unwrap_or(Ok(()));
        }
        if uptake.busy_for() >= UNREAD_END {
            let message = "nobody reads the output: the rest of it was not printed";
            let hint = "`webhook log` has what was received";
            return Err(CliError::unreadable(message).hint(hint));
        }
    }
}

/// Says of each stall of the output that senders are held up by it.
async fn warn_of_stalls(events: &Events, world: &World) -> Infallible {
    loop {
        events.until_held_up().await;
        let console = world.console;
        // On a thread of its own: stderr may go where nobody reads either.
        spawn_blocking(move || {
            console.warn(
                "nobody reads the output: senders are answered 503 until somebody does",
                Some("read it or end the listener; what was answered 2xx is kept"),
            );
        });
    }
}

/// Receives until something asks for the end, and finishes what is under way; tells what that was.
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
    let noticing = Arc::downgrade(receiver);
    let notice = Arc::new(move |stray, from| {
        if let Some(receiver) = noticing.upgrade() {
            receiver.notice(stray, from);
        }
    });
    http::serve(socket.listeners, socket.tls, service, limits, notice, until).await;
    receiver.finish().await;
    told.await.unwrap_or(StopReason::Elapsed)
}

/// Waits for the last work; whoever has to wait for it once it is asked for is told why.
async fn patiently<T>(
    work: impl Future<Output = T>,
    asked: impl Future,
    why: &str,
    world: &World,
) -> T {
    let impatience = async {
        asked.await;
        sleep(UNEXPLAINED_WAIT).await;
    };
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = impatience => {}
    }
    world
        .console
        .note(&format!("{why}; Ctrl-C again ends at once"));
    work.await
}

/// Runs the command, where there is one, until it ends or the end is `asked` for; `ended` is held until
/// then.
async fn beside(
    companion: Option<Companion>,
    asked: impl Future<Output = StopReason>,
    ended: oneshot::Sender<()>,
    world: &World,
) -> StopReason {
    let _ended = ended;
    let Some(mut companion) = companion else {
        return asked.await;
    };
    let reason = tokio::select! {
        outcome = companion.wait() => return StopReason::Ended(outcome),
        reason = asked => reason,
    };
    if matches!(reason, StopReason::Elapsed) {
        world.console.warn(
            "the time is over before the command's end: it is ended",
            None,
        );
    }
    let why = "waiting for the command to end";
    patiently(companion.end(), future::ready(()), why, world).await;
    match reason {
        // It had this time to come to its own end.
        StopReason::Elapsed => StopReason::Ended(Outcome::No),
        StopReason::Signal(signal) => StopReason::Ended(Outcome::Interrupted(signal)),
        reason => reason,
    }
}

async fn elapsed(within: Option<Duration>) {
    match within {
        Some(span) => sleep(span).await,
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
