//! Providers that sign with a private key, judged by the `openssl` program.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::endpoint::Endpoint;
use crate::harness::{Sandbox, has, must_have_all};

/// The kinds of key pairs, each with what `openssl genpkey` makes one of.
const KINDS: [(&str, &[&str]); 3] = [
    ("ed25519", &["ed25519"]),
    ("ecdsa", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("rsa", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
];

fn openssl(sandbox: &Sandbox, args: &[&str]) {
    let mut command = Command::new("openssl");
    let output = command
        .args(args)
        .current_dir(sandbox.folder().join(""))
        .output();
    let output = output.expect("openssl runs");
    assert!(output.status.success(), "openssl {args:?}: {output:?}");
}

/// A sandbox with a provider of this kind, the two halves of a pair, another pair, and a certificate.
fn sandbox(kind: &str, pair: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    let definition = json!({"name": "acme", "signature": {
        "kind": kind, "encoding": "base64", "secret": {"encoding": "base64"},
        "header": "X-Acme-Signature", "value": {"parts": ["{signature}"]},
        "timestamp": {"header": "X-Acme-Time"}, "signed": "{timestamp}.{body}",
        "tolerance": {"past_seconds": 300}
    }, "envelope": {
        "template": {"id": 18, "type": "{{event}}", "data": "{{data}}"},
        "event": "type", "id": "id", "data": "data"}});
    sandbox.file("webhook.toml", "");
    sandbox.file("providers/acme/provider.json", definition.to_string());
    let event = r#"{"description": "An order is paid", "source": "inferred", "data": {"a": 1}}"#;
    sandbox.file("providers/acme/events/order.paid.json", event);
    for name in ["key.pem", "other.pem"] {
        openssl(
            &sandbox,
            &[&["genpkey", "-out", name, "-algorithm"], pair].concat(),
        );
    }
    openssl(
        &sandbox,
        &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"],
    );
    openssl(
        &sandbox,
        &[
            "pkey",
            "-in",
            "other.pem",
            "-pubout",
            "-out",
            "others-public.pem",
        ],
    );
    let der = [
        "pkey",
        "-in",
        "key.pem",
        "-pubout",
        "-outform",
        "DER",
        "-out",
        "public.der",
    ];
    openssl(&sandbox, &der);
    let certificate = [
        "req",
        "-x509",
        "-key",
        "key.pem",
        "-subj",
        "/CN=acme",
        "-out",
        "certificate.pem",
    ];
    openssl(&sandbox, &certificate);
    sandbox
}

fn for_each_kind(check: impl Fn(&str, &Sandbox)) {
    if !has("openssl") {
        assert!(!must_have_all(), "no openssl");
        return;
    }
    for (kind, pair) in KINDS {
        check(kind, &sandbox(kind, pair));
    }
}

/// A capture of what `send` would send, signed with `key.pem`.
fn capture(sandbox: &Sandbox, more: &[&str]) -> Value {
    let args = [
        "send",
        "order.paid",
        "-p",
        "acme",
        "--dry-run",
        "--as",
        "json",
        "--secret-file",
        "key.pem",
    ];
    sandbox
        .run(&[&args, more].concat())
        .expect(0)
        .json_lines()
        .remove(0)
}

fn header<'c>(capture: &'c Value, name: &str) -> &'c str {
    let headers = capture["request"]["headers"].as_array().expect("headers");
    let found = headers
        .iter()
        .find(|header| header[0].as_str().expect("text").eq_ignore_ascii_case(name));
    found.expect("the header")[1].as_str().expect("text")
}

#[test]
fn openssl_takes_what_is_signed() {
    for_each_kind(|kind, sandbox| {
        let capture = capture(sandbox, &[]);
        let time = header(&capture, "X-Acme-Time");
        let body = capture["request"]["body"].as_str().expect("text");
        sandbox.file("message", format!("{time}.{body}"));
        let signature = BASE64.decode(header(&capture, "X-Acme-Signature"));
        sandbox.file("signature", signature.expect("base64"));
        let by_key = ["-verify", "-pubin", "-inkey", "public.pem"];
        let rest = ["-rawin", "-in", "message", "-sigfile", "signature"];
        match kind {
            "ed25519" => openssl(sandbox, &[&["pkeyutl"], &by_key[..], &rest].concat()),
            _ => openssl(
                sandbox,
                &[
                    "dgst",
                    "-sha256",
                    "-verify",
                    "public.pem",
                    "-signature",
                    "signature",
                    "message",
                ],
            ),
        }
    });
}

