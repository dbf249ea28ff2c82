//! What is answered was kept: through kills, restarts, and repeats.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use webhook_cli::delivery::{Attempt, Delivery};
use webhook_cli::store::{Log, Query, StoreError};

use crate::harness::sender::{SECRET, deliver, envelope, order, signature};
use crate::harness::{PATIENCE, Sandbox, post, try_post};

/// The deliveries of a log, oldest first.
pub fn kept(log: &Path) -> Vec<Delivery> {
    let reader = Log::open_existing(log).unwrap().reader().unwrap();
    let mut deliveries = Vec::new();
    let take = |delivery| -> Result<(), StoreError> {
        deliveries.push(delivery);
        Ok(())
    };
    reader.select(&Query::default(), take).unwrap();
    deliveries
}

/// The attempts at a delivery.
pub fn attempts(log: &Path, delivery_id: &str) -> Vec<Attempt> {
    let reader = Log::open_existing(log).unwrap().reader().unwrap();
    reader.attempts_of(delivery_id).unwrap()
}

/// Eight senders that post until nobody answers; tells the path of each delivery that was taken.
fn senders(address: SocketAddr) -> Receiver<String> {
    let body: Arc<str> = envelope("cimplify", "order.created", "evt_1").into();
    let (name, value) = signature("cimplify", SECRET, body.as_bytes());
    let (acknowledged, paths) = channel();
    for sender in 0..8 {
        let (body, value, told) = (Arc::clone(&body), value.clone(), acknowledged.clone());
        thread::spawn(move || {
            for number in 0.. {
                let path = format!("/{sender}/{number}");
                match try_post(address, &path, &[(name, &value)], body.as_bytes()) {
                    Some((200, _)) => told.send(path).unwrap(),
                    _ => return,
                }
            }
        });
    }
    paths
}

#[test]
fn every_delivery_that_was_answered_survives_a_kill() {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--secret", SECRET]);
    let paths = senders(listener.address());
    let mut answered: Vec<_> = (0..200)
        .map(|_| paths.recv_timeout(PATIENCE).unwrap())
        .collect();
    listener.signal("KILL");
    answered.extend(paths.iter());
    listener.wait();
    let kept: Vec<_> = kept(&sandbox.log_file())
        .into_iter()
        .map(|d| d.request.target)
        .collect();
    for path in answered {
        assert!(
            kept.contains(&path),
            "`{path}` was answered 200 and is not in the log"
        );
    }
}

#[test]
fn a_delivery_is_kept_as_it_is_printed() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    let line = listener.next_line();
    let kept = kept(&sandbox.log_file());
    let [delivery] = &kept[..] else {
        panic!("not one: {kept:?}")
    };
    let read: serde_json::Value = serde_json::from_str(&delivery.to_json()).unwrap();
    assert_eq!(read, line);
}

#[test]
fn a_repeat_names_the_first_across_a_restart_too() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    let first = listener.next_line();
    assert!(first["duplicate_of"].is_null());
    deliver(listener.address(), order("evt_1"));
    assert_eq!(listener.next_line()["duplicate_of"], first["id"]);
    deliver(listener.address(), order("evt_2"));
    assert!(listener.next_line()["duplicate_of"].is_null());
    listener.stop();

    let mut listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    assert_eq!(listener.next_line()["duplicate_of"], first["id"]);
}

#[test]
fn a_forged_delivery_is_no_first_not_even_after_a_restart() {
    let sandbox = Sandbox::new();
    let forge = ("X-Olympus-Signature", "t=1,v1=00");
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    post(listener.address(), "/", &[forge], order("evt_1").as_bytes());
    assert_eq!(listener.next_line()["event_id"], "evt_1");
    listener.stop();

    let mut listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    assert!(listener.next_line()["duplicate_of"].is_null());
}

#[test]
fn the_log_lies_where_the_variable_says() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.folder().join("a/b/mine.db");
    let sandbox = sandbox.with("WEBHOOK_LOG", elsewhere.to_str().unwrap());
    let listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    assert_eq!(listener.ready["log"], elsewhere.to_str().unwrap());
    assert_eq!(kept(&elsewhere).len(), 1);
    assert!(!sandbox.log_file().exists());
}

#[test]
fn without_a_log_nothing_is_kept() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET, "--no-log"]);
    assert!(listener.ready["log"].is_null());
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    deliver(listener.address(), order("evt_1"));
    let first = listener.next_line();
    assert_eq!(listener.next_line()["duplicate_of"], first["id"]);
    assert!(!sandbox.log_file().exists());
}

#[cfg(unix)]
#[test]
fn the_log_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    let mode = sandbox.log_file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
