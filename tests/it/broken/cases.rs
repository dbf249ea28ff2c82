//! The faults, and what gives each away.

use std::time::{Duration, Instant};

use super::DEADLINE_MS;
use super::peer::{Delivery, Peer, now};
use crate::handler::SECRET;

/// A fault of `broken.js` and the probe that it answers otherwise than a correct handler.
pub struct Case {
    pub fault: &'static str,
    /// What it answers to a genuine delivery.
    pub genuine: &'static str,
    /// What a correct handler makes of the probe.
    pub right: &'static str,
    /// What the fault makes of it.
    pub shows: &'static str,
    /// The probe needs a scheme that signs the time.
    pub timed: bool,
    /// The probe is about speed, which a correct handler on a busy machine may not have.
    pub by_clock: bool,
    pub probe: fn(&Peer<'_>) -> String,
}

const fn case(
    fault: &'static str,
    right: &'static str,
    shows: &'static str,
    probe: fn(&Peer<'_>) -> String,
) -> Case {
    Case {
        fault,
        genuine: "200",
        right,
        shows,
        timed: false,
        by_clock: false,
        probe,
    }
}

impl Case {
    const fn timed(self) -> Self {
        Self {
            timed: true,
            ..self
        }
    }

    const fn by_clock(self) -> Self {
        Self {
            by_clock: true,
            ..self
        }
    }

    const fn genuine(self, genuine: &'static str) -> Self {
        Self { genuine, ..self }
    }
}

pub const CASES: &[Case] = &[
    case("no-signature-check", "401", "200", wrong_mac),
    case("presence-only", "401", "200", garbage),
    case("missing-header-accepted", "401", "200", no_header),
    case("empty-header-accepted", "401", "200", |peer| {
        peer.with_value(|_| String::new())
    }),
    case("missing-header-crashes", "401", "500", no_header),
    case("length-crash", "401", "500", truncated),
    case("parse-crash", "401", "500", garbage),
    case("refuses-with-500", "401", "500", wrong_mac),
    case("refuses-with-redirect", "401", "302", wrong_mac),
    case("drops-connection", "401", "dropped", wrong_mac),
    case("dies-on-bad-signature", "401", "dropped", wrong_mac),
    case("prefix-ignored", "401", "200", other_prefix),
    case("accepts-upper-case", "401", "200", |peer| {
        peer.with_mac(str::to_ascii_uppercase)
    }),
    case("case-insensitive-compare", "401", "200", |peer| {
        peer.with_value(str::to_ascii_uppercase)
    }),
    case("header-prefix-compare", "401", "200", truncated),
    case("too-long-accepted", "401", "200", |peer| {
        peer.with_mac(|mac| format!("{mac}00"))
    }),
    case("hex-decoded-loosely", "401", "200", |peer| {
        peer.with_mac(|mac| format!("{mac}0"))
    }),
    case("body-ignored", "401", "200", |peer| {
        signed_with(peer, SECRET, "")
    }),
    // HMAC fills a short key up with zeros, so this is the empty one.
    case("accepts-empty-secret", "401", "200", |peer| {
        let body = peer.body();
        let value = peer.value(&now(0), &peer.mac("\0", &now(0), &body));
        peer.answer(&peer.signed(&body).with(1, value))
    }),
    case("trusts-seen-signatures", "401", "200", seen_signature),
    case("crash-on-second-header", "401", "500", second_header),
    case("no-freshness", "401", "200", |peer| aged(peer, 2 * 86_400)).timed(),
    case("past-only-freshness-of-a-day", "401", "200", |peer| {
        aged(peer, 302)
    })
    .timed(),
    case("timestamp-not-signed", "401", "200", body_only).timed(),
    case("timestamp-skew-tried", "401", "200", |peer| {
        let (signed, shown) = (now(0), now(-1));
        let body = peer.body();
        let value = peer.value(&shown, &peer.mac(SECRET, &signed, &body));
        peer.answer(&peer.signed_at(&signed, &body).with(1, value))
    })
    .timed(),
    case("timestamp-parse-loose", "401", "200", |peer| {
        at(peer, "yesterday")
    })
    .timed(),
    case("timestamp-missing-accepted", "401", "200", |peer| {
        peer.with_value(|value| value.split(',').nth(1).expect("two parts").to_owned())
    })
    .timed(),
    case("timestamp-negative-accepted", "401", "200", |peer| {
        at(peer, "-1705574400")
    })
    .timed(),
    case("timestamp-huge-accepted", "401", "200", |peer| {
        at(peer, &"9".repeat(20))
    })
    .timed(),
    case("timestamp-crash", "401", "500", |peer| {
        at(peer, &"9".repeat(20))
    })
    .timed(),
    case("reserializes", "200", "401", |peer| {
        spelt(peer, "\":", "\" : ")
    }),
    case("reorders-keys", "200", "401", other_order),
    case("trims-body", "200", "401", |peer| {
        peer.answer(&peer.signed(&(peer.body() + "\n")))
    }),
    case("unicode-broken", "200", "401", |peer| {
        spelt(peer, "order_", "ördér_")
    }),
    case("small-body-limit", "200", "413", |peer| {
        spelt(peer, "order_", &"x".repeat(200_000))
    }),
    case("charset-rejected", "200", "401", |peer| {
        let genuine = peer.signed(&peer.body());
        peer.answer(&genuine.with(0, "application/json; charset=utf-8"))
    }),
    case("header-case-sensitive", "200", "401", |peer| {
        let mut delivery = peer.signed(&peer.body());
        delivery.headers[1].0.make_ascii_lowercase();
        peer.answer(&delivery)
    }),
    case("unknown-event-500", "200", "500", |peer| {
        event(peer, "loyalty.stamped")
    }),
    case("unknown-event-404", "200", "404", |peer| {
        event(peer, "loyalty.stamped")
    }),
    case("one-event-crashes", "200", "500", |peer| {
        event(peer, "order.cancelled")
    }),
    case("extra-field-rejected", "200", "422", |peer| {
        spelt(peer, "\"data\":", "\"extra\":1,\"data\":")
    }),
    case("extra-data-field-rejected", "200", "422", |peer| {
        spelt(peer, "\"data\":{", "\"data\":{\"extra\":1,")
    }),
    case("updated-before-created-404", "200", "404", |peer| {
        event(peer, "order.updated")
    }),
    case("older-event-409", "200", "409", |peer| {
        let order = peer.fresh();
        let [newer, older] = ["2026-01-18T10:31:00Z", "2026-01-18T10:30:00Z"];
        let newer = peer.event("order.created", newer, order);
        peer.answer(&peer.signed(&newer));
        peer.answer(&peer.signed(&peer.event("order.created", older, order)))
    }),
    case("duplicates-rejected", "200, once", "409, once", twice),
    case("duplicates-crash", "200, once", "500, once", twice),
    case(
        "duplicates-counted-twice",
        "200, once",
        "200, more than once",
        twice,
    ),
    case(
        "race-counted-twice",
        "200, once",
        "200, more than once",
        race,
    ),
    case("race-crash", "200, once", "500, once", race),
    case("slow", "200", "200 after 100 ms", |peer| {
        timed(peer, DEADLINE_MS / 6)
    })
    .by_clock(),
    case("very-slow", "200", "200 after 1200 ms", |peer| {
        timed(peer, DEADLINE_MS * 2)
    })
    .by_clock(),
    case("redirects", "200", "301", genuine).genuine("301"),
    case("half-body-hangs", "200", "hangs", |peer| {
        peer.after_half_a_body()
    }),
    case("crash-under-load", "200", "500", |peer| {
        let deliveries: Vec<_> = (0..15).map(|_| peer.signed(&peer.body())).collect();
        worst(peer.answers(&deliveries))
    }),
    // No faults, but other ways to be right.
    case("answers-204", "200", "204", genuine).genuine("204"),
    case("refuses-with-400", "401", "400", wrong_mac),
    case("refuses-with-403", "401", "403", wrong_mac),
    case("first-of-two-headers", "401", "200", second_header),
    case("refuses-the-future", "200", "401", |peer| aged(peer, -900)).timed(),
];

fn genuine(peer: &Peer<'_>) -> String {
    peer.genuine()
}

fn wrong_mac(peer: &Peer<'_>) -> String {
    peer.with_mac(|_| "0123456789abcdef".repeat(4))
}

fn garbage(peer: &Peer<'_>) -> String {
    peer.with_value(|_| "garbage".into())
}

fn truncated(peer: &Peer<'_>) -> String {
    peer.with_mac(|mac| mac[..63].into())
}

fn no_header(peer: &Peer<'_>) -> String {
    let mut delivery = peer.signed(&peer.body());
    delivery.headers.truncate(1);
    peer.answer(&delivery)
}

fn other_prefix(peer: &Peer<'_>) -> String {
    let scheme = peer.scheme;
    peer.with_value(|value| match scheme.name {
        "ibakepro" => value.replace("sha256=", "sha1="),
        "olympus" => value.replace("v1=", "v0="),
        _ => format!("sha256={value}"),
    })
}

/// A new event under the signature of another content.
fn signed_with(peer: &Peer<'_>, secret: &str, content: &str) -> String {
    let time = now(0);
    let value = peer.value(&time, &peer.mac(secret, &time, content));
    peer.answer(&peer.signed(&peer.body()).with(1, value))
}

fn seen_signature(peer: &Peer<'_>) -> String {
    let genuine = peer.signed(&peer.body());
    assert_eq!(peer.answer(&genuine), "200");
    let forged = peer.body();
    peer.answer(&Delivery {
        body: forged,
        ..genuine
    })
}

/// The right signature first.
fn second_header(peer: &Peer<'_>) -> String {
    let mut delivery = peer.signed(&peer.body());
    let (name, value) = delivery.headers[1].clone();
    let changed = value
        .rsplit_once(|c: char| c != '0')
        .map(|(before, _)| format!("{before}0"));
    delivery.headers.push((name, changed.unwrap_or_default()));
    peer.answer(&delivery)
}

/// Rightly signed so many seconds ago.
fn aged(peer: &Peer<'_>, seconds: i64) -> String {
    at(peer, &now(-seconds))
}

/// Rightly signed at the text of a time.
fn at(peer: &Peer<'_>, time: &str) -> String {
    peer.answer(&peer.signed_at(time, &peer.body()))
}

fn body_only(peer: &Peer<'_>) -> String {
    let body = peer.body();
    let mac = crate::harness::openssl_hmac(SECRET, body.as_bytes());
    peer.answer(&peer.signed(&body).with(1, peer.value(&now(0), &mac)))
}

/// A new event, rightly signed, with a text in it replaced.
fn spelt(peer: &Peer<'_>, from: &str, to: &str) -> String {
    let body = peer.body();
    let spelt = body.replace(from, to);
    assert_ne!(body, spelt, "the body has `{from}`");
    peer.answer(&peer.signed(&spelt))
}

fn other_order(peer: &Peer<'_>) -> String {
    let body = peer.body();
    let inner = body.strip_prefix('{').expect("an object");
    let (first, rest) = inner.split_once(',').expect("two members");
    let rest = rest.strip_suffix('}').expect("an object");
    peer.answer(&peer.signed(&format!("{{{rest},{first}}}")))
}

fn event(peer: &Peer<'_>, name: &str) -> String {
    let order = peer.fresh();
    peer.answer(&peer.signed(&peer.event(name, "2026-01-18T10:30:00Z", order)))
}

fn twice(peer: &Peer<'_>) -> String {
    let delivery = peer.signed(&peer.body());
    peer.counting(|| {
        assert_eq!(peer.answer(&delivery), "200");
        peer.answer(&delivery)
    })
}

fn race(peer: &Peer<'_>) -> String {
    let same = vec![peer.signed(&peer.body()); 8];
    peer.counting(|| worst(peer.answers(&same)))
}

/// Of statuses the highest.
fn worst(statuses: Vec<String>) -> String {
    statuses.into_iter().max().expect("an answer")
}

/// The answer to a genuine delivery, with a note where it took the faulty handler's time.
fn timed(peer: &Peer<'_>, millis: u64) -> String {
    let start = Instant::now();
    let status = peer.genuine();
    // A timer of Node may be a millisecond early.
    if start.elapsed() < Duration::from_millis(millis - 1) {
        return status;
    }
    format!("{status} after {millis} ms")
}
