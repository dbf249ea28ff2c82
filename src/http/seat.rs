//! Seats: how many connections are served at once, and who gives way when there are no more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::Limits;

/// For how long a sender may be slow before it gives way to another one.
const SLOW_TIME: Duration = Duration::from_millis(100);

/// For how long a sender may take, however fast, before it gives way to another one.
const LONG_TIME: Duration = Duration::from_secs(10);

/// How many are asked for their seats at once: one alone may take a while to leave.
const ASKED: usize = 8;

/// How long to wait for a seat before others are asked again.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// All seats of a server.
pub(super) struct Seats {
    served: Arc<Semaphore>,
    /// For those that wait for an answer which is made elsewhere, such as by an application.
    aside: Arc<Semaphore>,
    limits: Limits,
    taken: Mutex<HashMap<u64, Weak<Seat>>>,
    count: AtomicU64,
}

impl Seats {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        let seats = |number| Arc::new(Semaphore::new(usize::from(number)));
        Arc::new(Self {
            served: seats(limits.max_connections),
            aside: seats(limits.max_waiting),
            limits,
            taken: Mutex::default(),
            count: AtomicU64::new(0),
        })
    }

    /// A seat, as soon as there is one; where there is none, the slowest senders lose theirs.
    pub(super) async fn take(self: &Arc<Self>) -> Arc<Seat> {
        loop {
            let free = || Arc::clone(&self.served);
            if let Ok(permit) = free().try_acquire_owned() {
                return self.seat(permit);
            }
            self.ask_slowest();
            if let Ok(Ok(permit)) = timeout(ASK_AGAIN, free().acquire_owned()).await {
                return self.seat(permit);
            }
        }
    }

    fn seat(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Arc<Seat> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat {
            number,
            permit: Mutex::new(permit),
            turn: Mutex::new(Some(Turn::begin())),
            asked: Notify::new(),
            seats: Arc::clone(self),
        });
        lock(&self.taken).insert(number, Arc::downgrade(&seat));
        seat
    }

    /// Asks those for their seats that have sent the least for their time.
    fn ask_slowest(&self) {
        // Collected, because a seat that is dropped needs the lock.
        let taken: Vec<_> = lock(&self.taken)
            .values()
            .filter_map(Weak::upgrade)
            .collect();
        let slow = taken
            .iter()
            .filter_map(|seat| Some((seat.rate_if_slow()?, seat)));
        let mut slow: Vec<_> = slow.collect();
        slow.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
        for (_, seat) in slow.into_iter().take(ASKED) {
            seat.asked.notify_one();
        }
    }

    /// Resolves once no seat is taken; none is given out from then on.
    pub(super) async fn all_free(&self) {
        // Held until the end: who stands aside finds no seat to come back to, and leaves.
        let _served = self
            .served
            .acquire_many(u32::from(self.limits.max_connections))
            .await;
        let _aside = self
            .aside
            .acquire_many(u32::from(self.limits.max_waiting))
            .await;
    }
}

/// Leave to be one of the connections that are served at once; given back by its last holder.
pub(super) struct Seat {
    number: u64,
    permit: Mutex<OwnedSemaphorePermit>,
    /// What the sender has sent of what is awaited from it; `None` while nothing is.
    turn: Mutex<Option<Turn>>,
    asked: Notify,
    seats: Arc<Seats>,
}

#[derive(Clone, Copy)]
struct Turn {
    since: Instant,
    bytes: usize,
}

impl Turn {
    fn begin() -> Self {
        let since = Instant::now();
        Self { since, bytes: 0 }
    }
}

impl Seat {
    /// Says that the sender has sent more.
    pub(super) fn received(&self, bytes: usize) {
        if let Some(turn) = lock(&self.turn).as_mut() {
            turn.bytes += bytes;
        }
    }

    /// Says that it is the sender's turn, or no longer.
    pub(super) fn set_awaited(&self, is_awaited: bool) {
        *lock(&self.turn) = is_awaited.then(Turn::begin);
    }

    /// Bytes in a second, where the sender is so slow that it has to give way.
    fn rate_if_slow(&self) -> Option<f64> {
        let turn = (*lock(&self.turn))?;
        let time = turn.since.elapsed();
        // More than 2^52 bytes are no slow sender's.
        #[allow(clippy::cast_precision_loss)]
        let [bytes, least] = [turn.bytes, self.seats.limits.body_rate].map(|n| n as f64);
        let rate = bytes / time.as_secs_f64();
        let is_slow = time >= LONG_TIME || time >= SLOW_TIME && rate < least;
        is_slow.then_some(rate)
    }

    /// Resolves where the seat is needed for somebody else.
    pub(super) async fn is_needed(&self) {
        loop {
            self.asked.notified().await;
            if self.rate_if_slow().is_some() {
                return;
            }
        }
    }

    /// Gives the seat to others while an answer is waited for; where too many do so, it is kept.
    pub(super) fn stand_aside(&self) {
        if let Ok(place) = Arc::clone(&self.seats.aside).try_acquire_owned() {
            *lock(&self.permit) = place;
        }
    }

    /// Takes the seat again; false where there is none, and the connection has to end.
    pub(super) fn sit_down(&self) -> bool {
        let mut permit = lock(&self.permit);
        if Arc::ptr_eq(permit.semaphore(), &self.seats.served) {
            return true;
        }
        let Ok(seat) = Arc::clone(&self.seats.served).try_acquire_owned() else {
            return false;
        };
        *permit = seat;
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.seats.taken).remove(&self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
