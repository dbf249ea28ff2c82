//! Signals: the first asks for an orderly end, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::exit::{CliError, Outcome, Signal};

/// Resolves with the first SIGINT or SIGTERM, or SIGHUP of a terminal that was closed, which ends
/// work as SIGTERM does. From then on, a second one ends the program with 130 or 143, whatever it is
/// doing.
pub fn first() -> Result<oneshot::Receiver<Signal>, CliError> {
    let watch = |kind| {
        signal(kind)
            .map_err(|error| CliError::unreadable(format!("cannot watch for signals: {error}")))
    };
    let mut interrupts = watch(SignalKind::interrupt())?;
    let mut terminations = watch(SignalKind::terminate())?;
    let mut hangups = watch(SignalKind::hangup())?;
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let mut tell = Some(tell);
        loop {
            let signal = tokio::select! {
                _ = interrupts.recv() => Signal::Interrupt,
                _ = terminations.recv() => Signal::Terminate,
                _ = hangups.recv() => Signal::Terminate,
            };
            match tell.take() {
                // Nobody waits any more when the work ended by itself just now.
                Some(tell) => drop(tell.send(signal)),
                None => std::process::exit(Outcome::Interrupted(signal).code().into()),
            }
        }
    });
    Ok(told)
}

/// Resolves with the first signal, as [`first`] does; never where the watch on signals ends.
pub fn stop() -> Result<impl Future<Output = Signal>, CliError> {
    let signals = first()?;
    Ok(async {
        match signals.await {
            Ok(signal) => signal,
            Err(_) => std::future::pending().await,
        }
    })
}
