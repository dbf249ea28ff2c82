//! Which secrets hold for which provider.

use std::collections::HashMap;
use std::fmt;

use super::Catalogue;
use crate::signature::{Key, KeyError, Secret};

/// A secret as the user gave it. `Debug` prints all but its bytes.
#[derive(Clone)]
pub struct SecretEntry {
    /// The provider it is for; `None` for all.
    pub provider: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the user named the provider, so that a secret which does not fit is a mistake.
    pub is_named: bool,
}

impl fmt::Debug for SecretEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretEntry")
            .field("provider", &self.provider)
            .field("bytes", &format_args!("(redacted)"))
            .field("is_named", &self.is_named)
            .finish()
    }
}

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
}

impl Keyring {
    /// A ring of the secrets that a user configured, in their order. Fails where a secret that was
    /// named for a provider is no key of its scheme; any other is passed over where it does not fit.
    pub fn new(catalogue: &Catalogue, entries: &[SecretEntry]) -> Result<Self, (String, KeyError)> {
        let mut rings = HashMap::new();
        for provider in catalogue.iter() {
            let name = provider.name();
            let mut ring = Ring::default();
            for entry in entries {
                if entry.provider.as_deref().is_some_and(|named| named != name) {
                    continue;
                }
                let label = format!("{name}#{}", ring.secrets.len() + 1);
                let secret = Secret::new(label, entry.bytes.clone());
                match Key::new(&provider.definition.signature, &secret) {
                    Ok(key) => ring.keys.push(key),
                    Err(error) if entry.is_named => return Err((name.into(), error)),
                    Err(_) => continue,
                }
                ring.secrets.push(secret);
            }
            rings.insert(name.to_owned(), ring);
        }
        Ok(Self {
            rings,
            local: false,
            known: Vec::new(),
        })
    }

    /// A ring of nothing but the local development secret, for every provider that can use it.
    pub fn local(catalogue: &Catalogue, secret: &Secret) -> Self {
        let ring_of = |scheme| {
            let keys: Vec<_> = Key::new(scheme, secret).into_iter().collect();
            Ring {
                secrets: keys.iter().map(|_| secret.clone()).collect(),
                keys,
            }
        };
        let rings = catalogue
            .iter()
            .map(|provider| {
                (
                    provider.name().to_owned(),
                    ring_of(&provider.definition.signature),
                )
            })
            .collect();
        Self {
            rings,
            local: true,
            known: Vec::new(),
        }
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
