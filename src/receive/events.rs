//! What happens, published once; any number subscribe, and none of them can slow an answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::activity::{Activity, QUEUE_KIB};
use super::progress::Progress;
use super::uptake::Uptake;
use crate::delivery::EventFilter;
use crate::store::{LookupError, Reader};

/// How many ids may wait for a subscriber that reads from the log what did not fit: about 100 MiB.
const QUEUE_IDS: usize = 1 << 20;

/// Counts what happens and tells it to who subscribed.
pub struct Events {
    subscribers: Mutex<Vec<Subscriber>>,
    progress: Mutex<Progress>,
    /// Whether everything that was awaited has come: who waits for that is not woken before.
    is_over: watch::Sender<bool>,
    /// Whether a subscriber holds up the senders, and who is told when one begins to.
    is_held_up: AtomicBool,
    held_up: Notify,
}

/// The publisher's end of a queue.
struct Subscriber {
    /// Each with the room that it takes.
    queue: mpsc::UnboundedSender<(Queued, OwnedSemaphorePermit)>,
    filter: EventFilter,
    /// What is left of [`QUEUE_KIB`].
    room: Arc<Semaphore>,
    /// What is left of [`QUEUE_IDS`]; `None` where nothing is read from the log.
    ids: Option<Arc<Semaphore>>,
    skipped: Arc<AtomicU64>,
    uptake: Arc<Uptake>,
}

/// Something on its way to a subscriber.
enum Queued {
    Whole(Activity),
    DeliveryInLog(String, u32),
    AttemptInLog(String),
}

/// A subscriber's end of its queue.
pub struct Subscription {
    queue: mpsc::UnboundedReceiver<(Queued, OwnedSemaphorePermit)>,
    log: Option<Reader>,
    skipped: Arc<AtomicU64>,
    uptake: Arc<Uptake>,
}

impl Events {
    /// Counts in `progress`.
    pub(super) fn new(progress: Progress) -> Self {
        Self {
            subscribers: Mutex::default(),
            progress: Mutex::new(progress),
            is_over: watch::Sender::new(false),
            is_held_up: AtomicBool::new(false),
            held_up: Notify::new(),
        }
    }

    /// Tells from now on what happens and is about the events of `filter`.
    ///
    /// A subscriber that can't keep up loses nothing as long as it has the `log`, from which it reads
    /// what did not fit into its queue; without one, that is skipped, and it is told how much.
    pub fn subscribe(&self, filter: EventFilter, log: Option<Reader>) -> Subscription {
        self.subscribe_within(QUEUE_KIB, filter, log)
    }

    fn subscribe_within(&self, kib: u32, filter: EventFilter, log: Option<Reader>) -> Subscription {
        let (sender, queue) = mpsc::unbounded_channel();
        let skipped = Arc::<AtomicU64>::default();
        let uptake = Arc::<Uptake>::default();
        lock(&self.subscribers).push(Subscriber {
            queue: sender,
            filter,
            room: Arc::new(Semaphore::new(kib as usize)),
            ids: log.as_ref().map(|_| Arc::new(Semaphore::new(QUEUE_IDS))),
            skipped: Arc::clone(&skipped),
            uptake: Arc::clone(&uptake),
        });
        Subscription {
            queue,
            log,
            skipped,
            uptake,
        }
    }

    /// Resolves when everything that was awaited has come; never where nothing was.
    pub async fn until_met(&self) {
        // Fails only where the sender is gone, which is `self`.
        let _ = self.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }

    /// Whether a subscriber that was required has stalled, so that nothing more can be received.
    pub(super) fn are_held_up(&self) -> bool {
        let is_held_up = lock(&self.subscribers)
            .iter()
            .any(|subscriber| subscriber.uptake.holds_up());
        if is_held_up && !self.is_held_up.swap(is_held_up, Ordering::Relaxed) {
            self.held_up.notify_one();
        }
        self.is_held_up.store(is_held_up, Ordering::Relaxed);
        is_held_up
    }

    /// Resolves when a subscriber begins to hold up senders.
    pub async fn until_held_up(&self) {
        self.held_up.notified().await;
    }

    /// What came so far.
    pub fn progress(&self) -> Progress {
        lock(&self.progress).clone()
    }

