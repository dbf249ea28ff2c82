//! `webhook log`: every subcommand over a log that was filled as `listen` fills it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use bytes::Bytes;
use serde_json::{Value, json};
use webhook_cli::delivery::{
    Answer, Attempt, Delivery, Failure, FailureKind, Signing, Timestamp, Trigger, capture,
};
use webhook_cli::store::Log;

use crate::harness::{PATIENCE, Run, Sandbox};

/// A body that a terminal would obey, and that JSON writes as it is: DEL, CSI, an override.
const HOSTILE: &str = "{\"note\":\"\u{7f}\u{9b}2J\u{202e}\"}";

/// The id of the delivery with this number; ids sort as the numbers do.
fn id(number: usize) -> String {
    format!("dlv_01JD{number:022}")
}

/// The capture with this number: an order of olympus, received a second after the one before.
fn capture(number: usize) -> Value {
    let body = json!({"id": format!("evt_{number}"), "type": "order.created", "n": number});
    json!({
        "v": 1, "kind": "delivery", "id": id(number),
        "received_at": Timestamp::from_seconds(1_768_732_200 + i64::try_from(number).unwrap())
            .to_string(),
        "source": "listen",
        "remote": "127.0.0.1:50812", "provider": "olympus", "event": "order.created",
        "event_id": format!("evt_{number}"), "duplicate_of": null,
        "verdict": {"status": "valid", "scheme": "t,v1", "secret": "olympus#1", "age_seconds": 1,
            "cause": null, "reason": null, "hint": null, "notes": []},
        "request": {
            "method": "POST", "target": "/hook?shop=1", "version": "HTTP/1.1",
            "headers": [["Host", "shop.example"], ["Content-Type", "application/json"]],
            "body": body.to_string(), "body_encoding": "utf8",
            "body_bytes": body.to_string().len(), "body_complete": true
        },
        "response": {"status": 200}
    })
}

/// The capture with some members replaced.
fn with(mut capture: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        *capture.pointer_mut(pointer).expect("the member is there") = value.clone();
    }
    capture
}

fn ndjson(captures: &[Value]) -> String {
    let lines: Vec<_> = captures.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// A sandbox whose log holds these captures.
fn filled(captures: &[Value]) -> Sandbox {
    let sandbox = Sandbox::new();
    keep(&sandbox, captures);
    sandbox
}

fn keep(sandbox: &Sandbox, captures: &[Value]) {
    let log = Log::open(sandbox.log_file()).unwrap();
    log.import(captures.iter().map(delivery)).unwrap();
}

/// The delivery of a capture that lacks nothing.
fn delivery(capture: &Value) -> Delivery {
    let capture = capture::read(&capture.to_string()).unwrap();
    let received_at = capture.received_at().unwrap();
    Delivery {
        id: capture.facts.id.unwrap(),
        received_at,
        source: capture.facts.source.unwrap(),
        remote: capture.facts.remote,
        provider: capture.facts.provider,
        event: capture.facts.event,
        event_id: capture.facts.event_id,
        duplicate_of: capture.facts.duplicate_of,
        verdict: capture.facts.verdict.unwrap(),
        request: capture.request,
        response_status: capture.response_status,
    }
}

fn numbered(count: usize) -> Vec<Value> {
    (0..count).map(capture).collect()
}

/// Appends an attempt, as `listen` and `replay` do.
fn add_attempt(sandbox: &Sandbox, attempt: Attempt) {
    let log = Log::open(sandbox.log_file()).unwrap();
    let writer = log.writer().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime
        .block_on(async { writer.submit_attempt(attempt, None).await.await })
        .unwrap();
}

fn attempt(number: u32, delivery_id: String, outcome: Result<Answer, Failure>) -> Attempt {
    Attempt {
        id: format!("att_01JD{number:022}"),
        delivery_id,
        trigger: Trigger::Forward,
        url: "http://localhost:3000/app?shop=1".into(),
        started_at: Timestamp::from_seconds(1_768_732_300),
        duration_ms: 12.5,
        signing: Some(Signing::Kept),
        outcome,
    }
}

fn answer(status: u16, body: &'static str) -> Answer {
    let headers = [("X-App", "shop\u{1b}[2J")].into_iter().collect();
    Answer {
        status,
        headers,
        body: Bytes::from_static(body.as_bytes()),
    }
}

fn refused() -> Failure {
    Failure {
        kind: FailureKind::Refused,
        message: "connection refused".into(),
    }
}

fn ids(run: &Run) -> Vec<String> {
    run.json_lines()
        .iter()
        .map(|line| line["id"].as_str().unwrap().into())
        .collect()
}

/// Whether a terminal would obey nothing in the text.
fn is_harmless(text: &str) -> bool {
    text.chars()
        .all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}'))
}

mod following;
mod listing;
mod moving;
mod showing;
mod tested;
mod trouble;