#[test]
fn what_openssl_signs_is_valid_under_each_form_of_the_public_key() {
    for_each_kind(|kind, sandbox| {
        sandbox.file("body", "{\"id\":18}");
        sandbox.file("message", "1768732200.{\"id\":18}");
        match kind {
            "ed25519" => {
                let args = [
                    "pkeyutl",
                    "-sign",
                    "-inkey",
                    "key.pem",
                    "-rawin",
                    "-in",
                    "message",
                    "-out",
                    "signature",
                ];
                openssl(sandbox, &args);
            }
            _ => openssl(
                sandbox,
                &[
                    "dgst",
                    "-sha256",
                    "-sign",
                    "key.pem",
                    "-out",
                    "signature",
                    "message",
                ],
            ),
        }
        let signature =
            BASE64.encode(std::fs::read(sandbox.folder().join("signature")).expect("a file"));
        let der = std::fs::read(sandbox.folder().join("public.der")).expect("a file");
        sandbox.file("public.base64", BASE64.encode(&der));
        // An Ed25519 key is its last 32 bytes.
        let bare = &der[der.len() - 32..];
        sandbox.file("public.bare", BASE64.encode(bare));
        let pem = std::fs::read_to_string(sandbox.folder().join("public.pem")).expect("a file");
        sandbox.file("public.line", pem.replace('\n', "\\n"));
        let header = format!("X-Acme-Signature: {signature}");
        let verify = |body: &str, secret: &str, at: &str| {
            sandbox.run(&[
                "verify",
                body,
                "-p",
                "acme",
                "-H",
                &header,
                "-H",
                "X-Acme-Time: 1768732200",
                "--secret-file",
                secret,
                "--at",
                at,
            ])
        };
        let mut forms = vec![
            "public.pem",
            "certificate.pem",
            "public.base64",
            "public.line",
            "key.pem",
        ];
        forms.extend((kind == "ed25519").then_some("public.bare"));
        let named = [
            "-H",
            &header,
            "-H",
            "X-Acme-Time: 1768732200",
            "--at",
            "1768732260",
        ];
        let typed = ["verify", "body", "-p", "acme", "--secret", &pem];
        sandbox.run(&[&typed[..], &named].concat()).expect(0);
        for form in forms {
            verify("body", form, "1768732260").expect(0);
        }
        sandbox.file("tampered", "{\"id\":19}");
        verify("tampered", "public.pem", "1768732260").expect(1);
        verify("body", "others-public.pem", "1768732260").expect(1);
        let late = verify("body", "public.pem", "1768732999").expect(1);
        assert!(late.stdout.contains("stale"), "{}", late.stdout);
    });
}

#[test]
fn a_public_key_only_verifies_and_a_key_of_another_kind_is_named() {
    for_each_kind(|kind, sandbox| {
        let send = [
            "send",
            "order.paid",
            "-p",
            "acme",
            "--dry-run",
            "--secret-file",
        ];
        let run = sandbox
            .run(&[&send[..], &["public.pem"]].concat())
            .expect(2);
        assert!(
            run.stderr.contains("only verifies"),
            "{kind}: {}",
            run.stderr
        );
        let other = KINDS
            .iter()
            .find(|(other, _)| *other != kind)
            .expect("another");
        openssl(
            sandbox,
            &[&["genpkey", "-out", "wrong.pem", "-algorithm"], other.1].concat(),
        );
        let run = sandbox.run(&[&send[..], &["wrong.pem"]].concat()).expect(2);
        assert!(
            run.stderr.contains("the key is of "),
            "{kind}: {}",
            run.stderr
        );
    });
}

#[test]
fn each_fault_is_seen_for_what_it_is() {
    for_each_kind(|kind, sandbox| {
        for (fault, status) in [
            ("wrong-secret", "mismatch"),
            ("tampered-body", "mismatch"),
            ("stale", "stale"),
            ("missing-signature", "missing"),
        ] {
            let capture = capture(sandbox, &["--fault", fault]);
            sandbox.file("capture", capture.to_string());
            let args = [
                "verify",
                "capture",
                "-p",
                "acme",
                "--secret-file",
                "public.pem",
                "--json",
            ];
            let told = sandbox.run(&args).expect(1).json_lines().remove(0);
            assert_eq!(told["verdict"]["status"], status, "{kind} {fault}: {told}");
        }
    });
}

/// The public half that `providers show` tells for a handler verifies what is sent without a secret.
#[test]
fn what_is_sent_without_a_secret_is_verified_by_the_key_that_is_shown() {
    for (provider, event) in [
        ("discord", "APPLICATION_AUTHORIZED"),
        ("telnyx", "message.received"),
        ("sendgrid", "bounce"),
        ("plaid", "ITEM.ERROR"),
    ] {
        let sandbox = Sandbox::new();
        let key = || {
            let shown = ["providers", "show", provider, "--json"];
            let facts = sandbox.run(&shown).expect(0).json_lines().remove(0);
            let key = facts["signature"]["local_public_key"].as_str();
            key.map(str::to_owned)
        };
        assert_eq!(key(), None, "{provider}: nothing is made by looking");
        let send = ["send", event, "-p", provider, "--dry-run", "--as", "json"];
        sandbox.file("capture", &sandbox.run(&send).expect(0).stdout);
        let key = key().expect("a key");
        let sheet = sandbox.run(&["providers", "show", provider]).expect(0);
        let line = key.lines().last().expect("a line");
        assert!(sheet.stdout.contains(line), "{}", sheet.stdout);
        let named = format!("{provider}={key}");
        let verify = ["verify", "capture", "-p", provider, "--secret", &named];
        let run = sandbox.run(&verify).expect(0);
        assert_eq!(run.stderr, "", "{provider}");
    }
}

