//! The checks of handshakes, against handlers that are right, wrong, and too trusting.

use serde_json::{Value, json};

use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;
use crate::harness::{Sandbox, openssl_hmac};

const SECRET: &str = "zoom-secret";

fn is_genuine(message: &Message) -> bool {
    let time = message.header("x-zm-request-timestamp");
    let signed = format!("v0:{time}:{}", message.text());
    let mac = openssl_hmac(SECRET, signed.as_bytes());
    message.header("x-zm-signature") == format!("v0={mac}")
}

/// A handler of Zoom's deliveries, which verifies handshakes where `verifies` says so.
fn zoom(verifies: bool, answer: fn(&str) -> Value) -> Endpoint {
    Endpoint::start(move |_, message: &Message| {
        let body = message.json();
        let is_handshake = body["event"] == "endpoint.url_validation";
        if !is_genuine(message) && (verifies || !is_handshake) {
            return Reply::Page(401, b"no".to_vec());
        }
        let token = body["payload"]["plainToken"].as_str();
        let answer = token.filter(|_| is_handshake).map(answer);
        Reply::Page(
            200,
            answer.map_or(Vec::new(), |it| it.to_string().into_bytes()),
        )
    })
}

fn right(token: &str) -> Value {
    json!({"plainToken": token, "encryptedToken": openssl_hmac(SECRET, token.as_bytes())})
}

#[test]
fn a_handshake_has_to_be_answered_rightly_and_to_its_provider_alone() {
    let sandbox = Sandbox::new();
    for (handler, code, answered, forged, severity) in [
        (zoom(true, right), 0, "pass", "pass", "loss"),
        (
            zoom(true, |token| json!({"plainToken": token})),
            1,
            "fail",
            "pass",
            "loss",
        ),
        (zoom(false, right), 1, "pass", "fail", "forgery"),
    ] {
        let url = handler.url("/hook");
        let args = [
            "test",
            "-p",
            "zoom",
            "--secret",
            SECRET,
            "--url",
            &url,
            "--only",
            "handshake",
            "--json",
        ];
        let lines = sandbox.run(&args).expect(code).json_lines();
        let of = |id: &str| {
            let found = lines.iter().find(|line| line["id"] == id);
            found
                .unwrap_or_else(|| panic!("no {id}: {lines:?}"))
                .clone()
        };
        let right = of("handshake/endpoint.url_validation");
        let false_one = of("handshake/endpoint.url_validation:forged");
        assert_eq!(
            (&right["outcome"], &false_one["outcome"]),
            (&json!(answered), &json!(forged)),
            "{right} {false_one}"
        );
        let flawed = if code == 0 || answered == "fail" {
            &right
        } else {
            &false_one
        };
        assert_eq!(flawed["severity"], severity, "{flawed}");
    }
}

#[test]
fn the_checks_are_those_of_the_providers_handshakes() {
    let sandbox = Sandbox::new();
    for (provider, checks) in [
        (
            "slack",
            &[
                "handshake/url_verification",
                "handshake/url_verification:forged",
            ][..],
        ),
        ("meta", &["handshake/subscribe"]),
        ("olympus", &[]),
    ] {
        let run = sandbox
            .run(&["test", "-p", provider, "--list", "--json"])
            .expect(0);
        let lines = run.json_lines();
        let ids = lines.iter().filter_map(|line| line["id"].as_str());
        let listed: Vec<_> = ids.filter(|id| id.starts_with("handshake")).collect();
        assert_eq!(listed, checks, "{provider}");
    }
}
