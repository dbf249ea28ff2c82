//! The lines that scripts read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::endpoint::Endpoint;
use crate::harness::sender::{SECRET, deliver, order, signature};
use crate::harness::{Sandbox, post, raw_exchange};

/// The names of an object's members, in order.
fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

#[test]
fn every_line_is_of_the_documented_form() {
    let sandbox = Sandbox::new();
    let app = Endpoint::ok();
    let mut listener = sandbox.listen(&["--secret", SECRET, "--forward-to", &app.authority()]);
    let ready = &listener.ready;
    assert_eq!((&ready["v"], &ready["tls"]), (&json!(1), &json!(false)));
    assert_eq!(ready["log"], sandbox.log_file().to_str().unwrap());
    assert_eq!(ready["forward_to"], json!([app.url("/")]));
    deliver(listener.address(), order("evt_1"));

    let delivery = listener.next_line();
    assert_eq!(
        keys(&delivery),
        [
            "v",
            "kind",
            "id",
            "received_at",
            "source",
            "remote",
            "provider",
            "event",
            "event_id",
            "duplicate_of",
            "verdict",
            "request",
            "response"
        ]
    );
    let verdict = [
        "status",
        "scheme",
        "secret",
        "age_seconds",
        "reason",
        "hint",
        "notes",
    ];
    assert!(
        verdict
            .iter()
            .all(|key| delivery["verdict"].get(key).is_some())
    );
    assert_eq!(
        keys(&delivery["request"]),
        [
            "method",
            "target",
            "version",
            "headers",
            "body",
            "body_encoding",
            "body_bytes",
            "body_complete"
        ]
    );
    assert!(
        delivery["id"]
            .as_str()
            .is_some_and(|id| id.starts_with("dlv_"))
    );
    assert!(
        delivery["remote"]
            .as_str()
            .is_some_and(|r| r.starts_with("127.0.0.1:"))
    );

    let attempt = listener.next_line();
    assert_eq!(
        (&attempt["kind"], &attempt["cause"]),
        (&json!("attempt"), &json!("forward"))
    );
    assert_eq!(attempt["delivery_id"], delivery["id"]);
    assert_eq!(attempt["response"]["status"], 200);
    assert!(attempt["error"].is_null() && attempt["duration_ms"].is_number());

    let (rest, _, status) = listener.stop();
    let summary: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(summary["kind"], "summary");
    assert_eq!(
        (&summary["deliveries"], &summary["valid"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(status.code(), Some(0));
}

#[test]
fn headers_keep_order_repeats_and_spelling() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let message = b"POST / HTTP/1.1\r\nhOsT: h\r\nX-B: 1\r\nx-a:  two  words \r\nX-b: \
        3\r\nX-Latin: caf\xe9\r\nX-Empty:\r\ncontent-LENGTH: 0\r\nConnection: close\r\n\r\n";
    raw_exchange(listener.address(), message);
    assert_eq!(
        listener.next_line()["request"]["headers"],
        json!([
            ["hOsT", "h"], ["X-B", "1"], ["x-a", "two  words"], ["X-b", "3"],
            ["X-Latin", {"base64": BASE64.encode(b"caf\xe9")}], ["X-Empty", ""],
            ["content-LENGTH", "0"], ["Connection", "close"]
        ])
    );
}

#[test]
fn bodies_are_exact_whatever_their_bytes() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let every_byte: Vec<u8> = (0..=255).collect();
    for body in [
        b"{\"a\" : 1.50,\r\n\t\"a\":\"\\u00e9\xc3\xa9\\/\"}\n".to_vec(),
        b"\"\x7f\x00\x1b[2J\xe2\x80\xae\xe2\x80\xa8\"".to_vec(),
        b"\xff\xfe{\"no\":\"utf8\"}".to_vec(),
        every_byte,
        Vec::new(),
    ] {
        post(listener.address(), "/", &[], &body);
        let request = listener.next_line()["request"].clone();
        let text = request["body"].as_str().unwrap();
        let encoding = if std::str::from_utf8(&body).is_ok() {
            "utf8"
        } else {
            "base64"
        };
        let read = match encoding {
            "utf8" => text.as_bytes().to_vec(),
            _ => BASE64.decode(text).unwrap(),
        };
        assert_eq!(request["body_encoding"], encoding);
        assert_eq!(request["body_bytes"], body.len());
        assert_eq!(read, body);
    }
}

#[test]
fn a_chunked_body_is_the_joined_one() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let body = order("evt_1");
    let (name, value) = signature("olympus", SECRET, body.as_bytes());
    let (first, second) = body.split_at(7);
    let message = format!(
        "POST / HTTP/1.1\r\nHost: h\r\n{name}: {value}\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n{:x};e=1\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\nX-Trailer: t\r\n\r\n",
        first.len(),
        second.len()
    );
    let answer = raw_exchange(listener.address(), message.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(listener.next_line()["request"]["body"], body);
}

#[test]
fn events_that_are_filtered_are_not_printed_but_kept() {
    let sandbox = Sandbox::new();
    let flags = ["--secret", SECRET, "--events", "order.*,!order.updated"];
    let mut listener = sandbox.listen(&flags);
    for (event, id) in [
        ("order.updated", "a"),
        ("menu.item_updated", "b"),
        ("order.ready", "c"),
    ] {
        let body = order(id).replace("order.created", event);
        assert_eq!(deliver(listener.address(), body).0, 200);
    }
    assert_eq!(listener.next_line()["event_id"], "c");
    let (rest, ..) = listener.stop();
    assert!(rest.contains(r#""deliveries":3"#), "{rest}");
    assert_eq!(super::durable::kept(&sandbox.log_file()).len(), 3);
}

#[test]
fn a_filter_of_an_unknown_event_is_an_error() {
    let run = Sandbox::new().run(&["listen", "--port", "0", "--events", "order.creatd"]);
    let run = run.expect(2);
    assert!(
        run.stderr.contains("did you mean `order.created`?"),
        "{}",
        run.stderr
    );
}
