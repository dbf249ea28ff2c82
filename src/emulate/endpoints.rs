//! The registered endpoints: in memory to be found, in the state to stay.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::state::{StateChange, StateTable};
use super::{ApiRefusal, EmulateEvent, Emulator, EndpointStatus, WebhookEndpoint, lock};
use crate::delivery::{Timestamp, id};
use crate::store::StoreError;

/// An endpoint that is to be registered. It has no `Debug`, as it has a secret.
#[derive(Clone)]
pub struct NewEndpoint {
    /// Where to: HTTPS, or a URL of this machine.
    pub url: String,
    /// The events it gets, with `*` for any run of characters.
    pub events: Vec<String>,
    /// Its secret; `None` for the emulator's.
    pub secret: Option<String>,
}

/// What is changed in an endpoint; what is `None` stays.
#[derive(Clone, Default)]
pub struct EndpointChange {
    /// Where to.
    pub url: Option<String>,
    /// The events it gets.
    pub events: Option<Vec<String>>,
    /// Its secret.
    pub secret: Option<String>,
    /// Whether it gets anything.
    pub status: Option<EndpointStatus>,
}

/// The endpoints by their places, in order.
pub(super) struct Endpoints(RwLock<BTreeMap<u64, Arc<WebhookEndpoint>>>);

impl Endpoints {
    pub(super) fn new(all: Vec<WebhookEndpoint>) -> Self {
        let endpoints = Self(RwLock::default());
        endpoints.replace(all);
        endpoints
    }

    /// Puts these in the place of all.
    pub(super) fn replace(&self, all: Vec<WebhookEndpoint>) {
        let all = all.into_iter();
        let all = all.map(|endpoint| (endpoint.seq, Arc::new(endpoint)));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all.collect();
    }

    pub(super) fn all(&self) -> Vec<Arc<WebhookEndpoint>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }

    pub(super) fn get(&self, seq: u64) -> Option<Arc<WebhookEndpoint>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&seq).cloned()
    }

    fn put(&self, endpoint: Arc<WebhookEndpoint>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(endpoint.seq, endpoint);
    }

    fn remove(&self, seq: u64) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(&seq);
    }
}

impl Emulator {
    /// The endpoint of this id.
    pub fn endpoint(&self, id: &str) -> Result<Arc<WebhookEndpoint>, ApiRefusal> {
        let found = self.endpoints.all().into_iter().find(|it| it.id == id);
        found.ok_or_else(|| ApiRefusal::unknown("webhook", id))
    }

    /// Registers an endpoint.
    pub async fn add_endpoint(&self, new: NewEndpoint) -> Result<Arc<WebhookEndpoint>, ApiRefusal> {
        let target = self.target(&new.url)?;
        let filter = self.filter(&new.events)?;
        let secrets: Vec<_> = new.secret.into_iter().collect();
        secrets
            .iter()
            .try_for_each(|secret| self.check_secret(secret))?;
        let now = self.now();
        let endpoint = WebhookEndpoint {
            seq: self.state.place(StateTable::Endpoint),
            id: id::new("wh_"),
            target,
            url: new.url,
            events: new.events,
            filter,
            secrets,
            status: EndpointStatus::Active,
            created_at: now,
            rotated_at: now,
            failing_since: None,
        };
        Ok(self.keep_endpoint(endpoint).await?)
    }

    /// Registers those of the options. One whose URL is known is the one that is there.
    pub(super) async fn register_first(&self) -> Result<(), ApiRefusal> {
        for new in self.options.endpoints.clone() {
            let known = self.endpoints.all();
            let known = known.iter().find(|it| it.url == new.url);
            match known {
                Some(known) => {
                    let change = EndpointChange {
                        url: None,
                        events: Some(new.events),
                        secret: new.secret,
                        status: Some(EndpointStatus::Active),
                    };
                    self.change_endpoint(&known.id, change).await?;
                }
                None => drop(self.add_endpoint(new).await?),
            }
        }
        Ok(())
    }

