//! The API: as documented, around that as expected, and with errors that help.

use serde_json::{Value, json};

use super::{Emulated, call, text};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;

/// The body of the documented call that makes a webhook, for an endpoint of ours.
fn documented(url: &str) -> String {
    format!(
        r#"{{"url": "{url}", "events": ["order.created", "order.updated", "order.completed", "payment.processed"], "secret": "your-webhook-secret"}}"#
    )
}

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

#[test]
fn the_documented_calls_do_what_the_documents_say() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::script(&[200, 500]);
    let url = endpoint.url("/webhooks/olympus");
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state"]);
    let made = emulated.ask("POST", "/v1/webhooks", &documented(&url));
    assert_eq!(keys(&made), ["id", "url", "events", "status", "created_at"]);
    assert_eq!(
        (&made["status"], &made["url"]),
        (&json!("active"), &json!(url))
    );
    let id = text(&made, "id").to_owned();
    assert!(id.starts_with("wh_"), "{id}");
    let changed = emulated.ask(
        "PATCH",
        &format!("/v1/webhooks/{id}"),
        r#"{"events": ["order.created", "order.completed"]}"#,
    );
    assert_eq!(
        changed["events"],
        json!(["order.created", "order.completed"])
    );
    for _ in 0..2 {
        let test = format!("/v1/webhooks/{id}/test");
        emulated.ask("POST", &test, r#"{"event_type": "order.created"}"#);
        emulated.idle();
    }
    let listed = emulated.ask("GET", &format!("/v1/webhooks/{id}/deliveries"), "");
    let [failed, success] = listed["data"].as_array().expect("rows").as_slice() else {
        panic!("{listed}");
    };
    let shared = [
        "id",
        "event_id",
        "event_type",
        "status",
        "response_code",
        "response_time_ms",
    ];
    assert_eq!(keys(success), [&shared[..], &["delivered_at"]].concat());
    assert_eq!(keys(failed), [&shared[..], &["next_retry_at"]].concat());
    assert_eq!(
        (&success["status"], &success["response_code"]),
        (&json!("success"), &json!(200))
    );
    assert_eq!(
        (&failed["status"], &failed["response_code"]),
        (&json!("failed"), &json!(500))
    );
    assert!(text(failed, "id").starts_with("del_") && text(failed, "event_id").starts_with("evt_"));
    let moved = endpoint.url("/other");
    let change = format!(r#"{{"url": "{moved}"}}"#);
    emulated.ask("PATCH", &format!("/v1/webhooks/{id}"), &change);
    let (status, body) = emulated.call("DELETE", &format!("/v1/webhooks/{id}"), "");
    assert_eq!((status, body), (204, Value::Null));
    let (status, _) = emulated.call("GET", &format!("/v1/webhooks/{id}"), "");
    assert_eq!(status, 404);
    let (_, listed) = emulated.call("GET", "/v1/deliveries", "");
    assert_eq!(
        listed["data"][0]["status"], "cancelled",
        "nothing is to come any more"
    );
}

#[test]
fn an_event_goes_to_every_subscribed_endpoint_with_its_own_secret() {
    let sandbox = Sandbox::new().with("WEBHOOK_SECRET", "whsec_default");
    let endpoints = [Endpoint::ok(), Endpoint::ok(), Endpoint::ok()];
    let emulated = Emulated::start(&sandbox, &["cimplify", "--no-state"]);
    for (endpoint, rest) in endpoints.iter().zip([
        r#""events": ["order.*"], "secret": "whsec_one""#,
        r#""events": ["*"]"#,
        r#""events": ["payment.failed"], "secret": "whsec_three""#,
    ]) {
        let body = format!(r#"{{"url": "{}", {rest}}}"#, endpoint.url("/"));
        emulated.ask("POST", "/v1/webhooks", &body);
    }
    let event = emulated.ask(
        "POST",
        "/v1/events",
        r#"{"type": "order.created", "data": {"total": 10.50}}"#,
    );
    assert_eq!(event["deliveries"].as_array().expect("rows").len(), 2);
    emulated.idle();
    assert_eq!(endpoints[2].count(), 0);
    for (endpoint, secret) in endpoints.iter().zip(["whsec_one", "whsec_default"]) {
        let message = endpoint.one();
        let body = String::from_utf8(message.body.clone()).expect("text");
        assert!(
            body.contains(r#""data":{"total":10.50}"#),
            "as it was written: {body}"
        );
        let mac = crate::harness::openssl_hmac(secret, &message.body);
        assert_eq!(message.header("X-Cimplify-Signature"), mac);
        assert_eq!(text(&event, "body"), body);
    }
    let listed = emulated.ask("GET", "/v1/events", "");
    assert_eq!(listed["data"][0]["id"], event["id"]);
}

#[test]
#[allow(clippy::too_many_lines)] // One table.
fn what_is_wrong_with_a_call_is_said_in_json() {
    let sandbox = Sandbox::new();
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state"]);
    let here = r#""url": "http://localhost:1/""#;
    for (method, path, body, status, code, message) in [
        ("POST", "/v1/webhooks", "{", 400, "invalid_json", "not JSON"),
        (
            "POST",
            "/v1/webhooks",
            "[]",
            422,
            "invalid_body",
            "not a JSON object",
        ),
        (
            "POST",
            "/v1/webhooks",
            &format!("{{{here}}}"),
            422,
            "missing_member",
            "`events`",
        ),
        (
            "POST",
            "/v1/webhooks",
            r#"{"events": ["*"]}"#,
            422,
            "missing_member",
            "`url`",
        ),
        (
            "POST",
            "/v1/webhooks",
            &format!(r#"{{{here}, "events": "x"}}"#),
            422,
            "invalid_body",
            "`events`",
        ),
        (
            "POST",
            "/v1/webhooks",
            &format!(r#"{{{here}, "events": []}}"#),
            422,
            "no_events",
            "empty",
        ),
        (
            "POST",
            "/v1/webhooks",
            &format!(r#"{{{here}, "events": ["order.creatd"]}}"#),
            422,
            "unknown_event",
            "`order.creatd`",
        ),
        (
            "POST",
            "/v1/webhooks",
            r#"{"url": "http://example.com/", "events": ["*"]}"#,
            422,
            "insecure_url",
            "not HTTPS",
        ),
        (
            "POST",
            "/v1/webhooks",
            r#"{"url": "nowhere", "events": ["*"]}"#,
            422,
            "invalid_url",
            "not a URL",
        ),
        (
            "POST",
            "/v1/webhooks",
            r#"{"url": "ftp://localhost/", "events": ["*"]}"#,
            422,
            "invalid_url",
            "`ftp`",
        ),
        (
            "POST",
            "/v1/webhooks",
            &format!(r#"{{{here}, "events": ["*"], "secret": ""}}"#),
            422,
            "invalid_secret",
            "`secret`",
        ),
        (
            "POST",
            "/v1/events",
            r#"{"type": "order.creatd"}"#,
            422,
            "unknown_event",
            "`order.creatd`",
        ),
        (
            "POST",
            "/v1/events",
            r#"{"type": "order.created", "set": {"data.none": 1}}"#,
            422,
            "invalid_path",
            "data.none",
        ),
        (
            "POST",
            "/v1/events",
            r#"{"type": "order.created", "after": "soon"}"#,
            422,
            "invalid_span",
            "`soon`",
        ),
        (
            "GET",
            "/v1/webhooks/wh_none",
            "",
            404,
            "not_found",
            "`wh_none`",
        ),
        (
            "GET",
            "/v1/deliveries/del_none",
            "",
            404,
            "not_found",
            "`del_none`",
        ),
        (
            "GET",
            "/v1/deliveries?limit=0",
            "",
            400,
            "invalid_parameter",
            "`limit`",
        ),
        (
            "GET",
            "/v1/deliveries?cursor=x",
            "",
            400,
            "invalid_parameter",
            "`cursor`",
        ),
        (
            "GET",
            "/v1/deliveries?status=lost",
            "",
            400,
            "invalid_parameter",
            "`status`",
        ),
        ("GET", "/v1/nothing", "", 404, "not_found", "/v1/nothing"),
        (
            "PUT",
            "/v1/webhooks",
            "",
            405,
            "method_not_allowed",
            "takes no PUT",
        ),
        (
            "PUT",
            "/_control/faults",
            r#"{"drop": 2}"#,
            422,
            "invalid_share",
            "`drop`",
        ),
        (
            "POST",
            "/_control/clock",
            r#"{"speed": "fast"}"#,
            422,
            "invalid_speed",
            "`fast`",
        ),
        (
            "POST",
            "/_control/clock",
            "{}",
            422,
            "missing_member",
            "`advance`",
        ),
        (
            "POST",
            "/_control/restore",
            r#"{"snapshot": "snap_9"}"#,
            404,
            "not_found",
            "`snap_9`",
        ),
    ] {
        let (got, answer) = emulated.call(method, path, body);
        let error = &answer["error"];
        assert_eq!(
            (got, &error["code"]),
            (status, &json!(code)),
            "{method} {path} {body}: {answer}"
        );
        assert!(text(error, "message").contains(message), "{answer}");
    }
    let (_, answer) = emulated.call("POST", "/v1/events", r#"{"type": "order.creatd"}"#);
    assert_eq!(answer["error"]["hint"], "did you mean `order.created`?");
    for key in [None, Some("wrong"), Some("")] {
        let (status, answer) = call(emulated.address(), key, "GET", "/v1/webhooks", "");
        assert_eq!(
            (status, &answer["error"]["code"]),
            (401, &json!("unauthorized")),
            "{key:?}"
        );
    }
}

#[test]
fn lists_are_paged_without_loss() {
    let sandbox = Sandbox::new();
    let emulated = Emulated::start(
        &sandbox,
        &["olympus", "--no-state", "--endpoint", "localhost:1"],
    );
    for _ in 0..7 {
        emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    }
    for path in ["/v1/events", "/v1/deliveries"] {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = emulated.ask("GET", &format!("{path}?limit=3{cursor}"), "");
            let rows = page["data"].as_array().expect("rows").clone();
            assert!(rows.len() <= 3);
            ids.extend(rows.iter().map(|row| text(row, "id").to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let mut distinct = ids.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((ids.len(), distinct.len()), (7, 7), "{path}");
    }
}

#[test]
fn a_delivery_that_is_through_can_be_sent_once_more() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::script(&[404, 200]);
    let url = endpoint.url("/");
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state", "--endpoint", &url]);
    let event = emulated.ask("POST", "/v1/events", r#"{"type": "order.created"}"#);
    emulated.idle();
    let path = format!("/v1/deliveries/{}", text(&event["deliveries"][0], "id"));
    emulated.ask("POST", &format!("{path}/redeliver"), "");
    emulated.idle();
    let detail = emulated.ask("GET", &path, "");
    let attempts = detail["attempts"].as_array().expect("attempts");
    let told = attempts
        .iter()
        .map(|it| (text(it, "cause"), it["response_code"].clone()));
    let told: Vec<_> = told.collect();
    assert_eq!(told, [("schedule", json!(404)), ("redeliver", json!(200))]);
    assert_eq!(detail["status"], "success");
}

#[test]
fn the_description_tells_of_every_route_and_of_no_other() {
    let sandbox = Sandbox::new();
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state"]);
    // Without a key, as it says how to give one.
    let (status, description) = call(emulated.address(), None, "GET", "/openapi.json", "");
    assert_eq!((status, &description["openapi"]), (200, &json!("3.1.0")));
    let paths = description["paths"].as_object().expect("paths");
    assert!(paths.len() > 10, "{paths:?}");
    for (path, operations) in paths {
        let operations = operations.as_object().expect("operations");
        for method in ["get", "post", "put", "patch", "delete"] {
            if operations.get(method).is_some() && path.ends_with("/reset") {
                continue;
            }
            let asked = path.replace("{id}", "none");
            let body = if method == "get" { "" } else { "{}" };
            let (status, _) = emulated.call(&method.to_uppercase(), &asked, body);
            let Some(operation) = operations.get(method) else {
                assert_eq!(status, 405, "{method} {path} is not described");
                continue;
            };
            let responses = operation["responses"].as_object().expect("responses");
            assert!(
                responses.contains_key(&status.to_string()),
                "{method} {path}: {status}"
            );
            assert_ne!(status, 405, "{method} {path}");
        }
    }
    // Every reference leads somewhere.
    let all = description.to_string();
    for reference in all.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().expect("a pointer");
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
}
