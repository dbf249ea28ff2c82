//! Headers that nobody should send, and what is said of each.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{BODY, SIGNED_AT, cimplify, line, olympus, verify};
use crate::harness::Sandbox;

/// The verdict on a capture with these headers.
fn verdict(provider: &str, headers: &Value, received_at: &str) -> Value {
    let sandbox = Sandbox::new();
    let capture =
        json!({"received_at": received_at, "request": {"headers": headers, "body": BODY}});
    sandbox.file("a.json", capture.to_string());
    let run = verify(&sandbox, &["a.json", "--json", "--provider", provider]);
    let verdict = line(&run)["verdict"].clone();
    assert_eq!(
        run.code,
        Some(i32::from(verdict["status"] != "valid")),
        "{verdict}"
    );
    verify(&sandbox, &["a.json", "--provider", provider]).expect(run.code.unwrap());
    verdict
}

fn of_olympus(value: impl Into<Value>) -> Value {
    let headers = json!([["X-Olympus-Signature", value.into()]]);
    verdict("olympus", &headers, "2024-01-18T10:40:00Z")
}

fn of_cimplify(value: impl Into<Value>) -> Value {
    let headers = json!([["X-Cimplify-Signature", value.into()]]);
    verdict("cimplify", &headers, "2024-01-18T10:40:00Z")
}

#[test]
fn what_cannot_be_read_is_malformed() {
    let right = olympus(SIGNED_AT, BODY);
    let mac = right.split_once("v1=").unwrap().1;
    let values = [
        String::new(),
        " ".into(),
        ",".into(),
        "=".into(),
        "t=".into(),
        "t=,v1=".into(),
        format!("t={SIGNED_AT}"),
        format!("v1={mac}"),
        format!("v1={mac},t={SIGNED_AT}"),
        format!("t={SIGNED_AT}, v1={mac}"),
        format!("t={SIGNED_AT},v1="),
        format!("t={SIGNED_AT},v1={}", &mac[..63]),
        format!("t={SIGNED_AT},v1={mac}0"),
        format!("t={SIGNED_AT},v1={}g", &mac[..63]),
        format!("t={SIGNED_AT},v1={}", "0".repeat(1_000_000)),
        format!("t={},v1={mac}", "1".repeat(1_000_000)),
        format!("T={SIGNED_AT},V1={mac}"),
        format!("t=é,v1={mac}"),
        format!("t={SIGNED_AT},v1=\u{202e}{mac}"),
        ",".repeat(100_000),
    ];
    for value in values {
        let verdict = of_olympus(value.clone());
        let shown: String = value.chars().take(100).collect();
        assert_eq!(verdict["status"], "malformed", "{shown}: {verdict}");
        assert!(verdict["reason"].is_string(), "{shown}: {verdict}");
    }
}

#[test]
fn timestamps_are_one_to_nineteen_digits_and_nothing_else() {
    let malformed = [
        "",
        "+1705574400",
        "-1705574400",
        "-1",
        " 1705574400",
        "1705574400 ",
        "1705574400.0",
        "1.7e9",
        "0x65a8",
        "17055744OO",
        "１７０５５７４４００",
        "1_705_574_400",
        "00000000001705574400",
        "18446744073709551615",
        "9223372036854775808000",
        "-9223372036854775808",
        "NaN",
        "now",
        "null",
    ];
    for timestamp in malformed {
        let verdict = of_olympus(olympus(timestamp, BODY));
        assert_eq!(verdict["status"], "malformed", "{timestamp:?}: {verdict}");
    }
    let read = [
        ("1705574400", "valid", 0),
        ("0000000001705574400", "valid", 0),
        ("1705574099", "stale", 301),
        ("0", "stale", 1_705_574_400),
        ("1705574700", "valid", -300),
        ("9223372036854775807", "stale", 1_705_574_400 - i64::MAX),
        ("1705574400000", "stale", 1_705_574_400 - 1_705_574_400_000),
        ("9999999999999999999", "stale", i64::MIN),
    ];
    for (timestamp, status, age) in read {
        let verdict = of_olympus(olympus(timestamp, BODY));
        assert_eq!(verdict["status"], status, "{timestamp}: {verdict}");
        assert_eq!(verdict["age_seconds"], age, "{timestamp}: {verdict}");
    }
}

#[test]
fn the_mac_is_over_the_text_of_the_timestamp() {
    let mac = olympus(SIGNED_AT, BODY).replace(SIGNED_AT, "0000000001705574400");
    assert_eq!(of_olympus(mac)["status"], "mismatch");
}

#[test]
fn bare_hex_is_read_strictly() {
    let right = cimplify(BODY);
    assert_eq!(of_cimplify(right.clone())["status"], "valid");
    assert_eq!(of_cimplify(format!(" {right}\t"))["status"], "valid");
    let upper = of_cimplify(right.to_uppercase());
    assert_eq!(upper["status"], "mismatch");
    assert_eq!(upper["cause"], "upper-case-hex");
    assert_eq!(of_cimplify("0".repeat(64))["status"], "mismatch");
    for value in [
        &right[1..],
        &format!("{right}00"),
        &format!("0x{right}"),
        "😀",
        "\0",
    ] {
        assert_eq!(of_cimplify(value)["status"], "malformed", "{value:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_malformed() {
    let bytes = [b"\xff\xfe".as_slice(), cimplify(BODY).as_bytes()].concat();
    let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
    let verdict = of_cimplify(json!({ "base64": base64 }));
    assert_eq!(verdict["status"], "malformed", "{verdict}");
}

#[test]
fn a_header_that_stands_twice_proves_nothing() {
    let right = cimplify(BODY);
    let headers = json!([
        ["X-Cimplify-Signature", right],
        ["x-cimplify-SIGNATURE", right]
    ]);
    let verdict = verdict("cimplify", &headers, "2024-01-18T10:40:00Z");
    assert_eq!(verdict["status"], "malformed");
    assert!(verdict["reason"].is_string(), "{verdict}");
}

#[test]
fn no_header_is_missing_and_names_do_not_heed_case() {
    let missing = verdict("cimplify", &json!([]), "2024-01-18T10:40:00Z");
    assert_eq!(missing["status"], "missing");
    let headers = json!([["x-CIMPLIFY-signature", cimplify(BODY)]]);
    assert_eq!(
        verdict("cimplify", &headers, "2024-01-18T10:40:00Z")["status"],
        "valid"
    );
}

#[test]
fn the_accepted_prefix_of_barecommerce_earns_a_note() {
    let headers = json!([["X-Webhook-Signature", format!("sha256={}", cimplify(BODY))]]);
    let verdict = verdict("barecommerce", &headers, "2024-01-18T10:40:00Z");
    assert_eq!(verdict["status"], "valid", "{verdict}");
    assert_eq!(verdict["notes"].as_array().unwrap().len(), 1, "{verdict}");
}

#[test]
fn ten_thousand_headers_are_read() {
    let mut headers: Vec<_> = (0..10_000)
        .map(|n| json!([format!("X-{n}"), "v"]))
        .collect();
    headers.push(json!(["X-Cimplify-Signature", cimplify(BODY)]));
    assert_eq!(
        verdict("cimplify", &headers.into(), "2024-01-18T10:40:00Z")["status"],
        "valid"
    );
}
