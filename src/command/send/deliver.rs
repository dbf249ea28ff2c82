//! Sending events one after the other, and following a provider's retries.

use clap::ValueEnum as _;
use rand::rngs::StdRng;
use tokio::sync::oneshot;

use super::draft::Draft;
use super::{Order, Run};
use crate::cli;
use crate::command::line::Line;
use crate::command::signal;
use crate::delivery::{About, Attempt, Request, Signing, Trigger, id};
use crate::dispatch::{Dispatch, Outgoing};
use crate::exit::{CliError, Outcome, Signal};
use crate::provider::{Fault, Payload};
use crate::report::{self, AttemptView, Tally};

/// Sends every order in turn.
pub async fn send_all(
    run: &Run<'_>,
    orders: &[Order<'_>],
    dispatch: &Dispatch,
    random: &mut StdRng,
) -> Result<Outcome, CliError> {
    let mut signals = signal::first()?;
    let mut tally = Tally::default();
    let mut outcome = Outcome::Yes;
    for (order, mut payload) in payloads(run, orders, random)? {
        payload.signed_at = run.moment();
        let sending = async {
            if run.args.retry {
                return super::schedule::follow(run, order, payload, dispatch, &mut tally).await;
            }
            send_once(run, order, &payload, dispatch, &mut tally).await
        };
        match until_signal(sending, &mut signals).await {
            Ok(sent) => outcome = outcome.worse(sent?),
            Err(signal) => {
                outcome = Outcome::Interrupted(signal);
                break;
            }
        }
    }
    summarize(run, &tally)?;
    Ok(outcome)
}

/// All payloads of a run. They are made before the first is sent, so that what is wrong with one
/// leaves nothing half sent.
fn payloads<'a>(
    run: &Run<'_>,
    orders: &[Order<'a>],
    random: &mut StdRng,
) -> Result<Vec<(Order<'a>, Payload)>, CliError> {
    let payload = |order: &Order<'a>| {
        let payload = Draft::read(run, *order)?.payload(run, *order, random)?;
        requests(run, *order, &payload)?;
        Ok((*order, payload))
    };
    orders.iter().map(payload).collect()
}

/// The work, or the signal that cut it short.
async fn until_signal<T>(
    work: impl Future<Output = T>,
    signals: &mut oneshot::Receiver<Signal>,
) -> Result<T, Signal> {
    tokio::select! {
        done = work => Ok(done),
        Ok(signal) = signals => Err(signal),
    }
}

/// The requests of a payload: one, or what the fault makes of it.
pub fn requests(
    run: &Run<'_>,
    order: Order<'_>,
    payload: &Payload,
) -> Result<Vec<Request>, CliError> {
    let definition = &order.provider.definition;
    match run.args.fault {
        None => Ok(vec![payload.sign(definition, order.key)]),
        Some(fault) => fault_of(fault)
            .inject(definition, order.key, payload)
            .map_err(|error| {
                CliError::usage(error.to_string()).hint("`webhook events --faults` tells of each")
            }),
    }
}

async fn send_once(
    run: &Run<'_>,
    order: Order<'_>,
    payload: &Payload,
    dispatch: &Dispatch,
    tally: &mut Tally,
) -> Result<Outcome, CliError> {
    let delivery_id = id::delivery();
    let mut outcome = Outcome::Yes;
    for request in requests(run, order, payload)? {
        let attempt = attempt(run, order, &delivery_id, &request, Trigger::Send, dispatch).await;
        print(run, order, payload, &attempt)?;
        tally.add(&attempt);
        outcome = outcome.worse(outcome_of(&attempt));
    }
    Ok(outcome)
}

/// One attempt at the provider's deadline, or the user's.
pub async fn attempt(
    run: &Run<'_>,
    order: Order<'_>,
    delivery_id: &str,
    request: &Request,
    trigger: Trigger,
    dispatch: &Dispatch,
) -> Attempt {
    let documented = order.provider.definition.delivery.timeout();
    let timeout = run.args.timeout.map_or(documented, |span| span.0);
    let outgoing = Outgoing {
        delivery_id,
        trigger,
        target: &run.target,
        request,
        signing: Some(Signing::Fresh),
        timeout: (!timeout.is_zero()).then_some(timeout),
        run: None,
    };
    dispatch.send(outgoing).await.attempt
}

