//! How long it is until the next attempt, while nothing happens.

use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::command::World;
use crate::console::count_down;
use crate::emulate::Emulator;
use crate::report::Detail;

/// How often it is written anew.
const TICK: Duration = Duration::from_secs(1);

/// The countdown, where there is a terminal and a person who has not asked for less.
pub fn bar(json: bool, world: &World) -> ProgressBar {
    if json || world.console.detail() == Detail::Little {
        return ProgressBar::hidden();
    }
    world.console.countdown()
}

/// Counts the real time down to each next attempt; sleeps where none is to come.
pub async fn run(emulator: Arc<Emulator>, bar: ProgressBar) {
    if bar.is_hidden() {
        return;
    }
    loop {
        let wait = emulator.next_attempt().await;
        let shown = bar.clone();
        // On a thread of its own: a terminal that takes nothing would stop an executor's.
        let _ = spawn_blocking(move || count_down(&shown, "next attempt", wait)).await;
        sleep(wait.clamp(TICK / 10, TICK)).await;
    }
}
