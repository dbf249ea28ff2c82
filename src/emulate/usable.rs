//! What an endpoint can be: its URL, its events, its secret.

use sha2::{Digest as _, Sha256};

use super::emit::unknown_event;
use super::{ApiRefusal, Emulator, WebhookEndpoint};
use crate::delivery::{EventFilter, FilterError};
use crate::http::Target;
use crate::provider::Provider;
use crate::signature::{Key, KeyError, Secret, USUAL_PREFIX};

impl Emulator {
    /// A secret as the provider's scheme takes it; `None` where it takes no text that could be made here.
    pub(super) fn new_secret(&self, endpoint: &WebhookEndpoint) -> Option<String> {
        let mut hash = Sha256::new();
        hash.update(&self.options.api_key);
        hash.update(&endpoint.id);
        hash.update(endpoint.secrets.len().to_be_bytes());
        let text = hex::encode(hash.finalize().split_at(24).0);
        let prefix = String::from_utf8_lossy(USUAL_PREFIX);
        let mut forms = [format!("{prefix}{text}"), text].into_iter();
        forms.find(|form| self.key(form).is_ok())
    }

    /// The key that a secret is.
    pub(super) fn key(&self, secret: &str) -> Result<Key, KeyError> {
        let secret = Secret::new("endpoint", secret.as_bytes().to_vec());
        Key::new(&self.options.provider.definition.signature, &secret)
    }

    pub(super) fn check_secret(&self, secret: &str) -> Result<(), ApiRefusal> {
        let refused = |reason: String| {
            let message = format!("`secret` cannot be used: {reason}");
            ApiRefusal::unusable("invalid_secret", message)
        };
        let key = self
            .key(secret)
            .map_err(|error| refused(error.to_string()))?;
        if key.can_sign() {
            return Ok(());
        }
        Err(refused("it is a public key, which only verifies".into()))
    }

    /// Where an endpoint is: HTTPS, or on this machine.
    pub(super) fn target(&self, url: &str) -> Result<Target, ApiRefusal> {
        let shown = url.escape_debug();
        if !url.contains("://") {
            let message = format!("`url` is `{shown}`, which is not a URL");
            let hint = "give all of it, such as `https://your-app.com/webhooks`";
            return Err(ApiRefusal::unusable("invalid_url", message).hint(Some(hint.into())));
        }
        let target = Target::parse(url)
            .map_err(|error| ApiRefusal::unusable("invalid_url", error.to_string()))?;
        if target.is_https() || target.is_loopback() {
            return Ok(target);
        }
        let title = &self.options.provider.definition.title;
        let message = format!("`url` is not HTTPS: {title} would send in the clear");
        let hint = "use `https://`; `http://` is for this machine";
        Err(ApiRefusal::unusable("insecure_url", message).hint(Some(hint.into())))
    }

    pub(super) fn filter(&self, events: &[String]) -> Result<EventFilter, ApiRefusal> {
        if events.is_empty() {
            let message = "`events` is empty: nothing would ever be sent";
            let hint = "name some, or `*` for all".to_owned();
            return Err(ApiRefusal::unusable("no_events", message).hint(Some(hint)));
        }
        let mut filter = EventFilter::default();
        for pattern in events {
            let refused =
                |error: FilterError| ApiRefusal::unusable("invalid_events", error.to_string());
            filter.add(pattern).map_err(refused)?;
            check_known(&self.options.provider, pattern)?;
        }
        Ok(filter)
    }
}

/// Fails where a pattern fits no event of the provider's.
fn check_known(provider: &Provider, pattern: &str) -> Result<(), ApiRefusal> {
    let own: EventFilter = pattern.trim_start_matches('!').parse().unwrap_or_default();
    let mut names = provider.event_names();
    let is_known = pattern == "*" || names.any(|name| own.matches(name));
    if is_known || provider.has_event_like(pattern) {
        return Ok(());
    }
    Err(unknown_event(provider, pattern))
}
