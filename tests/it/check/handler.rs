//! A handler that was written without the program's own code, right in everything but what a test
//! breaks in it.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::harness::PATIENCE;

/// The secret of every handler.
pub const SECRET: &str = "whsec_handler";
/// How old a signature may be, in seconds.
const TOLERANCE: i64 = 300;

/// How a provider signs, as its documents say.
#[derive(Clone, Copy)]
pub struct Rules {
    pub provider: &'static str,
    header: &'static str,
    prefix: &'static str,
    is_timed: bool,
    event: &'static str,
}

/// The four providers.
pub const RULES: [Rules; 4] = [
    Rules {
        provider: "ibakepro",
        header: "X-Webhook-Signature",
        prefix: "sha256=",
        is_timed: false,
        event: "event",
    },
    Rules {
        provider: "olympus",
        header: "X-Olympus-Signature",
        prefix: "v1=",
        is_timed: true,
        event: "type",
    },
    Rules {
        provider: "barecommerce",
        header: "X-Webhook-Signature",
        prefix: "",
        is_timed: false,
        event: "type",
    },
    Rules {
        provider: "cimplify",
        header: "X-Cimplify-Signature",
        prefix: "",
        is_timed: false,
        event: "type",
    },
];

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    RefusesVoids,
    UnknownEvent,
    StrictEnvelope,
    StrictData,
    Latin1,
    SmallBody,
    ExactMediaType,
    HeaderCase,
    StripsLines,
    Unescapes,
    RewritesNumbers,
    OrdersKeys,
    Restringifies,
    Redirects,
    AcceptsMissing,
    AcceptsEmpty,
    AcceptsGarbage,
    ComparesBeginning,
    ComparesLength,
    AnyVersion,
    IgnoresCase,
    NoCheck,
    EmptySecret,
    EmptyBody,
    BodyOnly,
    TwiceTheTolerance,
    TimeOfDay,
    NoFreshness,
    AnySecond,
    OptionalTime,
    AbsoluteTime,
    OverflowingTime,
    NotANumber,
    ThrowsOnLength,
    DropsOnMissing,
    ThrowsOnTwo,
    Conflict,
    Races,
    CountsTwice,
    CountsNothing,
    Silent,
    Slow(Duration),
    Overloaded,
    DiesOfHalf,
    EndsAfterEmpty,
    UpdateNeedsCreation,
    NoLateRetry,
    Trims,
    TrustsTheSeen,
    RefusesTheOlder,
    LooseHex,
    AnyHeader,
    ParsesFirst,
}

/// What a handler knows.
#[derive(Default)]
struct Memory {
    ids: HashSet<String>,
    /// By the id of the thing: whether it was created, and whether updated.
    things: HashMap<String, (bool, bool)>,
    /// By the id of the thing: the time of its last event.
    latest: HashMap<String, String>,
    macs: HashSet<String>,
    effects: usize,
    under_way: HashMap<String, usize>,
}

/// A running handler.
pub struct Handler {
    pub url: String,
    pub requests: Arc<AtomicUsize>,
}

struct Desk {
    rules: Rules,
    fault: Fault,
    memory: Mutex<Memory>,
    met: Condvar,
    requests: Arc<AtomicUsize>,
}

struct Received {
    method: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What goes back: a status, or the end of the connection.
enum Reply {
    Status(u16),
    Text(String),
    Redirect,
    Nothing,
    /// Nothing, until the other side closes.
    Silence,
}

/// Starts a handler of this provider with this fault.
pub fn start(provider: &str, fault: Fault) -> Handler {
    let rules = RULES.into_iter().find(|rules| rules.provider == provider);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let requests = Arc::new(AtomicUsize::new(0));
    let desk = Arc::new(Desk {
        rules: rules.expect("a provider"),
        fault,
        memory: Mutex::default(),
        met: Condvar::new(),
        requests: Arc::clone(&requests),
    });
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let desk = Arc::clone(&desk);
            if matches!(fault, Fault::DiesOfHalf | Fault::EndsAfterEmpty) {
                if !desk.serve(&stream) {
                    return;
                }
            } else {
                std::thread::spawn(move || desk.serve(&stream));
            }
        }
    });
    Handler { url, requests }
}

