//! Killed at any moment and started again, it loses no retry, and sends none twice without saying so.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::{Emulated, text};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;
use crate::harness::{Sandbox, try_exchange};

fn id(message: &Message) -> String {
    let body: Value = serde_json::from_slice(&message.body).expect("JSON");
    text(&body, "id").to_owned()
}

/// All rows of a list.
fn all(emulated: &Emulated, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = emulated.ask("GET", &format!("{path}?limit=100{cursor}"), "");
        rows.extend(page["data"].as_array().expect("rows").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// An endpoint that takes each event at its third attempt, and knows how often each came.
fn taking_the_third() -> (Endpoint, Arc<Mutex<BTreeMap<String, u32>>>) {
    let seen = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
    let counted = Arc::clone(&seen);
    let endpoint = Endpoint::start(move |_, message| {
        let mut seen = counted.lock().expect("no panic");
        let count = seen.entry(id(message)).or_default();
        *count += 1;
        Reply::status(if *count < 3 { 500 } else { 200 })
    });
    (endpoint, seen)
}

/// Lets events happen, one after the other, until `count` were answered or nobody answers any more; returns the
/// ids of those that were answered.
fn feed(address: SocketAddr, key: &str, count: usize) -> Vec<String> {
    let body = r#"{"type": "order.created"}"#;
    let message = format!(
        "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answered = |_| {
        let answer = String::from_utf8(try_exchange(address, message.as_bytes())?).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        assert!(head.starts_with("HTTP/1.1 202 "), "{answer}");
        // A body that is cut off is no answer.
        let event: Value = serde_json::from_str(body).ok()?;
        Some(text(&event, "id").to_owned())
    };
    (0..count).map_while(answered).collect()
}

/// Runs an emulator that is killed at a random moment; returns the ids of the events that were answered.
///
/// No moment can be waited for here, as the subject is that each is survived: it is drawn, as a number of
/// requests that came and some time after them, which is where things are committed.
fn killed_at_random(
    sandbox: &Sandbox,
    args: &[&str],
    endpoint: &Endpoint,
    random: &mut StdRng,
) -> Vec<String> {
    let before = endpoint.count();
    let (requests, pause) = (random.random_range(0..=100), random.random_range(0..3_000));
    let emulated = Emulated::start(sandbox, args);
    let (address, key) = (emulated.address(), emulated.key.clone());
    // Each comes three times.
    let feeding = thread::spawn(move || feed(address, &key, 50));
    endpoint.wait_for(before + requests);
    thread::park_timeout(Duration::from_micros(pause));
    emulated.process.kill();
    feeding.join().expect("answers that can be read")
}

/// Kills an emulator while it starts; `usual` is how long that takes.
fn killed_at_the_start(sandbox: &Sandbox, args: &[&str], usual: Duration, random: &mut StdRng) {
    let mut command = sandbox.command(&[&["emulate", "--json", "--port", "0"], args].concat());
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = quiet.spawn().expect("it starts");
    thread::park_timeout(usual.mul_f64(random.random_range(0.0..1.2)));
    process.kill().expect("it runs");
    process.wait().expect("it ends");
}

/// Checks a delivery's attempts against how often it came, and counts those that were interrupted.
fn account_for(detail: &Value, came: u32) -> u32 {
    assert_eq!(detail["status"], "success", "{detail}");
    let attempts = detail["attempts"].as_array().expect("attempts");
    let of = |outcome: &str| {
        let these = attempts.iter().filter(|it| it["outcome"] == outcome);
        u32::try_from(these.count()).expect("few")
    };
    let (ended, interrupted) = (of("ended"), of("interrupted"));
    // What was interrupted may have come or not; whatever came is an attempt.
    assert!(
        came >= 3 && came >= ended && came <= ended + interrupted,
        "{came} came: {detail}"
    );
    assert_eq!(of("started"), 0, "{detail}");
    // After each that was interrupted comes one that says so, under the same number.
    for pair in attempts.windows(2) {
        let is_again = pair[0]["outcome"] == "interrupted";
        let step = u64::from(!is_again);
        let number = |it: &Value| it["number"].as_u64().expect("a number");
        assert_eq!(number(&pair[1]), number(&pair[0]) + step, "{detail}");
        assert_eq!(pair[1]["cause"] == "resume", is_again, "{detail}");
    }
    interrupted
}

#[test]
fn killed_fifty_times_at_random_it_accounts_for_every_attempt() {
    const EVENTS: usize = 2_000;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
    let (endpoint, counts) = taking_the_third();
    let url = endpoint.url("/hook");
    let place = ["olympus", "--state", "state.db", "--endpoint", &url];
    let args = [&place[..], &["--speed", "100000x"]].concat();
    let start = Instant::now();
    Emulated::start(&sandbox, &args).process.kill();
    let usual = start.elapsed();
    let mut answered = Vec::new();
    for round in 1..50 {
        if round % 5 == 0 {
            killed_at_the_start(&sandbox, &args, usual, &mut random);
        } else {
            answered.extend(killed_at_random(&sandbox, &args, &endpoint, &mut random));
        }
    }
    let emulated = Emulated::start(&sandbox, &[&place[..], &["--speed", "instant"]].concat());
    let rest = EVENTS.saturating_sub(answered.len());
    answered.extend(feed(emulated.address(), &emulated.key, rest));
    emulated.idle();
    let deliveries = all(&emulated, "/v1/deliveries");
    let kept: BTreeSet<_> = deliveries.iter().map(|it| text(it, "event_id")).collect();
    assert!(
        answered.len() >= EVENTS && answered.iter().all(|id| kept.contains(&**id)),
        "what was answered is lost"
    );
    assert!(
        deliveries.len() <= answered.len() + 49,
        "at most one that was not answered for each kill"
    );
    let counts = counts.lock().expect("no panic").clone();
    let interrupted = deliveries.iter().map(|delivery| {
        let path = format!("/v1/deliveries/{}", text(delivery, "id"));
        let detail = emulated.ask("GET", &path, "");
        account_for(&detail, counts[text(delivery, "event_id")])
    });
    assert!(interrupted.sum::<u32>() > 0, "no kill met an attempt");
}

#[test]
fn what_fell_due_while_it_was_down_is_sent_at_once_and_in_order() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
    // One that sends one after the other.
    let mut definition: Value =
        serde_json::from_str(include_str!("../../../fixtures/olympus/provider.json"))
            .expect("JSON");
    definition["name"] = "acme".into();
    definition["delivery"]["concurrency"] = 1.into();
    sandbox.file("providers/acme/provider.json", definition.to_string());
    let event = include_str!("../../../fixtures/olympus/events/order.created.json");
    sandbox.file("providers/acme/events/order.created.json", event);
    let failing = Endpoint::script(&[500, 500, 500, 200]);
    let url = failing.url("/hook");
    let path = sandbox.folder().join("state.db");
    let args = [
        "acme",
        "--state",
        path.to_str().expect("text"),
        "--endpoint",
        &url,
    ];
    let emulated = Emulated::start(&sandbox, &args);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let event = emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
        ids.push(text(&event, "id").to_owned());
        emulated.idle();
    }
    emulated.process.kill();
    assert_eq!(failing.count(), 3, "no retry is due yet");
    // As if that had been an hour ago.
    let state = rusqlite::Connection::open(&path).expect("the state");
    let hour = 3_600_000_000_i64;
    let clock: String = state
        .query_row("SELECT value FROM meta WHERE name = 'clock'", [], |row| {
            row.get(0)
        })
        .expect("a clock");
    let (set_at, rest) = clock.split_once(' ').expect("parts");
    let earlier = set_at.parse::<i64>().expect("a time") - hour;
    let sql = "UPDATE meta SET value = ?1 WHERE name = 'clock'";
    state
        .execute(sql, [format!("{earlier} {rest}")])
        .expect("an earlier clock");
    drop(state);
    let emulated = Emulated::start(&sandbox, &args);
    let ready = &emulated.process.ready;
    assert_eq!(ready["pending"], 3);
    assert_eq!(
        ready["endpoints"].as_array().expect("a list").len(),
        1,
        "registered once"
    );
    let again: Vec<_> = (0..6).map(|_| id(&failing.next())).skip(3).collect();
    assert_eq!(again, ids);
}

#[test]
fn a_second_emulator_and_another_provider_keep_off_a_state() {
    let sandbox = Sandbox::new();
    let first = Emulated::start(&sandbox, &["olympus", "--state", "s.db"]);
    let second = sandbox.run(&["emulate", "olympus", "--port", "0", "--state", "s.db"]);
    assert!(
        second
            .expect(4)
            .stderr
            .contains("another emulator uses the state")
    );
    first.process.stop();
    let other = sandbox.run(&["emulate", "cimplify", "--port", "0", "--state", "s.db"]);
    assert!(other.expect(4).stderr.contains("is that of `olympus`"));
    sandbox.file("log.db", "no database");
    let broken = sandbox.run(&["emulate", "olympus", "--port", "0", "--state", "log.db"]);
    let broken = broken.expect(4);
    assert!(
        broken.stderr.contains("`log.db` is not a SQLite database"),
        "{}",
        broken.stderr
    );
    assert!(broken.stderr.contains("--state"), "{}", broken.stderr);
}
