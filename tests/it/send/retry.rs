//! `--retry`: each provider's number of attempts and rules.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{SECRET, Sender, of_kind, summary};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::{Run, in_time};
use crate::peers::is_signed;

/// Fast enough that a day is a tenth of a second.
const FAST: &str = "1000000x";

fn retried(provider: &str, endpoint: &Endpoint, more: &[&str]) -> Run {
    let args = [
        "order.created",
        "--provider",
        provider,
        "--url",
        &endpoint.url(""),
        "--retry",
        "--json",
    ];
    Sender::new().send(&[&args[..], more].concat())
}

#[test]
fn each_provider_s_rules_are_followed() {
    for (provider, statuses, attempts, code) in [
        // As many attempts as documented.
        ("barecommerce", &[500][..], 5, 1),
        ("cimplify", &[500], 4, 1),
        ("ibakepro", &[500], 5, 1),
        ("olympus", &[500], 7, 1),
        // The first 2xx ends it.
        ("barecommerce", &[500, 500, 200], 3, 0),
        ("cimplify", &[503, 204], 2, 0),
        ("ibakepro", &[500, 500, 500, 500, 200], 5, 0),
        ("olympus", &[200], 1, 0),
        // Only olympus takes a client error for final, and 429 not for one.
        ("barecommerce", &[404, 200], 2, 0),
        ("cimplify", &[400, 200], 2, 0),
        ("ibakepro", &[404, 200], 2, 0),
        ("olympus", &[400, 200], 1, 1),
        ("olympus", &[500, 404, 200], 2, 1),
        ("olympus", &[429, 200], 2, 0),
        // A redirect is not followed, and is no success.
        ("olympus", &[302, 200], 2, 0),
        ("ibakepro", &[301, 200], 2, 0),
    ] {
        let endpoint = Endpoint::script(statuses);
        let run = retried(provider, &endpoint, &["--speed", FAST]);
        let what = format!("{provider} {statuses:?}: {}", run.stdout);
        assert_eq!(endpoint.seen().len(), attempts, "{what}");
        assert_eq!(run.code, Some(code), "{what}");
        assert_eq!(summary(&run)["sent"], attempts, "{what}");
        is_one_delivery(provider, &endpoint, &of_kind(&run, "attempt"));
        says_how_it_went(&run, attempts, code);
    }
}

/// All attempts carry the same event under one delivery, and each is signed.
fn is_one_delivery(provider: &str, endpoint: &Endpoint, attempts: &[Value]) {
    let sent = endpoint.seen();
    for (place, (attempt, message)) in attempts.iter().zip(&sent).enumerate() {
        let cause = if place == 0 { "send" } else { "retry" };
        assert_eq!(attempt["cause"], cause);
        assert_eq!(attempt["delivery_id"], attempts[0]["delivery_id"]);
        assert_eq!(attempt["event_id"], message.json()["id"]);
        assert_eq!(message.body, sent[0].body);
        assert!(is_signed(provider, SECRET, message), "{message:?}");
        let same = attempts.iter().filter(|other| other["id"] == attempt["id"]);
        assert_eq!(same.count(), 1, "an id of its own");
    }
}

fn says_how_it_went(run: &Run, attempts: usize, code: i32) {
    for number in 2..=attempts {
        let line = format!("attempt {number} of ");
        assert_eq!(run.stderr.matches(&line).count(), 1, "{}", run.stderr);
    }
    let failed = run.stderr.contains("the last attempt") || run.stderr.contains("does not retry");
    assert_eq!(failed, code != 0, "{}", run.stderr);
}

#[test]
fn what_follows_the_last_attempt_is_told_where_the_document_tells_it() {
    for (provider, status, said) in [
        (
            "ibakepro",
            500,
            "the last attempt of ibakepro: the delivery is marked as failed\n",
        ),
        (
            "barecommerce",
            500,
            "no more are made; what becomes of the delivery is not documented\n",
        ),
        (
            "cimplify",
            500,
            "no more are made; what becomes of the delivery is not documented\n",
        ),
        (
            "olympus",
            500,
            "no more are made; what becomes of the delivery is not documented\n",
        ),
        (
            "olympus",
            404,
            "Olympus Cloud does not retry this answer: no more attempts are made\n",
        ),
    ] {
        let run = retried(provider, &Endpoint::script(&[status]), &["--speed", FAST]);
        assert!(run.stderr.contains(said), "{provider}: {}", run.stderr);
    }
}

