//! Several signatures on one delivery, as GitHub sends them while receivers move from one to the other.
//! The MACs here were made with `openssl dgst -hmac`, and Node's `createHmac` agreed.

use serde_json::{Value, json};

use crate::harness::Sandbox;

const SECRET: &str = "It's a Secret to Everybody";
const BODY: &str = r#"{"zen":"Keep it logically awesome."}"#;
const SHA1: &str = "sha1=959d6081c0465919c3e3c8c436898c2f936a411c";
const SHA256: &str = "sha256=b9f180c4171a9926a5055962b54ec47b0ebee85e62e76c83ebdbb382f77b05ac";

/// The code and the verdict of `verify` on the body with these two signatures, none where one is empty.
fn verified(signatures: [&str; 2], more: &[&str]) -> (Option<i32>, Value) {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET_GITHUB", SECRET);
    sandbox.file("body", BODY);
    let names = ["X-Hub-Signature-256", "X-Hub-Signature"];
    let fields = names
        .iter()
        .zip(signatures)
        .filter(|(_, value)| !value.is_empty());
    let mut args = vec!["verify".to_owned(), "body".into(), "--json".into()];
    args.extend(["--provider".into(), "github".into()]);
    for (name, value) in fields {
        args.extend(["-H".into(), format!("{name}: {value}")]);
    }
    args.extend(more.iter().map(|&text| text.to_owned()));
    let run = sandbox.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let line = run.json_lines().remove(0);
    (run.code, line["verdict"].clone())
}