/// What an attempt means for the exit code.
pub fn outcome_of(attempt: &Attempt) -> Outcome {
    match &attempt.outcome {
        Ok(answer) => Outcome::of(answer.is_success()),
        Err(failure) => failure.kind.into(),
    }
}

/// Prints an attempt, and what the provider's documentation says of its answer.
pub fn print(
    run: &Run<'_>,
    order: Order<'_>,
    payload: &Payload,
    attempt: &Attempt,
) -> Result<(), CliError> {
    let console = run.world.console;
    if run.args.json {
        let about = About {
            provider: Some(order.provider.name()),
            event: Some(order.event).filter(|event| !event.is_empty()),
            event_id: Some(payload.event_id.as_str()).filter(|id| !id.is_empty()),
        };
        console.json(&attempt.to_json_about(about))?;
    } else {
        let label = format!(
            "{}  {}  {}",
            order.provider.name(),
            order.event,
            payload.event_id
        );
        let remark = remark(run, attempt);
        let view = AttemptView {
            label: Some(label.trim()),
            remark: remark.as_deref(),
            width: console.width(),
        };
        console.data(&report::attempt(attempt, &view))?;
    }
    let documented = order.provider.definition.delivery.documented_success;
    if let (Some(status), Some(documented)) = (attempt.status(), documented)
        && attempt.is_success()
        && status != documented
    {
        let title = &order.provider.definition.title;
        console.note(&format!(
            "{title} documents {documented}; any 2xx is taken as success here"
        ));
    }
    Ok(())
}

/// What to say of the answer to a deliberate fault, where the fault is what it answers.
pub fn remark(run: &Run<'_>, attempt: &Attempt) -> Option<String> {
    let fault = run.args.fault?;
    let value = fault.to_possible_value()?;
    remark_on(value.get_name(), fault.expected(), attempt.status()?)
}

fn remark_on(fault: &str, expected: &str, status: u16) -> Option<String> {
    let is_to_refuse = expected.starts_with("401");
    match status {
        401 if is_to_refuse => Some(format!(
            "as it should be: a correct receiver answers 401 to `{fault}`"
        )),
        200..=299 if !is_to_refuse => None,
        // Any other status says more of the route, or of a proxy, than of the check.
        200..=299 | 400 | 401 | 403 | 500 => Some(format!(
            "to `{fault}`, a correct receiver answers {expected}"
        )),
        _ => None,
    }
}

fn summarize(run: &Run<'_>, tally: &Tally) -> Result<(), CliError> {
    if run.args.json {
        run.world
            .console
            .json(&Line::new("summary", tally).to_json()?)?;
    } else if tally.sent > 1 {
        run.world.console.talk(&report::summary(tally, None));
    }
    Ok(())
}

const fn fault_of(fault: cli::Fault) -> Fault {
    match fault {
        cli::Fault::WrongSecret => Fault::WrongSecret,
        cli::Fault::TamperedBody => Fault::TamperedBody,
        cli::Fault::Stale => Fault::Stale,
        cli::Fault::Future => Fault::Future,
        cli::Fault::MissingSignature => Fault::MissingSignature,
        cli::Fault::MalformedSignature => Fault::MalformedSignature,
        cli::Fault::WrongPrefix => Fault::WrongPrefix,
        cli::Fault::Truncated => Fault::Truncated,
        cli::Fault::Reserialized => Fault::Reserialized,
        cli::Fault::Duplicate => Fault::Duplicate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_fault_is_right_and_its_acceptance_is_not() {
        let stale = |status| remark_on("stale", cli::Fault::Stale.expected(), status);
        let right = "as it should be: a correct receiver answers 401 to `stale`";
        assert_eq!(stale(401).as_deref(), Some(right));
        for status in [200, 400, 500] {
            let told = stale(status).unwrap_or_default();
            let wrong = "to `stale`, a correct receiver answers 401 where";
            assert!(told.starts_with(wrong), "{status}: {told}");
        }
        for status in [302, 404, 502] {
            assert_eq!(stale(status), None, "{status}");
        }
        let twice = |status| remark_on("duplicate", cli::Fault::Duplicate.expected(), status);
        assert_eq!(twice(204), None);
        let wrong =
            "to `duplicate`, a correct receiver answers 2xx to both, and handles the event once";
        assert_eq!(twice(401).as_deref(), Some(wrong));
    }
}