    /// Counts, then tells; never waits.
    pub(super) fn publish(&self, activity: &Activity) {
        if let Activity::Delivery { delivery, .. } = activity {
            let mut progress = lock(&self.progress);
            progress.count(delivery);
            if progress.is_over() {
                self.is_over.send_replace(true);
            }
        }
        lock(&self.subscribers).retain(|subscriber| subscriber.offer(activity));
    }
}

impl Subscriber {
    /// Queues an activity, or its id, or counts it as skipped; false where nobody listens any more.
    fn offer(&self, activity: &Activity) -> bool {
        if !activity.is_meant(&self.filter) {
            return !self.queue.is_closed();
        }
        if let Some(queued) = self.queued(activity) {
            self.uptake.offered();
            return self.queue.send(queued).is_ok();
        }
        self.skipped.fetch_add(1, Ordering::Relaxed);
        !self.queue.is_closed()
    }

    /// As much of an activity as there is room for.
    fn queued(&self, activity: &Activity) -> Option<(Queued, OwnedSemaphorePermit)> {
        let room = Arc::clone(&self.room);
        if let Ok(room) = room.try_acquire_many_owned(activity.kib()) {
            return Some((Queued::Whole(activity.clone()), room));
        }
        let room = Arc::clone(self.ids.as_ref()?).try_acquire_owned().ok()?;
        let queued = match activity {
            Activity::Delivery {
                delivery,
                occurrence,
            } => Queued::DeliveryInLog(delivery.id.clone(), *occurrence),
            Activity::Attempt { attempt, .. } => Queued::AttemptInLog(attempt.id.clone()),
            Activity::Error(_) | Activity::Stray(..) | Activity::Skipped(_) => return None,
        };
        Some((queued, room))
    }
}

impl Subscription {
    /// How this subscriber keeps up.
    pub const fn uptake(&self) -> &Arc<Uptake> {
        &self.uptake
    }

    /// The next activity; `None` once the receiver is gone. With a log, this may read from the disk.
    pub async fn next(&mut self) -> Option<Activity> {
        if let Some(activity) = self.try_next() {
            return Some(activity);
        }
        self.uptake.set_busy(false);
        let queued = self.queue.recv().await;
        self.uptake.set_busy(true);
        self.activity_or_end(queued)
    }

    /// The same without a runtime; not from within one.
    pub fn blocking_next(&mut self) -> Option<Activity> {
        if let Some(activity) = self.try_next() {
            return Some(activity);
        }
        self.uptake.set_busy(false);
        let queued = self.queue.blocking_recv();
        self.uptake.set_busy(true);
        self.activity_or_end(queued)
    }

    /// The next activity that waits already. Once none does, how many were skipped.
    pub fn try_next(&mut self) -> Option<Activity> {
        let queued = self.queue.try_recv().ok();
        self.activity_or_end(queued)
    }

    fn activity_or_end(&self, queued: Option<(Queued, OwnedSemaphorePermit)>) -> Option<Activity> {
        match queued {
            Some((queued, _room)) => {
                self.uptake.taken();
                Some(self.activity(queued))
            }
            None => self.skipped(),
        }
    }

    fn skipped(&self) -> Option<Activity> {
        let skipped = self.skipped.swap(0, Ordering::Relaxed);
        (skipped > 0).then_some(Activity::Skipped(skipped))
    }

    /// What was queued, read from the log where only its id was. A row that was pruned meanwhile
    /// counts as skipped.
    fn activity(&self, queued: Queued) -> Activity {
        let read = match queued {
            Queued::Whole(activity) => return activity,
            Queued::DeliveryInLog(id, occurrence) => self.read(|log| {
                let delivery = Arc::new(log.get(&id)?);
                Ok(Activity::Delivery {
                    delivery,
                    occurrence,
                })
            }),
            Queued::AttemptInLog(id) => self.read(|log| {
                let attempt = log.attempt(&id)?;
                let delivery = log.get(&attempt.delivery_id)?;
                Ok(Activity::attempt(attempt, &delivery, None))
            }),
        };
        read.unwrap_or_else(|error| match error {
            LookupError::Store(error) => Activity::Error(error),
            _ => Activity::Skipped(1),
        })
    }

