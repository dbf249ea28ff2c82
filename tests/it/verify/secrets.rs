//! Where secrets come from, which of them matched, and that none is ever seen.

use serde_json::json;

use super::{BODY, SECRET, SIGNED_AT, capture, line, olympus, status, verify, verify_with};
use crate::harness::{self, Sandbox};

/// A sandbox with a genuine capture of cimplify in `a.json`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("a.json", capture(BODY));
    sandbox
}

/// The label of the secret that matched.
fn matched(sandbox: &Sandbox, args: &[&str], stdin: &str) -> String {
    let all: Vec<_> = ["a.json", "--json"].iter().chain(args).copied().collect();
    let run = verify_with(sandbox, SECRET, &all, stdin.as_bytes()).expect(0);
    line(&run)["verdict"]["secret"].as_str().unwrap().into()
}

#[test]
fn without_a_secret_it_says_how_to_give_one() {
    let sandbox = sandbox();
    let run = sandbox.run(&["verify", "a.json"]).expect(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("no secret"), "{}", run.stderr);
    assert!(run.stderr.contains("--secret-file"), "{}", run.stderr);
    assert!(run.stderr.contains("WEBHOOK_SECRET"), "{}", run.stderr);
}

#[test]
fn a_secret_of_a_nearer_place_replaces_those_of_further_ones() {
    let sandbox = sandbox().with("WEBHOOK_SECRET", SECRET);
    assert_eq!(matched(&sandbox, &[], ""), "cimplify#1");
    for wrong in ["wrong", "cimplify=wrong"] {
        let run = sandbox.run(&["verify", "a.json", "--json", "--secret", wrong]);
        let run = run.expect(1);
        assert_eq!(status(&run), "mismatch", "{wrong}");
    }
    let other = ["--secret", "olympus=wrong"];
    assert_eq!(matched(&sandbox, &other, ""), "cimplify#1");
}

