//! Sending a load, and what was logged once more.

use super::deliveries::{NONE, write_captures};
use super::measure::{Bench, CONNECTIONS, Outcome, SECRET, is_installed, serve, time, typed};
use super::tables::{Table, beside, per_second};

/// Events that a sender sends in one run.
const EVENTS: usize = 100_000;

/// Sends to bare hyper, beside a load generator that sends one fixed body.
pub fn send(bench: &Bench) -> Outcome {
    let app = serve(bench.peer(0, "bare")?, &["{address}"])?;
    let url = app.url();
    let load = format!("--url {url} --count {EVENTS} --concurrency {CONNECTIONS}");
    let mut subjects = vec![
        (
            "send cimplify",
            format!("send order.created --provider cimplify {load}"),
        ),
        (
            "send olympus --json",
            format!("send order.created --provider olympus --json {load}"),
        ),
    ];
    if is_installed("oha") {
        let body = "-m POST -T application/json -D order.json";
        let oha = format!("--no-tui -n {EVENTS} -c {CONNECTIONS} {body} {url}");
        subjects.insert(0, ("oha, one fixed body", oha));
    } else {
        println!("oha is not installed: the first sender is the base");
    }
    let mut runs = vec![Vec::new(); subjects.len()];
    for _ in 0..bench.rounds {
        for ((name, arguments), runs) in subjects.iter().zip(&mut runs) {
            let program = if name.starts_with("send") {
                bench.webhook(1)
            } else {
                bench.command(1, "oha")
            };
            runs.push(time(typed(program, arguments), None)?);
        }
    }
    let mut table = Table::new(
        "Send: 100,000 events, each its own and signed, 64 connections",
        "sender | requests/s | of the first | CPU µs | of the first | target",
    );
    #[allow(clippy::cast_precision_loss)] // far fewer than 2^52
    let events = EVENTS as f64;
    for ((name, _), of_it) in subjects.iter().zip(&runs) {
        let (rate, of_rate) = beside(of_it, &runs[0], |run| events / run.seconds);
        let (cpu, of_cpu) = beside(of_it, &runs[0], |run| run.cpu_micros / events);
        let is_ours = name.starts_with("send");
        let target = if is_ours {
            "rate ≥ 0.85, CPU ≤ 1.3 of oha"
        } else {
            ""
        };
        table.row(&format!(
            "{name} | {rate:.0} | {of_rate:.2} | {cpu:.1} | {of_cpu:.2} | {target}"
        ));
    }
    table.print();
    Ok(())
}

/// Sends again what is in a log, and keeps an attempt of each.
pub fn replay(bench: &Bench, body: &str) -> Outcome {
    let app = serve(bench.peer(0, "bare")?, &["{address}"])?;
    write_captures(bench, body, EVENTS, NONE, "replayed.ndjson")?;
    let import = format!("log import replayed.ndjson --secret cimplify={SECRET} --log replayed.db");
    time(typed(bench.webhook(1), &import), None)?;
    let rate = |command: &str| {
        let all = format!("{command} --url {} --concurrency {CONNECTIONS}", app.url());
        let seconds = time(typed(bench.webhook(1), &all), None)?.seconds;
        Outcome::Ok((seconds, per_second(EVENTS, seconds)))
    };
    let (sent_in, sent) = rate(&format!(
        "send order.created --provider cimplify --count {EVENTS}"
    ))?;
    let (replayed_in, replayed) = rate("replay --event order.created --log replayed.db")?;
    let mut table = Table::new(
        "Replay: 100,000 logged deliveries, each attempt logged, 64 connections",
        "command | requests/s | of send | target",
    );
    table.row(&format!("send --count | {sent} |  | "));
    table.row(&format!(
        "replay | {replayed} | {:.2} | ≥ 0.8",
        sent_in / replayed_in
    ));
    table.print();
    Ok(())
}
