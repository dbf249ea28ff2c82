//! How fast the program is, beside peers that are measured in the same run.
//!
//! `cargo bench --bench speed [-- NAME …] [--rounds N] [--rows N]`, where NAME is one of `receive`,
//! `send`, `forward`, `verify`, `log`, `replay` and `start`; all without one. It prints tables and
//! fails for no figure. Absolute figures hold for the machine that they were taken on; the ratios carry
//! over. Programs that it compares with, wrk, oha, openssl, jq and node, are used where they are
//! installed.

mod measure;
mod peers;
mod tables;

use std::fs;
use std::io::{BufWriter, Write};

use clap::{Parser, ValueEnum};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tables::Table;

use measure::{Bench, Load, Outcome, SECRET, Server, is_installed, median, serve, time, with};

/// How long one load lasts, and the first, which is not counted.
const LOAD_SECONDS: u32 = 3;
const WARM_UP_SECONDS: u32 = 1;
/// Clients at once, where more than one are.
const CONNECTIONS: usize = 64;
/// Events that a sender sends in one run.
const EVENTS: usize = 100_000;
/// The large body of `verify`: 1 GiB.
const LARGE_MIB: usize = 1024;
/// How often a short command is started in one round.
const STARTS: usize = 40;

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
    let body = order(&bench)?;
    for part in Part::value_variants() {
        if !parts.is_empty() && !parts.contains(part) {
            continue;
        }
        let needs_wrk = matches!(part, Part::Receive | Part::Forward);
        if needs_wrk && !is_installed("wrk") {
            println!("wrk is not installed: nothing is received or forwarded\n");
            continue;
        }
        match part {
            Part::Receive => receive(&bench)?,
            Part::Send => send(&bench)?,
            Part::Forward => forward(&bench)?,
            Part::Verify => verify(&bench, &body)?,
            Part::Log => log(&bench, &body)?,
            Part::Replay => replay(&bench, &body)?,
            Part::Start => start(&bench, &body)?,
        }
    }
    Ok(())
}

