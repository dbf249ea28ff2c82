//! What is sent: the original bytes and signature while they verify, a fresh signature when it is
//! too old, and never one in the place of a wrong one.

use webhook_cli::delivery::{Signing, Trigger};

use super::logged::{SECRET, YEAR, attempts, fill, ibakepro, log, olympus};
use crate::harness::Sandbox;
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::now;
use crate::peers::{self, Handler, is_signed};

#[test]
fn a_year_old_olympus_delivery_passes_with_the_secret_and_fails_when_kept() {
    let sandbox = Sandbox::new();
    let original = olympus(1, now() - YEAR);
    let ids = fill(&sandbox, [original.clone()]);
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/webhooks/olympus");

    let kept = ["replay", "@last", "--url", &url, "--secret", SECRET];
    let run = sandbox
        .run(&[&kept[..], &["--sign", "keep"]].concat())
        .expect(1);
    assert!(run.stdout.contains("401"), "{}", run.stdout);
    assert!(
        run.stderr.contains("refuse it after 300 s"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("leave `--sign keep` out"),
        "{}",
        run.stderr
    );

    let run = sandbox.run(&kept).expect(0);
    assert_eq!(run.stderr, "");

    let seen = endpoint.seen();
    let signature = |at: usize| seen[at].header("X-Olympus-Signature").to_owned();
    let first = original.request.headers.text("X-Olympus-Signature");
    assert_eq!(Some(signature(0).as_str()), first);
    assert_ne!(signature(1), signature(0));
    for request in &seen {
        assert_eq!(request.body, original.request.body);
        assert_eq!(request.target(), "/webhooks/olympus?shop=1");
        assert_eq!(request.method(), "POST");
    }
    let logged = attempts(&sandbox, &ids[0]);
    let told: Vec<_> = logged
        .iter()
        .map(|a| (a.trigger, a.signing, a.status()))
        .collect();
    let row = |signing, status| (Trigger::Replay, Some(signing), Some(status));
    assert_eq!(told, [row(Signing::Kept, 401), row(Signing::Fresh, 200)]);
}

#[test]
fn the_documented_olympus_handler_agrees() {
    let handler = Handler::start("olympus", SECRET);
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now() - YEAR)]);
    let url = handler.url("olympus");
    let auto = ["replay", "@last", "--url", &url, "--secret", SECRET];
    sandbox
        .run(&[&auto[..], &["--sign", "keep"]].concat())
        .expect(1);
    sandbox.run(&auto).expect(0);
    let set = ["--set", "data.total=99", "--new-id"];
    sandbox.run(&[&auto[..], &set].concat()).expect(0);
}

#[test]
fn a_year_old_ibakepro_delivery_goes_out_byte_for_byte() {
    let sandbox = Sandbox::new();
    let original = ibakepro(1, now() - YEAR);
    let ids = fill(&sandbox, [original.clone()]);
    let endpoint = Endpoint::start(|_, message| {
        let is_signed = is_signed("ibakepro", SECRET, message);
        Reply::status(if is_signed { 200 } else { 401 })
    });
    let url = endpoint.url("/");
    for secret in [&["--secret", SECRET][..], &[]] {
        let run = sandbox.run(&[&["replay", "@last", "--url", &url], secret].concat());
        assert_eq!(run.expect(0).stderr, "");
    }
    for request in endpoint.seen() {
        assert_eq!(request.body, original.request.body);
        assert_eq!(request.target(), "/hooks?shop=1");
        for (name, value) in original.request.headers.iter() {
            assert_eq!(request.header(name).as_bytes(), value);
        }
    }
    let kept = attempts(&sandbox, &ids[0]);
    assert!(
        kept.iter()
            .all(|attempt| attempt.signing == Some(Signing::Kept))
    );
    assert_eq!(kept.len(), 2);

    let handler = Handler::start("ibakepro", SECRET);
    let url = handler.url("ibakepro");
    sandbox.run(&["replay", "@last", "--url", &url]).expect(0);
}

#[test]
fn a_fresh_enough_signature_is_kept() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now() - 60)]);
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/");
    let run = sandbox.run(&[
        "replay", "@last", "--url", &url, "--secret", SECRET, "--json",
    ]);
    assert_eq!(run.expect(0).json_lines()[0]["signing"], "kept");
}

#[test]
fn a_wrong_signature_is_never_made_a_right_one_unasked() {
    let sandbox = Sandbox::new();
    let mut forged = olympus(1, now() - YEAR);
    forged.request.body = forged.request.body.to_ascii_uppercase().into();
    fill(&sandbox, [forged.clone()]);
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/");
    let args = [
        "replay", "@last", "--url", &url, "--secret", SECRET, "--json",
    ];
    let run = sandbox.run(&args).expect(1);
    assert_eq!(run.json_lines()[0]["signing"], "kept");
    let seen = endpoint.one();
    assert_eq!(seen.body, forged.request.body);
    let first = forged.request.headers.text("X-Olympus-Signature");
    assert_eq!(Some(seen.header("X-Olympus-Signature")), first);
}

#[test]
fn without_a_secret_a_stale_delivery_is_kept_with_one_warning_for_all() {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..5).map(|number| olympus(number, now() - YEAR)));
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    let run = sandbox.run(&["replay", "-n", "5", "--url", &url]).expect(0);
    assert_eq!(
        run.stderr.matches("refuse it after").count(),
        1,
        "{}",
        run.stderr
    );
    let hint =
        "hint: give the endpoint's secret, so that it is signed afresh: `--secret olympus=…`\n";
    assert!(run.stderr.contains(hint), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("5 were sent with a signature that is too old")
    );
    assert_eq!(endpoint.count(), 5);
}

