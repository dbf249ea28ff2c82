//! What a run proves, and what it says where it proves nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::handler::{Fault, SECRET, start};
use super::{check, ids, run_against};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;
use crate::harness::{Run, Sandbox};

fn mac(body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

/// Whether Cimplify has signed it.
fn is_genuine(message: &Message) -> bool {
    message.field("X-Cimplify-Signature") == Some(hex::encode(mac(&message.body)).as_str())
}

/// A right handler of Cimplify, but for what `lock` makes of its answers; `lock` is told how many
/// requests came before, how many forgeries since the last genuine delivery, and the right answer. A
/// status of 0 is the end of the connection.
fn locking(lock: impl Fn(usize, usize, u16) -> u16 + Send + Sync + 'static) -> Endpoint {
    let forged = AtomicUsize::new(0);
    Endpoint::start(move |number, message| {
        let right = if is_genuine(message) { 200 } else { 401 };
        let before = match right {
            200 => forged.swap(0, Ordering::SeqCst),
            _ => forged.fetch_add(1, Ordering::SeqCst),
        };
        match lock(number, before, right) {
            0 => Reply::Hangup,
            status => Reply::status(status),
        }
    })
}

fn report(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.folder().join("r.xml")).expect("a report")
}

/// A refusal proves something only while what is genuine is taken: not a limiter's, not a lock-out's.
#[test]
fn refusals_of_a_limiter_or_a_lock_out_prove_nothing() {
    for (later, told) in [
        (429, "a rate limit answers 429"),
        (401, "genuine deliveries are answered 401 since"),
        (403, "genuine deliveries are answered 403 since"),
        (404, "genuine deliveries are answered 404 since"),
        (503, "genuine deliveries are answered 503 since"),
        (0, "genuine deliveries get no answer since"),
        // To a page that asks who is there.
        (302, "genuine deliveries are answered 302 since"),
    ] {
        let lock = move |number: usize, _, right| if number < 9 { right } else { later };
        let handler = locking(lock);
        let sandbox = Sandbox::new();
        let url = handler.url("/");
        let base = [
            "test",
            "--provider",
            "cimplify",
            "--secret",
            SECRET,
            "--no-log",
        ];
        let more = [
            "--url",
            &url,
            "--only",
            "signature,order",
            "--junit",
            "r.xml",
        ];
        let run = sandbox
            .run(&[&base[..], &more, &["--json"]].concat())
            .expect(1);
        assert!(run.stderr.contains(told), "{later}: {}", run.stderr);
        let lines = run.json_lines();
        // The greeting, then each check with a genuine delivery after it.
        assert_eq!(ids(&lines, "pass").len(), 4, "{later} {lines:?}");
        assert_eq!(ids(&lines, "fail"), [""; 0], "{later}");
        let summary = lines.last().unwrap();
        assert!(summary["open"].as_u64().unwrap() > 10, "{summary}");
        assert!(
            summary["limited"].as_str().unwrap().contains(told),
            "{summary}"
        );
        assert!(summary["interrupted"].is_null(), "{summary}");
        let report = report(&sandbox);
        assert!(report.contains(r#"type="limited""#), "{report}");
        assert!(report.contains(r#"type="open""#), "{report}");
        assert!(
            report.contains(&format!(r#"<skipped message="{told}"#)),
            "{report}"
        );
    }
}

/// Where each attempt is signed anew with a nonce or a token, who takes each signature once is right.
#[test]
fn a_repeat_with_a_signature_for_one_use_proves_nothing() {
    for (provider, is_single_use) in [("mailgun", true), ("adcp", true), ("cimplify", false)] {
        let seen = Mutex::new(Vec::new());
        let handler = Endpoint::start(move |_, message| {
            let proof = (
                message.field("Signature").map(str::to_owned),
                message.body.clone(),
            );
            let mut seen = seen.lock().expect("seen");
            let is_new = !seen.contains(&proof);
            seen.push(proof);
            Reply::status(if is_new { 200 } else { 401 })
        });
        let url = handler.url("/");
        let lines = Sandbox::new()
            .run(&[
                "test",
                "-p",
                provider,
                "--url",
                &url,
                "--only",
                "idempotent",
                "--json",
            ])
            .json_lines();
        let repeats = ["idempotent/twice", "idempotent/concurrent"];
        let (outcome, other) = if is_single_use {
            ("open", "fail")
        } else {
            ("fail", "open")
        };
        assert_eq!(ids(&lines, outcome), repeats, "{provider}: {lines:?}");
        assert_eq!(ids(&lines, other), [""; 0], "{provider}");
        if is_single_use {
            let reason = lines[0]["reason"].as_str().expect("a reason");
            assert!(reason.contains("that it took before"), "{reason}");
        }
    }
}

/// A ban ends connections whatever is sent, as of what is genuine and nothing else.
#[test]
fn a_ban_is_no_crash_wherever_it_begins() {
    for first in [1, 2, 5, 30] {
        let handler = locking(move |number, _, right| if number < first { right } else { 0 });
        let lines = run_against(&handler.url("/"), "cimplify", &["--json"])
            .expect(1)
            .json_lines();
        assert_eq!(ids(&lines, "fail"), [""; 0], "{first}");
        let limited = lines.last().unwrap()["limited"].as_str().map(str::to_owned);
        assert!(limited.is_some_and(|text| text.contains("get no answer since")));
    }
    // What ends the connection on a forgery alone crashes on it.
    let handler = locking(|_, _, right| if right == 200 { 200 } else { 0 });
    let more = ["--only", "signature/missing", "--json"];
    let lines = run_against(&handler.url("/"), "cimplify", &more)
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "fail"), ["signature/missing"]);
    assert!(lines.last().unwrap()["limited"].is_null());
}

/// A limiter that says when to come again is no obstacle, from the first delivery on.
#[test]
fn a_limiter_is_waited_for_as_long_as_it_says() {
    for status in [429, 503] {
        let handler = Endpoint::start(move |number, message| {
            let again = vec![("Retry-After", "0".to_owned())];
            match number % 3 {
                0 | 1 => Reply::Status(status, again),
                _ if is_genuine(message) => Reply::status(200),
                _ => Reply::status(401),
            }
        });
        let more = ["--json", "--skip", "idempotent/concurrent,prompt/load"];
        let run = run_against(&handler.url("/"), "cimplify", &more).expect(0);
        let lines = run.json_lines();
        for outcome in ["fail", "warn", "open"] {
            let only_uncounted = |id: &String| id == "idempotent/twice";
            assert!(ids(&lines, outcome).iter().all(only_uncounted), "{lines:?}");
        }
        assert!(lines.last().unwrap()["limited"].is_null(), "{lines:?}");
    }
    // One that never lets through is given up.
    let handler = Endpoint::start(|number, _| match number {
        0 => Reply::status(200),
        _ => Reply::Status(429, vec![("Retry-After", "0".into())]),
    });
    let lines = run_against(&handler.url("/"), "cimplify", &["--json"])
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "fail"), [""; 0]);
    assert!(lines.last().unwrap()["limited"].is_string());
    assert!(handler.count() < 200, "{}", handler.count());
}

/// Genuine deliveries in between show that nobody is locked out.
#[test]
fn a_lock_that_genuine_deliveries_lift_is_no_obstacle() {
    let handler = locking(|_, forged, right| if forged < 3 { right } else { 403 });
    let run = run_against(
        &handler.url("/"),
        "cimplify",
        &["--only", "signature", "--json"],
    );
    let lines = run.expect(0).json_lines();
    assert!(lines.last().unwrap()["limited"].is_null());
    assert_eq!(ids(&lines, "open"), [""; 0]);
}

/// A limit that ends again leaves open what met it, and nothing else.
#[test]
fn a_limit_leaves_open_what_met_it() {
    let handler = locking(|number, _, right| if number == 3 { 429 } else { right });
    let more = ["--only", "accepts/event*,accepts/unicode", "--json"];
    let lines = run_against(&handler.url("/"), "cimplify", &more)
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "open").len(), 1, "{lines:?}");
    assert_eq!(ids(&lines, "pass").len(), lines.len() - 2, "{lines:?}");
}

