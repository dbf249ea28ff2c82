//! Verifying what was captured, and the commands of the log.

use std::fs;

use super::deliveries::{NEEDLE, NONE, signature, write_captures};
use super::measure::{Bench, Outcome, SECRET, is_installed, median, time, typed};
use super::tables::{Table, per_second};

/// The large body of `verify`: 1 GiB.
const LARGE_MIB: usize = 1024;

/// Verifies one large body, beside openssl, and many captures.
pub fn verify(bench: &Bench, body: &str) -> Outcome {
    let large = vec![b'x'; LARGE_MIB << 20];
    let header = format!("X-Cimplify-Signature:{}", signature(&large));
    fs::write(bench.path("large.bin"), &large)?;
    drop(large);
    let mut table = Table::new("Verify, on one core", "what | seconds |  | target");
    let command = format!("verify large.bin -H {header} --provider cimplify");
    let ours = bench.median_seconds(|| typed(bench.webhook(0), &command))?;
    let mut ratio = String::new();
    if is_installed("openssl") {
        let command = format!("dgst -sha256 -hmac {SECRET} large.bin");
        let theirs = bench.median_seconds(|| typed(bench.command(0, "openssl"), &command))?;
        table.row(&format!("openssl dgst, 1 GiB | {theirs:.2} |  | "));
        ratio = format!("{:.2} of openssl", ours / theirs);
    } else {
        println!("openssl is not installed: not compared with it");
    }
    table.row(&format!("verify, 1 GiB | {ours:.2} | {ratio} | ≤ 1.05"));
    let captures = bench.rows / 5;
    write_captures(bench, body, captures, NONE, "captures.ndjson")?;
    let command = format!("verify captures.ndjson --json --secret cimplify={SECRET}");
    let seconds = bench.median_seconds(|| typed(bench.webhook(0), &command))?;
    let rate = per_second(captures, seconds);
    table.row(&format!(
        "verify, {captures} captures of 1 KiB | {seconds:.2} | {rate}/s | ≥ 240,000/s"
    ));
    table.print();
    Ok(())
}

/// What is done with a log of so many rows, from the import on.
pub fn log(bench: &Bench, body: &str) -> Outcome {
    let rows = bench.rows;
    write_captures(bench, body, rows, 100, "history.ndjson")?;
    let mut table = Table::new(
        &format!("Log: {rows} deliveries of 1 KiB, on one core"),
        "command | seconds |  | target",
    );
    let run = |arguments: &str, output: Option<&str>| {
        let command = format!("log {arguments} --log history.db");
        let output = output.map(|name| bench.path(name));
        Outcome::Ok(time(typed(bench.webhook(0), &command), output.as_deref())?.seconds)
    };
    let import = run(
        &format!("import history.ndjson --secret cimplify={SECRET}"),
        None,
    )?;
    let rate = per_second(rows, import);
    table.row(&format!(
        "log import | {import:.3} | {rate}/s | ≥ 150,000/s"
    ));
    for (arguments, target) in [
        (String::new(), ""),
        ("--event order.created".into(), ""),
        ("--verdict mismatch".into(), "< 0.020"),
        (format!("--search {NEEDLE}"), "< 0.150"),
    ] {
        let seconds = (0..bench.rounds).map(|_| run(&arguments, None));
        let seconds = median(seconds.collect::<Outcome<Vec<_>>>()?);
        table.row(&format!("log {arguments} | {seconds:.3} |  | {target}"));
    }
    let export = run("export", Some("export.ndjson"))?;
    let bytes = usize::try_from(fs::metadata(bench.path("export.ndjson"))?.len())?;
    let rate = |seconds| per_second(bytes, seconds) / 1_000_000;
    table.row(&format!(
        "log export | {export:.3} | {} MB/s | ≥ 250 MB/s",
        rate(export)
    ));
    if is_installed("jq") {
        let jq = time(typed(bench.command(0, "jq"), "-c . export.ndjson"), None)?.seconds;
        table.row(&format!(
            "jq -c, the same lines | {jq:.3} | {} MB/s | ",
            rate(jq)
        ));
    } else {
        println!("jq is not installed: not compared with it");
    }
    let half = rows / 2;
    let prune = run(&format!("prune --keep {half}"), None)?;
    table.row(&format!(
        "log prune, half | {prune:.3} | {}/s | ",
        per_second(half, prune)
    ));
    table.print();
    Ok(())
}
