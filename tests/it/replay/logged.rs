//! Deliveries as `listen` would have logged them, and the log that holds them.

use webhook_cli::delivery::{
    Answer, Attempt, Delivery, DeliverySource, Headers, Request, Signing, Status, Timestamp,
    Trigger, Verdict, id,
};
use webhook_cli::store::Log;

use crate::harness::Sandbox;
use crate::peers::hmac_hex;

/// The secret of all deliveries here.
pub const SECRET: &str = "whsec_replayed";
/// A year in seconds.
pub const YEAR: i64 = 365 * 86_400;

/// A delivery with a body and headers, received at a moment (unix seconds).
pub fn delivery(
    provider: &str,
    received_at: i64,
    headers: &[(&str, &str)],
    body: &str,
) -> Delivery {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let mut all: Headers = [("Content-Type", "application/json")].into_iter().collect();
    for (name, value) in headers {
        all.push(*name, value.to_string());
    }
    Delivery {
        id: id::delivery(),
        received_at: Timestamp::from_seconds(received_at),
        source: DeliverySource::Listen,
        remote: Some("127.0.0.1:50812".into()),
        provider: Some(provider.into()),
        event: text("type").or(text("event")),
        event_id: text("id"),
        duplicate_of: None,
        verdict: Verdict::new(Status::Valid),
        request: Request::post("/hooks?shop=1", all, body.to_owned()),
        response_status: Some(200),
    }
}

/// An Olympus order, signed and received at a moment, with a number text that no parser keeps.
pub fn olympus(number: usize, at: i64) -> Delivery {
    olympus_event("order.created", number, at)
}

/// The same of another event.
pub fn olympus_event(event: &str, number: usize, at: i64) -> Delivery {
    let body = format!(
        "{{\"id\":\"evt_{number:04}\",\"type\":\"{event}\",\"api_version\":\"2026-01-01\",\
         \"created_at\":\"2025-01-18T10:30:00Z\",\"tenant_id\":\"t\",\"location_id\":\"l\",\
         \"data\":{{ \"total\" : 12.50, \"items\":[{{\"quantity\":1}}] }}}}"
    );
    let mac = hmac_hex(SECRET, &[format!("{at}.{body}").as_bytes()]);
    let value = format!("t={at},v1={mac}");
    delivery("olympus", at, &[("X-Olympus-Signature", &value)], &body)
}

/// An ibakepro order, signed, received at a moment.
pub fn ibakepro(number: usize, at: i64) -> Delivery {
    let body = format!(
        "{{\"id\":\"whk_{number:04}\",\"event\":\"order.created\",\
         \"created_at\":\"2025-01-18T10:30:00Z\",\"data\":{{\"total\":12.5}}}}"
    );
    let value = format!("sha256={}", hmac_hex(SECRET, &[body.as_bytes()]));
    delivery("ibakepro", at, &[("X-Webhook-Signature", &value)], &body)
}

/// The user's log.
pub fn log(sandbox: &Sandbox) -> Log {
    Log::open(sandbox.log_file()).expect("a log")
}

/// Puts deliveries into the user's log; returns their ids.
pub fn fill(sandbox: &Sandbox, deliveries: impl IntoIterator<Item = Delivery>) -> Vec<String> {
    let mut ids = Vec::new();
    let deliveries = deliveries
        .into_iter()
        .inspect(|one| ids.push(one.id.clone()));
    let deliveries: Vec<_> = deliveries.collect();
    log(sandbox).import(deliveries).expect("the log takes them");
    ids
}

/// All attempts at a delivery.
pub fn attempts(sandbox: &Sandbox, id: &str) -> Vec<Attempt> {
    let reader = log(sandbox).reader().expect("a reader");
    reader.attempts_of(id).expect("attempts")
}

/// Logs that a delivery was sent to a URL and answered so.
pub fn log_attempt(sandbox: &Sandbox, delivery_id: &str, trigger: Trigger, url: &str, status: u16) {
    let attempt = Attempt {
        id: id::attempt(),
        delivery_id: delivery_id.into(),
        trigger,
        url: url.into(),
        started_at: Timestamp::now(),
        duration_ms: 1.0,
        signing: Some(Signing::Kept),
        outcome: Ok(Answer {
            status,
            headers: Headers::new(),
            body: "".into(),
        }),
    };
    let writer = log(sandbox).writer().expect("a writer");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let queued = async { writer.submit_attempt(attempt, None).await.await };
    runtime.expect("a runtime").block_on(queued).expect("kept");
}
