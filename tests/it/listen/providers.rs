//! Whose a delivery is, and with which secret it was proved.

use serde_json::Value;

use crate::harness::sender::{SECRET, envelope, secret_of, signature};
use crate::harness::{Listener, Sandbox, post};

const ALL: [&str; 4] = ["ibakepro", "olympus", "barecommerce", "cimplify"];

/// Delivers an event, signed by a provider with a secret; returns the status and the line.
fn deliver(listener: &mut Listener, provider: &str, secret: &str) -> (u16, Value) {
    let body = envelope(provider, "order.created", "evt_1");
    let (name, value) = signature(provider, secret, body.as_bytes());
    let (status, _) = post(listener.address(), "/", &[(name, &value)], body.as_bytes());
    (status, listener.next_line())
}

#[test]
fn four_providers_come_to_one_listener_each_with_its_secret() {
    let sandbox = Sandbox::new();
    let secrets = ALL.map(secret_of);
    let flags: Vec<_> = secrets.iter().flat_map(|s| ["--secret", s]).collect();
    let mut listener = sandbox.listen(&flags);
    for provider in ALL {
        let (status, line) = deliver(&mut listener, provider, &format!("{SECRET}-{provider}"));
        assert_eq!(status, 200, "{line}");
        assert_eq!(line["provider"], provider, "{line}");
        assert_eq!(line["event"], "order.created");
        assert_eq!(line["event_id"], "evt_1");
        assert_eq!(line["verdict"]["secret"], format!("{provider}#1"));
    }
    let mut named = listener.ready["secrets"].as_array().unwrap().clone();
    named.sort_by_key(Value::to_string);
    assert_eq!(named, ["barecommerce", "cimplify", "ibakepro", "olympus"]);
}

#[test]
fn two_that_share_a_header_are_told_apart_without_a_right_secret_too() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", "another one"]);
    for provider in ["ibakepro", "barecommerce"] {
        let (status, line) = deliver(&mut listener, provider, SECRET);
        assert_eq!(status, 401);
        assert_eq!(line["provider"], provider, "{line}");
    }
}

#[test]
fn with_secrets_the_mac_decides_before_the_form_does() {
    let sandbox = Sandbox::new();
    let (cake, shop) = (secret_of("ibakepro"), secret_of("barecommerce"));
    let mut listener = sandbox.listen(&["--secret", &cake, "--secret", &shop]);
    // In ibakepro's envelope, but with the signature of barecommerce.
    let body = envelope("ibakepro", "order.created", "evt_1");
    let secret = format!("{SECRET}-barecommerce");
    let (name, value) = signature("barecommerce", &secret, body.as_bytes());
    let (status, _) = post(listener.address(), "/", &[(name, &value)], body.as_bytes());
    let line = listener.next_line();
    assert_eq!(
        (status, &line["provider"]),
        (200, &"barecommerce".into()),
        "{line}"
    );
}

#[test]
fn a_rotated_secret_is_named_by_its_place() {
    let sandbox = Sandbox::new();
    let flags = [
        "--secret",
        "olympus=old",
        "--secret",
        "olympus=new",
        "--secret",
        "for all",
    ];
    let mut listener = sandbox.listen(&flags);
    for (secret, place) in [("old", 1), ("new", 2), ("for all", 3)] {
        let (status, line) = deliver(&mut listener, "olympus", secret);
        assert_eq!(
            (status, &line["verdict"]["secret"]),
            (200, &format!("olympus#{place}").into())
        );
    }
    let (status, line) = deliver(&mut listener, "cimplify", "for all");
    assert_eq!(
        (status, &line["verdict"]["secret"]),
        (200, &"cimplify#1".into())
    );
}

#[test]
fn no_secret_is_in_any_output() {
    let sandbox = Sandbox::new();
    let mut listener =
        sandbox.listen(&["--secret", "hunter2hunter2", "--secret", "olympus=xyzzy42"]);
    deliver(&mut listener, "olympus", "xyzzy42x");
    let ready = listener.ready.to_string();
    let (stdout, stderr, _) = listener.stop();
    let all = format!("{ready}{stdout}{stderr}");
    assert!(
        !all.contains("hunter2") && !all.contains("xyzzy42"),
        "{all}"
    );
}

#[test]
fn a_secret_comes_from_the_environment_too() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET_OLYMPUS", "from outside");
    let mut listener = sandbox.listen(&[]);
    assert_eq!(deliver(&mut listener, "olympus", "from outside").0, 200);
    assert_eq!(listener.ready["local_secret"], false);
}

#[test]
fn the_local_secret_turns_nobody_away_and_calls_nobody_valid() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&[]);
    assert_eq!(listener.ready["local_secret"], true);
    for provider in ALL {
        let (status, line) = deliver(&mut listener, provider, "the endpoint's own");
        assert_eq!(status, 200, "{line}");
        assert_eq!(line["verdict"]["status"], "unverified", "{line}");
        assert_eq!(line["provider"], provider);
    }
    let file = sandbox.home().join(".config/webhook/local-secret");
    let local = std::fs::read_to_string(file).unwrap();
    let (status, line) = deliver(&mut listener, "olympus", local.trim());
    assert_eq!((status, &line["verdict"]["status"]), (200, &"valid".into()));
    let (_, stderr, _) = listener.stop();
    assert!(stderr.contains("local development secret"), "{stderr}");
    assert!(!stderr.contains(local.trim()));
}

#[test]
fn what_nobody_is_known_to_send_is_unverified_and_refused() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    assert_eq!(post(listener.address(), "/", &[], b"<xml/>").0, 401);
    let line = listener.next_line();
    assert_eq!(line["verdict"]["status"], "unverified");
    assert!(line["provider"].is_null() && line["event"].is_null());
}

#[test]
fn an_unknown_provider_is_an_error_with_a_near_name() {
    let run = Sandbox::new().run(&["listen", "--port", "0", "--provider", "olimpus"]);
    let run = run.expect(2);
    assert!(
        run.stderr.contains("did you mean `olympus`?"),
        "{}",
        run.stderr
    );
}
