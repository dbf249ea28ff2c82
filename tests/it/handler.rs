//! Webhook handlers in processes of their own, on port 0: the examples that ship, and those with a
//! deliberate fault.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

use crate::harness::{must_have_all, raw_exchange};

/// The secret that all handlers here have.
pub const SECRET: &str = "whsec_aGFuZGxlci10ZXN0LXNlY3JldA";

/// Ends a Node program with its stdin, so that a test which dies leaves none behind.
const END_WITH_STDIN: &str =
    "data:text/javascript,process.stdin.on('end', () => process.exit()).resume()";

/// A running handler; ends when dropped.
pub struct Handler {
    child: Child,
    // Open as long as the handler is to live.
    _stdin: ChildStdin,
    address: SocketAddr,
    /// What it printed when it was ready.
    ready: Value,
}

impl Handler {
    /// The Node example of a provider; `None` where Node or its packages are not there.
    pub fn node_example(provider: &str) -> Option<Self> {
        let mut node = node("examples/node")?;
        node.args(["--import", END_WITH_STDIN, &format!("{provider}.js")]);
        Some(Self::start(node.env("PORT", "0")))
    }

    /// The Axum example, which serves all providers.
    pub fn axum_example() -> Self {
        let file = axum_file();
        assert!(
            file.is_file(),
            "`{}` is not there: `cargo test` builds it, and so does `cargo build --example \
             axum_handler`",
            file.display()
        );
        Self::start(Command::new(file).env("PORT", "0"))
    }

    /// `broken.js` with a fault; `None` where Node or its packages are not there.
    pub fn broken(provider: &str, fault: &str, deadline_ms: u64) -> Option<Self> {
        let mut node = node("tests/peers")?;
        node.args(["broken.js", provider, fault])
            .env("DEADLINE_MS", deadline_ms.to_string());
        Some(Self::start(&mut node))
    }

    /// The servers in which the vendors' own libraries judge, and what each says of its vendors: those for
    /// Node, and those for Python. One whose packages are not there is left out.
    pub fn vendors() -> Vec<(Self, Vec<Value>)> {
        let servers = [
            (node("tests/vendors"), "handlers.mjs"),
            (python("tests/vendors"), "handlers.py"),
        ];
        let servers = servers.into_iter().filter_map(|(program, file)| {
            let mut handler = Self::start(program?.arg(file));
            let vendors = handler.ready["vendors"].take();
            Some((handler, vendors.as_array().expect("a list").clone()))
        });
        servers.collect()
    }

    /// Starts a handler that prints its port as the first line.
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .env("WEBHOOK_SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the handler starts");
        let stdin = child.stdin.take().expect("a pipe");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|e| panic!("{command:?} printed no port: {e}: {line:?}"));
        let port = ready["port"].as_u64().expect("a port");
        // Whatever else it prints, its pipe is never full.
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Self {
            child,
            _stdin: stdin,
            address: format!("127.0.0.1:{port}").parse().expect("an address"),
            ready,
        }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes the deliveries of a provider.
    pub fn url(&self, provider: &str) -> String {
        format!("http://{}/webhooks/{provider}", self.address)
    }

    /// How many events took effect so far.
    pub fn effects(&self) -> u64 {
        let request = format!(
            "GET /effects HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        let answer = raw_exchange(self.address, request.as_bytes());
        let text = String::from_utf8(answer).expect("text");
        let (_, body) = text.split_once("\r\n\r\n").expect("an answer");
        body.parse()
            .unwrap_or_else(|e| panic!("{e}: no number in {text:?}"))
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `broken.js --list` prints: a line for each fault. `None` where Node is not there.
pub fn faults() -> Option<Vec<Value>> {
    let output = node("tests/peers")?.args(["broken.js", "--list"]).output();
    let output = output.expect("node ends");
    let text = String::from_utf8(output.stdout).expect("text");
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    Some(text.lines().map(parse).collect())
}

/// Node in a folder whose packages are installed.
pub fn node(folder: &str) -> Option<Command> {
    let is_installed = Command::new("node").arg("--version").output().is_ok();
    program(
        folder,
        is_installed && in_folder(folder, "node_modules/.package-lock.json").is_file(),
        "node".into(),
        "Node, or `npm ci`",
    )
}

/// Python in a folder whose packages are installed beside it, by `.ci/run`.
fn python(folder: &str) -> Option<Command> {
    let python = in_folder(folder, ".venv/bin/python");
    let is_installed = in_folder(folder, ".venv/installed").is_file();
    program(folder, is_installed, python, "Python, or its packages")
}

/// A program in a folder, if it and what it needs are there.
fn program(folder: &str, is_there: bool, program: PathBuf, needed: &str) -> Option<Command> {
    if !is_there {
        assert!(!must_have_all(), "not there: {needed} in `{folder}`");
        eprintln!("skipped: {needed} in `{folder}`");
        return None;
    }
    let mut command = Command::new(program);
    command.current_dir(in_folder(folder, ""));
    Some(command)
}

/// A path in a folder of this project.
fn in_folder(folder: &str, path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(path)
}

/// Cargo names the program to a test, but no example: those lie in a folder beside it.
fn axum_file() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_webhook"));
    let name = format!("axum_handler{}", std::env::consts::EXE_SUFFIX);
    program.with_file_name("examples").join(name)
}
