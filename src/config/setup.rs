//! Configuration and providers, read: what most commands begin with.

use std::path::Path;
use std::sync::Arc;

use super::local::LocalSecret;
use super::{Ask, Config, ConfigError, Environment, GivenSecret};
use crate::cli::{GlobalArgs, SecretArgs};
use crate::delivery::{EventFilter, did_you_mean};
use crate::provider::{Catalogue, Keyring, Provider};
use crate::signature::Secret;

/// The label of the secret that `listen` and `send` share where nobody configured one.
const LOCAL_SECRET: &str = "local development secret";

/// Configuration and providers, read.
pub struct Setup {
    /// What is in force.
    pub config: Config,
    /// The providers, the user's own included.
    pub catalogue: Catalogue,
}

impl Setup {
    /// Reads configuration and providers, as seen from `folder`.
    pub fn load(
        global: &GlobalArgs,
        env_file: Option<&Path>,
        folder: &Path,
    ) -> Result<Self, ConfigError> {
        let environment = Environment::of_process();
        let environment = match env_file {
            Some(path) => environment.with_file(path)?,
            None => environment,
        };
        let config = Config::load(global, environment, folder)?;
        let mut catalogue = Catalogue::builtin();
        let named = config.named_providers();
        if let Some(path) = named.value.filter(|path| !path.is_dir()) {
            return Err(ConfigError::Value {
                origin: named.origin,
                message: format!("there is no folder `{}`", path.display()),
            });
        }
        for folder in config.provider_folders() {
            catalogue.add_folder(&folder).map_err(Arc::new)?;
        }
        config.apply_settings(&global.setting, &mut catalogue)?;
        Ok(Self { config, catalogue })
    }

    /// The provider of this name.
    pub fn provider(&self, name: &str) -> Result<&Provider, ConfigError> {
        if let Some(error) = self.catalogue.broken().get(name) {
            return Err(Arc::clone(error).into());
        }
        let found = self.catalogue.get(name);
        if let (None, Some(error)) = (found, self.catalogue.undefined().get(name)) {
            return Err(Arc::clone(error).into());
        }
        found.ok_or_else(|| {
            let hint = did_you_mean(name, self.catalogue.iter().map(Provider::name))
                .unwrap_or_else(|| "`webhook providers` lists them".into());
            ConfigError::unknown(format!("unknown provider `{name}`"), hint)
        })
    }

    /// The provider that is configured, where one is.
    pub fn chosen_provider(&self, flag: Option<&str>) -> Result<Option<&Provider>, ConfigError> {
        let setting = self.config.provider(flag.map(str::to_owned));
        setting.value.map(|name| self.provider(&name)).transpose()
    }

    /// The secrets that were configured, in their order, each with its origin; of others than the
    /// `played` providers, where these are known, only those that can be had.
    pub fn secrets(
        &self,
        args: &SecretArgs,
        played: Option<&[&str]>,
        ask: &mut dyn Ask,
    ) -> Result<Vec<GivenSecret>, ConfigError> {
        let broken = self.catalogue.broken();
        let names = self.catalogue.iter().map(Provider::name);
        let names: Vec<_> = names.chain(broken.keys().map(String::as_str)).collect();
        let given = self.config.secrets(args, &names, played, ask)?;
        let of_one = given.iter().filter_map(|secret| secret.provider.as_ref());
        for name in of_one.filter(|name| !broken.contains_key(*name)) {
            self.provider(name)?;
        }
        Ok(given)
    }

    /// The secrets that were configured; the ring is empty where there are none.
    pub fn keyring(&self, given: &[GivenSecret]) -> Result<Keyring, ConfigError> {
        let mut keyring = Keyring::default();
        for provider in self.catalogue.iter() {
            for secret in GivenSecret::in_force(given, provider.name()) {
                let origin = secret.origin.to_string();
                let Some(name) = &secret.provider else {
                    // What is meant for all need not fit each.
                    keyring.add_for_any(provider, &secret.bytes, origin);
                    continue;
                };
                keyring
                    .add(provider, &secret.bytes, origin.clone())
                    .map_err(|error| ConfigError::Key {
                        provider: name.clone(),
                        origin,
                        error,
                    })?;
            }
        }
        // Whoever forgot to give `send` a secret has signed with this one.
        let secret = self.config.known_local_secret();
        let secret = secret.map(|bytes| Secret::new(LOCAL_SECRET, bytes).deriving());
        let pair = self.config.known_local_pair();
        let pair = pair.map(|bytes| Secret::new(LOCAL_SECRET, bytes));
        let known = secret.into_iter().chain(pair);
        Ok(known.fold(keyring, Keyring::knowing))
    }

