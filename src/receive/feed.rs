//! What is told to those who watch: the printer, and the expectations of a CI run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use crate::delivery::{Attempt, Delivery, EventFilter, Status};
use crate::store::StoreError;

/// How many happenings may wait for the printer.
const QUEUE: usize = 4_096;

/// How many KiB of bodies may wait for the printer: 64 MiB, or one larger body.
const QUEUE_KIB: u32 = 64 * 1024;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A delivery came; the number tells which one of its event.
    Delivery(Arc<Delivery>, u32),
    /// A delivery was forwarded.
    Attempt(Arc<Attempt>, Arc<Delivery>),
    /// Something could not be kept.
    CliError(StoreError),
    /// So many happenings were not told, because the printer could not keep up.
    Skipped(u64),
}

impl Happening {
    /// The KiB that it holds on to, as far as the queue counts them.
    fn kib(&self) -> u32 {
        let bytes = match self {
            Self::Delivery(delivery, _) => delivery.request.body.len(),
            Self::Attempt(attempt, _) => attempt.outcome.as_ref().map_or(0, |a| a.body.len()),
            Self::CliError(_) | Self::Skipped(_) => 0,
        };
        u32::try_from(bytes >> 10)
            .unwrap_or(u32::MAX)
            .min(QUEUE_KIB)
    }
}

/// A happening on its way to the printer, with the room that it takes in the queue.
pub struct Told {
    /// What happened.
    pub happening: Happening,
    _room: OwnedSemaphorePermit,
}

impl Told {
    const fn new(happening: Happening, room: OwnedSemaphorePermit) -> Self {
        Self {
            happening,
            _room: room,
        }
    }
}

/// What a run waits for.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// So many deliveries.
    pub count: Option<u64>,
    /// A valid delivery of each of these events.
    pub events: Vec<String>,
}

/// How far an expectation is met, and what came.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// All deliveries.
    pub deliveries: u64,
    /// Those that were not genuine.
    pub refused: u64,
    /// Those that were valid.
    pub valid: u64,
    /// The expected events that have not come.
    pub missing: Vec<String>,
    wanted: Option<u64>,
}

impl Progress {
    /// Whether everything that was awaited has come; also where nothing was. Deliveries that are
    /// counted have to be genuine, all of them.
    pub fn is_met(&self) -> bool {
        let counted = self
            .wanted
            .is_none_or(|count| self.deliveries >= count && self.is_all_valid());
        self.missing.is_empty() && counted
    }

    /// Whether there is nothing more to wait for: the number has come, or else the events.
    fn is_over(&self) -> bool {
        match self.wanted {
            Some(count) => self.deliveries >= count,
            None => self.missing.is_empty(),
        }
    }

    /// Whether every delivery was genuine, and proved to be.
    const fn is_all_valid(&self) -> bool {
        self.valid == self.deliveries
    }
}

/// Tells happenings.
pub struct Feed {
    queue: mpsc::Sender<Told>,
    /// What is left of [`QUEUE_KIB`].
    room: Arc<Semaphore>,
    /// Whether answers wait for the printer. A script needs every line; a person at a terminal that
    /// can't keep up shall not slow the answers.
    lossless: bool,
    filter: EventFilter,
    skipped: Mutex<u64>,
    progress: Mutex<Progress>,
    expects: bool,
    met: Notify,
}

impl Feed {
    /// A feed and its end. Only events of `filter` are told; all are counted.
    pub fn new(
        lossless: bool,
        filter: EventFilter,
        expectation: &Expectation,
    ) -> (Self, mpsc::Receiver<Told>) {
        let (queue, end) = mpsc::channel(QUEUE);
        let progress = Progress {
            missing: expectation.events.clone(),
            wanted: expectation.count,
            ..Progress::default()
        };
        let feed = Self {
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB as usize)),
            lossless,
            filter,
            skipped: Mutex::new(0),
            progress: Mutex::new(progress),
            expects: expectation.count.is_some() || !expectation.events.is_empty(),
            met: Notify::new(),
        };
        (feed, end)
    }

    /// Resolves when everything that was awaited has come; never where nothing was.
    pub async fn until_met(&self) {
        self.met.notified().await;
    }

    /// What came so far.
    pub fn progress(&self) -> Progress {
        self.counted().clone()
    }

    /// How many happenings were not told and not yet said to be so.
    pub fn untold(&self) -> u64 {
        *self.skipped()
    }

    pub(super) async fn delivery(&self, delivery: Arc<Delivery>, repeat: u32) {
        self.count(&delivery);
        if self.filter.matches_known(delivery.event.as_deref()) {
            self.tell(Happening::Delivery(delivery, repeat)).await;
        }
    }

    pub(super) async fn attempt(&self, attempt: Attempt, delivery: Arc<Delivery>) {
        self.tell(Happening::Attempt(Arc::new(attempt), delivery))
            .await;
    }

    pub(super) async fn trouble(&self, error: &StoreError) {
        self.tell(Happening::CliError(error.clone())).await;
    }

    fn count(&self, delivery: &Delivery) {
        let mut progress = self.counted();
        progress.deliveries += 1;
        match delivery.verdict.status {
            Status::Valid => {
                progress.valid += 1;
                let event = delivery.event.as_deref();
                progress
                    .missing
                    .retain(|missing| Some(missing.as_str()) != event);
            }
            Status::Unverified => {}
            _ => progress.refused += 1,
        }
        if self.expects && progress.is_over() {
            self.met.notify_one();
        }
    }

    async fn tell(&self, happening: Happening) {
        if self.lossless {
            // Both fail only when the printer has ended, and then nobody listens.
            let room = Arc::clone(&self.room);
            if let Ok(room) = room.acquire_many_owned(happening.kib()).await {
                let _ = self.queue.send(Told::new(happening, room)).await;
            }
            return;
        }
        let skipped = std::mem::take(&mut *self.skipped());
        if skipped > 0 && !self.try_tell(Happening::Skipped(skipped)) {
            *self.skipped() += skipped;
        }
        if !self.try_tell(happening) {
            *self.skipped() += 1;
        }
    }

    /// Tells without waiting; false where there is no room.
    fn try_tell(&self, happening: Happening) -> bool {
        let room = Arc::clone(&self.room).try_acquire_many_owned(happening.kib());
        room.is_ok_and(|room| self.queue.try_send(Told::new(happening, room)).is_ok())
    }

    fn counted(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn skipped(&self) -> MutexGuard<'_, u64> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
