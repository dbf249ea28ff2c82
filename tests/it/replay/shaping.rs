//! Changing what is sent: values, ids, headers, the whole body.

use serde_json::json;

use super::logged::{SECRET, YEAR, fill, log, olympus};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::now;
use crate::peers;

/// Replays one delivery to an endpoint that checks as documented; returns the body that it got.
fn shaped(sandbox: &Sandbox, more: &[&str]) -> String {
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("");
    let args = ["replay", "@last", "--secret", SECRET, "--url", &url];
    sandbox.run(&[&args[..], more].concat()).expect(0);
    String::from_utf8(endpoint.one().body).expect("text")
}

#[test]
fn a_value_is_set_and_every_other_byte_stays() {
    let sandbox = Sandbox::new();
    let original = olympus(1, now());
    let text = String::from_utf8(original.request.body.to_vec()).unwrap();
    fill(&sandbox, [original]);
    let set = |more: &[&str]| shaped(&sandbox, more);

    let found = set(&["--set", "data.items[0].quantity=7"]);
    assert_eq!(found, text.replace("\"quantity\":1", "\"quantity\":7"));
    assert!(found.contains("\"total\" : 12.50,"));
    let found = set(&["--set", "data.total=99", "--set", "tenant_id=other"]);
    let wanted = text.replace("12.50", "99").replace("\"t\"", "\"other\"");
    assert_eq!(found, wanted);
    let found = set(&["--set", r#"data.items[0]={"quantity":2}"#]);
    assert_eq!(found, text.replace("{\"quantity\":1}", "{\"quantity\":2}"));
    let found = set(&[
        "--add",
        "--set",
        "data.note.by=me",
        "--set",
        "data.items[1]=null",
    ]);
    let wanted = text
        .replace("1}]", "1},null]")
        .replace("null] }", "null],\"note\":{\"by\":\"me\"} }");
    assert_eq!(found, wanted);
}

#[test]
fn what_cannot_be_set_is_an_error_and_nothing_is_sent() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now())]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    for (how, part) in [
        (&["--set", "data.totl=1"][..], "did you mean `data.total`?"),
        (&["--set", "data.quite.other=1"], "no value at `data.quite`"),
        (
            &["--set", "data.total.x=1"],
            "`data.total` is a number, not an object",
        ),
        (&["--set", "data..x=1"], "not a path"),
        (&["--set", "data"], "not of the form"),
        (
            &["--add", "--set", "data.items[5]=1"],
            "no value at `data.items[5]`",
        ),
        (
            &["--sign", "keep", "--set", "data.total=12.5"],
            "leave `--sign` out",
        ),
        (&["--sign", "keep", "--new-id"], "leave `--sign` out"),
        (&["--sign", "keep", "--edit"], "leave `--sign` out"),
    ] {
        let args = ["replay", "@last", "--secret", SECRET, "--url", &url];
        let run = sandbox.run(&[&args[..], how].concat()).expect(2);
        assert!(run.stderr.contains(part), "{part:?} in {}", run.stderr);
    }
    assert_eq!(endpoint.count(), 0);
}

#[test]
fn a_new_id_makes_no_duplicate_of_it() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let original = olympus(1, now());
    fill(&sandbox, [original.clone()]);
    let url = listener.url();
    let id = original.id.as_str();
    let args = ["replay", id, "--secret", SECRET, "--url", &url, "--json"];
    sandbox.run(&args).expect(0);
    let same = listener.next_line();
    let run = sandbox
        .run(&[&args[..], &["--new-id", "--repeat", "2"]].concat())
        .expect(0);
    let (first, second) = (listener.next_line(), listener.next_line());

    assert_eq!(same["event_id"], "evt_0001");
    for line in [&first, &second] {
        assert_eq!(line["verdict"]["status"], "valid", "{line}");
        assert_eq!(line["duplicate_of"], json!(null), "{line}");
        let fresh = line["event_id"].as_str().unwrap();
        assert!(fresh.starts_with("evt_") && fresh != "evt_0001", "{fresh}");
        let body = line["request"]["body"].as_str().unwrap();
        let text = String::from_utf8(original.request.body.to_vec()).unwrap();
        assert_eq!(body.replace(fresh, "evt_0001"), text);
    }
    assert_ne!(first["event_id"], second["event_id"]);
    // What is said of an attempt is what was sent.
    assert_eq!(run.json_lines()[0]["event_id"], first["event_id"]);

    sandbox.run(&args).expect(0);
    let again = listener.next_line();
    assert_eq!(again["duplicate_of"], same["id"], "{again}");
    let (_, _, status) = listener.stop();
    assert!(status.success());
}

