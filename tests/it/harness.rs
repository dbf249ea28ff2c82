//! The built program in a sandbox: a home of its own, no variables of the caller's, port 0.

pub mod endpoint;
pub mod message;
pub mod sender;
mod stream;

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

pub use stream::Lines;

/// How long a test waits for something that must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What comes of a try in the shortest of some spans for which this machine is quick enough: a try
/// is `None` where it was not. So a test of a short time fails on no busy machine.
#[track_caller]
pub fn in_time<T>(try_within: impl FnMut(&str) -> Option<T>) -> T {
    let mut tries = ["300ms", "3s", "30s"].into_iter().filter_map(try_within);
    tries.next().expect("a try in time")
}

/// The providers that this program was made for; all others come after them.
pub const FIRST: [&str; 4] = ["barecommerce", "cimplify", "ibakepro", "olympus"];

/// A home, a folder to run in, and the variables of one imagined user.
pub struct Sandbox {
    root: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
    pub raw_stdout: Vec<u8>,
}

impl Sandbox {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(root.path().join("work")).expect("a folder to run in");
        Self {
            root,
            variables: Vec::new(),
        }
    }

    /// The same with an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The folder in which the program runs.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The user's home.
    pub fn home(&self) -> &Path {
        self.root.path()
    }

    /// The log in the user's data directory.
    pub fn log_file(&self) -> PathBuf {
        self.home().join(".local/share/webhook/log.db")
    }

    /// Writes a file into the folder; returns its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// The program, ready to be started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhook"));
        command.args(args).current_dir(self.folder()).env_clear();
        command
            .env("HOME", self.home())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.iter().map(|(k, v)| (k, v)));
        command
    }

    /// Runs the program to its end, with nothing on stdin.
    pub fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, b"")
    }

    /// Runs the program to its end with these bytes on stdin.
    pub fn run_with(&self, args: &[&str], stdin: &[u8]) -> Run {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        let bytes = stdin.to_vec();
        // In a thread, so that a full pipe on one side cannot stop the other; a program that does
        // not read its stdin closes the pipe, and that is its right.
        let writer = std::thread::spawn(move || {
            let _ = pipe.write_all(&bytes);
        });
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("the writer ends");
        Run {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
            raw_stdout: output.stdout,
        }
    }

    /// Starts `webhook listen --json --port 0` and waits until it is ready.
    pub fn listen(&self, args: &[&str]) -> Listener {
        let mut all = vec!["listen", "--json", "--port", "0"];
        all.extend(args);
        Listener::start(self.command(&all))
    }

    /// Starts `webhook emulate --json --port 0` and waits until it is ready.
    pub fn emulate(&self, args: &[&str]) -> Listener {
        let mut all = vec!["emulate", "--json", "--port", "0"];
        all.extend(args);
        Listener::start(self.command(&all))
    }

    /// Starts `webhook inspect --json` and waits until it is ready.
    pub fn inspect(&self, args: &[&str]) -> Listener {
        let mut all = vec!["inspect", "--json"];
        all.extend(args);
        Listener::start(self.command(&all))
    }

    /// Starts `webhook listen` with a command of its own, such as a shell that sets a limit first.
    pub fn listen_by(&self, program: &str, args: &[&str]) -> Listener {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder()).env_clear();
        command.envs(
            self.command(&[])
                .get_envs()
                .filter_map(|(k, v)| Some((k, v?))),
        );
        Listener::start(command)
    }
}

impl Run {
    /// The lines of stdout, each parsed as JSON; fails the test where one is not.
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// Fails the test unless the program ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }
}

/// A running `webhook listen --json`.
pub struct Listener {
    child: Child,
    lines: Lines,
    errors: Lines,
    /// The `ready` line.
    pub ready: Value,
}

