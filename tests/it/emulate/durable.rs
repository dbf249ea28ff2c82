//! Killed at any moment and started again, it loses no retry, and sends none twice without saying so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{Emulated, text};
use crate::harness::Sandbox;
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;

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

#[test]
fn killed_fifty_times_it_accounts_for_every_attempt() {
    const EVENTS: usize = 2_000;
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_1");
    let (endpoint, seen) = taking_the_third();
    let url = endpoint.url("/hook");
    let state = sandbox.folder().join("state.db");
    let args = [
        "olympus",
        "--state",
        state.to_str().expect("text"),
        "--speed",
        "100000x",
        "--endpoint",
        &url,
    ];
    let mut emitted = 0;
    for round in 0..50_usize {
        let mut emulated = Emulated::start(&sandbox, &args);
        for _ in 0..EVENTS / 50 {
            emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
            emitted += 1;
        }
        // Killed after so many attempts of this round, which is another moment each time.
        for _ in 0..round * 7 % 60 {
            emulated.process.next_of("attempt");
        }
        emulated.process.kill();
    }
    let emulated = Emulated::start(&sandbox, &[&args[..4], &["instant"], &args[5..]].concat());
    emulated.idle();
    let deliveries = all(&emulated, "/v1/deliveries");
    assert_eq!(deliveries.len(), emitted, "each that was answered is kept");
    let seen = seen.lock().expect("no panic").clone();
    let mut interrupted = 0;
    for delivery in &deliveries {
        assert_eq!(delivery["status"], "success", "{delivery}");
        let path = format!("/v1/deliveries/{}", text(delivery, "id"));
        let detail = emulated.ask("GET", &path, "");
        let attempts = detail["attempts"].as_array().expect("attempts");
        let came = seen[text(delivery, "event_id")];
        let of = |outcome: &str| {
            let these = attempts.iter().filter(|it| it["outcome"] == outcome);
            u32::try_from(these.count()).expect("few")
        };
        // What was interrupted may have come or not; whatever came is an attempt.
        assert!(
            came >= of("ended") && came <= of("ended") + of("interrupted"),
            "{detail}"
        );
        assert_eq!(of("started"), 0, "{detail}");
        interrupted += of("interrupted");
        // After each that was interrupted comes one that says so, under the same number.
        for pair in attempts
            .windows(2)
            .filter(|pair| pair[0]["outcome"] == "interrupted")
        {
            assert_eq!(pair[1]["cause"], "resume", "{detail}");
            assert_eq!(pair[1]["number"], pair[0]["number"], "{detail}");
        }
    }
    assert!(interrupted > 0, "no kill met an attempt");
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
