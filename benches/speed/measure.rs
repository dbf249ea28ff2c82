//! What is measured about a process, and the load that is put on it.

use std::error::Error;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The secret of every delivery here.
pub const SECRET: &str = "whsec_0123456789abcdef";
/// Of `/proc/PID/stat`: `USER_HZ`, 100 wherever Linux runs Rust.
const MICROS_A_TICK: f64 = 10_000.0;
/// Clients at once, where more than one are.
pub const CONNECTIONS: usize = 64;
/// How long a server may take until it accepts a connection.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Where one run keeps its files, and how long it measures.
pub struct Bench {
    folder: TempDir,
    /// Each subject is measured that often, in turn with the others, so that ratios hold where the
    /// machine's own speed drifts.
    pub rounds: usize,
    /// Rows of the log in the figures about the log.
    pub rows: usize,
    /// A core each for server and load.
    has_two_cores: bool,
}

impl Bench {
    pub fn new(rounds: usize, rows: usize) -> Outcome<Self> {
        let cores = std::thread::available_parallelism()?.get();
        let folder = tempfile::tempdir()?;
        Ok(Self {
            folder,
            rounds,
            rows,
            has_two_cores: cores > 1 && is_installed("taskset"),
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `program` on core `core`, with a home of its own and the secret of all deliveries.
    pub fn command(&self, core: usize, program: &str) -> Command {
        let mut command = if self.has_two_cores {
            let mut command = Command::new("taskset");
            command.args(["-c", &core.to_string(), program]);
            command
        } else {
            Command::new(program)
        };
        command
            .env("HOME", self.folder.path())
            .env("WEBHOOK_SECRET", SECRET)
            .env("NO_COLOR", "1");
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_RUNTIME_DIR",
        ] {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// The subject.
    pub fn webhook(&self, core: usize) -> Command {
        self.command(core, env!("CARGO_BIN_EXE_webhook"))
    }

    /// A peer: this binary, started again.
    pub fn peer(&self, core: usize, name: &str) -> Outcome<Command> {
        let me = std::env::current_exe()?;
        let mut command = self.command(core, &me.to_string_lossy());
        command.args(["peer", name]);
        Ok(command)
    }

    /// Puts `connections` at once on `server` for `seconds`, each with the signed order again and again.
    pub fn load(&self, server: &Server, connections: usize, seconds: u32) -> Outcome<Load> {
        let cpu_before = server.cpu_micros();
        let output = self
            .command(1, "wrk")
            .args([
                "-t1",
                &format!("-c{connections}"),
                &format!("-d{seconds}s"),
                "--latency",
                "-s",
            ])
            .arg(self.path("post.lua"))
            .arg(server.url())
            .output()?;
        let report = String::from_utf8_lossy(&output.stdout);
        if !output.status.success()
            || report.contains("Non-2xx")
            || report.contains("Socket errors")
        {
            return Err(format!("the load failed: {report}").into());
        }
        let field = |name: &str| {
            let line = report
                .lines()
                .find(|line| line.trim_start().starts_with(name));
            line.and_then(|line| line.split_whitespace().last())
                .ok_or("wrk prints another report")
        };
        let requests = report.lines().find(|line| line.contains("requests in"));
        let requests = requests
            .and_then(|line| line.split_whitespace().next())
            .ok_or("no requests")?
            .parse()?;
        Ok(Load {
            requests,
            rate: field("Requests/sec:")?.parse()?,
            p50_ms: milliseconds(field("50%")?)?,
            p99_ms: milliseconds(field("99%")?)?,
            cpu_micros: (server.cpu_micros() - cpu_before) / f64::from(requests),
        })
    }

    /// How long the command takes, of as many runs as there are rounds.
    pub fn median_seconds(&self, command: impl Fn() -> Command) -> Outcome<f64> {
        let runs = (0..self.rounds).map(|_| Ok(time(command(), None)?.seconds));
        Ok(median(runs.collect::<Outcome<Vec<_>>>()?))
    }
}

/// What a load found.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many requests were answered.
    pub requests: u32,
    /// Requests a second.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// The server's CPU time for a request; NaN where there is no `/proc`.
    pub cpu_micros: f64,
}

/// What a command took.
#[derive(Clone, Copy)]
pub struct Run {
    pub seconds: f64,
    /// NaN where there is no `/proc`.
    pub cpu_micros: f64,
}

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn cpu_micros(&self) -> f64 {
        cpu_micros(&self.child.id().to_string(), 13)
    }

    /// The most memory it ever held, in MiB; NaN where there is no `/proc`.
    pub fn peak_mib(&self) -> f64 {
        self.mib("VmHWM:")
    }

    /// The memory that it holds now, in MiB; NaN where there is no `/proc`.
    pub fn held_mib(&self) -> f64 {
        self.mib("VmRSS:")
    }

    fn mib(&self, field: &str) -> f64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.map_or(f64::NAN, |kib| kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nothing to do about either error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server on core 0; `{address}` and `{port}` in `arguments` stand for a free port's.
pub fn serve(mut command: Command, arguments: &[&str]) -> Outcome<Server> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    for argument in arguments {
        let argument = argument.replace("{address}", &address);
        command.arg(argument.replace("{port}", &port.to_string()));
    }
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut server = Server { child, address };
    let began = Instant::now();
    while TcpStream::connect(&server.address).is_err() {
        if let Some(status) = server.child.try_wait()? {
            return Err(format!("{command:?} ended with {status}").into());
        }
        if began.elapsed() > START_LIMIT {
            return Err(format!("{command:?} does not listen").into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(server)
}

/// Runs `command` to its end: how long it took and what CPU time it used.
pub fn time(mut command: Command, output: Option<&Path>) -> Outcome<Run> {
    if let Some(path) = output {
        command.stdout(File::create(path)?);
    } else {
        command.stdout(Stdio::null());
    }
    let (began, cpu_before) = (Instant::now(), children_cpu_micros());
    let status = command.stderr(Stdio::null()).status()?;
    let (took, cpu_micros) = (began.elapsed(), children_cpu_micros() - cpu_before);
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(Run {
        seconds: took.as_secs_f64(),
        cpu_micros,
    })
}

/// CPU time of all children that were waited for.
fn children_cpu_micros() -> f64 {
    cpu_micros("self", 15)
}

/// Two neighbouring fields of `/proc/PID/stat`, user and system time, counted from 0.
fn cpu_micros(process: &str, first_field: usize) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is a name in parentheses, in which anything may stand.
    let Some((_, fields)) = stat.rsplit_once(')') else {
        return f64::NAN;
    };
    let fields = fields.split_whitespace().skip(first_field - 2).take(2);
    fields
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        * MICROS_A_TICK
}

/// `1.23ms`, `45us`, `0.9s`, as wrk prints them.
fn milliseconds(text: &str) -> Outcome<f64> {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let value: f64 = digits.parse()?;
    Ok(match &text[digits.len()..] {
        "us" => value / 1e3,
        "ms" => value,
        "s" => value * 1e3,
        unit => return Err(format!("wrk prints the unit `{unit}`").into()),
    })
}

/// Whether a program is on the PATH.
pub fn is_installed(program: impl AsRef<Path>) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program.as_ref()).is_file())
}

/// The middle one. NaN of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The command with these arguments behind it, which white space parts.
pub fn typed(mut command: Command, arguments: &str) -> Command {
    command.args(arguments.split_whitespace());
    command
}
