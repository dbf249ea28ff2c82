//! Providers of the user's own, written in a few lines: what a definition may leave out, ids that are
//! numbers, and secrets of each form.

use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;

/// A definition of `acme` with nothing that it could leave out.
fn acme(signature: &Value) -> Value {
    let mut all = json!({"digest": "sha256", "encoding": "hex", "header": "X-Acme-Signature",
        "value": {"parts": ["{signature}"]}, "signed": "{body}"});
    let fields = signature.as_object().expect("fields");
    all.as_object_mut().expect("fields").extend(fields.clone());
    json!({"name": "acme", "signature": all, "envelope": {
        "template": {"id": 18, "type": "{{event}}", "data": "{{data}}"},
        "event": "type", "id": "id", "data": "data"}})
}

fn sandbox(definition: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    sandbox.file("providers/acme/provider.json", definition.to_string());
    let event = r#"{"description": "An order is paid", "source": "inferred", "data": {"a": 1}}"#;
    sandbox.file("providers/acme/events/order.paid.json", event);
    sandbox
}

fn with_time(tolerance: &Value) -> Value {
    acme(
        &json!({"timestamp_header": "X-Acme-Time", "signed": "{timestamp}.{body}", "tolerance": tolerance}),
    )
}

#[test]
fn name_signature_and_envelope_are_enough() {
    let sandbox = sandbox(&acme(&json!({})));
    let run = sandbox
        .run(&["providers", "show", "acme", "--json"])
        .expect(0);
    assert_eq!(run.stderr, "");
    let facts = &run.json_lines()[0];
    assert_eq!(
        (&facts["title"], &facts["docs"]),
        (&json!("acme"), &Value::Null)
    );
    let delivery = &facts["delivery"];
    for (field, value) in [
        ("method", json!("POST")),
        ("timeout_seconds", json!(30)),
        ("success", json!(["2xx"])),
        ("retried", json!([])),
        ("attempts", json!(1)),
    ] {
        assert_eq!(delivery[field], value, "{field}: {delivery}");
    }
    let shown = sandbox.run(&["providers", "show", "acme"]).expect(0);
    assert!(
        shown.stdout.contains("application/json"),
        "{}",
        shown.stdout
    );

    let endpoint = Endpoint::script(&[500]);
    let url = endpoint.url("/");
    let args = [
        "send",
        "order.paid",
        "--url",
        &url,
        "--secret",
        "s",
        "--retry",
    ];
    sandbox.run(&args).expect(1);
    let message = endpoint.one();
    assert_eq!(message.method(), "POST");
    assert_eq!(message.header("content-type"), "application/json");
}

