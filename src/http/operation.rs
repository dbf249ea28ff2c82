//! The operations of an API, each once: what answers it, and the description, `OpenAPI` 3.1, that follows.

use std::sync::Arc;

use axum::routing::MethodRouter;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::call::RefusalJson;

/// The schema of a body.
pub type BodySchema = fn(&mut SchemaGenerator) -> Schema;

/// One operation.
pub struct Operation<S: 'static> {
    /// The method, in lower case as descriptions have it.
    pub method: &'static str,
    /// The path, with `{id}`.
    pub path: &'static str,
    /// Its name for programs.
    pub id: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The parameters of its query.
    pub query: &'static [QueryParameter],
    /// The body that it reads.
    pub body: Option<BodySchema>,
    /// The status of success, and the body that it then writes.
    pub success: (u16, Option<BodySchema>),
    /// What answers it.
    pub handler: fn() -> MethodRouter<Arc<S>>,
}

/// A parameter of a query: its name, what it is, and its schema as JSON.
pub type QueryParameter = (&'static str, &'static str, &'static str);

/// How an operation can be refused: the statuses, and what each means.
pub type Refusals = Vec<(u16, &'static str)>;

/// The schema of a type, for the body of an operation.
pub fn body_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The description of an API, as JSON.
pub fn openapi<S>(
    [title, about]: [&str; 2],
    operations: &[Operation<S>],
    refusals: impl Fn(&Operation<S>) -> Refusals,
) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in operations {
        let described = describe(operation, refusals(operation), &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": env!("CARGO_PKG_VERSION"), "description": about},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    })
}

fn describe<S>(
    operation: &Operation<S>,
    refusals: Refusals,
    generator: &mut SchemaGenerator,
) -> Value {
    let (status, answer) = operation.success;
    let mut responses = Map::new();
    let mut success = json!({"description": "Success."});
    if let Some(answer) = answer {
        success["content"] = content(&answer(generator));
    }
    responses.insert(status.to_string(), success);
    let refusal = content(&generator.subschema_for::<RefusalJson>());
    for (status, description) in refusals {
        let mut response = json!({"description": description});
        // What is no error has nothing to say.
        if status >= 400 {
            response["content"] = refusal.clone();
        }
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

/// JSON, unless the schema says of which media type the content is.
fn content(schema: &Schema) -> Value {
    let stated = schema.get("contentMediaType").and_then(Value::as_str);
    let mut content = Map::new();
    let media_type = stated.unwrap_or("application/json");
    content.insert(media_type.to_owned(), json!({"schema": schema}));
    content.into()
}

fn parameters<S>(operation: &Operation<S>) -> Vec<Value> {
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
