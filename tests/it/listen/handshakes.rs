//! Handshakes: what providers ask before they deliver anything, answered byte for byte as they want it,
//! and never to whoever could misuse it.

use serde_json::{Value, json};

use super::gate::ask;
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;
use crate::harness::sender::{SECRET, deliver, now, order};
use crate::harness::{Listener, Sandbox, openssl_hmac, post_message, raw_exchange};

/// Posts a body; the whole of the answer.
fn post(listener: &Listener, path: &str, headers: &[(&str, &str)], body: &str) -> Message {
    let message = post_message(path, headers, body.as_bytes());
    answer(listener, &message)
}

fn answer(listener: &Listener, message: &[u8]) -> Message {
    let answer = raw_exchange(listener.address(), message);
    Message::all(&answer).into_iter().next().expect("an answer")
}

/// The same of a request without a body.
fn get(listener: &Listener, request: &str) -> Message {
    let head = request.replace('\n', "\r\n");
    let message = format!("{head}\r\nConnection: close\r\n\r\n");
    answer(listener, message.as_bytes())
}

fn status(answer: &Message) -> &str {
    answer.line.split(' ').nth(1).expect("a status")
}

/// Slack's headers over a body.
fn slack(secret: &str, body: &str) -> [(&'static str, String); 2] {
    let time = now().to_string();
    let mac = openssl_hmac(secret, format!("v0:{time}:{body}").as_bytes());
    [
        ("X-Slack-Request-Timestamp", time),
        ("X-Slack-Signature", format!("v0={mac}")),
    ]
}

fn zoom(secret: &str, body: &str) -> [(&'static str, String); 2] {
    let [(_, time), (_, mac)] = slack(secret, body);
    [("x-zm-request-timestamp", time), ("x-zm-signature", mac)]
}

fn borrowed<'h>(headers: &'h [(&'static str, String)]) -> Vec<(&'static str, &'h str)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

const URL_VERIFICATION: &str =
    r#"{"token":"Jhj5dZrVaK7","challenge":"3eZ\u0062rw1<b>","type":"url_verification"}"#;

#[test]
fn slacks_challenge_is_answered_to_slack_alone() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let headers = slack(SECRET, URL_VERIFICATION);
    let answer = post(&listener, "/", &borrowed(&headers), URL_VERIFICATION);
    assert_eq!(status(&answer), "200");
    assert_eq!(answer.text(), r#"{"challenge":"3eZbrw1<b>"}"#);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let line = listener.next_line();
    assert_eq!(line["source"], "handshake", "{line}");
    assert_eq!(line["event"], "url_verification");
    assert_eq!(line["provider"], "slack");
    assert_eq!(line["verdict"]["status"], "valid");
    for headers in [slack("another", URL_VERIFICATION).to_vec(), Vec::new()] {
        let answer = post(&listener, "/", &borrowed(&headers), URL_VERIFICATION);
        assert_eq!(status(&answer), "401");
        assert!(!answer.text().contains("3eZ"), "{}", answer.text());
        assert_eq!(listener.next_line()["source"], "listen");
    }
}

/// Of a provider of the user's own, whose definition has no handshakes.
#[test]
fn a_genuine_challenge_comes_back_where_a_definition_says_nothing_of_it() {
    let sandbox = Sandbox::new();
    let own = include_str!("../../definitions/slack/provider.json");
    assert!(!own.contains("handshakes"));
    sandbox.file("webhook.toml", "");
    let own = own.replace(r#""name": "slack""#, r#""name": "own""#);
    sandbox.file("providers/own/provider.json", own);
    let listener = sandbox.listen(&["--provider", "own", "--secret", SECRET]);
    let headers = slack(SECRET, URL_VERIFICATION);
    let answer = post(&listener, "/", &borrowed(&headers), URL_VERIFICATION);
    assert_eq!(status(&answer), "200");
    assert_eq!(answer.text(), r#"{"challenge":"3eZbrw1<b>"}"#);
    let forged = slack("another", URL_VERIFICATION);
    let answer = post(&listener, "/", &borrowed(&forged), URL_VERIFICATION);
    assert_eq!(status(&answer), "401");
    assert!(!answer.text().contains("3eZ"), "{}", answer.text());
}

#[test]
fn zooms_token_comes_back_with_its_mac_to_zoom_alone() {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--secret", "zoom=s3"]);
    let body = r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#;
    let answer = post(&listener, "/", &borrowed(&zoom("s3", body)), body);
    let mac = openssl_hmac("s3", b"qgg8vlvZRS6UYooatFL8Aw");
    let expected = format!(r#"{{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"{mac}"}}"#);
    assert_eq!((status(&answer), answer.text()), ("200", expected.as_str()));
    let answer = post(&listener, "/", &borrowed(&zoom("s4", body)), body);
    assert_eq!(status(&answer), "401");
    assert!(!answer.text().contains(&mac));
}

#[test]
fn twitchs_challenge_is_text_and_no_event_of_the_subscription() {
    let sandbox = Sandbox::new();
    let flags = [
        "--secret",
        "twitch=0123456789",
        "--expect",
        "channel.subscribe",
        "--within",
        "60s",
    ];
    let mut listener = sandbox.listen(&flags);
    let body = r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1c2a387","status":"webhook_callback_verification_pending","type":"channel.subscribe","version":"1","cost":1,"condition":{"broadcaster_user_id":"12826"},"transport":{"method":"webhook","callback":"https://example.com/webhooks/callback"},"created_at":"2019-11-16T10:11:12.634234626Z"}}"#;
    let (id, time) = ("f1c2a387-161a-49f9-a165-0f21d7a4e1c4", rfc3339());
    let mac = openssl_hmac("0123456789", format!("{id}{time}{body}").as_bytes());
    let proof = format!("sha256={mac}");
    let headers = [
        ("Twitch-Eventsub-Message-Id", id),
        ("Twitch-Eventsub-Message-Timestamp", &time),
        ("Twitch-Eventsub-Message-Signature", &proof),
        (
            "Twitch-Eventsub-Message-Type",
            "webhook_callback_verification",
        ),
        ("Twitch-Eventsub-Subscription-Type", "channel.subscribe"),
    ];
    let answer = post(&listener, "/", &headers, body);
    assert_eq!(answer.text(), "pogchamp-kappa-360noscope-vohiyo");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let line = listener.next_line();
    assert_eq!(line["event"], "webhook_callback_verification", "{line}");
    listener.signal("INT");
    let (stdout, _, _) = listener.wait();
    let summary: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        summary["missing"],
        json!(["channel.subscribe"]),
        "{summary}"
    );
}

/// The time as Twitch writes it.
fn rfc3339() -> String {
    let time = webhook_cli::delivery::Timestamp::from_seconds(now());
    time.to_seconds_text()
}

const META: &str = "GET /w?hub.mode=subscribe&hub.challenge=%3Cscript%3Ealert(1)%3C/script%3E%0D%0AX-A:%201&hub.verify_token=meatyhamhock HTTP/1.1";

#[test]
fn metas_challenge_is_text_for_no_browser_and_no_delivery() {
    for flags in [
        &["--secret", SECRET][..],
        &["--secret", SECRET, "--provider", "meta"],
        &[],
    ] {
        let sandbox = Sandbox::new();
        let mut listener = sandbox.listen(&[flags, &["--once"]].concat());
        let answer = get(&listener, &format!("{META}\nHost: localhost:4400"));
        assert_eq!(status(&answer), "200");
        assert_eq!(answer.text(), "<script>alert(1)</script>\r\nX-A: 1");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.field("x-a"), None);
        let line = listener.next_line();
        assert_eq!(
            (&line["source"], &line["event"]),
            (&json!("probe"), &json!("subscribe"))
        );
        assert_eq!(line["provider"], "meta");
        drop(listener);
        let logged = sandbox.run(&["log", "--json"]).expect(0).json_lines();
        assert!(
            logged.iter().all(|line| line["kind"] != "delivery"),
            "{logged:?}"
        );
    }
}

/// What each documentation shows, and the whole of the answer that it wants.
#[test]
fn what_nobody_signs_is_answered_byte_for_byte() {
    let sandbox = Sandbox::new();
    let secrets =
        ["dropbox", "microsoft-graph", "asana", "twitter"].map(|it| format!("{it}=s3cret"));
    let flags: Vec<_> = secrets
        .iter()
        .flat_map(|it| ["--secret", it.as_str()])
        .collect();
    let mut listener = sandbox.listen(&flags);
    // `printf 9b4507b3 | openssl dgst -sha256 -hmac s3cret -binary | base64`
    let crc = r#"{"response_token":"sha256=VlY0xBWuqWUnILDXhXfrmMFGbugXvvUti0KVyyMSHQQ="}"#;
    for (request, body, headers) in [
        (
            "GET /hook?challenge=abc123%3Cb%3E HTTP/1.1",
            "abc123<b>",
            ["text/plain; charset=utf-8", "nosniff"],
        ),
        (
            "POST /hook?validationToken=Validation%3a+Testing+client+application+reachability HTTP/1.1\nContent-Length: 0",
            "Validation: Testing client application reachability",
            ["text/plain", "nosniff"],
        ),
        (
            "POST /hook HTTP/1.1\nX-Hook-Secret: b537207f20\nContent-Length: 0",
            "",
            ["text/plain; charset=utf-8", "nosniff"],
        ),
        (
            "GET /hook?crc_token=9b4507b3 HTTP/1.1",
            crc,
            ["application/json", "nosniff"],
        ),
    ] {
        let answer = get(&listener, &format!("{request}\nHost: localhost"));
        assert_eq!((status(&answer), answer.text()), ("200", body), "{request}");
        let came = ["content-type", "x-content-type-options"].map(|name| answer.header(name));
        assert_eq!(came, headers, "{request}");
        let echoed = request.contains("X-Hook-Secret").then_some("b537207f20");
        assert_eq!(answer.field("x-hook-secret"), echoed);
        let line = listener.next_line();
        assert_eq!(
            (&line["source"], &line["verdict"]["status"]),
            (&json!("probe"), &json!("unverified"))
        );
        assert!(
            line["event"].is_string() && line["provider"].is_string(),
            "{line}"
        );
        let told = line["verdict"]["notes"].as_array().unwrap().len();
        assert_eq!(told, usize::from(echoed.is_some()), "{line}");
    }
}

#[test]
fn an_answer_that_needs_a_secret_says_so() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", "slack=s"]);
    let answer = get(
        &listener,
        "GET /?crc_token=9b4507b3 HTTP/1.1\nHost: localhost",
    );
    assert_eq!(answer.text(), r#"{"received":true}"#);
    let hint = &listener.next_line()["verdict"]["hint"];
    assert_eq!(hint, "its answer needs a secret: `--secret twitter=…`");
}

#[test]
fn a_page_of_another_site_is_answered_no_handshake() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    sandbox.file("providers/acme/provider.json", ACME);
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    for foreign in [
        "Host: evil.example",
        "Host: localhost\nOrigin: http://evil.example",
        "Host: 127.0.0.1\nSec-Fetch-Site: cross-site",
    ] {
        let answer = get(&listener, &format!("{META}\n{foreign}"));
        assert!(!answer.text().contains("script"), "{}", answer.text());
        let line = listener.next_line();
        let reason = line["verdict"]["reason"].as_str().unwrap();
        assert!(reason.starts_with("not answered: "), "{line}");
        let request = format!("POST / HTTP/1.1\nX-Hook-Secret: b5\nContent-Length: 0\n{foreign}");
        let answer = get(&listener, &request);
        assert_eq!(
            (status(&answer), answer.field("x-hook-secret")),
            ("401", None)
        );
        assert_eq!(listener.next_line()["response"]["status"], 401);
    }
    let head = META.replace("GET ", "HEAD ");
    let answer = raw_exchange(
        listener.address(),
        format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
    );
    assert!(!String::from_utf8_lossy(&answer).contains("script"));
}

/// A provider with handshakes of each other form.
const ACME: &str = r#"{"name": "acme",
  "signature": {"header": "X-Acme-Signature", "value": {"parts": ["{signature}"]}, "signed": "{body}",
    "digest": "sha256", "encoding": "hex"},
  "envelope": {"template": {"id": "{{id:e}}", "type": "{{event}}", "data": "{{data}}"}, "event": "type",
    "id": "id", "data": "data"},
  "handshakes": [
    {"name": "hook-secret", "signed": false, "request": {"headers": {"X-Hook-Secret": "{{id:secret}}"}},
     "answer": {"headers": {"X-Hook-Secret": "{header:X-Hook-Secret}"}}},
    {"name": "allow", "signed": false,
     "request": {"method": "OPTIONS", "headers": {"WebHook-Request-Origin": "{{id:a}}"}},
     "answer": {"headers": {"WebHook-Allowed-Origin": "{header:WebHook-Request-Origin}"}}},
    {"name": "echo", "signed": false, "request": {"query": {"token": "{{id:secret}}"}},
     "answer": {"headers": {"X-Echo": "{query:token}"}}},
    {"name": "confirm", "request": {"body": {"type": "Confirmation", "url": "{{id:a}}"}},
     "tell": "open this URL yourself: {json:url}"}],
  "answer": {"text": "[accepted]"}}"#;

fn acme() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    sandbox.file("providers/acme/provider.json", ACME);
    let event = r#"{"description": "An order is paid", "source": "inferred", "data": {"a": 1}}"#;
    sandbox.file("providers/acme/events/order.paid.json", event);
    sandbox
}

#[test]
fn headers_come_back_and_never_break_the_head() {
    let sandbox = acme();
    let listener = sandbox.listen(&["--secret", SECRET]);
    let answer = post(&listener, "/hook", &[("X-Hook-Secret", "b537<script>")], "");
    assert_eq!(status(&answer), "200");
    assert_eq!(answer.header("x-hook-secret"), "b537<script>");
    assert_eq!(answer.text(), "");
    let answer = get(
        &listener,
        "OPTIONS / HTTP/1.1\nHost: localhost\nWebHook-Request-Origin: eventemitter.example.com",
    );
    assert_eq!(
        answer.header("webhook-allowed-origin"),
        "eventemitter.example.com"
    );
    let answer = post(&listener, "/?token=a%0D%0ASet-Cookie:%20b", &[], "");
    assert_eq!(status(&answer), "200");
    assert_eq!(
        (answer.field("x-echo"), answer.field("set-cookie")),
        (None, None)
    );
    // With a body it is a delivery that nobody has signed.
    let answer = post(
        &listener,
        "/",
        &[("X-Hook-Secret", "b5")],
        r#"{"type":"order.paid"}"#,
    );
    assert_eq!(
        (status(&answer), answer.field("x-hook-secret")),
        ("401", None)
    );
    let answer = post(
        &listener,
        "/",
        &[
            ("X-Hook-Secret", "b5"),
            ("X-Hub-Signature-256", "sha256=00"),
        ],
        "",
    );
    assert_eq!(
        (status(&answer), answer.field("x-hook-secret")),
        ("401", None)
    );
}

#[test]
fn what_a_person_has_to_do_is_told_and_not_done() {
    let sandbox = acme();
    let app = Endpoint::ok();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let body = json!({"type": "Confirmation", "url": app.url("/confirm")}).to_string();
    let mac = openssl_hmac(SECRET, body.as_bytes());
    let answer = post(&listener, "/", &[("X-Acme-Signature", &mac)], &body);
    assert_eq!(
        (status(&answer), answer.text()),
        ("200", r#"{"received":true}"#)
    );
    let line = listener.next_line();
    let told = format!("open this URL yourself: {}", app.url("/confirm"));
    assert_eq!(line["verdict"]["notes"], json!([told]), "{line}");
    assert_eq!(app.count(), 0);
}

/// Of `woocommerce`, which makes no webhook whose URL answers anything but 200, and of `notion`.
#[test]
fn what_comes_first_is_taken_where_nobody_could_sign_it() {
    let sandbox = Sandbox::new();
    let flags = [
        "--secret",
        "woocommerce=s",
        "--secret",
        "notion=s",
        "--once",
    ];
    let mut listener = sandbox.listen(&flags);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for (headers, body, name, told) in [
        (&[kind][..], "webhook_id=142", "ping", json!([])),
        (
            &[("Content-Type", "application/json")],
            r#"{"verification_token":"secret_tMrlL1"}"#,
            "verification_token",
            json!([
                "paste this token into Notion to activate the subscription; it is the secret from then on: secret_tMrlL1"
            ]),
        ),
    ] {
        let answer = post(&listener, "/", headers, body);
        assert_eq!(status(&answer), "200", "{}", answer.text());
        let line = listener.next_line();
        assert_eq!(
            (&line["event"], &line["source"]),
            (&json!(name), &json!("probe"))
        );
        assert_eq!(line["verdict"]["notes"], told, "{line}");
    }
    // With more in it, it is a delivery, the first that counts.
    let answer = post(&listener, "/", &[kind], "webhook_id=142&order=1");
    assert_eq!(status(&answer), "401");
    let (stdout, _, code) = listener.wait();
    assert_eq!(code.code(), Some(1), "{stdout}");
    assert!(stdout.contains(r#""deliveries":1,"valid":0"#), "{stdout}");
}

#[test]
fn each_delivery_is_answered_as_its_provider_wants() {
    let sandbox = acme();
    let listener = sandbox.listen(&["--secret", SECRET]);
    let body = r#"{"id":"e1","type":"order.paid","data":{}}"#;
    let mac = openssl_hmac(SECRET, body.as_bytes());
    let answer = post(&listener, "/", &[("X-Acme-Signature", &mac)], body);
    assert_eq!((status(&answer), answer.text()), ("200", "[accepted]"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let answer = post(
        &listener,
        "/",
        &[("X-Acme-Signature", &"0".repeat(64))],
        body,
    );
    assert_eq!(status(&answer), "401");
    assert!(!answer.text().contains("accepted"));
    // Another provider's are answered as before.
    assert_eq!(
        deliver(listener.address(), order("evt_1")),
        (200, r#"{"received":true}"#.into())
    );
}

#[test]
fn the_applications_own_answer_wins_and_is_judged() {
    for (reply, difference) in [
        (r#"{"challenge":"3eZbrw1<b>"}"#, Value::Null),
        ("3eZbrw1<b>", Value::Null),
        (
            "ok",
            json!({"expected": r#"`{"challenge":"3eZbrw1<b>"}`"#, "got": "`ok`"}),
        ),
    ] {
        let app = Endpoint::start(move |_, _| Reply::Page(200, reply.into()));
        let sandbox = Sandbox::new();
        let authority = app.authority();
        let flags = [
            "--secret",
            SECRET,
            "--forward-to",
            &authority,
            "--events",
            "order.*",
        ];
        let mut listener = sandbox.listen(&flags);
        let headers = slack(SECRET, URL_VERIFICATION);
        let answer = post(&listener, "/", &borrowed(&headers), URL_VERIFICATION);
        assert_eq!((status(&answer), answer.text()), ("200", reply));
        let attempt = listener.next_of("attempt");
        assert_eq!(attempt["expected"], difference.is_null(), "{attempt}");
        assert_eq!(attempt["difference"], difference, "{attempt}");
    }
}

#[test]
fn an_unsigned_post_reaches_the_application_only_of_a_provider_that_is_meant() {
    let app = Endpoint::ok();
    let sandbox = acme();
    let authority = app.authority();
    let request = "POST /hook HTTP/1.1\nHost: localhost\nX-Hook-Secret: b5\nContent-Length: 0";
    let listener = sandbox.listen(&["--secret", "slack=s", "--forward-to", &authority]);
    assert_eq!(get(&listener, request).header("x-hook-secret"), "b5");
    assert_eq!(app.count(), 0);
    let listener = sandbox.listen(&["--secret", "acme=s", "--forward-to", &authority]);
    assert_eq!(ask(&listener, request).0, 200);
    assert_eq!(app.next().target(), "/hook");
}
