//! A handler for the webhooks of all four providers, with Axum, that passes `webhook test`: copy
//! the file, keep the schemes that you need, and start from it.
//!
//! ```console
//! $ WEBHOOK_SECRET=… PORT=3000 cargo run --example axum_handler
//! $ webhook test --provider olympus --url http://127.0.0.1:3000/webhooks/olympus \
//!     --effects-url http://127.0.0.1:3000/effects
//! ```
//!
//! What it does, in the order that matters:
//!
//! 1. It takes the body as [`Bytes`]. What is signed is what was sent; a body that was parsed and
//!    written anew has other bytes as soon as it holds white space, an escaped letter, or a number
//!    such as `49.90`.
//! 2. It verifies before it parses, so that nobody without the secret reaches any further code.
//! 3. A signature that is missing, sent twice or no signature is 401, never a panic: all that came
//!    from outside is taken apart with `Option`, nothing is indexed. `verify_slice` compares in
//!    constant time.
//! 4. Where the provider signs the time, what was signed more than five minutes ago is refused. The
//!    time is checked as text first, and signed as it was sent, never as a number written anew.
//! 5. It acts on each event once. A delivery comes again when its answer was lost, even while the
//!    first is still under way.
//! 6. It answers at once and works afterwards. The queue is bounded: when it is full, 503 asks the
//!    provider to come again, which is better than to run out of memory.
//! 7. It acknowledges events that it does not know: a provider may add some, and would retry a
//!    refusal.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// The largest body that is read, in bytes. Axum's default is 2 MB.
const MAX_BODY: usize = 25 * 1024 * 1024;
/// How many events may wait to be worked on.
const QUEUE: usize = 1024;
/// How old a signed time may be, in seconds, as Olympus documents it.
const TOLERANCE_SECONDS: u64 = 300;
/// How long the hex text of an HMAC-SHA256 is.
const HEX_LENGTH: usize = 64;

/// How one provider signs its deliveries.
struct Scheme {
    provider: &'static str,
    path: &'static str,
    /// The signature's header; header names have no case.
    header: &'static str,
    /// Takes the header's value apart; `None` where it is no signature.
    read: fn(&str) -> Option<Signature<'_>>,
    /// The member of the envelope that names the event.
    event_type: &'static str,
}

/// What a signature header holds.
struct Signature<'a> {
    /// The signed time, as it was sent.
    timestamp: Option<&'a str>,
    mac: Vec<u8>,
}

const SCHEMES: [Scheme; 4] = [
    Scheme {
        provider: "ibakepro",
        path: "/webhooks/ibakepro",
        header: "x-webhook-signature",
        read: |value| bare_hex(value.strip_prefix("sha256=")?),
        event_type: "event",
    },
    Scheme {
        provider: "olympus",
        path: "/webhooks/olympus",
        header: "x-olympus-signature",
        read: timed,
        event_type: "type",
    },
    Scheme {
        provider: "barecommerce",
        path: "/webhooks/barecommerce",
        header: "x-webhook-signature",
        read: bare_hex,
        event_type: "type",
    },
    Scheme {
        provider: "cimplify",
        path: "/webhooks/cimplify",
        header: "x-cimplify-signature",
        read: bare_hex,
        event_type: "type",
    },
];

fn bare_hex(text: &str) -> Option<Signature<'_>> {
    let mac = lower_hex(text)?;
    Some(Signature {
        timestamp: None,
        mac,
    })
}

/// Reads `t=…,v1=…` by the names; a part that is missing or there twice makes it no signature.
fn timed(value: &str) -> Option<Signature<'_>> {
    let (mut timestamp, mut mac) = (None, None);
    for part in value.split(',') {
        let (slot, text) = match part.split_once('=')? {
            ("t", text) => (&mut timestamp, text),
            ("v1", text) => (&mut mac, text),
            // A scheme that Olympus may add beside this one.
            _ => continue,
        };
        if slot.replace(text).is_some() {
            return None;
        }
    }
    Some(Signature {
        timestamp: Some(timestamp?),
        mac: lower_hex(mac?)?,
    })
}

/// Decodes exactly what the providers send; `hex::decode` alone takes upper case too.
fn lower_hex(text: &str) -> Option<Vec<u8>> {
    let lower = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != HEX_LENGTH || !text.bytes().all(lower) {
        return None;
    }
    hex::decode(text).ok()
}

/// Whether the body was signed with the secret, and lately where the provider signs the time.
fn is_genuine(scheme: &Scheme, key: &Hmac<Sha256>, headers: &HeaderMap, body: &[u8]) -> bool {
    let mut values = headers.get_all(scheme.header).iter();
    // Of two signatures nobody can tell which one a proxy in front has checked.
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Some(signature) = value.to_str().ok().and_then(scheme.read) else {
        return false;
    };
    // A keyed HMAC is cheaper to clone than to key again.
    let mut mac = key.clone();
    if let Some(timestamp) = signature.timestamp {
        if !is_fresh(timestamp) {
            return false;
        }
        mac.update(timestamp.as_bytes());
        mac.update(b".");
    }
    mac.update(body);
    mac.verify_slice(&signature.mac).is_ok()
}

