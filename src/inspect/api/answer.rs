//! The answers, and their schemas: captures and attempts as every command writes them.

use axum::response::Response;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::part::LogPart;
use crate::delivery::Delivery;
use crate::inspect::routes::text;
use crate::store::Position;

/// Lines of JSON as a list, beside other members.
pub fn list(lines: &[String], others: &serde_json::Value) -> Response {
    let others = others.to_string();
    let others = others.trim_start_matches('{');
    let content = format!("{{\"data\":[{}],{others}", lines.join(","));
    text(content, "application/json")
}

/// A part of the log.
pub fn part(part: &LogPart) -> Response {
    let lines: Vec<_> = part.deliveries.iter().map(Delivery::to_json).collect();
    let cursor = |place: Position| place.number().to_string();
    let others = json!({"next": part.next.map(cursor), "end": cursor(part.end)});
    list(&lines, &others)
}

fn headers() -> serde_json::Value {
    json!({
        "type": "array",
        "items": {
            "type": "array",
            "prefixItems": [
                {"type": "string"},
                {"type": ["string", "object"], "required": ["base64"]},
            ],
            "minItems": 2,
            "maxItems": 2,
        },
    })
}

/// A capture of a delivery.
pub fn capture(_: &mut SchemaGenerator) -> Schema {
    let encoding = json!({"enum": ["utf8", "base64"]});
    json_schema!({
        "type": "object",
        "description": "A capture, as `webhook listen --json` writes it.",
        "required": ["v", "kind", "id", "received_at", "source", "provider", "event", "event_id",
            "duplicate_of", "verdict", "request", "response"],
        "properties": {
            "v": {"const": 1},
            "kind": {"const": "delivery"},
            "id": {"type": "string"},
            "received_at": {"type": "string"},
            "source": {"type": "string"},
            "provider": {"type": ["string", "null"]},
            "event": {"type": ["string", "null"]},
            "event_id": {"type": ["string", "null"]},
            "duplicate_of": {"type": ["string", "null"]},
            "verdict": {"type": "object", "required": ["status"]},
            "request": {
                "type": "object",
                "required": ["method", "target", "version", "headers", "body", "body_encoding",
                    "body_bytes", "body_complete"],
                "properties": {
                    "method": {"type": "string"},
                    "target": {"type": "string"},
                    "headers": headers(),
                    "body": {"type": "string"},
                    "body_encoding": encoding,
                    "body_bytes": {"type": "integer"},
                    "body_complete": {"type": "boolean"},
                },
            },
            "response": {"type": ["object", "null"], "required": ["status"]},
        },
    })
}

/// An attempt.
pub fn attempt(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "description": "An attempt, as `webhook replay --json` writes it.",
        "required": ["v", "kind", "id", "delivery_id", "cause", "url", "started_at", "duration_ms",
            "signing", "response", "error"],
        "properties": {
            "v": {"const": 1},
            "kind": {"const": "attempt"},
            "id": {"type": "string"},
            "delivery_id": {"type": "string"},
            "cause": {"enum": ["forward", "replay", "send", "retry", "test"]},
            "url": {"type": "string"},
            "started_at": {"type": "string"},
            "duration_ms": {"type": "number"},
            "signing": {"enum": ["kept", "fresh", null]},
            "response": {
                "type": ["object", "null"],
                "required": ["status", "headers", "body", "body_encoding", "body_bytes"],
                "properties": {"status": {"type": "integer"}, "headers": headers()},
            },
            "error": {"type": ["object", "null"], "required": ["kind", "message"]},
            "change": {"enum": ["fixed", "still failing", "regressed", "still passing", null]},
        },
    })
}

/// A part of the log.
pub fn captures(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["data", "next", "end"],
        "properties": {
            "data": {"type": "array", "items": capture(generator)},
            "next": {
                "type": ["string", "null"],
                "description": "What to give as `before`, or as `after` where that was given, for those behind.",
            },
            "end": {"type": "string", "description": "What to give as `after` for what comes later."},
        },
    })
}

/// The attempts at a delivery, the oldest first.
pub fn attempts(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": attempt(generator)}},
    })
}

/// What came of a replay.
pub fn replayed(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["data", "skipped"],
        "properties": {
            "data": {"type": "array", "items": attempt(generator)},
            "skipped": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Why deliveries were not sent.",
            },
        },
    })
}

/// The bytes of a body.
pub fn bytes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"contentMediaType": "application/octet-stream"})
}

/// Captures and attempts, a line each.
pub fn lines(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "contentMediaType": "application/x-ndjson"})
}
