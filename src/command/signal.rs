//! Signals: the first asks for an orderly end, the second ends at once.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::exit::{CliError, Outcome, Signal};

/// How long the last words after a second signal may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Resolves with the first SIGINT or SIGTERM, or SIGHUP of a terminal that was closed, which ends
/// work as SIGTERM does. From then on, a second one ends the program with 130 or 143, whatever it is
/// doing.
pub fn first() -> Result<oneshot::Receiver<Signal>, CliError> {
    watch(None)
}

/// Resolves with the first signal, as [`first`] does, and with the second, after which there is a
/// moment left.
pub fn both() -> Result<[oneshot::Receiver<Signal>; 2], CliError> {
    let (tell, told) = oneshot::channel();
    Ok([watch(Some(tell))?, told])
}

fn watch(
    mut tell_second: Option<oneshot::Sender<Signal>>,
) -> Result<oneshot::Receiver<Signal>, CliError> {
    let of = |kind| {
        signal(kind)
            .map_err(|error| CliError::unreadable(format!("cannot watch for signals: {error}")))
    };
    let mut interrupts = of(SignalKind::interrupt())?;
    let mut terminations = of(SignalKind::terminate())?;
    let mut hangups = of(SignalKind::hangup())?;
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
                None => match tell_second.take() {
                    Some(tell) => {
                        let _ = tell.send(signal);
                        tokio::spawn(async move {
                            sleep(LAST_WORDS).await;
                            exit(signal);
                        });
                    }
                    None => exit(signal),
                },
            }
        }
    });
    Ok(told)
}

fn exit(signal: Signal) -> ! {
    std::process::exit(Outcome::Interrupted(signal).code().into())
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
