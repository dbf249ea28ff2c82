//! What a script can rely on: exit codes, lines, files, the guard.

use serde_json::Value;

use super::handler::{Fault, SECRET, start};
use super::{check, ids, run_against};

use crate::harness::{Run, Sandbox, has};

/// An address at which nothing listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[test]
fn a_dead_endpoint_is_one_error_and_no_finding() {
    let sandbox = Sandbox::new();
    let url = nobody();
    let args = [
        "test",
        "--provider",
        "cimplify",
        "--secret",
        "x",
        "--url",
        &url,
    ];
    let run = sandbox.run(&args).expect(3);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("nothing listens on"), "{}", run.stderr);
    let machine = ["--json", "--junit", "report.xml"];
    let lines = sandbox
        .run(&[&args[..], &machine].concat())
        .expect(3)
        .json_lines();
    let [summary] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(
        (&summary["checks"], &summary["open"]),
        (&0.into(), &0.into())
    );
    assert!(
        summary["unreachable"]
            .as_str()
            .unwrap()
            .contains("nothing listens")
    );
    let report = std::fs::read_to_string(sandbox.folder().join("report.xml")).unwrap();
    assert!(
        report.contains("unreachable") && report.contains(r#"tests="1""#),
        "{report}"
    );
}

#[test]
fn a_name_without_an_address_is_told_in_every_form() {
    let far = "http://nowhere.invalid/hook";
    let run = run_against(far, "cimplify", &["--json"]).expect(3);
    let told = "cannot resolve `nowhere.invalid`";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    let summary = &run.json_lines()[0];
    let unreachable = summary["unreachable"].as_str().unwrap();
    assert!(unreachable.contains(told), "{summary}");
    let run = run_against(far, "cimplify", &["--junit", "-"]).expect(3);
    assert!(run.stdout.contains(r#"failures="1""#), "{}", run.stdout);
}

#[test]
fn forged_deliveries_stay_on_private_networks() {
    let far = "http://192.0.2.1/hook";
    let run = run_against(far, "olympus", &[]).expect(2);
    assert!(run.stderr.contains("public network"), "{}", run.stderr);
    assert!(run.stderr.contains("--yes-this-is-mine"), "{}", run.stderr);
    let mine = ["--yes-this-is-mine", "--timeout", "200ms"];
    run_against(far, "olympus", &mine).expect(3);
}

#[test]
fn a_line_of_json_for_each_check_and_a_summary() {
    let handler = start("olympus", Fault::ThrowsOnLength);
    let lines = check(&handler, "olympus", &["--json"])
        .expect(1)
        .json_lines();
    let (summary, checks) = lines.split_last().unwrap();
    for line in checks {
        assert_eq!((&line["v"], &line["kind"]), (&1.into(), &"check".into()));
        let id = line["id"].as_str().unwrap();
        assert!(id.starts_with(line["group"].as_str().unwrap()), "{line}");
        assert!(
            line["attempt_id"].as_str().unwrap().starts_with("att_"),
            "{line}"
        );
        assert!(
            line["delivery_id"].as_str().unwrap().starts_with("dlv_"),
            "{line}"
        );
        assert!(line["status"].is_u64(), "{line}");
        let is_finding = line["outcome"] == "fail";
        for member in ["why", "fix", "reproduce"] {
            assert_eq!(line[member].is_string(), is_finding, "{member} {line}");
        }
    }
    let truncated = checks
        .iter()
        .find(|line| line["id"] == "signature/truncated");
    let truncated = truncated.unwrap();
    assert_eq!(truncated["severity"], "crash");
    assert_eq!(truncated["reason"], "crashed on it: answered 500");
    assert_eq!(summary["kind"], "summary");
    assert_eq!(summary["failed"], 3);
    assert_eq!(summary["by_severity"]["crash"], 3);
    assert_eq!(summary["checks"], checks.len());
}

#[test]
fn checks_are_chosen_by_id_group_and_pattern() {
    let listed = |more: &[&str]| {
        let args = [
            &["test", "--provider", "olympus", "--list", "--json"][..],
            more,
        ]
        .concat();
        let lines = Sandbox::new().run(&args).expect(0).json_lines();
        let id = |line: &Value| line["id"].as_str().unwrap().to_owned();
        lines.iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["--only", "raw-bytes"]).len(), 4);
    assert_eq!(
        listed(&["--only", "signature/stale-*,prompt", "--skip", "prompt/t*"]),
        [
            "signature/stale-301s",
            "signature/stale-day",
            "prompt/deadline",
            "prompt/load",
            "prompt/half-body"
        ]
    );
    assert_eq!(listed(&["--only", "accepts/event"]).len(), 18);
    assert_eq!(listed(&["--only", "accepts/event:order.ready"]).len(), 1);
    assert_eq!(
        listed(&["--skip", "accepts/event"]).len() + 18,
        listed(&[]).len()
    );
}

#[test]
fn a_check_that_is_not_there_is_an_error() {
    let run = |more: &[&str]| {
        let args = [&["test", "--provider", "cimplify", "--list"][..], more].concat();
        Sandbox::new().run(&args)
    };
    for (more, message, hint) in [
        (
            ["--only", "signature/trunkated"],
            "unknown check",
            "signature/truncated",
        ),
        (["--skip", "signatur"], "unknown check", "signature"),
        (["--only", "raw-bytes/x*"], "unknown check", ""),
        // It is a check, and not one of a provider that signs no time.
        (
            ["--only", "signature/stale-day"],
            "no check is left",
            "--list",
        ),
        (["--event", "order.creatd"], "no event", "order.created"),
    ] {
        let run = run(&more).expect(2);
        assert!(
            run.stderr.contains(message) && run.stderr.contains(hint),
            "{}",
            run.stderr
        );
    }
    let any = Sandbox::new().run(&["test", "--list"]).expect(0);
    assert!(
        any.stderr.contains("all kinds of providers"),
        "{}",
        any.stderr
    );
    for check in [
        "accepts/event ",
        "signature/stale-day ",
        "signature/wrong-secret ",
    ] {
        assert!(any.stdout.contains(check), "{check}: {}", any.stdout);
    }
    let own = Sandbox::new()
        .run(&["test", "--list", "--json", "--only", "order"])
        .expect(0);
    assert_eq!(own.stdout.lines().count(), 2, "{}", own.stdout);
    assert!(own.stdout.contains("\"event\":null"), "{}", own.stdout);
    let unfit = run(&["--skip", "signature/stale-day"]).expect(0);
    assert!(!unfit.stdout.contains("stale"), "{}", unfit.stdout);
    assert!(!unfit.stdout.contains("timestamp"), "{}", unfit.stdout);
}

#[test]
fn people_read_the_gravest_first_and_can_send_it_again() {
    let handler = start("cimplify", Fault::AcceptsMissing);
    let only = ["--only", "signature,accepts/unicode", "--verbose"];
    let run = check(&handler, "cimplify", &only).expect(1);
    let text = &run.stdout;
    assert!(text.contains("accepts\n  ✓ accepts/unicode"), "{text}");
    assert!(text.contains("✗ accepts forged deliveries"), "{text}");
    // The documented handler crashes on it, which is another fault than this one.
    assert!(!text.contains("documents"), "{text}");
    assert!(
        text.ends_with("17 checks: 15 passed, 1 failed, 1 warned\n"),
        "{text}"
    );
    assert!(!text.contains(SECRET), "{text}");
    reproduces(&run, "200");
}

/// Runs the printed curl line.
fn reproduces(run: &Run, status: &str) {
    if !has("curl") {
        return;
    }
    let from = run.stdout.find("curl -X POST").expect("a curl line");
    let (line, _) = run.stdout[from..].split_once("\n\n").expect("its end");
    let script = line.replacen("curl", "curl -s -o /dev/null -w '%{http_code}'", 1);
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .output();
    assert_eq!(
        String::from_utf8_lossy(&output.unwrap().stdout),
        status,
        "{line}"
    );
}

/// White space in a body is a part of it.
#[test]
fn a_printed_line_sends_the_very_bytes() {
    let handler = start("cimplify", Fault::StripsLines);
    let only = ["--only", "raw-bytes/white-space", "-v"];
    reproduces(&check(&handler, "cimplify", &only).expect(1), "401");
    // The handler is not the same, the signature is: right handlers take it.
    let run = check(&handler, "cimplify", &only).expect(1);
    let right = start("cimplify", Fault::None);
    let moved = Run {
        stdout: run.stdout.replace(&handler.url, &right.url),
        ..run
    };
    reproduces(&moved, "200");
}

#[test]
fn reports_for_machines_are_written() {
    let sandbox = Sandbox::new().with("GITHUB_STEP_SUMMARY", "summary.md");
    let handler = start("olympus", Fault::ThrowsOnLength);
    let base = [
        "test",
        "--provider",
        "olympus",
        "--secret",
        SECRET,
        "--no-log",
    ];
    let more = [
        "--url",
        &handler.url,
        "--junit",
        "r.xml",
        "--output",
        "github",
    ];
    let run = sandbox.run(&[&base[..], &more].concat()).expect(1);
    let annotations: Vec<_> = run
        .stdout
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    assert_eq!(annotations.len(), 3, "{}", run.stdout);
    let title = "::error title=signature/truncated%3A crashes on a bad signature::crashed on it";
    assert!(annotations[0].starts_with(title), "{}", annotations[0]);
    assert!(
        annotations[0].contains("; fix: answer 401"),
        "{}",
        annotations[0]
    );
    assert!(!run.stdout.contains("%0A"), "{}", run.stdout);
    let summary = std::fs::read_to_string(sandbox.folder().join("summary.md")).unwrap();
    assert_eq!(
        summary
            .lines()
            .filter(|line| line.starts_with("| signature/"))
            .count(),
        3
    );
    let report = std::fs::read_to_string(sandbox.folder().join("r.xml")).unwrap();
    assert!(report.contains(r#"name="signature/truncated""#), "{report}");
    assert!(report.contains(r#"failures="3""#), "{report}");
}

#[test]
fn what_was_sent_can_be_shown_and_replayed() {
    let sandbox = Sandbox::new();
    let handler = start("cimplify", Fault::AcceptsMissing);
    let base = [
        "test",
        "--provider",
        "cimplify",
        "--secret",
        SECRET,
        "--json",
    ];
    let more = ["--url", &handler.url, "--only", "signature/missing"];
    let lines = sandbox
        .run(&[&base[..], &more].concat())
        .expect(1)
        .json_lines();
    assert_eq!(ids(&lines, "fail"), ["signature/missing"]);
    let id = lines[0]["delivery_id"].as_str().unwrap();
    let shown = sandbox.run(&["log", "show", id]).expect(0).stdout;
    assert!(
        shown.contains("signature/missing") && shown.contains("order.created"),
        "{shown}"
    );
    let curl = sandbox
        .run(&["log", "show", id, "--as", "curl"])
        .expect(0)
        .stdout;
    assert!(curl.contains(&handler.url), "{curl}");
    sandbox.run(&["replay", id, "--sign", "keep"]).expect(0);
    assert_eq!(lines[0]["requests"], 1);
    let listed = |args: &[&str]| sandbox.run(args).expect(0).json_lines().len();
    // The greeting and the check, which a look at what was received leaves out.
    assert_eq!(listed(&["log", "--json", "--source", "test"]), 2);
    assert_eq!(listed(&["log", "--json"]), 0);
}

#[test]
fn effects_that_are_no_number_are_told_before_any_check() {
    let handler = start("cimplify", Fault::None);
    for (command, message) in [
        ("echo many", "`many` is no number"),
        ("exit 3", "ended with exit status: 3"),
        ("true", "`` is no number"),
    ] {
        let run = check(&handler, "cimplify", &["--effects", command]).expect(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert_eq!(run.stderr.matches(message).count(), 1, "{}", run.stderr);
    }
    let sent = handler.requests.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(sent, 3, "the one genuine delivery of each run");
    let run = check(&handler, "cimplify", &["--effects", "echo many", "--json"]).expect(2);
    let summary = &run.json_lines()[0];
    let told = summary["interrupted"].as_str().unwrap();
    assert!(told.contains("`many` is no number"), "{summary}");
}

#[test]
fn a_handler_that_refuses_everything_does_not_pass_for_a_right_one() {
    let handler = start("cimplify", Fault::None);
    let args = [
        "test",
        "--provider",
        "cimplify",
        "--secret",
        "wrong",
        "--no-log",
    ];
    let only = ["--only", "signature", "--json", "--url", &handler.url];
    let run = Sandbox::new().run(&[&args[..], &only].concat()).expect(1);
    assert!(
        run.stderr.contains("no refusal proves anything"),
        "{}",
        run.stderr
    );
    let lines = run.json_lines();
    assert_eq!(lines.len(), 1, "a summary alone: {}", run.stdout);
    assert_eq!(lines[0]["checks"], 0);
    let said = lines[0]["refused"].as_str().unwrap();
    assert!(said.contains("answers 401"), "{said}");
    let sandbox = Sandbox::new();
    let github = [
        "--only",
        "signature",
        "--output",
        "github",
        "--junit",
        "r.xml",
    ];
    let run = sandbox
        .run(&[&args[..], &github, &["--url", &handler.url]].concat())
        .expect(1);
    assert!(
        run.stdout.starts_with("::error title=webhook test::"),
        "{}",
        run.stdout
    );
    let junit = std::fs::read_to_string(sandbox.folder().join("r.xml")).unwrap();
    assert!(junit.contains("failures=\"1\""), "{junit}");
}

#[test]
fn what_checks_nothing_is_told_on_a_screen_or_two() {
    let app = crate::harness::endpoint::Endpoint::ok();
    let run = run_against(&app.url("/"), "olympus", &[]).expect(1);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines.len() < 80, "{} lines:\n{}", lines.len(), run.stdout);
    assert_eq!(lines[0], "accepts     25 passed", "{}", run.stdout);
    // Each check that fails has a line, with what was sent; what all of them came to stands once.
    for check in [
        "signature/missing ",
        "signature/stale-day ",
        "signature/too-long ",
    ] {
        let its = lines.iter().filter(|line| line.contains(check));
        assert_eq!(its.count(), 1, "{check}: {}", run.stdout);
    }
    let told = lines
        .iter()
        .filter(|line| line.ends_with(": accepted it with 200"));
    assert_eq!(told.count(), 4, "{}", run.stdout);
    assert!(run.stdout.contains("  reproduce  "), "{}", run.stdout);
}

#[test]
fn where_little_is_said_only_what_is_bad_has_a_line() {
    let app = crate::harness::endpoint::Endpoint::ok();
    let only = [
        "--only",
        "signature/missing",
        "--only",
        "accepts/unicode",
        "-q",
    ];
    let run = run_against(&app.url("/"), "cimplify", &only).expect(1);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(lines[0].contains("✗ signature/missing"), "{}", run.stdout);
    assert!(
        lines[1].starts_with("2 checks: 1 passed, 1 failed"),
        "{}",
        run.stdout
    );
}
