//! Load: `--count`, `--duration`, `--rate`, `--concurrency`.

use std::collections::HashSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;

use super::{SECRET, Sender, keeps_secret, of_kind, summary};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;
use crate::harness::{PATIENCE, Run};
use crate::peers::{PROVIDERS, is_signed};

fn load(provider: &str, endpoint: &Endpoint, more: &[&str]) -> Run {
    let args = [
        "order.created",
        "--provider",
        provider,
        "--url",
        &endpoint.url(""),
    ];
    Sender::new().send(&[&args[..], more].concat())
}

/// The figures of a summary that have to fit together.
fn is_consistent(summary: &Value, sent: usize) {
    assert_eq!(summary["sent"], sent, "{summary}");
    let count = |name: &str| summary[name].as_u64().expect("a count");
    let parts = count("succeeded") + count("rejected") + count("unreachable");
    assert_eq!(parts, count("sent"), "{summary}");
    let latency = &summary["latency_us"];
    let steps = ["p50", "p75", "p90", "p99", "p99.9", "max"];
    let steps = steps.map(|name| latency[name].as_u64().expect("microseconds"));
    assert!(steps[0] > 0 && steps.is_sorted(), "{latency}");
    let elapsed = summary["elapsed_ms"].as_f64().expect("milliseconds");
    let slowest = Duration::from_micros(steps[0]).as_secs_f64() * 1_000.0;
    assert!(elapsed >= slowest, "{summary}");
}

