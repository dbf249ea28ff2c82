//! What gets in: with a secret, nothing that nobody has signed; probes, which deliver nothing.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::durable::kept;
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::{SECRET, deliver, envelope, order, signature};
use crate::harness::{Listener, Sandbox, raw_exchange};

/// What a request is answered: status and body.
pub fn ask(listener: &Listener, request: &str) -> (u16, String) {
    let head = request.replace('\n', "\r\n");
    let message = format!("{head}\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8(raw_exchange(listener.address(), message.as_bytes())).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status");
    (status.parse().unwrap(), body.to_owned())
}

/// Requests that nobody has signed and that are no probes, each with what one could hide behind.
const UNSIGNED: [&str; 5] = [
    "DELETE /admin/1 HTTP/1.1\nHost: localhost",
    "POST / HTTP/1.1\nHost: localhost\nContent-Length: 0",
    "PUT /x HTTP/1.1\nHost: localhost\nX-Event: order.creaTed",
    "POST /w?challenge=abc HTTP/1.1\nHost: localhost\nContent-Length: 0",
    "BREW / HTTP/1.1\nHost: localhost",
];

#[test]
fn with_a_secret_nothing_gets_in_that_nobody_has_signed() {
    let app = Endpoint::ok();
    let sandbox = Sandbox::new();
    let flags = ["--secret", SECRET, "--forward-to", &app.authority()];
    let mut listener = sandbox.listen(&flags);
    assert_eq!(listener.ready["on_unsigned"], "reject");
    for request in UNSIGNED {
        let (status, answer) = ask(&listener, request);
        assert_eq!(status, 401, "{request}: {answer}");
        assert!(answer.contains("--on-unsigned accept"), "{answer}");
        assert_eq!(listener.next_line()["response"]["status"], 401);
    }
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    assert_eq!(app.count(), 1, "{:?}", app.seen());
    assert_eq!(kept(&sandbox.log_file()).len(), UNSIGNED.len() + 1);
}

#[test]
fn a_provider_without_a_secret_is_refused_with_how_to_give_it() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", "olympus=whsec_1"]);
    let body = envelope("cimplify", "order.created", "evt_1");
    let (name, value) = signature("cimplify", "whsec_2", body.as_bytes());
    let answer = crate::harness::post(listener.address(), "/", &[(name, &value)], body.as_bytes());
    assert_eq!(answer.0, 401, "{}", answer.1);
    let line = listener.next_line();
    assert_eq!(line["verdict"]["status"], "unverified", "{line}");
    let hint = line["verdict"]["hint"].as_str().unwrap();
    assert!(hint.contains("--secret cimplify="), "{hint}");
}

#[test]
fn what_nobody_has_signed_gets_in_where_the_user_says_so() {
    for flags in [["--on-unsigned", "accept"], ["--on-invalid", "forward"]] {
        let app = Endpoint::ok();
        let sandbox = Sandbox::new();
        let authority = app.authority();
        let all = [
            "--secret",
            SECRET,
            "--forward-to",
            &authority,
            flags[0],
            flags[1],
        ];
        let mut listener = sandbox.listen(&all);
        listener.complains(&format!("`{} {}`", flags[0], flags[1]));
        for request in UNSIGNED {
            assert_eq!(ask(&listener, request).0, 200, "{request}");
        }
        assert_eq!(app.count(), UNSIGNED.len(), "{flags:?}");
    }
}

#[test]
fn a_probe_is_answered_and_is_no_delivery() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET, "--count", "1"]);
    for method in ["GET", "HEAD", "OPTIONS"] {
        let request = format!("{method} /health HTTP/1.1\nHost: anything.example");
        assert_eq!(ask(&listener, &request).0, 200, "{method}");
        let line = listener.next_line();
        assert_eq!(line["source"], "probe", "{line}");
    }
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    let (stdout, _, status) = listener.wait();
    assert_eq!(status.code(), Some(0));
    let summary: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(summary["deliveries"], 1, "{summary}");
    assert_eq!(
        sandbox.run(&["log", "--json"]).expect(0).json_lines().len(),
        1
    );
    let probes = sandbox
        .run(&["log", "--json", "--source", "probe"])
        .expect(0);
    assert_eq!(probes.json_lines().len(), 3);
    let last = sandbox.run(&["log", "show", "@last", "--json"]).expect(0);
    assert_eq!(last.json_lines()[0]["event_id"], "evt_1");
}

#[test]
fn a_signature_or_a_body_makes_a_delivery_of_any_method() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    for request in [
        "GET / HTTP/1.1\nHost: localhost\nX-Olympus-Signature: t=1,v1=00",
        "OPTIONS / HTTP/1.1\nHost: localhost\nX-Cimplify-Signature: 00",
    ] {
        assert_eq!(ask(&listener, request).0, 401, "{request}");
        assert_eq!(listener.next_line()["source"], "listen");
    }
}