/// A limit that is met from the start ends the run, one that is met before a load is none of it.
#[test]
fn a_limit_is_not_taken_for_a_handler_that_is_slow() {
    let handler = Endpoint::script(&[429]);
    let run = run_against(&handler.url("/"), "cimplify", &[]).expect(1);
    assert!(run.stderr.contains("lift the rate limit"), "{}", run.stderr);
    assert_eq!(handler.count(), 1);
    let handler = locking(|number, _, right| if number < 2 { right } else { 429 });
    let more = [
        "--only",
        "prompt/deadline,prompt/tenth,prompt/load",
        "--json",
    ];
    let lines = run_against(&handler.url("/"), "cimplify", &more)
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "open"), ["prompt/tenth", "prompt/load"]);
}

/// What refuses everything in one way does not tell a forgery.
#[test]
fn a_refusal_that_genuine_deliveries_meet_as_well_is_open() {
    let handler = Endpoint::script(&[404]);
    let more = ["--only", "accepts/unicode,signature/missing", "--json"];
    let lines = run_against(&handler.url("/"), "cimplify", &more)
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "fail"), ["accepts/unicode"]);
    assert_eq!(ids(&lines, "open"), ["signature/missing"]);
}

/// A wrong secret is told by the first answer.
#[test]
fn a_wrong_secret_ends_the_run_with_its_first_request() {
    for status in [400, 401, 403] {
        let handler = Endpoint::script(&[status]);
        let url = handler.url("/");
        let run = run_against(&url, "cimplify", &[]).expect(1);
        assert_eq!(run.stdout, "");
        let told = format!("the handler answers {status} to a genuine delivery");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
        assert!(
            run.stderr.contains("is `--secret` the handler's own?"),
            "{}",
            run.stderr
        );
        assert_eq!(handler.count(), 1);
        let run = run_against(&url, "cimplify", &["--json"]).expect(1);
        let lines = run.json_lines();
        let [summary] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        assert!(
            summary["refused"].as_str().unwrap().contains(&told),
            "{summary}"
        );
        assert_eq!(handler.count(), 2);
    }
}

