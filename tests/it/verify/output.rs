//! What is printed: for people, for programs, for CI.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use serde_json::Value;

use super::{BODY, SECRET, capture, cimplify, verify};
use crate::harness::{self, Sandbox};

/// A right capture and a wrong one, in `good.json` and `bad.json`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("good.json", capture(BODY));
    sandbox.file("bad.json", wrong(BODY));
    sandbox
}

fn wrong(body: &str) -> String {
    harness::capture(
        "X-Cimplify-Signature",
        &"0".repeat(64),
        body,
        "2026-01-18T10:30:01Z",
    )
}

#[test]
fn one_capture_is_shown_in_full() {
    let run = verify(&sandbox(), &["good.json"]).expect(0);
    let expected = "\
✓ valid  good.json
  provider  cimplify (hex)
  event     order.created
  secret    cimplify#1
";
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (expected, ""));
}

#[test]
fn where_little_is_said_each_is_a_line() {
    for files in [&["bad.json"][..], &["good.json", "bad.json"]] {
        let run = verify(&sandbox(), &[files, &["-q"]].concat()).expect(1);
        let lines: Vec<_> = run.stdout.lines().collect();
        assert_eq!(
            (lines.len(), run.stderr.as_str()),
            (files.len(), ""),
            "{lines:?}"
        );
        for (line, file) in lines.iter().zip(files) {
            assert!(line.ends_with(file), "{line}");
        }
    }
}

#[test]
fn several_are_a_table_with_what_is_wrong_below() {
    let run = verify(&sandbox(), &["good.json", "bad.json"]).expect(1);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("VERDICT"), "{}", run.stdout);
    assert!(lines[1].starts_with("✓ valid") && lines[1].ends_with("good.json"));
    assert!(lines[2].starts_with("✗ mismatch") && lines[2].ends_with("bad.json"));
    assert!(run.stdout.contains("  reason    "), "{}", run.stdout);
    assert_eq!(lines.last(), Some(&"2 captures: 1 valid, 1 mismatch"));
}

#[test]
fn a_long_file_is_shown_in_part_and_counted_in_full() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{}{}\n",
        format!("{}\n", capture(BODY)).repeat(700),
        wrong(BODY)
    );
    sandbox.file("a.ndjson", text);
    let run = verify(&sandbox, &["a.ndjson"]).expect(1);
    assert!(run.stdout.contains("a.ndjson:701"), "{}", run.stdout);
    assert!(!run.stdout.contains("a.ndjson:600"), "{}", run.stdout);
    let last = "701 captures: 700 valid, 1 mismatch (200 not shown, `--json` lists all)";
    assert_eq!(run.stdout.lines().last(), Some(last));
}

