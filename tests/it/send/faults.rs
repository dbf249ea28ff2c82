//! `--fault`: what the documented handlers make of each, and what `listen` does.

use serde_json::Value;

use super::events::{ROUTES, provider_of};
use super::{SECRET, Sender, of_kind};
use crate::harness::Listener;
use crate::harness::endpoint::Endpoint;
use crate::peers::{self, Handler, PROVIDERS};

/// The statuses of one fault at the handlers of [`ROUTES`]; 0 where the scheme cannot have the fault.
type Row = (&'static str, [u16; 5]);

/// What the documented handlers really answer.
const ANSWERS: [Row; 10] = [
    ("wrong-secret", [401; 5]),
    ("tampered-body", [401; 5]),
    // Only ibakepro compares with `!==`; the others give `timingSafeEqual` what it throws at.
    ("missing-signature", [500, 500, 500, 401, 500]),
    ("malformed-signature", [500, 500, 500, 401, 500]),
    ("truncated", [500, 500, 500, 401, 500]),
    // Olympus' reader takes the second part whatever it is called, so `v0=` passes.
    ("wrong-prefix", [500, 500, 500, 401, 200]),
    // Two handlers check what they would write themselves, not what came.
    ("reserialized", [401, 401, 200, 200, 401]),
    ("stale", [0, 0, 0, 0, 401]),
    // Olympus' reader refuses only the past.
    ("future", [0, 0, 0, 0, 200]),
    // No documented handler remembers ids.
    ("duplicate", [200; 5]),
];

#[test]
fn the_documented_handlers_answer_each_fault_as_recorded() {
    std::thread::scope(|scope| {
        for (place, route) in ROUTES.iter().enumerate() {
            scope.spawn(move || {
                let handler = Handler::start(route, SECRET);
                let sender = Sender::new();
                for (fault, statuses) in ANSWERS {
                    answers(&sender, route, &handler.url(route), fault, statuses[place]);
                }
            });
        }
    });
}

fn answers(sender: &Sender, route: &str, url: &str, fault: &str, status: u16) {
    let provider = provider_of(route);
    let args = [
        "order.created",
        "--provider",
        provider,
        "--url",
        url,
        "--fault",
        fault,
    ];
    if status == 0 {
        return sender.refused(&args, "signs no time", "webhook events --faults");
    }
    let run = sender.send(&[&args[..], &["--json"]].concat());
    let attempts = of_kind(&run, "attempt");
    let times = if fault == "duplicate" { 2 } else { 1 };
    assert_eq!(attempts.len(), times, "{route} {fault}");
    for attempt in attempts {
        assert_eq!(attempt["response"]["status"], status, "{route} {fault}");
    }
    run.expect(i32::from(status != 200));
}

#[test]
fn the_documented_axum_handler_of_olympus_answers_each_fault_as_recorded() {
    let endpoint = peers::olympus(SECRET);
    let sender = Sender::new();
    for (fault, status) in [
        ("wrong-secret", 401),
        ("tampered-body", 401),
        ("missing-signature", 401),
        ("malformed-signature", 500),
        ("truncated", 401),
        // Unlike its Node reader, this one looks at the names.
        ("wrong-prefix", 500),
        ("reserialized", 401),
        ("stale", 401),
        ("future", 200),
        ("duplicate", 200),
    ] {
        answers(&sender, "olympus", &endpoint.url(""), fault, status);
    }
}

/// The documented verdict of each fault, and what `listen` answers.
const VERDICTS: [(&str, &str, u16); 10] = [
    ("wrong-secret", "mismatch", 401),
    ("tampered-body", "mismatch", 401),
    ("missing-signature", "missing", 401),
    ("malformed-signature", "malformed", 401),
    ("truncated", "malformed", 401),
    ("wrong-prefix", "malformed", 401),
    ("reserialized", "mismatch", 401),
    ("stale", "stale", 401),
    ("future", "valid", 200),
    ("duplicate", "valid", 200),
];

#[test]
fn listen_sees_each_fault_for_what_it_is() {
    let sender = Sender::new();
    let mut listener = sender.sandbox().listen(&[]);
    for provider in PROVIDERS {
        for (fault, verdict, status) in VERDICTS {
            if matches!(fault, "stale" | "future") && provider != "olympus" {
                continue;
            }
            let url = listener.url();
            let args = [
                "order.created",
                "--provider",
                provider,
                "--url",
                &url,
                "--fault",
                fault,
            ];
            let run = sender.send(&args).expect(i32::from(status != 200));
            let right = format!("expected: a correct receiver answers 401 to `{fault}`");
            assert_eq!(run.stdout.contains(&right), status == 401, "{}", run.stdout);
            assert!(!run.stdout.contains("hint:"), "{}", run.stdout);
            assert!(!run.stdout.contains("{\""), "{}", run.stdout);
            let line = listener.next_line();
            assert_eq!(
                line["verdict"]["status"], verdict,
                "{provider} {fault}: {line}"
            );
            assert_eq!(
                line["response"]["status"], status,
                "{provider} {fault}: {line}"
            );
            assert_eq!(line["provider"], provider, "{fault}: {line}");
            told_more(&mut listener, fault, &line);
        }
    }
}

/// A future time is noted; a duplicate comes again and says of what.
fn told_more(listener: &mut Listener, fault: &str, line: &Value) {
    let notes = line["verdict"]["notes"].as_array().expect("notes");
    assert_eq!(notes.is_empty(), fault != "future", "{fault}: {line}");
    if fault == "duplicate" {
        let second = listener.next_line();
        assert_eq!(second["duplicate_of"], line["id"], "{second}");
        assert_eq!(second["event_id"], line["event_id"], "{second}");
    }
}

#[test]
fn a_fault_that_one_event_cannot_have_leaves_nothing_sent() {
    let endpoint = Endpoint::ok();
    let args = [
        "payment.processed",
        "media.created",
        "--url",
        &endpoint.url(""),
        "--fault",
        "stale",
    ];
    Sender::new().refused(&args, "`barecommerce` signs no time", "--faults");
    assert_eq!(endpoint.seen().len(), 0);
}