#[test]
fn no_answer_is_retried() {
    for provider in ["barecommerce", "cimplify", "ibakepro", "olympus"] {
        let (endpoint, run, attempts) = in_time(|limit| {
            let endpoint = Endpoint::start(|number, _| match number {
                0 => Reply::Hangup,
                1 => Reply::Silence,
                _ => Reply::status(200),
            });
            let more = ["--speed", FAST, "--timeout", limit];
            let run = retried(provider, &endpoint, &more);
            let attempts = of_kind(&run, "attempt");
            let is_late = |attempt: &&Value| attempt["error"]["kind"] == "timeout";
            let is_in_time = attempts.iter().filter(is_late).count() < 2;
            is_in_time.then_some((endpoint, run, attempts))
        });
        let kinds: Vec<_> = attempts
            .iter()
            .map(|attempt| &attempt["error"]["kind"])
            .collect();
        assert_eq!(
            kinds,
            [&"reset".into(), &"timeout".into(), &Value::Null],
            "{}",
            run.stdout
        );
        is_one_delivery(provider, &endpoint, &attempts);
        run.expect(0);
    }
}

#[test]
fn an_endpoint_that_is_never_there_is_three_in_the_end() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let args = [
        "order.created",
        "--provider",
        "cimplify",
        "--url",
        &url,
        "--retry",
        "--speed",
        FAST,
        "--json",
    ];
    let run = Sender::new().send(&args).expect(3);
    assert_eq!(summary(&run)["by_failure"]["refused"], 4);
}

fn time_of(value: Option<&str>) -> i64 {
    let time = value.and_then(|value| value.strip_prefix("t=")?.split(',').next());
    time.and_then(|time| time.parse().ok()).expect("a time")
}

#[test]
fn each_attempt_is_signed_at_its_own_time() {
    let endpoint = Endpoint::script(&[500, 200]);
    let start = Instant::now();
    // The documented wait of a minute takes a second.
    retried("olympus", &endpoint, &["--speed", "60x"]).expect(0);
    assert!(start.elapsed() >= Duration::from_secs(1));
    let sent = endpoint.seen();
    let times: Vec<_> = sent
        .iter()
        .map(|message| time_of(message.field("x-olympus-signature")))
        .collect();
    assert!(times[1] > times[0], "{times:?}");
    assert!(
        sent.iter()
            .all(|message| is_signed("olympus", SECRET, message))
    );
}

#[test]
fn a_time_that_was_given_stays() {
    let endpoint = Endpoint::script(&[500, 500, 200]);
    let more = ["--speed", FAST, "--timestamp", "1768732200"];
    retried("olympus", &endpoint, &more).expect(0);
    for message in endpoint.seen() {
        assert_eq!(time_of(message.field("x-olympus-signature")), 1_768_732_200);
    }
}

#[test]
fn the_wait_is_told_and_can_be_interrupted() {
    for (provider, wait, of) in [
        ("barecommerce", "5 s", 5),
        ("cimplify", "1 min", 4),
        ("ibakepro", "5 min", 5),
        ("olympus", "1 min", 7),
    ] {
        let endpoint = Endpoint::script(&[500]);
        let args = [
            "order.created",
            "--provider",
            provider,
            "--url",
            &endpoint.url(""),
            "--retry",
            "--json",
        ];
        let mut sending = Sender::new().start(&args);
        let line = sending.hear("attempt 2");
        let told = format!("attempt 2 of {of} in {wait}, at ");
        assert!(line.contains(&told), "{line}");
        sending.signal("INT");
        let run = sending.wait().expect(130);
        assert_eq!(summary(&run)["sent"], 1);
    }
}

#[test]
fn a_speed_of_next_to_nothing_waits_for_long() {
    let endpoint = Endpoint::script(&[500]);
    let args = [
        "order.sent",
        "--url",
        &endpoint.url(""),
        "--retry",
        "--speed",
        "0.000000000000000001x",
    ];
    let mut sending = Sender::new().start(&args);
    sending.hear("attempt 2 of 7 in ");
    sending.signal("TERM");
    sending.wait().expect(143);
}