#[test]
fn a_bare_secret_takes_no_flag_as_its_value() {
    let run = sandbox().run(&["verify", "a.json", "--secret", "--json"]);
    let run = run.expect(2);
    assert!(
        run.stderr.contains("asks on the terminal"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_local_development_secret_is_never_assumed() {
    let sandbox = sandbox();
    let path = sandbox.file("../.config/webhook/local-secret", SECRET);
    sandbox.run(&["verify", "a.json"]).expect(2);
    let named = matched(&sandbox, &["--secret-file", path.to_str().unwrap()], "");
    assert_eq!(named, "cimplify#1");
}

#[test]
fn the_verdict_names_the_place_of_the_one_that_matched() {
    let sandbox = sandbox();
    let ours = format!("cimplify={SECRET}");
    let places = [
        (vec!["--secret", SECRET], "cimplify#1"),
        (vec!["--secret", "old", "--secret", SECRET], "cimplify#2"),
        (
            vec!["--secret", "olympus=old", "--secret", &ours],
            "cimplify#1",
        ),
        (
            vec!["--secret", "a=b", "--secret", "c", "--secret", &ours],
            "cimplify#3",
        ),
    ];
    for (args, label) in places {
        assert_eq!(matched(&sandbox, &args, ""), label, "{args:?}");
    }
}

#[test]
fn one_of_another_provider_does_not_count() {
    let args = ["a.json", "--json", "--secret", &format!("olympus={SECRET}")];
    let run = verify_with(&sandbox(), SECRET, &args, b"").expect(1);
    assert_eq!(status(&run), "unverified");
}

#[test]
fn variables_hold_for_all_or_for_one() {
    let all = sandbox().with("WEBHOOK_SECRET", SECRET);
    assert_eq!(matched(&all, &[], ""), "cimplify#1");
    let one = sandbox().with("WEBHOOK_SECRET_CIMPLIFY", SECRET);
    assert_eq!(matched(&one, &[], ""), "cimplify#1");
    let other = sandbox().with("WEBHOOK_SECRET_OLYMPUS", SECRET);
    other.file(
        "o.json",
        harness::capture(
            "X-Olympus-Signature",
            &olympus(SIGNED_AT, BODY),
            BODY,
            "2024-01-18T10:40:01Z",
        ),
    );
    let run = verify_with(&other, SECRET, &["o.json", "a.json", "--json"], b"").expect(1);
    let (lines, _) = super::lines(&run);
    assert_eq!(lines[0]["verdict"]["secret"], "olympus#1");
    assert_eq!(lines[1]["verdict"]["status"], "unverified");
}

#[test]
fn an_env_file_stands_in_and_the_environment_wins() {
    let sandbox = sandbox();
    sandbox.file(
        ".env.local",
        format!("# ours\nWEBHOOK_SECRET=\"{SECRET}\"\n"),
    );
    assert_eq!(
        matched(&sandbox, &["--env-file", ".env.local"], ""),
        "cimplify#1"
    );
    let shadowed = sandbox.with("WEBHOOK_SECRET", "another");
    let args = ["a.json", "--json", "--env-file", ".env.local"];
    let run = verify_with(&shadowed, SECRET, &args, b"").expect(1);
    assert_eq!(status(&run), "mismatch");
}

#[test]
fn an_env_file_is_read_whole_whatever_else_stands_in_it_and_says_so() {
    let sandbox = sandbox();
    let text = format!("DEBUG\nAPP=Corner Shop\n{{\"a\": \"b\"}}\nWEBHOOK_SECRET={SECRET}\r\n");
    let utf16 = "\u{feff}".to_owned() + &text;
    let utf16: Vec<_> = utf16.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{text}").into_bytes();
    for bytes in [text.clone().into_bytes(), marked, utf16] {
        sandbox.file("other.env", bytes);
        let args = ["a.json", "--json", "--env-file", "other.env"];
        let run = verify_with(&sandbox, SECRET, &args, b"").expect(0);
        let told = "`other.env`, line 1, 3: not of the form `KEY=VALUE`, skipped";
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(run.stderr.contains("line 2 (`APP`)"), "{}", run.stderr);
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    }
}

#[test]
fn a_character_that_nobody_sees_is_named_by_who_signs_and_who_checks() {
    let sandbox = sandbox();
    sandbox.file("secret", format!("{SECRET}\u{a0}\n"));
    let args = ["a.json", "--json", "--secret-file", "secret"];
    let run = verify_with(&sandbox, SECRET, &args, b"").expect(1);
    assert!(run.stderr.contains("U+00A0"), "{}", run.stderr);
    let cause = &run.json_lines()[0]["verdict"]["cause"];
    assert_eq!(cause, "secret-invisible-character");
    let send = [
        "send",
        "order.created",
        "-p",
        "cimplify",
        "--dry-run",
        "--secret-file",
        "secret",
    ];
    let run = sandbox.run(&send).expect(0);
    assert!(run.stderr.contains("U+00A0"), "{}", run.stderr);
}

#[test]
fn a_file_loses_one_line_end_and_no_more() {
    let sandbox = sandbox();
    for (text, code) in [
        (format!("{SECRET}\n"), 0),
        (format!("{SECRET}\r\n"), 0),
        (SECRET.to_owned(), 0),
        (format!("{SECRET}\n\n"), 1),
        (format!(" {SECRET}\n"), 1),
    ] {
        sandbox.file("secret.txt", &text);
        let args = ["a.json", "--secret-file", "secret.txt"];
        verify_with(&sandbox, SECRET, &args, b"").expect(code);
    }
}

#[test]
fn stdin_can_be_the_secret_and_then_not_the_capture() {
    let sandbox = sandbox();
    let line = format!("{SECRET}\n");
    assert_eq!(
        matched(&sandbox, &["--secret-file", "-"], &line),
        "cimplify#1"
    );
    let run = verify_with(&sandbox, SECRET, &["-", "--secret-file", "-"], b"").expect(2);
    assert!(run.stderr.contains("stdin"), "{}", run.stderr);
}

#[test]
fn a_configuration_file_names_a_variable_or_a_file() {
    let sandbox = sandbox().with("OUR_SECRET", SECRET);
    sandbox.file(
        "webhook.toml",
        "[secrets]\ncimplify = { env = \"OUR_SECRET\" }\n",
    );
    assert_eq!(matched(&sandbox, &[], ""), "cimplify#1");
    sandbox.file("keys/cimplify", format!("{SECRET}\n"));
    sandbox.file(
        "webhook.toml",
        "[secrets]\ndefault = { file = \"keys/cimplify\" }\n",
    );
    assert_eq!(matched(&sandbox, &[], ""), "cimplify#1");
    sandbox.file(
        "webhook.toml",
        "[secrets]\ncimplify = { env = \"NOT_SET\" }\n",
    );
    let run = verify_with(&sandbox, SECRET, &["a.json"], b"").expect(2);
    assert!(run.stderr.contains("NOT_SET"), "{}", run.stderr);
}

#[test]
fn an_empty_secret_is_an_error() {
    let sandbox = sandbox();
    sandbox.file("empty", "\n");
    for args in [
        ["a.json", "--secret", ""],
        ["a.json", "--secret", "cimplify="],
        ["a.json", "--secret-file", "empty"],
    ] {
        let run = verify_with(&sandbox, SECRET, &args, b"").expect(2);
        assert!(run.stderr.contains("empty"), "{}", run.stderr);
    }
    let sandbox = sandbox.with("WEBHOOK_SECRET", "");
    verify_with(&sandbox, SECRET, &["a.json"], b"").expect(2);
}

#[test]
fn a_bare_flag_needs_a_terminal() {
    let run = verify_with(&sandbox(), SECRET, &["a.json", "--secret"], b"").expect(2);
    assert!(run.stderr.contains("terminal"), "{}", run.stderr);
}

#[test]
fn a_secret_file_that_is_not_there_is_unreadable() {
    verify_with(
        &sandbox(),
        SECRET,
        &["a.json", "--secret-file", "none"],
        b"",
    )
    .expect(4);
}

#[test]
fn a_failure_shows_neither_the_secret_nor_the_mac_that_was_expected() {
    let sandbox = Sandbox::new();
    let wrong =
        json!({"request": {"headers": [["X-Cimplify-Signature", "0".repeat(64)]], "body": BODY}});
    sandbox.file("a.json", wrong.to_string());
    for form in [
        &["a.json"][..],
        &["a.json", "--json"],
        &["a.json", "--junit", "/dev/stdout"],
    ] {
        let run = verify(&sandbox, form).expect(1);
        let right = super::cimplify(BODY);
        assert!(!run.stdout.contains(&right) && !run.stderr.contains(&right));
    }
}

#[test]
fn the_file_of_the_local_secret_is_named_once_there_is_one() {
    let sandbox = Sandbox::new();
    let hint = "for deliveries of `send` without a secret: `--secret-file";
    let run = sandbox.run_with(&["verify"], b"{}").expect(2);
    assert!(!run.stderr.contains(hint), "{}", run.stderr);
    sandbox.run(&["send", "order.sent", "--dry-run"]).expect(0);
    let run = sandbox.run_with(&["verify"], b"{}").expect(2);
    let file = sandbox.home().join(".config/webhook/local-secret");
    let named = format!("{hint} {}`", file.display());
    assert!(run.stderr.contains(&named), "{}", run.stderr);
}

#[test]
fn what_was_signed_with_the_local_development_secret_is_named() {
    let sandbox = Sandbox::new();
    let line = sandbox
        .run(&[
            "send",
            "order.created",
            "--provider",
            "olympus",
            "--dry-run",
            "--as",
            "json",
        ])
        .expect(0)
        .stdout;
    let run = sandbox.run_with(&["verify", "--json", "--secret", SECRET], line.as_bytes());
    let found = &run.expect(1).json_lines()[0]["verdict"];
    assert_eq!(found["status"], "mismatch");
    assert_eq!(found["cause"], "another-secret");
    let reason = found["reason"].as_str().expect("a reason");
    assert!(reason.contains("local development secret"), "{reason}");
    // It proves nothing: without another secret it is no secret to check with.
    sandbox
        .run_with(&["verify", "--json"], line.as_bytes())
        .expect(2);
}
