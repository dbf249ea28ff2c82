//! Passing deliveries on to the application: a queue for each target, in the order of the log, and
//! so many workers that take the next one as soon as they are free.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::activity::Activity;
use super::events::Events;
use super::passing::{outgoing, reply_of};
use super::replies::error;
use super::rules::Route;
use crate::delivery::{Attempt, Delivery, Headers, Signing, Trigger};
use crate::dispatch::{Dispatch, Outgoing};
use crate::http::{Reply, Target};
use crate::provider::ExpectedAnswer;
use crate::store::Receipt;

/// How many attempts may wait for the disk before the targets wait as well.
const UNKEPT: usize = 256;

/// What came of an attempt whose answer was not waited for.
const GIVEN_UP: &str = "the listener ended before the application answered";

/// How deliveries are passed on.
pub struct ForwardOptions {
    /// What sends, and keeps the attempts.
    pub dispatch: Dispatch,
    /// How many may be under way to a target; 1 keeps the order of the log.
    pub concurrency: usize,
    /// How many deliveries may be on their way to a target, whether or not their senders still wait.
    pub backlog: usize,
    /// How long a target may take; `None` for no limit.
    pub timeout: Option<Duration>,
    /// Headers that are added.
    pub headers: Headers,
    /// The scheme by which senders reach this program, where applications are told of it, of the
    /// sender's address and of the name that was asked for.
    pub forwarded: Option<&'static str>,
}

/// The applications behind the listener.
pub(super) struct Forwarder {
    /// By target; `None` once it takes nothing more.
    queues: Mutex<Option<Vec<Queue>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// Whether no answer is waited for any more.
    is_given_up: watch::Sender<bool>,
    is_finished: watch::Sender<bool>,
}

/// The end of a target's queue.
struct Queue {
    /// As many as deliveries may still be taken.
    permits: Arc<Semaphore>,
    work: mpsc::UnboundedSender<QueuedJob>,
}

/// A job that comes once its delivery is kept, and a permit until its attempt is over.
type QueuedJob = (oneshot::Receiver<Job>, OwnedSemaphorePermit);

/// A delivery that is kept, and who waits for what its application answers.
pub(super) struct Job {
    delivery: Arc<Delivery>,
    /// What its provider wants to be answered, of a handshake.
    handshake: Option<Vec<ExpectedAnswer>>,
    answer: oneshot::Sender<Attempt>,
}

/// A place in a target's queue. Dropped without a job, it is skipped.
pub(super) type Slot = oneshot::Sender<Job>;

/// An attempt whose answer is there, on its way to the disk.
type Unkept = (Activity, Option<Receipt>);

/// What the workers of all targets share.
struct WorkerPool {
    options: ForwardOptions,
    unkept: mpsc::Sender<Unkept>,
    is_given_up: watch::Receiver<bool>,
}

impl Forwarder {
    /// Forwards along `routes` and publishes the attempts. Needs a runtime.
    pub(super) fn start(routes: &[Route], options: ForwardOptions, events: Arc<Events>) -> Self {
        let (unkept, attempts) = mpsc::channel(UNKEPT);
        let (give_up, is_given_up) = watch::channel(false);
        let backlog = options.backlog;
        let pool = Arc::new(WorkerPool {
            options,
            unkept,
            is_given_up,
        });
        let mut tasks = vec![tokio::spawn(publish_kept(attempts, events))];
        let mut queues = Vec::new();
        for route in routes {
            let (work, queue) = mpsc::unbounded_channel();
            let run = Arc::clone(&pool).run(queue, route.target.clone());
            tasks.push(tokio::spawn(run));
            let permits = Arc::new(Semaphore::new(backlog));
            queues.push(Queue { permits, work });
        }
        Self {
            queues: Mutex::new(Some(queues)),
            tasks: Mutex::new(tasks),
            is_given_up: give_up,
            is_finished: watch::Sender::new(false),
        }
    }

    /// Takes the next slot in the queue of each of these routes; `None`, and none of them, where one
    /// is full or nothing more is taken.
    pub(super) fn enqueue(&self, routes: &[usize]) -> Option<Vec<Slot>> {
        let queues = lock(&self.queues);
        let permit = |route: &usize| {
            let queue = queues.as_ref()?.get(*route)?;
            let permit = Arc::clone(&queue.permits).try_acquire_owned().ok()?;
            Some((queue, permit))
        };
        let permits: Option<Vec<_>> = routes.iter().map(permit).collect();
        let enqueue = |(queue, permit): (&Queue, _)| {
            let (slot, job) = oneshot::channel();
            // Where nobody takes the job, its answer says so.
            let _ = queue.work.send((job, permit));
            slot
        };
        Some(permits?.into_iter().map(enqueue).collect())
    }