    /// Changes an endpoint. One that is disabled gets nothing more of what was to come.
    pub async fn change_endpoint(
        &self,
        id: &str,
        change: EndpointChange,
    ) -> Result<Arc<WebhookEndpoint>, ApiRefusal> {
        let _one = self.changing.lock().await;
        let mut endpoint = (*self.endpoint(id)?).clone();
        if let Some(url) = change.url {
            endpoint.target = self.target(&url)?;
            endpoint.url = url;
        }
        if let Some(events) = change.events {
            endpoint.filter = self.filter(&events)?;
            endpoint.events = events;
        }
        if let Some(secret) = change.secret {
            self.check_secret(&secret)?;
            endpoint.secrets.retain(|known| *known != secret);
            endpoint.secrets.insert(0, secret);
            endpoint.rotated_at = self.now();
        }
        let status = change.status.unwrap_or(endpoint.status);
        if status != endpoint.status {
            endpoint.status = status;
            endpoint.failing_since = None;
        }
        let endpoint = self.keep_endpoint(endpoint).await?;
        if status == EndpointStatus::Disabled {
            self.cancel(endpoint.seq).await?;
        }
        Ok(endpoint)
    }

    /// Removes an endpoint, with what was to come for it.
    pub async fn remove_endpoint(&self, id: &str) -> Result<(), ApiRefusal> {
        let _one = self.changing.lock().await;
        let endpoint = self.endpoint(id)?;
        self.endpoints.remove(endpoint.seq);
        let change = StateChange::EndpointRemoved(endpoint.seq);
        self.state.write(change).await?;
        lock(&self.timing).schedule.forget(endpoint.seq);
        self.wake.notify_one();
        Ok(())
    }

    async fn cancel(&self, endpoint: u64) -> Result<(), StoreError> {
        self.state.write(StateChange::Cancelled(endpoint)).await?;
        lock(&self.timing).schedule.forget(endpoint);
        self.wake.notify_one();
        Ok(())
    }

    async fn keep_endpoint(
        &self,
        endpoint: WebhookEndpoint,
    ) -> Result<Arc<WebhookEndpoint>, StoreError> {
        let endpoint = Arc::new(endpoint);
        let change = StateChange::Endpoint(Arc::clone(&endpoint));
        self.state.write(change).await?;
        self.endpoints.put(Arc::clone(&endpoint));
        Ok(endpoint)
    }

    /// Takes in what came of an attempt at an endpoint; says whether it still gets anything.
    pub(super) async fn note_outcome(
        &self,
        seq: u64,
        status: Option<u16>,
        is_delivered: bool,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let rules = &self.options.provider.definition.delivery;
        let Some(known) = self.endpoints.get(seq) else {
            return Ok(false);
        };
        let since = known.failing_since.unwrap_or(at);
        let disables = !is_delivered && rules.disables(status, since.until(at));
        let failing_since = (!is_delivered).then_some(since);
        let is_active = known.status == EndpointStatus::Active;
        if !is_active || !disables && failing_since.is_some() == known.failing_since.is_some() {
            return Ok(is_active);
        }
        let one = self.changing.lock().await;
        let Some(known) = self.endpoints.get(seq) else {
            return Ok(false);
        };
        let mut endpoint = (*known).clone();
        endpoint.failing_since = failing_since;
        if disables {
            endpoint.status = EndpointStatus::Disabled;
        }
        let endpoint = self.keep_endpoint(endpoint).await?;
        if !disables {
            return Ok(true);
        }
        self.cancel(seq).await?;
        drop(one);
        let (id, url) = (endpoint.id.clone(), endpoint.target.to_string());
        self.observer.tell(EmulateEvent::Disabled { id, url }).await;
        Ok(false)
    }

    /// The endpoint with a new secret, where its time has come.
    pub(super) async fn rotated(
        &self,
        endpoint: Arc<WebhookEndpoint>,
    ) -> Result<Arc<WebhookEndpoint>, StoreError> {
        let every = lock(&self.faults).rotate_secret;
        let is_due = |endpoint: &WebhookEndpoint| {
            every.is_some_and(|every| endpoint.rotated_at.until(self.now()) >= every)
        };
        if !is_due(&endpoint) {
            return Ok(endpoint);
        }
        let one = self.changing.lock().await;
        // Another attempt may have come first.
        let known = self.endpoints.get(endpoint.seq).filter(|it| is_due(it));
        let Some((known, secret)) = known.and_then(|known| {
            let secret = self.new_secret(&known)?;
            Some((known, secret))
        }) else {
            return Ok(self.endpoints.get(endpoint.seq).unwrap_or(endpoint));
        };
        let mut changed = (*known).clone();
        changed.secrets.insert(0, secret);
        changed.rotated_at = self.now();
        let changed = self.keep_endpoint(changed).await?;
        drop(one);
        let (id, url) = (changed.id.clone(), changed.target.to_string());
        self.observer.tell(EmulateEvent::Rotated { id, url }).await;
        Ok(changed)
    }
}
