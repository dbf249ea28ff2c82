//! What answers the calls.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use rand::RngExt as _;
use serde_json::json;

use super::answer;
use super::form::{ReplayForm, SendForm};
use super::query::{ApiQuery, MOST};
use crate::delivery::{About, Attempt, did_you_mean};
use crate::http::{ApiRefusal, Called, JsonBody, PathId, Target, assignments};
use crate::inspect::Inspector;
use crate::inspect::resend::{Resend, endpoint};
use crate::inspect::routes::{ATTEMPTS, file, text};
use crate::provider::Provider;
use crate::replay::Selection;
use crate::send::{EventContent, Message, SendOptions, Shape, send};
use crate::store::Reader;

/// How many deliveries that match are sent again where nobody says.
const USUAL_REPLAYS: usize = 50;

pub(super) async fn list(State(inspector): State<Arc<Inspector>>, asked: ApiQuery) -> Called {
    let part = inspector
        .part(inspector.asked(&asked)?, asked.limit)
        .await?;
    Ok(answer::part(&part))
}

pub(super) async fn get(State(inspector): State<Arc<Inspector>>, PathId(id): PathId) -> Called {
    let (delivery, _) = inspector.delivery(id).await?;
    Ok(text(delivery.to_json(), "application/json"))
}

pub(super) async fn body(State(inspector): State<Arc<Inspector>>, PathId(id): PathId) -> Called {
    let (delivery, _) = inspector.delivery(id).await?;
    Ok(file(&delivery.id, delivery.request.body))
}

pub(super) async fn attempts(
    State(inspector): State<Arc<Inspector>>,
    PathId(id): PathId,
) -> Called {
    let read = move |reader: &Reader| {
        let delivery = reader.get(&id)?;
        Ok(reader.newest_attempts_of(&delivery.id, ATTEMPTS, u32::MAX)?)
    };
    let attempts: Vec<Attempt> = inspector.readers.read(read).await?;
    let lines: Vec<_> = attempts.iter().map(Attempt::to_json).collect();
    let all = format!("{{\"data\":[{}]}}", lines.join(","));
    Ok(text(all, "application/json"))
}

pub(super) async fn replay(
    State(inspector): State<Arc<Inspector>>,
    JsonBody(form): JsonBody<ReplayForm>,
) -> Called {
    let unusable = |message: &str| ApiRefusal::unusable("invalid_body", message);
    if form.body.is_some() && !form.set.is_empty() {
        return Err(unusable("`body` and `set` exclude each other"));
    }
    let limit = form.limit.unwrap_or(USUAL_REPLAYS);
    if !(1..=MOST).contains(&limit) {
        return Err(unusable("`limit` is not a number from 1 to 500"));
    }
    let is_one = form.id.is_some();
    let selection = match (form.id, form.filter) {
        (Some(id), None) => Selection::Deliveries(vec![inspector.delivery(id).await?.0]),
        (None, Some(filter)) => {
            let mut query = inspector.query(&filter)?;
            query.limit = Some(limit);
            Selection::Query(Box::new(query))
        }
        _ => return Err(unusable("it takes either `id` or `filter`")),
    };
    let resent = inspector.resend(Resend {
        endpoint: inspector.endpoint_or_own(form.url.as_deref())?,
        signing: form.sign.into(),
        headers: form.headers.into_iter().collect(),
        body: form.body.map(String::into_bytes),
        set: assignments(&form.set)?,
        ..Resend::of(selection)
    });
    let mut resent = resent.await?;
    if is_one {
        resent = resent.whole()?;
    }
    Ok(answer::list(
        &resent.attempts,
        &json!({"skipped": resent.skipped}),
    ))
}

pub(super) async fn send_event(
    State(inspector): State<Arc<Inspector>>,
    JsonBody(form): JsonBody<SendForm>,
) -> Called {
    let options = &inspector.options;
    let message = inspector.message(&form)?;
    let target = inspector.endpoint_or_own(form.url.as_deref())?;
    let no_endpoint = || ApiRefusal::unusable("no_endpoint", "`url` is missing");
    let clock = || inspector.now();
    let sending = SendOptions {
        target: target.ok_or_else(no_endpoint)?,
        origin: None,
        shape: Shape {
            set: assignments(&form.set)?,
            ..Shape::default()
        },
        fault: None,
        retry_speed: None,
        timeout: None,
        clock: &clock,
    };
    let unusable =
        |error: crate::send::SendError| ApiRefusal::unusable("unsendable", error.to_string());
    let seed = (options.random)().random();
    let story = Message::story(std::slice::from_ref(&message), seed, 0);
    let payload = sending.compose(&message, story).map_err(unusable)?;
    let event_id = payload.event_id.clone();
    // As of `webhook send`, the log has what was received, and not what was made up.
    let dispatch = options.dispatch.without_log();
    let observe = &mut |_: crate::send::SendEvent<'_>| ControlFlow::Continue(());
    let stop = std::future::pending::<()>();
    let sent = send(&sending, vec![(message, payload)], &dispatch, observe, stop).await;
    let attempts = sent.map_err(unusable)?.attempts;
    let about = About {
        provider: Some(&form.provider),
        event: Some(&form.event),
        event_id: Some(&*event_id).filter(|id| !id.is_empty()),
        ..About::default()
    };
    let line = attempts.first().map(|attempt| attempt.to_json_about(about));
    Ok(text(line.unwrap_or_default(), "application/json"))
}

impl Inspector {
    /// The endpoint that a call names, else that of the inspector.
    fn endpoint_or_own(&self, url: Option<&str>) -> Result<Option<Target>, ApiRefusal> {
        match url {
            Some(url) => Ok(Some(endpoint(url)?)),
            None => Ok(self.options.endpoint.clone()),
        }
    }

    /// The event that a call names, with the key that signs it.
    fn message<'a>(&'a self, form: &'a SendForm) -> Result<Message<'a>, ApiRefusal> {
        let (catalogue, name) = (&self.options.catalogue, form.provider.escape_debug());
        let provider = catalogue.get(&form.provider).ok_or_else(|| {
            let names = catalogue.iter().map(Provider::name);
            ApiRefusal::unusable("unknown_provider", format!("there is no provider `{name}`"))
                .hint(did_you_mean(&form.provider, names))
        })?;
        let fixture = provider.event(&form.event).ok_or_else(|| {
            let message = format!("`{name}` has no event `{}`", form.event.escape_debug());
            ApiRefusal::unusable("unknown_event", message)
                .hint(did_you_mean(&form.event, provider.event_names()))
        })?;
        let fixture =
            fixture.map_err(|error| ApiRefusal::new(500, "unreadable_event", error.to_string()))?;
        let keys = self.options.keyring.keys(provider.name());
        let key = keys.iter().find(|key| key.can_sign()).ok_or_else(|| {
            ApiRefusal::unusable("no_secret", format!("no secret of `{name}` can sign")).hint(Some(
                format!("start the inspector with it: `--secret {name}=…`"),
            ))
        })?;
        Ok(Message {
            provider,
            event: &form.event,
            key,
            content: EventContent::Fixture(fixture.data),
        })
    }
}
