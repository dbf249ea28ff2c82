//! A listener that has received much: its rate, its memory, and its answers while its log is pruned.

use std::thread;

use rusqlite::Connection;

use super::deliveries::{NONE, write_captures};
use super::measure::{Bench, CONNECTIONS, Outcome, SECRET, Server, median, serve, time, typed};
use super::serving::take_turns;
use super::tables::{Table, beside};

/// How long one load lasts, of those between two looks at the memory.
const STRETCH_SECONDS: u32 = 10;
/// How long the load lasts in which half of the log is pruned.
const PRUNE_SECONDS: u32 = 20;

/// Receives over a log of so many rows, beside one over none; then three times as many, and while half
/// of the log is pruned.
pub fn last(bench: &Bench, body: &str) -> Outcome {
    let rows = bench.rows;
    write_captures(bench, body, rows, NONE, "past.ndjson")?;
    let import = format!("log import past.ndjson --secret cimplify={SECRET} --log full.db");
    time(typed(bench.webhook(1), &import), None)?;
    let listen = |log: &str| {
        let command = typed(bench.webhook(0), "listen --json --log");
        serve(command, &[log, "--port", "{port}"])
    };
    let servers = [
        ("an empty log", listen("empty.db")?),
        ("a full log", listen("full.db")?),
    ];
    let loads = take_turns(bench, &servers, CONNECTIONS)?;
    let mut table = Table::new(
        &format!("Lasting: `listen --json` over a log of {rows} deliveries, and on"),
        "what | requests/s | of empty | p99 ms | MiB | target",
    );
    for ((name, server), of_it) in servers.iter().zip(&loads) {
        let (rate, of_rate) = beside(of_it, &loads[0], |load| load.rate);
        let p99 = median(of_it.iter().map(|load| load.p99_ms));
        let held = server.held_mib();
        table.row(&format!(
            "{name} | {rate:.0} | {of_rate:.2} | {p99:.1} | {held:.0} | ≥ 0.95"
        ));
    }
    let [_, (_, full)] = &servers;
    receive_more(bench, full, &mut table)?;
    prune(bench, full, &mut table)?;
    table.print();
    Ok(())
}

/// Three times as many deliveries as there are rows.
fn receive_more(bench: &Bench, server: &Server, table: &mut Table) -> Outcome {
    let mut received: u32 = 0;
    let (mut rates, mut p99) = (Vec::new(), Vec::new());
    while (received as usize) < 3 * bench.rows {
        let load = bench.load(server, CONNECTIONS, STRETCH_SECONDS)?;
        received += load.requests;
        rates.push(load.rate);
        p99.push(load.p99_ms);
    }
    let (rate, p99, held) = (median(rates), median(p99), server.held_mib());
    table.row(&format!(
        "{received} deliveries more | {rate:.0} |  | {p99:.1} | {held:.0} | as much memory"
    ));
    Ok(())
}

/// Half of the log is pruned under load; fails where an answered delivery did not get its place.
fn prune(bench: &Bench, server: &Server, table: &mut Table) -> Outcome {
    let log = Connection::open(bench.path("full.db"))?;
    let place = || -> Outcome<u32> {
        Ok(log.query_row("SELECT max(seq) FROM delivery", [], |row| row.get(0))?)
    };
    let before = place()?;
    let prune = format!("log prune --log full.db --keep {}", before / 2);
    let (load, pruned) = thread::scope(|scope| {
        let load = scope.spawn(|| bench.load(server, CONNECTIONS, PRUNE_SECONDS));
        let pruned = time(typed(bench.webhook(1), &prune), None);
        (load.join().expect("the load does not panic"), pruned)
    });
    let (load, pruned) = (load?, pruned?);
    let kept = place()? - before;
    if kept < load.requests {
        return Err(format!("{} answered, {kept} kept", load.requests).into());
    }
    table.row(&format!(
        "while {} are pruned in {:.1} s | {:.0} |  | {:.1} | {:.0} | none lost, < 50 ms",
        before / 2,
        pruned.seconds,
        load.rate,
        load.p99_ms,
        server.held_mib()
    ));
    Ok(())
}
