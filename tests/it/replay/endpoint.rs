//! Endpoints that were written by others than the program: one in plain sockets that records what it
//! gets, and the documented handlers in Node.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::harness::PATIENCE;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// The value of the only header of this name.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        match self.headers(name).as_slice() {
            [value] => value,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// The values of all headers of this name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let named = self
            .headers
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

type Answer = dyn Fn(usize, &Seen) -> u16 + Send + Sync;

/// Records every request and answers by a function of its number, from 0, and itself.
pub struct Endpoint {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Endpoint {
    pub fn answering(answer: impl Fn(usize, &Seen) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Answer> = Arc::new(answer);
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Self { address, seen }
    }

    /// Answers 200 to everything.
    pub fn ok() -> Self {
        Self::answering(|_, _| 200)
    }

    /// Answers 200, the requests from number `first` on only once the gate is opened.
    pub fn gated(first: usize) -> (Self, Gate) {
        let (arrive, arrived) = channel();
        let (open, opened) = channel::<()>();
        let (arrive, opened) = (Mutex::new(arrive), Mutex::new(opened));
        let endpoint = Self::answering(move |number, _| {
            if number >= first {
                // Nobody counts any more once the gate was opened.
                let _ = arrive.lock().unwrap().send(number);
                // Ends with an error, for everyone, once the gate was opened.
                let _ = opened.lock().unwrap().recv();
            }
            200
        });
        let gate = Gate {
            arrived,
            open: Some(open),
        };
        (endpoint, gate)
    }

    /// Checks the signature as Olympus documents it, at most 300 s old.
    pub fn olympus(secret: &'static str) -> Self {
        Self::answering(move |_, seen| {
            let value = seen.header("X-Olympus-Signature");
            let (time, mac) = value.split_once(',').expect("two parts");
            let time = time.strip_prefix("t=").expect("t=");
            let signed = [time.as_bytes(), b".", &seen.body].concat();
            let expected = format!("v1={}", hmac_hex(secret, &signed));
            let fresh = now() - time.parse::<i64>().expect("seconds") <= 300;
            if fresh && mac == expected { 200 } else { 401 }
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request that came.
    #[track_caller]
    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.into_iter().next().unwrap()
    }

    /// How many came.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// Holds the answers of an endpoint back.
pub struct Gate {
    arrived: Receiver<usize>,
    open: Option<Sender<()>>,
}

impl Gate {
    /// Waits until so many more requests stand at the gate.
    pub fn wait_for(&self, count: usize) {
        for _ in 0..count {
            self.arrived.recv_timeout(PATIENCE).expect("a request");
        }
    }

    /// Lets all of them pass, and all that come.
    pub fn open(mut self) {
        self.open = None;
    }
}

/// Serves one connection to its end.
fn serve(stream: TcpStream, seen: &Mutex<Vec<Seen>>, answer: &Answer) {
    let mut writer = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let number = {
            let mut all = seen.lock().unwrap();
            all.push(request.clone());
            all.len() - 1
        };
        let status = answer(number, &request);
        let text = format!("HTTP/1.1 {status} Answer\r\nContent-Length: 2\r\n\r\nok");
        if writer.write_all(text.as_bytes()).is_err() {
            break;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        match line.trim_end_matches("\r\n") {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let at = Instant::now();
    let (first, fields) = lines.split_first()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let field = |line: &String| {
        let (name, value) = line.split_once(": ").expect("a field");
        (name.to_owned(), value.to_owned())
    };
    let headers = fields.iter().map(field).collect();
    let mut seen = Seen {
        at,
        method,
        target,
        headers,
        body: Vec::new(),
    };
    let length = seen.header("content-length").parse().expect("a length");
    seen.body = vec![0; length];
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

/// The hex HMAC-SHA256, as every one of the documents computes it.
pub fn hmac_hex(secret: &str, bytes: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(bytes);
    hex::encode(mac.finalize().into_bytes())
}

/// Unix seconds.
pub fn now() -> i64 {
    webhook_cli::delivery::Timestamp::now().seconds()
}

/// A documented handler, run by Node.
pub struct NodeHandler {
    child: Child,
    port: u64,
}

impl NodeHandler {
    /// Starts a handler; `None` where there is no Node, or its packages were not installed.
    pub fn start(name: &str, secret: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        if !folder.join("node_modules/express").is_dir() {
            return None;
        }
        let mut child = Command::new("node")
            .args(["handlers.js", name])
            .current_dir(folder)
            .env("WEBHOOK_SECRET", secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let port = ready["port"].as_u64().expect("a port");
        Some(Self { child, port })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for NodeHandler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
