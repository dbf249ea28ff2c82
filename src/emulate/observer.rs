//! Tells an observer what happens, and counts it, told or not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use super::{AfterAttempt, AttemptCause, AttemptTold, EmulateEvent, lock};
use crate::delivery::Headers;

/// How many KiB may wait for an observer: 64 MiB.
const QUEUE_KIB: u32 = 64 * 1024;

/// What was done.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct EmulatedTotals {
    /// Deliveries whose first attempt was made.
    pub deliveries: u64,
    /// Attempts.
    pub attempts: u64,
    /// Deliveries that were confirmed.
    pub delivered: u64,
    /// Deliveries that were given up.
    pub failed: u64,
    /// Deliveries that were lost on purpose.
    pub dropped: u64,
}

/// The teller's end of the queue.
pub struct Observer {
    /// `None` once nobody is told any more.
    queue: Mutex<Option<mpsc::UnboundedSender<(EmulateEvent, OwnedSemaphorePermit)>>>,
    room: Arc<Semaphore>,
    needs_all: bool,
    skipped: Arc<AtomicU64>,
    held_up: Notify,
    totals: Mutex<EmulatedTotals>,
}

/// The observer's end of it.
pub struct Observations {
    queue: mpsc::UnboundedReceiver<(EmulateEvent, OwnedSemaphorePermit)>,
    skipped: Arc<AtomicU64>,
}

impl Observer {
    /// With `needs_all`, attempts wait while more than 64 MiB wait for the observer; else what has no
    /// room is not told.
    pub fn new(needs_all: bool) -> (Self, Observations) {
        let (sender, queue) = mpsc::unbounded_channel();
        let skipped = Arc::<AtomicU64>::default();
        let observer = Self {
            queue: Mutex::new(Some(sender)),
            room: Arc::new(Semaphore::new(QUEUE_KIB as usize)),
            needs_all,
            skipped: Arc::clone(&skipped),
            held_up: Notify::new(),
            totals: Mutex::default(),
        };
        (observer, Observations { queue, skipped })
    }

    /// Counts what happened, and tells it; where nobody observes, nobody is told.
    pub(super) async fn tell(&self, event: EmulateEvent) {
        lock(&self.totals).count(&event);
        let (room, kib) = (|| Arc::clone(&self.room), event.kib());
        let permit = match room().try_acquire_many_owned(kib) {
            Ok(permit) => permit,
            Err(_) if self.needs_all => {
                self.held_up.notify_one();
                // Nobody closes it.
                let Ok(permit) = room().acquire_many_owned(kib).await else {
                    return;
                };
                permit
            }
            Err(_) => {
                self.skipped.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        if let Some(queue) = &*lock(&self.queue) {
            // Ends with an error where the observer is gone.
            let _ = queue.send((event, permit));
        }
    }

    /// Tells nobody any more: the observer comes to its end.
    pub fn close(&self) {
        lock(&self.queue).take();
    }

    /// What was done so far.
    pub fn totals(&self) -> EmulatedTotals {
        *lock(&self.totals)
    }

    /// How many KiB there is room for: more and more while the observer takes what waits for it.
    pub fn room(&self) -> usize {
        self.room.available_permits()
    }

    /// Resolves when the observer holds up attempts.
    pub async fn until_held_up(&self) {
        self.held_up.notified().await;
    }
}

impl Observations {
    /// The next thing that happened, which holds its room until it is dropped; `None` at the end. Before it
    /// waits, `told` learns how many there were since that were not told.
    pub fn next(&mut self, told: impl FnOnce(u64)) -> Option<(EmulateEvent, OwnedSemaphorePermit)> {
        if let Ok(next) = self.queue.try_recv() {
            return Some(next);
        }
        match self.skipped.swap(0, Ordering::Relaxed) {
            0 => {}
            skipped => told(skipped),
        }
        self.queue.blocking_recv()
    }
}

impl EmulatedTotals {
    fn count(&mut self, event: &EmulateEvent) {
        match event {
            EmulateEvent::Delivery(..) => self.deliveries += 1,
            EmulateEvent::Dropped(_) => self.dropped += 1,
            EmulateEvent::Attempt(attempt) => self.count_attempt(attempt),
            EmulateEvent::Disabled { .. } | EmulateEvent::Rotated { .. } => {}
        }
    }

    fn count_attempt(&mut self, told: &AttemptTold) {
        self.attempts += 1;
        match told.next {
            AfterAttempt::Delivered => {
                self.delivered += u64::from(told.cause != AttemptCause::Duplicate);
            }
            AfterAttempt::Retried { .. } => {}
            AfterAttempt::NotRetried | AfterAttempt::Exhausted | AfterAttempt::Cancelled => {
                self.failed += 1;
            }
        }
    }
}

impl EmulateEvent {
    /// The KiB that it holds on to; at least one, so that their number is bounded, too.
    fn kib(&self) -> u32 {
        let size = |headers: &Headers| -> usize {
            let fields = headers.iter();
            fields.map(|(name, value)| name.len() + value.len()).sum()
        };
        let bytes = match self {
            Self::Delivery(_, request) => request.body.len() + size(&request.headers),
            Self::Attempt(told) => (told.attempt.outcome.as_ref())
                .map_or(0, |answer| answer.body.len() + size(&answer.headers)),
            Self::Dropped(_) | Self::Disabled { .. } | Self::Rotated { .. } => 0,
        };
        // What is larger than the whole queue waits in it alone.
        let kib = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
        kib.saturating_add(1).min(QUEUE_KIB)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::delivery::{Request, Timestamp};
    use crate::emulate::DeliveryTold;

    /// One that takes more than half of the room.
    fn large() -> EmulateEvent {
        let told = DeliveryTold {
            id: String::new(),
            event: String::new(),
            event_id: String::new(),
            endpoint: String::new(),
            url: String::new(),
            at: Timestamp::from_seconds(0),
        };
        let body = vec![0; (QUEUE_KIB as usize / 2 + 1) << 10];
        let request = Request::post("/", Headers::default(), body);
        EmulateEvent::Delivery(told, Box::new(request))
    }

    #[test]
    fn what_a_person_has_no_room_for_is_counted_and_not_told() {
        let (observer, mut told) = Observer::new(false);
        for _ in 0..3 {
            observer.tell(large()).now_or_never().expect("nobody waits");
        }
        observer.close();
        assert_eq!(observer.totals().deliveries, 3);
        assert!(told.next(|_| panic!("one is there")).is_some());
        let mut skipped = 0;
        assert!(told.next(|count| skipped = count).is_none());
        assert_eq!(skipped, 2);
    }

    #[test]
    fn for_a_script_what_has_no_room_waits() {
        let (observer, mut told) = Observer::new(true);
        observer
            .tell(large())
            .now_or_never()
            .expect("there is room");
        let mut second = Box::pin(observer.tell(large()));
        assert!((&mut second).now_or_never().is_none());
        assert!(observer.until_held_up().now_or_never().is_some());
        drop(told.next(|_| panic!("one is there")));
        assert!((&mut second).now_or_never().is_some(), "now there is room");
        drop(second);
        observer.close();
        assert!(told.next(|_| panic!("none is left out")).is_some());
        assert!(told.next(|_| panic!("none is left out")).is_none());
        assert_eq!(observer.totals().deliveries, 2);
    }
}
