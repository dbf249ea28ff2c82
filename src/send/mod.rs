//! The send engine: compose, sign, dispatch. An event once, by its provider's schedule, or as a load.
//!
//! Options come in resolved, what happens goes out to one observer, and what came of it is a value:
//! nothing here knows the command line or the terminal.

mod answer;
mod load;
mod message;
mod retry;
mod timetable;

use std::ops::ControlFlow;
use std::time::Duration;

use crate::delivery::{Attempt, Request, Signing, Timestamp, Trigger};
use crate::dispatch::{Dispatch, Outgoing};
use crate::http::Target;
use crate::json::PathError;
use crate::provider::{Fault, FaultError, NextAttempt, Payload};

pub use answer::{is_expected, remark};
pub use load::{LoadReport, load};
pub use message::{EventContent, Message, Shape};
pub use timetable::LoadOptions;

/// How events are sent.
pub struct SendOptions<'a> {
    /// Where to.
    pub target: Target,
    /// What stands before the path in the URL that is signed, where that is not the target's.
    pub origin: Option<String>,
    /// What is changed in each event before it is signed.
    pub shape: Shape,
    /// A fault to inject.
    pub fault: Option<Fault>,
    /// How much faster than time the provider's schedule is followed; `None` to send once.
    pub retry_speed: Option<f64>,
    /// How long to wait for an answer, zero for no limit; `None` for the provider's deadline.
    pub timeout: Option<Duration>,
    /// The time of events and of signing.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
}

/// What happens on the way.
#[derive(Clone, Copy)]
pub enum SendEvent<'e> {
    /// An attempt was made.
    Attempted {
        /// What is sent.
        message: &'e Message<'e>,
        /// The same composed.
        payload: &'e Payload,
        /// The request, as it was signed.
        request: &'e Request,
        /// What came of it.
        attempt: &'e Attempt,
    },
    /// The provider makes another attempt.
    Waiting {
        /// The number of that attempt, from 1.
        number: usize,
        /// How many attempts it makes at most.
        of: usize,
        /// How long until then, at the speed of the run.
        wait: Duration,
    },
    /// A delivery is through.
    Ended {
        /// What was sent.
        message: &'e Message<'e>,
        /// What the provider does now, where its schedule was followed.
        next: Option<NextAttempt>,
    },
    /// A load was stopped and waits for the answers under way.
    Stopping,
}

/// Is told of everything that happens. It ends the run by [`ControlFlow::Break`].
pub type Observer<'o> = dyn FnMut(SendEvent<'_>) -> ControlFlow<()> + Send + 'o;

/// Why a run ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// An id is given to a delivery of a provider whose deliveries have none.
    #[error("deliveries of `{0}` have no id")]
    NoId(String),
    /// The payload has no place for the id that was given.
    #[error("the payload has no place for the id: {0}")]
    Id(PathError),
    /// A value cannot be set.
    #[error(transparent)]
    Set(PathError),
    /// A value cannot be removed.
    #[error(transparent)]
    Unset(PathError),
    /// The fault cannot be injected.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A header cannot be sent.
    #[error("the header `{}` has bytes that HTTP cannot carry", .0.escape_debug())]
    Header(String),
    /// The observer wanted no more.
    #[error("ended by the observer")]
    Ended,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct SendReport<S> {
    /// The attempts that decide: all of what was sent once, the last of each schedule.
    pub attempts: Vec<Attempt>,
    /// What stopped the run before its end.
    pub stopped_by: Option<S>,
}

/// Sends each of what was composed in turn, until all are through or `stop` resolves. Each is signed
/// when it is sent.
pub async fn send<S>(
    options: &SendOptions<'_>,
    composed: Vec<(Message<'_>, Payload)>,
    dispatch: &Dispatch,
    observer: &mut Observer<'_>,
    stop: impl Future<Output = S>,
) -> Result<SendReport<S>, SendError> {
    let mut attempts = Vec::new();
    let mut stopped_by = None;
    tokio::pin!(stop);
    for (message, mut payload) in composed {
        let sending = retry::follow(options, &message, &mut payload, dispatch, observer);
        tokio::select! {
            biased;
            cause = &mut stop => {
                stopped_by = Some(cause);
                break;
            }
            sent = sending => attempts.extend(sent?),
        }
    }
    Ok(SendReport {
        attempts,
        stopped_by,
    })
}

fn tell(observer: &mut Observer<'_>, event: SendEvent<'_>) -> Result<(), SendError> {
    match observer(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(SendError::Ended),
    }
}

impl SendOptions<'_> {
    /// The signed requests of a payload: one, or what the fault makes of it.
    pub fn sign(
        &self,
        message: &Message<'_>,
        payload: &Payload,
    ) -> Result<Vec<Request>, FaultError> {
        let definition = &message.provider.definition;
        match self.fault {
            _ if !message.is_signed() => Ok(vec![payload.unsigned()]),
            None => Ok(vec![payload.sign(definition, message.key)]),
            Some(fault) => fault.inject(definition, message.key, payload),
        }
    }

    /// One attempt of each request of a payload.
    async fn attempts(
        &self,
        message: &Message<'_>,
        payload: &Payload,
        delivery_id: &str,
        trigger: Trigger,
        dispatch: &Dispatch,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Attempt>, SendError> {
        let mut attempts = Vec::new();
        for request in self.sign(message, payload)? {
            let attempt = self.attempt(message, &request, delivery_id, trigger, dispatch);
            let attempt = attempt.await;
            let event = SendEvent::Attempted {
                message,
                payload,
                request: &request,
                attempt: &attempt,
            };
            tell(observer, event)?;
            attempts.push(attempt);
        }
        Ok(attempts)
    }

    async fn attempt(
        &self,
        message: &Message<'_>,
        request: &Request,
        delivery_id: &str,
        trigger: Trigger,
        dispatch: &Dispatch,
    ) -> Attempt {
        let documented = message.provider.definition.delivery.timeout();
        let timeout = self.timeout.unwrap_or(documented);
        let outgoing = Outgoing {
            delivery_id,
            trigger,
            target: &self.target.at(&request.target),
            request,
            signing: Some(Signing::Fresh),
            timeout: (!timeout.is_zero()).then_some(timeout),
            run: None,
        };
        dispatch.send(outgoing).await.attempt
    }
}
