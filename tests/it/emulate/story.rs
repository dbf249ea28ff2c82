//! From the command line: the emulator that runs is found, told what to do, and tells its story.

use std::process::Stdio;

use serde_json::Value;

use super::{Emulated, text};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::{Sandbox, signal};

#[test]
fn the_emulator_that_runs_is_found_and_told_what_to_do() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::script(&[500, 200]);
    let none = sandbox.run(&["emulate", "trigger", "order.created"]);
    assert!(none.expect(2).stderr.contains("no emulated provider runs"));
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state"]);
    let url = endpoint.url("/hook");
    let added = sandbox.run(&[
        "emulate",
        "endpoints",
        "add",
        &url,
        "--events",
        "order.*",
        "--json",
    ]);
    let added = added.expect(0).json_lines().remove(0);
    assert_eq!(added["events"][0], "order.*");
    let listed = sandbox.run(&["emulate", "endpoints"]).expect(0).stdout;
    assert!(
        listed.contains(text(&added, "id")) && listed.contains(&url),
        "{listed}"
    );
    let set = ["--set", "data.total=12.50"];
    let triggered = sandbox.run(&[&["emulate", "trigger", "order.created"], &set[..]].concat());
    assert!(triggered.expect(0).stdout.contains("to 1 endpoint"));
    emulated.idle();
    let body = String::from_utf8(endpoint.next().body).expect("text");
    assert!(body.contains(r#""total":12.50"#), "as it was typed: {body}");
    let advanced = sandbox.run(&["emulate", "advance", "5m"]).expect(0).stdout;
    assert!(advanced.starts_with("it is "), "{advanced}");
    emulated.idle();
    let rows = sandbox
        .run(&["emulate", "deliveries", "--json"])
        .expect(0)
        .json_lines();
    assert_eq!(
        (rows.len(), &rows[0]["status"]),
        (1, &Value::from("success"))
    );
    let slip = sandbox
        .run(&["emulate", "trigger", "order.creatd"])
        .expect(2);
    assert!(
        slip.stderr.contains("did you mean `order.created`?"),
        "{}",
        slip.stderr
    );
    let (_, _, status) = emulated.process.stop();
    assert_eq!(status.code(), Some(0), "Ctrl-C is its end in order");
    let gone = sandbox.run(&["emulate", "deliveries"]).expect(2);
    assert!(
        gone.stderr.contains("no emulated provider runs"),
        "{}",
        gone.stderr
    );
}

#[test]
fn one_that_was_killed_is_not_taken_for_one_that_runs() {
    let sandbox = Sandbox::new();
    let killed = Emulated::start(&sandbox, &["olympus", "--no-state"]);
    killed.process.kill();
    let running = Emulated::start(&sandbox, &["cimplify", "--no-state"]);
    let listed = sandbox.run(&["emulate", "endpoints", "list"]).expect(0);
    assert!(
        listed.stderr.contains("no endpoint is registered"),
        "{listed:?}"
    );
    let second = Emulated::start(&sandbox, &["olympus", "--no-state"]);
    let several = sandbox.run(&["emulate", "endpoints"]).expect(2);
    assert!(
        several.stderr.contains("several emulators run"),
        "{several:?}"
    );
    let url = second.process.url();
    sandbox
        .run(&["emulate", "endpoints", "--api", &url])
        .expect(0);
    let wrong = ["emulate", "endpoints", "--api", &url, "--api-key", "wrong"];
    assert!(
        sandbox
            .run(&wrong)
            .expect(2)
            .stderr
            .contains("`--api-key KEY`")
    );
    running.process.stop();
    second.process.stop();
}

#[test]
fn the_hours_of_a_schedule_are_told_in_a_line_each_on_a_narrow_terminal() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::script(&[500]);
    let url = endpoint.url("/");
    let run = sandbox.run(&[
        "emulate",
        "olympus",
        "--port",
        "0",
        "--no-state",
        "--until-idle",
        "--speed",
        "instant",
        "--trigger",
        "order.created",
        "--endpoint",
        &url,
    ]);
    let run = run.expect(1);
    let told = run.stdout.lines().skip_while(|line| !line.contains("-->"));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 8, "{}", run.stdout);
    for (line, end) in told.iter().skip(1).zip([
        "1 of 7  next in 1 min",
        "2 of 7  next in 5 min",
        "3 of 7  next in 30 min",
        "4 of 7  next in 2 h",
        "5 of 7  next in 8 h",
        "6 of 7  next in 24 h",
        "7 of 7  failed: that was the last",
    ]) {
        assert!(line.ends_with(end), "{line}");
    }
    assert!(
        run.stderr
            .contains("1 delivery, 7 attempts: 0 delivered, 1 failed")
    );
}