/// Whether a signed time, in unix seconds, is no more than the tolerance ago. The future passes, as
/// documented: their clock may be ahead of this one.
fn is_fresh(timestamp: &str) -> bool {
    // `parse` alone takes `+1`. Nineteen digits always fit.
    let is_number = (1..=19).contains(&timestamp.len());
    if !is_number || !timestamp.bytes().all(|c| c.is_ascii_digit()) {
        return false;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let (Ok(signed_at), Ok(now)) = (timestamp.parse::<u64>(), now) else {
        return false;
    };
    now.as_secs().saturating_sub(signed_at) <= TOLERANCE_SECONDS
}

/// An event, as far as this program reads it.
struct Event {
    provider: &'static str,
    id: String,
    kind: String,
    data: Value,
}

impl Event {
    /// `None` where the body is no event. Members that are not read here may come and go.
    fn parse(scheme: &Scheme, body: &[u8]) -> Option<Self> {
        let mut envelope: Value = serde_json::from_slice(body).ok()?;
        Some(Self {
            provider: scheme.provider,
            id: envelope.get("id")?.as_str()?.to_owned(),
            kind: envelope.get(scheme.event_type)?.as_str()?.to_owned(),
            data: envelope.get_mut("data").map_or(Value::Null, Value::take),
        })
    }
}

/// What all requests share.
struct App {
    /// In memory it holds for one process, until it ends. In yours it is a table with a unique
    /// constraint on provider and id: `INSERT … ON CONFLICT DO NOTHING`, and whoever inserted the
    /// row does the work. Looking first and inserting later lets two deliveries at the same moment
    /// through.
    taken: Mutex<HashSet<(&'static str, String)>>,
    queue: mpsc::Sender<Job>,
}

/// What waits in the queue.
enum Job {
    Work(Event),
    /// Asks how many events took effect so far. Through the queue, so that all that was accepted
    /// before it has been worked on.
    Count(oneshot::Sender<u64>),
}

/// Judges and acknowledges one delivery.
fn receive(
    scheme: &Scheme,
    key: &Hmac<Sha256>,
    app: &App,
    headers: &HeaderMap,
    body: &[u8],
) -> StatusCode {
    if !is_genuine(scheme, key, headers, body) {
        return StatusCode::UNAUTHORIZED;
    }
    let Some(event) = Event::parse(scheme, body) else {
        return StatusCode::BAD_REQUEST;
    };
    // The place in the queue first: an event that is taken and then dropped would be lost.
    let Ok(place) = app.queue.try_reserve() else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    let mut taken = app.taken.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.insert((event.provider, event.id.clone())) {
        place.send(Job::Work(event));
    }
    StatusCode::OK
}

/// Works on what was accepted, one after the other.
async fn work_off(mut queue: mpsc::Receiver<Job>) {
    let mut effects = 0;
    while let Some(job) = queue.recv().await {
        match job {
            Job::Work(event) => {
                work(&event);
                effects += 1;
            }
            // Whoever asked may have left.
            Job::Count(answer) => drop(answer.send(effects)),
        }
    }
}

/// What your program does about an event. Events come in any order: an update may be the first. The
/// sender has its answer and will not come again, so what fails here is yours to try again.
fn work(event: &Event) {
    match event.kind.as_str() {
        "order.created" | "order.updated" => save_order(&event.data),
        // An event that this program has no use for, or that did not exist when it was written.
        _ => {}
    }
}

/// Here you insert or update by the order's id, unless what you have is newer.
fn save_order(_order: &Value) {}

/// How many events took effect, for `webhook test --effects-url`. Not for production.
async fn effects(State(app): State<Arc<App>>) -> Result<String, StatusCode> {
    let (answer, count) = oneshot::channel();
    let gone = |_| StatusCode::SERVICE_UNAVAILABLE;
    app.queue.send(Job::Count(answer)).await.map_err(gone)?;
    let count = count.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(count.to_string())
}

/// The provider's own secret, such as `WEBHOOK_SECRET_OLYMPUS`, or `WEBHOOK_SECRET`. It is used as
/// text, a `whsec_` in front included.
fn secret(provider: &str) -> Result<String, Box<dyn Error>> {
    let own = format!("WEBHOOK_SECRET_{}", provider.to_uppercase());
    let value = std::env::var(own).or_else(|_| std::env::var("WEBHOOK_SECRET"));
    match value {
        // Everybody can sign with an empty secret.
        Ok(secret) if !secret.is_empty() => Ok(secret),
        _ => Err("WEBHOOK_SECRET is not set".into()),
    }
}

fn router(app: &Arc<App>) -> Result<Router, Box<dyn Error>> {
    let mut router = Router::new().route("/effects", get(effects));
    for scheme in &SCHEMES {
        let key = Hmac::<Sha256>::new_from_slice(secret(scheme.provider)?.as_bytes())?;
        let handler = move |State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes| async move {
            receive(scheme, &key, &app, &headers, &body)
        };
        router = router.route(scheme.path, post(handler));
    }
    let limit = DefaultBodyLimit::max(MAX_BODY);
    Ok(router.layer(limit).with_state(Arc::clone(app)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (queue, jobs) = mpsc::channel(QUEUE);
    let app = Arc::new(App {
        taken: Mutex::default(),
        queue,
    });
    let router = router(&app)?;
    tokio::spawn(work_off(jobs));
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    // HTTPS ends at a proxy in front. Port 0 takes a free one.
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("{{\"port\":{}}}", listener.local_addr()?.port());
    axum::serve(listener, router).await?;
    Ok(())
}