/// The signature with its last digit changed.
fn wrong(signature: &str) -> String {
    let (rest, last) = signature.split_at(signature.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

#[test]
fn each_signature_is_judged_and_the_first_that_is_there_decides() {
    let (bad_256, bad_1) = (wrong(SHA256), wrong(SHA1));
    let at = "X-Hub-Signature";
    for (signatures, asked, decided, judged, note) in [
        ([SHA256, SHA1], None, "valid", vec!["valid", "valid"], ""),
        ([SHA256, ""], None, "valid", vec![], ""),
        (["", SHA1], None, "valid", vec![], ""),
        (
            [SHA256, &bad_1],
            None,
            "valid",
            vec!["valid", "mismatch"],
            "not right",
        ),
        (
            [&bad_256, SHA1],
            None,
            "mismatch",
            vec!["mismatch", "valid"],
            "is right",
        ),
        (
            [&bad_256, &bad_1],
            None,
            "mismatch",
            vec!["mismatch", "mismatch"],
            "",
        ),
        (
            [&bad_256, SHA1],
            Some(at),
            "valid",
            vec!["mismatch", "valid"],
            "not right",
        ),
        (
            [SHA256, &bad_1],
            Some("x-hub-signature"),
            "mismatch",
            vec!["valid", "mismatch"],
            "is right",
        ),
        (
            [SHA256, ""],
            Some(at),
            "missing",
            vec!["valid", "missing"],
            "is right",
        ),
        (
            [SHA256, "sha1=xyz"],
            None,
            "valid",
            vec!["valid", "malformed"],
            "not right",
        ),
    ] {
        let more = asked.map_or(vec![], |name| vec!["--signature-at", name]);
        let (code, verdict) = verified(signatures, &more);
        let shown = format!("{signatures:?} {asked:?}: {verdict}");
        assert_eq!(verdict["status"], decided, "{shown}");
        assert_eq!(code, Some(i32::from(decided != "valid")), "{shown}");
        let all = verdict["signatures"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let statuses: Vec<_> = all.iter().map(|one| one["status"].clone()).collect();
        assert_eq!(json!(statuses), json!(judged), "{shown}");
        let notes = verdict["notes"].to_string();
        assert_eq!(
            !note.is_empty() && notes.contains(note),
            !note.is_empty(),
            "{shown}"
        );
        assert_eq!(notes == "[]", note.is_empty(), "{shown}");
    }
}

#[test]
fn what_is_sent_carries_all_of_them_and_a_forgery_one() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET_GITHUB", SECRET);
    let send = [
        "send",
        "push",
        "-p",
        "github",
        "--body",
        "@body",
        "--dry-run",
        "--as",
        "http",
    ];
    sandbox.file("body", BODY);
    let genuine = sandbox.run(&send).expect(0).stdout;
    for right in [SHA1, SHA256] {
        assert!(genuine.contains(right), "{genuine}");
    }
    let faults = [
        "truncated",
        "malformed-signature",
        "wrong-prefix",
        "missing-signature",
    ];
    for fault in faults {
        let forged = sandbox
            .run(&[&send[..], &["--fault", fault]].concat())
            .expect(0)
            .stdout;
        assert!(!forged.contains("X-Hub-Signature:"), "{fault}: {forged}");
    }
    let wrong = sandbox
        .run(&[&send[..], &["--fault", "wrong-secret"]].concat())
        .expect(0)
        .stdout;
    assert!(!wrong.contains(SHA1) && wrong.contains("sha1="), "{wrong}");
}

#[test]
fn a_listener_tells_both_and_a_replay_signs_both_afresh() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET_GITHUB", SECRET);
    let mut listener = sandbox.listen(&[]);
    let url = listener.url();
    sandbox
        .run(&["send", "push", "-p", "github", "--url", &url])
        .expect(0);
    let delivery = listener.next_of("delivery");
    let signatures = json!([
        {"at": "X-Hub-Signature-256", "status": "valid"},
        {"at": "X-Hub-Signature", "status": "valid"}
    ]);
    assert_eq!(delivery["verdict"]["signatures"], signatures, "{delivery}");
    let id = delivery["id"].as_str().expect("an id");
    let shown = sandbox.run(&["log", "show", id]).expect(0).stdout;
    assert!(shown.contains("valid in X-Hub-Signature-256"), "{shown}");
    let again = ["replay", id, "--url", &url, "--set", "ref=refs/heads/other"];
    sandbox.run(&again).expect(0);
    let replayed = listener.next_of("delivery");
    assert_eq!(replayed["verdict"]["signatures"], signatures, "{replayed}");
    listener.stop();
}

#[test]
fn a_place_in_which_nobody_signs_beside_another_is_an_error_with_the_nearest() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", SECRET);
    sandbox.file("body", BODY);
    for command in [&["verify", "body"][..], &["listen"]] {
        let run = sandbox.run(&[command, &["--signature-at", "X-Hub-Signatur"]].concat());
        let told = "`X-Hub-Signature`";
        assert!(
            run.code == Some(2) && run.stderr.contains(told),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn what_could_not_be_told_apart_is_refused_when_it_is_read() {
    let hmac = |header: &str| {
        json!({"header": header, "value": {"parts": ["{signature}"]}, "signed": "{body}",
            "digest": "sha256", "encoding": "hex"})
    };
    let with = |one: Value, more: &[Value]| {
        let mut signature = one;
        signature["also_signed"] = json!(more);
        signature
    };
    let mut unsent = hmac("X-A");
    unsent["sent"] = json!(false);
    let mut pair = hmac("X-B");
    pair["kind"] = json!("ed25519");
    pair.as_object_mut().expect("fields").remove("digest");
    for (signature, problem) in [
        (
            unsent,
            "`signature.sent`: is for those in `also_signed` alone",
        ),
        (
            with(hmac("X-A"), &[hmac("x-a")]),
            "two signatures stand in `",
        ),
        (
            with(hmac("X-A"), &[with(hmac("X-B"), &[hmac("X-C")])]),
            "within `also_signed`",
        ),
        (
            with(hmac("X-A"), &[pair]),
            "a key pair beside a shared secret",
        ),
        (
            with(hmac("X-A"), &[json!({"header": "X-B"})]),
            "`signature.also_signed[0]`",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.file("webhook.toml", "");
        let definition = json!({"name": "acme", "signature": signature, "envelope": {
            "template": {"id": "{{id:event}}", "type": "{{event}}", "data": "{{data}}"},
            "event": "type", "id": "id", "data": "data"}});
        sandbox.file("providers/acme/provider.json", definition.to_string());
        let run = sandbox.run(&["providers", "show", "acme"]).expect(2);
        assert!(run.stderr.contains(problem), "{problem}: {}", run.stderr);
    }
}
