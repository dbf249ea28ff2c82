//! Order, pace, concurrency, and how a run ends.

use std::collections::HashMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use webhook_cli::delivery::Trigger;

use super::interrupting::Replay;
use super::logged::{attempts, fill, ibakepro, log, olympus};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::message::Message;
use crate::harness::sender::now;

/// A URL at which nothing listens.
fn closed_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}/", listener.local_addr().expect("an address"))
}

/// The events' numbers in the order in which they came.
fn numbers(seen: &[Message]) -> Vec<usize> {
    let number = |seen: &Message| {
        let id = seen.json()["id"].as_str().expect("an id").to_owned();
        id.rsplit('_').next().and_then(|text| text.parse().ok())
    };
    seen.iter()
        .map(|seen| number(seen).expect("a number"))
        .collect()
}

/// Replays ten deliveries with these flags; returns their numbers as they came.
fn replayed(more: &[&str]) -> Vec<usize> {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..10).map(|number| ibakepro(number, now())));
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    sandbox
        .run(&[&["replay", "-n10", "--url", &url], more].concat())
        .expect(0);
    numbers(&endpoint.seen())
}

#[test]
fn the_order_is_the_logs_repeats_stand_together_and_shuffle_loses_nothing() {
    let in_order: Vec<_> = (0..10).collect();
    assert_eq!(replayed(&[]), in_order);
    let twice: Vec<_> = in_order.iter().flat_map(|number| [*number; 2]).collect();
    assert_eq!(replayed(&["--repeat", "2"]), twice);
    // One order of 10! comes up by chance once in three million runs.
    let mut shuffled = replayed(&["--shuffle"]);
    assert_ne!(shuffled, in_order);
    shuffled.sort_unstable();
    assert_eq!(shuffled, in_order);
    let mut shuffled = replayed(&["--shuffle", "--repeat", "2"]);
    assert_ne!(shuffled, twice);
    shuffled.sort_unstable();
    assert_eq!(shuffled, twice);
}

#[test]
fn so_many_are_under_way_at_once_and_no_more() {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..10).map(|number| ibakepro(number, now())));
    let (endpoint, gate) = Endpoint::gated(0);
    let url = endpoint.url("/");
    let args = [
        "replay",
        "-n10",
        "--url",
        &url,
        "--concurrency",
        "4",
        "--json",
    ];
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| sandbox.run(&args));
        gate.wait_for(4);
        assert_eq!(endpoint.count(), 4);
        gate.open();
        run.join().expect("the run ends")
    });
    assert_eq!(run.expect(0).json_lines().len(), 11);
    let mut seen = numbers(&endpoint.seen());
    seen.sort_unstable();
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
}

#[test]
fn the_pauses_are_as_they_were_or_shorter_or_by_rate() {
    let sandbox = Sandbox::new();
    // Hours: who does not make them shorter sends nothing as long as the test waits.
    let at = now() - 10_000;
    fill(
        &sandbox,
        [
            ibakepro(0, at),
            ibakepro(1, at + 4_000),
            ibakepro(2, at + 6_000),
        ],
    );
    for (flags, least) in [
        (&["--speed", "10000x"][..], [400, 600]),
        (&["--pace", "original", "--speed", "5000x"], [800, 1_200]),
        (&["--rate", "2/s"], [500, 1_000]),
    ] {
        let endpoint = Endpoint::ok();
        let url = endpoint.url("/");
        let args = [&["replay", "-n3", "--url", &url], flags].concat();
        let start = Instant::now();
        let run = Replay::start(&sandbox, &args);
        let seen = [endpoint.next(), endpoint.next(), endpoint.next()];
        // From the start, as what is seen late makes the next pause look shorter.
        for (seen, least) in seen[1..].iter().zip(least) {
            let passed = seen.at - start;
            assert!(
                passed >= Duration::from_millis(least),
                "{flags:?}: {passed:?}"
            );
        }
        assert_eq!(run.end().0, Some(0));
    }
}

