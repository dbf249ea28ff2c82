//! `webhook verify`, from outside. Every signature here is made by `openssl` or stands in a file of
//! vectors that independent code made.

mod bodies;
mod foreign;
mod headers;
mod inputs;
mod large;
mod output;
mod secrets;
mod time;
mod vectors;

use serde_json::{Value, json};

use crate::harness::{self, Run, Sandbox};

/// A secret that stands in no other text, so that it is found wherever it leaks.
const SECRET: &str = "whsec_dmVyaWZ5LXRlc3Qtc2VjcmV0";

/// 2024-01-18T10:40:00Z, the moment at which things are signed here.
const SIGNED_AT: &str = "1705574400";

/// A small body in the envelope of cimplify.
const BODY: &str =
    r#"{"id":"evt_1","type":"order.created","created_at":"2026-01-18T10:30:00Z","data":{}}"#;

/// Runs `webhook verify`; fails the test where the secret is in what it prints.
fn verify_with(sandbox: &Sandbox, secret: &str, args: &[&str], stdin: &[u8]) -> Run {
    let all: Vec<_> = ["verify"].iter().chain(args).copied().collect();
    let run = sandbox.run_with(&all, stdin);
    for text in [&run.stdout, &run.stderr] {
        assert!(
            !text.contains(secret),
            "the secret is in the output: {text}"
        );
        assert!(!text.contains("panicked"), "{text}");
    }
    run
}

/// Runs `webhook verify --secret SECRET` with nothing on stdin.
fn verify(sandbox: &Sandbox, args: &[&str]) -> Run {
    let all: Vec<_> = ["--secret", SECRET].iter().chain(args).copied().collect();
    verify_with(sandbox, SECRET, &all, b"")
}

/// The `verification` lines of a run, and its `summary`.
fn lines(run: &Run) -> (Vec<Value>, Value) {
    let mut lines = run.json_lines();
    let summary = lines.pop().expect("a summary");
    assert_eq!(summary["kind"], "summary", "{summary}");
    for line in &lines {
        assert_eq!(
            (&line["v"], &line["kind"]),
            (&json!(1), &json!("verification"))
        );
    }
    assert_eq!(summary["checked"], lines.len(), "{summary}");
    (lines, summary)
}

/// The one `verification` line of a run.
fn line(run: &Run) -> Value {
    let (lines, _) = lines(run);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

/// The status of the one verification of a run.
fn status(run: &Run) -> String {
    let line = line(run);
    line["verdict"]["status"].as_str().expect("a status").into()
}

/// The value of cimplify's header, made by openssl.
fn cimplify(body: impl AsRef<[u8]>) -> String {
    harness::openssl_hmac(SECRET, body.as_ref())
}

/// The value of olympus's header over a timestamp's text, made by openssl.
fn olympus(timestamp: &str, body: impl AsRef<[u8]>) -> String {
    let signed = [timestamp.as_bytes(), b".", body.as_ref()].concat();
    format!(
        "t={timestamp},v1={}",
        harness::openssl_hmac(SECRET, &signed)
    )
}

/// A capture of cimplify with a right signature.
fn capture(body: &str) -> String {
    harness::capture(
        "X-Cimplify-Signature",
        &cimplify(body),
        body,
        "2026-01-18T10:30:01Z",
    )
}

/// Verifies a bare body with the right signature of cimplify.
fn verify_body(body: impl AsRef<[u8]>) -> Run {
    let sandbox = Sandbox::new();
    sandbox.file("body", body.as_ref());
    let header = format!("X-Cimplify-Signature: {}", cimplify(body));
    verify(&sandbox, &["body", "--json", "-H", &header])
}
