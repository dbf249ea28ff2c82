//! Nothing repeats a delivery that is nowhere, nothing holds up somebody else's answer.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::Poll;

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::{spawn_blocking, yield_now};
use webhook_cli::http::Handler as _;
use webhook_cli::receive::{Activity, Receiver};
use webhook_cli::store::Log;

use super::{forged, forwarding, genuine, options, rules};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::listen::durable::kept;

/// A log, and its path in a folder of its own.
fn log() -> (TempDir, PathBuf, Log) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = Log::open(&path).unwrap();
    (folder, path, log)
}

/// Locks a log against its writer, until the connection is closed.
fn lock(path: &PathBuf) -> Connection {
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[tokio::test]
async fn of_two_at_once_the_second_is_first_when_the_first_cannot_be_kept() {
    let (_folder, path, log) = log();
    let receiver = Arc::new(Receiver::new(options(rules(), Some(log.writer().unwrap()))));
    let mut activities = receiver.events().subscribe("*".parse().unwrap(), None);
    let other = lock(&path);
    let receive = || {
        let receiver = Arc::clone(&receiver);
        tokio::spawn(async move { receiver.receive(genuine("evt_1")).await.status })
    };
    let (first, second) = (receive(), receive());
    assert_eq!(first.await.unwrap(), 503);
    drop(other);
    assert_eq!(second.await.unwrap(), 200);
    let first = kept(&path);
    assert_eq!((first.len(), &first[0].duplicate_of), (1, &None));
    // What comes later repeats the one that is there.
    assert_eq!(receiver.receive(genuine("evt_1")).await.status, 200);
    assert_eq!(kept(&path)[1].duplicate_of.as_ref(), Some(&first[0].id));
    assert!(matches!(activities.next().await, Some(Activity::Error(_))));
    for number in [1, 2] {
        let Some(Activity::Delivery { occurrence, .. }) = activities.next().await else {
            panic!("no delivery");
        };
        assert_eq!(occurrence, number);
    }
}

#[tokio::test]
async fn a_delivery_whose_sender_is_given_up_holds_up_no_repeat() {
    let (_folder, path, log) = log();
    let receiver = Receiver::new(options(rules(), Some(log.writer().unwrap())));
    let other = lock(&path);
    let mut given_up = Box::pin(receiver.receive(genuine("evt_1")));
    let begun = poll_fn(|context| Poll::Ready(given_up.as_mut().poll(context).is_pending()));
    assert!(begun.await);
    drop((given_up, other));
    assert_eq!(receiver.receive(genuine("evt_1")).await.status, 200);
    let kept = kept(&path);
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].duplicate_of.as_ref(), Some(&kept[0].id));
}

#[tokio::test]
async fn beyond_what_may_wait_for_an_application_a_delivery_is_kept_and_its_sender_told() {
    let (_folder, path, log) = log();
    let (app, gate) = Endpoint::gated(0);
    let options = forwarding(rules(), &app.authority(), Some(log.writer().unwrap()));
    let receiver = Receiver::new(options);
    let arrival = genuine("evt_1");
    for _ in 0..16 {
        // Its sender has left.
        drop(receiver.handle(arrival.clone()).await);
    }
    gate.wait_for(1);
    let reply = receiver.receive(genuine("one more")).await;
    assert_eq!(
        (reply.status, reply.headers.text("retry-after")),
        (503, Some("5"))
    );
    let last = kept(&path).pop().unwrap();
    assert_eq!(
        (last.event_id.as_deref(), last.response_status),
        (Some("one more"), Some(503))
    );
    gate.open();
    receiver.finish().await;
    assert_eq!(app.count(), 16);
}

#[tokio::test]
async fn a_repeat_that_cannot_be_kept_leaves_the_first_in_its_place() {
    let (_folder, path, log) = log();
    let receiver = Receiver::new(options(rules(), Some(log.writer().unwrap())));
    assert_eq!(receiver.receive(genuine("evt_1")).await.status, 200);
    let other = lock(&path);
    assert_eq!(receiver.receive(genuine("evt_1")).await.status, 503);
    drop(other);
    let mut activities = receiver.events().subscribe("*".parse().unwrap(), None);
    assert_eq!(receiver.receive(genuine("evt_1")).await.status, 200);
    let kept = kept(&path);
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].duplicate_of.as_ref(), Some(&kept[0].id));
    let Some(Activity::Delivery { occurrence, .. }) = activities.next().await else {
        panic!("no delivery");
    };
    assert_eq!(occurrence, 2);
}

