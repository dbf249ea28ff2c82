//! Sending: in order and at its pace, until done or stopped.

use std::future::ready;
use std::ops::ControlFlow;

use futures_util::FutureExt as _;
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::pace::Pacer;
use super::prepare::Prepared;
use super::select::Selected;
use super::{Observer, Replay, ReplayError, ReplayEvent};
use crate::delivery::{Attempt, Delivery, Trigger};
use crate::dispatch::{Dispatch, Outgoing, Sent};
use crate::store::{Run, RunLock};

/// How many attempts may wait for the log while the next are sent: enough for the log to keep many
/// at once without the sending waiting for it, and few to be sent again should the machine fail.
const UNKEPT: usize = 1024;

/// How many bytes of requests they may hold together, or one larger request.
const UNKEPT_BYTES: u32 = 4 << 20;

impl Replay<'_> {
    /// Selects the deliveries and sends them. It ends early where `stop` resolves, where the observer
    /// says so, and at the first error; what is under way then is awaited, so that the log holds
    /// whatever was sent.
    pub async fn run(
        &self,
        stop: impl Future<Output = ()>,
        observer: &mut Observer<'_>,
    ) -> Result<(), ReplayError> {
        // Before what it has sent is looked up.
        let lock = self.lock(self.run.as_ref().filter(|_| self.resume))?;
        let selected = Selected::of(self)?;
        let told = observer(ReplayEvent::Selected {
            requests: selected.requests(),
            sent_before: selected.sent_before,
            incomplete: &selected.incomplete,
            run: selected.run().map(|run| run.id.as_str()),
        });
        let lock = lock.map_or_else(|| self.lock(selected.run()), |lock| Ok(Some(lock)))?;
        let done = match self.dispatch {
            _ if told.is_break() => Ok(()),
            None => self.preview(&selected, observer),
            Some(dispatch) => self.send(&selected, dispatch, stop, observer).await,
        };
        drop(lock);
        done
    }

    /// Takes the lock of a run that sends, so that no other replay sends the same.
    fn lock(&self, run: Option<&Run>) -> Result<Option<RunLock>, ReplayError> {
        let Some(run) = run.filter(|_| self.dispatch.is_some()) else {
            return Ok(None);
        };
        let Some(lock) = self.read_log(|reader| Ok(reader.lock_run(&run.id)?))? else {
            return Ok(None);
        };
        let in_use = || ReplayError::RunInUse(run.id.clone());
        lock.ok_or_else(in_use).map(Some)
    }

    /// Tells what would be sent.
    fn preview(
        &self,
        selected: &Selected<'_>,
        observer: &mut Observer<'_>,
    ) -> Result<(), ReplayError> {
        for delivery in selected.deliveries() {
            let delivery = delivery?;
            let target = selected.target(&delivery)?;
            let was_success = selected.was_success(&delivery.id);
            let told = match self.prepare(delivery, target, was_success) {
                Err(error) if error.is_skipped() => observer(ReplayEvent::Skipped(&error)),
                prepared => observer(ReplayEvent::Prepared(&prepared?)),
            };
            if told.is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        selected: &Selected<'_>,
        dispatch: &Dispatch,
        stop: impl Future<Output = ()>,
        observer: &mut Observer<'_>,
    ) -> Result<(), ReplayError> {
        if let Some(run) = selected.run().filter(|_| !self.resume)
            && let Some(receipt) = dispatch.begin_run(run).await
        {
            receipt.await?;
        }
        let halt = watch::Sender::new(false);
        let room = Semaphore::new(UNKEPT_BYTES as usize);
        let mut sent = std::pin::pin!(self.attempts(selected, dispatch, &halt, &room));
        let mut stop = std::pin::pin!(stop.fuse());
        let mut outcome = Ok(());
        let mut is_said = true;
        loop {
            let next = tokio::select! {
                biased;
                () = &mut stop => {
                    halt.send_replace(true);
                    continue;
                }
                next = sent.next() => next,
                () = ready(()), if !is_said => {
                    is_said = true;
                    if observer(ReplayEvent::Paused).is_break() {
                        halt.send_replace(true);
                    }
                    continue;
                }
            };
            is_said = false;
            let told = match next {
                None => return outcome,
                Some(Ok((prepared, attempt))) => observer(ReplayEvent::Sent(&prepared, &attempt)),
                Some(Err(error)) if error.is_skipped() => observer(ReplayEvent::Skipped(&error)),
                Some(Err(error)) => {
                    outcome = outcome.and(Err(error));
                    ControlFlow::Break(())
                }
            };
            if told.is_break() {
                halt.send_replace(true);
            }
        }
    }

    /// What was sent, in the order of the answers, each once the log has it. Nothing more is begun
    /// once `halt` is true.
    fn attempts(
        &self,
        selected: &Selected<'_>,
        dispatch: &Dispatch,
        halt: &watch::Sender<bool>,
        room: &Semaphore,
    ) -> impl Stream<Item = Result<(Prepared, Attempt), ReplayError>> {
        let mut pacer = Pacer::new(self.pacing);
        stream::iter(selected.deliveries())
            .take_while(|_| ready(!*halt.borrow()))
            .map(move |delivery| {
                let now = Instant::now();
                let start = match &delivery {
                    Ok(delivery) => pacer.next(delivery.received_at, now),
                    Err(_) => now,
                };
                async move {
                    if is_halted_before(start, halt).await {
                        return Ok(None);
                    }
                    let (prepared, sent) = self.send_one(selected, dispatch, delivery?).await?;
                    let bytes = u32::try_from(prepared.delivery.request.size());
                    let bytes = bytes.unwrap_or(u32::MAX).min(UNKEPT_BYTES);
                    // Fails only where the semaphore is closed, and it never is.
                    let share = room.acquire_many(bytes).await.ok();
                    Ok::<_, ReplayError>(Some((prepared, sent, share)))
                }
            })
            .buffer_unordered(self.concurrency.max(1))
            .inspect(|sent| {
                if sent.as_ref().is_err_and(|error| !error.is_skipped()) {
                    halt.send_replace(true);
                }
            })
            .map(kept)
            .buffered(UNKEPT)
            .filter_map(|sent| ready(sent.transpose()))
    }

    async fn send_one(
        &self,
        selected: &Selected<'_>,
        dispatch: &Dispatch,
        delivery: Delivery,
    ) -> Result<(Prepared, Sent), ReplayError> {
        let target = selected.target(&delivery)?;
        let was_success = selected.was_success(&delivery.id);
        let prepared = self.prepare(delivery, target, was_success)?;
        let outgoing = Outgoing {
            delivery_id: &prepared.delivery.id,
            trigger: Trigger::Replay,
            target: &prepared.target,
            request: &prepared.delivery.request,
            signing: Some(prepared.signing),
            timeout: self.timeout,
            run: selected.run().map(|run| run.id.as_str()),
        };
        let sent = dispatch.send(outgoing).await;
        Ok((prepared, sent))
    }
}

/// Waits for a start; whether the replay was halted before.
async fn is_halted_before(start: Instant, halt: &watch::Sender<bool>) -> bool {
    if start <= Instant::now() {
        // A sleep would last until the runtime's next millisecond all the same.
        return *halt.borrow();
    }
    let mut halted = halt.subscribe();
    tokio::select! {
        biased;
        _ = halted.wait_for(|halted| *halted) => true,
        () = sleep_until(start) => false,
    }
}

/// Waits until the log has the attempt.
async fn kept(
    sent: Result<Option<(Prepared, Sent, Option<SemaphorePermit<'_>>)>, ReplayError>,
) -> Result<Option<(Prepared, Attempt)>, ReplayError> {
    let Some((prepared, Sent { attempt, receipt }, _share)) = sent? else {
        return Ok(None);
    };
    if let Some(receipt) = receipt {
        receipt.await?;
    }
    Ok(Some((prepared, attempt)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_may_start_now_waits_for_no_timer() {
        let halt = watch::Sender::new(false);
        let start = Instant::now();
        assert_eq!(is_halted_before(start, &halt).now_or_never(), Some(false));
        halt.send_replace(true);
        assert_eq!(is_halted_before(start, &halt).now_or_never(), Some(true));
    }
}
