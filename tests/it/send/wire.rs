//! The bytes that go over the wire, and the forms in which a dry run shows them.

use std::process::Command;

use webhook_cli::delivery::{Request, Timestamp};
use webhook_cli::formats::captures;
use webhook_cli::provider::{Catalogue, Policy, verify_request};

use super::{SECRET, Sender};
use crate::harness::endpoint::Endpoint;
use crate::harness::message::Message;
use crate::harness::sender::keyring;
use crate::harness::{Sandbox, has};
use crate::peers::{PROVIDERS, is_signed};

/// The signature header of each provider, spelled as documented, and its envelope's keys in order.
const FORMS: [(&str, &str, &[&str]); 4] = [
    (
        "barecommerce",
        "X-Webhook-Signature",
        &["type", "id", "timestamp", "storeId", "data"],
    ),
    (
        "cimplify",
        "X-Cimplify-Signature",
        &["id", "type", "created_at", "data"],
    ),
    (
        "ibakepro",
        "X-Webhook-Signature",
        &["id", "event", "created_at", "data"],
    ),
    (
        "olympus",
        "X-Olympus-Signature",
        &[
            "id",
            "type",
            "api_version",
            "created_at",
            "tenant_id",
            "location_id",
            "data",
        ],
    ),
];

fn names(message: &Message) -> Vec<&str> {
    message
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .collect()
}

#[test]
fn what_goes_out_is_what_is_documented_and_nothing_else() {
    let sender = Sender::new();
    for (provider, header, keys) in FORMS {
        let endpoint = Endpoint::ok();
        let url = format!("{}/hooks/in?shop=1", endpoint.url(""));
        sender
            .send(&["order.created", "--provider", provider, "--url", &url])
            .expect(0);
        let sent = endpoint.one();
        assert_eq!(sent.line, "POST /hooks/in?shop=1 HTTP/1.1");
        // `Accept` is reqwest's own addition, and no provider's document forbids it.
        assert_eq!(
            names(&sent),
            ["Content-Type", header, "Accept", "Host", "Content-Length"]
        );
        assert_eq!(sent.field("host"), Some(&*endpoint.address.to_string()));
        assert_eq!(sent.field("content-type"), Some("application/json"));
        assert_eq!(sent.field("accept"), Some("*/*"));
        assert!(is_signed(provider, SECRET, &sent), "{sent:?}");
        assert_eq!(keys_of(&sent), keys, "{provider}");
        assert_eq!(sent.text(), sent.json().to_string(), "compact");
    }
}

fn keys_of(message: &Message) -> Vec<String> {
    let json = message.json();
    json.as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect()
}

#[test]
fn a_dry_run_prints_the_message_that_would_go_out() {
    let sender = Sender::new();
    for (provider, header, _) in FORMS {
        let endpoint = Endpoint::ok();
        let fixed = [
            "order.created",
            "--provider",
            provider,
            "--url",
            &endpoint.url(""),
            "--seed",
            "7",
            "--timestamp",
            "2026-01-18T10:30:00Z",
            "-H",
            "x-teST: 1",
        ];
        let [printed] = &sender.dry(&fixed)[..] else {
            panic!("not one message");
        };
        assert_eq!(endpoint.seen().len(), 0, "a dry run sends nothing");
        sender.send(&fixed).expect(0);
        let sent = endpoint.one();
        // Olympus signs the time, which is given.
        assert_eq!(printed.text(), sent.text());
        assert_eq!(
            String::from_utf8_lossy(&printed.bytes),
            String::from_utf8_lossy(&sent.bytes)
        );
        assert_eq!(
            names(printed),
            [
                "Content-Type",
                "X-Test",
                header,
                "Accept",
                "Host",
                "Content-Length"
            ]
        );
    }
}

#[test]
fn a_dry_run_of_many_is_a_message_each() {
    let args = ["--all", "--provider", "cimplify", "--dry-run"];
    let run = Sender::new().send(&args).expect(0);
    assert_eq!(Message::all(&run.raw_stdout).len(), 10);
    assert_eq!(run.stdout.matches("\r\nPOST / HTTP/1.1\r\n").count(), 9);
}

