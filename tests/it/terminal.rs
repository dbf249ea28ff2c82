//! What a terminal and the environment ask for: colours, the time zone, help.

use crate::harness::Sandbox;
use crate::harness::sender::{SECRET, order};

const ESCAPE: char = '\u{1b}';

#[test]
fn help_is_coloured_as_flag_and_environment_say() {
    let pages: [&[&str]; 4] = [
        &["--help"],
        &["send", "-h"],
        &["help", "send"],
        &["log", "help", "show"],
    ];
    for page in pages {
        let shown = |sandbox: Sandbox, flags: &[&str]| {
            let run = sandbox.run(&[flags, page].concat()).expect(0);
            assert!(run.stdout.contains("Usage:"), "{page:?}: {}", run.stdout);
            run.stdout.contains(ESCAPE)
        };
        let forced = |value| Sandbox::new().with("CLICOLOR_FORCE", value);
        assert!(!shown(Sandbox::new(), &[]), "{page:?}");
        assert!(shown(Sandbox::new(), &["--color", "always"]), "{page:?}");
        assert!(shown(forced("1"), &[]), "{page:?}");
        assert!(!shown(forced("0"), &[]), "{page:?}");
        assert!(!shown(forced("1"), &["--color", "never"]), "{page:?}");
        assert!(!shown(forced("1").with("NO_COLOR", "1"), &[]), "{page:?}");
    }
}

#[test]
fn a_forced_colour_that_is_off_forces_nothing_in_what_commands_print() {
    let sandbox = Sandbox::new().with("CLICOLOR_FORCE", "0");
    let run = sandbox.run(&["events"]).expect(0);
    assert!(!run.stdout.contains(ESCAPE), "{}", run.stdout);
    let run = sandbox.run(&["events", "nobody"]).expect(2);
    assert!(!run.stderr.contains(ESCAPE), "{}", run.stderr);
}

#[test]
fn help_of_a_command_that_is_none_is_an_error() {
    let run = Sandbox::new().run(&["help", "sned"]).expect(2);
    assert!(run.stderr.contains("`sned`"), "{}", run.stderr);
}

/// One of a place that the system's own zone file names, and one by its rule.
#[test]
fn times_are_shown_in_the_zone_of_the_environment() {
    let capture = format!(
        r#"{{"received_at":"2026-01-18T10:30:01Z","request":{{"headers":[],"body":{}}}}}"#,
        serde_json::Value::from(order("evt_1"))
    );
    for (zone, hour) in [
        ("Asia/Kolkata", "16:00:01"),
        ("Asia/Tokyo", "19:30:01"),
        ("UTC", "10:30:01"),
        ("EST5", "05:30:01"),
    ] {
        let sandbox = Sandbox::new().with("TZ", zone);
        sandbox.file("a.json", &capture);
        let import = ["log", "import", "a.json", "--secret", SECRET];
        sandbox.run(&import).expect(0);
        let listed = sandbox.run(&["log"]).expect(0).stdout;
        assert!(listed.contains(hour), "{zone}: {listed}");
    }
}

#[test]
fn milliseconds_are_named_wherever_seconds_are_expected() {
    let sandbox = Sandbox::new();
    sandbox.file("a.json", order("evt_1"));
    for args in [
        &[
            "send",
            "order.created",
            "--dry-run",
            "--timestamp",
            "1772442900000",
        ][..],
        &[
            "verify",
            "a.json",
            "--secret",
            SECRET,
            "--at",
            "1772442900000",
        ],
        &["log", "--since", "1772442900000"],
        &["replay", "--until", "1772442900000", "--url", "3000"],
    ] {
        let run = sandbox.run(args).expect(2);
        let told = "`1772442900000` is in milliseconds: give seconds, such as `1772442900`";
        assert!(run.stderr.contains(told), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn an_event_is_shown_as_it_would_be_sent() {
    let sandbox = Sandbox::new();
    let shown = sandbox
        .run(&["events", "show", "order.created", "-p", "olympus"])
        .expect(0);
    let payload: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(payload["type"], "order.created");
    let line = sandbox
        .run(&["events", "show", "payment.failed", "--json"])
        .expect(0);
    assert_eq!(line.json_lines()[0]["payload"]["type"], "payment.failed");
    let coloured = ["--color", "always", "events", "show", "order.created"];
    assert!(sandbox.run(&coloured).expect(0).stdout.contains(ESCAPE));
    let run = sandbox.run(&["events", "show", "order.craeted"]).expect(2);
    assert!(
        run.stderr.contains("did you mean `order.created`?"),
        "{}",
        run.stderr
    );
    sandbox
        .run(&["events", "show", "order.created", "-p", "nobody"])
        .expect(2);
    sandbox.run(&["events", "olympus"]).expect(0);
}