    /// Takes nothing more, and waits until everything that was on its way has arrived and is told.
    pub(super) async fn finish(&self) {
        drop(lock(&self.queues).take());
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        if tasks.is_empty() {
            // Somebody else waits for them. Fails only where the sender is gone, which is `self`.
            let _ = self.is_finished.subscribe().wait_for(|is| *is).await;
        }
        join_all(tasks).await;
        self.is_finished.send_replace(true);
    }

    /// The same without waiting for answers: what is under way becomes an attempt without one, and what
    /// waits none at all.
    pub(super) async fn give_up(&self) {
        self.is_given_up.send_replace(true);
        self.finish().await;
    }
}

/// Hands a delivery over to the workers, whether or not the reply is waited for, which is the
/// applications': the first that is not 2xx, else the first target's. Only the owner of this machine
/// learns why there is none.
pub(super) fn hand_over(
    slots: Vec<Slot>,
    delivery: &Arc<Delivery>,
    handshake: Option<&[ExpectedAnswer]>,
    is_from_owner: bool,
) -> impl Future<Output = Reply> + use<> {
    let fill = |slot: Slot| {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            delivery: Arc::clone(delivery),
            handshake: handshake.map(<[_]>::to_vec),
            answer,
        };
        // Where nobody takes it, its answer says so.
        let _ = slot.send(job);
        answered
    };
    let attempts = join_all(slots.into_iter().map(fill));
    async move { reply(&attempts.await, is_from_owner) }
}

/// The answer of the applications to whoever sent.
fn reply(attempts: &[Result<Attempt, oneshot::error::RecvError>], is_from_owner: bool) -> Reply {
    let refused = attempts
        .iter()
        .find(|attempt| !attempt.as_ref().is_ok_and(Attempt::is_success));
    match refused.or(attempts.first()) {
        Some(Ok(attempt)) => reply_of(attempt, is_from_owner),
        Some(Err(_)) | None => error(503, "the listener is ending"),
    }
}

impl WorkerPool {
    /// The workers of one target. A free one takes the next job and waits until its delivery is kept.
    async fn run(self: Arc<Self>, mut queue: mpsc::UnboundedReceiver<QueuedJob>, target: Target) {
        let (pool, target) = (&self, &target);
        stream::poll_fn(move |context| queue.poll_recv(context))
            .for_each_concurrent(
                self.options.concurrency.max(1),
                |(job, permit)| async move {
                    if let Ok(job) = job.await
                        && !*pool.is_given_up.borrow()
                    {
                        let target = target.join_path(&job.delivery.request.target);
                        let pool = Arc::clone(pool);
                        // One that panicked is one without an answer.
                        let _ = tokio::spawn(async move { pool.attempt(job, &target).await }).await;
                    }
                    drop(permit);
                },
            )
            .await;
    }

    /// One attempt. Its worker is free once the answer is there; the disk is waited for elsewhere.
    async fn attempt(&self, job: Job, target: &Target) {
        let request = outgoing(&job.delivery, self.options.forwarded, &self.options.headers);
        let outgoing = Outgoing {
            delivery_id: &job.delivery.id,
            trigger: Trigger::Forward,
            target,
            request: &request,
            signing: Some(Signing::Kept),
            timeout: self.options.timeout,
            run: None,
        };
        let mut is_given_up = self.is_given_up.clone();
        let stop = async {
            // Nobody gives up any more where the forwarder is gone.
            if is_given_up.wait_for(|is| *is).await.is_err() {
                pending::<()>().await;
            }
            GIVEN_UP.to_owned()
        };
        let sent = self.options.dispatch.send_until(outgoing, stop).await;
        let expected = job.handshake.as_deref();
        let activity = Activity::attempt(sent.attempt.clone(), &job.delivery, expected);
        // The sender may have left.
        let _ = job.answer.send(sent.attempt);
        // Fails only where the one who publishes has panicked.
        let _ = self.unkept.send((activity, sent.receipt)).await;
    }
}

/// Publishes attempts in the order of the log, each once it is kept or cannot be.
async fn publish_kept(mut attempts: mpsc::Receiver<Unkept>, events: Arc<Events>) {
    while let Some((attempt, receipt)) = attempts.recv().await {
        let kept = match receipt {
            Some(receipt) => receipt.await,
            None => Ok(()),
        };
        events.publish(&attempt);
        if let Err(error) = kept {
            events.publish(&Activity::Error(error));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