impl Desk {
    /// Answers one request; false where that is the end of a handler that ends.
    fn serve(&self, stream: &TcpStream) -> bool {
        let Some(received) = Received::read(stream) else {
            return false;
        };
        self.requests.fetch_add(1, Ordering::Relaxed);
        let reply = if received.method == "GET" {
            Reply::Text(self.memory.lock().unwrap().effects.to_string())
        } else {
            self.answer(&received)
        };
        let (status, extra, body) = match reply {
            Reply::Status(status) => (status, "", "{}".to_owned()),
            Reply::Text(text) => (200, "", text),
            Reply::Redirect => (308, "Location: /elsewhere\r\n", String::new()),
            Reply::Silence => {
                let mut stream = stream;
                let _ = stream.read(&mut [0]);
                return true;
            }
            Reply::Nothing => {
                let _ = stream.shutdown(Shutdown::Both);
                return true;
            }
        };
        let mut stream = stream;
        let _ = write!(
            stream,
            "HTTP/1.1 {status} -\r\n{extra}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let is_empty = received.get(self.rules.header) == Some("");
        self.fault != Fault::EndsAfterEmpty || !is_empty
    }

    fn answer(&self, received: &Received) -> Reply {
        let number = self.requests.load(Ordering::Relaxed);
        match self.fault {
            Fault::Redirects => return Reply::Redirect,
            // The first is the greeting.
            Fault::Silent if number > 1 => return Reply::Silence,
            Fault::Slow(time) if number > 1 => std::thread::park_timeout(time),
            Fault::Overloaded if number > 20 => return Reply::Status(429),
            Fault::ParsesFirst if serde_json::from_slice::<Value>(&received.body).is_err() => {
                return Reply::Status(500);
            }
            Fault::SmallBody if received.body.len() > 100 << 10 => return Reply::Status(413),
            Fault::ExactMediaType if received.get("Content-Type") != Some("application/json") => {
                return Reply::Status(415);
            }
            _ => (),
        }
        match self.verify(received) {
            Ok(true) => self.work(&received.body),
            Ok(false) => Reply::Status(401),
            Err(reply) => reply,
        }
    }

    /// Whether the signature is right.
    fn verify(&self, received: &Received) -> Result<bool, Reply> {
        let fault = self.fault;
        let mut values = received.all(self.rules.header);
        if fault == Fault::HeaderCase {
            values.retain(|(name, _)| *name == self.rules.header);
        }
        if fault == Fault::AnyHeader && values.is_empty() {
            values = received.all("X-Webhook-Signature");
        }
        let value = match values.as_slice() {
            [] if fault == Fault::AcceptsMissing => return Ok(true),
            [] if fault == Fault::DropsOnMissing => return Err(Reply::Nothing),
            [(_, "")] if fault == Fault::AcceptsEmpty => return Ok(true),
            [(_, value)]
                if fault == Fault::AcceptsGarbage && !value.contains('=') && !value.is_empty() =>
            {
                return Ok(true);
            }
            [_, _, ..] if fault == Fault::ThrowsOnTwo => return Err(Reply::Status(500)),
            [(_, value)] => *value,
            _ => return Ok(false),
        };
        let now = now().to_string();
        let (time, rest) = match value
            .strip_prefix("t=")
            .and_then(|rest| rest.split_once(','))
        {
            Some((time, rest)) if self.rules.is_timed => (time, rest),
            None if self.rules.is_timed && fault == Fault::OptionalTime => (now.as_str(), value),
            _ if self.rules.is_timed => return Ok(false),
            _ => ("", value),
        };
        let mac = match rest.strip_prefix(self.rules.prefix) {
            Some(mac) => mac,
            None if fault == Fault::AnyVersion => rest.trim_start_matches("v0="),
            None => return Ok(false),
        };
        if self.rules.is_timed && !self.is_fresh(time) {
            return Ok(false);
        }
        self.matches(time, mac, &received.body)
    }

    fn is_fresh(&self, time: &str) -> bool {
        let is_number = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
        let age = match (self.fault, time.parse::<i64>()) {
            (Fault::AbsoluteTime, Ok(number)) => now() - number.abs(),
            (Fault::NotANumber, Err(_)) if !is_number && !time.starts_with('-') => return true,
            (Fault::OverflowingTime, Err(_)) if is_number => return true,
            (Fault::NoFreshness, _) => return true,
            (_, Ok(number)) if is_number => now() - number,
            _ => return false,
        };
        match self.fault {
            Fault::TwiceTheTolerance => age.abs() <= 2 * TOLERANCE,
            Fault::TimeOfDay => age.abs() % 86_400 <= TOLERANCE,
            _ => age.abs() <= TOLERANCE,
        }
    }

    fn matches(&self, time: &str, mac: &str, body: &[u8]) -> Result<bool, Reply> {
        let body = self.hashed(body);
        let expected = self.mac(SECRET, time, &body);
        if self.fault == Fault::ThrowsOnLength && mac.len() != expected.len() {
            return Err(Reply::Status(500));
        }
        let second = |moved: i64| {
            let time: i64 = time.parse().unwrap_or_default();
            self.mac(SECRET, &(time + moved).to_string(), &body)
        };
        let is_right = mac == expected;
        if is_right {
            self.memory.lock().unwrap().macs.insert(expected.clone());
        }
        Ok(is_right
            || match self.fault {
                Fault::ComparesBeginning => mac.len() > 1 && expected.starts_with(mac),
                Fault::ComparesLength => mac.starts_with(&expected),
                Fault::LooseHex => {
                    mac.trim_end_matches(|c: char| !c.is_ascii_hexdigit()) == expected
                }
                Fault::TrustsTheSeen => self.memory.lock().unwrap().macs.contains(mac),
                Fault::IgnoresCase => mac.eq_ignore_ascii_case(&expected),
                Fault::NoCheck => {
                    mac.len() == expected.len() && !mac.contains(|c: char| c.is_ascii_uppercase())
                }
                Fault::EmptySecret => mac == self.mac("", time, &body),
                Fault::EmptyBody => mac == self.mac(SECRET, time, b""),
                Fault::BodyOnly => mac == hmac(SECRET, &body),
                Fault::AnySecond => mac == second(1) || mac == second(-1),
                // The clock may have gone on by a second since the delivery was signed.
                Fault::OptionalTime => mac == second(-1),
                _ => false,
            })
    }

    /// The bytes under the MAC.
    fn hashed(&self, body: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(body);
        let written = || {
            let value: Value = serde_json::from_slice(body).unwrap_or_default();
            webhook_cli::json::javascript::stringify(&value).into_bytes()
        };
        let is_turned = text.starts_with(r#"{"data""#);
        match self.fault {
            Fault::Restringifies => written(),
            Fault::StripsLines => text.replace(['\n', '\t'], "").into_bytes(),
            Fault::Trims => text.trim().as_bytes().to_vec(),
            Fault::Unescapes if text.contains("\\u") => written(),
            Fault::RewritesNumbers if !text.contains('\n') && !text.contains("\\u") => written(),
            Fault::OrdersKeys if is_turned => Vec::new(),
            Fault::Latin1 => text
                .chars()
                .filter(|c| (*c as u32) < 256)
                .collect::<String>()
                .into_bytes(),
            _ => body.to_vec(),
        }
    }

    fn mac(&self, secret: &str, time: &str, body: &[u8]) -> String {
        if self.rules.is_timed {
            hmac(secret, &[time.as_bytes(), b".", body].concat())
        } else {
            hmac(secret, body)
        }
    }

    /// What is done with a genuine event.
    fn work(&self, body: &[u8]) -> Reply {
        let Ok(event) = serde_json::from_slice::<Value>(body) else {
            return Reply::Status(400);
        };
        let name = event[self.rules.event].as_str().unwrap_or_default();
        let extra = |value: &Value| value.get("webhook_test_extra").is_some();
        match self.fault {
            Fault::RefusesVoids if name == "payment.voided" => return Reply::Status(422),
            Fault::UnknownEvent if name.starts_with("webhook_test") => return Reply::Status(500),
            Fault::StrictEnvelope if extra(&event) => return Reply::Status(422),
            Fault::StrictData if extra(&event["data"]) => return Reply::Status(422),
            _ => (),
        }
        let id = event["id"].as_str().unwrap_or_default();
        // The greeting comes alone.
        let is_greeting = self.requests.load(Ordering::Relaxed) == 1;
        if self.fault == Fault::Races && !is_greeting && self.has_company(id) {
            return Reply::Status(500);
        }
        let mut memory = self.memory.lock().unwrap();
        let is_new = memory.ids.insert(id.to_owned());
        if !is_new && self.fault == Fault::Conflict {
            return Reply::Status(409);
        }
        let counts =
            (is_new || self.fault == Fault::CountsTwice) && self.fault != Fault::CountsNothing;
        memory.effects += usize::from(counts);
        let thing = event["data"]["id"].as_str().unwrap_or_default().to_owned();
        let time = event["created_at"].as_str().unwrap_or_default().to_owned();
        let latest = memory.latest.entry(thing.clone()).or_default();
        if self.fault == Fault::RefusesTheOlder && *latest > time {
            return Reply::Status(409);
        }
        latest.clone_from(&time);
        let (created, updated) = memory.things.entry(thing).or_default();
        let status = match self.fault {
            Fault::UpdateNeedsCreation if name == "order.updated" && !*created => 404,
            Fault::NoLateRetry if name.ends_with("created") && *created && *updated => 409,
            _ => 200,
        };
        *created |= name.ends_with("created");
        *updated |= name.ends_with("updated");
        Reply::Status(status)
    }

    /// Whether another delivery of this event is under way. The first waits for one, so that no clock
    /// decides.
    fn has_company(&self, id: &str) -> bool {
        let mut memory = self.memory.lock().unwrap();
        *memory.under_way.entry(id.to_owned()).or_default() += 1;
        self.met.notify_all();
        let is_alone = |memory: &mut Memory| memory.under_way[id] < 2;
        let waited = self.met.wait_timeout_while(memory, PATIENCE, is_alone);
        let (mut memory, timeout) = waited.unwrap();
        if timeout.timed_out() {
            memory.under_way.remove(id);
        }
        !timeout.timed_out()
    }
}

impl Received {
    /// Reads a request with a length; `None` where it ends before.
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let method = line.split(' ').next()?.to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut received = Self {
            method,
            headers,
            body: Vec::new(),
        };
        let length = received.get("Content-Length").unwrap_or("0").parse().ok()?;
        received.body.resize(length, 0);
        reader.read_exact(&mut received.body).ok()?;
        Some(received)
    }

    fn all(&self, name: &str) -> Vec<(&str, &str)> {
        let fields = self.headers.iter();
        let fields = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        fields
            .map(|(field, value)| (field.as_str(), value.as_str()))
            .collect()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(|(_, value)| *value)
    }
}

fn hmac(secret: &str, bytes: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(bytes);
    hex::encode(mac.finalize().into_bytes())
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time after 1970");
    i64::try_from(since.as_secs()).expect("a time in this age")
}
