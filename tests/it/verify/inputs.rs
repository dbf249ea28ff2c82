//! Where captures come from, and what is said of an input that holds none.

use super::{BODY, SECRET, capture, cimplify, lines, verify, verify_with};
use crate::harness::{Run, Sandbox};

fn piped(args: &[&str], stdin: impl AsRef<[u8]>) -> Run {
    let all: Vec<_> = ["--secret", SECRET].iter().chain(args).copied().collect();
    verify_with(&Sandbox::new(), SECRET, &all, stdin.as_ref())
}

#[test]
fn stdin_is_read_where_no_file_is_named() {
    piped(&[], capture(BODY)).expect(0);
    let run = piped(&["-", "--json"], capture(BODY)).expect(0);
    assert_eq!(lines(&run).0[0]["source"], "stdin:1");
    let header = format!("X-Cimplify-Signature: {}", cimplify(BODY));
    piped(&["-H", &header], BODY).expect(0);
}

#[test]
fn inputs_are_judged_in_their_order() {
    let sandbox = Sandbox::new();
    sandbox.file("b.json", capture(BODY));
    sandbox.file("a.json", format!("[{0},{0}]", capture("{}")));
    let args = ["b.json", "-", "a.json", "--json", "--secret", SECRET];
    let run = verify_with(&sandbox, SECRET, &args, capture("").as_bytes()).expect(0);
    let sources: Vec<_> = lines(&run).0.iter().map(|l| l["source"].clone()).collect();
    assert_eq!(
        sources,
        ["b.json:1", "stdin:1", "a.json:item 1", "a.json:item 2"]
    );
}

/// Small files are judged ahead and a large one by its parts, on all cores.
#[test]
fn many_inputs_and_a_large_one_are_judged_in_their_order() {
    let sandbox = Sandbox::new();
    let line = capture(BODY).replace('\n', "") + "\n";
    let many = 600_000 / line.len() + 1;
    sandbox.file("large.ndjson", line.repeat(many));
    let small: Vec<_> = (0..30).map(|number| format!("{number}.json")).collect();
    for name in &small {
        sandbox.file(name, &line);
    }
    let (before, behind) = small.split_at(20);
    let mut names: Vec<_> = before.iter().map(String::as_str).collect();
    names.extend(["large.ndjson", "none.json"]);
    names.extend(behind.iter().map(String::as_str));
    let args: Vec<_> = names.iter().copied().chain(["--json"]).collect();
    let run = verify(&sandbox, &args).expect(4);
    assert!(run.stderr.contains("`none.json`"), "{}", run.stderr);
    let of_large = (1..=many).map(|number| format!("large.ndjson:{number}"));
    let first = |name: &String| format!("{name}:1");
    let wanted = before.iter().map(first).chain(of_large);
    let wanted: Vec<_> = wanted.chain(behind.iter().map(first)).collect();
    let sources: Vec<_> = lines(&run).0.iter().map(|l| l["source"].clone()).collect();
    assert_eq!(sources, wanted);
}

#[test]
fn a_signature_alone_goes_under_the_header_of_the_provider() {
    let sandbox = Sandbox::new();
    sandbox.file("body", BODY);
    let value = cimplify(BODY);
    verify(
        &sandbox,
        &["body", "--provider", "cimplify", "--signature", &value],
    )
    .expect(0);
    verify(
        &sandbox,
        &["body", "--provider", "cimplify", "--signature=-1"],
    )
    .expect(1);
    verify(&sandbox, &["body", "--signature", &value]).expect(2);
}

#[test]
fn with_a_header_even_a_capture_is_a_bare_body() {
    let sandbox = Sandbox::new();
    let body = capture(BODY);
    sandbox.file("a.json", &body);
    let header = format!("X-Cimplify-Signature: {}", cimplify(&body));
    verify(&sandbox, &["a.json", "-H", &header]).expect(0);
}

#[test]
fn a_bare_body_without_headers_is_told_how() {
    for text in [
        BODY,
        "{\n  \"id\": 1\n}\n",
        "id=1&type=order.created",
        "\u{1}\u{2}",
        "[]x",
        "7",
    ] {
        let run = piped(&[], text).expect(4);
        assert!(
            run.stderr.contains("`-H 'Name: value'`"),
            "{text}: {}",
            run.stderr
        );
        assert_eq!(run.stdout, "", "{text}");
    }
}

