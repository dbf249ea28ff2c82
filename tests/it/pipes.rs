//! Output that nobody reads any more: a quiet end, with the code of what is known by then.

use std::process::Stdio;

use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::{SECRET, envelope, signature};

/// The code and the messages of a command whose output is read for so many lines.
fn read_for(sandbox: &Sandbox, lines: usize, args: &[&str]) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_webhook");
    let words: Vec<_> = args.iter().map(|word| format!("'{word}'")).collect();
    let line = format!(
        "{{ {program} {} </dev/null; echo \"code $?\" >&2; }} | head -n {lines} >/dev/null",
        words.join(" ")
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(sandbox.folder());
    shell.env("HOME", sandbox.home()).stdin(Stdio::null());
    let output = shell.output().expect("a shell");
    let stderr = String::from_utf8(output.stderr).expect("text");
    let (said, code) = stderr.rsplit_once("code ").expect("a code");
    (code.trim().parse().ok(), said.to_owned())
}

/// So many captures, signed with this secret.
fn captures(sandbox: &Sandbox, secret: &str) -> String {
    let body = envelope("cimplify", "order.created", "evt_1");
    let (name, value) = signature("cimplify", secret, body.as_bytes());
    let line = serde_json::json!({"request": {"headers": [[name, value]], "body": body}});
    let lines = format!("{line}\n").repeat(4_000);
    let path = sandbox.file("many.ndjson", lines);
    path.to_str().expect("text").to_owned()
}

#[test]
fn a_no_stays_a_no() {
    let sandbox = Sandbox::new();
    let file = captures(&sandbox, "another");
    let verify = ["verify", "--json", "--secret", SECRET, &file];
    assert_eq!(read_for(&sandbox, 1, &verify), (Some(1), String::new()));
    let refusing = Endpoint::script(&[500]);
    let url = refusing.url("/");
    let send = [
        "send",
        "order.sent",
        "--secret",
        SECRET,
        "--url",
        &url,
        "--count",
        "3000",
        "--json",
    ];
    assert_eq!(read_for(&sandbox, 1, &send).0, Some(1));
    let gullible = Endpoint::ok();
    let url = gullible.url("/");
    let test = [
        "test",
        "--provider",
        "olympus",
        "--url",
        &url,
        "--secret",
        SECRET,
        "--json",
    ];
    assert_eq!(read_for(&sandbox, 30, &test).0, Some(1));
    let listen = [
        "listen",
        "--json",
        "--port",
        "0",
        "--expect",
        "order.paid",
        "--within",
        "1s",
    ];
    assert_eq!(read_for(&sandbox, 1, &listen).0, Some(1));
}

#[test]
fn what_was_cut_short_is_no_yes() {
    let sandbox = Sandbox::new();
    let file = captures(&sandbox, SECRET);
    let verify = ["verify", "--json", "--secret", SECRET, &file];
    assert_eq!(read_for(&sandbox, 1, &verify), (Some(141), String::new()));
    let taking = Endpoint::ok();
    let url = taking.url("/");
    let send = [
        "send",
        "order.sent",
        "--secret",
        SECRET,
        "--url",
        &url,
        "--duration",
        "1h",
        "--json",
    ];
    assert_eq!(read_for(&sandbox, 1, &send).0, Some(141));
    let replay = [
        "replay", "--from", &file, "--secret", SECRET, "--url", &url, "--json",
    ];
    assert_eq!(read_for(&sandbox, 1, &replay).0, Some(141));
}

#[test]
fn an_endpoint_that_was_not_reached_stays_so() {
    let sandbox = Sandbox::new();
    let down = Endpoint::start(|_, _| crate::harness::endpoint::Reply::Hangup);
    let url = down.url("/");
    let send = [
        "send",
        "order.sent",
        "--secret",
        SECRET,
        "--url",
        &url,
        "--count",
        "500",
        "--json",
    ];
    assert_eq!(read_for(&sandbox, 1, &send).0, Some(3));
}

#[test]
fn a_report_in_a_file_is_written_though_nobody_reads_the_output() {
    let sandbox = Sandbox::new();
    let gullible = Endpoint::ok();
    let url = gullible.url("/");
    let path = sandbox.folder().join("report.xml");
    let file = path.to_str().expect("text");
    let test = [
        "test",
        "--provider",
        "olympus",
        "--url",
        &url,
        "--secret",
        SECRET,
        "--json",
        "--junit",
        file,
    ];
    assert_eq!(read_for(&sandbox, 30, &test).0, Some(1));
    let report = std::fs::read_to_string(&path).expect("a report");
    assert!(report.contains("nobody reads the output"), "{report}");
    assert!(report.trim_end().ends_with("</testsuites>"), "{report}");
}
