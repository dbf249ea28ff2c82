//! `webhook sign`: the headers that `send` would add, held to `openssl`.

use std::path::Path;
use std::process::Command;

use crate::harness::endpoint::Endpoint;
use crate::harness::sender::signature_at;
use crate::harness::{Run, Sandbox, openssl_hmac};
use crate::peers::PROVIDERS;

const SECRET: &str = "whsec_S1gn+me";
/// Not a fixed point of JavaScript, with a line end that has to stay.
const BODY: &[u8] = b"{\"id\": \"evt_1\", \"type\":\"order.created\", \"total\":49.90, \"city\":\"K\xc9\x94foridua\"}\n";
const AT: i64 = 1_768_732_200;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", SECRET);
    sandbox.file("body.json", BODY);
    sandbox
}

#[track_caller]
fn sign(sandbox: &Sandbox, args: &[&str], stdin: &[u8]) -> Run {
    let run = sandbox.run_with(&[&["sign"], args].concat(), stdin);
    assert!(!(run.stdout.clone() + &run.stderr).contains(SECRET));
    run
}

/// The lines of a run over [`BODY`].
#[track_caller]
fn lines(args: &[&str]) -> Vec<String> {
    let run = sign(&sandbox(), args, BODY).expect(0);
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn the_headers_of_every_provider_are_what_openssl_makes() {
    for provider in PROVIDERS {
        let at = AT.to_string();
        let (name, value) = signature_at(provider, SECRET, BODY, AT);
        let expected = [
            "Content-Type: application/json".into(),
            format!("{name}: {value}"),
        ];
        let base = ["--provider", provider, "--timestamp", &at];
        for more in [
            &[][..],
            &["--body", "-"],
            &["--body", "body.json"],
            &["--data", "@body.json"],
        ] {
            assert_eq!(
                lines(&[&base[..], more].concat()),
                expected,
                "{provider} {more:?}"
            );
        }
    }
}

#[test]
fn a_text_is_signed_as_it_was_typed() {
    let base = ["--provider", "cimplify", "--data", "{\"a\":49.90}"];
    let mac = openssl_hmac(SECRET, b"{\"a\":49.90}");
    assert_eq!(lines(&base)[1], format!("X-Cimplify-Signature: {mac}"));
    // The first of several secrets signs.
    let rotated = [&base[..], &["--secret", "new", "--secret", "old"]].concat();
    let mac = openssl_hmac("new", b"{\"a\":49.90}");
    assert_eq!(lines(&rotated)[1], format!("X-Cimplify-Signature: {mac}"));
    let run = sign(&sandbox(), &base, b"").expect(0);
    assert!(run.stderr.contains("JSON.stringify"), "{}", run.stderr);
}

#[test]
fn the_headers_have_the_form_that_a_tool_reads() {
    let base = ["--provider", "olympus", "--timestamp", "1768732200"];
    let (_, value) = signature_at("olympus", SECRET, BODY, AT);
    let form = |form| lines(&[&base[..], &["--as", form]].concat());
    assert_eq!(form("http"), lines(&base));
    assert_eq!(
        form("curl")[1],
        format!("-H 'X-Olympus-Signature: {value}'")
    );
    let env = form("env");
    assert_eq!(env[0], "CONTENT_TYPE=application/json");
    assert_eq!(env[1], format!("X_OLYMPUS_SIGNATURE='{value}'"));
    for json in [form("json"), lines(&[&base[..], &["--json"]].concat())] {
        let line: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
        assert_eq!(json.len(), 1);
        assert_eq!(line["kind"], "signature");
        assert_eq!(line["headers"][1][0], "X-Olympus-Signature");
        assert_eq!(line["headers"][1][1], value);
        assert_eq!(line["event"], "order.created");
        assert_eq!(line["event_id"], "evt_1");
        assert_eq!(line["signed_at"], "2026-01-18T10:30:00.000000Z");
    }
}

/// The arguments and the bytes as a shell and curl make a request of them.
#[test]
fn what_curl_sends_with_them_is_verified() {
    let sandbox = sandbox();
    let endpoint = Endpoint::ok();
    let program = env!("CARGO_BIN_EXE_webhook");
    let script = format!(
        "'{program}' sign -p olympus --body body.json --as curl | \
         xargs curl -sS --data-binary @body.json {}",
        endpoint.url("/x")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(sandbox.folder());
    let status = command.env("WEBHOOK_SECRET", SECRET).status().unwrap();
    assert!(status.success());
    assert!(crate::peers::is_signed("olympus", SECRET, &endpoint.one()));
}

#[test]
fn headers_that_tell_the_event_and_the_id_are_told_or_left_out() {
    let sandbox = sandbox();
    for name in ["github", "standard-webhooks"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
        let text = std::fs::read(from.join(name).join("provider.json")).unwrap();
        sandbox.file(&format!("providers/{name}/provider.json"), text);
    }
    let run = sign(&sandbox, &["--provider", "github"], BODY).expect(0);
    assert!(!run.stdout.contains("X-GitHub-Event"), "{}", run.stdout);
    assert!(
        run.stderr.contains("`X-GitHub-Event` names the event"),
        "{}",
        run.stderr
    );
    let named = ["--provider", "github", "--event", "push"];
    let run = sign(&sandbox, &named, BODY).expect(0);
    assert!(
        run.stdout.contains("X-GitHub-Event: push\n"),
        "{}",
        run.stdout
    );

    let base = [
        "--provider",
        "standard-webhooks",
        "--secret",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ];
    let id = |id| [&base[..], &["--id", id]].concat();
    let run = sign(&sandbox, &id("msg_1"), BODY).expect(0);
    assert!(run.stdout.contains("webhook-id: msg_1\n"), "{}", run.stdout);
    let run = sign(&sandbox, &id("msg\nX-Own: 1"), BODY).expect(2);
    assert!(
        run.stderr.contains("`webhook-id` has bytes"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_cannot_be_signed_is_said() {
    for (args, message, hint) in [
        (
            &[][..],
            "a body alone does not tell whose it is",
            "--provider NAME",
        ),
        (&["-p", "olympu"], "unknown provider `olympu`", "`olympus`"),
        (
            &["-p", "olympus", "--id", "evt_2"],
            "`--id` cannot stand",
            "into the body",
        ),
        (
            &["-p", "olympus", "--secret-file", "-"],
            "stdin is asked for twice",
            "name a file",
        ),
        (
            &["-p", "olympus", "--timestamp", "-90000d"],
            "lies before 1970",
            "",
        ),
        (&["-p", "olympus", "--as", "curl", "--json"], "--json", ""),
    ] {
        let run = sign(&sandbox(), args, BODY).expect(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert!(run.stderr.contains(hint), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    let run = sign(&sandbox(), &["-p", "olympus", "--body", "no.json"], BODY).expect(4);
    assert!(
        run.stderr.contains("cannot read `no.json`"),
        "{}",
        run.stderr
    );
}
