//! A replay of very many: quick, and in memory that does not grow with them.

use std::time::{Duration, Instant};

use webhook_cli::delivery::Delivery;

use super::logged::{SECRET, YEAR, fill, olympus};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::now;

/// How many deliveries.
const MANY: usize = 5_000;
/// The bytes that each has beside its own, 80 MB in all.
const PADDING: usize = 16 << 10;
/// The most that the program may hold, in KiB: an eighth of the deliveries, and its own.
const MOST_KIB: u64 = 40 << 10;

fn large(number: usize) -> Delivery {
    let mut delivery = olympus(number, now() - YEAR);
    delivery
        .request
        .headers
        .push("X-Padding", "p".repeat(PADDING));
    delivery
}

/// The most memory that a process has held, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|text| text.parse().ok()).expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn five_thousand_are_replayed_in_order_in_bounded_memory() {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..MANY).map(large));
    let (endpoint, gate) = Endpoint::gated(MANY - 1);
    let url = endpoint.url("/");
    let args = [
        "replay", "--event", "order.*", "--url", &url, "--secret", SECRET, "--json",
    ];
    let start = Instant::now();
    let mut child = sandbox
        .command(&args)
        .stdout(std::fs::File::create(sandbox.folder().join("out")).expect("a file"))
        .spawn()
        .expect("it starts");
    gate.wait_for(1);
    let peak = peak_kib(child.id());
    gate.open();
    assert!(child.wait().expect("it ends").success());
    let took = start.elapsed();
    assert!(peak < MOST_KIB, "{peak} KiB");
    assert!(took < Duration::from_secs(25), "{took:?}");

    let lines = std::fs::read_to_string(sandbox.folder().join("out")).expect("text");
    assert_eq!(lines.lines().count(), MANY + 1);
    let seen = endpoint.seen();
    assert_eq!(seen.len(), MANY);
    for (number, request) in seen.iter().enumerate() {
        assert_eq!(request.json()["id"], format!("evt_{number:04}"));
    }
}
