//! The description of the API: `OpenAPI` 3.1, from the operations and the types of their bodies.

use serde_json::Value;

use super::operations::OPERATIONS;
use crate::emulate::Emulator;
use crate::http::{Operation, Refusals, openapi};

/// The description, as JSON.
pub fn description() -> Value {
    let about = "A provider of webhooks on this machine.";
    openapi(["webhook emulate", about], OPERATIONS, refusals)
}

/// How the operation can be refused.
fn refusals(operation: &Operation<Emulator>) -> Refusals {
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
