//! Bodies of every kind: each is hashed byte for byte, whatever can be made of its text.

use serde_json::Value;

use super::{line, verify_body};

/// The observations on a genuine body.
fn observed(body: impl AsRef<[u8]>) -> Vec<String> {
    let run = verify_body(body).expect(0);
    let line = line(&run);
    let seen = line["observations"].as_array().unwrap().iter();
    seen.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The event that was read out of a genuine body.
fn event(body: impl AsRef<[u8]>) -> Value {
    let run = verify_body(body).expect(0);
    line(&run)["event"].clone()
}

#[test]
fn any_bytes_can_be_genuine() {
    for body in [
        &b""[..],
        b"\n",
        b"\0",
        b"\xff\xfe\x00\x80",
        b"not json",
        b"{\"id\":",
        b"\"text\"",
        b"\xef\xbb\xbf{\"type\":\"order.created\"}",
        b"{\"type\":\"\xff\"}",
    ] {
        let seen = observed(body);
        assert!(!seen.is_empty(), "{body:?}");
    }
}

#[test]
fn what_is_documented_earns_no_word() {
    assert_eq!(observed(super::BODY), [""; 0]);
}

#[test]
fn what_differs_from_the_documentation_is_told() {
    let seen = observed(r#"{"id":7,"type":"order.creatd","data":{}}"#).join("\n");
    assert!(
        seen.contains("`order.creatd`") && seen.contains("`order.created`"),
        "{seen}"
    );
    assert!(seen.contains("`created_at`"), "{seen}");
    assert!(seen.contains("`id` is a number"), "{seen}");
}

#[test]
fn of_keys_that_repeat_the_last_counts_as_in_javascript() {
    let body =
        r#"{"type":"order.updated","id":"a","created_at":"","data":{},"type":"order.created"}"#;
    assert_eq!(event(body), "order.created");
}

#[test]
fn a_lone_surrogate_is_no_name() {
    assert_eq!(event(r#"{"type":"\ud800","id":"a"}"#), Value::Null);
    assert_eq!(event(r#"{"type":"order\u002ecreated"}"#), "order.created");
}

#[test]
fn nesting_does_not_overflow() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 100_000;
        let inner = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        observed(&inner);
        let body = format!(r#"{{"id":"a","type":"order.created","created_at":"","data":{inner}}}"#);
        verify_body(body).expect(0);
    }
}

#[test]
fn twenty_five_mebibytes_are_looked_into() {
    let start = r#"{"id":"evt_1","type":"order.created","created_at":"","data":{"pad":""#;
    let body = format!("{start}{}\"}}}}", "x".repeat(25 * 1024 * 1024));
    assert_eq!(event(&body), "order.created");
    assert_eq!(observed(&body), [""; 0]);
}

#[test]
fn a_changed_byte_is_never_valid() {
    let sandbox = crate::harness::Sandbox::new();
    let header = format!("X-Cimplify-Signature: {}", super::cimplify(super::BODY));
    for changed in [
        format!("{}\n", super::BODY),
        format!("\u{feff}{}", super::BODY),
        super::BODY.replace(":{}", ": {}"),
        String::new(),
    ] {
        sandbox.file("body", changed);
        let run = super::verify(&sandbox, &["body", "--json", "-H", &header]).expect(1);
        assert_eq!(super::status(&run), "mismatch");
    }
}
