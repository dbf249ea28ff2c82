//! `send --handshake`: what a provider asks before it delivers, and whether the answer is right.

use serde_json::json;

use crate::harness::Sandbox;
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;

/// An application that answers Slack's challenge, if it may.
fn slack(answer: fn(&str) -> String) -> Endpoint {
    Endpoint::start(move |_, message: &Message| {
        let challenge = message.json()["challenge"].clone();
        Reply::Page(200, answer(challenge.as_str().unwrap_or("")).into_bytes())
    })
}

#[test]
fn a_right_answer_is_yes_and_a_wrong_one_says_what_was_expected() {
    let sandbox = Sandbox::new();
    for (app, code) in [
        (
            slack(|challenge| json!({"challenge": challenge}).to_string()),
            0,
        ),
        (slack(str::to_owned), 0),
        (slack(|_| "ok".into()), 1),
    ] {
        let url = app.url("/slack");
        let args = [
            "send",
            "--handshake",
            "-p",
            "slack",
            "--secret",
            "s",
            "--url",
            &url,
        ];
        let run = sandbox.run(&args).expect(code);
        let sent = app.one();
        assert_eq!(sent.method(), "POST");
        assert_eq!(sent.json()["type"], "url_verification");
        assert!(sent.field("x-slack-signature").is_some());
        let challenge = sent.json()["challenge"].as_str().unwrap().to_owned();
        let said = match code {
            0 => "the answer to `url_verification` that slack documents".to_owned(),
            _ => format!(
                "the handshake `url_verification` of slack fails: expected \
                 `{{\"challenge\":\"{challenge}\"}}`, got `ok`"
            ),
        };
        assert!(run.stdout.contains(&said), "{}", run.stdout);
    }
    let app = slack(|_| "ok".into());
    let url = app.url("/");
    let args = [
        "send",
        "--handshake",
        "url_verification",
        "-p",
        "slack",
        "--secret",
        "s",
        "--url",
        &url,
        "--json",
    ];
    let lines = sandbox.run(&args).expect(1).json_lines();
    assert_eq!(lines[0]["expected"], false, "{}", lines[0]);
    assert_eq!(lines[0]["difference"]["got"], "`ok`");
}

#[test]
fn one_that_is_not_signed_goes_out_as_its_provider_sends_it() {
    let sandbox = Sandbox::new();
    let app = Endpoint::start(|_, message: &Message| {
        let query = message
            .target()
            .split_once('?')
            .map_or("", |(_, query)| query);
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let challenge = pairs.find(|(name, _)| name == "hub.challenge");
        Reply::Page(
            200,
            challenge.map_or(Vec::new(), |(_, value)| value.as_bytes().to_vec()),
        )
    });
    let url = app.url("/hook?shop=1");
    let args = ["send", "--handshake", "-p", "meta", "--url", &url];
    sandbox.run(&args).expect(0);
    let sent = app.one();
    assert_eq!(sent.method(), "GET");
    assert!(
        sent.target()
            .starts_with("/hook?shop=1&hub.mode=subscribe&hub.challenge="),
        "{}",
        sent.line
    );
    assert_eq!(sent.field("x-hub-signature-256"), None);
    assert_eq!((sent.field("content-type"), sent.body.len()), (None, 0));
    let dry = [&args[..], &["--dry-run", "--as", "curl"]].concat();
    let run = sandbox.run(&dry).expect(0);
    let line = run.stdout.lines().next().unwrap();
    assert!(
        line.contains("/hook?shop=1&hub.mode=subscribe&hub.challenge="),
        "{line}"
    );
    let fault = [&args[..], &["--fault", "wrong-secret"]].concat();
    let run = sandbox.run(&fault).expect(2);
    assert!(
        run.stderr
            .contains("the handshake `subscribe` is not signed"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_forged_one_is_judged_by_its_refusal() {
    let sandbox = Sandbox::new();
    for (status, code) in [(401, 0), (200, 1)] {
        let app = Endpoint::script(&[status]);
        let url = app.url("/");
        let args = [
            "send",
            "--handshake",
            "-p",
            "zoom",
            "--secret",
            "s",
            "--fault",
            "wrong-secret",
            "--url",
            &url,
        ];
        sandbox.run(&args).expect(code);
    }
}

#[test]
fn what_a_provider_does_not_have_is_said() {
    let sandbox = Sandbox::new();
    for (args, said) in [
        (
            &["-p", "olympus", "--handshake"][..],
            "`olympus` has no handshake",
        ),
        (
            &["-p", "slack", "--handshake", "url_verify"],
            "did you mean `url_verification`?",
        ),
        (&["--handshake"], "say which: `--provider NAME`"),
        (
            &[
                "-p",
                "slack",
                "--handshake",
                "url_verification",
                "--data",
                "{}",
            ],
            "cannot be used with",
        ),
    ] {
        let all = [&["send", "--url", "9"], args].concat();
        let run = sandbox.run(&all).expect(2);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

/// What is documented is sent and answered by this program alone.
#[test]
fn the_listener_answers_every_handshake_as_it_is_documented() {
    let sandbox = Sandbox::new();
    let listed = sandbox.run(&["providers", "--json"]).expect(0).json_lines();
    let with = listed.iter().filter(|it| it["handshakes"] != json!([]));
    let names: Vec<_> = with.map(|it| it["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"slack") && names.contains(&"meta"),
        "{names:?}"
    );
    for name in names {
        // With the local secret, which has a form for each kind of signature.
        let listener = sandbox.listen(&[]);
        let url = listener.url();
        let args = ["send", "--handshake", "-p", name, "--url", &url];
        let run = sandbox.run(&args).expect(0);
        assert!(
            run.stdout.contains("that") && run.stdout.contains("documents"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn the_status_alone_is_not_enough_where_a_provider_looks_at_more() {
    let sandbox = Sandbox::new();
    sandbox.file("webhook.toml", "");
    let definition = json!({"name": "acme",
        "signature": {"header": "X-Acme-Signature", "value": {"parts": ["{signature}"]},
            "signed": "{body}", "digest": "sha256", "encoding": "hex"},
        "envelope": {"template": {"id": "{{id:e}}", "type": "{{event}}", "data": "{{data}}"},
            "event": "type", "id": "id", "data": "data"},
        "answer": {"text": "[accepted]"}});
    sandbox.file("providers/acme/provider.json", definition.to_string());
    let event = r#"{"description": "An order is paid", "source": "inferred", "data": {"a": 1}}"#;
    sandbox.file("providers/acme/events/order.paid.json", event);
    for (answer, is_warned) in [("[accepted]", false), ("ok", true)] {
        let app = Endpoint::start(move |_, _| Reply::Page(200, answer.into()));
        let url = app.url("/");
        let args = [
            "send",
            "order.paid",
            "-p",
            "acme",
            "--secret",
            "s",
            "--url",
            &url,
        ];
        let run = sandbox.run(&args).expect(0);
        let said = "acme documents another answer: expected `[accepted]`, got `ok`";
        assert_eq!(run.stderr.contains(said), is_warned, "{}", run.stderr);
    }
}
