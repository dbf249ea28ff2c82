//! At which moment freshness is judged, and how.

use super::{BODY, SIGNED_AT, line, olympus, verify};
use crate::harness::{self, Sandbox};

/// A capture of olympus that was signed at [`SIGNED_AT`] and received then.
fn received(received_at: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let value = olympus(SIGNED_AT, BODY);
    let text = harness::capture("X-Olympus-Signature", &value, BODY, received_at);
    sandbox.file("a.json", text);
    sandbox
}

fn judged(sandbox: &Sandbox, args: &[&str]) -> (String, i64) {
    let all: Vec<_> = ["a.json", "--json"].iter().chain(args).copied().collect();
    let run = verify(sandbox, &all);
    let verdict = line(&run)["verdict"].clone();
    let status = verdict["status"].as_str().unwrap().to_owned();
    assert_eq!(run.code, Some(i32::from(status != "valid")));
    (status, verdict["age_seconds"].as_i64().unwrap())
}

#[test]
fn a_capture_is_judged_when_it_was_received() {
    assert_eq!(
        judged(&received("2024-01-18T10:45:00Z"), &[]),
        ("valid".into(), 300)
    );
    assert_eq!(
        judged(&received("2024-01-18T10:45:01.9Z"), &[]),
        ("stale".into(), 301)
    );
}

#[test]
fn at_wins_over_what_the_capture_says() {
    let sandbox = received("2024-01-18T11:40:00Z");
    assert_eq!(judged(&sandbox, &[]), ("stale".into(), 3_600));
    assert_eq!(
        judged(&sandbox, &["--at", "1705574460"]),
        ("valid".into(), 60)
    );
    assert_eq!(
        judged(&sandbox, &["--at", "2024-01-18T10:40:10Z"]),
        ("valid".into(), 10)
    );
    assert_eq!(judged(&sandbox, &["--at", "-10m"]).0, "stale");
}

#[test]
fn what_was_never_received_is_judged_now() {
    let sandbox = Sandbox::new();
    sandbox.file("body", BODY);
    let header = format!("X-Olympus-Signature: {}", olympus(SIGNED_AT, BODY));
    let run = verify(&sandbox, &["body", "--json", "-H", &header]).expect(1);
    let verdict = &line(&run)["verdict"];
    assert_eq!(verdict["status"], "stale");
    assert!(
        verdict["hint"].is_string() && verdict["reason"].is_string(),
        "{verdict}"
    );
    let at = ["body", "--json", "-H", &header, "--at", SIGNED_AT];
    verify(&sandbox, &at).expect(0);
}

#[test]
fn the_tolerance_can_be_chosen() {
    let sandbox = received("2024-01-18T11:40:00Z");
    assert_eq!(judged(&sandbox, &["--tolerance", "1h"]).0, "valid");
    assert_eq!(judged(&sandbox, &["--tolerance", "3599s"]).0, "stale");
    assert_eq!(judged(&sandbox, &["--tolerance", "none"]).0, "valid");
    verify(&sandbox, &["a.json", "--tolerance", "soon"]).expect(2);
}

#[test]
fn the_future_is_accepted_with_a_note_unless_strict() {
    let sandbox = received("2024-01-18T10:30:00Z");
    let run = verify(&sandbox, &["a.json", "--json"]).expect(0);
    let verdict = &line(&run)["verdict"];
    assert_eq!(verdict["age_seconds"], -600);
    assert!(
        verdict["notes"][0].as_str().unwrap().contains("future"),
        "{verdict}"
    );
    assert_eq!(judged(&sandbox, &["--strict"]).0, "stale");
    assert_eq!(
        judged(&sandbox, &["--strict", "--tolerance", "10m"]).0,
        "valid"
    );
    assert_eq!(
        judged(&sandbox, &["--strict", "--tolerance", "599s"]).0,
        "stale"
    );
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    let sandbox = received("2024-01-18T10:40:00Z");
    for at in [
        "-9999-01-01T00:00:00Z",
        "9223372036854775807",
        "99999999999999999999",
        "-",
        "-1",
    ] {
        verify(&sandbox, &["a.json", "--at", at]).expect(2);
    }
    assert_eq!(
        judged(&sandbox, &["--at", "9999-12-30T00:00:00Z"]).0,
        "stale"
    );
    assert_eq!(judged(&sandbox, &["--at", "0"]).0, "valid");
}