#[test]
fn json_has_a_line_for_each_and_the_documented_fields() {
    let run = verify(&sandbox(), &["good.json", "bad.json", "--json"]).expect(1);
    let (lines, summary) = super::lines(&run);
    let keys: Vec<_> = lines[0].as_object().unwrap().keys().collect();
    let documented = [
        "v",
        "kind",
        "source",
        "id",
        "provider",
        "event",
        "event_id",
        "verdict",
        "observations",
    ];
    assert_eq!(keys, documented);
    assert_eq!(lines[0]["id"], "dlv_2026-01-18T10:30:01Z");
    assert_eq!(lines[0]["event_id"], "evt_1");
    assert_eq!(lines[1]["verdict"]["secret"], Value::Null);
    assert_eq!(
        summary.to_string(),
        r#"{"v":1,"kind":"summary","checked":2,"valid":1,"mismatch":1,"stale":0,"missing":0,"malformed":0,"unverified":0,"unreadable":0}"#
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn what_would_move_or_hide_text_is_escaped() {
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{9b}31m\r\n\u{200b}";
    let name = serde_json::to_string(hostile).unwrap();
    let body = format!(r#"{{"id":"a","type":{name},"created_at":"","data":{{}}}}"#);
    let sandbox = Sandbox::new();
    sandbox.file("a.json", capture(&body));
    sandbox.file("b\u{202e}.json", wrong(&body));
    for args in [
        &["a.json"][..],
        &["a.json", "b\u{202e}.json"],
        &["a.json", "none\u{1b}[2J", "--color", "always"],
    ] {
        let run = verify(&sandbox, args);
        for text in [&run.stdout, &run.stderr] {
            let hidden = |c: char| matches!(c, '\u{7}' | '\r' | '\u{202e}' | '\u{9b}' | '\u{200b}');
            assert!(!text.contains(hidden), "{text:?}");
            assert!(
                !text.contains("\u{1b}[2J") && !text.contains("\u{1b}]"),
                "{text:?}"
            );
        }
    }
    let run = verify(&sandbox, &["a.json", "--json"]).expect(0);
    assert_eq!(super::line(&run)["event"], hostile);
    assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
}

#[test]
fn a_name_as_long_as_its_body_is_cut_for_people() {
    let body = format!(r#"{{"type":"{}"}}"#, "é".repeat(100_000));
    let sandbox = Sandbox::new();
    sandbox.file("a.json", capture(&body));
    let run = verify(&sandbox, &["a.json", "--provider", "cimplify"]).expect(0);
    assert!(
        run.stdout.len() < 5_000 && run.stdout.contains("é…"),
        "{}",
        run.stdout
    );
}

#[test]
fn junit_has_a_case_for_each_also_when_something_failed() {
    let sandbox = sandbox();
    let args = [
        "good.json",
        "bad.json",
        "none.json",
        "--junit",
        "report.xml",
    ];
    verify(&sandbox, &args).expect(4);
    let xml = std::fs::read_to_string(sandbox.folder().join("report.xml")).unwrap();
    assert!(
        xml.contains(r#"tests="3" skipped="0" failures="2""#),
        "{xml}"
    );
    assert!(
        xml.contains(r#"<testcase name="good.json:1" classname="cimplify""#),
        "{xml}"
    );
    assert!(
        xml.contains(r#"type="mismatch""#) && xml.contains(r#"type="unreadable""#),
        "{xml}"
    );
    assert!(
        !xml.contains(SECRET) && !xml.contains(&cimplify(BODY)),
        "{xml}"
    );
}

#[test]
fn a_junit_report_can_be_the_whole_of_stdout() {
    let sandbox = sandbox();
    let run = verify(&sandbox, &["good.json", "bad.json", "--junit", "-"]).expect(1);
    assert!(run.stdout.starts_with("<?xml"), "{}", run.stdout);
    assert!(run.stdout.ends_with("</testsuites>\n"), "{}", run.stdout);
    assert!(run.stdout.contains(r#"failures="1""#), "{}", run.stdout);
    assert!(!sandbox.folder().join("-").exists());
    let run = verify(&sandbox, &["good.json", "--junit", "-", "--json"]).expect(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("both write to stdout"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_skipped_stands_in_the_report() {
    let sandbox = sandbox();
    let probe = r#"{"request":{"method":"GET","headers":[],"body":""}}"#;
    let good = std::fs::read_to_string(sandbox.folder().join("good.json")).unwrap();
    sandbox.file("both.ndjson", format!("{}\n{probe}\n", good.trim_end()));
    let run = verify(&sandbox, &["both.ndjson", "--junit", "-"]).expect(0);
    let skipped = r#"<skipped message="skipped 1 without body and signature" type="probe"/>"#;
    assert!(run.stdout.contains(skipped), "{}", run.stdout);
}

#[test]
fn a_report_that_cannot_be_written_is_told_after_the_verdict() {
    let run = verify(&sandbox(), &["good.json", "--junit", "no/such/folder.xml"]).expect(4);
    assert!(run.stdout.starts_with("✓ valid"), "{}", run.stdout);
    assert!(run.stderr.contains("no/such/folder.xml"), "{}", run.stderr);
}

#[test]
fn colours_are_for_those_who_ask() {
    let sandbox = sandbox();
    assert!(!verify(&sandbox, &["good.json"]).stdout.contains('\u{1b}'));
    let coloured = verify(&sandbox, &["good.json", "--color", "always"]).stdout;
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    let json = verify(&sandbox, &["good.json", "--json", "--color", "always"]).stdout;
    assert!(!json.contains('\u{1b}'), "{json:?}");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let sandbox = Sandbox::new();
    let text = format!("{}\n", capture(BODY)).repeat(2_000);
    sandbox.file("a.ndjson", text);
    for form in [&["--json"][..], &[]] {
        let mut command = sandbox.command(&["verify", "a.ndjson", "--secret", SECRET]);
        command.args(form).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(output.status.code(), Some(141));
    }
}

/// A run that reads a pipe which stays open, and the lines that it prints.
fn open_pipe(sandbox: &Sandbox, more: &[&str]) -> (Child, ChildStdin, Receiver<String>) {
    let mut command = sandbox.command(&[&["verify", "--secret", SECRET], more].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let pipe = child.stdin.take().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in answers.map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    (child, pipe, receiver)
}

fn answer(receiver: &Receiver<String>) -> String {
    receiver.recv_timeout(harness::PATIENCE).expect("an answer")
}

#[test]
fn each_line_of_a_pipe_is_answered_as_it_comes() {
    let sandbox = Sandbox::new();
    let (mut child, mut pipe, receiver) = open_pipe(&sandbox, &["--json"]);
    for body in [BODY, "{}", ""] {
        writeln!(pipe, "{}", capture(body)).unwrap();
        let line: Value = serde_json::from_str(&answer(&receiver)).unwrap();
        assert_eq!(line["verdict"]["status"], "valid");
    }
    drop(pipe);
    assert!(answer(&receiver).contains("summary"));
    assert!(child.wait().unwrap().success());
}

#[test]
fn people_see_each_line_of_a_pipe_as_it_comes_and_a_signal_ends_it_with_the_counts() {
    let sandbox = Sandbox::new();
    let wrong = capture(BODY).replace(&cimplify(BODY), &"0".repeat(64));
    for (signal, last, total, code) in [
        (Some("INT"), &capture(BODY), "3 captures: 3 valid", 0),
        (Some("TERM"), &wrong, "3 captures: 2 valid, 1 mismatch", 1),
        (None, &capture(BODY), "3 captures: 3 valid", 0),
    ] {
        let (mut child, mut pipe, receiver) = open_pipe(&sandbox, &[]);
        writeln!(pipe, "listening on http://localhost:4400").unwrap();
        for number in 2..4 {
            writeln!(pipe, "{}", capture(BODY)).unwrap();
            let line = answer(&receiver);
            assert_eq!(
                line.split_whitespace().collect::<Vec<_>>(),
                [
                    "✓",
                    "valid",
                    "cimplify",
                    "order.created",
                    &format!("stdin:{number}")
                ]
            );
        }
        writeln!(pipe, "{last}").unwrap();
        assert!(answer(&receiver).contains("stdin:4"), "{total}");
        let mut open = Some(pipe);
        if let Some(signal) = signal {
            harness::signal(child.id(), signal);
        } else {
            open = None;
        }
        let rest: Vec<_> = receiver.iter().collect();
        assert_eq!(rest.last().map(String::as_str), Some(total));
        assert_eq!(child.wait().unwrap().code(), Some(code));
        drop(open);
    }
}

#[test]
fn what_is_waited_for_is_told_and_what_has_no_end_is_refused() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.folder().join("ff");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let mut command = sandbox.command(&["verify", "ff", "--secret", SECRET]);
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert_eq!(said, "note: waiting for `ff`\n");
    std::fs::write(&fifo, capture(BODY)).unwrap();
    assert!(child.wait().unwrap().success());
    for device in ["/dev/zero", "/dev/urandom"] {
        let run = verify(&sandbox, &[device]).expect(4);
        assert!(
            run.stderr.contains("it is a device without an end"),
            "{}",
            run.stderr
        );
        let run = sandbox.run(&["log", "import", device]).expect(4);
        assert!(
            run.stderr.contains("it is a device without an end"),
            "{}",
            run.stderr
        );
    }
    let header = "X-Cimplify-Signature: 00";
    verify(&sandbox, &["/dev/zero", "-H", header]).expect(4);
}
