//! The description of the API: `OpenAPI` 3.1, from the operations and the types of their bodies.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::answer::RefusalJson;
use super::operations::{OPERATIONS, Operation};

/// The description, as JSON.
pub fn description() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let described = describe(operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "webhook emulate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A provider of webhooks on this machine.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let (status, answer) = operation.success;
    let mut responses = Map::new();
    let mut success = json!({"description": "Success."});
    if let Some(answer) = answer {
        success["content"] = content(&answer(generator));
    }
    responses.insert(status.to_string(), success);
    let refusal = content(&generator.subschema_for::<RefusalJson>());
    for (status, description) in refusals(operation) {
        let response = json!({"description": description, "content": refusal});
        responses.insert(status.to_string(), response);
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": responses,
    });
    if let Some(body) = operation.body {
        let body = content(&body(generator));
        described["requestBody"] = json!({"required": true, "content": body});
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    described
}

fn content(schema: &Schema) -> Value {
    json!({"application/json": {"schema": schema}})
}

/// How the operation can be refused.
fn refusals(operation: &Operation) -> Vec<(u16, &'static str)> {
    let mut refusals = vec![(401, "The key is missing or not the right one.")];
    if operation.body.is_some() {
        refusals.push((400, "The body is not JSON."));
        refusals.push((413, "The body is larger than 2 MB."));
        refusals.push((422, "The body cannot be used."));
    } else if !operation.query.is_empty() {
        refusals.push((400, "A parameter cannot be read."));
        refusals.push((422, "A parameter cannot be used."));
    }
    if operation.path.contains("{id}") || operation.id == "restore" {
        refusals.push((404, "There is no such thing."));
    }
    if operation.path.ends_with("/test") || operation.path.ends_with("/redeliver") {
        refusals.push((409, "It cannot be done now."));
    }
    refusals.push((503, "The state cannot be read or written."));
    refusals
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let id = operation.path.contains("{id}").then(
        || json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}),
    );
    let query = operation.query.iter().map(|(name, description, schema)| {
        // What stands in the table is JSON.
        let schema: Value = serde_json::from_str(schema).unwrap_or_default();
        json!({"name": name, "in": "query", "description": description, "schema": schema})
    });
    id.into_iter().chain(query).collect()
}
