//! A handler, seen by a client that shares no code with the program: requests are written by hand
//! and signed by `openssl`, and what comes back is a short text.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::handler::{Handler, SECRET};
use crate::harness::{PATIENCE, openssl_hmac};

/// How long a handler is given that may not answer at all.
const HANGS_AFTER: Duration = Duration::from_secs(5);

/// How a provider signs and writes, as its documents say.
pub struct Scheme {
    pub name: &'static str,
    pub header: &'static str,
    pub prefix: &'static str,
    pub timed: bool,
    /// The envelope: `EVENT`, `ID`, `TIME` and `DATA` stand for what they say.
    envelope: &'static str,
    /// The member of an order's data that identifies it.
    order_id: &'static str,
}

pub const SCHEMES: [Scheme; 4] = [
    Scheme {
        name: "ibakepro",
        header: "X-Webhook-Signature",
        prefix: "sha256=",
        timed: false,
        envelope: r#"{"id":"ID","event":"EVENT","created_at":"TIME","data":DATA}"#,
        order_id: "id",
    },
    Scheme {
        name: "olympus",
        header: "X-Olympus-Signature",
        prefix: "",
        timed: true,
        envelope: r#"{"id":"ID","type":"EVENT","api_version":"2026-01-01","created_at":"TIME","tenant_id":"t","location_id":"l","data":DATA}"#,
        order_id: "id",
    },
    Scheme {
        name: "barecommerce",
        header: "X-Webhook-Signature",
        prefix: "",
        timed: false,
        envelope: r#"{"type":"EVENT","id":"ID","timestamp":"TIME","storeId":"s","data":DATA}"#,
        order_id: "id",
    },
    Scheme {
        name: "cimplify",
        header: "X-Cimplify-Signature",
        prefix: "",
        timed: false,
        envelope: r#"{"id":"ID","type":"EVENT","created_at":"TIME","data":DATA}"#,
        order_id: "order_id",
    },
];

/// A request to be.
#[derive(Clone)]
pub struct Delivery {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A handler and the provider that is played against it.
pub struct Peer<'a> {
    handler: &'a Handler,
    pub scheme: &'static Scheme,
    ids: AtomicU64,
}

impl Delivery {
    /// With another value of the header at this place: 0 is `Content-Type`, 1 the signature.
    pub fn with(mut self, at: usize, value: impl Into<String>) -> Self {
        self.headers[at].1 = value.into();
        self
    }
}

impl<'a> Peer<'a> {
    pub fn new(handler: &'a Handler, scheme: &'static Scheme) -> Self {
        Self {
            handler,
            scheme,
            ids: AtomicU64::new(1),
        }
    }