#[test]
fn a_scenario_tells_one_coherent_story() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    let scenario = r#"
provider = "olympus"
[[step]]
event = "order.created"
[[step]]
event = "order.updated"
after = "2m"
[[step]]
event = "order.updated"
after = "1h"
set = { "data.status" = "ready" }
[[step]]
event = "order.completed"
story = "another"
"#;
    sandbox.file("evening.toml", scenario);
    let emulated = Emulated::start(
        &sandbox,
        &[
            "olympus",
            "--no-state",
            "--speed",
            "instant",
            "--endpoint",
            &url,
        ],
    );
    sandbox.run(&["emulate", "run", "evening.toml"]).expect(0);
    emulated.idle();
    let bodies: Vec<Value> = (0..4)
        .map(|_| serde_json::from_slice(&endpoint.next().body).expect("JSON"))
        .collect();
    let names: Vec<_> = bodies.iter().map(|body| text(body, "type")).collect();
    assert_eq!(
        names,
        [
            "order.created",
            "order.updated",
            "order.updated",
            "order.completed"
        ]
    );
    let orders: Vec<_> = bodies
        .iter()
        .map(|body| body["data"]["order_id"].clone())
        .collect();
    let orders: Vec<_> = orders
        .iter()
        .zip(&bodies)
        .map(|(id, body)| {
            if id.is_null() {
                body["data"]["id"].clone()
            } else {
                id.clone()
            }
        })
        .collect();
    assert!(!orders[0].is_null(), "{}", bodies[0]);
    assert!(
        orders[0] == orders[1] && orders[1] == orders[2] && orders[2] != orders[3],
        "{orders:?}"
    );
    assert_ne!(
        bodies[1]["id"], bodies[2]["id"],
        "each event has an id of its own"
    );
    assert_eq!(bodies[2]["data"]["status"], "ready");
    for (wrong, place) in [
        (
            scenario.replace("order.completed", "order.complted"),
            "line 13, column 9",
        ),
        (scenario.replace("\"1h\"", "\"later\""), "line 10, column 9"),
        (scenario.replace("olympus", "cimplify"), "line 2, column 12"),
    ] {
        sandbox.file("wrong.toml", wrong);
        let run = sandbox.run(&["emulate", "run", "wrong.toml"]).expect(2);
        assert!(run.stderr.contains(place), "{}", run.stderr);
    }
}