#[tokio::test]
async fn a_delivery_that_cannot_be_kept_is_not_forwarded_and_holds_up_nobody() {
    let (_folder, path, log) = log();
    let app = Endpoint::ok();
    let options = forwarding(rules(), &app.authority(), Some(log.writer().unwrap()));
    let receiver = Arc::new(Receiver::new(options));
    let other = lock(&path);
    let receive = |id| {
        let receiver = Arc::clone(&receiver);
        tokio::spawn(async move { receiver.receive(genuine(id)).await.status })
    };
    assert_eq!(receive("lost").await.unwrap(), 503);
    drop(other);
    assert_eq!(receive("kept").await.unwrap(), 200);
    receiver.finish().await;
    assert_eq!(app.one().json()["id"], "kept");
}

#[tokio::test]
async fn an_answer_and_the_next_turn_do_not_wait_until_an_attempt_is_on_the_disk() {
    let (_folder, path, log) = log();
    let app = Endpoint::start(|_, _| Reply::status(202));
    // Only attempts go to the log, which is locked.
    let mut options = forwarding(rules(), &app.authority(), Some(log.writer().unwrap()));
    options.log = None;
    let receiver = Receiver::new(options);
    let mut activities = receiver.events().subscribe("*".parse().unwrap(), None);
    let other = lock(&path);
    for id in ["a", "b", "c"] {
        assert_eq!(receiver.receive(genuine(id)).await.status, 202);
    }
    drop(other);
    receiver.finish().await;
    let mut attempts = 0;
    while let Some(activity) = activities.try_next() {
        attempts += usize::from(matches!(activity, Activity::Attempt { .. }));
        assert!(!matches!(activity, Activity::Error(_)), "{activity:?}");
    }
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn an_attempt_that_is_not_kept_is_told_and_so_is_the_failure() {
    let (_folder, path, log) = log();
    let app = Endpoint::ok();
    let mut options = forwarding(rules(), &app.authority(), Some(log.writer().unwrap()));
    options.log = None;
    let receiver = Receiver::new(options);
    let mut activities = receiver.events().subscribe("*".parse().unwrap(), None);
    let _other = lock(&path);
    assert_eq!(receiver.receive(genuine("a")).await.status, 200);
    receiver.finish().await;
    let mut next = || activities.try_next();
    assert!(matches!(next(), Some(Activity::Delivery { .. })));
    assert!(matches!(next(), Some(Activity::Attempt { .. })));
    assert!(matches!(next(), Some(Activity::Error(_))));
}

#[test]
fn the_cause_of_a_wrong_signature_is_looked_for_where_nobody_waits_behind_it() {
    // One thread for answers and one for what takes long, which is taken.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (open, opened) = channel::<()>();
        let gate = spawn_blocking(move || opened.recv());
        let receiver = Arc::new(Receiver::new(options(rules(), None)));
        let receive = |arrival| {
            let receiver = Arc::clone(&receiver);
            tokio::spawn(async move { receiver.receive(arrival).await })
        };
        let cause = |reply: webhook_cli::http::Reply| {
            assert_eq!(reply.status, 401);
            String::from_utf8(reply.body.to_vec()).unwrap()
        };
        let waiting: Vec<_> = (0..64).map(|_| receive(forged("forged"))).collect();
        yield_now().await;
        assert_eq!(receive(genuine("genuine")).await.unwrap().status, 200);
        assert!(waiting.iter().all(|task| !task.is_finished()));
        // There are bounds to the waiting, too.
        let answer = cause(receive(forged("forged")).await.unwrap());
        assert!(
            answer.contains("among so many wrong signatures"),
            "{answer}"
        );
        assert!(waiting.iter().all(|task| !task.is_finished()));
        drop(open);
        gate.await.unwrap().unwrap_err();
        for task in waiting {
            let answer = cause(task.await.unwrap());
            assert!(!answer.contains("among so many"), "{answer}");
        }
    });
}