/// Writes the body that is received, 1 KiB of an order, and the load's script, which signs it.
fn order(bench: &Bench) -> Outcome<String> {
    let item = r#"{"sku":"item","qty":2,"name":"Jollof rice","price":"14.50"}"#;
    let items = vec![item; 15].join(",");
    let body = format!(
        r#"{{"id":"evt_abc123","type":"order.created","created_at":"2024-01-15T10:30:00Z","data":{{"order_id":"ord_1","total":"29.99","currency":"GHS","items":[{items}]}}}}"#
    );
    fs::write(bench.path("order.json"), &body)?;
    fs::write(
        bench.path("post.lua"),
        format!(
            "wrk.method = 'POST'\nwrk.headers['content-type'] = 'application/json'\n\
             wrk.headers['x-cimplify-signature'] = '{}'\nwrk.body = [==[{body}]==]\n",
            signature(body.as_bytes())
        ),
    )?;
    Ok(body)
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Gives each server its turn in each round. The first, short one warms them up.
fn take_turns(
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

/// The middle of what `field` gives, and of its ratio to the same round of `base`.
fn beside<T>(runs: &[T], base: &[T], field: impl Fn(&T) -> f64) -> (f64, f64) {
    let ratios = runs
        .iter()
        .zip(base)
        .map(|(run, base)| field(run) / field(base));
    (median(runs.iter().map(&field)), median(ratios))
}

fn receive(bench: &Bench) -> Outcome {
    let listen = |arguments: &[&str]| {
        let all = ["listen", "--port", "{port}"]
            .iter()
            .chain(arguments)
            .copied();
        serve(bench.webhook(0), &all.collect::<Vec<_>>())
    };
    let mut servers = vec![
        ("bare hyper", serve(bench.peer(0, "bare")?, &["{address}"])?),
        (
            "floor",
            serve(bench.peer(0, "floor")?, &["{address}", SECRET, "floor.db"])?,
        ),
        ("listen --json", listen(&["--json", "--log", "json.db"])?),
        (
            "listen --body none",
            listen(&["--body", "none", "--log", "lines.db"])?,
        ),
        ("listen --json --no-log", listen(&["--json", "--no-log"])?),
    ];
    if is_installed("node") {
        fs::write(bench.path("server.js"), NODE)?;
        let arguments = ["server.js", "{port}", SECRET];
        servers.push((
            "node, nothing kept",
            serve(bench.command(0, "node"), &arguments)?,
        ));
    } else {
        println!("node is not installed: not compared with it");
    }
    let loads = take_turns(bench, &servers, CONNECTIONS)?;
    let mut table = Table::new(
        "Receive: 1 KiB, signed, 64 connections; floor verifies and keeps one durable row",
        &[
            "receiver",
            "requests/s",
            "of floor",
            "CPU µs",
            "of floor",
            "p99 ms",
            "peak MiB",
            "target",
        ],
    );
    for ((name, server), loads_of_it) in servers.iter().zip(&loads) {
        let (rate, of_rate) = beside(loads_of_it, &loads[1], |load| load.rate);
        let (cpu, of_cpu) = beside(loads_of_it, &loads[1], |load| load.cpu_micros);
        let p99 = median(loads_of_it.iter().map(|load| load.p99_ms));
        let target = match *name {
            "listen --json" | "listen --body none" => "rate ≥ 0.85, CPU ≤ 1.25 of floor, ≤ 20 MiB",
            "listen --json --no-log" => "≤ 2 times bare's CPU, faster than node",
            _ => "",
        };
        table.row([
            (*name).to_owned(),
            format!("{rate:.0}"),
            format!("{of_rate:.2}"),
            format!("{cpu:.1}"),
            format!("{of_cpu:.2}"),
            format!("{p99:.1}"),
            format!("{:.0}", server.peak_mib()),
            target.to_owned(),
        ]);
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

type MakeCommand<'a> = Box<dyn Fn() -> std::process::Command + 'a>;

fn send(bench: &Bench) -> Outcome {
    let app = serve(bench.peer(0, "bare")?, &["{address}"])?;
    let (url, count, connections) = (app.url(), EVENTS.to_string(), CONNECTIONS.to_string());
    let send = |provider: &str, more: &[&str]| {
        let command = with(
            bench.webhook(1),
            [
                "send",
                "order.created",
                "--provider",
                provider,
                "--url",
                &url,
            ],
        );
        with(
            with(command, ["--count", &count, "--concurrency", &connections]),
            more,
        )
    };
    let mut subjects: Vec<(&str, MakeCommand)> = vec![
        ("send cimplify", Box::new(|| send("cimplify", &[]))),
        (
            "send olympus --json",
            Box::new(|| send("olympus", &["--json"])),
        ),
    ];
    if is_installed("oha") {
        let oha = || {
            let command = with(
                bench.command(1, "oha"),
                ["--no-tui", "-n", &count, "-c", &connections],
            );
            with(
                command,
                [
                    "-m",
                    "POST",
                    "-T",
                    "application/json",
                    "-D",
                    "order.json",
                    &url,
                ],
            )
        };
        subjects.insert(0, ("oha, one fixed body", Box::new(oha)));
    } else {
        println!("oha is not installed: the first sender is the base");
    }
    let mut runs = vec![Vec::new(); subjects.len()];
    for _ in 0..bench.rounds {
        for ((_, command), runs) in subjects.iter().zip(&mut runs) {
            runs.push(time(command(), None)?);
        }
    }
    let mut table = Table::new(
        "Send: 100,000 events, each its own and signed, 64 connections",
        &[
            "sender",
            "requests/s",
            "of the first",
            "CPU µs",
            "of the first",
            "target",
        ],
    );
    #[allow(clippy::cast_precision_loss)] // far fewer than 2^52
    let events = EVENTS as f64;
    for ((name, _), of_it) in subjects.iter().zip(&runs) {
        let (rate, of_rate) = beside(of_it, &runs[0], |run| events / run.seconds);
        let (cpu, of_cpu) = beside(of_it, &runs[0], |run| run.cpu_micros / events);
        let target = if name.starts_with("send") {
            "rate ≥ 0.85, CPU ≤ 1.3 of oha"
        } else {
            ""
        };
        table.row([
            (*name).to_owned(),
            format!("{rate:.0}"),
            format!("{of_rate:.2}"),
            format!("{cpu:.1}"),
            format!("{of_cpu:.2}"),
            target.to_owned(),
        ]);
    }
    table.print();
    Ok(())
}

fn forward(bench: &Bench) -> Outcome {
    let app = serve(bench.peer(0, "bare")?, &["{address}"])?;
    let target = app.url();
    let address = app.address.clone();
    let listen = |log: &[&str]| {
        let all = [
            "listen",
            "--json",
            "--port",
            "{port}",
            "--forward-to",
            &target,
            // As many at once as there are clients; the default, one, keeps their order.
            "--concurrency",
            "64",
        ];
        let all: Vec<_> = all.iter().chain(log).copied().collect();
        serve(bench.webhook(0), &all)
    };
    let servers = [
        (
            "plain hyper proxy",
            serve(bench.peer(0, "proxy")?, &["{address}", &address])?,
        ),
        ("listen --forward-to --no-log", listen(&["--no-log"])?),
        ("listen --forward-to", listen(&["--log", "forwarded.db"])?),
        ("no proxy", app),
    ];
    let many = take_turns(bench, &servers, CONNECTIONS)?;
    let alone = take_turns(bench, &servers, 1)?;
    let mut table = Table::new(
        "Forward: to bare hyper, which shares the core",
        &[
            "way",
            "requests/s at 64",
            "of the proxy",
            "CPU µs",
            "p50 ms at 1",
            "added ms",
            "target",
        ],
    );
    let direct = median(alone[3].iter().map(|load| load.p50_ms));
    for (((name, _), many_of_it), alone_of_it) in servers.iter().zip(&many).zip(&alone) {
        let (rate, of_rate) = beside(many_of_it, &many[0], |load| load.rate);
        let p50 = median(alone_of_it.iter().map(|load| load.p50_ms));
        table.row([
            (*name).to_owned(),
            format!("{rate:.0}"),
            format!("{of_rate:.2}"),
            format!(
                "{:.1}",
                median(many_of_it.iter().map(|load| load.cpu_micros))
            ),
            format!("{p50:.3}"),
            format!("{:.3}", p50 - direct),
            if name.ends_with("--no-log") {
                "≥ 0.85 of the proxy"
            } else {
                ""
            }
            .to_owned(),
        ]);
    }
    table.print();
    Ok(())
}

fn verify(bench: &Bench, body: &str) -> Outcome {
    let large = vec![b'x'; LARGE_MIB << 20];
    let header = format!("X-Cimplify-Signature: {}", signature(&large));
    fs::write(bench.path("large.bin"), &large)?;
    drop(large);
    let captures = bench.rows / 5;
    write_captures(bench, body, captures, NONE, "captures.ndjson")?;
    let large = || {
        with(
            bench.webhook(0),
            [
                "verify",
                "large.bin",
                "-H",
                &header,
                "--provider",
                "cimplify",
            ],
        )
    };
    let openssl = || {
        with(
            bench.command(0, "openssl"),
            ["dgst", "-sha256", "-hmac", SECRET, "large.bin"],
        )
    };
    let many = || {
        let secret = format!("cimplify={SECRET}");
        with(
            bench.webhook(0),
            ["verify", "captures.ndjson", "--json", "--secret", &secret],
        )
    };
    let mut table = Table::new("Verify, on one core", &["what", "seconds", "", "target"]);
    let ours = bench.median_seconds(large)?;
    let mut ratio = String::new();
    if is_installed("openssl") {
        let theirs = bench.median_seconds(openssl)?;
        table.row([
            "openssl dgst, 1 GiB".into(),
            format!("{theirs:.2}"),
            String::new(),
            String::new(),
        ]);
        ratio = format!("{:.2} of openssl", ours / theirs);
    } else {
        println!("openssl is not installed: not compared with it");
    }
    table.row([
        "verify, 1 GiB".into(),
        format!("{ours:.2}"),
        ratio,
        "≤ 1.05".into(),
    ]);
    let seconds = bench.median_seconds(many)?;
    table.row([
        format!("verify, {captures} captures of 1 KiB"),
        format!("{seconds:.2}"),
        format!("{}/s", per_second(captures, seconds)),
        "≥ 240,000/s".into(),
    ]);
    table.print();
    Ok(())
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn per_second(count: usize, seconds: f64) -> u64 {
    (count as f64 / seconds) as u64
}

/// Deliveries as `listen --json` and `log export` write them, a second apart and each its own event's.
/// One in `wrong_one_in` has a wrong signature, and one in all holds the word that is searched for.
fn write_captures(
    bench: &Bench,
    body: &str,
    count: usize,
    wrong_one_in: usize,
    name: &str,
) -> Outcome {
    let mut file = BufWriter::new(fs::File::create(bench.path(name))?);
    for number in 0..count {
        let mut body = body.replace("evt_abc123", &format!("evt_{number:09}"));
        if number == count / 2 {
            body = body.replacen("Jollof", NEEDLE, 1);
        }
        let is_wrong = number % wrong_one_in == wrong_one_in - 1;
        let signature = if is_wrong {
            "0".repeat(64)
        } else {
            signature(body.as_bytes())
        };
        let (minute, second) = (number / 60 % 60, number % 60);
        let (hour, day) = (number / 3600 % 24, 1 + number / 86_400 % 28);
        let line = serde_json::json!({
            "received_at": format!("2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            "source": "listen",
            "remote": "127.0.0.1:50812",
            "request": {
                "method": "POST",
                "target": "/hook",
                "version": "HTTP/1.1",
                "headers": [
                    ["Host", "localhost:4400"],
                    ["User-Agent", "Cimplify-Webhooks/1.0"],
                    ["Content-Type", "application/json"],
                    ["Content-Length", body.len().to_string()],
                    ["X-Cimplify-Signature", signature],
                ],
                "body": body,
            },
        });
        writeln!(file, "{line}")?;
    }
    Ok(file.flush()?)
}

/// For captures none of which is wrong.
const NONE: usize = usize::MAX;
/// Stands in one delivery of all.
const NEEDLE: &str = "Waakye";

fn log(bench: &Bench, body: &str) -> Outcome {
    let rows = bench.rows;
    write_captures(bench, body, rows, 100, "history.ndjson")?;
    let run = |arguments: &[&str], output: Option<&str>| {
        let command = with(bench.webhook(0), ["log"]);
        let command = with(with(command, arguments), ["--log", "history.db"]);
        time(command, output.map(|name| bench.path(name)).as_deref())
    };
    let secret = format!("cimplify={SECRET}");
    let mut table = Table::new(
        &format!("Log: {rows} deliveries of 1 KiB, on one core"),
        &["command", "seconds", "", "target"],
    );
    let mut line = |name: &str, seconds: f64, what: String, target: &str| {
        let seconds = format!("{seconds:.3}");
        table.row([name.to_owned(), seconds, what, target.to_owned()]);
    };
    let import = run(&["import", "history.ndjson", "--secret", &secret], None)?.seconds;
    line(
        "log import",
        import,
        format!("{}/s", per_second(rows, import)),
        "≥ 150,000/s",
    );
    let mut few = |name: &str, arguments: &[&str], target: &str| -> Outcome {
        let runs = (0..bench.rounds).map(|_| Ok(run(arguments, None)?.seconds));
        let seconds: Vec<f64> = runs.collect::<Outcome<_>>()?;
        line(name, median(seconds), String::new(), target);
        Ok(())
    };
    few("log", &[], "")?;
    few(
        "log --event order.created",
        &["--event", "order.created"],
        "",
    )?;
    few(
        "log --verdict mismatch",
        &["--verdict", "mismatch"],
        "< 0.020",
    )?;
    few("log --search, one of all", &["--search", NEEDLE], "< 0.150")?;
    let export = run(&["export"], Some("export.ndjson"))?.seconds;
    let bytes = usize::try_from(fs::metadata(bench.path("export.ndjson"))?.len())?;
    line(
        "log export",
        export,
        format!("{} MB/s", per_second(bytes, export) / 1_000_000),
        "≥ 250 MB/s",
    );
    if is_installed("jq") {
        let jq = time(
            with(bench.command(0, "jq"), ["-c", ".", "export.ndjson"]),
            None,
        )?
        .seconds;
        line(
            "jq -c, the same lines",
            jq,
            format!("{} MB/s", per_second(bytes, jq) / 1_000_000),
            "",
        );
    } else {
        println!("jq is not installed: not compared with it");
    }
    let prune = run(&["prune", "--keep", &(rows / 2).to_string()], None)?.seconds;
    line(
        "log prune, half",
        prune,
        format!("{}/s", per_second(rows / 2, prune)),
        "",
    );
    table.print();
    Ok(())
}

fn replay(bench: &Bench, body: &str) -> Outcome {
    let app = serve(bench.peer(0, "bare")?, &["{address}"])?;
    let (url, count, connections) = (app.url(), EVENTS.to_string(), CONNECTIONS.to_string());
    write_captures(bench, body, EVENTS, NONE, "replayed.ndjson")?;
    let secret = format!("cimplify={SECRET}");
    let import = [
        "log",
        "import",
        "replayed.ndjson",
        "--secret",
        &secret,
        "--log",
        "replayed.db",
    ];
    time(with(bench.webhook(1), import), None)?;
    let send = [
        "send",
        "order.created",
        "--provider",
        "cimplify",
        "--count",
        &count,
    ];
    let replay = ["replay", "--event", "order.created", "--log", "replayed.db"];
    let to = ["--url", &url, "--concurrency", &connections];
    let sending = time(with(with(bench.webhook(1), send), to), None)?;
    let replayed = time(with(with(bench.webhook(1), replay), to), None)?;
    let mut table = Table::new(
        "Replay: 100,000 logged deliveries, each attempt logged, 64 connections",
        &["command", "requests/s", "of send", "target"],
    );
    table.row([
        "send --count".into(),
        per_second(EVENTS, sending.seconds).to_string(),
        String::new(),
        String::new(),
    ]);
    table.row([
        "replay".into(),
        per_second(EVENTS, replayed.seconds).to_string(),
        format!("{:.2}", sending.seconds / replayed.seconds),
        "≥ 0.8".into(),
    ]);
    table.print();
    Ok(())
}

fn start(bench: &Bench, body: &str) -> Outcome {
    write_captures(bench, body, 1, NONE, "one.json")?;
    let secret = format!("cimplify={SECRET}");
    let subjects: [&[&str]; 3] = [
        &["--version"],
        &["events"],
        &["verify", "one.json", "--secret", &secret],
    ];
    let mut runs = vec![Vec::new(); subjects.len() + 2];
    for _ in 0..bench.rounds * STARTS {
        runs[0].push(time(with(bench.peer(0, "hello")?, [] as [&str; 0]), None)?.seconds);
        for (arguments, runs) in subjects.iter().zip(&mut runs[1..]) {
            runs.push(time(with(bench.webhook(0), *arguments), None)?.seconds);
        }
        let began = std::time::Instant::now();
        drop(serve(
            bench.webhook(0),
            &["listen", "--port", "{port}", "--log", "start.db"],
        )?);
        runs[4].push(began.elapsed().as_secs_f64());
    }
    let mut table = Table::new(
        "Start, as whole processes",
        &["command", "ms", "of a clap hello", "target"],
    );
    let names = [
        "clap hello",
        "--version",
        "events",
        "verify",
        "listen, ready and ended",
    ];
    let targets = ["", "≤ 1.3", "≤ 1.6", "≤ 1.6", "≤ 3"];
    for ((name, target), of_it) in names.into_iter().zip(targets).zip(&runs) {
        let (seconds, ratio) = beside(of_it, &runs[0], |seconds| *seconds);
        table.row([
            name.to_owned(),
            format!("{:.2}", seconds * 1e3),
            format!("{ratio:.2}"),
            target.to_owned(),
        ]);
    }
    table.print();
    Ok(())
}
