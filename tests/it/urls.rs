//! Providers that sign the URL, by Square's example, and one that sends its secret and signs nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::endpoint::Endpoint;
use crate::harness::{Sandbox, openssl_hmac, post};

const SECRET: &str = "square-key";
const HEADER: &str = "x-square-hmacsha256-signature";
const BODY: &str = r#"{"type":"payment.updated","event_id":"evt_1","data":{}}"#;
const PUBLIC: &str = "https://hooks.example";

fn sandbox() -> Sandbox {
    Sandbox::new().with("WEBHOOK_SECRET_SQUARE", SECRET)
}

/// The signature for a URL and a body, as OpenSSL makes it.
fn signature(url: &str, body: &str) -> String {
    let digits = openssl_hmac(SECRET, format!("{url}{body}").as_bytes());
    BASE64.encode(hex::decode(digits).expect("hex"))
}

/// A capture of [`BODY`] at `shop.example`, signed for a URL.
fn capture(url: &str) -> String {
    let headers = json!([["Host", "shop.example"], [HEADER, signature(url, BODY)]]);
    json!({"request": {"target": "/square?x=1", "headers": headers, "body": BODY}}).to_string()
}

fn verdict(sandbox: &Sandbox, args: &[&str], code: i32) -> Value {
    let all = [&["verify", "--json"][..], args].concat();
    let run = sandbox.run(&all).expect(code);
    run.json_lines()[0]["verdict"].clone()
}

#[test]
fn what_is_signed_is_the_url_that_is_sent_to_or_the_one_that_is_given() {
    let sandbox = sandbox();
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/square?x=1");
    for (given, origin) in [
        (&[][..], endpoint.url("")),
        (&["--public-url", PUBLIC], PUBLIC.to_owned()),
        (
            &["--public-url", "https://hooks.example:443/else"],
            PUBLIC.to_owned(),
        ),
        (
            &["--public-url", "https://hooks.example:8443"],
            format!("{PUBLIC}:8443"),
        ),
    ] {
        let send = [
            "send",
            "payment.updated",
            "--provider",
            "square",
            "--url",
            &url,
        ];
        sandbox.run(&[&send[..], given].concat()).expect(0);
        let message = endpoint.next();
        let signed = format!("{}/square?x=1", origin.trim_end_matches('/'));
        assert_eq!(
            message.header(HEADER),
            signature(&signed, message.text()),
            "{given:?}"
        );
    }
    let sign = ["sign", "--provider", "square", "--data", BODY, "--url"];
    let run = sandbox.run(&[&sign[..], &["https://hooks.example/square"]].concat());
    let signed = signature("https://hooks.example/square", BODY);
    let shown = run.expect(0).stdout;
    assert!(shown.contains(&signed), "{shown}");
}

#[test]
fn a_capture_is_held_to_the_url_that_is_given_else_to_that_of_its_own_headers() {
    let sandbox = sandbox();
    sandbox.file("own.json", capture("http://shop.example/square?x=1"));
    sandbox.file("public.json", capture("https://hooks.example/square?x=1"));
    assert_eq!(verdict(&sandbox, &["own.json"], 0)["status"], "valid");
    let public = ["public.json", "--public-url", PUBLIC];
    assert_eq!(verdict(&sandbox, &public, 0)["status"], "valid");
    assert_eq!(verdict(&sandbox, &["public.json"], 1)["cause"], Value::Null);
    // The one that is given counts alone, and the doctor knows the others.
    let own = verdict(&sandbox, &["own.json", "--public-url", PUBLIC], 1);
    assert_eq!(own["cause"], "another-url", "{own}");
    let reason = own["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("`http://shop.example/square?x=1`"),
        "{reason}"
    );
    // Of a bare body, all of the URL is told.
    sandbox.file("body", BODY);
    let header = format!(
        "-H{HEADER}: {}",
        signature("https://hooks.example/a?b", BODY)
    );
    let bare = ["body", &header, "--provider", "square"];
    let given = [&bare[..], &["--public-url", "https://hooks.example/a?b"]].concat();
    assert_eq!(verdict(&sandbox, &given, 0)["status"], "valid");
}

#[test]
fn a_listener_with_a_public_url_believes_no_header_about_it() {
    let sandbox = sandbox();
    let mut listener = sandbox.listen(&["--public-url", PUBLIC]);
    let of = |url: &str| signature(url, BODY);
    let forwarded = ("X-Forwarded-Host", "else.example");
    for (signed, status, cause) in [
        ("https://hooks.example/square", 200, Value::Null),
        ("http://else.example/square", 401, "another-url".into()),
        ("https://hooks.example/other", 401, Value::Null),
    ] {
        let value = of(signed);
        let headers = [(HEADER, value.as_str()), forwarded];
        let (answered, _) = post(listener.address(), "/square", &headers, BODY.as_bytes());
        let delivery = listener.next_of("delivery");
        assert_eq!(answered, status, "{signed}: {delivery}");
        assert_eq!(delivery["verdict"]["cause"], cause, "{signed}: {delivery}");
    }
}

#[test]
fn a_token_proves_the_sender_and_not_the_body() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET_GITLAB", "t0ken");
    sandbox.file("body", "{}");
    let of = |token: &str| format!("-HX-Gitlab-Token: {token}");
    let verify = |token: &str, code| {
        let args = ["body", &of(token), "--provider", "gitlab"];
        verdict(&sandbox, &args, code)
    };
    let right = verify("t0ken", 0);
    assert_eq!(right["status"], "valid");
    let notes = right["notes"].to_string();
    assert!(notes.contains("the body is not covered"), "{notes}");
    for wrong in ["t0ke", "t0kenn", "T0KEN", "x"] {
        let verdict = verify(wrong, 1);
        assert_eq!(verdict["status"], "mismatch", "{wrong}");
        assert!(!verdict.to_string().contains("t0ken"), "{verdict}");
    }
    // Nobody can tell that a body was changed which nothing covers.
    let endpoint = Endpoint::ok();
    let send = [
        "send",
        "Push Hook",
        "--provider",
        "gitlab",
        "--url",
        &endpoint.url(""),
    ];
    for fault in ["tampered-body", "reserialized"] {
        let run = sandbox
            .run(&[&send[..], &["--fault", fault]].concat())
            .expect(2);
        assert!(
            run.stderr.contains("does not sign the body"),
            "{}",
            run.stderr
        );
    }
    assert_eq!(endpoint.count(), 0);
}
