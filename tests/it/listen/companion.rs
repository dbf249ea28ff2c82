//! `webhook listen … -- COMMAND`, and what is expected of the deliveries that it causes.

use serde_json::Value;

use crate::harness::sender::{SECRET, deliver, envelope};
use crate::harness::{Run, Sandbox, in_time};

const PROGRAM: &str = env!("CARGO_BIN_EXE_webhook");

/// Listens at a free port while a shell runs a line.
fn beside(sandbox: &Sandbox, flags: &[&str], line: &str) -> Run {
    let mut args = vec!["listen", "--json", "--port", "0", "--secret", SECRET];
    args.extend(flags);
    args.extend(["--", "sh", "-c", line]);
    sandbox.run(&args)
}

/// A line that sends a paid order of 12.5.
fn send(changes: &str) -> String {
    format!("{PROGRAM} send order.paid -p barecommerce --secret '{SECRET}' {changes} >/dev/null")
}

fn summary(run: &Run) -> Value {
    let lines = run.json_lines();
    let summary = lines.last().expect("a line").clone();
    assert_eq!(summary["kind"], "summary");
    summary
}

#[test]
fn the_command_finds_the_listener_and_its_code_counts() {
    let sandbox = Sandbox::new();
    let line = format!("{} && exit 7", send("--json"));
    let run = beside(&sandbox, &["--expect", "order.paid"], &line).expect(7);
    assert_eq!(summary(&run)["valid"], 1);
    let line = "test \"$WEBHOOK_URL\" = \"http://localhost:$WEBHOOK_PORT\"";
    beside(&sandbox, &[], line).expect(0);
    beside(&sandbox, &[], "kill -9 $$").expect(137);
}

#[test]
fn what_was_expected_counts_before_the_command_s_code() {
    let sandbox = Sandbox::new();
    let run = beside(&sandbox, &["--expect", "order.paid"], "exit 0").expect(1);
    assert_eq!(summary(&run)["missing"][0], "order.paid");
    beside(&sandbox, &["--expect", "order.paid"], "exit 7").expect(1);
    // It is not ended when everything has come: the rest of the command may fail.
    let line = format!("{}; {}; exit 3", send(""), send(""));
    let run = beside(&sandbox, &["--once"], &line).expect(3);
    assert_eq!(summary(&run)["deliveries"], 2);
}

#[test]
fn what_the_command_prints_does_not_stand_among_lines_of_json() {
    let sandbox = Sandbox::new();
    let run = beside(&sandbox, &[], "echo for people; echo more >&2").expect(0);
    assert_eq!(run.json_lines().len(), 2);
    assert!(run.stderr.contains("for people\nmore\n"), "{}", run.stderr);
}

#[test]
fn a_command_that_does_not_end_in_time_is_ended_and_the_answer_is_no() {
    let sandbox = Sandbox::new();
    let line = "trap 'echo ended >&2; exit 0' TERM; echo up >&2; while :; do sleep 0.05; done";
    let run = in_time(|limit| {
        let run = beside(&sandbox, &["--within", limit], line).expect(1);
        run.stderr.contains("up\n").then_some(run)
    });
    assert!(run.stderr.contains("ended\n"), "{}", run.stderr);
    let said = "warning: the time is over before the command's end: it is ended";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn a_signal_ends_the_command_too() {
    let sandbox = Sandbox::new();
    let line = "trap 'echo ended >&2; exit 0' TERM; echo up >&2; while :; do sleep 0.05; done";
    let flags = ["--secret", SECRET, "--", "sh", "-c", line];
    let mut listener = sandbox.listen(&flags);
    listener.complains("up");
    listener.signal("TERM");
    let (_, errors, status) = listener.wait();
    assert_eq!(status.code(), Some(143), "{errors}");
    assert!(errors.contains("ended"), "{errors}");
}

#[test]
fn a_command_that_cannot_be_started_is_wrong_usage() {
    let sandbox = Sandbox::new();
    let args = ["listen", "--port", "0", "--", "no-such-program"];
    let run = sandbox.run(&args).expect(2);
    let said = "error: cannot start `no-such-program`: ";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn a_payload_is_expected_too() {
    let sandbox = Sandbox::new();
    let expect = "order.paid:data.total==12.5,data.total<13";
    let paid = |total: &str| send(&format!("--add --set data.total={total}"));
    beside(&sandbox, &["--expect", expect], &paid("12.50")).expect(0);
    let run = beside(&sandbox, &["--expect", expect], &paid("12.49")).expect(1);
    assert_eq!(summary(&run)["missing"][0], expect);
    let found = "in the last one, `data.total` was `12.49`";
    assert!(run.stderr.contains(found), "{}", run.stderr);
    // Without a command it ends as soon as it has come.
    let mut listener = sandbox.listen(&["--secret", SECRET, "--expect", "order.created:id==evt_2"]);
    for id in ["evt_1", "evt_2"] {
        deliver(listener.address(), envelope("olympus", "order.created", id));
        listener.next_line();
    }
    assert_eq!(listener.wait().2.code(), Some(0));
}

#[test]
fn what_cannot_be_expected_is_told_with_the_form() {
    let sandbox = Sandbox::new();
    for (text, message, hint) in [
        (
            "order.payd:data.total==1",
            "unknown event `order.payd`",
            "did you mean `order.paid`?",
        ),
        (
            "order.paid:data.total",
            "`--expect`: `data.total` is not a condition",
            "order.paid:data.total==12.5",
        ),
        (
            "order.*",
            "awaits one event, not a pattern",
            "--events 'order.*'",
        ),
    ] {
        let run = sandbox
            .run(&["listen", "--port", "0", "--expect", text])
            .expect(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert!(run.stderr.contains(hint), "{}", run.stderr);
    }
}
