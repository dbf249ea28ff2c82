//! What a test suite does at run time, under `/_control`.

use serde_json::json;

use super::{Emulated, text};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;

#[test]
fn time_jumps_and_what_falls_due_by_that_is_sent() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::script(&[500, 500, 200]);
    let url = endpoint.url("/");
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state", "--endpoint", &url]);
    emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    emulated.idle();
    assert_eq!(endpoint.count(), 1);
    emulated.ask("POST", "/_control/clock", r#"{"advance": "59s"}"#);
    emulated.idle();
    assert_eq!(endpoint.count(), 1, "not yet a minute");
    for made in [2, 3] {
        let clock = emulated.ask("POST", "/_control/clock", r#"{"advance": "5m"}"#);
        assert_eq!(clock["speed"], "1x");
        emulated.idle();
        assert_eq!(endpoint.count(), made);
    }
    let clock = emulated.ask("GET", "/_control/clock", "");
    assert_eq!(
        (&clock["running"], &clock["pending"]),
        (&json!(0), &json!(0))
    );
}

#[test]
fn each_test_can_start_clean() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::script(&[500]);
    let url = endpoint.url("/");
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state", "--endpoint", &url]);
    let other = json!({"url": endpoint.url("/other"), "events": ["order.sent"]});
    emulated.ask("POST", "/v1/webhooks", &other.to_string());
    emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    emulated.idle();
    let snapshot = emulated.ask("POST", "/_control/snapshot", "");
    emulated.ask("PUT", "/_control/faults", r#"{"drop": 1, "delay": "3s"}"#);
    assert_eq!(emulated.ask("GET", "/_control/faults", "")["delay"], "3s");
    let count = |path: &str| {
        let page = emulated.ask("GET", path, "");
        page["data"].as_array().expect("rows").len()
    };
    let counts = || ["/v1/webhooks", "/v1/events", "/v1/deliveries"].map(count);
    assert_eq!(counts(), [2, 1, 1]);
    emulated.ask("POST", "/_control/reset", "");
    assert_eq!(counts(), [1, 0, 0], "the endpoint of the start is there");
    assert_eq!(emulated.ask("GET", "/_control/faults", "")["drop"], 0.0);
    emulated.ask("POST", "/v1/events", r#"{"type": "order.updated"}"#);
    let restore = json!({"snapshot": text(&snapshot, "snapshot")}).to_string();
    emulated.ask("POST", "/_control/restore", &restore);
    assert_eq!(counts(), [2, 1, 1]);
    // What was to come then is to come again.
    let before = endpoint.count();
    emulated.ask("POST", "/_control/clock", r#"{"advance": "2m"}"#);
    emulated.idle();
    assert!(endpoint.count() > before);
    let listed = emulated.ask("GET", "/v1/deliveries", "");
    assert_eq!(listed["data"][0]["event_type"], "order.created");
}
