//! What happened is published once; any number subscribe, none of them slows an answer.

use std::time::Duration;

use futures_util::FutureExt as _;
use webhook_cli::delivery::EventFilter;
use webhook_cli::receive::{Activity, Expectation, ExpectedDelivery, Receiver};

use super::{forged, forwarding, genuine, options, rules, told};
use crate::harness::endpoint::Endpoint;

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_is_required_and_takes_nothing_holds_up_senders_until_it_does() {
    let receiver = Receiver::new(options(rules(), None));
    let mut stalled = receiver.events().subscribe(EventFilter::default(), None);
    let arrival = genuine("evt_1");
    let receive = || async { receiver.receive(arrival.clone()).await };
    for _ in 0..4_097 {
        assert_eq!(receive().await.status, 200);
    }
    told(&mut stalled, 1).await;
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(
        receive().await.status,
        200,
        "nobody has said that it is required"
    );
    stalled.uptake().require();
    for _ in 0..2 {
        let reply = receive().await;
        assert_eq!(
            (reply.status, reply.headers.text("retry-after")),
            (503, Some("5"))
        );
    }
    let events = receiver.events();
    events.until_held_up().await;
    let again = tokio::time::timeout(Duration::from_secs(1), events.until_held_up());
    assert!(again.await.is_err(), "a stall is told once");
    told(&mut stalled, 1).await;
    assert_eq!(receive().await.status, 200);
}

#[tokio::test]
async fn every_subscriber_is_told_everything_in_its_own_time() {
    let app = Endpoint::ok();
    let receiver = Receiver::new(forwarding(rules(), &app.authority(), None));
    let all = || receiver.events().subscribe("*".parse().unwrap(), None);
    let (mut early, mut gone) = (all(), all());
    let filter = "payment.*".parse().unwrap();
    let mut payments = receiver.events().subscribe(filter, None);
    assert_eq!(receiver.receive(genuine("a")).await.status, 200);
    assert_eq!(told(&mut gone, 1).await, ["a"]);
    drop(gone);
    let mut late = all();
    assert_eq!(receiver.receive(genuine("b")).await.status, 200);
    receiver.finish().await;
    drop(receiver);
    let mut kinds = Vec::new();
    while let Some(activity) = early.next().await {
        kinds.push(match activity {
            Activity::Delivery { delivery, .. } => {
                format!("+{}", delivery.event_id.as_ref().unwrap())
            }
            Activity::Attempt { event_id, .. } => format!(">{}", event_id.unwrap()),
            other => panic!("{other:?}"),
        });
    }
    let place = |kind: &str| kinds.iter().position(|other| other == kind).unwrap();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert!(
        place("+a") < place(">a") && place("+b") < place(">b"),
        "{kinds:?}"
    );
    assert!(
        place("+a") < place("+b") && place(">a") < place(">b"),
        "{kinds:?}"
    );
    assert_eq!(told(&mut late, 2).await, ["b"]);
    assert!(payments.next().await.is_none());
}

#[tokio::test]
async fn counting_does_not_depend_on_who_reads() {
    let mut options = options(rules(), None);
    options.expectation = Expectation {
        count: Some(1_000),
        deliveries: vec![ExpectedDelivery::read("order.created", |_| true).unwrap()],
    };
    let receiver = Receiver::new(options);
    // Nobody ever reads from this one.
    let _unread = receiver.events().subscribe("*".parse().unwrap(), None);
    let arrival = genuine("a");
    for _ in 0..999 {
        receiver.receive(arrival.clone()).await;
    }
    let met = receiver.events().until_met().now_or_never();
    assert!(met.is_none(), "one is missing");
    receiver.receive(forged("b")).await;
    receiver.events().until_met().await;
    let progress = receiver.events().progress();
    assert_eq!(
        (progress.deliveries, progress.valid, progress.refused),
        (1_000, 999, 1)
    );
    assert!(
        progress.missing.is_empty() && !progress.is_met(),
        "one was forged"
    );
}