    /// A number that this peer has not used before.
    pub fn fresh(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// A new event at a time, about the order of this number.
    pub fn event(&self, name: &str, time: &str, order: u64) -> String {
        let data = format!(r#"{{"{}":"order_{order}"}}"#, self.scheme.order_id);
        let id = format!("evt_{}", self.fresh());
        let envelope = self.scheme.envelope.replace("EVENT", name);
        let envelope = envelope.replace("ID", &id).replace("TIME", time);
        envelope.replace("DATA", &data)
    }

    /// A new `order.created`.
    pub fn body(&self) -> String {
        let order = self.fresh();
        self.event("order.created", "2026-01-18T10:30:00Z", order)
    }

    /// The header's value that shows a time and a MAC.
    pub fn value(&self, time: &str, mac: &str) -> String {
        if self.scheme.timed {
            format!("t={time},v1={mac}")
        } else {
            format!("{}{mac}", self.scheme.prefix)
        }
    }

    /// The MAC of a body with a secret at a time's text.
    pub fn mac(&self, secret: &str, time: &str, body: &str) -> String {
        let signed = if self.scheme.timed {
            format!("{time}.{body}")
        } else {
            body.to_owned()
        };
        openssl_hmac(secret, signed.as_bytes())
    }

    /// A body, rightly signed at a time's text.
    pub fn signed_at(&self, time: &str, body: &str) -> Delivery {
        let mac = self.mac(SECRET, time, body);
        let signature = (self.scheme.header.to_owned(), self.value(time, &mac));
        let media_type = ("Content-Type".to_owned(), "application/json".to_owned());
        Delivery {
            headers: vec![media_type, signature],
            body: body.to_owned(),
        }
    }

    /// A body, rightly signed now.
    pub fn signed(&self, body: &str) -> Delivery {
        self.signed_at(&now(0), body)
    }

    /// A new event whose signature shows a MAC made of the right one.
    pub fn with_mac(&self, change: impl FnOnce(&str) -> String) -> String {
        let (time, body) = (now(0), self.body());
        let mac = change(&self.mac(SECRET, &time, &body));
        self.answer(
            &self
                .signed_at(&time, &body)
                .with(1, self.value(&time, &mac)),
        )
    }

    /// A new event whose signature header is made of the right one.
    pub fn with_value(&self, change: impl FnOnce(&str) -> String) -> String {
        let delivery = self.signed(&self.body());
        let value = change(&delivery.headers[1].1);
        self.answer(&delivery.with(1, value))
    }

    /// The answer to a new, genuine event.
    pub fn genuine(&self) -> String {
        self.answer(&self.signed(&self.body()))
    }

    /// The status that is answered, or `dropped`.
    pub fn answer(&self, delivery: &Delivery) -> String {
        let mut stream = self.connect();
        let (head, body) = self.written(delivery, "");
        // A handler that closes early may do so before all is written.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body.as_bytes());
        status(stream, PATIENCE)
    }

    /// The answers to many, of which each is complete only when all others have begun.
    pub fn answers(&self, deliveries: &[Delivery]) -> Vec<String> {
        let begin = |delivery| {
            let mut stream = self.connect();
            let (head, body) = self.written(delivery, "");
            let (most, last) = body.split_at(body.len() - 1);
            let _ = stream.write_all((head + most).as_bytes());
            (stream, last.to_owned())
        };
        let mut open: Vec<_> = deliveries.iter().map(begin).collect();
        for (stream, last) in &mut open {
            let _ = stream.write_all(last.as_bytes());
        }
        let streams = open.into_iter().map(|(stream, _)| stream);
        streams.map(|stream| status(stream, PATIENCE)).collect()
    }

    /// The answer to a genuine event after a client that left in the middle of another one, or
    /// `hangs`.
    pub fn after_half_a_body(&self) -> String {
        let (head, body) = self.written(&self.signed(&self.body()), "Expect: 100-continue\r\n");
        let mut stream = self.connect();
        stream
            .write_all(head.as_bytes())
            .expect("the head is taken");
        // The handler has begun to wait for the body.
        let mut go_on = [0; 12];
        stream.read_exact(&mut go_on).expect("an answer");
        assert_eq!(&go_on, b"HTTP/1.1 100");
        let (half, _) = body.split_at(body.len() / 2);
        stream.write_all(half.as_bytes()).expect("half is taken");
        stream.shutdown(Shutdown::Both).expect("we leave");
        drop(stream);
        let (head, body) = self.written(&self.signed(&self.body()), "");
        let mut stream = self.connect();
        stream
            .write_all((head + &body).as_bytes())
            .expect("it is taken");
        status(stream, HANGS_AFTER)
    }

    /// What a probe answered, and how often the events in it took effect: `once` or not.
    pub fn counting(&self, probe: impl FnOnce() -> String) -> String {
        let before = self.handler.effects();
        let answer = probe();
        match self.handler.effects() - before {
            0 => format!("{answer}, never"),
            1 => format!("{answer}, once"),
            _ => format!("{answer}, more than once"),
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.handler.address()).expect("a connection")
    }

    fn written(&self, delivery: &Delivery, more: &str) -> (String, String) {
        let mut head = format!(
            "POST /webhooks/{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}Content-Length: {}\r\n",
            self.scheme.name,
            self.handler.address(),
            delivery.body.len()
        );
        let lines = delivery.headers.iter();
        head.extend(lines.map(|(name, value)| format!("{name}: {value}\r\n")));
        (head + "\r\n", delivery.body.clone())
    }
}

/// The time as unix seconds, so many of them away from now.
pub fn now(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("a clock after 1970").as_secs();
    (i64::try_from(now).expect("a clock of this age") + seconds).to_string()
}

/// The status of the answer, `dropped` where the connection ends without one, else `hangs`.
fn status(mut stream: TcpStream, patience: Duration) -> String {
    stream.set_read_timeout(Some(patience)).expect("a deadline");
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    match (text.split(' ').nth(1), end) {
        (Some(status), _) => status.to_owned(),
        (None, Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => "hangs".into(),
        (None, _) => "dropped".into(),
    }
}
