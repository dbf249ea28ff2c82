//! Receiving and forwarding, beside servers that do less.

use std::fs;

use super::measure::{
    Bench, CONNECTIONS, Load, Outcome, SECRET, Server, is_installed, median, serve, typed,
};
use super::tables::{Table, beside};

/// How long one load lasts, and the first, which is not counted.
const LOAD_SECONDS: u32 = 3;
const WARM_UP_SECONDS: u32 = 1;

/// Gives each server its turn in each round. The first, short one warms them up.
pub fn take_turns(
    bench: &Bench,
    servers: &[(&str, Server)],
    connections: usize,
) -> Outcome<Vec<Vec<Load>>> {
    let mut loads = vec![Vec::new(); servers.len()];
    for round in 0..=bench.rounds {
        for ((_, server), loads) in servers.iter().zip(&mut loads) {
            let seconds = if round == 0 {
                WARM_UP_SECONDS
            } else {
                LOAD_SECONDS
            };
            let load = bench.load(server, connections, seconds)?;
            if round > 0 {
                loads.push(load);
            }
        }
    }
    Ok(loads)
}

/// Receives, beside servers that keep less or nothing.
pub fn receive(bench: &Bench) -> Outcome {
    let listen = |arguments: &str| {
        let command = typed(bench.webhook(0), "listen");
        let all = arguments.split(' ').chain(["--port", "{port}"]);
        serve(command, &all.collect::<Vec<_>>())
    };
    let floor = ["{address}", SECRET, "floor.db"];
    let mut servers = vec![
        ("bare hyper", serve(bench.peer(0, "bare")?, &["{address}"])?),
        ("floor", serve(bench.peer(0, "floor")?, &floor)?),
        ("listen --json", listen("--json --log json.db")?),
        ("listen --body none", listen("--body none --log lines.db")?),
        ("listen --json --no-log", listen("--json --no-log")?),
    ];
    if is_installed("node") {
        fs::write(bench.path("server.js"), NODE)?;
        let node = serve(bench.command(0, "node"), &["server.js", "{port}", SECRET])?;
        servers.push(("node, nothing kept", node));
    } else {
        println!("node is not installed: not compared with it");
    }
    let loads = take_turns(bench, &servers, CONNECTIONS)?;
    let mut table = Table::new(
        "Receive: 1 KiB, signed, 64 connections; floor verifies and keeps one durable row",
        "receiver | requests/s | of floor | CPU µs | of floor | p99 ms | peak MiB | target",
    );
    for ((name, server), of_it) in servers.iter().zip(&loads) {
        let (rate, of_rate) = beside(of_it, &loads[1], |load| load.rate);
        let (cpu, of_cpu) = beside(of_it, &loads[1], |load| load.cpu_micros);
        let p99 = median(of_it.iter().map(|load| load.p99_ms));
        let peak = server.peak_mib();
        let target = match *name {
            "listen --json" | "listen --body none" => "rate ≥ 0.85, CPU ≤ 1.25 of floor, ≤ 20 MiB",
            "listen --json --no-log" => "≤ 2 times bare's CPU, faster than node",
            _ => "",
        };
        table.row(&format!(
            "{name} | {rate:.0} | {of_rate:.2} | {cpu:.1} | {of_cpu:.2} | {p99:.1} | {peak:.0} | {target}"
        ));
    }
    table.print();
    Ok(())
}

/// What the field writes first: Node's own server, which verifies and keeps nothing.
const NODE: &str = r"
const { createServer } = require('node:http');
const { createHmac, timingSafeEqual } = require('node:crypto');
const [port, secret] = process.argv.slice(2);
createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const made = createHmac('sha256', secret).update(Buffer.concat(chunks)).digest();
    const presented = Buffer.from(request.headers['x-cimplify-signature'] ?? '', 'hex');
    const isValid = presented.length === made.length && timingSafeEqual(presented, made);
    response.statusCode = isValid ? 200 : 401;
    response.end();
  });
}).listen(Number(port), '127.0.0.1');
";

/// Forwards to bare hyper, beside a proxy that does nothing else.
pub fn forward(bench: &Bench) -> Outcome {
    let app = serve(bench.peer(0, "bare")?, &["{address}"])?;
    let (target, address) = (app.url(), app.address.clone());
    let listen = |log: &str| {
        // As many at once as there are clients; the default, one, keeps their order.
        let fixed =
            format!("listen --json --concurrency {CONNECTIONS} --forward-to {target} {log}");
        serve(typed(bench.webhook(0), &fixed), &["--port", "{port}"])
    };
    let proxy = serve(bench.peer(0, "proxy")?, &["{address}", &address])?;
    let servers = [
        ("plain hyper proxy", proxy, ""),
        (
            "listen --forward-to --no-log",
            listen("--no-log")?,
            "≥ 0.85 of the proxy",
        ),
        ("listen --forward-to", listen("--log forwarded.db")?, ""),
        ("no proxy", app, ""),
    ];
    let targets = servers.each_ref().map(|(.., target)| *target);
    let servers = servers.map(|(name, server, _)| (name, server));
    let many = take_turns(bench, &servers, CONNECTIONS)?;
    let alone = take_turns(bench, &servers, 1)?;
    let mut table = Table::new(
        "Forward: to bare hyper, which shares the core",
        "way | requests/s at 64 | of the proxy | CPU µs | p50 ms at 1 | added ms | target",
    );
    let p50 = |loads: &[Load]| median(loads.iter().map(|load| load.p50_ms));
    let direct = p50(&alone[3]);
    let loads = many.iter().zip(&alone);
    for (((name, _), target), (many_of_it, alone_of_it)) in servers.iter().zip(targets).zip(loads) {
        let (rate, of_rate) = beside(many_of_it, &many[0], |load| load.rate);
        let cpu = median(many_of_it.iter().map(|load| load.cpu_micros));
        let p50 = p50(alone_of_it);
        let added = p50 - direct;
        table.row(&format!(
            "{name} | {rate:.0} | {of_rate:.2} | {cpu:.1} | {p50:.3} | {added:.3} | {target}"
        ));
    }
    table.print();
    Ok(())
}