/// A provider beside `webhook.toml`, made of Cimplify's definition.
fn own_provider(sandbox: &Sandbox, change: impl FnOnce(&mut Value), data: &Value) {
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cimplify");
    let definition = std::fs::read(built_in.join("provider.json")).unwrap();
    let mut definition: Value = serde_json::from_slice(&definition).unwrap();
    definition["name"] = "own".into();
    definition["handler"] = json!({});
    change(&mut definition);
    let event = json!({"description": "Paid", "source": "documented", "data": data});
    std::fs::create_dir_all(sandbox.folder().join("providers/own/events")).unwrap();
    sandbox.file("providers/own/provider.json", definition.to_string());
    sandbox.file("providers/own/events/order.paid.json", event.to_string());
    sandbox.file("webhook.toml", "");
}

fn test_own(sandbox: &Sandbox, handler: &Endpoint) -> Vec<Value> {
    let url = handler.url("/");
    let args = ["test", "--provider", "own", "--secret", SECRET, "--no-log"];
    let run: Run = sandbox.run(&[&args[..], &["--url", &url, "--json"]].concat());
    run.expect(0).json_lines()
}

/// What would go out unchanged is not sent, and says so; a right handler is not accused.
#[test]
fn a_change_that_a_payload_has_no_place_for_is_skipped() {
    let event = |source: &str| json!({"header": source});
    let envelope = |definition: &mut Value| {
        definition["delivery"]["headers"] = json!([
            ["Content-Type", "application/json; charset=utf-8"],
            ["X-Event", "{{event}}"]
        ]);
        definition["envelope"] = json!({
            "template": "{{data}}", "event": event("X-Event"), "id": event("X-Id"), "data": ""
        });
    };
    for data in [
        json!([]),
        json!(["a"]),
        json!("ping"),
        json!(7),
        json!(null),
    ] {
        let sandbox = Sandbox::new();
        own_provider(&sandbox, envelope, &data);
        let handler = locking(|_, _, right| right);
        let lines = test_own(&sandbox, &handler);
        let skipped = ids(&lines, "skip");
        for id in [
            "accepts/extra-data-field",
            "accepts/unicode",
            "accepts/large-body",
            "accepts/content-type-charset",
            "raw-bytes/number-text",
            "raw-bytes/key-order",
            "signature/other-body",
        ] {
            assert!(
                skipped.iter().any(|one| one == id),
                "{data} {id}: {skipped:?}"
            );
        }
        let reason = lines.iter().find(|line| line["outcome"] == "skip").unwrap();
        assert!(!reason["reason"].as_str().unwrap().is_empty());
        assert!(!skipped.iter().any(|id| id == "signature/tampered-body"));
        assert!(!skipped.iter().any(|id| id == "accepts/unknown-event"));
    }
}

