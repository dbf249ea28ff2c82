//! The operations of the API, each once: what answers it, and what its description says.

use axum::routing::{get, post};
use serde_json::Value;

use super::form::{ReplayForm, SendForm};
use super::{answer, follow, routes};
use crate::http::{Operation, QueryParameter, Refusals, body_of, openapi};
use crate::inspect::Inspector;

const FILTER: QueryParameter = (
    "filter",
    "What must match, in the language of `--filter`.",
    r#"{"type": "string"}"#,
);
const BEFORE: QueryParameter = (
    "before",
    "The `next` of the page before, for older ones.",
    r#"{"type": "string", "pattern": "^[0-9]{1,18}$"}"#,
);
const AFTER: QueryParameter = (
    "after",
    "A `next` or `end`, for what came after it, the oldest first; `0` for all.",
    r#"{"type": "string", "pattern": "^[0-9]{1,18}$"}"#,
);
const LIMIT: QueryParameter = (
    "limit",
    "How many deliveries; 50 where it is left out. Large ones make it fewer.",
    r#"{"type": "integer", "minimum": 1, "maximum": 500}"#,
);
const TIMEOUT: QueryParameter = (
    "timeout",
    "How long to wait at most, such as `5s`, up to `60s`; 30 s where it is left out.",
    r#"{"type": "string", "pattern": "^([0-9]{1,4}ms|[0-5]?[0-9]s)$"}"#,
);

/// All operations.
pub const OPERATIONS: &[Operation<Inspector>] = &[
    Operation {
        method: "get",
        path: "/api/v1/deliveries",
        id: "listDeliveries",
        summary: "List deliveries, the newest first, or what came after a place, the oldest first.",
        query: &[FILTER, BEFORE, AFTER, LIMIT],
        body: None,
        success: (200, Some(answer::captures)),
        handler: || get(routes::list),
    },
    Operation {
        method: "get",
        path: "/api/v1/deliveries/{id}",
        id: "getDelivery",
        summary: "Get a delivery.",
        query: &[],
        body: None,
        success: (200, Some(answer::capture)),
        handler: || get(routes::get),
    },
    Operation {
        method: "get",
        path: "/api/v1/deliveries/{id}/body",
        id: "getBody",
        summary: "Get the body of a delivery, byte for byte.",
        query: &[],
        body: None,
        success: (200, Some(answer::bytes)),
        handler: || get(routes::body),
    },
    Operation {
        method: "get",
        path: "/api/v1/deliveries/{id}/attempts",
        id: "listAttempts",
        summary: "List the newest 100 attempts at a delivery, the oldest of them first.",
        query: &[],
        body: None,
        success: (200, Some(answer::attempts)),
        handler: || get(routes::attempts),
    },
    Operation {
        method: "post",
        path: "/api/v1/replay",
        id: "replay",
        summary: "Send deliveries again, as they came or changed.",
        query: &[],
        body: Some(body_of::<ReplayForm>),
        success: (200, Some(answer::replayed)),
        handler: || post(routes::replay),
    },
    Operation {
        method: "post",
        path: "/api/v1/send",
        id: "send",
        summary: "Send an event as its provider would.",
        query: &[],
        body: Some(body_of::<SendForm>),
        success: (200, Some(answer::attempt)),
        handler: || post(routes::send_event),
    },
    Operation {
        method: "get",
        path: "/api/v1/wait",
        id: "wait",
        summary: "Wait for the first delivery that matches, of those to come or after a place.",
        query: &[FILTER, AFTER, TIMEOUT],
        body: None,
        success: (200, Some(answer::captures)),
        handler: || get(follow::wait),
    },
    Operation {
        method: "get",
        path: "/api/v1/events",
        id: "followEvents",
        summary: "Tell of deliveries and attempts as they come, a line of JSON each, without an end.",
        query: &[FILTER, AFTER],
        body: None,
        success: (200, Some(answer::lines)),
        handler: || get(follow::events),
    },
];

/// The description, as JSON.
pub fn description() -> Value {
    let about = "The log of webhooks on this machine.";
    openapi(["webhook inspect", about], OPERATIONS, refusals)
}

fn refusals(operation: &Operation<Inspector>) -> Refusals {
    let mut refusals = vec![
        (401, "The token is missing or not the right one."),
        (403, "It does not come from here."),
        (500, "The log cannot be read or written."),
    ];
    if operation.body.is_some() {
        refusals.push((400, "The body is not JSON, or the filter is wrong."));
        refusals.push((413, "The body is larger than 2 MB."));
        refusals.push((422, "The body cannot be used."));
    } else if !operation.query.is_empty() {
        refusals.push((400, "A parameter cannot be read."));
    }
    if operation.path.contains("{id}") || operation.id == "replay" {
        refusals.push((404, "There is no such delivery."));
    }
    if operation.id == "wait" {
        refusals.push((204, "Nothing came in that time."));
    }
    refusals
}
