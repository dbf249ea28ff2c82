//! Deliveries and their retries, by the documents, in the emulated time.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::json;
use webhook_cli::delivery::Timestamp;

use super::{Emulated, text};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;
use crate::harness::{Sandbox, openssl_hmac, raw_exchange};
use crate::peers::Handler;

/// The waits that the documents state, in minutes; barecommerce's in seconds. Each is counted from the
/// attempt before, or from the first.
const DOCUMENTED: [(&str, &[i64], bool); 4] = [
    ("olympus", &[60, 300, 1_800, 7_200, 28_800, 86_400], false),
    ("cimplify", &[60, 300, 1_800], false),
    ("barecommerce", &[5, 25, 120, 600], false),
    ("ibakepro", &[300, 1_800, 7_200, 86_400], true),
];

fn moment(value: &serde_json::Value, name: &str) -> i64 {
    let parsed = Timestamp::parse(text(value, name));
    parsed.expect("a time").micros()
}

/// Plays a provider whose only endpoint gives these answers, until nothing is to come; the lines that it
/// printed.
fn play(provider: &str, endpoint: &Endpoint, more: &[&str]) -> Vec<serde_json::Value> {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
    let url = endpoint.url("/hook");
    let args = [
        "emulate",
        provider,
        "--json",
        "--port",
        "0",
        "--no-state",
        "--until-idle",
        "--speed",
        "instant",
        "--trigger",
        "order.created",
        "--endpoint",
        &url,
    ];
    let run = sandbox.run(&[&args[..], more].concat());
    assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
    run.json_lines()
}

fn of_kind<'l>(lines: &'l [serde_json::Value], kind: &str) -> Vec<&'l serde_json::Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

#[test]
fn each_provider_retries_when_its_documents_say() {
    for (provider, waits, from_first) in DOCUMENTED {
        let endpoint = Endpoint::script(&[500]);
        let lines = play(provider, &endpoint, &[]);
        let attempts = of_kind(&lines, "attempt");
        assert_eq!(attempts.len(), waits.len() + 1, "{provider}");
        let first = moment(of_kind(&lines, "delivery")[0], "received_at");
        for (pair, wait) in attempts.windows(2).zip(waits) {
            let from = if from_first {
                first
            } else {
                moment(pair[0], "emulated_at")
            };
            let due = moment(pair[0], "next_retry_at");
            assert_eq!(due - from, wait * 1_000_000, "{provider} {wait}");
            assert!(
                moment(pair[1], "emulated_at") >= due,
                "{provider}: too early"
            );
        }
        let last = attempts.last().expect("attempts");
        assert!(last["next_retry_at"].is_null());
        let failed = of_kind(&lines, "failed");
        assert_eq!(failed[0]["reason"], "exhausted");
        assert_eq!(of_kind(&lines, "summary")[0]["failed"], 1);
        let seen = endpoint.seen();
        assert!(
            seen.iter().all(|message| message.body == seen[0].body),
            "the event stays"
        );
    }
}

/// The time of a signature of olympus, which has to be right.
fn signed_at(message: &Message) -> i64 {
    let value = message.header("X-Olympus-Signature");
    let (time, mac) = value.split_once(",v1=").expect("two parts");
    let time = time.strip_prefix("t=").expect("a time");
    let signed = [time.as_bytes(), b".", &message.body].concat();
    assert_eq!(mac, openssl_hmac("whsec_1", &signed));
    time.parse().expect("seconds")
}

#[test]
fn signatures_carry_the_real_time_though_hours_pass() {
    let endpoint = Endpoint::script(&[500]);
    let before = Timestamp::now().seconds();
    play("olympus", &endpoint, &[]);
    let seen = endpoint.seen();
    assert_eq!(seen.len(), 7);
    for message in &seen {
        let at = signed_at(message);
        assert!((before..=Timestamp::now().seconds()).contains(&at), "{at}");
    }
}

#[test]
fn what_is_retried_is_the_provider_s_rule() {
    for (provider, status, made) in [
        ("olympus", 404, 1),
        ("olympus", 429, 7),
        ("olympus", 302, 7),
        ("cimplify", 404, 4),
        ("olympus", 204, 1),
    ] {
        let endpoint = Endpoint::script(&[status]);
        let lines = play(provider, &endpoint, &[]);
        assert_eq!(endpoint.count(), made, "{provider} {status}");
        let failed = of_kind(&lines, "failed");
        assert_eq!(failed.is_empty(), status == 204, "{provider} {status}");
    }
}

