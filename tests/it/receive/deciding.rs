//! One decision: what is answered and what is forwarded agree.

use serde_json::{Value, json};
use webhook_cli::delivery::Status;
use webhook_cli::http::{Arrival, Problem, Reply};
use webhook_cli::receive::{AnswerMode, Decision, InvalidPolicy, Responder, Rules};

use super::{NOW, forged, genuine, route, rules, signed};
use crate::harness::sender::{SECRET, order};

fn decide(rules: &Rules, arrival: &Arrival) -> Decision {
    rules.decide(arrival, NOW, true)
}

#[track_caller]
fn reply(decision: &Decision) -> (u16, Value) {
    let Responder::Listener(Reply { status, body, .. }) = &decision.responder else {
        panic!("{decision:?}");
    };
    (*status, serde_json::from_slice(body).unwrap())
}

#[test]
fn what_is_answered_and_what_is_forwarded_agree() {
    let problem = Some(Problem::Stalled);
    let stalled = Arrival {
        problem,
        ..genuine("a")
    };
    let not_json = signed("127.0.0.1", SECRET, "hello");
    for answer in [AnswerMode::App, AnswerMode::Now] {
        for on_invalid in [InvalidPolicy::Reject, InvalidPolicy::Forward] {
            let mut rules = rules();
            (rules.answer, rules.on_invalid) = (answer, on_invalid);
            rules.routes = vec![route("1"), route("2")];
            let lets_through = on_invalid == InvalidPolicy::Forward;
            for (arrival, status, accepted) in [
                (&genuine("a"), Status::Valid, true),
                (&not_json, Status::Valid, true),
                (&forged("a"), Status::Mismatch, lets_through),
                (&stalled, Status::Unverified, false),
            ] {
                let decision = decide(&rules, arrival);
                assert_eq!(decision.verdict.status, status);
                let expected = if accepted { vec![0, 1] } else { Vec::new() };
                assert_eq!(decision.routes, expected, "{decision:?}");
                match (&decision.responder, answer) {
                    (Responder::Application, AnswerMode::App) => assert!(accepted),
                    (Responder::Listener(reply), _) => {
                        assert_eq!(reply.status == 200, accepted, "{decision:?}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn a_genuine_body_is_accepted_whatever_it_is_and_an_odd_one_noted() {
    for (body, is_odd) in [("a=1&b=2", true), ("", true), ("[1]", false), ("{}", false)] {
        let decision = decide(&rules(), &signed("127.0.0.1", SECRET, body));
        assert_eq!(reply(&decision), (200, json!({"received": true})), "{body}");
        let note = ["the body is not JSON, which olympus sends"];
        let expected = if is_odd { &note[..] } else { &[] };
        assert_eq!(decision.verdict.notes, expected, "{body}");
    }
}

#[test]
fn only_who_sits_at_this_machine_learns_why() {
    let plain = json!({"error": "the signature is not valid", "verdict": "mismatch"});
    // A newline was added to the body, which is a cause that can be proved.
    let body = order("a");
    let mut arrival = signed("127.0.0.1", SECRET, &body);
    arrival.request.body = format!("{body}\n").into();
    for (peer, is_here) in [
        ("127.0.0.1", true),
        ("127.8.8.8", true),
        ("::1", true),
        ("::ffff:127.0.0.1", true),
        ("192.168.1.7", false),
        ("203.0.113.9", false),
        ("fe80::1", false),
        ("2001:db8::1", false),
        ("::ffff:10.0.0.1", false),
    ] {
        arrival.remote.set_ip(peer.parse().unwrap());
        let decision = decide(&rules(), &arrival);
        let cause = decision.verdict.cause.as_deref();
        assert_eq!(cause, Some("trailing-newline-added"), "kept all the same");
        let (status, answer) = reply(&decision);
        assert_eq!(status, 401);
        if is_here {
            assert_eq!(answer["error"], json!(decision.verdict.reason), "{peer}");
            assert_eq!(answer["hint"], json!(decision.verdict.hint), "{peer}");
        } else {
            assert_eq!(answer, plain, "{peer}");
        }
    }
    arrival.remote.set_ip("127.0.0.1".parse().unwrap());
    for proxy in ["X-Forwarded-For", "forwarded"] {
        let mut arrival = arrival.clone();
        arrival.request.headers.push(proxy, "203.0.113.9");
        assert_eq!(reply(&decide(&rules(), &arrival)).1, plain, "{proxy}");
    }
}

#[test]
fn routes_and_filters_choose_by_event() {
    let mut rules = rules();
    rules.routes = vec![route("1"), route("2"), route("3")];
    rules.routes[0].filter = "payment.*".parse().unwrap();
    rules.routes[1].filter = "order.*".parse().unwrap();
    let decision = decide(&rules, &genuine("a"));
    assert_eq!(decision.event.as_deref(), Some("order.created"));
    assert_eq!(decision.routes, [1, 2]);
    rules.events = "!order.*".parse().unwrap();
    let decision = decide(&rules, &genuine("a"));
    assert!(decision.routes.is_empty());
    assert_eq!(reply(&decision).0, 200);
}
