//! `webhook test`: each check catches its own fault, and no right handler is accused.

mod contract;
mod effects;
mod engine;
mod faults;
mod handler;
mod handshakes;
mod proof;
mod published;

use crate::harness::{Run, Sandbox};
use handler::{Handler, SECRET};
use serde_json::Value;

/// Runs all checks of a provider against a URL.
fn run_against(url: &str, provider: &str, more: &[&str]) -> Run {
    let mut args = vec!["test", "--provider", provider, "--secret", SECRET];
    args.extend(["--url", url, "--no-log"]);
    args.extend(more);
    Sandbox::new().run(&args)
}

fn check(handler: &Handler, provider: &str, more: &[&str]) -> Run {
    run_against(&handler.url, provider, more)
}

/// The ids of the checks that came out so.
fn ids(lines: &[Value], outcome: &str) -> Vec<String> {
    let checks = lines.iter().filter(|line| line["outcome"] == outcome);
    checks
        .map(|line| line["id"].as_str().expect("an id").to_owned())
        .collect()
}
