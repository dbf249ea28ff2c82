//! Something happens: an event is composed, kept with its way to each endpoint, and scheduled.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::model::DueDelivery;
use super::state::{StateChange, StateTable};
use super::{
    ApiRefusal, AttemptCause, DeliveryStatus, EmittedEvent, EmulateEvent, EmulatedDelivery,
    Emulator, EndpointStatus, Scheduled, WebhookEndpoint, attempt, lock,
};
use crate::delivery::{Timestamp, did_you_mean, id};
use crate::json::{Path, TypedJson};
use crate::provider::{Composer, Provider, Story};

/// An event that is to happen.
#[derive(Debug, Clone, Default)]
pub struct EventRequest {
    /// Its type.
    pub event: String,
    /// Its data, in place of the fixture's.
    pub data: Option<TypedJson>,
    /// Values to set, by their paths in the body.
    pub set: Vec<(Path, TypedJson)>,
    /// The story that it is of: events of one story tell of the same things.
    pub story: Option<String>,
    /// How long from now it happens, by the emulated clock.
    pub after: Duration,
}

/// What an event came to.
pub struct Emitted {
    /// The event.
    pub event: Arc<EmittedEvent>,
    /// Its way to each endpoint, with that.
    pub deliveries: Vec<(EmulatedDelivery, Arc<WebhookEndpoint>)>,
}

impl Emulator {
    /// Lets an event happen, and delivers it to the endpoints that are subscribed; with `only`, to that one.
    pub async fn emit(
        &self,
        request: &EventRequest,
        only: Option<Arc<WebhookEndpoint>>,
    ) -> Result<Emitted, ApiRefusal> {
        let at = self.now().plus(request.after);
        let event = Arc::new(self.compose(request, at)?);
        let endpoints = match only {
            Some(endpoint) if endpoint.status == EndpointStatus::Disabled => {
                let message = format!("webhook `{}` is disabled", endpoint.id);
                let hint = "`PATCH` it with `\"status\": \"active\"`".to_owned();
                return Err(ApiRefusal::new(409, "disabled", message).hint(Some(hint)));
            }
            Some(endpoint) => vec![endpoint],
            None => self.subscribed(&event.event),
        };
        let deliveries: Vec<_> = endpoints
            .into_iter()
            .map(|endpoint| (self.delivery(&event, &endpoint), endpoint))
            .collect();
        let rows = deliveries.iter().map(|(delivery, _)| delivery.clone());
        let change = StateChange::Emitted(Arc::clone(&event), rows.collect());
        self.state.write(change).await?;
        self.schedule(&deliveries);
        for (delivery, endpoint) in &deliveries {
            if delivery.status == DeliveryStatus::Dropped {
                let (delivery, event) = (delivery.clone(), Arc::clone(&event));
                let told = attempt::told(&DueDelivery { delivery, event }, endpoint, at);
                self.observer.tell(EmulateEvent::Dropped(told)).await;
            }
        }
        Ok(Emitted { event, deliveries })
    }

    /// Sends a delivery that is through once more.
    pub async fn redeliver(&self, id: &str) -> Result<EmulatedDelivery, ApiRefusal> {
        let unknown = || ApiRefusal::unknown("delivery", id);
        let (mut delivery, ..) = self.state.delivery(id)?.ok_or_else(unknown)?;
        if delivery.due_at.is_some() {
            let message = format!("delivery `{}` has an attempt to come", delivery.id);
            return Err(ApiRefusal::new(409, "still_due", message));
        }
        let endpoint = self.endpoints.get(delivery.endpoint);
        let endpoint = endpoint.filter(|it| it.status == EndpointStatus::Active);
        let Some(endpoint) = endpoint else {
            let message = format!(
                "the webhook of delivery `{}` is gone or disabled",
                delivery.id
            );
            return Err(ApiRefusal::new(409, "disabled", message));
        };
        delivery.due_at = Some(self.now());
        delivery.cause = AttemptCause::Redeliver;
        self.state
            .write(StateChange::Delivery(delivery.clone()))
            .await?;
        self.schedule(&[(delivery.clone(), endpoint)]);
        Ok(delivery)
    }

