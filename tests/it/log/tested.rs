//! What `webhook test` sends is in the log, and out of the way of what was received.

use super::*;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::{SECRET, deliver, order};

/// A sandbox that has received one delivery and then sent several in a test; the id of the first.
fn received_then_tested() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    let received = listener.next_of("delivery")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    listener.stop();
    let handler = Endpoint::ok();
    let args = [
        "test",
        "--provider",
        "olympus",
        "--secret",
        SECRET,
        "--url",
        &handler.url("/"),
        "--only",
        "signature/missing*",
    ];
    sandbox.run(&args);
    assert!(handler.count() > 1, "a greeting and the check");
    (sandbox, received)
}

#[test]
fn replay_of_the_last_is_of_the_last_that_was_received() {
    let (sandbox, received) = received_then_tested();
    let app = Endpoint::ok();
    let url = app.url("/");
    sandbox.run(&["replay", "@last", "--url", &url]).expect(0);
    assert_eq!(app.one().json()["id"], "evt_1");
    let run = sandbox.run(&["replay", "@last~1", "--url", &url]).expect(2);
    assert!(run.stderr.contains("does not go back"), "{}", run.stderr);
    let shown = sandbox.run(&["log", "show", "@last", "--json"]).expect(0);
    assert_eq!(shown.json_lines()[0]["id"], received);
    sandbox.run(&["replay", "-n", "9", "--url", &url]).expect(0);
    assert_eq!(app.count(), 2, "filters don't mean what was tested");
}

#[test]
fn what_was_tested_is_listed_for_who_asks_and_found_by_its_id() {
    let (sandbox, received) = received_then_tested();
    let list = |more: &[&str]| ids(&sandbox.run(&[&["log", "--json"], more].concat()).expect(0));
    assert_eq!(list(&[]), [received.as_str()]);
    assert_eq!(list(&["--source", "listen,import"]), [received.as_str()]);
    let tested = list(&["--source", "test"]);
    assert!(
        tested.len() > 1 && !tested.contains(&received),
        "{tested:?}"
    );
    let all = list(&["--source", "all"]);
    assert_eq!(all, [&[received][..], &tested].concat());

    let shown = sandbox.run(&["log", "show", &tested[0]]).expect(0);
    assert!(shown.stdout.contains("source    test"), "{}", shown.stdout);
    let app = Endpoint::ok();
    let both = ["replay", &tested[0], &tested[1], "--url", &app.url("/")];
    sandbox.run(&both).expect(0);
    assert_eq!(app.count(), 2);
    let newest = [
        "replay",
        "@last",
        "--source",
        "test",
        "--url",
        &app.url("/"),
    ];
    let run = sandbox
        .run(&[&newest[..], &["--dry-run", "--json"]].concat())
        .expect(0);
    assert_eq!(run.json_lines()[0]["id"], *tested.last().unwrap());

    let run = sandbox.run(&["log", "--source", "tests"]).expect(2);
    assert!(
        run.stderr.contains("did you mean `test`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_was_tested_takes_no_place_in_a_prune() {
    let (sandbox, received) = received_then_tested();
    sandbox.run(&["log", "prune", "--keep", "1"]).expect(0);
    let left = ids(&sandbox.run(&["log", "--source", "all", "--json"]).expect(0));
    assert_eq!((left.len(), &left[0]), (2, &received));
    sandbox
        .run(&["log", "prune", "--older-than", "0s"])
        .expect(0);
    let left = sandbox.run(&["log", "--source", "all", "--json"]).expect(0);
    assert_eq!(left.stdout, "");
}

#[test]
fn a_log_with_nothing_but_tests_says_so() {
    let sandbox = filled(&[with(capture(1), &[("/source", "test".into())])]);
    let run = sandbox.run(&["log"]).expect(0);
    assert!(run.stderr.contains("`--source all`"), "{}", run.stderr);
}