#[test]
fn the_curl_line_runs_as_printed() {
    if !has("curl") {
        return;
    }
    let sender = Sender::new();
    for provider in PROVIDERS {
        let endpoint = Endpoint::ok();
        let url = format!("{}/a?b=c", endpoint.url(""));
        let args = [
            "order.created",
            "--provider",
            provider,
            "--url",
            &url,
            "--dry-run",
            "--as",
            "curl",
            "--set",
            "data.note=it's \"$HOME\" `x`\\\u{2028}\n",
            "--add",
        ];
        let run = sender.send(&args).expect(0);
        let shell = Command::new("sh").arg("-c").arg(&run.stdout).output();
        let output = shell.expect("a shell");
        assert!(output.status.success(), "{output:?}");
        let came = endpoint.one();
        assert_eq!(came.line, "POST /a?b=c HTTP/1.1");
        assert!(is_signed(provider, SECRET, &came), "{}", run.stdout);
        assert_eq!(
            came.json()["data"]["note"],
            "it's \"$HOME\" `x`\\\u{2028}\n"
        );
        assert_eq!(came.fields.len(), 4, "{came:?}");
    }
}

#[test]
fn the_curl_line_is_accepted_by_listen() {
    if !has("curl") {
        return;
    }
    let sender = Sender::new();
    let mut listener = sender.sandbox().listen(&[]);
    let url = listener.url();
    let args = [
        "order.created",
        "--provider",
        "olympus",
        "--url",
        &url,
        "--dry-run",
        "--as",
        "curl",
    ];
    let line = sender.send(&args).expect(0).stdout;
    let output = Command::new("sh").arg("-c").arg(line).output();
    assert!(output.expect("a shell").status.success());
    assert_eq!(listener.next_line()["verdict"]["status"], "valid");
}

#[test]
fn the_json_form_is_a_capture_that_verifies() {
    let sender = Sender::new();
    for provider in PROVIDERS {
        for form in [&["--as", "json"][..], &["--json"]] {
            let args = ["order.created", "--provider", provider, "--dry-run"];
            let run = sender.send(&[&args[..], form].concat()).expect(0);
            let reader = captures(run.stdout.as_bytes(), None).expect("a capture");
            let readings: Vec<_> = reader.map(|reading| reading.expect("a capture")).collect();
            let [one] = &readings[..] else {
                panic!("not one capture: {}", run.stdout);
            };
            assert_eq!(status(&one.capture.request), "valid", "{}", run.stdout);
            assert_eq!(run.json_lines()[0]["provider"], provider);
            assert_eq!(run.json_lines()[0]["verdict"]["status"], "unverified");
        }
    }
}

fn status(request: &Request) -> &'static str {
    let catalogue = Catalogue::builtin();
    let keyring = keyring(&catalogue, SECRET);
    let policy = Policy::default();
    let judged = verify_request(&catalogue, &keyring, &policy, request, Timestamp::now());
    judged.verdict.status.as_str()
}

#[test]
fn headers_are_added_with_repeats_and_replace_the_provider_s_own() {
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    Sender::new()
        .send(&[
            "order.created",
            "--provider",
            "ibakepro",
            "--url",
            &url,
            "-H",
            "X-A: 1",
            "-H",
            "X-A: 2",
            "--header",
            "content-type: application/json; charset=utf-8",
            "-H",
            "X-B:",
        ])
        .expect(0);
    let sent = endpoint.one();
    let all = |name: &str| {
        let same = sent
            .fields
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(all("x-a"), ["1", "2"]);
    assert_eq!(all("content-type"), ["application/json; charset=utf-8"]);
    assert_eq!(all("x-b"), [""]);
    assert!(is_signed("ibakepro", SECRET, &sent));
}

#[test]
fn a_header_that_would_not_go_out_as_given_is_refused() {
    let sender = Sender::new();
    let base = ["order.created", "--provider", "ibakepro", "--dry-run", "-H"];
    for (header, message) in [
        ("content-length: 3", "`content-length` is made for each"),
        ("Expect: 100-continue", "`Expect` is made for each"),
        (
            "X-A: \u{1}",
            "control characters, which no header can carry",
        ),
        (
            "x-webhook-signature: abc",
            "is the signature, which is made here",
        ),
    ] {
        sender.refused(&[&base[..], &[header]].concat(), message, "");
        if header.starts_with("x-webhook") {
            continue;
        }
        for command in [&["listen", "--no-log"][..], &["replay", "@last"]] {
            let run = Sandbox::new()
                .run(&[command, &["-H", header]].concat())
                .expect(2);
            assert!(run.stderr.contains(message), "{command:?}: {}", run.stderr);
        }
    }
    for header in ["X-A: b\r\nX-C: d", "X-A: b\nX-C: d", "X A: b", "X-A"] {
        let run = sender.send(&[&base[..], &[header]].concat()).expect(2);
        assert!(run.stderr.contains("is not a header"), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}