#[test]
fn an_endpoint_that_asks_for_a_longer_wait_gets_it() {
    let asking = |seconds: &str| {
        let seconds = seconds.to_owned();
        let endpoint = Endpoint::start(move |number, _| match number {
            0 => Reply::Status(429, vec![("Retry-After", seconds.clone())]),
            _ => Reply::status(200),
        });
        let lines = play("olympus", &endpoint, &[]);
        let first = of_kind(&lines, "attempt")[0].clone();
        (moment(&first, "next_retry_at") - moment(&first, "emulated_at")) / 1_000_000
    };
    assert_eq!(asking("3600"), 3_600);
    assert_eq!(asking("5"), 60, "shorter than the schedule");
}

/// An app that fails twice, and then hands over to the handler that Olympus documents; at whose path.
fn failing_twice(handler: &Handler) -> (Endpoint, String) {
    let url = handler.url("olympus");
    let (authority, path) = url["http://".len()..].split_once('/').expect("a path");
    let address: SocketAddr = authority.parse().expect("an address");
    let app = Endpoint::start(move |number, message| {
        if number < 2 {
            return Reply::status(500);
        }
        let whole = String::from_utf8(message.bytes.clone()).expect("text");
        let once = whole.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        let answer = raw_exchange(address, once.as_bytes());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Reply::status(status.expect("a status"))
    });
    let url = app.url(&format!("/{path}"));
    (app, url)
}

#[test]
fn a_listener_between_sees_three_attempts_of_one_event_and_the_documented_handler_the_last() {
    let secret = "whsec_1";
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", secret);
    let handler = Handler::start("olympus", secret);
    let (app, url) = failing_twice(&handler);
    let mut listener = sandbox.listen(&["--forward-to", &url]);
    let emulated = Emulated::start(
        &sandbox,
        &[
            "olympus",
            "--no-state",
            "--speed",
            "instant",
            "--endpoint",
            &listener.url(),
        ],
    );
    emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    emulated.idle();
    let deliveries: Vec<_> = (0..3).map(|_| listener.next_of("delivery")).collect();
    for delivery in &deliveries {
        assert_eq!(delivery["verdict"]["status"], "valid");
        assert_eq!(delivery["event_id"], deliveries[0]["event_id"]);
    }
    assert_eq!(app.count(), 3);
    assert_eq!(
        handler.event().as_deref().unwrap_or("order.created"),
        "order.created"
    );
    let listed = emulated.ask("GET", "/v1/deliveries", "");
    let row = &listed["data"][0];
    assert_eq!(
        (&row["status"], &row["response_code"]),
        (&json!("success"), &json!(200)),
        "{listed}"
    );
}

#[test]
fn one_slow_endpoint_holds_up_no_other() {
    let sandbox = Sandbox::new();
    let (slow, gate) = Endpoint::gated(0);
    let quick = Endpoint::ok();
    let emulated = Emulated::start(
        &sandbox,
        &[
            "olympus",
            "--no-state",
            "--endpoint",
            &slow.url("/"),
            "--endpoint",
            &quick.url("/"),
        ],
    );
    // More than are under way to one endpoint at once.
    for _ in 0..15 {
        emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    }
    for _ in 0..15 {
        quick.next();
    }
    gate.wait_for(10);
    assert_eq!(slow.count(), 10, "10 at once, as is assumed");
    gate.open();
    emulated.idle();
    assert_eq!(slow.count(), 15);
}

#[test]
fn an_endpoint_that_answers_410_is_disabled_where_the_definition_says_so() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
    let definition = r#"{"name": "acme",
        "signature": {"kind": "hmac", "header": "X-Acme", "value": {"parts": ["{signature}"]},
            "signed": "{body}", "digest": "sha256", "encoding": "hex"},
        "envelope": {"template": {"type": "{{event}}", "id": "{{id:event}}", "data": "{{data}}"},
            "event": "type", "id": "id", "data": "data"},
        "delivery": {"retry": {"on": ["5xx", "410"], "schedule": ["1m", "1h"]},
            "disable": {"on": ["410"], "after": "30m"}}}"#;
    sandbox.file("providers/acme/provider.json", definition);
    let event = r#"{"description": "Something.", "source": "inferred", "data": {"a": 1}}"#;
    sandbox.file("providers/acme/events/thing.made.json", event);
    for (answers, attempts) in [(&[410][..], 1), (&[500, 500, 500], 3), (&[500, 410], 2)] {
        let endpoint = Endpoint::script(answers);
        let url = endpoint.url("/");
        let run = sandbox.run(&[
            "emulate",
            "acme",
            "--json",
            "--port",
            "0",
            "--no-state",
            "--until-idle",
            "--speed",
            "instant",
            "--trigger",
            "thing.made",
            "--endpoint",
            &url,
        ]);
        let lines = run.expect(1).json_lines();
        assert_eq!(
            of_kind(&lines, "disabled").len(),
            1,
            "{answers:?}: {lines:?}"
        );
        assert_eq!(endpoint.count(), attempts, "{answers:?}");
    }
}