#[test]
fn a_handshake_reaches_the_application_also_with_a_fixed_provider() {
    for provider in [&[][..], &["--provider", "olympus"]] {
        let app = Endpoint::start(|_, message| match message.method() {
            "GET" => Reply::Page(200, b"11849".to_vec()),
            _ => Reply::status(204),
        });
        let sandbox = Sandbox::new();
        let authority = app.authority();
        let flags = ["--secret", SECRET, "--forward-to", &authority];
        let listener = sandbox.listen(&[&flags, provider].concat());
        let get = "GET /w?hub.mode=subscribe&hub.challenge=11849 HTTP/1.1\nHost: localhost:4400";
        assert_eq!(ask(&listener, get), (200, "11849".into()));
        assert_eq!(
            app.next().target(),
            "/w?hub.mode=subscribe&hub.challenge=11849"
        );
        let options = "OPTIONS /w HTTP/1.1\nHost: 127.0.0.1\nWebHook-Request-Origin: a.example";
        assert_eq!(ask(&listener, options).0, 204);
    }
}

#[test]
fn a_page_of_another_site_does_not_reach_the_application() {
    let app = Endpoint::ok();
    let sandbox = Sandbox::new();
    let authority = app.authority();
    let flags = ["--secret", SECRET, "--forward-to", &authority];
    let names = [
        "--allow-host",
        "hooks.example",
        "--public-url",
        "https://tunnel.example/in",
    ];
    let mut listener = sandbox.listen(&[&flags[..], &names].concat());
    for foreign in [
        "Host: evil.example",
        "Host: localhost\nOrigin: http://evil.example",
        "Host: localhost\nOrigin: null",
        "Host: 127.0.0.1\nSec-Fetch-Site: cross-site",
    ] {
        assert_eq!(
            ask(&listener, &format!("GET /admin HTTP/1.1\n{foreign}")).0,
            200
        );
        let line = listener.next_line();
        let reason = line["verdict"]["reason"].as_str().unwrap();
        assert!(reason.starts_with("not forwarded"), "{foreign}: {line}");
    }
    assert_eq!(app.count(), 0, "{:?}", app.seen());
    for own in ["hooks.example", "tunnel.example:443", "[::1]:4400"] {
        assert_eq!(
            ask(&listener, &format!("GET /x HTTP/1.1\nHost: {own}")).0,
            200
        );
        app.next();
    }
}

#[test]
fn a_count_is_of_the_events_that_are_shown() {
    let sandbox = Sandbox::new();
    let flags = ["--secret", SECRET, "--once", "--events", "order.*"];
    let mut listener = sandbox.listen(&flags);
    let payment = envelope("olympus", "payment.failed", "evt_0");
    assert_eq!(deliver(listener.address(), payment).0, 200);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    assert_eq!(listener.next_line()["event_id"], "evt_1");
    assert_eq!(listener.wait().2.code(), Some(0));
}

#[test]
fn the_provider_of_a_file_fixes_no_receiver_and_no_check() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "provider = 'olympus'\n");
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let body = envelope("cimplify", "order.created", "evt_1");
    let (name, value) = signature("cimplify", SECRET, body.as_bytes());
    let answer = crate::harness::post(listener.address(), "/", &[(name, &value)], body.as_bytes());
    assert_eq!(answer.0, 200, "{}", answer.1);
    let line = listener.next_line();
    assert_eq!(line["provider"], "cimplify");
    sandbox.file("a.json", line.to_string());
    sandbox
        .run(&["verify", "a.json", "--secret", SECRET])
        .expect(0);
    sandbox.file("webhook.toml", "[listen]\nprovider = 'olympus'\n");
    let listener = sandbox.listen(&["--secret", SECRET]);
    let answer = crate::harness::post(listener.address(), "/", &[(name, &value)], body.as_bytes());
    assert_eq!(answer.0, 401, "{}", answer.1);
}

#[test]
fn probes_among_captures_are_passed_over() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    assert_eq!(ask(&listener, "GET / HTTP/1.1\nHost: localhost").0, 200);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    let lines = format!("{}\n{}\n", listener.next_line(), listener.next_line());
    let run = sandbox.run_with(&["verify", "--json", "--secret", SECRET], lines.as_bytes());
    let judged = run.expect(0).json_lines();
    assert_eq!(judged[0]["event_id"], "evt_1");
    assert_eq!(
        judged
            .iter()
            .filter(|line| line["kind"] == "verification")
            .count(),
        1
    );
}

/// What is signed is genuine, in whatever form it comes, and its event is read where it can be.
#[test]
fn a_genuine_body_of_another_form_is_taken_and_its_event_read() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let plain = envelope("cimplify", "order.created", "evt_1");
    let gzip = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let bom = [b"\xef\xbb\xbf", plain.as_bytes()].concat();
    let quoted: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let form = format!("payload={quoted}").into_bytes();
    for body in [gzip, bom, form] {
        let (name, value) = signature("cimplify", SECRET, &body);
        let answer = crate::harness::post(listener.address(), "/", &[(name, &value)], &body);
        assert_eq!(answer.0, 200, "{}", answer.1);
        let line = listener.next_line();
        assert_eq!(line["verdict"]["status"], "valid", "{line}");
        assert_eq!(line["event"], "order.created", "{line}");
        assert_eq!(line["event_id"], "evt_1", "{line}");
    }
}