#[test]
fn where_little_is_said_no_figure_is_drawn() {
    let run = load("olympus", &Endpoint::ok(), &["--count", "30", "-q"]).expect(0);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn every_request_is_unique_and_signed() {
    for provider in PROVIDERS {
        let endpoint = Endpoint::ok();
        let more = ["--count", "500", "--concurrency", "16", "--json"];
        let run = load(provider, &endpoint, &more).expect(0);
        let sent = endpoint.seen();
        assert_eq!(sent.len(), 500);
        let unique: HashSet<_> = sent
            .iter()
            .map(|message| message.json()["id"].to_string())
            .collect();
        assert_eq!(unique.len(), 500);
        assert!(
            sent.iter()
                .all(|message| is_signed(provider, SECRET, message))
        );
        let attempts = of_kind(&run, "attempt");
        let told: HashSet<_> = attempts
            .iter()
            .map(|line| line["event_id"].to_string())
            .collect();
        assert_eq!(told, unique);
        is_consistent(&summary(&run), 500);
        assert_eq!(summary(&run)["by_status"]["200"], 500);
    }
}

#[test]
fn people_get_percentiles_and_a_histogram() {
    let endpoint =
        Endpoint::start(|number, _| Reply::status(if number % 10 == 3 { 503 } else { 200 }));
    let run = load("cimplify", &endpoint, &["--count", "100"]).expect(1);
    for text in [
        "sent 100 requests in ",
        "90 answered 2xx, 10 answered otherwise",
        "200 ×90, 503 ×10",
        "p50",
        "p99.9",
        "max",
        "█",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    assert_eq!(run.stderr, "", "no bar where there is no terminal");
}

#[test]
fn a_bar_is_drawn_on_a_terminal_only() {
    let endpoint = Endpoint::ok();
    let sender = Sender::new();
    let program = env!("CARGO_BIN_EXE_webhook");
    let url = endpoint.url("");
    let line = format!("{program} send order.sent --url {url} --count 300 --concurrency 2");
    let mut command = Command::new("script");
    command
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env("WEBHOOK_SECRET", SECRET)
        .env("HOME", sender.sandbox().home())
        .env("TERM", "xterm");
    let Ok(output) = command.output() else {
        eprintln!("`script` was not found: the bar was not seen");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("/300"), "{text}");
    assert!(!text.contains(SECRET), "{text}");
    assert!(text.contains("sent 300 requests"), "{text}");
}

#[test]
fn several_events_take_turns() {
    let endpoint = Endpoint::ok();
    let args = [
        "--all",
        "--provider",
        "cimplify",
        "--url",
        &endpoint.url(""),
        "--count",
        "25",
        "--json",
    ];
    let run = Sender::new().send(&args).expect(0);
    let mut events: Vec<_> = of_kind(&run, "attempt")
        .iter()
        .map(|line| line["event"].to_string())
        .collect();
    events.sort();
    events.dedup();
    assert_eq!(events.len(), 10);
    assert_eq!(endpoint.seen().len(), 25);
}

#[test]
fn a_rate_or_concurrency_alone_sends_each_event_once() {
    for flags in [&["--concurrency", "4"][..], &["--rate", "1000/s"]] {
        let endpoint = Endpoint::ok();
        let url = endpoint.url("");
        let args = ["--all", "--provider", "cimplify", "--url", &url, "--json"];
        let run = Sender::new().send(&[&args[..], flags].concat()).expect(0);
        is_consistent(&summary(&run), 10);
        let unique: HashSet<_> = endpoint
            .seen()
            .iter()
            .map(|sent| sent.json()["type"].to_string())
            .collect();
        assert_eq!(unique.len(), 10);
    }
}

#[test]
fn a_seed_makes_the_same_load_again() {
    let bodies = || {
        let endpoint = Endpoint::ok();
        let more = [
            "--count",
            "60",
            "--concurrency",
            "8",
            "--seed",
            "5",
            "--timestamp",
            "1768732200",
        ];
        load("olympus", &endpoint, &more).expect(0);
        let sent = endpoint.seen();
        let bodies: HashSet<_> = sent.into_iter().map(|message| message.body).collect();
        assert_eq!(bodies.len(), 60);
        bodies
    };
    assert_eq!(bodies(), bodies());
}

#[test]
fn each_turn_of_a_load_tells_a_story_of_its_own() {
    let endpoint = Endpoint::ok();
    let events = ["order.created", "payment.completed", "order.created"];
    let url = endpoint.url("");
    let more = ["--provider", "cimplify", "--url", &url, "--count", "12"];
    Sender::new().send(&[&events[..], &more].concat()).expect(0);
    let sent = endpoint.seen();
    let of = |event: &str| -> Vec<String> {
        let bodies = sent.iter().map(Message::json);
        let bodies = bodies.filter(|body| body["type"] == event);
        bodies
            .map(|body| body["data"]["order_id"].to_string())
            .collect()
    };
    let orders: HashSet<_> = of("order.created").into_iter().collect();
    let paid: HashSet<_> = of("payment.completed").into_iter().collect();
    assert_eq!((orders.len(), paid.len()), (8, 4));
    assert!(paid.is_subset(&orders), "{paid:?} {orders:?}");
    let ids = sent.iter().map(|message| message.json()["id"].to_string());
    assert_eq!(ids.collect::<HashSet<_>>().len(), 12);
}

#[test]
fn a_body_and_a_fault_can_be_a_load() {
    let endpoint = Endpoint::ok();
    let args = [
        "--provider",
        "ibakepro",
        "--url",
        &endpoint.url(""),
        "--body",
        "-",
        "--count",
        "20",
    ];
    Sender::new().send_with(&args, b"{\"n\":1}").expect(0);
    assert!(endpoint.seen().iter().all(|sent| sent.body == b"{\"n\":1}"));
    assert_eq!(endpoint.seen().len(), 20);

    let endpoint = Endpoint::ok();
    let more = ["--count", "5", "--fault", "duplicate", "--json"];
    let run = load("cimplify", &endpoint, &more).expect(0);
    is_consistent(&summary(&run), 10);
    let unique: HashSet<_> = endpoint.seen().into_iter().map(|sent| sent.body).collect();
    assert_eq!(unique.len(), 5);
}

#[test]
fn a_duration_ends_a_run() {
    let endpoint = Endpoint::ok();
    let more = ["--duration", "200ms", "--concurrency", "2", "--json"];
    let run = load("olympus", &endpoint, &more).expect(0);
    let summary = summary(&run);
    is_consistent(&summary, endpoint.seen().len());
    assert!(summary["elapsed_ms"].as_f64() >= Some(200.0), "{summary}");
}

#[test]
fn a_rate_and_a_duration_say_how_many() {
    let endpoint = Endpoint::ok();
    let more = ["--duration", "300ms", "--rate", "100/s", "--json"];
    let run = load("olympus", &endpoint, &more).expect(0);
    let sent = endpoint.seen().len();
    is_consistent(&summary(&run), sent);
    assert_eq!(sent + unsent(&run), 30, "{}", run.stderr);
    let elapsed = summary(&run)["elapsed_ms"].as_f64();
    assert!(elapsed >= Some(250.0), "not all at once: {elapsed:?}");
}

/// How many more were due, as stderr says.
fn unsent(run: &Run) -> usize {
    let told = run.stderr.strip_prefix("warning: ");
    let number = told.and_then(|text| text.split(' ').next()?.parse().ok());
    number.unwrap_or(0)
}

#[test]
fn latency_counts_from_the_intended_start() {
    let (_open, never) = channel::<()>();
    let never = Mutex::new(never);
    let endpoint = Endpoint::start(move |number, _| {
        if number == 5 {
            // The one stall: nobody ever tells.
            let _ = never
                .lock()
                .expect("no panic")
                .recv_timeout(Duration::from_millis(400));
        }
        Reply::status(200)
    });
    let more = [
        "--count",
        "50",
        "--rate",
        "100/s",
        "--concurrency",
        "1",
        "--json",
    ];
    let run = load("cimplify", &endpoint, &more).expect(0);
    let latency = &summary(&run)["latency_us"];
    let micros = |name: &str| latency[name].as_u64().expect("microseconds");
    // Some 40 starts were due while the endpoint stalled, on average for half of the time. Counted
    // from when they were sent, only the one in fifty would be slow.
    assert!(micros("max") >= 400_000, "{latency}");
    assert!(micros("p75") >= 100_000, "{latency}");
}

#[test]
fn what_a_slow_endpoint_kept_from_being_sent_is_told() {
    let (_open, never) = channel::<()>();
    let never = Mutex::new(never);
    let endpoint = Endpoint::start(move |_, _| {
        let _ = never
            .lock()
            .expect("no panic")
            .recv_timeout(Duration::from_millis(120));
        Reply::status(200)
    });
    let more = [
        "--duration",
        "200ms",
        "--rate",
        "1000/s",
        "--concurrency",
        "1",
        "--json",
    ];
    let run = load("cimplify", &endpoint, &more).expect(0);
    let sent = endpoint.seen().len();
    assert!(sent <= 2, "the backlog is not sent after the end: {sent}");
    assert_eq!(sent + unsent(&run), 200, "{}", run.stderr);
    assert!(
        run.stderr.contains("the answers are slower than the rate"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_interrupted_load_prints_what_it_measured() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let endpoint = Endpoint::start(move |_, _| {
            let _ = tell.lock().expect("no panic").send(());
            Reply::status(200)
        });
        // At one an hour all workers but one wait for a start that is hours away.
        let args = [
            "order.sent",
            "--url",
            &endpoint.url(""),
            "--count",
            "100",
            "--rate",
            "1/h",
            "--json",
        ];
        let sending = Sender::new().start(&args);
        told.recv_timeout(PATIENCE).expect("a request");
        sending.signal(name);
        let run = sending.wait().expect(code);
        assert!(run.stderr.contains("a second signal ends at once"));
        is_consistent(&summary(&run), 1);
    }
}

#[test]
fn a_rate_of_next_to_nothing_is_a_long_wait() {
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let endpoint = Endpoint::start(move |_, _| {
        let _ = tell.lock().expect("no panic").send(());
        Reply::status(200)
    });
    let args = [
        "order.sent",
        "--url",
        &endpoint.url(""),
        "--count",
        "2",
        "--rate",
        "0.000000000000000000000001/s",
    ];
    let sending = Sender::new().start(&args);
    told.recv_timeout(PATIENCE).expect("a request");
    sending.signal("INT");
    sending.wait().expect(130);
}

#[test]
fn a_closed_pipe_ends_a_load_quietly() {
    let endpoint = Endpoint::ok();
    let sender = Sender::new();
    let url = endpoint.url("");
    let program = env!("CARGO_BIN_EXE_webhook");
    let line = format!("{program} send order.sent --url {url} --duration 1h --json | head -n 2");
    let mut command = Command::new("sh");
    command
        .args(["-c", &line])
        .env("WEBHOOK_SECRET", SECRET)
        .env("HOME", sender.sandbox().home());
    let output = command.output().expect("a shell");
    let run = keeps_secret(Run {
        stdout: String::from_utf8(output.stdout.clone()).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        code: output.status.code(),
        raw_stdout: output.stdout,
    });
    assert_eq!(run.stderr, "");
    assert_eq!(of_kind(&run, "attempt").len(), 2);
}

#[test]
fn an_endpoint_that_is_down_is_three() {
    let endpoint = Endpoint::start(|_, _| Reply::Hangup);
    let run = load("cimplify", &endpoint, &["--count", "20", "--json"]).expect(3);
    assert_eq!(summary(&run)["unreachable"], 20);
    assert_eq!(endpoint.seen().len(), 20, "one attempt is one request");
}

#[test]
fn a_load_without_one_success_shows_an_answer() {
    let endpoint = Endpoint::start(|_, _| Reply::status(404));
    let run = load("cimplify", &endpoint, &["--count", "5"]).expect(1);
    assert!(run.stdout.contains("one of them:"), "{}", run.stdout);
    let hint = "hint: no route at this path";
    assert_eq!(run.stdout.matches(hint).count(), 1, "{}", run.stdout);
    assert!(!run.stdout.contains('█'), "{}", run.stdout);

    let endpoint = Endpoint::start(|number, _| Reply::status(if number == 3 { 200 } else { 404 }));
    let run = load("cimplify", &endpoint, &["--count", "5"]).expect(1);
    assert!(!run.stdout.contains(hint), "{}", run.stdout);
}

#[test]
fn an_interrupted_load_tells_people_how_far_it_came() {
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let endpoint = Endpoint::start(move |_, _| {
        let _ = tell.lock().expect("no panic").send(());
        Reply::status(200)
    });
    let url = endpoint.url("/");
    let args = [
        "order.sent",
        "--url",
        &url,
        "--count",
        "100",
        "--rate",
        "1/h",
    ];
    let sending = Sender::new().start(&args);
    told.recv_timeout(PATIENCE).expect("a request");
    sending.signal("INT");
    let run = sending.wait().expect(130);
    assert!(
        run.stdout.starts_with("sent 1 of 100 requests in "),
        "{}",
        run.stdout
    );
    let said = ", then interrupted: 1 answered 2xx";
    assert!(run.stdout.contains(said), "{}", run.stdout);
}
