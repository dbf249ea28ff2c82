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
use crate::exit::{Outcome, Signal, Trouble};
use crate::http;
use crate::intake::{Forward, Progress};
use parts::Parts;
use printer::Printer;

/// How long deliveries under way may take at the end before it is said that they are waited for.
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
    Unread(Trouble),
}

/// Runs the command.
pub fn run(args: ListenArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, Trouble> {
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), world)?;
    super::runtime()?.block_on(listen(args, setup, world))
}

async fn listen(args: ListenArgs, setup: Setup, world: &World) -> Result<Outcome, Trouble> {
    let within = args.until.within.map(|span| span.0);
    let parts = Parts::build(args, setup, world).await?;
    let signals = signal::first()?;
    let (printer, unread) = Printer::new(world.console, parts.style);
    printer.ready(&parts.ready)?;
    let printing = spawn_blocking(|| printer.run(parts.happenings));
    let intake = Arc::new(parts.intake);
    let feed = Arc::clone(&intake.feed);
    let until = async {
        tokio::select! {
            () = feed.until_met() => End::Met,
            () = elapsed(within) => End::Elapsed,
            Ok(signal) = signals => End::Signal(signal),
            Ok(trouble) = unread => End::Unread(trouble),
        }
    };
    let (end, until) = observed(until);
    let socket = parts.socket;
    http::serve(
        socket.listener,
        socket.tls,
        Arc::clone(&intake),
        parts.limits,
        until,
    )
    .await;
    if let Some(forward) = &intake.forward {
        finish(forward, world).await;
    }
    let (progress, untold) = (feed.progress(), feed.untold());
    // The last senders: with them the printer's queue ends, and the log's writer.
    drop((intake, feed));
    // A printer that panicked has said so on stderr.
    if let Ok(printer) = printing.await {
        printer.summary(&progress, untold)?;
    }
    outcome(end.await.unwrap_or(End::Elapsed), &progress)
}

/// Waits for what is on its way to the applications; who has to wait for long is told why.
async fn finish(forward: &Forward, world: &World) {
    let mut finishing = pin!(forward.finish());
    if timeout(UNEXPLAINED_WAIT, &mut finishing).await.is_err() {
        world
            .console
            .note("waiting for deliveries that are being forwarded; Ctrl-C again ends at once");
        finishing.await;
    }
}

async fn elapsed(within: Option<Duration>) {
    match within {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// A future that tells its result elsewhere as well.
fn observed<T>(
    future: impl Future<Output = T>,
) -> (oneshot::Receiver<T>, impl Future<Output = ()>) {
    let (tell, told) = oneshot::channel();
    let watched = async {
        // Fails only when the run was dropped, and then nobody asks.
        let _ = tell.send(future.await);
    };
    (told, watched)
}

fn outcome(end: End, progress: &Progress) -> Result<Outcome, Trouble> {
    Ok(match end {
        End::Unread(trouble) => return Err(trouble),
        End::Met => Outcome::of(!progress.is_counted() || progress.is_all_valid()),
        End::Elapsed => Outcome::of(progress.is_met()),
        End::Signal(signal) if !progress.is_met() => Outcome::Interrupted(signal),
        End::Signal(_) => Outcome::Yes,
    })
}
