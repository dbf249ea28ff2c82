//! The handlers that ship as examples: each takes all that its provider sends, and none of what
//! `webhook send --fault` forges. A user starts from them, so they have no fault.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::handler::{Handler, SECRET};
use crate::harness::{PATIENCE, Run, Sandbox};

const PROVIDERS: [&str; 4] = ["ibakepro", "olympus", "barecommerce", "cimplify"];

/// The largest body that the examples take, in bytes.
const LIMIT: usize = 25 * 1024 * 1024;

/// What has to be refused, whoever the provider is.
const REFUSED: [&str; 7] = [
    "wrong-secret",
    "tampered-body",
    "missing-signature",
    "malformed-signature",
    "wrong-prefix",
    "truncated",
    "reserialized",
];

/// One provider's endpoint of an example, and the program that sends to it.
struct Endpoint<'a> {
    handler: &'a Handler,
    provider: &'static str,
    sandbox: Sandbox,
}

impl Endpoint<'_> {
    fn send(&self, args: &[&str]) -> Run {
        let url = self.handler.url(self.provider);
        let mut all = vec!["send", "--json", "--secret", SECRET, "--url", &url];
        all.extend(["--provider", self.provider]);
        all.extend(args);
        self.sandbox.run(&all)
    }

    /// The statuses that were answered, in order.
    fn statuses(&self, args: &[&str]) -> Vec<u64> {
        let lines = self.send(args).json_lines();
        let attempts = lines.iter().filter(|line| line["kind"] == "attempt");
        let status = |line: &Value| {
            let status = line["response"]["status"].as_u64();
            status.unwrap_or_else(|| panic!("{} {args:?}: {line}", self.provider))
        };
        attempts.map(status).collect()
    }

    /// What is answered to a fault of order.created.
    fn fault(&self, fault: &str) -> Vec<u64> {
        self.statuses(&["order.created", "--fault", fault])
    }
}

fn endpoint<'a>(handler: &'a Handler, provider: &'static str) -> Endpoint<'a> {
    Endpoint {
        handler,
        provider,
        sandbox: Sandbox::new(),
    }
}

/// Runs a test over every example that can run here.
fn each(test: impl Fn(&Endpoint<'_>)) {
    let axum = Handler::axum_example();
    for provider in PROVIDERS {
        test(&endpoint(&axum, provider));
        if let Some(node) = Handler::node_example(provider) {
            test(&endpoint(&node, provider));
        }
    }
}

#[test]
fn every_documented_event_is_acknowledged_and_takes_effect() {
    each(|endpoint| {
        let events = format!("fixtures/{}/events", endpoint.provider);
        let events = std::fs::read_dir(events).expect("fixtures").count();
        let before = endpoint.handler.effects();
        assert_eq!(endpoint.statuses(&["--all"]), vec![200; events]);
        assert_eq!(endpoint.handler.effects() - before, events as u64);
    });
}

#[test]
fn what_is_forged_is_refused_and_has_no_effect() {
    each(|endpoint| {
        let before = endpoint.handler.effects();
        for fault in REFUSED {
            assert_eq!(
                endpoint.fault(fault),
                [401],
                "{} {fault}",
                endpoint.provider
            );
        }
        assert_eq!(endpoint.handler.effects(), before, "{}", endpoint.provider);
    });
}

#[test]
fn a_signed_time_is_refused_when_it_is_old_and_taken_when_it_is_ahead() {
    let axum = Handler::axum_example();
    for handler in [Some(axum), Handler::node_example("olympus")] {
        let Some(handler) = handler else { continue };
        let endpoint = endpoint(&handler, "olympus");
        assert_eq!(endpoint.fault("stale"), [401]);
        assert_eq!(endpoint.fault("future"), [200]);
    }
}

#[test]
fn a_duplicate_is_acknowledged_and_counts_once() {
    each(|endpoint| {
        let before = endpoint.handler.effects();
        assert_eq!(endpoint.fault("duplicate"), [200, 200]);
        assert_eq!(
            endpoint.handler.effects(),
            before + 1,
            "{}",
            endpoint.provider
        );
    });
}

#[test]
fn duplicates_at_the_same_moment_count_once() {
    each(|endpoint| {
        let before = endpoint.handler.effects();
        let same = ["order.created", "--id", "evt_the_same", "--seed", "1"];
        std::thread::scope(|scope| {
            let send = || assert_eq!(endpoint.statuses(&same), [200]);
            for _ in 0..8 {
                scope.spawn(send);
            }
        });
        assert_eq!(
            endpoint.handler.effects(),
            before + 1,
            "{}",
            endpoint.provider
        );
    });
}

#[test]
fn an_event_that_nobody_documents_is_acknowledged() {
    each(|endpoint| {
        let path = match endpoint.provider {
            "ibakepro" => "event",
            _ => "type",
        };
        let unknown = format!("{path}=loyalty.stamped");
        assert_eq!(
            endpoint.statuses(&["order.created", "--set", &unknown]),
            [200]
        );
    });
}

#[test]
fn a_body_of_a_mebibyte_is_taken_and_one_beyond_the_limit_is_refused() {
    each(|endpoint| {
        let data = serde_json::json!({ "note": "x".repeat(1 << 20) });
        let file = endpoint.sandbox.file("data.json", data.to_string());
        let data = format!("@{}", file.display());
        assert_eq!(
            endpoint.statuses(&["order.created", "--data", &data]),
            [200]
        );
        let status = status_of_blank_body(endpoint, LIMIT + 1);
        assert_eq!(status, "413", "{}", endpoint.provider);
    });
}

/// What is answered to a body of so many bytes. Reads while it writes: a handler may answer, and
/// close the connection, when it has seen no more than the length.
fn status_of_blank_body(endpoint: &Endpoint<'_>, length: usize) -> String {
    let head = format!(
        "POST /webhooks/{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n",
        endpoint.provider
    );
    let mut stream = TcpStream::connect(endpoint.handler.address()).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    let mut writing = stream.try_clone().expect("a second handle");
    let writer = std::thread::spawn(move || {
        let _ = writing.write_all(&[head.as_bytes(), &vec![b' '; length]].concat());
    });
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    writer.join().expect("the writer ends");
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).unwrap_or("none").to_owned()
}

#[test]
fn what_is_signed_and_no_event_is_a_bad_request() {
    each(|endpoint| {
        for body in ["", "not JSON", "null", "[]", "{}", r#"{"id":7}"#] {
            let file = endpoint.sandbox.file("body", body);
            let source = format!("@{}", file.display());
            let statuses = endpoint.statuses(&["--body", &source]);
            assert_eq!(statuses, [400], "{} {body:?}", endpoint.provider);
        }
    });
}
