//! Passing deliveries on to the application, in order for each target.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Semaphore, oneshot};

use super::answer::error;
use super::feed::Feed;
use crate::delivery::{
    Attempt, Delivery, EventFilter, FailureKind, Headers, Request, Signing, Trigger,
};
use crate::dispatch::{Dispatch, Outgoing};
use crate::http::{Reply, Target};

/// Where deliveries of some events go.
pub struct Route {
    /// The events.
    pub filter: EventFilter,
    /// The application.
    pub target: Target,
}

/// How deliveries are passed on.
#[derive(Debug, Clone)]
pub struct ForwardOptions {
    /// Whose answer the sender gets.
    pub answer: AnswerMode,
    /// How many may be under way to a target.
    pub concurrency: usize,
    /// How long a target may take.
    pub timeout: Option<Duration>,
    /// Headers that are added.
    pub headers: Headers,
    /// The events that are passed on at all.
    pub filter: EventFilter,
}

/// Whose answer the sender gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswerMode {
    /// The application's.
    #[default]
    App,
    /// This program's, at once.
    Now,
}

/// How many deliveries may wait for their applications when the sender is answered at once; beyond
/// that the sender waits, too.
const BACKLOG: usize = 1_024;

/// The applications behind the listener.
pub struct Forward {
    lanes: Vec<Lane>,
    shared: Arc<Shared>,
}

struct Shared {
    dispatch: Dispatch,
    options: ForwardOptions,
    backlog: Arc<Semaphore>,
}

/// A target with the ends of those who go to it, so that the next can wait for them.
struct Lane {
    route: Route,
    under_way: Mutex<VecDeque<oneshot::Receiver<()>>>,
}

/// A place in the lines of all targets of one delivery.
pub(super) struct Line {
    tickets: Vec<Ticket>,
    shared: Arc<Shared>,
    app_answers: bool,
}

struct Ticket {
    target: Target,
    before: Option<oneshot::Receiver<()>>,
    /// Dropped when this delivery is through, which lets the next one go.
    done: oneshot::Sender<()>,
}

impl Forward {
    /// Forwards along `routes` through `dispatch`.
    pub fn new(routes: Vec<Route>, dispatch: Dispatch, options: ForwardOptions) -> Self {
        let lane = |route| Lane {
            route,
            under_way: Mutex::default(),
        };
        Self {
            lanes: routes.into_iter().map(lane).collect(),
            shared: Arc::new(Shared {
                dispatch,
                options,
                backlog: Arc::new(Semaphore::new(BACKLOG)),
            }),
        }
    }

    /// Whether the sender gets the application's answer.
    pub fn app_answers(&self) -> bool {
        self.shared.options.answer == AnswerMode::App
    }

    /// Waits until everything that was on its way has arrived.
    pub async fn finish(&self) {
        for lane in &self.lanes {
            let under_way = std::mem::take(&mut *lock(&lane.under_way));
            join_all(under_way).await;
        }
    }

    pub(super) fn wants(&self, event: Option<&str>) -> bool {
        self.shared.options.filter.matches_known(event)
            && self
                .lanes
                .iter()
                .any(|lane| lane.route.filter.matches_known(event))
    }

    /// Takes the next place in the line of each target of this event.
    pub(super) fn stand(&self, event: Option<&str>, app_answers: bool) -> Line {
        let lanes = self.lanes.iter();
        let meant = lanes.filter(|lane| lane.route.filter.matches_known(event));
        Line {
            tickets: meant
                .map(|lane| lane.stand(self.shared.options.concurrency))
                .collect(),
            shared: Arc::clone(&self.shared),
            app_answers,
        }
    }
}

impl Lane {
    fn stand(&self, concurrency: usize) -> Ticket {
        let (done, end) = oneshot::channel();
        let mut under_way = lock(&self.under_way);
        let full = under_way.len() >= concurrency.max(1);
        let before = if full { under_way.pop_front() } else { None };
        under_way.push_back(end);
        Ticket {
            target: self.route.target.clone(),
            before,
            done,
        }
    }
}

impl Ticket {
    /// Waits for this delivery's turn, which lasts until what is returned is dropped.
    async fn turn(self) -> oneshot::Sender<()> {
        if let Some(before) = self.before {
            // An error says that the one before is gone, which is as good.
            let _ = before.await;
        }
        self.done
    }
}

