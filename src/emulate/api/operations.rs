//! The operations of the API, each once: what answers it, and what its description says.

use std::sync::Arc;

use axum::routing::{MethodRouter, delete, get, patch, post, put};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::answer::{
    ClockJson, DeliveryDetailJson, DeliveryJson, EventJson, IdleJson, PageJson, SecretsJson,
    WebhookJson,
};
use super::form::{
    AdvanceForm, EventForm, FaultsForm, SnapshotForm, TestForm, WebhookChangeForm, WebhookForm,
};
use super::{control, routes};
use crate::emulate::Emulator;

/// The schema of a body.
type BodySchema = fn(&mut SchemaGenerator) -> Schema;

/// One operation.
pub struct Operation {
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
    pub handler: fn() -> MethodRouter<Arc<Emulator>>,
}

/// A parameter of a query: its name, what it is, and its schema as JSON.
pub type QueryParameter = (&'static str, &'static str, &'static str);

const LIMIT: QueryParameter = (
    "limit",
    "How many rows; 50 where it is left out.",
    r#"{"type": "integer", "minimum": 1, "maximum": 100}"#,
);
const CURSOR: QueryParameter = (
    "cursor",
    "The `next_cursor` of the page before.",
    r#"{"type": "string", "pattern": "^[0-9]{1,19}$"}"#,
);
const STATUS: QueryParameter = (
    "status",
    "Deliveries of this status only.",
    r#"{"enum": ["pending", "success", "failed", "cancelled", "dropped"]}"#,
);
const TIMEOUT: QueryParameter = (
    "timeout",
    "How long to wait at most, such as `5s`; 30 s where it is left out.",
    r#"{"type": "string", "pattern": "^[0-9]{1,2}(ms|s)$"}"#,
);

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// All operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "post",
        path: "/v1/webhooks",
        id: "createWebhook",
        summary: "Make a webhook.",
        query: &[],
        body: Some(of::<WebhookForm>),
        success: (201, Some(of::<WebhookJson>)),
        handler: || post(routes::create),
    },
    Operation {
        method: "get",
        path: "/v1/webhooks",
        id: "listWebhooks",
        summary: "List the webhooks, the newest first.",
        query: &[LIMIT, CURSOR],
        body: None,
        success: (200, Some(of::<PageJson<WebhookJson>>)),
        handler: || get(routes::list),
    },
    Operation {
        method: "get",
        path: "/v1/webhooks/{id}",
        id: "getWebhook",
        summary: "Get a webhook.",
        query: &[],
        body: None,
        success: (200, Some(of::<WebhookJson>)),
        handler: || get(routes::get),
    },
    Operation {
        method: "get",
        path: "/v1/webhooks/{id}/secrets",
        id: "getSecrets",
        summary: "Get the secrets of a webhook, as rotation replaces them.",
        query: &[],
        body: None,
        success: (200, Some(of::<SecretsJson>)),
        handler: || get(routes::secrets),
    },
    Operation {
        method: "patch",
        path: "/v1/webhooks/{id}",
        id: "updateWebhook",
        summary: "Change a webhook; what is left out stays.",
        query: &[],
        body: Some(of::<WebhookChangeForm>),
        success: (200, Some(of::<WebhookJson>)),
        handler: || patch(routes::change),
    },
    Operation {
        method: "delete",
        path: "/v1/webhooks/{id}",
        id: "deleteWebhook",
        summary: "Remove a webhook, with what was to come for it.",
        query: &[],
        body: None,
        success: (204, None),
        handler: || delete(routes::remove),
    },
    Operation {
        method: "post",
        path: "/v1/webhooks/{id}/test",
        id: "testWebhook",
        summary: "Send a test event to a webhook, whatever it is subscribed to.",
        query: &[],
        body: Some(of::<TestForm>),
        success: (202, Some(of::<DeliveryJson>)),
        handler: || post(routes::test),
    },
    Operation {
        method: "get",
        path: "/v1/webhooks/{id}/deliveries",
        id: "listWebhookDeliveries",
        summary: "List the deliveries to a webhook, the newest first.",
        query: &[LIMIT, CURSOR, STATUS],
        body: None,
        success: (200, Some(of::<PageJson<DeliveryJson>>)),
        handler: || get(routes::deliveries),
    },
    Operation {
        method: "get",
        path: "/v1/deliveries",
        id: "listDeliveries",
        summary: "List the deliveries to all webhooks, the newest first.",
        query: &[LIMIT, CURSOR, STATUS],
        body: None,
        success: (200, Some(of::<PageJson<DeliveryJson>>)),
        handler: || get(routes::all_deliveries),
    },
    Operation {
        method: "get",
        path: "/v1/deliveries/{id}",
        id: "getDelivery",
        summary: "Get a delivery with its attempts.",
        query: &[],
        body: None,
        success: (200, Some(of::<DeliveryDetailJson>)),
        handler: || get(routes::delivery),
    },
    Operation {
        method: "post",
        path: "/v1/deliveries/{id}/redeliver",
        id: "redeliver",
        summary: "Send a delivery that is through once more.",
        query: &[],
        body: None,
        success: (202, Some(of::<DeliveryJson>)),
        handler: || post(routes::redeliver),
    },
    Operation {
        method: "post",
        path: "/v1/events",
        id: "createEvent",
        summary: "Let an event happen: it goes to every webhook that is subscribed.",
        query: &[],
        body: Some(of::<EventForm>),
        success: (202, Some(of::<EventJson>)),
        handler: || post(routes::emit),
    },
    Operation {
        method: "get",
        path: "/v1/events",
        id: "listEvents",
        summary: "List the events, the newest first.",
        query: &[LIMIT, CURSOR],
        body: None,
        success: (200, Some(of::<PageJson<EventJson>>)),
        handler: || get(routes::events),
    },
    Operation {
        method: "get",
        path: "/v1/events/{id}",
        id: "getEvent",
        summary: "Get an event.",
        query: &[],
        body: None,
        success: (200, Some(of::<EventJson>)),
        handler: || get(routes::event),
    },
    Operation {
        method: "get",
        path: "/_control/clock",
        id: "getClock",
        summary: "Get the emulated clock.",
        query: &[],
        body: None,
        success: (200, Some(of::<ClockJson>)),
        handler: || get(control::clock),
    },
    Operation {
        method: "post",
        path: "/_control/clock",
        id: "setClock",
        summary: "Let the emulated time jump, or run at another speed.",
        query: &[],
        body: Some(of::<AdvanceForm>),
        success: (200, Some(of::<ClockJson>)),
        handler: || post(control::set_clock),
    },
    Operation {
        method: "get",
        path: "/_control/faults",
        id: "getFaults",
        summary: "Get what is done wrong on purpose.",
        query: &[],
        body: None,
        success: (200, Some(of::<FaultsForm>)),
        handler: || get(control::faults),
    },
    Operation {
        method: "put",
        path: "/_control/faults",
        id: "setFaults",
        summary: "Do other things wrong on purpose.",
        query: &[],
        body: Some(of::<FaultsForm>),
        success: (200, Some(of::<FaultsForm>)),
        handler: || put(control::set_faults),
    },
    Operation {
        method: "post",
        path: "/_control/reset",
        id: "reset",
        summary: "Remove everything but the endpoints of the start.",
        query: &[],
        body: None,
        success: (204, None),
        handler: || post(control::reset),
    },
    Operation {
        method: "post",
        path: "/_control/snapshot",
        id: "snapshot",
        summary: "Keep everything as it is, to be restored.",
        query: &[],
        body: None,
        success: (201, Some(of::<SnapshotForm>)),
        handler: || post(control::snapshot),
    },
    Operation {
        method: "post",
        path: "/_control/restore",
        id: "restore",
        summary: "Bring back what a snapshot kept.",
        query: &[],
        body: Some(of::<SnapshotForm>),
        success: (204, None),
        handler: || post(control::restore),
    },
    Operation {
        method: "get",
        path: "/_control/idle",
        id: "idle",
        summary: "Wait until nothing is under way or due.",
        query: &[TIMEOUT],
        body: None,
        success: (200, Some(of::<IdleJson>)),
        handler: || get(control::idle),
    },
];
