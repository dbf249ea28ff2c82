//! Which secrets hold for which provider.

use std::collections::HashMap;

use super::{Catalogue, Provider};
use crate::signature::{Key, KeyError, Secret, USUAL_PREFIX};

/// The secrets of every provider, each ready as a key.
#[derive(Clone, Default)]
pub struct Keyring {
    rings: HashMap<String, Ring>,
    local: bool,
    /// Secrets that are nobody's, but may have been used by mistake.
    known: Vec<Secret>,
}

#[derive(Clone, Default)]
struct Ring {
    secrets: Vec<Secret>,
    keys: Vec<Key>,
    /// The last that was given and is no key: where it came from, and why.
    misfit: Option<(String, KeyError)>,
}

impl Keyring {
    /// Adds a provider's next secret, which came from `origin`. Fails where it is no key of its scheme.
    pub fn add(
        &mut self,
        provider: &Provider,
        bytes: &[u8],
        origin: String,
    ) -> Result<(), KeyError> {
        let number = self.secrets(provider.name()).len() + 1;
        let label = format!("{}#{number}", provider.name());
        let added = self.insert(provider, Secret::new(label, bytes.to_vec()));
        added.inspect_err(|error| {
            let ring = self.rings.entry(provider.name().to_owned());
            ring.or_default().misfit = Some((origin, error.clone()));
        })
    }

    fn insert(&mut self, provider: &Provider, secret: Secret) -> Result<(), KeyError> {
        let key = Key::new(&provider.scheme, &secret)?;
        let ring = self.rings.entry(provider.name().to_owned()).or_default();
        ring.keys.push(key);
        ring.secrets.push(secret);
        Ok(())
    }

    /// A ring of nothing but the local development secret, for every provider that can use it: without
    /// its `whsec_` where the provider's secrets have none and are encoded.
    pub fn local(catalogue: &Catalogue, label: &str, secret: &[u8]) -> Self {
        let mut keyring = Self {
            local: true,
            ..Self::default()
        };
        let bare = secret.strip_prefix(USUAL_PREFIX).unwrap_or(secret);
        for provider in catalogue.iter() {
            let mut forms = [secret, bare].into_iter();
            forms.find(|form| {
                let secret = Secret::new(label, form.to_vec());
                keyring.insert(provider, secret).is_ok()
            });
        }
        keyring
    }

    /// Where a secret came from that was given for a provider, or for all, and is no key of its scheme,
    /// and why, when the provider has no other.
    pub fn misfit(&self, provider: &str) -> Option<&(String, KeyError)> {
        let ring = self.rings.get(provider)?;
        ring.misfit.as_ref().filter(|_| ring.keys.is_empty())
    }

    /// The same with a secret that verifies nothing, and is told where somebody signed with it.
    #[must_use]
    pub fn knowing(mut self, secret: Secret) -> Self {
        self.known.push(secret);
        self
    }

    /// Whether this is the local development secret alone: what it does not verify may be genuine.
    pub const fn is_local(&self) -> bool {
        self.local
    }

    /// Whether no provider has a secret.
    pub fn is_empty(&self) -> bool {
        self.rings.values().all(|ring| ring.keys.is_empty())
    }

    /// The keys of a provider.
    pub fn keys(&self, provider: &str) -> &[Key] {
        self.rings.get(provider).map_or(&[], |ring| &ring.keys)
    }

    /// The secrets of a provider.
    pub fn secrets(&self, provider: &str) -> &[Secret] {
        self.rings.get(provider).map_or(&[], |ring| &ring.secrets)
    }

    /// The secrets of all other providers, each by its own place, and those that are nobody's.
    pub fn others(&self, provider: &str) -> Vec<Secret> {
        let mut names: Vec<_> = self.rings.keys().filter(|name| *name != provider).collect();
        names.sort();
        names
            .into_iter()
            .flat_map(|name| self.secrets(name).to_vec())
            .chain(self.known.clone())
            .collect()
    }
}
