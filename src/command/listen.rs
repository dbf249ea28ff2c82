//! `webhook listen`: builds the front door, opens it, and says how it went.

mod forwarding;
mod parts;
mod printer;
mod ready;
mod socket;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::World;
use super::setup::Setup;
use super::signal;
use crate::cli::{GlobalArgs, ListenArgs};
use crate::exit::{CliError, Outcome, Signal};
use crate::http::{self, ByteBudget, Limits};
use crate::receive::{Progress, Receiver};
use parts::Parts;
use printer::Printer;
use socket::Socket;

/// How long the last work may take before it is said what is waited for.
const UNEXPLAINED_WAIT: Duration = Duration::from_secs(1);

/// Why receiving ended.
#[derive(Debug)]
enum End {
    /// Everything that was awaited has come.
    Met,
    /// The time is over.
    Elapsed,
    /// A signal asked for the end.
    Signal(Signal),
    /// The output takes nothing any more.
    Unread(CliError),
}

/// Runs the command.
pub fn run(args: ListenArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), world)?;
    super::runtime()?.block_on(listen(args, setup, world))
}

async fn listen(args: ListenArgs, setup: Setup, world: &World) -> Result<Outcome, CliError> {
    let within = args.until.within.map(|span| span.0);
    let parts = Parts::build(args, setup, world).await?;
    let signals = signal::first()?;
    let (printer, unread) = Printer::new(world.console, parts.style);
    printer.ready(&parts.ready)?;
    let printing = spawn_blocking(|| printer.run(parts.happenings));
    let receiver = Arc::new(parts.receiver);
    let feed = Arc::clone(&receiver.feed);
    let until = async {
        tokio::select! {
            () = feed.until_met() => End::Met,
            () = elapsed(within) => End::Elapsed,
            Ok(signal) = signals => End::Signal(signal),
            Ok(trouble) = unread => End::Unread(trouble),
        }
    };
    let end = receive(parts.socket, parts.limits, &receiver, until).await;
    if let Some(forward) = &receiver.forward {
        let why = "waiting for deliveries that are being forwarded";
        patiently(forward.finish(), why, world).await;
    }
    let (progress, untold) = (feed.progress(), feed.untold());
    // The last senders: with them the printer's queue ends, and the log's writer.
    drop((receiver, feed));
    let why = "waiting for somebody to read the output";
    // A printer that panicked has said so on stderr.
    if let Ok(printer) = patiently(printing, why, world).await {
        printer.summary(&progress, untold)?;
    }
    outcome(end, &progress)
}

/// Receives until something asks for the end; tells what that was.
async fn receive(
    socket: Socket,
    limits: Limits,
    receiver: &Arc<Receiver>,
    until: impl Future<Output = End>,
) -> End {
    let (tell, told) = oneshot::channel();
    let until = async {
        // Fails only when serving ended without being asked to.
        let _ = tell.send(until.await);
    };
    let budget = ByteBudget::of(&limits);
    let service = http::buffered(Arc::clone(receiver), limits, budget);
    http::serve(socket.listener, socket.tls, service, limits, until).await;
    told.await.unwrap_or(End::Elapsed)
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

async fn elapsed(within: Option<Duration>) {
    match within {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

fn outcome(end: End, progress: &Progress) -> Result<Outcome, CliError> {
    Ok(match end {
        End::Unread(trouble) => return Err(trouble),
        End::Met | End::Elapsed => Outcome::of(progress.is_met()),
        End::Signal(signal) if !progress.is_met() => Outcome::Interrupted(signal),
        End::Signal(_) => Outcome::Yes,
    })
}
