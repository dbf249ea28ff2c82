//! What this program writes of a delivery, it reads again byte for byte: its own lines, HAR files, HTTP
//! messages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use webhook_cli::delivery::{
    Delivery, DeliverySource, Headers, Request, Status, Timestamp, Verdict, capture,
};
use webhook_cli::formats::{captures, har, message};

/// A delivery whose target, header and body are made of the input, as far as HTTP can carry them.
fn delivery(data: &[u8]) -> Delivery {
    let mut parts = data.splitn(4, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let is_graphic = |byte: &&u8| byte.is_ascii_graphic() && **byte != b'#';
    let target: Vec<u8> = part().iter().filter(is_graphic).copied().collect();
    let name: String = part()
        .iter()
        .filter(|b| b.is_ascii_alphanumeric())
        .map(|b| char::from(*b))
        .collect();
    let value: Vec<u8> = part()
        .iter()
        .filter(|b| **b >= b' ' && **b != 0x7f)
        .copied()
        .collect();
    let body = part().to_vec();
    let mut headers = Headers::new();
    headers.push("Host", "localhost:4400");
    headers.push(format!("X-{name}"), value.trim_ascii().to_vec());
    headers.push("Content-Length", body.len().to_string());
    let target = format!("/{}", String::from_utf8_lossy(&target));
    Delivery {
        id: "dlv_1".into(),
        received_at: Timestamp::from_micros(1_700_000_000_123_456),
        source: DeliverySource::Listen,
        remote: None,
        provider: Some(name.clone()),
        event: Some(target.clone()),
        event_id: Some(name),
        duplicate_of: None,
        verdict: Verdict::new(Status::Valid),
        request: Request::post(target, headers, body),
        response_status: Some(200),
    }
}

/// The one request that a file holds.
fn only(file: &[u8], name: &str) -> Request {
    let mut found = captures(file, Some(name)).expect("a file of this program's own");
    let first = found.next().expect("an entry").expect("a readable entry");
    assert!(found.next().is_none(), "more than one entry");
    first.capture.request
}

fuzz_target!(|data: &[u8]| {
    let delivery = delivery(data);
    let request = &delivery.request;
    let line = delivery.to_json();
    assert!(!line.contains('\n'));
    let read = capture::read(&line).expect("a line of this program's own");
    let facts = (&read.request, &read.facts.event);
    assert_eq!(facts, (request, &delivery.event));
    assert_eq!(only(line.as_bytes(), "a.ndjson"), *request);
    let mut writer = har::HarWriter::new(Vec::new(), "0").expect("memory takes it");
    writer.entry(&delivery).expect("memory takes it");
    let file = writer.finish().expect("memory takes it");
    assert_eq!(only(&file, "a.har"), *request);
    if let Ok(message) = message::write(request, None) {
        let read = only(&message, "a.txt");
        assert_eq!(
            (&read.target, &read.headers, &read.body),
            (&request.target, &request.headers, &request.body)
        );
    }
});