/// Svix documents five days of failures, Calendly a 410.
#[test]
fn vendors_disable_an_endpoint_when_they_say() {
    let sandbox = Sandbox::new();
    let play = |provider: &str, answer: u16, event: &str, afters: &[&str]| {
        let endpoint = Endpoint::script(&[answer]);
        let url = endpoint.url("/");
        let args = [
            provider,
            "--no-state",
            "--speed",
            "instant",
            "--endpoint",
            &url,
        ];
        let emulated = Emulated::start(&sandbox, &args);
        let status = || emulated.ask("GET", "/v1/webhooks", "")["data"][0]["status"].clone();
        for after in afters {
            assert_eq!(status(), "active", "{provider}");
            let event = serde_json::json!({"type": event, "after": after});
            emulated.ask("POST", "/v1/events", &event.to_string());
            emulated.idle();
        }
        assert_eq!(status(), "disabled", "{provider}");
        endpoint.count()
    };
    assert_eq!(play("calendly", 410, "invitee.canceled", &["0s"]), 1);
    // The first has its 8 attempts in 27 h 35 min. The second begins 118 h 35 min after it, and its fifth
    // attempt is the first one behind 120 h.
    assert_eq!(play("svix", 500, "endpoint.created", &["0s", "91h"]), 8 + 5);
}

#[test]
fn what_is_done_wrong_on_purpose_is_told() {
    let endpoint = Endpoint::ok();
    let twice = play("olympus", &endpoint, &["--duplicate", "100%"]);
    let attempts = of_kind(&twice, "attempt");
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[1]["trigger"], "duplicate");
    assert_eq!(endpoint.seen()[0].body, endpoint.seen()[1].body);
    assert_eq!(of_kind(&twice, "summary")[0]["delivered"], 1);

    let endpoint = Endpoint::ok();
    let lost = play("olympus", &endpoint, &["--drop", "100%"]);
    assert_eq!(of_kind(&lost, "dropped").len(), 1);
    assert_eq!(endpoint.count(), 0);

    let late = play("olympus", &Endpoint::ok(), &["--delay", "2h"]);
    let ready = Timestamp::now();
    let sent = moment(of_kind(&late, "delivery")[0], "received_at");
    assert!(
        sent > ready.plus_seconds(3_600).micros(),
        "two emulated hours later"
    );
}

#[test]
fn a_seed_makes_the_same_events_and_the_same_chances() {
    let of = |seed: &str| {
        let endpoint = Endpoint::ok();
        let mut more = vec!["--seed", seed, "--drop", "50%"];
        for _ in 0..12 {
            more.extend(["--trigger", "order.updated"]);
        }
        play("olympus", &endpoint, &more);
        let seen = endpoint.seen();
        let id = |message: &Message| {
            let body: serde_json::Value = serde_json::from_slice(&message.body).expect("JSON");
            text(&body, "id").to_owned()
        };
        seen.iter().map(id).collect::<BTreeSet<_>>()
    };
    let some = of("7");
    assert!((1..13).contains(&some.len()), "{some:?}");
    assert_eq!(some, of("7"));
    assert_ne!(of("7"), of("8"));
}

#[test]
fn secrets_are_replaced_while_time_passes_and_can_be_looked_up() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
    let endpoint = Endpoint::script(&[500]);
    let mut emulated = Emulated::start(
        &sandbox,
        &[
            "olympus",
            "--no-state",
            "--speed",
            "instant",
            "--rotate-secret",
            "5h",
            "--endpoint",
            &endpoint.url("/"),
        ],
    );
    emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    emulated.idle();
    let rotated = emulated.process.next_of("rotated");
    let secrets = emulated.ask(
        "GET",
        &format!("/v1/webhooks/{}/secrets", text(&rotated, "endpoint_id")),
        "",
    );
    let secret = text(&secrets, "secret");
    let last = endpoint.seen().pop().expect("attempts");
    let (time, mac) = last
        .header("X-Olympus-Signature")
        .split_once(",v1=")
        .expect("two parts");
    let signed = [time.trim_start_matches("t=").as_bytes(), b".", &last.body].concat();
    assert_eq!(mac, openssl_hmac(secret, &signed));
    // The first attempts came before.
    signed_at(&endpoint.seen()[0]);
}
