//! User name and password in a URL: sent as basic authorization by every command, kept and printed by
//! none.

use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::{SECRET, deliver, order};

const BASIC: &str = "Basic bWU6aHVudGVyMg==";

/// The URL of an endpoint with a user name and a password.
fn url(endpoint: &Endpoint) -> String {
    format!("http://me:hunter2@{}/x", endpoint.address)
}

/// Runs the program; fails the test where it tells the password.
#[track_caller]
fn run(sandbox: &Sandbox, args: &[&str], code: i32) -> String {
    let run = sandbox.run(args).expect(code);
    let all = run.stdout + &run.stderr;
    assert!(!all.contains("hunter2"), "{all}");
    all
}

#[track_caller]
fn assert_sent(endpoint: &Endpoint) {
    let seen = endpoint.seen();
    assert!(!seen.is_empty());
    for message in seen {
        assert_eq!(message.values("authorization"), [BASIC], "{message:?}");
    }
}

#[track_caller]
fn assert_not_kept(sandbox: &Sandbox) {
    let bytes = std::fs::read(sandbox.log_file()).expect("a log");
    assert!(!bytes.windows(7).any(|part| part == b"hunter2"));
}

#[test]
fn a_dry_run_says_what_it_does_not_print() {
    let sandbox = Sandbox::new();
    let base = [
        "send",
        "order.sent",
        "-p",
        "olympus",
        "--dry-run",
        "--url",
        "http://me:hunter2@h/x",
    ];
    for form in ["http", "curl", "json"] {
        let told = run(&sandbox, &[&base[..], &["--as", form]].concat(), 0);
        assert!(
            told.contains("sent as `Authorization`, which is not printed"),
            "{told}"
        );
    }
}

/// Only one of them could be sent.
#[test]
fn a_header_that_gives_way_to_the_password_is_refused() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", SECRET);
    let url = "http://me:hunter2@h/x";
    let route = "order.*=http://me:hunter2@h/x";
    let header = ["-H", "authorization: Bearer mine"];
    for args in [
        &[
            "send",
            "order.sent",
            "-p",
            "olympus",
            "--dry-run",
            "--url",
            url,
        ][..],
        &["send", "order.sent", "-p", "olympus", "--url", url],
        &["replay", "--from", "c.json", "--url", url],
        &[
            "listen", "--port", "0", "--within", "1ms", "-f", "3000", "-f", url,
        ],
        &["listen", "--port", "0", "--within", "1ms", "--route", route],
    ] {
        let told = run(&sandbox, &[args, &header].concat(), 2);
        let both = "`--header Authorization` and the user name in the URL both say who sends";
        assert!(told.contains(both), "{told}");
        assert!(told.contains("hint: leave out the header"), "{told}");
    }
}

#[test]
fn what_was_forwarded_with_a_password_is_replayed_with_it_or_not_at_all() {
    let endpoint = Endpoint::ok();
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", SECRET);
    let mut listener = sandbox.listen(&["--forward-to", &url(&endpoint)]);
    deliver(listener.address(), order("evt_1"));
    let attempt = listener.next_of("attempt");
    assert_eq!(attempt["url"], format!("http://…@{}/x", endpoint.address));
    let (rest, errors, _) = listener.stop();
    assert!(!(rest + &errors).contains("hunter2"));
    assert_sent(&endpoint);

    let told = run(&sandbox, &["replay", "@last"], 2);
    assert!(
        told.contains("a user name or a password, which the log does not keep"),
        "{told}"
    );
    assert!(told.contains("hint: give the URL again"), "{told}");
    run(
        &sandbox,
        &["replay", "@last", "--url", &url(&endpoint), "--json"],
        0,
    );
    assert_eq!(endpoint.count(), 2);
    assert_sent(&endpoint);
    let told = run(&sandbox, &["log", "show", "@last", "--as", "curl"], 0);
    assert!(
        told.contains(&format!("'http://{}/x'", endpoint.address)),
        "{told}"
    );
    assert!(told.contains("which the log does not keep"), "{told}");
    let told = run(
        &sandbox,
        &["replay", "@last", "--dry-run", "--url", &url(&endpoint)],
        0,
    );
    assert!(told.contains("which is not printed"), "{told}");
    assert_not_kept(&sandbox);
}

#[test]
fn every_request_of_a_check_carries_it() {
    let endpoint = Endpoint::ok();
    let sandbox = Sandbox::new();
    let args = [
        "test",
        "-p",
        "cimplify",
        "--secret",
        "s",
        "--url",
        &url(&endpoint),
    ];
    run(&sandbox, &args, 1);
    assert_sent(&endpoint);
    assert_not_kept(&sandbox);
}

#[test]
fn the_configuration_is_shown_without_it() {
    let sandbox = Sandbox::new().with("WEBHOOK_URL", "me:hunter2@h:bad/");
    let file = "[listen]\nforward-to = ['http://me:hunter2@h/', '3000']\n";
    sandbox.file("webhook.toml", file);
    for args in [&["config"][..], &["config", "--json"]] {
        let told = run(&sandbox, args, 0);
        assert!(told.contains("…@h:bad/"), "{told}");
        assert!(told.contains("http://…@h/"), "{told}");
    }
    run(&sandbox, &["send", "order.sent"], 2);
}
