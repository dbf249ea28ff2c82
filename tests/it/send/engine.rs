//! The send engine as other programs call it: without a command line and without a terminal.

use std::future::{pending, ready};
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::json;
use webhook_cli::delivery::{Attempt, Timestamp, Trigger};
use webhook_cli::dispatch::Dispatch;
use webhook_cli::http::{Client, ClientOptions, Target};
use webhook_cli::provider::{Catalogue, Fault, NextAttempt, Story};
use webhook_cli::send::{
    EventContent, LoadOptions, Message, SendError, SendEvent, SendOptions, SendReport, Shape, load,
    send,
};
use webhook_cli::signature::{Key, Secret};

use super::SECRET;
use crate::harness::endpoint::Endpoint;
use crate::peers::is_signed;

/// When everything is sent: 2026-01-18T10:30:00Z.
fn clock() -> Timestamp {
    Timestamp::from_seconds(1_768_732_200)
}

fn options(endpoint: &Endpoint) -> SendOptions<'static> {
    SendOptions {
        origin: None,
        target: Target::parse(&endpoint.url("/hook")).expect("a URL"),
        shape: Shape::default(),
        fault: None,
        retry_speed: None,
        // No limit: a paused clock would be past any.
        timeout: Some(Duration::ZERO),
        clock: &clock,
    }
}

fn key_of(catalogue: &Catalogue, provider: &str) -> Key {
    let secret = Secret::new("test", SECRET.as_bytes().to_vec());
    let definition = &catalogue.get(provider).expect("a provider").definition;
    Key::new(&definition.signature, &secret).expect("a key")
}

fn message<'a>(catalogue: &'a Catalogue, provider: &str, key: &'a Key) -> Message<'a> {
    let provider = catalogue.get(provider).expect("a provider");
    let event = "order.created";
    let fixture = provider.event(event).expect("an event").expect("valid");
    Message {
        provider,
        event,
        key,
        content: EventContent::Fixture(fixture.data),
    }
}

fn dispatch() -> Dispatch {
    Dispatch::new(
        Client::new(&ClientOptions::default()).expect("a client"),
        None,
        webhook_cli::delivery::Timestamp::now,
    )
}

/// What ids follow from.
const STORY: Story = Story { seed: 1, number: 0 };
/// How often a race is run that has to come out one way.
const MANY: usize = 20;

/// What happened, in the words of a test.
#[derive(Debug, PartialEq)]
enum Told {
    Attempted(Trigger, Option<u16>),
    Waiting(usize, usize, Duration),
    Ended(Option<NextAttempt>),
}

fn told(event: SendEvent<'_>) -> Told {
    match event {
        SendEvent::Attempted { attempt, .. } => Told::Attempted(attempt.trigger, attempt.status()),
        SendEvent::Waiting { number, of, wait } => Told::Waiting(number, of, wait),
        SendEvent::Ended { next, .. } => Told::Ended(next),
        SendEvent::Stopping => unreachable!("nothing stops a load here"),
    }
}

/// Sends one event; gives the report and what was told.
async fn send_one(provider: &str, options: &SendOptions<'_>) -> (SendReport<()>, Vec<Told>) {
    let catalogue = Catalogue::builtin();
    let key = key_of(&catalogue, provider);
    let message = message(&catalogue, provider, &key);
    let payload = options.compose(&message, STORY).expect("a payload");
    let mut events = Vec::new();
    let observer = &mut |event: SendEvent<'_>| {
        events.push(told(event));
        ControlFlow::Continue(())
    };
    let composed = vec![(message, payload)];
    let report = send(options, composed, &dispatch(), observer, pending()).await;
    (report.expect("a report"), events)
}

#[tokio::test]
async fn one_event_is_composed_signed_and_sent() {
    let endpoint = Endpoint::script(&[204]);
    let mut options = options(&endpoint);
    options.shape.set = vec![(
        "data.note".parse().expect("a path"),
        json!("by a program").into(),
    )];
    options.shape.can_add = true;
    let (report, events) = send_one("cimplify", &options).await;
    let statuses: Vec<_> = report.attempts.iter().map(Attempt::status).collect();
    assert_eq!((statuses, report.stopped_by), (vec![Some(204)], None));
    let expected = [Told::Attempted(Trigger::Send, Some(204)), Told::Ended(None)];
    assert_eq!(events, expected);
    let sent = endpoint.one();
    assert_eq!(sent.target(), "/hook");
    assert_eq!(sent.json()["data"]["note"], "by a program");
    assert!(is_signed("cimplify", SECRET, &sent), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_schedule_is_walked_in_its_own_time() {
    let endpoint = Endpoint::script(&[500, 500, 429, 500, 503]);
    let mut options = options(&endpoint);
    options.retry_speed = Some(1.0);
    let start = tokio::time::Instant::now();
    let (report, events) = send_one("barecommerce", &options).await;
    let waits: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Told::Waiting(number, 5, wait) => Some((*number, wait.as_secs())),
            _ => None,
        })
        .collect();
    assert_eq!(waits, [(2, 5), (3, 25), (4, 120), (5, 600)]);
    assert!(
        start.elapsed() >= Duration::from_secs(750),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        events.last(),
        Some(&Told::Ended(Some(NextAttempt::Exhausted)))
    );
    assert_eq!(report.attempts.len(), 1, "the last decides");
    assert_eq!(report.attempts[0].status(), Some(503));
    assert_eq!(report.attempts[0].trigger, Trigger::Retry);
    let sent = endpoint.seen();
    assert_eq!(sent.len(), 5);
    assert!(sent.iter().all(|request| request.body == sent[0].body));
}

