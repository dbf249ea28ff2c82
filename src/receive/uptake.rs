//! How a subscriber takes what it is told, so that one that takes nothing is noticed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How much may wait for a subscriber that takes nothing before senders have to wait as well.
const MOST_WAITING: usize = 4_096;

/// For how long a subscriber may be busy with what it has taken before it counts as stalled.
const STALL: Duration = Duration::from_secs(2);

/// How a subscriber keeps up.
#[derive(Debug, Default)]
pub struct Uptake {
    /// Since when it is busy with what it was told last; `None` while it waits for more.
    busy_since: Mutex<Option<Instant>>,
    waiting: AtomicUsize,
    is_required: AtomicBool,
}

impl Uptake {
    /// For how long the subscriber has been busy with what it was told last, its end among it.
    pub fn busy_for(&self) -> Duration {
        let since = *self.busy_since();
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Lets nothing be received while the subscriber has stalled and much waits for it.
    pub fn require(&self) {
        self.is_required.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_busy(&self, is_busy: bool) {
        *self.busy_since() = is_busy.then(Instant::now);
    }

    pub(super) fn offered(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.set_busy(true);
    }

    fn busy_since(&self) -> MutexGuard<'_, Option<Instant>> {
        let since = self.busy_since.lock();
        since.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether senders have to wait for it.
    pub(super) fn holds_up(&self) -> bool {
        self.is_required.load(Ordering::Relaxed)
            && self.waiting.load(Ordering::Relaxed) >= MOST_WAITING
            && self.busy_for() >= STALL
    }
}
