//! What answers the calls under `/v1`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;

use super::answer::{
    DeliveryDetailJson, DeliveryJson, EventJson, PageJson, SecretsJson, WebhookJson,
};
use super::form::{EventForm, StatusWord, TestForm, WebhookChangeForm, WebhookForm};
use super::guard::ListQuery;
use crate::emulate::emit::Emitted;
use crate::emulate::state::StatePage;
use crate::emulate::{
    ApiRefusal, Emulator, EndpointChange, EndpointStatus, EventRequest, NewEndpoint,
};
use crate::http::{Called, JsonBody, PathId, json};

pub(super) async fn create(
    State(emulator): State<Arc<Emulator>>,
    JsonBody(form): JsonBody<WebhookForm>,
) -> Called {
    let new = NewEndpoint {
        url: form.url,
        events: form.events,
        secret: form.secret,
    };
    let made = emulator.add_endpoint(new).await?;
    Ok(json(201, &WebhookJson::from(&*made)))
}

pub(super) async fn list(State(emulator): State<Arc<Emulator>>, query: ListQuery) -> Called {
    let mut all = emulator.endpoints();
    all.reverse();
    let before = query.page.before.unwrap_or(u64::MAX);
    let rows = all.into_iter().filter(|endpoint| endpoint.seq < before);
    let limit = usize::try_from(query.page.limit).unwrap_or_default();
    let rows: Vec<_> = rows.take(limit + 1).collect();
    let page = page(
        &rows,
        query.page,
        |it| it.seq,
        |it| WebhookJson::from(&**it),
    );
    Ok(json(200, &page))
}

pub(super) async fn get(State(emulator): State<Arc<Emulator>>, PathId(id): PathId) -> Called {
    Ok(json(200, &WebhookJson::from(&*emulator.endpoint(&id)?)))
}

pub(super) async fn secrets(State(emulator): State<Arc<Emulator>>, PathId(id): PathId) -> Called {
    Ok(json(200, &SecretsJson::from(&*emulator.endpoint(&id)?)))
}

pub(super) async fn change(
    State(emulator): State<Arc<Emulator>>,
    PathId(id): PathId,
    JsonBody(form): JsonBody<WebhookChangeForm>,
) -> Called {
    let status = form.status.map(|word| match word {
        StatusWord::Active => EndpointStatus::Active,
        StatusWord::Disabled => EndpointStatus::Disabled,
    });
    let change = EndpointChange {
        url: form.url,
        events: form.events,
        secret: form.secret,
        status,
    };
    let changed = emulator.change_endpoint(&id, change).await?;
    Ok(json(200, &WebhookJson::from(&*changed)))
}

pub(super) async fn remove(State(emulator): State<Arc<Emulator>>, PathId(id): PathId) -> Called {
    emulator.remove_endpoint(&id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn test(
    State(emulator): State<Arc<Emulator>>,
    PathId(id): PathId,
    JsonBody(form): JsonBody<TestForm>,
) -> Called {
    let endpoint = emulator.endpoint(&id)?;
    let request = EventRequest {
        event: form.event_type,
        ..EventRequest::default()
    };
    let emitted = emulator.emit(&request, Some(endpoint)).await?;
    let delivery = deliveries_of(&emitted).into_iter().next();
    Ok(json(202, &delivery))
}

pub(super) async fn deliveries(
    State(emulator): State<Arc<Emulator>>,
    PathId(id): PathId,
    query: ListQuery,
) -> Called {
    let endpoint = emulator.endpoint(&id)?;
    list_deliveries(&emulator, Some(endpoint.seq), &query)
}

pub(super) async fn all_deliveries(
    State(emulator): State<Arc<Emulator>>,
    query: ListQuery,
) -> Called {
    list_deliveries(&emulator, None, &query)
}

fn list_deliveries(emulator: &Emulator, endpoint: Option<u64>, query: &ListQuery) -> Called {
    let rows = emulator
        .state
        .deliveries(endpoint, query.status, one_more(query.page))?;
    let page = page(
        &rows,
        query.page,
        |(it, ..)| it.seq,
        |row| DeliveryJson::from(row),
    );
    Ok(json(200, &page))
}

pub(super) async fn delivery(State(emulator): State<Arc<Emulator>>, PathId(id): PathId) -> Called {
    let found = emulator.state.delivery(&id)?;
    let listed = found.ok_or_else(|| ApiRefusal::unknown("delivery", &id))?;
    let attempts = emulator.state.attempts(listed.0.seq)?;
    let webhook = emulator.endpoints.get(listed.0.endpoint);
    let webhook = webhook.map(|endpoint| endpoint.id.clone());
    let detail = DeliveryDetailJson::new(&listed, webhook, &attempts);
    Ok(json(200, &detail))
}

pub(super) async fn redeliver(State(emulator): State<Arc<Emulator>>, PathId(id): PathId) -> Called {
    emulator.redeliver(&id).await?;
    let found = emulator.state.delivery(&id)?;
    let listed = found.ok_or_else(|| ApiRefusal::unknown("delivery", &id))?;
    Ok(json(202, &DeliveryJson::from(&listed)))
}

pub(super) async fn emit(
    State(emulator): State<Arc<Emulator>>,
    JsonBody(form): JsonBody<EventForm>,
) -> Called {
    let emitted = emulator.emit(&form.request()?, None).await?;
    let deliveries = deliveries_of(&emitted);
    let event = EventJson::new(&emitted.event, Some(deliveries));
    Ok(json(202, &event))
}

pub(super) async fn events(State(emulator): State<Arc<Emulator>>, query: ListQuery) -> Called {
    let rows = emulator.state.events(one_more(query.page))?;
    let page = page(
        &rows,
        query.page,
        |it| it.seq,
        |it| EventJson::new(it, None),
    );
    Ok(json(200, &page))
}

pub(super) async fn event(State(emulator): State<Arc<Emulator>>, PathId(id): PathId) -> Called {
    let found = emulator.state.event(&id)?;
    let event = found.ok_or_else(|| ApiRefusal::unknown("event", &id))?;
    Ok(json(200, &EventJson::new(&event, None)))
}

fn deliveries_of(emitted: &Emitted) -> Vec<DeliveryJson> {
    let event = &emitted.event;
    let rows = emitted.deliveries.iter();
    let rows = rows.map(|(it, _)| (it.clone(), event.id.clone(), event.event.clone()));
    rows.map(|row| DeliveryJson::from(&row)).collect()
}

/// A page with one row more, which tells whether there are others behind it.
fn one_more(page: StatePage) -> StatePage {
    StatePage {
        limit: page.limit + 1,
        ..page
    }
}

fn page<R, T>(
    rows: &[R],
    asked: StatePage,
    place: impl Fn(&R) -> u64,
    show: impl Fn(&R) -> T,
) -> PageJson<T> {
    let limit = usize::try_from(asked.limit).unwrap_or_default();
    let shown = rows.get(..limit).unwrap_or(rows);
    let last = shown.last().filter(|_| rows.len() > limit);
    PageJson {
        data: shown.iter().map(show).collect(),
        next_cursor: last.map(|last| place(last).to_string()),
    }
}