#[test]
fn an_editor_changes_the_body_and_it_is_signed_afresh() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, [olympus(0, now()), olympus(1, now())]);
    let sandbox = sandbox.with("EDITOR", "sed -i s/12.50/13.750/");
    let found = shaped(&sandbox, &["--edit"]);
    assert!(found.contains("\"total\" : 13.750,"), "{found}");

    let run = sandbox
        .run(&["replay", &ids[0], &ids[1], "--edit", "--url", "9"])
        .expect(2);
    assert!(
        run.stderr.contains("`--edit` takes one delivery"),
        "{}",
        run.stderr
    );
    let sandbox = sandbox.with("VISUAL", "false");
    let args = [
        "replay", "@last", "--edit", "--url", "9", "--secret", SECRET,
    ];
    let run = sandbox.run(&args).expect(2);
    assert!(run.stderr.contains("`false` gave up"), "{}", run.stderr);
}

#[test]
fn what_is_changed_tells_its_new_event() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now())]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let args = [
        "replay", "@last", "--secret", SECRET, "--url", &url, "--json",
    ];
    let set = ["--set", "type=order.updated", "--set", "id=evt_mine"];
    let line = &sandbox
        .run(&[&args[..], &set].concat())
        .expect(0)
        .json_lines()[0];
    assert_eq!(line["event"], "order.updated", "{line}");
    assert_eq!(line["event_id"], "evt_mine", "{line}");
    assert_eq!(endpoint.one().json()["type"], "order.updated");
}

#[test]
fn headers_are_added_with_repeats_and_take_the_place_of_the_original_ones() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now())]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let args = ["replay", "@last", "--url", &url];
    let added = [
        "-H",
        "X-Test: 1",
        "-H",
        "X-Test: 2",
        "-H",
        "content-type: text/plain",
    ];
    sandbox.run(&[&args[..], &added].concat()).expect(0);
    let seen = endpoint.one();
    assert_eq!(seen.values("X-Test"), ["1", "2"]);
    assert_eq!(seen.header("Content-Type"), "text/plain");
}

#[test]
fn a_dry_run_shows_the_request_and_sends_nothing() {
    let sandbox = Sandbox::new();
    fill(&sandbox, [olympus(1, now() - YEAR)]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/x");
    let args = [
        "replay",
        "@last",
        "--url",
        &url,
        "--secret",
        SECRET,
        "--dry-run",
    ];
    let http = sandbox.run(&args).expect(0).stdout;
    assert!(http.starts_with("POST /x?shop=1 HTTP/1.1\r\n"), "{http}");
    assert!(http.contains("12.50"), "{http}");
    let run = sandbox.run(&[&args[..], &["--json"]].concat()).expect(0);
    let capture = &run.json_lines()[0];
    assert_eq!(capture["verdict"]["status"], "unverified", "{capture}");
    assert_eq!(endpoint.count(), 0);
    let (_, attempts) = log(&sandbox).reader().unwrap().counts().unwrap();
    assert_eq!(attempts, 0);

    // What a dry run shows can be sent.
    let from = ["replay", "--from", "-", "--url", &url];
    sandbox.run_with(&from, &run.raw_stdout).expect(0);
    let checked = peers::olympus(SECRET);
    let from = ["replay", "--from", "-", "--url", &checked.url("")];
    sandbox.run_with(&from, &run.raw_stdout).expect(0);
}
