//! `tests/peers/broken.js`: every fault shows itself to one request made by hand, to which the
//! correct handler answers otherwise; so what a check of `webhook test` finds is the fault itself.

mod cases;
pub mod peer;

use std::collections::HashSet;

use serde_json::Value;

use self::cases::{CASES, Case};
use self::peer::{Peer, SCHEMES, Scheme};
use crate::handler::{self, Handler};

/// The deadline that the faults in speed count from, in milliseconds.
pub const DEADLINE_MS: u64 = 600;

/// The providers that a fault can be planted in, as `broken.js --list` tells.
fn providers_of(faults: &[Value], fault: &str) -> Vec<&'static Scheme> {
    let line = faults.iter().find(|line| line["fault"] == fault);
    let line = line.unwrap_or_else(|| panic!("`broken.js` knows no `{fault}`"));
    let named = |scheme: &&Scheme| {
        let mut names = line["providers"].as_array().expect("a list").iter();
        names.any(|name| name == scheme.name)
    };
    SCHEMES.iter().filter(named).collect()
}

/// One fault in one provider: a genuine delivery first, then what gives the fault away.
fn show(case: &Case, scheme: &'static Scheme) {
    let what = format!("{} {}", scheme.name, case.fault);
    let Some(handler) = Handler::broken(scheme.name, case.fault, DEADLINE_MS) else {
        return;
    };
    let peer = Peer::new(&handler, scheme);
    assert_eq!(peer.genuine(), case.genuine, "{what}, a genuine delivery");
    assert_eq!((case.probe)(&peer), case.shows, "{what}");
}

#[test]
fn every_fault_takes_genuine_deliveries_and_shows_itself() {
    let Some(faults) = handler::faults() else {
        return;
    };
    // Each in one of its providers, in turn, because a process each for all of them takes long.
    std::thread::scope(|scope| {
        for half in 0..2 {
            let faults = &faults;
            scope.spawn(move || {
                for (at, case) in CASES.iter().enumerate().filter(|(at, _)| at % 2 == half) {
                    let schemes = providers_of(faults, case.fault);
                    show(case, schemes[at / 2 % schemes.len()]);
                }
            });
        }
    });
}

#[test]
fn a_handler_without_fault_shows_none() {
    for scheme in &SCHEMES {
        let Some(handler) = Handler::broken(scheme.name, "none", DEADLINE_MS) else {
            return;
        };
        shows_no_fault(&handler, scheme);
    }
}

#[test]
fn no_example_has_any_of_the_faults() {
    let axum = Handler::axum_example();
    for scheme in &SCHEMES {
        shows_no_fault(&axum, scheme);
        if let Some(node) = Handler::node_example(scheme.name) {
            shows_no_fault(&node, scheme);
        }
    }
}

fn shows_no_fault(handler: &Handler, scheme: &'static Scheme) {
    let peer = Peer::new(handler, scheme);
    let apply = CASES.iter().filter(|case| !case.timed || scheme.timed);
    for case in apply.filter(|case| !case.by_clock) {
        let seen = (case.probe)(&peer);
        assert_eq!(seen, case.right, "{} {}", scheme.name, case.fault);
    }
}

#[test]
fn every_fault_has_a_case() {
    let Some(faults) = handler::faults() else {
        return;
    };
    let listed = faults
        .iter()
        .map(|line| line["fault"].as_str().expect("a name"));
    let listed: HashSet<_> = listed.filter(|name| *name != "none").collect();
    let cases: HashSet<_> = CASES.iter().map(|case| case.fault).collect();
    assert_eq!(listed, cases);
}
