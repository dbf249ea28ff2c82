//! The other side, written by someone else: the documented handlers in Node, the same checks in
//! Rust where there is no Node.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{Receiver, channel};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::message::Message;
use crate::harness::sender::now;
use crate::harness::{PATIENCE, must_have_all};

/// The providers whose documents show a handler.
pub const PROVIDERS: [&str; 4] = ["barecommerce", "cimplify", "ibakepro", "olympus"];

/// How old olympus' documented receivers let a signature be, in seconds.
const TOLERANCE: i64 = 300;

/// The HMAC-SHA256 in lower-case hex, from the crates themselves.
pub fn hmac_hex(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

/// Whether a request is signed as the provider documents, over the raw bytes.
pub fn is_signed(provider: &str, secret: &str, message: &Message) -> bool {
    let Some((header, expected)) = expected(provider, secret, message) else {
        return false;
    };
    message.field(header) == Some(&expected)
}

/// The signature header that the provider documents for a request, by its own timestamp.
fn expected(provider: &str, secret: &str, message: &Message) -> Option<(&'static str, String)> {
    let of_body = hmac_hex(secret, &[&message.body]);
    Some(match provider {
        "barecommerce" => ("x-webhook-signature", of_body),
        "cimplify" => ("x-cimplify-signature", of_body),
        "ibakepro" => ("x-webhook-signature", format!("sha256={of_body}")),
        _ => {
            let value = message.field("x-olympus-signature")?;
            let time = value.strip_prefix("t=")?.split(',').next()?;
            let mac = hmac_hex(secret, &[time.as_bytes(), b".", &message.body]);
            ("x-olympus-signature", format!("t={time},v1={mac}"))
        }
    })
}

/// What the documented handler of a provider answers, worked out in Rust: 401 for a signature that
/// it compares and finds wrong, 500 where its code throws.
fn documented_status(provider: &str, secret: &str, message: &Message) -> u16 {
    let written_anew = || webhook_cli::json::javascript::restringify(&message.body);
    let signature = message.field(match provider {
        "cimplify" => "x-cimplify-signature",
        "olympus" => "x-olympus-signature",
        _ => "x-webhook-signature",
    });
    match provider {
        "ibakepro" => {
            let Some(body) = written_anew() else {
                return 400;
            };
            let mac = hmac_hex(secret, &[body.as_bytes()]);
            let same = signature == Some(&format!("sha256={mac}"));
            if same { 200 } else { 401 }
        }
        "cimplify" => {
            let Some(body) = written_anew() else {
                return 400;
            };
            timing_safe(signature, &hmac_hex(secret, &[body.as_bytes()]))
        }
        "barecommerce" => timing_safe(signature, &hmac_hex(secret, &[&message.body])),
        _ => olympus_status(secret, message, signature),
    }
}

/// The Node reader of olympus: by position, whatever stands before each `=`.
fn olympus_status(secret: &str, message: &Message, signature: Option<&str>) -> u16 {
    let Some(signature) = signature else {
        return 500;
    };
    let mut parts = signature.split(',').map(|part| part.split('=').nth(1));
    let time = parts.next().flatten();
    let Some(mac) = parts.next() else { return 500 };
    let time = time.unwrap_or("undefined");
    if let Ok(seconds) = time.parse::<i64>()
        && now() - seconds > TOLERANCE
    {
        return 401;
    }
    let expected = hmac_hex(secret, &[time.as_bytes(), b".", &message.body]);
    timing_safe(mac, &expected)
}

/// `crypto.timingSafeEqual`, which throws on nothing and on another length.
fn timing_safe(signature: Option<&str>, expected: &str) -> u16 {
    match signature {
        Some(text) if text.len() == expected.len() => {
            if text == expected {
                200
            } else {
                401
            }
        }
        _ => 500,
    }
}

/// The documented Axum handler of olympus. No header or a wrong MAC is 401, a body that is no JSON
/// 400; the document does not say what its error for an odd signature becomes, and 500 is what Axum
/// makes of errors.
fn axum_status(secret: &str, message: &Message) -> u16 {
    let Some(signature) = message.field("x-olympus-signature") else {
        return 401;
    };
    let mut parts = signature.split(',');
    let time = parts.next().and_then(|part| part.strip_prefix("t="));
    let mac = parts.next().and_then(|part| part.strip_prefix("v1="));
    let (Some(time), Some(mac)) = (time, mac) else {
        return 500;
    };
    let Ok(seconds) = time.parse::<i64>() else {
        return 500;
    };
    let expected = hmac_hex(secret, &[time.as_bytes(), b".", &message.body]);
    if now() - seconds > TOLERANCE || mac != expected {
        return 401;
    }
    let is_json = serde_json::from_slice::<Value>(&message.body).is_ok();
    if is_json { 200 } else { 400 }
}

/// An endpoint that is the documented Axum handler of olympus. Where the header is a time alone, its
/// code indexes a part that is not there, and the connection is dropped.
pub fn olympus(secret: &'static str) -> Endpoint {
    Endpoint::start(move |_, message| {
        let signature = message.field("x-olympus-signature");
        let panics = signature.is_some_and(|text| text.starts_with("t=") && !text.contains(','));
        if panics {
            return Reply::Hangup;
        }
        Reply::status(axum_status(secret, message))
    })
}

/// The documented handler of a provider, in Node where it is there.
pub enum Handler {
    Node(NodeHandler),
    Rust(Endpoint),
}

/// A Node program that prints a line for each request that it saw.
pub struct NodeHandler {
    child: Child,
    address: SocketAddr,
    lines: Receiver<String>,
}

impl Handler {
    /// Starts the handler; `route` is a provider's name, or one of the two
    /// forms of barecommerce.
    pub fn start(route: &str, secret: &str) -> Self {
        if has_node() {
            return Self::Node(NodeHandler::start(route, secret));
        }
        let provider = route.split('-').next().expect("a name").to_owned();
        let secret = secret.to_owned();
        Self::Rust(Endpoint::start(move |_, message| {
            Reply::status(documented_status(&provider, &secret, message))
        }))
    }

    /// The URL at which it listens.
    pub fn url(&self, route: &str) -> String {
        let (path, address) = match (route, self) {
            ("barecommerce-express", Self::Node(node)) => ("webhooks/barecommerce", node.address),
            ("barecommerce-next", Self::Node(node)) => ("api/webhooks/barecommerce", node.address),
            (_, Self::Node(node)) => return format!("http://{}/webhooks/{route}", node.address),
            (_, Self::Rust(endpoint)) => ("", endpoint.address),
        };
        format!("http://{address}/{path}")
    }

    /// The event that the handler read of the next request; `None` where it says none.
    pub fn event(&self) -> Option<String> {
        match self {
            Self::Node(node) => {
                let line = node.lines.recv_timeout(PATIENCE).expect("a line");
                let line: Value = serde_json::from_str(&line).expect("JSON");
                line["event"].as_str().map(str::to_owned)
            }
            Self::Rust(_) => None,
        }
    }

    /// Whether it is the documents' own code.
    pub const fn is_node(&self) -> bool {
        matches!(self, Self::Node(_))
    }
}

impl NodeHandler {
    fn start(route: &str, secret: &str) -> Self {
        let mut child = node("handlers.js")
            .arg(route)
            .env("WEBHOOK_SECRET", secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let lines = lines_of(child.stdout.take().expect("a pipe"));
        let first = lines.recv_timeout(PATIENCE).expect("a line of the handler");
        let first: Value = serde_json::from_str(&first).expect("JSON");
        let address = format!("127.0.0.1:{}", first["port"]);
        Self {
            child,
            address: address.parse().expect("an address"),
            lines,
        }
    }
}

impl Drop for NodeHandler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// What Node makes of bodies: `true` for each that `JSON.stringify(JSON.parse(body))` gives back,
/// else what it gives. `None` where there is no Node.
pub fn stringified(bodies: &[&str]) -> Option<Vec<Value>> {
    if !has_node() {
        return None;
    }
    let mut child = node("stringify.js")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let lines: Vec<_> = bodies.iter().map(|body| Value::from(*body)).collect();
    let input = lines.iter().map(|line| line.to_string() + "\n");
    let input: String = input.collect();
    let mut pipe = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("node ends");
    writer.join().expect("no panic").expect("node reads");
    let text = String::from_utf8(output.stdout).expect("text");
    let answers = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    Some(answers.collect())
}

fn node(program: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(folder().join(program));
    command
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// Whether the Node peers can run. Where continuous integration runs the tests they must; elsewhere
/// stderr says that the same checks in Rust stand in for them.
pub fn has_node() -> bool {
    static SAY: Once = Once::new();
    let runs = Command::new("node").arg("--version").output();
    let is_there = runs.is_ok_and(|output| output.status.success())
        && folder().join("node_modules/express").is_dir();
    if !is_there {
        assert!(!must_have_all(), "no Node, or no `npm ci` in tests/peers");
        SAY.call_once(|| eprintln!("Node was not used: the handlers are checked in Rust"));
    }
    is_there
}