    /// The local development secret and pair for every provider, and where they are; made of `random` bytes when
    /// there is none.
    pub fn local_keyring(
        &self,
        random: impl Fn(&mut [u8]),
    ) -> Result<(Keyring, [LocalSecret; 2]), ConfigError> {
        let (secret, pair) = (self.config.local_secret(random)?, self.config.local_pair()?);
        let bytes = Some(pair.bytes.as_slice());
        let keyring = Keyring::local(&self.catalogue, LOCAL_SECRET, &secret.bytes, bytes);
        Ok((keyring, [secret, pair]))
    }

    /// The public half of the local development pair, as the provider shows public keys; `None` where its
    /// scheme has none, or there is no pair yet.
    pub fn local_public_key(&self, provider: &Provider) -> Option<String> {
        let secret = self.config.known_local_secret()?;
        let pair = self.config.known_local_pair();
        let keyring = Keyring::local(&self.catalogue, LOCAL_SECRET, &secret, pair.as_deref());
        let key = keyring.keys(provider.name()).first()?;
        key.public_text(&provider.scheme)
    }

    /// A filter of these patterns. Each has to match an event that some provider has, so that a
    /// typing error is noticed.
    pub fn event_filter(&self, patterns: &[String]) -> Result<EventFilter, ConfigError> {
        let mut filter = EventFilter::default();
        for pattern in patterns {
            filter.add(pattern)?;
            let names = pattern.split(',').map(str::trim);
            for name in names.map(|name| name.trim_start_matches('!')) {
                self.matches_an_event(name)?;
            }
        }
        Ok(filter)
    }

    /// Fails where no provider has an event that this name or pattern fits, with a near name.
    pub fn matches_an_event(&self, pattern: &str) -> Result<(), ConfigError> {
        if !pattern.contains('*') {
            return self.known_event(pattern);
        }
        let filter: EventFilter = pattern.parse()?;
        if self.event_names().any(|event| filter.matches(event)) {
            return Ok(());
        }
        let message = format!("no provider has an event like `{pattern}`");
        Err(ConfigError::unknown(message, "`webhook events` lists them"))
    }

    fn event_names(&self) -> impl Iterator<Item = &str> {
        self.catalogue.iter().flat_map(Provider::event_names)
    }

    /// Fails with a near name where no provider has this event.
    pub fn known_event(&self, event: &str) -> Result<(), ConfigError> {
        match self.catalogue.with_event(event).next() {
            Some(_) => Ok(()),
            None => Err(self.unknown_event(event)),
        }
    }

    /// The error for an event that no provider has, with a near name.
    pub fn unknown_event(&self, event: &str) -> ConfigError {
        let near = did_you_mean(event, self.event_names());
        let hint = match near {
            Some(near) => near,
            None if event.contains(':') => format!("an endpoint is given by `--url {event}`"),
            None => "`webhook events` lists them".into(),
        };
        ConfigError::unknown(format!("unknown event `{event}`"), hint)
    }

    /// The error for an event that a provider does not have: a near name, or who has it.
    pub fn unknown_event_of(&self, provider: &Provider, event: &str) -> ConfigError {
        let name = provider.name();
        let hint = match self.catalogue.with_event(event).next() {
            Some(other) => format!("{} has it: `--provider {0}`", other.name()),
            None => did_you_mean(event, provider.event_names())
                .unwrap_or_else(|| format!("`webhook events {name}` lists them")),
        };
        ConfigError::unknown(format!("`{name}` has no event `{event}`"), hint)
    }
}