#[test]
fn nothing_to_check_is_unreadable() {
    for text in [
        "",
        "\n\n",
        "[]",
        "{\"v\":1,\"kind\":\"attempt\",\"id\":\"att_1\"}\n",
    ] {
        let run = piped(&["--json"], text).expect(4);
        let (_, summary) = lines(&run);
        assert_eq!(
            (&summary["checked"], &summary["unreadable"]),
            (&0.into(), &1.into())
        );
        assert!(run.stderr.contains("`stdin`"), "{}", run.stderr);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_judged() {
    let sandbox = Sandbox::new();
    sandbox.file("a.json", capture(BODY));
    for bad in ["none.json", "."] {
        let run = verify(&sandbox, &[bad, "a.json", "--json"]).expect(4);
        let (lines, summary) = lines(&run);
        assert_eq!((lines.len(), &summary["unreadable"]), (1, &1.into()));
        assert!(run.stderr.contains(&format!("`{bad}`")), "{}", run.stderr);
    }
}

#[test]
fn a_bad_line_is_named_and_the_others_are_judged() {
    let wrong = capture(BODY).replace(&cimplify(BODY), &"0".repeat(64));
    let text = format!(
        "{}\n{{\"broken\n{wrong}\n{}\n",
        capture(BODY),
        capture("{}")
    );
    let sandbox = Sandbox::new();
    sandbox.file("a.ndjson", text);
    // Unreadable outweighs not valid.
    let run = verify(&sandbox, &["a.ndjson", "--json"]).expect(4);
    let (lines, summary) = lines(&run);
    let sources: Vec<_> = lines.iter().map(|l| l["source"].clone()).collect();
    assert_eq!(sources, ["a.ndjson:1", "a.ndjson:3", "a.ndjson:4"]);
    assert_eq!(
        (&summary["valid"], &summary["mismatch"]),
        (&2.into(), &1.into())
    );
    assert!(run.stderr.contains("`a.ndjson`: line 2"), "{}", run.stderr);
    assert!(!run.stderr.contains("-H"), "{}", run.stderr);
}

#[test]
fn many_bad_lines_are_told_in_few() {
    let text = format!("{}\n{}", capture(BODY), "{broken\n".repeat(10_000));
    let run = piped(&["--json"], text).expect(4);
    assert_eq!(lines(&run).1["unreadable"], 10_000);
    assert_eq!(run.stderr.matches("error:").count(), 21, "{}", run.stderr);
    assert!(run.stderr.contains("9980 more"), "{}", run.stderr);
}

#[test]
fn a_capture_that_is_cut_short_or_newer_is_unreadable() {
    let whole = capture(BODY);
    for text in [
        &whole[..whole.len() - 1],
        &whole.replace("\"v\":1", "\"v\":2"),
        &whole.replace("\"utf8\"", "\"base64\""),
    ] {
        piped(&[], text).expect(4);
    }
}

#[test]
fn an_unknown_provider_is_wrong_usage_with_a_near_name() {
    let run = piped(&["--provider", "cimplfy"], capture(BODY)).expect(2);
    assert!(run.stderr.contains("`cimplify`"), "{}", run.stderr);
}

#[test]
fn a_body_that_is_not_whole_is_told() {
    let text = capture(BODY).replace("\"body_complete\":true", "\"body_complete\":false");
    let run = piped(&["--json"], text).expect(0);
    let notes = lines(&run).0[0]["verdict"]["notes"].to_string();
    assert!(notes.contains("not captured to its end"), "{notes}");
}

#[test]
fn a_request_of_nobody_is_unverified_and_not_valid() {
    let text = r#"{"request":{"headers":[["X-Other","1"]],"body":"{}"}}"#;
    let run = piped(&["--json"], text).expect(1);
    assert_eq!(super::status(&run), "unverified");
}

#[test]
fn a_listener_that_received_nothing_is_told_as_such() {
    let ready = r#"{"v":1,"kind":"ready","url":"http://localhost:1","log":"/tmp/log.db"}"#;
    let run = piped(&[], format!("{ready}\n")).expect(4);
    assert!(run.stderr.contains("no deliveries came"), "{}", run.stderr);
    assert!(!run.stderr.contains("hint:"), "{}", run.stderr);
    piped(&[], format!("{ready}\n{}\n", capture(BODY))).expect(0);
}

#[test]
fn a_body_is_asked_for_its_headers_and_nothing_is_not() {
    let run = piped(&[], r#"{"id":"evt_1"}"#).expect(4);
    let message = "not a capture (it has no `request.headers`)";
    assert!(run.stderr.contains(message), "{}", run.stderr);
    assert!(run.stderr.contains("if this is a body"), "{}", run.stderr);
    let run = piped(&[], "").expect(4);
    assert!(run.stderr.contains("the input is empty"), "{}", run.stderr);
    assert!(!run.stderr.contains("hint:"), "{}", run.stderr);
}
