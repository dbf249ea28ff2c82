//! `webhook listen`: builds the front door, opens it, and says how it went.

mod parts;
mod printer;
mod ready;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::World;
use super::setup::Setup;
use super::signal;
use crate::cli::{GlobalArgs, ListenArgs};
use crate::exit::{Outcome, Signal, Trouble};
use crate::http;
use crate::intake::Progress;
use parts::Parts;
use printer::Printer;

/// Why receiving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Everything that was awaited has come.
    Met,
    /// The time is over.
    Elapsed,
    /// A signal asked for the end.
    Signal(Signal),
    /// Nobody reads the output any more.
    Unread,
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
    let printing = tokio::spawn(printer.run(parts.happenings));
    let intake = Arc::new(parts.intake);
    let feed = Arc::clone(&intake.feed);
    let until = async {
        tokio::select! {
            () = feed.until_met() => End::Met,
            () = elapsed(within) => End::Elapsed,
            Ok(signal) = signals => End::Signal(signal),
            _ = unread => End::Unread,
        }
    };
    let (end, until) = observed(until);
    http::serve(
        parts.listener,
        parts.tls,
        Arc::clone(&intake),
        parts.limits,
        until,
    )
    .await;
    if let Some(forward) = &intake.forward {
        forward.finish().await;
    }
    let progress = feed.progress();
    // The last senders: with them the printer's queue ends, and the log's writer.
    drop((intake, feed));
    // A printer that panicked has said so on stderr.
    if let Ok(printer) = printing.await {
        printer.summary(&progress)?;
    }
    Ok(outcome(end.await.unwrap_or(End::Elapsed), &progress))
}

async fn elapsed(within: Option<std::time::Duration>) {
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

fn outcome(end: End, progress: &Progress) -> Outcome {
    match end {
        End::Unread => Outcome::Yes,
        End::Met => Outcome::of(!progress.is_counted() || progress.refused == 0),
        End::Elapsed => Outcome::of(progress.is_met()),
        End::Signal(signal) if !progress.is_met() => Outcome::Interrupted(signal),
        End::Signal(_) => Outcome::Yes,
    }
}