#[test]
fn a_signature_is_made_when_its_turn_comes() {
    let sandbox = Sandbox::new();
    let at = now() - 10_000;
    fill(&sandbox, [olympus(0, at), olympus(1, at + 2)]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    let secret = super::logged::SECRET;
    let args = [
        "replay", "-n2", "--url", &url, "--secret", secret, "--pace", "original",
    ];
    sandbox.run(&args).expect(0);
    let signed_at = |seen: &Message| {
        let value = seen.header("X-Olympus-Signature");
        let time = value
            .strip_prefix("t=")
            .and_then(|rest| rest.split(',').next());
        time.and_then(|text| text.parse::<i64>().ok())
            .expect("a time")
    };
    let times: Vec<_> = endpoint.seen().iter().map(signed_at).collect();
    assert!(times[1] - times[0] >= 1, "{times:?}");
}

#[test]
fn the_exit_code_and_the_summary_tell_what_came_of_all() {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..3).map(|number| ibakepro(number, now())));
    let replay =
        |url: &str, more: &[&str]| sandbox.run(&[&["replay", "-n3", "--url", url], more].concat());
    let run = replay(&Endpoint::ok().url("/"), &[]).expect(0);
    assert_eq!(run.stdout.matches("200").count(), 3, "{}", run.stdout);
    assert!(run.stderr.contains("sent 3 requests"), "{}", run.stderr);

    let mixed = Endpoint::script(&[204, 503, 204]);
    let run = replay(&mixed.url("/"), &["--json"]).expect(1);
    let lines = run.json_lines();
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["attempt", "attempt", "attempt", "summary"]);
    assert_eq!(lines[1]["response"]["status"], 503);
    assert_eq!(lines[1]["cause"], "replay");
    let summary = &lines[3];
    assert_eq!(summary["sent"], 3);
    assert_eq!(summary["succeeded"], 2);
    assert_eq!(summary["rejected"], 1);
    assert_eq!(summary["by_status"]["503"], 1);

    let redirect = Endpoint::script(&[307]);
    replay(&redirect.url("/"), &[]).expect(1);
    assert_eq!(redirect.count(), 3);

    let run = replay(&closed_url(), &["--json"]).expect(3);
    assert_eq!(run.json_lines()[0]["error"]["kind"], "refused");
    assert_eq!(run.json_lines()[3]["unreachable"], 3);
    replay("ftp://h/", &[]).expect(2);
}

#[test]
fn an_endpoint_that_does_not_answer_in_time_is_unreachable() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, [ibakepro(0, now())]);
    let (endpoint, gate) = Endpoint::gated(0);
    let url = endpoint.url("/");
    let args = [
        "replay",
        "@last",
        "--url",
        &url,
        "--timeout",
        "50ms",
        "--json",
    ];
    let run = sandbox.run(&args).expect(3);
    assert_eq!(run.json_lines()[0]["error"]["kind"], "timeout");
    gate.open();
    assert_eq!(attempts(&sandbox, &ids[0]).len(), 1);
}

#[test]
fn every_sending_is_an_attempt_under_its_delivery() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..3).map(|number| ibakepro(number, now())));
    let endpoint = Endpoint::script(&[200, 500, 200, 500, 200, 500]);
    let url = endpoint.url("/app");
    sandbox
        .run(&["replay", "-n3", "--repeat", "2", "--url", &url])
        .expect(1);
    for id in &ids {
        let logged = attempts(&sandbox, id);
        let statuses: Vec<_> = logged
            .iter()
            .map(webhook_cli::delivery::Attempt::status)
            .collect();
        assert_eq!(statuses, [Some(200), Some(500)]);
        for attempt in logged {
            assert_eq!(attempt.trigger, Trigger::Replay);
            assert_eq!(attempt.url, format!("{url}?shop=1"));
        }
    }
}

#[test]
fn a_listener_writes_the_same_log_meanwhile() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..200).map(|number| ibakepro(number, now())));
    let listener = sandbox.listen(&[]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("/");
    let address = listener.address();
    let run = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(move || {
                    for _ in 0..50 {
                        let (status, _) = crate::harness::post(address, "/", &[], b"{}");
                        assert_eq!(status, 200);
                    }
                })
            })
            .collect();
        let run = sandbox.run(&["replay", "--provider", "ibakepro", "--url", &url, "--json"]);
        for sender in senders {
            sender.join().expect("every delivery is taken");
        }
        run
    });
    run.expect(0);
    assert_eq!(endpoint.count(), 200);
    let counts = log(&sandbox).reader().unwrap().counts().unwrap();
    assert_eq!(counts, (300, 200));
    let mut of: HashMap<_, usize> = HashMap::new();
    for id in &ids {
        *of.entry(attempts(&sandbox, id).len()).or_default() += 1;
    }
    assert_eq!(of, HashMap::from([(1, 200)]));
}
