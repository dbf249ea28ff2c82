//! Settings of providers: flag, variable and configuration file, down to the bytes that are signed.

use crate::harness::{Run, Sandbox};

const KEY: &str = include_str!("../data/keys/rsa.pem");

/// Writes a delivery that is signed with this id of a webhook.
fn send(sandbox: &Sandbox, id: &str) {
    let args =
        "send PAYMENT.CAPTURE.COMPLETED -p paypal --secret-file paypal=key.pem --dry-run --as json";
    let setting = format!("webhook-id={id}");
    let args: Vec<_> = args.split(' ').chain(["--setting", &setting]).collect();
    sandbox.file("sent.json", &sandbox.run(&args).expect(0).stdout);
}

/// Verifies it, with the id that is in force there.
fn verify(sandbox: &Sandbox) -> Run {
    sandbox.run(&["verify", "sent.json", "--secret-file", "paypal=key.pem"])
}

/// Whether a delivery that is signed with this id is taken for a genuine one.
fn verified(sandbox: &Sandbox, id: &str) -> Option<i32> {
    send(sandbox, id);
    verify(sandbox).code
}

#[test]
fn a_setting_is_signed_wherever_it_is_given() {
    let sandbox = Sandbox::new();
    sandbox.file("key.pem", KEY);
    assert_eq!(
        verified(&sandbox, "1JE4291016473214C"),
        Some(0),
        "the default"
    );
    assert_eq!(verified(&sandbox, "WH-OTHER"), Some(1));
    sandbox.file(
        "webhook.toml",
        "[providers.paypal.settings]\nwebhook-id = \"WH-FILE\"\n",
    );
    assert_eq!(verified(&sandbox, "WH-FILE"), Some(0));
    let sandbox = sandbox.with("PAYPAL_WEBHOOK_ID", "WH-VARIABLE");
    assert_eq!(
        verified(&sandbox, "WH-FILE"),
        Some(1),
        "the variable comes first"
    );
    assert_eq!(verified(&sandbox, "WH-VARIABLE"), Some(0));
}

#[test]
fn a_setting_that_nobody_has_or_that_cannot_be_is_an_error() {
    let sandbox = Sandbox::new();
    for (given, told) in [
        ("webhook-ide=1", "did you mean `webhook-id`"),
        ("stripe.webhook-id=1", "no provider has a setting"),
        ("webhook-id", "is no NAME=VALUE"),
        ("webhook-id={body}", "the value of a setting has `{`"),
    ] {
        let run = sandbox
            .run(&["providers", "show", "paypal", "--setting", given])
            .expect(2);
        assert!(run.stderr.contains(told), "{given}: {}", run.stderr);
    }
    sandbox.file(
        "webhook.toml",
        "[providers.paypal.settings]\nwebhok = \"x\"\n",
    );
    let run = sandbox.run(&["providers"]).expect(2);
    assert!(run.stderr.contains("paypal.webhok"), "{}", run.stderr);
}

#[test]
fn a_wrong_signature_over_a_setting_tells_of_it() {
    let sandbox = Sandbox::new();
    sandbox.file("key.pem", KEY);
    send(&sandbox, "WH-OTHER");
    let run = verify(&sandbox);
    let told = "`--setting webhook-id=…` or `PAYPAL_WEBHOOK_ID`";
    assert!(
        run.code == Some(1) && run.stdout.contains(told),
        "{}",
        run.stdout
    );
    let shown = sandbox.run(&["providers", "show", "github"]).expect(0);
    let beside = "X-Hub-Signature: sha1=<40 hex digits>";
    assert!(shown.stdout.contains(beside), "{}", shown.stdout);
}

#[test]
fn each_setting_that_is_given_is_shown_with_where_it_comes_from_and_one_called_a_secret_is_hidden()
{
    let sandbox = Sandbox::new();
    let definition = r#"{"name": "acme",
  "settings": [{"name": "verify-token", "about": "what is sent along", "default": "none"}],
  "signature": {"header": "X-Acme", "value": {"parts": ["{signature}"]},
    "signed": "{setting:verify-token}{body}", "digest": "sha256", "encoding": "hex"},
  "envelope": {"template": {"type": "{{event}}", "data": "{{data}}"}, "event": "type", "id": null, "data": "data"}}"#;
    sandbox.file("own/acme/provider.json", definition);
    let file = "[providers.paypal.settings]\nwebhook-id = \"WH-FILE\"\n\
                [providers.acme.settings]\nverify-token = \"in-the-file\"\n";
    sandbox.file("webhook.toml", file);
    let shown = |sandbox: &Sandbox, more: &[&str]| {
        let args = ["config", "--json", "--providers", "own"];
        let run = sandbox.run(&[&args, more].concat()).expect(0);
        assert!(!run.stdout.contains("in-the-file"), "{}", run.stdout);
        let lines = run.json_lines().into_iter().filter_map(|line| {
            let name = line["name"]
                .as_str()?
                .strip_prefix("providers.")?
                .to_owned();
            let text = |key: &str| line[key].as_str().expect("text").to_owned();
            Some((name, text("value"), text("origin")))
        });
        lines.collect::<Vec<_>>()
    };
    let find = |lines: &[(String, String, String)], name: &str| {
        let line = lines.iter().find(|(own, _, _)| own == name);
        line.map(|(_, value, origin)| (value.clone(), origin.clone()))
    };
    let lines = shown(&sandbox, &[]);
    let (value, origin) = find(&lines, "paypal.settings.webhook-id").expect("a line");
    assert!(origin.contains("webhook.toml"), "{origin}");
    assert_eq!(value, "WH-FILE");
    let hidden = find(&lines, "acme.settings.verify-token").expect("a line");
    assert_eq!(hidden.0, "redacted");
    assert_eq!(find(&lines, "pusher.settings.key"), None, "the default");

    let flagged = shown(&sandbox, &["--setting", "webhook-id=WH-FLAG"]);
    let (value, origin) = find(&flagged, "paypal.settings.webhook-id").expect("a line");
    assert_eq!((value.as_str(), origin.as_str()), ("WH-FLAG", "--setting"));
    let sandbox = sandbox.with("PAYPAL_WEBHOOK_ID", "WH-VARIABLE");
    let lines = shown(&sandbox, &[]);
    let (value, origin) = find(&lines, "paypal.settings.webhook-id").expect("a line");
    assert!(origin.contains("PAYPAL_WEBHOOK_ID"), "{origin}");
    assert_eq!(value, "WH-VARIABLE");
}