impl Listener {
    /// Starts it and waits until it is ready.
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the listener starts");
        let mut lines = Lines::of(child.stdout.take().expect("a pipe"));
        let errors = Lines::of(child.stderr.take().expect("a pipe"));
        let Some(line) = lines.next() else {
            panic!("the listener ended at once: {}", errors.rest());
        };
        let ready: Value = serde_json::from_str(&line).expect("a JSON line");
        assert_eq!(ready["kind"], "ready", "{ready}");
        Self {
            child,
            lines,
            errors,
            ready,
        }
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        self.ready["url"]
            .as_str()
            .expect("a URL")
            .trim_end_matches('/')
            .to_owned()
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        let port = self.ready["port"].as_u64().expect("a port");
        format!("127.0.0.1:{port}").parse().expect("an address")
    }

    /// The next line of its output.
    pub fn next_line(&mut self) -> Value {
        let line = self.lines.next().expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    /// The next line of a kind.
    pub fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let line = self.next_line();
            if line["kind"] == kind {
                return line;
            }
        }
    }

    /// Waits until stderr has said this; returns the line.
    pub fn complains(&mut self, text: &str) -> String {
        self.errors.until(text)
    }

    /// Sends a signal by its name, such as `INT`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end; returns the rest of stdout, the rest of stderr, and the status.
    pub fn wait(mut self) -> (String, String, ExitStatus) {
        let rest = std::mem::take(&mut self.lines).rest();
        let errors = std::mem::take(&mut self.errors).rest();
        let status = self.child.wait().expect("the listener ends");
        (rest, errors, status)
    }

    /// Ends it as no program can hinder: SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Ends it as Ctrl-C does.
    pub fn stop(self) -> (String, String, ExitStatus) {
        self.signal("INT");
        self.wait()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a process a signal by its name, such as `INT`.
pub fn signal(id: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &id.to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success());
}

/// An address of this machine that is not a loopback one, where it has one. Choosing a route sends
/// nothing.
pub fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// Sends raw bytes to an address and reads the connection to its end.
pub fn raw_exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    try_exchange(address, bytes).expect("a connection that takes the bytes")
}

/// The same; `None` where nobody takes the bytes.
pub fn try_exchange(address: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(bytes).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Some(answer)
}

/// The request that [`post`] sends.
pub fn post_message(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut message = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        message.extend([name, ": ", value, "\r\n"]);
    }
    message.push_str("\r\n");
    let mut bytes = message.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Posts a body with headers, as a client that was written by someone else; returns status and body.
pub fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String) {
    try_post(address, path, headers, body).expect("an answer")
}

/// The same; `None` where there is no answer.
pub fn try_post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<(u16, String)> {
    let answer = try_exchange(address, &post_message(path, headers, body))?;
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Some((status, body.to_owned()))
}

/// The hex HMAC-SHA256 of some bytes, made by the `openssl` program: a signer that is not ours.
///
/// Without that program, by the `hmac` crate, which the tests say.
pub fn openssl_hmac(secret: &str, bytes: &[u8]) -> String {
    if !has("openssl") {
        return crate::peers::hmac_hex(secret, &[bytes]);
    }
    let mut child = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt"])
        .arg(format!("hexkey:{}", hex::encode(secret)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(bytes)
        .expect("openssl reads");
    let output = child.wait_with_output().expect("openssl ends");
    let text = String::from_utf8(output.stdout).expect("text");
    text.rsplit(' ').next().expect("a digest").trim().to_owned()
}

/// A capture line with a valid signature of the provider's scheme at `received_at` (unix seconds).
pub fn capture(header: &str, value: &str, body: &str, received_at: &str) -> String {
    serde_json::json!({
        "v": 1, "kind": "delivery", "id": format!("dlv_{received_at}"), "received_at": received_at,
        "request": {
            "method": "POST", "target": "/hook", "version": "HTTP/1.1",
            "headers": [["Content-Type", "application/json"], [header, value]],
            "body": body, "body_encoding": "utf8", "body_bytes": body.len(), "body_complete": true
        }
    })
    .to_string()
}

/// Whether a program is there that shares no code with ours. A machine may do without, and then the
/// test says so and checks less; where changes are checked before they land, all are there.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !is_there {
        assert!(!must_have_all(), "`{program}` is missing");
        eprintln!("`{program}` is missing: this test checks less");
    }
    is_there
}

/// Whether a missing program is a failure: `.ci/run` and the services that run it set `CI`.
pub fn must_have_all() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}