    fn schedule(&self, deliveries: &[(EmulatedDelivery, Arc<WebhookEndpoint>)]) {
        let mut timing = lock(&self.timing);
        for (delivery, endpoint) in deliveries {
            if let Some(due) = delivery.due_at {
                let scheduled = Scheduled {
                    delivery: delivery.seq,
                    endpoint: endpoint.seq,
                };
                timing.schedule.add(scheduled, due);
            }
        }
        drop(timing);
        self.wake.notify_one();
    }

    /// The endpoints that get an event.
    fn subscribed(&self, event: &str) -> Vec<Arc<WebhookEndpoint>> {
        let all = self.endpoints.all().into_iter();
        all.filter(|it| it.status == EndpointStatus::Active && it.filter.matches(event))
            .collect()
    }

    /// The row of an event's way to an endpoint.
    fn delivery(&self, event: &EmittedEvent, endpoint: &WebhookEndpoint) -> EmulatedDelivery {
        let seq = self.state.place(StateTable::Delivery);
        let factor = lock(&self.timing).clock.speed.factor();
        let faults = lock(&self.faults);
        let is_lost = faults.drops(seq);
        let due = event.created_at.plus(faults.lateness(seq, factor));
        EmulatedDelivery {
            seq,
            id: id::new("del_"),
            endpoint: endpoint.seq,
            event: event.seq,
            status: if is_lost {
                DeliveryStatus::Dropped
            } else {
                DeliveryStatus::Pending
            },
            attempts: 0,
            cause: AttemptCause::Schedule,
            first_at: None,
            due_at: (!is_lost).then_some(due),
            response_code: None,
            response_time_ms: None,
            delivered_at: None,
        }
    }

    /// Composes an event as the provider would write it.
    fn compose(&self, request: &EventRequest, at: Timestamp) -> Result<EmittedEvent, ApiRefusal> {
        let provider = &self.options.provider;
        let definition = &provider.definition;
        let number = self.next_story();
        let seed = self.options.seed;
        let own = Story { seed, number };
        let story = request.story.as_deref().map(|name| Story {
            seed,
            number: number_of(name),
        });
        let composer = Composer::new(definition, &request.event, at, story.unwrap_or(own));
        let composer = composer.with_own_ids(own);
        let (mut document, mut numbers) = match (&request.data, provider.event(&request.event)) {
            (Some(data), _) => {
                let numbers = data.numbers_at(&definition.envelope.data);
                (composer.data(&data.value), numbers.collect::<Vec<_>>())
            }
            (None, Some(fixture)) => {
                let unreadable = |error: crate::provider::CatalogueError| {
                    ApiRefusal::new(500, "unreadable_event", error.to_string())
                };
                (
                    composer.fixture(&fixture.map_err(unreadable)?.data),
                    Vec::new(),
                )
            }
            (None, None) => return Err(unknown_event(provider, &request.event)),
        };
        for (path, value) in &request.set {
            path.set(&mut document.value, value.value.clone(), false)
                .map_err(|error| ApiRefusal::unusable("invalid_path", error.to_string()))?;
            numbers.extend(value.numbers_at(path));
        }
        let body = definition
            .envelope
            .format
            .write_exact(&document.value, &numbers);
        let payload = document.with_body(body, definition, "/", at);
        let id = match payload.event_id {
            none if none.is_empty() => id::new("evt_"),
            id => id,
        };
        Ok(EmittedEvent {
            seq: self.state.place(StateTable::Event),
            id,
            event: payload.event,
            created_at: at,
            method: payload.method,
            headers: payload.headers,
            body: payload.body,
        })
    }
}

/// That the provider has no such event, with the nearest name.
pub(super) fn unknown_event(provider: &Provider, event: &str) -> ApiRefusal {
    let (name, shown) = (provider.name(), event.escape_debug());
    let hint = did_you_mean(event, provider.event_names())
        .unwrap_or_else(|| format!("`webhook events {name}` lists them"));
    let message = format!("`{name}` has no event `{shown}`");
    ApiRefusal::unusable("unknown_event", message).hint(Some(hint))
}

/// The number of the story of this name.
fn number_of(name: &str) -> u64 {
    let digest = Sha256::digest(name);
    let bytes = digest.iter().take(8);
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}