#[tokio::test]
async fn an_answer_that_is_final_ends_the_schedule() {
    let endpoint = Endpoint::script(&[400]);
    let mut options = options(&endpoint);
    options.retry_speed = Some(1.0);
    let (_, events) = send_one("olympus", &options).await;
    let end = Told::Ended(Some(NextAttempt::NotRetried));
    assert_eq!(events, [Told::Attempted(Trigger::Send, Some(400)), end]);
}

#[tokio::test]
async fn a_stop_ends_a_wait_and_is_reported() {
    let catalogue = Catalogue::builtin();
    let key = key_of(&catalogue, "olympus");
    let message = message(&catalogue, "olympus", &key);
    let endpoint = Endpoint::script(&[500]);
    let mut options = options(&endpoint);
    options.retry_speed = Some(1.0);
    let payload = options.compose(&message, STORY).expect("a payload");
    let (tell, stop) = tokio::sync::oneshot::channel();
    let mut tell = Some(tell);
    let observer = &mut |event: SendEvent<'_>| {
        let is_waiting = matches!(event, SendEvent::Waiting { .. });
        if let Some(tell) = tell.take_if(|_| is_waiting) {
            tell.send("enough").expect("the engine listens");
        }
        ControlFlow::Continue(())
    };
    let composed = vec![(message, payload)];
    let report = send(&options, composed, &dispatch(), observer, stop).await;
    let report = report.expect("a report");
    assert_eq!(report.stopped_by, Some(Ok("enough")));
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn a_fault_that_cannot_be_is_told_before_anything_is_sent() {
    let catalogue = Catalogue::builtin();
    let key = key_of(&catalogue, "cimplify");
    let message = message(&catalogue, "cimplify", &key);
    let endpoint = Endpoint::ok();
    let mut options = options(&endpoint);
    options.fault = Some(Fault::Stale);
    let composed = options.compose(&message, STORY);
    assert!(matches!(composed, Err(SendError::Fault(_))), "{composed:?}");
}

const LOAD: LoadOptions = LoadOptions {
    count: Some(20),
    duration: None,
    rate: None,
    concurrency: 4,
};

#[tokio::test]
async fn a_load_is_counted_and_measured() {
    let catalogue = Catalogue::builtin();
    let key = key_of(&catalogue, "olympus");
    let messages = [message(&catalogue, "olympus", &key)];
    let endpoint = Endpoint::ok();
    let options = options(&endpoint);
    let (mut attempts, mut ended) = (0, 0);
    let observer = &mut |event: SendEvent<'_>| {
        match event {
            SendEvent::Attempted { .. } => attempts += 1,
            SendEvent::Ended { .. } => ended += 1,
            _ => (),
        }
        ControlFlow::Continue(())
    };
    let stop = pending::<()>();
    let report = load(&options, LOAD, &messages, &dispatch(), 1, observer, stop).await;
    let report = report.expect("a report");
    assert_eq!((attempts, ended, report.latency.len()), (20, 20, 20));
    assert_eq!((report.unsent, report.stopped_by), (0, None));
    let sent = endpoint.seen();
    let unique: std::collections::HashSet<_> = sent.iter().map(|sent| &sent.body).collect();
    assert_eq!(unique.len(), 20);
    assert!(sent.iter().all(|sent| is_signed("olympus", SECRET, sent)));
}

#[tokio::test]
async fn an_observer_can_end_a_load() {
    let catalogue = Catalogue::builtin();
    let key = key_of(&catalogue, "olympus");
    let messages = [message(&catalogue, "olympus", &key)];
    let endpoint = Endpoint::ok();
    let options = options(&endpoint);
    let observer = &mut |_: SendEvent<'_>| ControlFlow::Break(());
    let one = LoadOptions {
        concurrency: 1,
        ..LOAD
    };
    let stop = pending::<()>();
    let report = load(&options, one, &messages, &dispatch(), 1, observer, stop).await;
    assert_eq!(report.err(), Some(SendError::Ended));
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn a_stop_that_is_ready_wins_over_an_event_that_is() {
    let catalogue = Catalogue::builtin();
    let key = key_of(&catalogue, "cimplify");
    let message = message(&catalogue, "cimplify", &key);
    let endpoint = Endpoint::ok();
    let mut options = options(&endpoint);
    let payload = options.compose(&message, STORY);
    let payload = payload.expect("a payload");
    // Signing fails at once.
    options.fault = Some(Fault::Stale);
    for _ in 0..MANY {
        let composed = vec![(message.clone(), payload.clone())];
        let observer = &mut |_: SendEvent<'_>| ControlFlow::Continue(());
        let report = send(&options, composed, &dispatch(), observer, ready(())).await;
        let stopped_by = report.map(|report| report.stopped_by);
        assert_eq!(stopped_by, Ok(Some(())));
    }
}

#[tokio::test]
async fn a_stop_that_is_ready_wins_over_a_load_that_is() {
    let catalogue = Catalogue::builtin();
    let key = key_of(&catalogue, "olympus");
    let messages = [message(&catalogue, "olympus", &key)];
    let endpoint = Endpoint::ok();
    let options = options(&endpoint);
    // The first ends at once.
    for count in [0, LOAD.count.unwrap_or_default()] {
        let count = Some(count);
        for _ in 0..MANY {
            let observer = &mut |_: SendEvent<'_>| ControlFlow::Continue(());
            let stop = ready(());
            let of = LoadOptions { count, ..LOAD };
            let dispatch = dispatch();
            let report = load(&options, of, &messages, &dispatch, 1, observer, stop).await;
            let stopped_by = report.map(|report| report.stopped_by);
            assert_eq!(stopped_by, Ok(Some(())));
        }
    }
    assert_eq!(endpoint.count(), 0);
}