/// A list has a place in its first object.
#[test]
fn a_change_finds_its_place_in_a_list() {
    let sandbox = Sandbox::new();
    let envelope = |definition: &mut Value| {
        definition["envelope"] = json!({
            "template": {"type": "{{event}}", "events": "{{data}}"},
            "event": "type", "id": "events", "data": "events"
        });
    };
    own_provider(&sandbox, envelope, &json!([{"total": 12}, {"total": 13}]));
    let handler = locking(|_, _, right| right);
    let lines = test_own(&sandbox, &handler);
    assert_eq!(ids(&lines, "skip"), [""; 0]);
    let bodies = handler.seen();
    let large = bodies.iter().find(|message| message.body.len() > 1 << 20);
    let large = large.expect("a large body").json();
    assert!(large["events"][0]["webhook_test_extra"].is_string());
}

/// An id, an event's name and a time may stand in a list.
#[test]
fn an_id_is_found_wherever_a_definition_says() {
    let sandbox = Sandbox::new();
    let envelope = |definition: &mut Value| {
        definition["envelope"] = json!({
            "template": {"events": "{{data}}"},
            "event": "events[0].meta.type", "id": "events[0].id", "data": "events[0].order"
        });
    };
    let data =
        json!([{"id": "evt_{{id:one}}", "meta": {"type": "order.paid"}, "order": {"total": 1.5}}]);
    own_provider(&sandbox, envelope, &data);
    let handler = locking(|_, _, right| right);
    let url = handler.url("/");
    let base = [
        "test",
        "--provider",
        "own",
        "--secret",
        SECRET,
        "--url",
        &url,
    ];
    sandbox.run(&base).expect(0);
    let sent = sandbox.run(&["log", "--source", "test", "--json"]);
    for line in sent.expect(0).json_lines() {
        let id = line["event_id"].as_str().unwrap_or_default();
        let is_broken = !line["request"]["body"]
            .as_str()
            .unwrap_or_default()
            .contains(id);
        assert!(id.starts_with("evt_") || is_broken, "{line}");
        assert!(line["event"].is_string(), "{line}");
    }
}

/// The name of an event may stand in the data.
#[test]
fn an_unknown_event_is_unknown_wherever_its_name_stands() {
    let sandbox = Sandbox::new();
    let envelope = |definition: &mut Value| {
        definition["envelope"] = json!({
            "template": {"id": "{{id:event}}", "body": "{{data}}"},
            "event": "body.type", "id": "id", "data": "body"
        });
    };
    own_provider(&sandbox, envelope, &json!({"type": "order.paid"}));
    let handler = locking(|_, _, right| right);
    test_own(&sandbox, &handler);
    let unknown = handler.seen().iter().any(|message| {
        let name = &message.json()["body"]["type"];
        name == "webhook_test.never_heard_of"
    });
    assert!(unknown);
}

/// Reads base64 as libraries do that pass over what is no base64, and need no padding.
fn lenient(text: &str) -> Vec<u8> {
    let is_digit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let end = text.find('=').unwrap_or(text.len());
    let mut digits: String = text[..end].chars().filter(is_digit).collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    while !digits.len().is_multiple_of(4) {
        digits.push('=');
    }
    STANDARD.decode(digits).unwrap_or_default()
}

