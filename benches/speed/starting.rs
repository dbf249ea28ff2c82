//! Starting, as whole processes.

use std::time::Instant;

use super::deliveries::{NONE, write_captures};
use super::measure::{Bench, Outcome, SECRET, serve, time, typed};
use super::tables::{Table, beside};

/// How often a short command is started in one round.
const STARTS: usize = 40;

/// Starts short commands, and a listener until it is ready, beside a program that only has clap.
pub fn start(bench: &Bench, body: &str) -> Outcome {
    write_captures(bench, body, 1, NONE, "one.json")?;
    let verify = format!("verify one.json --secret cimplify={SECRET}");
    let commands = [
        ("--version", "≤ 1.3"),
        ("events", "≤ 1.6"),
        (&*verify, "≤ 1.6"),
    ];
    let mut runs = vec![Vec::new(); commands.len() + 2];
    for _ in 0..bench.rounds * STARTS {
        runs[0].push(time(bench.peer(0, "hello")?, None)?.seconds);
        for ((command, _), runs) in commands.iter().zip(&mut runs[1..]) {
            runs.push(time(typed(bench.webhook(0), command), None)?.seconds);
        }
        let began = Instant::now();
        let listen = typed(bench.webhook(0), "listen --log start.db --port");
        drop(serve(listen, &["{port}"])?);
        runs[commands.len() + 1].push(began.elapsed().as_secs_f64());
    }
    let mut table = Table::new(
        "Start, as whole processes",
        "command | ms | of a clap hello | target",
    );
    let names = [("clap hello", "")].into_iter().chain(commands);
    let names = names.chain([("listen, ready and ended", "≤ 3")]);
    for ((name, target), of_it) in names.zip(&runs) {
        let (seconds, ratio) = beside(of_it, &runs[0], |seconds| *seconds);
        let name = name.split(" --secret").next().unwrap_or_default();
        table.row(&format!(
            "{name} | {:.2} | {ratio:.2} | {target}",
            seconds * 1e3
        ));
    }
    table.print();
    Ok(())
}