#[test]
fn keys_that_could_verify_nothing_are_refused_by_name() {
    if !has("openssl") {
        assert!(!must_have_all(), "no openssl");
        return;
    }
    let sandbox = sandbox("ecdsa", KINDS[1].1);
    let make = |algorithm: &[&str], name: &str| {
        let genpkey = [&["genpkey", "-out", name, "-algorithm"], algorithm].concat();
        openssl(&sandbox, &genpkey);
    };
    make(&["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "p384.pem");
    make(&["RSA", "-pkeyopt", "rsa_keygen_bits:1024"], "short.pem");
    let public = |name: &str, to: &str| {
        openssl(&sandbox, &["pkey", "-in", name, "-pubout", "-out", to]);
    };
    public("p384.pem", "p384.public");
    public("short.pem", "short.public");
    let old = ["ec", "-in", "key.pem", "-out", "old.pem"];
    openssl(&sandbox, &old);
    let locked = [
        &["pkcs8", "-topk8", "-in", "key.pem", "-out", "locked.pem"][..],
        &["-passout", "pass:abcd"],
    ];
    openssl(&sandbox, &locked.concat());
    sandbox.file(
        "broken.pem",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    );
    let definition = sandbox.folder().join("providers/acme/provider.json");
    let text = std::fs::read_to_string(&definition).expect("a file");
    for (kind, file, told) in [
        ("ecdsa", "p384.public", "another curve than P-256"),
        ("ecdsa", "p384.pem", "no ECDSA P-256 key"),
        ("rsa", "short.public", "less than 2048 bits"),
        ("ecdsa", "old.pem", "openssl pkcs8 -topk8"),
        ("ecdsa", "locked.pem", "is encrypted"),
        ("ecdsa", "broken.pem", "no ECDSA P-256 key"),
        ("ecdsa", "short.public", "the key is of RSA"),
        ("ed25519", "key.pem", "the key is of ECDSA P-256"),
    ] {
        let changed = text.replace("\"ecdsa\"", &format!("\"{kind}\""));
        sandbox.file("providers/acme/provider.json", changed);
        let named = format!("acme={file}");
        let run = sandbox.run(&["verify", "key.pem", "-p", "acme", "--secret-file", &named]);
        let run = run.expect(2);
        assert!(run.stderr.contains(told), "{kind} {file}: {}", run.stderr);
    }
}

#[test]
fn an_environment_file_holds_a_key_on_one_line_or_on_several() {
    for_each_kind(|kind, sandbox| {
        let capture = capture(sandbox, &[]);
        sandbox.file("capture", capture.to_string());
        let pem = std::fs::read_to_string(sandbox.folder().join("public.pem")).expect("a file");
        for value in [
            format!("\"{pem}\""),
            format!("\"{}\"", pem.replace('\n', "\\n")),
            format!("'{}'", pem.replace('\n', "\\n")),
        ] {
            sandbox.file(".env.keys", format!("WEBHOOK_SECRET_ACME={value}\n"));
            let verify = ["verify", "capture", "-p", "acme", "--env-file", ".env.keys"];
            let run = sandbox.run(&verify);
            assert!(
                !run.stderr.contains("nobody sees"),
                "{kind}: {}",
                run.stderr
            );
            run.expect(0);
        }
    });
}

/// A replay that has to sign afresh ends where only a public key is known, and sends nothing unsigned.
#[test]
fn a_public_key_is_no_key_to_replay_with() {
    for_each_kind(|kind, sandbox| {
        let target = Endpoint::ok();
        let capture = capture(sandbox, &["--timestamp", "2020-01-01T00:00:00Z"]);
        sandbox.file("capture", capture.to_string());
        let replay = |secret: &str, more: &[&str]| {
            let args = ["replay", "--from", "capture", "--url", &target.url("/")];
            sandbox.run(&[&args, &["--secret-file", secret][..], more].concat())
        };
        let run = replay("public.pem", &[]).expect(2);
        assert!(
            run.stderr.contains("a public key only verifies"),
            "{kind}: {}",
            run.stderr
        );
        assert!(
            run.stderr.contains("--secret-file acme=key.pem"),
            "{kind}: {}",
            run.stderr
        );
        replay("key.pem", &[]).expect(0);
        replay("public.pem", &["--sign", "keep"]).expect(0);
    });
}
