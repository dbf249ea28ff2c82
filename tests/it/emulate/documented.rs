//! The calls of Olympus' API as its document prints them, typed into a shell: the host, the receiver's
//! URL and the webhook's id are ours.

use std::process::Command;

use serde_json::{Value, json};

use super::{Emulated, text};
use crate::harness::endpoint::Endpoint;
use crate::harness::{Sandbox, has};

const CREATE: &str = r#"curl -X POST https://api.olympuscloud.ai/v1/webhooks \
-H "Authorization: Bearer $API_KEY" \
-H "Content-Type: application/json" \
-d '{
"url": "https://your-app.com/webhooks/olympus",
"events": [
"order.created",
"order.updated",
"order.completed",
"payment.processed"
],
"secret": "your-webhook-secret"
}'"#;

const UPDATE: &str = r#"curl -X PATCH https://api.olympuscloud.ai/v1/webhooks/wh_abc123 \
-H "Authorization: Bearer $API_KEY" \
-H "Content-Type: application/json" \
-d '{
"events": [
"order.created",
"order.completed"
]
}'"#;

const TEST: &str = r#"# Send test webhook
curl -X POST https://api.olympuscloud.ai/v1/webhooks/wh_abc123/test \
-H "Authorization: Bearer $API_KEY" \
-H "Content-Type: application/json" \
-d '{
"event_type": "order.created"
}'"#;

const DELIVERIES: &str = r#"# List recent deliveries
curl https://api.olympuscloud.ai/v1/webhooks/wh_abc123/deliveries \
-H "Authorization: Bearer $API_KEY""#;

const MOVE: &str = r#"# Update webhook URL
curl -X PATCH https://api.olympuscloud.ai/v1/webhooks/wh_abc123 \
-H "Authorization: Bearer $API_KEY" \
-d '{"url": "https://abc123.ngrok.io/webhooks/olympus"}'"#;

const DELETE: &str = r#"curl -X DELETE https://api.olympuscloud.ai/v1/webhooks/wh_abc123 \
-H "Authorization: Bearer $API_KEY""#;

/// What a printed call answers; null where that is nothing.
fn typed(emulated: &Emulated, printed: &str, id: &str, receivers: [&str; 2]) -> Value {
    let host = format!("http://{}", emulated.address());
    let line = printed
        .replace("https://api.olympuscloud.ai", &host)
        .replace("https://your-app.com/webhooks/olympus", receivers[0])
        .replace("https://abc123.ngrok.io/webhooks/olympus", receivers[1])
        .replace("wh_abc123", id);
    let output = Command::new("sh")
        .args(["-c", &line])
        .env("API_KEY", &emulated.key)
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{line}: {output:?}");
    if output.stdout.is_empty() {
        return Value::Null;
    }
    let answer = serde_json::from_slice(&output.stdout);
    answer.unwrap_or_else(|error| panic!("{error}: {line}: {output:?}"))
}

#[test]
fn the_printed_curl_lines_work_as_printed() {
    if !has("curl") {
        return;
    }
    let sandbox = Sandbox::new();
    let (first, second) = (Endpoint::ok(), Endpoint::ok());
    let urls = [
        first.url("/webhooks/olympus"),
        second.url("/webhooks/olympus"),
    ];
    let receivers = urls.each_ref().map(String::as_str);
    let emulated = Emulated::start(&sandbox, &["olympus", "--no-state"]);

    let made = typed(&emulated, CREATE, "", receivers);
    assert_eq!(
        (&made["status"], &made["url"]),
        (&json!("active"), &json!(urls[0])),
        "{made}"
    );
    let id = text(&made, "id");
    let updated = typed(&emulated, UPDATE, id, receivers);
    assert_eq!(
        updated["events"],
        json!(["order.created", "order.completed"]),
        "{updated}"
    );

    typed(&emulated, TEST, id, receivers);
    emulated.idle();
    let delivered = first.one();
    assert!(delivered.header("X-Olympus-Signature").starts_with("t="));
    let listed = typed(&emulated, DELIVERIES, id, receivers);
    let row = &listed["data"][0];
    assert_eq!(
        (&row["event_type"], &row["status"], &row["response_code"]),
        (&json!("order.created"), &json!("success"), &json!(200)),
        "{listed}"
    );

    let moved = typed(&emulated, MOVE, id, receivers);
    assert_eq!(moved["url"], json!(urls[1]), "{moved}");
    typed(&emulated, TEST, id, receivers);
    emulated.idle();
    assert_eq!((first.count(), second.count()), (1, 1));
    assert_eq!(typed(&emulated, DELETE, id, receivers), Value::Null);
    let (status, _) = emulated.call("GET", &format!("/v1/webhooks/{id}"), "");
    assert_eq!(status, 404);
}