    fn read(
        &self,
        read: impl FnOnce(&Reader) -> Result<Activity, LookupError>,
    ) -> Result<Activity, LookupError> {
        match &self.log {
            Some(log) => read(log),
            None => Ok(Activity::Skipped(1)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::delivery::{
        Answer, Attempt, Delivery, DeliverySource, Headers, Request, Status, Timestamp, Trigger,
        Verdict,
    };
    use crate::store::Log;

    fn delivery(number: usize) -> Arc<Delivery> {
        Arc::new(Delivery {
            id: format!("dlv_{number}"),
            received_at: Timestamp::from_seconds(1),
            source: DeliverySource::Listen,
            remote: None,
            provider: Some("olympus".into()),
            event: Some("order.created".into()),
            event_id: Some(format!("evt_{number}")),
            duplicate_of: None,
            verdict: Verdict::new(Status::Valid),
            request: Request::post("/", Headers::new(), vec![b'x'; 1_000]),
            response_status: None,
        })
    }

    fn attempt(of: &Delivery) -> Attempt {
        Attempt {
            id: of.id.replace("dlv", "att"),
            delivery_id: of.id.clone(),
            trigger: Trigger::Forward,
            url: "http://localhost/".into(),
            started_at: Timestamp::from_seconds(2),
            duration_ms: 1.5,
            signing: None,
            outcome: Ok(Answer {
                status: 200,
                headers: Headers::new(),
                body: Bytes::from_static(b"ok"),
            }),
        }
    }

    /// Deliveries with an attempt at each, as activities, in a log.
    async fn happened(number: usize) -> (tempfile::TempDir, Log, Vec<Activity>) {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path().join("log.db")).unwrap();
        let writer = log.writer().unwrap();
        let mut activities = Vec::new();
        for number in 0..number {
            let delivery = delivery(number);
            let attempt = attempt(&delivery);
            writer.submit(Arc::clone(&delivery)).await.await.unwrap();
            let receipt = writer.submit_attempt(attempt.clone(), None).await;
            receipt.await.unwrap();
            let occurrence = u32::try_from(number).unwrap();
            let attempt = Activity::attempt(attempt, &delivery, None);
            activities.extend([
                Activity::Delivery {
                    delivery,
                    occurrence,
                },
                attempt,
            ]);
        }
        (folder, log, activities)
    }

    /// Everything that a subscription still tells, as text.
    async fn rest(mut subscription: Subscription) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(activity) = subscription.next().await {
            rest.push(format!("{activity:?}"));
        }
        rest
    }

    #[tokio::test]
    async fn what_did_not_fit_is_read_from_the_log_in_its_place() {
        let (_folder, log, activities) = happened(20).await;
        let events = Events::new(Progress::default());
        let reader = log.reader().unwrap();
        let mut slow = events.subscribe_within(3, EventFilter::default(), Some(reader));
        let mut told = Vec::new();
        for (place, activity) in activities.iter().enumerate() {
            events.publish(activity);
            // Some are read on the way, so that room comes back between.
            if place % 4 == 3 {
                told.push(format!("{:?}", slow.next().await.unwrap()));
            }
        }
        drop(events);
        told.extend(rest(slow).await);
        let expected: Vec<_> = activities.iter().map(|a| format!("{a:?}")).collect();
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn without_a_log_what_did_not_fit_is_skipped_and_counted() {
        let (_folder, _log, activities) = happened(10).await;
        let events = Events::new(Progress::default());
        let slow = events.subscribe_within(3, EventFilter::default(), None);
        for activity in &activities {
            events.publish(activity);
        }
        assert_eq!(events.progress().deliveries, 10);
        drop(events);
        let told = rest(slow).await;
        assert_eq!(
            told.last().unwrap(),
            &format!("Skipped({})", 20 - (told.len() - 1))
        );
        let expected: Vec<_> = activities.iter().map(|a| format!("{a:?}")).collect();
        assert_eq!(told[..told.len() - 1], expected[..told.len() - 1]);
        assert!(told.len() > 1 && told.len() < 20, "{told:?}");
    }

    #[tokio::test]
    async fn what_was_pruned_meanwhile_is_said_to_be_skipped() {
        let events = Events::new(Progress::default());
        let (_folder, log, activities) = happened(0).await;
        assert!(activities.is_empty());
        let reader = log.reader().unwrap();
        let slow = events.subscribe_within(0, EventFilter::default(), Some(reader));
        events.publish(&Activity::Delivery {
            delivery: delivery(1),
            occurrence: 1,
        });
        drop(events);
        assert_eq!(rest(slow).await, ["Skipped(1)"]);
    }
}