impl Line {
    /// Carries the delivery to its targets. The reply is the applications' where they answer: the
    /// first that is not 2xx, else the first target's.
    pub(super) async fn carry(self, delivery: Arc<Delivery>, feed: &Arc<Feed>) -> Option<Reply> {
        if self.app_answers {
            let attempts = self.go(&delivery, feed).await;
            let refused = attempts.iter().find(|attempt| !attempt.is_success());
            return refused.or(attempts.first()).map(reply_of);
        }
        let backlog = Arc::clone(&self.shared.backlog);
        let feed = Arc::clone(feed);
        let going = tokio::spawn(async move { self.go(&delivery, &feed).await });
        // It goes before it has a permit: those that have one may stand in line behind it.
        let permit = backlog.acquire_owned().await;
        tokio::spawn(async move {
            // A task that panicked has left its line.
            let _ = going.await;
            drop(permit);
        });
        None
    }

    /// Gives up the place, for a delivery that could not be kept. Who stands behind goes on waiting
    /// for who stands before.
    pub(super) fn leave(self) {
        for ticket in self.tickets {
            tokio::spawn(async move {
                ticket.turn().await;
            });
        }
    }

    async fn go(self, delivery: &Arc<Delivery>, feed: &Feed) -> Vec<Attempt> {
        let shared = &self.shared;
        let request = outgoing(&delivery.request, &shared.options.headers);
        let request = &request;
        join_all(self.tickets.into_iter().map(|ticket| async move {
            let target = ticket.target.join_path(&request.target);
            let turn = ticket.turn().await;
            let attempt = shared.send(delivery, request, &target, feed).await;
            drop(turn);
            attempt
        }))
        .await
    }
}

impl Shared {
    async fn send(
        &self,
        delivery: &Arc<Delivery>,
        request: &Request,
        target: &Target,
        feed: &Feed,
    ) -> Attempt {
        let sent = self
            .dispatch
            .send(Outgoing {
                delivery_id: &delivery.id,
                trigger: Trigger::Forward,
                target,
                request,
                signing: Some(Signing::Kept),
                timeout: self.options.timeout,
                run: None,
            })
            .await;
        feed.attempt(sent.attempt.clone(), Arc::clone(delivery))
            .await;
        if let Some(receipt) = sent.receipt
            && let Err(error) = receipt.await
        {
            feed.trouble(&error).await;
        }
        sent.attempt
    }
}

fn outgoing(request: &Request, added: &Headers) -> Request {
    let mut outgoing = request.clone();
    for (name, value) in added.iter() {
        outgoing.headers.set(name, value.clone());
    }
    outgoing
}

fn reply_of(attempt: &Attempt) -> Reply {
    match &attempt.outcome {
        Ok(answer) => Reply {
            status: answer.status,
            headers: answer.headers.clone(),
            body: answer.body.clone(),
        },
        Err(failure) => {
            let status = if failure.kind == FailureKind::Timeout {
                504
            } else {
                502
            };
            error(status, &failure.message)
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;
    use crate::http::{Client, ClientOptions};

    fn forward() -> Forward {
        let client = Client::new(&ClientOptions::default()).unwrap();
        let route = Route {
            filter: EventFilter::default(),
            target: Target::parse("localhost:1").unwrap(),
        };
        let options = ForwardOptions {
            answer: AnswerMode::App,
            concurrency: 1,
            timeout: None,
            headers: Headers::new(),
            filter: EventFilter::default(),
        };
        Forward::new(
            vec![route],
            Dispatch::new(client, None, crate::delivery::Timestamp::now),
            options,
        )
    }

    fn only_ticket(mut line: Line) -> Ticket {
        line.tickets.pop().unwrap()
    }

    #[tokio::test]
    async fn who_leaves_the_line_lets_nobody_pass_those_before() {
        let forward = forward();
        let first = only_ticket(forward.stand(None, true)).turn().await;
        forward.stand(None, true).leave();
        let third = only_ticket(forward.stand(None, true));
        let third = tokio::spawn(third.turn());
        // On one thread every task that can run has run after a few turns.
        for _ in 0..10 {
            yield_now().await;
        }
        assert!(!third.is_finished());
        drop(first);
        drop(third.await.unwrap());
    }
}
