//! `--fault`: what the documented handlers make of each, and what `listen` does.

use serde_json::Value;

use super::events::{ROUTES, provider_of};
use super::{SECRET, Sender, of_kind, summary};
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
    let is_right = is_right(fault, status);
    for attempt in attempts {
        assert_eq!(attempt["response"]["status"], status, "{route} {fault}");
        assert_eq!(attempt["expected"], is_right, "{route} {fault}");
    }
    let expected = if is_right { times } else { 0 };
    assert_eq!(summary(&run)["expected"], expected, "{route} {fault}");
    run.expect(i32::from(!is_right));
}

/// What is genuine has to be taken, a forgery to be refused and not to crash the handler.
fn is_right(fault: &str, status: u16) -> bool {
    match fault {
        "duplicate" => status == 200,
        "future" => matches!(status, 200 | 401),
        _ => status == 401,
    }
}

#[test]
fn a_fault_is_yes_where_it_was_refused_and_no_where_it_was_taken() {
    let sender = Sender::new();
    let base = ["order.created", "--provider", "cimplify"];
    for (status, fault, code) in [
        (401, "wrong-secret", 0),
        (403, "tampered-body", 0),
        (400, "malformed-signature", 0),
        (200, "wrong-secret", 1),
        (204, "missing-signature", 1),
        (500, "truncated", 1),
        (302, "wrong-secret", 1),
        // What says nothing of the signature proves nothing.
        (404, "wrong-secret", 1),
        (429, "wrong-secret", 1),
        (200, "duplicate", 0),
        (401, "duplicate", 1),
    ] {
        let url = Endpoint::script(&[status]).url("");
        let args = [&base[..], &["--url", &url, "--fault", fault]].concat();
        sender.send(&args).expect(code);
        let load = [&args[..], &["--count", "3"]].concat();
        sender.send(&load).expect(code);
        // What is asked for by its number goes before.
        let expected = format!("{status}");
        let asked = [&args[..], &["--expect-status", &expected]].concat();
        sender.send(&asked).expect(0);
    }
    let refused = [&base[..], &["--url", "1", "--fault", "wrong-secret"]].concat();
    sender.send(&refused).expect(3);
}

#[test]
fn an_expected_status_is_what_exit_0_means() {
    let sender = Sender::new();
    let endpoint = Endpoint::script(&[401]);
    let url = endpoint.url("");
    let expecting = |status| {
        let base = ["order.sent", "--url", &url, "--expect-status"];
        sender.send(&[&base[..], &[status]].concat())
    };
    let run = expecting("401").expect(0);
    assert!(
        run.stdout
            .contains("expected: `--expect-status` asks for it"),
        "{}",
        run.stdout
    );
    expecting("200,4xx").expect(0);
    let run = expecting("2xx,500").expect(1);
    assert!(
        run.stdout.contains("`--expect-status` asks for 2xx, 500"),
        "{}",
        run.stdout
    );
    for wrong in ["ok", "600", "1xx", ""] {
        let run = expecting(wrong).expect(2);
        assert!(run.stderr.contains("--expect-status"), "{}", run.stderr);
    }
    // Of a schedule the last attempt decides.
    let twice = Endpoint::script(&[500, 200]);
    let retried = [
        "order.sent",
        "--url",
        &twice.url(""),
        "--retry",
        "--speed",
        "100000x",
    ];
    sender.send(&retried).expect(0);
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
            let run = sender
                .send(&args)
                .expect(i32::from(!is_right(fault, status)));
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