#[test]
fn the_local_secret_is_named_where_it_is_there_and_never_assumed() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join(".config/webhook/local-secret");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let ids = fill(&sandbox, [olympus(1, now() - YEAR)]);
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/");
    let named = format!("`--secret-file {}`", file.display());
    let replay = |more: &[&str]| sandbox.run(&[&["replay", "@last", "--url", &url], more].concat());
    for (more, code, text) in [
        (&[][..], 1, "`--secret olympus=…`"),
        (&["--sign", "keep"], 1, "in place of `--sign keep`"),
        (&["--sign", "fresh"], 2, "`--secret olympus=…`"),
    ] {
        let run = replay(more).expect(code);
        assert!(run.stderr.contains(text), "{}", run.stderr);
        assert!(run.stderr.contains(&named), "{}", run.stderr);
    }
    replay(&["--secret-file", file.to_str().unwrap()]).expect(0);
    let signing: Vec<_> = attempts(&sandbox, &ids[0])
        .iter()
        .map(|attempt| attempt.signing)
        .collect();
    assert_eq!(
        signing,
        [Signing::Kept, Signing::Kept, Signing::Fresh].map(Some)
    );
}

#[test]
fn signing_afresh_without_a_secret_is_an_error_and_nothing_is_sent() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now())]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    for how in [
        &["--sign", "fresh"][..],
        &["--set", "data.total=1"],
        &["--new-id"],
    ] {
        let run = sandbox
            .run(&[&["replay", "@last", "--url", &url], how].concat())
            .expect(2);
        assert!(run.stderr.contains("no secret to sign"), "{}", run.stderr);
        assert!(run.stderr.contains("--secret olympus="), "{}", run.stderr);
    }
    assert_eq!(endpoint.count(), 0);
}

#[test]
fn fresh_signs_what_need_not_be() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now() - 60)]);
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/");
    let args = [
        "replay", "@last", "--url", &url, "--secret", SECRET, "--sign", "fresh", "--json",
    ];
    assert_eq!(
        sandbox.run(&args).expect(0).json_lines()[0]["signing"],
        "fresh"
    );
}

#[test]
fn in_a_rotation_the_secret_that_signed_signs_again() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now() - YEAR)]);
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/");
    let secrets = ["--secret", "olympus=another", "--secret", SECRET];
    sandbox
        .run(&[&["replay", "@last", "--url", &url], &secrets[..]].concat())
        .expect(0);
    assert_eq!(endpoint.count(), 1);
}

#[test]
fn the_mac_tells_whose_it_is_where_the_log_was_mistaken() {
    let sandbox = Sandbox::new();
    let mut stale = olympus(1, now() - YEAR);
    stale.provider = Some("cimplify".into());
    let mut unknown = olympus(2, now() - YEAR);
    unknown.provider = None;
    let mut gone = olympus(3, now() - YEAR);
    gone.provider = Some("no-longer-there".into());
    fill(&sandbox, [stale, unknown, gone]);
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("/");
    sandbox
        .run(&["replay", "-n3", "--url", &url, "--secret", SECRET])
        .expect(0);
    assert_eq!(endpoint.count(), 3);
}

#[test]
fn a_scheme_that_signs_an_id_in_a_header_is_signed_afresh_by_its_definition() {
    let sandbox = Sandbox::new();
    let of = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    let text = std::fs::read(of.join("standard-webhooks/provider.json")).unwrap();
    sandbox.file("providers/standard-webhooks/provider.json", text);
    sandbox.file("webhook.toml", "");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjV9";
    let listener = sandbox.listen(&["--secret", secret]);
    let body =
        r#"{"type":"contact.created","timestamp":"2026-01-18T10:30:00Z","data":{"id":"c_1"}}"#;
    let headers = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1700000000"),
        ("webhook-signature", "v1,bm90IGEgc2lnbmF0dXJl"),
        ("content-type", "application/json"),
    ];
    let (status, _) = crate::harness::post(listener.address(), "/", &headers, body.as_bytes());
    assert_eq!(status, 401);
    let args = [
        "replay",
        "@last",
        "--url",
        &listener.url(),
        "--secret",
        secret,
        "--json",
    ];
    for (how, status) in [("auto", 401), ("fresh", 200)] {
        let run = sandbox.run(&[&args[..], &["--sign", how]].concat());
        let line = &run.json_lines()[0];
        assert_eq!(line["response"]["status"], status, "{line}");
    }
    let run = sandbox.run(&[&args[..], &["--new-id"]].concat()).expect(0);
    assert_eq!(run.json_lines()[0]["response"]["status"], 200);
    let reader = log(&sandbox).reader().unwrap();
    let newest = reader
        .last(&webhook_cli::store::SourceFilter::Usual, 0)
        .unwrap()
        .unwrap();
    assert_ne!(newest.event_id.as_deref(), Some("msg_1"));
    assert_eq!(newest.duplicate_of, None);
    assert_eq!(newest.request.body, body);
}

#[test]
fn a_stale_signature_is_as_old_as_it_is() {
    let sandbox = Sandbox::new();
    let at = now();
    fill(&sandbox, [olympus(1, at - 400)]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let args = [
        "replay", "@last", "--secret", SECRET, "--sign", "keep", "--url", &url,
    ];
    let run = sandbox.run(&args).expect(0);
    let (_, told) = run.stderr.split_once("` is ").expect(&run.stderr);
    let age: i64 = told.split(' ').next().unwrap().parse().unwrap();
    assert!((400..=now() - at + 400).contains(&age), "{}", run.stderr);
}