#[test]
fn a_provider_without_events_has_nothing_to_list_or_to_send() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    sandbox.file("providers/acme/provider.json", acme(&json!({})).to_string());
    let note = "note: `acme` has no events: each is a file in `./providers/acme/events`";
    for args in [
        &["events", "acme"][..],
        &["events", "acme", "--json"],
        &["send", "--all", "--provider", "acme", "--secret", "s"],
    ] {
        let run = sandbox.run(args).expect(0);
        assert!(run.stderr.contains(note), "{args:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn what_a_definition_leaves_open_or_gets_wrong_is_refused_when_it_is_read() {
    let mut schedule = acme(&json!({}));
    schedule["delivery"] = json!({"retry": {"schedule": ["1m"]}});
    let mut flaw = acme(&json!({}));
    flaw["handler"] = json!({"habits": [
        {"checks": ["a"], "severity": "severe", "line": "x", "fault": "y"}]});
    for (definition, problem) in [
        (
            schedule,
            "`delivery.retry.on`: names no outcome that is retried by the `schedule`",
        ),
        (
            flaw,
            "`handler.habits[0].severity`: unknown variant `severe`, expected one of `forgery`, \
                `loss`, `crash`, `warning`",
        ),
        (json!({"name": "acme"}), "missing field `signature`"),
    ] {
        let sandbox = sandbox(&definition);
        let run = sandbox.run(&["providers", "show", "acme"]).expect(2);
        assert!(run.stderr.contains(problem), "{}", run.stderr);
    }
}

#[test]
fn an_id_may_be_a_number() {
    let sandbox = sandbox(&acme(&json!({})));
    let mut listener = sandbox.listen(&["--secret", "s"]);
    let url = listener.url();
    let send = |id: &str| {
        let args = [
            "send",
            "order.paid",
            "--url",
            &url,
            "--secret",
            "s",
            "--id",
            id,
        ];
        sandbox.run(&args).expect(0);
    };
    let digits = "7615917337495251231";
    send(digits);
    send(digits);
    let [first, second] = [(); 2].map(|()| listener.next_of("delivery"));
    assert_eq!(first["event_id"], digits);
    assert_eq!(second["duplicate_of"], first["id"]);
    let body = first["request"]["body"].as_str().expect("text");
    assert!(body.starts_with(&format!(r#"{{"id":{digits},"#)), "{body}");
    send("evt_1");
    let third = listener.next_of("delivery");
    assert_eq!(third["event_id"], "evt_1");
    let body = third["request"]["body"].as_str().expect("text");
    assert!(body.starts_with(r#"{"id":"evt_1","#), "{body}");
    listener.stop();
}

#[test]
fn a_signature_is_no_more_stale_or_early_than_its_provider_documents() {
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    for fault in ["stale", "future"] {
        let args = [
            "send",
            "order.paid",
            "--url",
            &url,
            "--secret",
            "s",
            "--fault",
            fault,
        ];
        for (definition, problem) in [
            (
                acme(&json!({})),
                "`acme` signs no time, so a signature of it cannot be",
            ),
            (
                with_time(&Value::Null),
                "`acme` documents no tolerance, so no receiver has to refuse",
            ),
        ] {
            let run = sandbox(&definition).run(&args).expect(2);
            assert!(run.stderr.contains(problem), "{}", run.stderr);
            assert_eq!(run.stdout, "");
        }
    }
    assert_eq!(endpoint.count(), 0);
    let args = [
        "send",
        "order.paid",
        "--secret",
        "s",
        "--fault",
        "stale",
        "--dry-run",
    ];
    sandbox(&with_time(&json!({"past_seconds": 300})))
        .run(&args)
        .expect(0);
}

/// The forms of a definition's `secret`, a secret that fits, one that does not, and what is said of it.
const FORMS: [(&str, &str, &str, &str); 4] = [
    (r#"{"encoding": "hex"}"#, "abcd", "hello", "is not hex, as"),
    (
        r#"{"encoding": "base64"}"#,
        "abcd",
        "he-lo",
        "is not base64, as",
    ),
    (
        r#"{"encoding": "base64"}"#,
        "abcd",
        "whsec_abcd",
        "begins with one `whsec_` more",
    ),
    (
        r#"{"encoding": "base64", "prefix": "whsec_"}"#,
        "whsec_abcd",
        "whsec_whsec_abcd",
        "begins with one `whsec_` more",
    ),
];

#[test]
fn a_secret_of_another_form_is_told_with_where_it_came_from() {
    for (form, fits, wrong, problem) in FORMS {
        let secret: Value = serde_json::from_str(form).expect("JSON");
        let definition = acme(&json!({ "secret": secret }));
        let sandbox = sandbox(&definition).with("WEBHOOK_SECRET_ACME", fits);
        let send = ["send", "order.paid", "--dry-run"];
        sandbox.run(&send).expect(0);
        let file = sandbox.file("secret", wrong);
        let file = file.to_str().expect("UTF-8");
        let named = format!("acme={wrong}");
        for (flag, value) in [
            ("--secret", wrong),
            ("--secret", &named),
            ("--secret-file", file),
        ] {
            for command in [
                &["send", "order.paid", "--dry-run"][..],
                &["sign", "--provider", "acme", "--body", file],
                &["verify", "--provider", "acme", file],
                &["listen", "--provider", "acme", "--port", "0"],
                &["test", "--provider", "acme", "--url", "http://127.0.0.1:1"],
            ] {
                let run = sandbox.run(&[command, &[flag, value]].concat()).expect(2);
                let start = format!("error: secret of `acme` from {flag}: the secret {problem}");
                assert!(run.stderr.contains(&start), "{command:?}: {}", run.stderr);
                assert!(!run.stderr.contains(wrong), "{}", run.stderr);
            }
        }
        let sandbox = sandbox.with("WEBHOOK_SECRET_ACME", wrong);
        let run = sandbox.run(&send).expect(2);
        let start = "error: secret of `acme` from environment variable WEBHOOK_SECRET_ACME: the";
        assert!(run.stderr.contains(start), "{}", run.stderr);
    }
}

#[test]
fn the_local_development_secret_has_the_form_of_each_provider_s() {
    for (form, ..) in FORMS {
        let secret: Value = serde_json::from_str(form).expect("JSON");
        let sandbox = sandbox(&acme(&json!({ "secret": secret })));
        let mut listener = sandbox.listen(&[]);
        let url = listener.url();
        sandbox
            .run(&["send", "order.paid", "--url", &url])
            .expect(0);
        assert_eq!(listener.next_of("delivery")["verdict"]["status"], "valid");
        listener.stop();
    }
}
