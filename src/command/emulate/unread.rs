//! An output that nobody reads.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::console::Console;
use crate::emulate::{Emulator, Observer};
use crate::exit::CliError;

/// How long the output may take nothing at the end.
const UNREAD_END: Duration = Duration::from_secs(5);

/// What came of the printing; an error where the output takes nothing any more.
pub async fn read_to_end(
    mut printing: JoinHandle<Result<(), CliError>>,
    observer: &Observer,
) -> Result<(), CliError> {
    loop {
        let room = observer.room();
        if let Ok(printed) = timeout(UNREAD_END, &mut printing).await {
            return printed.unwrap_or(Ok(()));
        }
        if observer.room() == room {
            let message = "nobody reads the output: the rest of it was not printed";
            let hint = "`webhook emulate deliveries` lists at the next start what was sent";
            return Err(CliError::unreadable(message).hint(hint));
        }
    }
}

/// Says once that the output holds up attempts.
pub async fn warn_of_stall(emulator: Arc<Emulator>, console: Console) {
    emulator.observer().until_held_up().await;
    // On a thread of its own: stderr may go where nobody reads either.
    spawn_blocking(move || {
        let hint = Some("read it or end the emulator; what is due is kept");
        console.warn(
            "nobody reads the output: attempts wait until somebody does",
            hint,
        );
    });
}
