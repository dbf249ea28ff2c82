//! Appending: a queue in front of the one thread that commits.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::append::{Entry, Job, Record};
use super::commit::Committer;
use super::error::AtPath;
use super::{Run, StoreError};
use crate::delivery::{Attempt, Delivery};

/// How many rows wait for a commit before who submits has to wait as well.
const QUEUE_ROWS: usize = 1024;

/// Appends to the log, or writes another database's records; clones share one queue, one thread and one
/// connection.
///
/// Rows are kept in the order in which they were submitted. Whatever has queued up while a commit
/// was under way shares the next one. Dropping the last clone waits until the queue is on the disk.
#[derive(Debug)]
pub struct Writer<R = Entry> {
    /// `None` once the writer is dropped.
    queue: Option<mpsc::Sender<Job<R>>>,
    thread: Option<Arc<JoinHandle<()>>>,
    path: Arc<Path>,
    began_anew: Arc<AtomicBool>,
}

impl<R: Record> Writer<R> {
    /// Connects, so that what is wrong with the log is told now, then starts the thread.
    pub fn start(path: &Path) -> Result<Self, StoreError> {
        let began_anew = Arc::default();
        let committer = Committer::connect(path, Arc::clone(&began_anew))?;
        let (queue, jobs) = mpsc::channel(QUEUE_ROWS);
        let thread = thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || committer.run(jobs))
            .at(path)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(Arc::new(thread)),
            path: path.into(),
            began_anew,
        })
    }

    /// Says once that rows which are kept since are in another file than those before them.
    pub fn began_anew(&self) -> Option<StoreError> {
        let is_new = self.began_anew.load(Ordering::Relaxed);
        let is_untold = is_new && self.began_anew.swap(false, Ordering::Relaxed);
        is_untold.then(|| StoreError::BeganAnew(self.path.to_path_buf()))
    }

    /// Queues a record; waits only while the queue is full, never for the disk. The receipt tells when it
    /// is kept.
    pub async fn write(&self, record: R) -> Receipt {
        let (answer, receipt) = oneshot::channel();
        if let Some(queue) = &self.queue {
            // A queue without a thread drops the answer's sender, and the receipt says so.
            let _ = queue.send((record, answer)).await;
        }
        Receipt(receipt)
    }
}

impl Writer {
    /// Queues a delivery; waits only while the queue is full, never for the disk. The receipt tells
    /// when the row is kept.
    pub async fn submit(&self, delivery: Arc<Delivery>) -> Receipt {
        self.write(Entry::Delivery(delivery)).await
    }

    /// Queues an attempt, with the id of the replay run it belongs to.
    pub async fn submit_attempt(&self, attempt: Attempt, run: Option<&str>) -> Receipt {
        let run = run.map(ToOwned::to_owned);
        self.write(Entry::Attempt(Box::new(attempt), run)).await
    }

    /// Queues a bulk replay, before its first attempt.
    pub async fn begin_run(&self, run: &Run) -> Receipt {
        self.write(Entry::Run(run.clone())).await
    }
}

impl<R> Clone for Writer<R> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            thread: self.thread.clone(),
            path: Arc::clone(&self.path),
            began_anew: Arc::clone(&self.began_anew),
        }
    }
}

impl<R> Drop for Writer<R> {
    /// The last one waits until the rows of the queue are kept or answered with an error.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take().and_then(Arc::into_inner) {
            // A thread that panicked has answered everyone by dropping the senders.
            let _ = thread.join();
        }
    }
}

/// Resolves when the row is on the disk, or to the reason why it is not.
#[derive(Debug)]
#[must_use = "a row is kept only once its receipt says so"]
pub struct Receipt(oneshot::Receiver<Result<(), StoreError>>);

impl Receipt {
    /// Waits without a runtime; not from within one.
    pub fn wait(self) -> Result<(), StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Stopped))
    }
}

impl Future for Receipt {
    type Output = Result<(), StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.0).poll(context));
        Poll::Ready(answer.unwrap_or(Err(StoreError::Stopped)))
    }
}
