//! The engine that receives, without a command line and without a terminal: options in, arrivals in,
//! activities out.

mod deciding;
mod keeping;
mod publishing;

use std::net::SocketAddr;
use std::sync::Arc;

use webhook_cli::delivery::{EventFilter, Headers, Request, Timestamp};
use webhook_cli::dispatch::Dispatch;
use webhook_cli::http::{Arrival, Client, ClientOptions, Target};
use webhook_cli::provider::{Catalogue, Keyring, Policy};
use webhook_cli::receive::{
    Activity, AnswerMode, Duplicates, Expectation, ForwardOptions, InvalidPolicy, ReceiverOptions,
    Route, Rules, Subscription, UnsignedPolicy,
};
use webhook_cli::store::Writer;

use crate::harness::sender::{SECRET, order, signature_at};

/// What the clock of these tests says.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Rules with [`SECRET`] for olympus and no route.
fn rules() -> Rules {
    let catalogue = Catalogue::builtin();
    let mut keyring = Keyring::default();
    let olympus = catalogue.get("olympus").unwrap();
    let added = keyring.add(olympus, SECRET.as_bytes(), "a test".into());
    added.unwrap();
    Rules {
        keyring,
        catalogue,
        policy: Policy::default(),
        hosts: Vec::new(),
        on_unsigned: UnsignedPolicy::Reject,
        on_invalid: InvalidPolicy::Reject,
        answer: AnswerMode::App,
        routes: Vec::new(),
        events: EventFilter::default(),
    }
}

fn options(rules: Rules, log: Option<Writer>) -> ReceiverOptions {
    ReceiverOptions {
        script: Vec::new(),
        seed: 0,
        headers: Headers::new(),
        rules,
        clock: || NOW,
        log,
        duplicates: Duplicates::default(),
        forward: None,
        delay: None,
        expectation: Expectation::default(),
    }
}

/// The same with one target, to which one delivery at a time goes.
fn forwarding(mut rules: Rules, target: &str, log: Option<Writer>) -> ReceiverOptions {
    rules.routes = vec![route(target)];
    let client = Client::new(&ClientOptions::default()).unwrap();
    let mut options = options(rules, log.clone());
    options.forward = Some(ForwardOptions {
        dispatch: Dispatch::new(client, log, || NOW),
        concurrency: 1,
        backlog: 16,
        timeout: None,
        headers: Headers::new(),
        forwarded: None,
    });
    options
}

fn route(target: &str) -> Route {
    Route {
        filter: EventFilter::default(),
        target: Target::parse(target).unwrap(),
    }
}

/// An arrival from a peer, with a body and the signature that olympus makes with a secret.
fn signed(peer: &str, secret: &str, body: &str) -> Arrival {
    let (name, value) = signature_at("olympus", secret, body.as_bytes(), NOW.seconds());
    let mut headers = Headers::new();
    headers.push(name, value);
    Arrival {
        request: Request::post("/", headers, body.to_owned()),
        remote: SocketAddr::new(peer.parse().unwrap(), 50_000),
        problem: None,
    }
}

/// A genuine delivery of an event from this machine.
fn genuine(id: &str) -> Arrival {
    signed("127.0.0.1", SECRET, &order(id))
}

/// The same with a wrong signature.
fn forged(id: &str) -> Arrival {
    signed("127.0.0.1", "not the secret", &order(id))
}

/// The event ids of the deliveries that are told next, up to the number.
async fn told(subscription: &mut Subscription, number: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < number {
        match subscription.next().await {
            Some(Activity::Delivery { delivery, .. }) => {
                ids.extend(Arc::unwrap_or_clone(delivery).event_id);
            }
            Some(_) => {}
            None => break,
        }
    }
    ids
}
