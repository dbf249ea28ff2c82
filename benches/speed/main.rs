//! How fast the program is, beside peers that are measured in the same run.
//!
//! `cargo bench --bench speed [-- NAME …] [--rounds N] [--rows N]`, where NAME is one of `receive`,
//! `send`, `forward`, `verify`, `log`, `last`, `replay` and `start`; all without one. It prints tables and
//! fails for no figure. Absolute figures hold for the machine that they were taken on; the ratios carry
//! over. Programs that it compares with, wrk, oha, openssl, jq and node, are used where they are
//! installed.

mod deliveries;
mod lasting;
mod looking;
mod measure;
mod peers;
mod sending;
mod serving;
mod starting;
mod tables;

use clap::{Parser, ValueEnum};

use measure::{Bench, Outcome, is_installed};

#[derive(Parser)]
struct Arguments {
    /// What to measure: everything by default
    parts: Vec<Part>,
    /// How often each subject has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Deliveries in the log that `log` and `replay` work on
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// What cargo adds by itself
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    Receive,
    Send,
    Forward,
    Verify,
    Log,
    Last,
    Replay,
    Start,
}

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == "peer").is_some() {
        return peers::run(arguments);
    }
    let Arguments {
        parts,
        rounds,
        rows,
        ..
    } = Arguments::parse();
    let bench = Bench::new(rounds.max(1), rows)?;
    let body = deliveries::order(&bench)?;
    for part in Part::value_variants() {
        if !parts.is_empty() && !parts.contains(part) {
            continue;
        }
        let needs_wrk = matches!(part, Part::Receive | Part::Forward | Part::Last);
        if needs_wrk && !is_installed("wrk") {
            println!("wrk is not installed: nothing is received or forwarded\n");
            continue;
        }
        match part {
            Part::Receive => serving::receive(&bench)?,
            Part::Send => sending::send(&bench)?,
            Part::Forward => serving::forward(&bench)?,
            Part::Verify => looking::verify(&bench, &body)?,
            Part::Log => looking::log(&bench, &body)?,
            Part::Last => lasting::last(&bench, &body)?,
            Part::Replay => sending::replay(&bench, &body)?,
            Part::Start => starting::start(&bench, &body)?,
        }
    }
    Ok(())
}