/// That a decoder makes good what is missing is no forgery.
#[test]
fn a_lenient_decoder_is_a_warning_at_most() {
    let sandbox = Sandbox::new();
    let base64 = |definition: &mut Value| definition["signature"]["encoding"] = "base64".into();
    own_provider(&sandbox, base64, &json!({"id": "ord_1"}));
    let handler = Endpoint::start(|_, message| {
        let shown = message.field("X-Cimplify-Signature").unwrap_or_default();
        let is_right = lenient(shown) == mac(&message.body);
        Reply::status(if is_right { 200 } else { 401 })
    });
    let lines = test_own(&sandbox, &handler);
    assert_eq!(ids(&lines, "fail"), [""; 0]);
    assert_eq!(ids(&lines, "warn"), ["signature/too-long"]);
    let truncated = handler.seen().into_iter().any(|message| {
        let shown = message.field("X-Cimplify-Signature").unwrap_or_default();
        let right = mac(&message.body);
        STANDARD.decode(shown).is_ok_and(|mac| mac == right[..31])
    });
    assert!(
        truncated,
        "a MAC without its last byte is sent, rightly encoded"
    );
}

/// Stops a run while its third request is under way.
#[test]
fn an_interrupted_run_says_so_everywhere() {
    for (more, code) in [(&["--json"][..], 130), (&[], 130)] {
        let (handler, gate) = Endpoint::gated(2);
        let sandbox = Sandbox::new();
        let url = handler.url("/");
        let base = [
            "test",
            "--provider",
            "cimplify",
            "--secret",
            SECRET,
            "--no-log",
        ];
        let args = ["--url", &url, "--only", "accepts", "--junit", "r.xml"];
        let mut command = sandbox.command(&[&base[..], &args, more].concat());
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        gate.wait_for(1);
        let id = child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        gate.open();
        let (stdout, stderr) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(
            stderr.contains("interrupted before all checks were run"),
            "{stderr}"
        );
        if more.is_empty() {
            assert!(
                stdout.ends_with("17 checks: 1 passed, 16 not run: interrupted\n"),
                "{stdout}"
            );
        } else {
            let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
            assert_eq!((&last["checks"], &last["planned"]), (&1.into(), &17.into()));
            assert!(last["interrupted"].is_string(), "{last}");
        }
        let report = report(&sandbox);
        assert!(report.contains(r#"failures="1""#), "{report}");
        assert!(report.contains(r#"tests="18" skipped="16""#), "{report}");
        assert!(report.contains(r#"type="interrupted""#), "{report}");
    }
}

/// Warnings, what is open and what is skipped stand in the report with their reasons.
#[test]
fn a_junit_report_has_every_reason() {
    let handler = start("cimplify", Fault::SmallBody);
    let only = [
        "--only",
        "accepts/large-body,idempotent/twice",
        "--junit",
        "-",
    ];
    let report = check(&handler, "cimplify", &only).expect(0).stdout;
    assert!(report.starts_with("<?xml"), "{report}");
    assert!(report.trim_end().ends_with("</testsuites>"), "{report}");
    assert!(
        report.contains("<system-out>warning: answered 413"),
        "{report}"
    );
    let open = r#"<skipped message="accepted each time; `--effects COMMAND`"#;
    assert!(report.contains(open), "{report}");
    assert!(report.contains(r#"failures="0""#), "{report}");
    let strict = [&only[..], &["--strict"]].concat();
    let report = check(&handler, "cimplify", &strict).expect(1).stdout;
    assert!(report.contains(r#"failures="2""#), "{report}");
    for other in [&["--json"][..], &["--output", "github"]] {
        let both = [&only[..], other].concat();
        let run = check(&handler, "cimplify", &both).expect(2);
        assert!(
            run.stderr.contains("both write to stdout"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_curl_line_is_printed_for_who_asks() {
    let handler = start("cimplify", Fault::AcceptsMissing);
    let sandbox = Sandbox::new();
    let base = [
        "test",
        "--provider",
        "cimplify",
        "--secret",
        SECRET,
        "--url",
    ];
    let args = [&base[..], &[&handler.url, "--only", "signature"]].concat();
    let text = sandbox.run(&args).expect(1).stdout;
    assert!(!text.contains("curl"), "{text}");
    let (_, command) = text.split_once("reproduce  webhook ").expect("a command");
    let command: Vec<_> = command.lines().next().unwrap().split(' ').collect();
    assert_eq!(command[0], "replay");
    // It takes the forgery once more.
    sandbox.run(&command).expect(0);
    let verbose = sandbox.run(&[&args[..], &["-v"]].concat()).expect(1).stdout;
    assert!(verbose.contains("\ncurl -X POST"), "{verbose}");
}