#[test]
fn the_stories_that_ship_are_played_to_their_ends() {
    for (name, provider, refers) in [
        (
            "evening",
            "olympus",
            ("payment.processed", "/data/order_id"),
        ),
        ("web-shop", "barecommerce", ("order.paid", "/data/id")),
    ] {
        let sandbox = Sandbox::new();
        let endpoint = Endpoint::ok();
        let url = endpoint.url("/");
        let path = format!("{}/examples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let steps = std::fs::read_to_string(&path).expect("a file");
        let steps = steps.matches("[[step]]").count();
        let mut args = vec![
            "emulate",
            provider,
            "--port",
            "0",
            "--no-state",
            "--until-idle",
        ];
        args.extend([
            "--speed",
            "instant",
            "--scenario",
            &path,
            "--endpoint",
            &url,
        ]);
        sandbox.run(&args).expect(0);
        assert_eq!(endpoint.count(), steps, "{name}");
        let bodies = endpoint.seen().into_iter();
        let bodies = bodies.map(|it| serde_json::from_slice::<Value>(&it.body).expect("JSON"));
        let bodies: Vec<_> = bodies.collect();
        let of = |event: &str| {
            bodies
                .iter()
                .find(|body| body["type"] == event)
                .expect("it came")
        };
        let order = of("order.created").pointer("/data/id").expect("an id");
        assert_eq!(of(refers.0).pointer(refers.1), Some(order), "{name}");
    }
}

#[test]
fn wrong_usage_is_told_before_anything_is_sent() {
    let sandbox = Sandbox::new();
    for (args, told) in [
        (&["emulate"][..], "no provider to play"),
        (&["emulate", "olympos"], "did you mean `olympus`?"),
        (
            &["emulate", "olympus", "--endpoint", "http://example.com"],
            "not HTTPS",
        ),
        (&["emulate", "olympus", "--speed", "fast"], "not a speed"),
        (&["emulate", "olympus", "--duplicate", "7"], "not a share"),
        (
            &["emulate", "olympus", "--trigger", "order.creatd"],
            "did you mean `order.created`?",
        ),
        (
            &[
                "emulate",
                "olympus",
                "--events",
                "order.creatd",
                "--endpoint",
                "1",
            ],
            "did you mean",
        ),
        (
            &["emulate", "olympus", "--scenario", "none.toml"],
            "none.toml",
        ),
    ] {
        let run = sandbox.run(&[args, &["--port", "0"]].concat());
        assert!(matches!(run.code, Some(2 | 4)), "{args:?}: {run:?}");
        assert!(run.stderr.contains(told), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn the_end_in_order_tells_what_was_done() {
    let sandbox = Sandbox::new();
    let emulated = Emulated::start(
        &sandbox,
        &["olympus", "--no-state", "--endpoint", "localhost:1"],
    );
    emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    emulated.idle();
    let (rest, _, status) = emulated.process.stop();
    assert_eq!(status.code(), Some(0));
    let kinds: Vec<_> = rest
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|line| text(&line, "kind").to_owned())
        .collect();
    assert_eq!(kinds, ["delivery", "attempt", "summary"]);
}

#[test]
fn an_api_that_is_not_there_or_fails_is_told_by_the_exit_code_and_shown_escaped() {
    let sandbox = Sandbox::new();
    let deliveries =
        |api: &str| sandbox.run(&["emulate", "deliveries", "--api", api, "--api-key", "k"]);
    deliveries("http://127.0.0.1:1").expect(3);
    for (status, code) in [(401, 2), (404, 2), (500, 4), (503, 4)] {
        deliveries(&Endpoint::script(&[status]).url("/")).expect(code);
    }
    let answer = "{\"id\": \"\\u001b[31mevt\", \"deliveries\": []}";
    let saying = Endpoint::start(|_, _| Reply::Page(200, answer.into()));
    let url = saying.url("/");
    let trigger = [
        "emulate",
        "trigger",
        "order.created",
        "--api",
        &url,
        "--api-key",
        "k",
    ];
    let run = sandbox.run(&trigger).expect(0);
    assert!(run.stdout.contains("[31mevt"), "{}", run.stdout);
}

/// The pipe is full after some hundred of them.
#[test]
fn an_output_that_nobody_reads_does_not_hold_up_attempts() {
    for kind in [&["--json"][..], &[]] {
        let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
        let endpoint = Endpoint::ok();
        let url = endpoint.url("/hook");
        let args = [
            "emulate",
            "olympus",
            "--port",
            "0",
            "--no-state",
            "--endpoint",
            &url,
        ];
        let events = ["--trigger", "order.created"].repeat(1_000);
        let mut command = sandbox.command(&[&args[..], kind, &events].concat());
        let (out, errors) = (Stdio::piped(), Stdio::piped());
        let process = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn();
        let process = process.expect("it starts");
        endpoint.wait_for(1_000);
        signal(process.id(), "INT");
        let output = process.wait_with_output().expect("its end");
        let stdout = String::from_utf8(output.stdout).expect("text");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{stderr}");
        // In JSON, the attempt's line has it too.
        let lines = stdout.lines();
        let lines = lines.filter(|it| it.contains("order.created") && it.contains("evt_"));
        assert_eq!(lines.count(), 1_000 * (1 + kind.len()), "{kind:?}");
        let is_whole = |text: &str| match kind {
            [] => text.contains("1000 delivered, 0 failed"),
            _ => text.contains(r#""delivered":1000"#),
        };
        assert!(is_whole(&stdout) || is_whole(&stderr), "{stderr}");
    }
}
