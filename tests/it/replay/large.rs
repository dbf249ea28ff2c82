//! A replay of very many: quick, and in memory that does not grow with them.

use webhook_cli::delivery::Delivery;

use super::logged::{SECRET, YEAR, fill, olympus};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::now;

/// How many deliveries: more than are read from the log at once, many times over.
const MANY: usize = 5_000;
/// The bytes that each has beside its own, 80 MB in all.
const PADDING: usize = 16 << 10;
/// The most that the program may hold more than for a tenth of them, in KiB: an eighth of the deliveries.
const MORE_KIB: u64 = 10 << 10;
/// The most that the program may compute, in hundredths of a second: twice what a debug build needs.
const MOST_TICKS: u64 = 2_500;

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

/// What a process has computed so far, in hundredths of a second: unlike the time on the clock it
/// does not grow with what else the machine does.
#[cfg(target_os = "linux")]
fn cpu_ticks(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("a status");
    // The name in parentheses may hold anything; the state is the first field after it.
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let times = fields.split(' ').skip(11).take(2);
    times
        .map(|text| text.parse::<u64>().expect("a number"))
        .sum()
}

/// Replays so many in order; the most memory that it held, in KiB, and what it computed.
#[cfg(target_os = "linux")]
fn replay(many: usize) -> (u64, u64) {
    let sandbox = Sandbox::new();
    fill(&sandbox, (0..many).map(large));
    let (endpoint, gate) = Endpoint::gated(many - 1);
    let url = endpoint.url("/");
    let args = [
        "replay", "--event", "order.*", "--url", &url, "--secret", SECRET, "--json",
    ];
    let mut child = sandbox
        .command(&args)
        .stdout(std::fs::File::create(sandbox.folder().join("out")).expect("a file"))
        .spawn()
        .expect("it starts");
    // One by one, so that a busy machine is waited for as long as it gets on.
    for _ in 0..many {
        endpoint.next();
    }
    gate.wait_for(1);
    let measured = (peak_kib(child.id()), cpu_ticks(child.id()));
    gate.open();
    assert!(child.wait().expect("it ends").success());

    let lines = std::fs::read_to_string(sandbox.folder().join("out")).expect("text");
    assert_eq!(lines.lines().count(), many + 1);
    let seen = endpoint.seen();
    assert_eq!(seen.len(), many);
    for (number, request) in seen.iter().enumerate() {
        assert_eq!(request.json()["id"], format!("evt_{number:04}"));
    }
    measured
}

#[cfg(target_os = "linux")]
#[test]
fn five_thousand_are_replayed_in_order_in_memory_that_does_not_grow_with_them() {
    let (few, _) = replay(MANY / 10);
    let (peak, ticks) = replay(MANY);
    assert!(peak < few + MORE_KIB, "{peak} KiB, and {few} for a tenth");
    assert!(ticks < MOST_TICKS, "{ticks} hundredths of a second");
}
