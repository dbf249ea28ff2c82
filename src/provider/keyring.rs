//! Which secrets hold for which provider.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::lazy::Lazy;
use super::{Catalogue, Provider};
use crate::signature::{Key, KeyError, Scheme, Secret, USUAL_PREFIX};

/// The secrets of every provider, made into keys when they are first asked for: most providers' never are.
#[derive(Clone, Default)]
pub struct Keyring {
    rings: BTreeMap<String, Ring>,
    local: bool,
    /// Secrets that are nobody's, but may have been used by mistake.
    known: Vec<Secret>,
}

/// The secrets of one provider.
#[derive(Clone)]
struct Ring {
    scheme: Arc<Lazy<Scheme>>,
    /// Each in the forms that may be meant, of which the first that is a key counts, and where it came from.
    given: Vec<(Vec<Secret>, String)>,
    /// Whether people see a secret's number behind its label.
    numbers: bool,
    fitting: OnceLock<Fitting>,
}

/// Those of them that are keys of its scheme.
#[derive(Clone, Default)]
struct Fitting {
    secrets: Vec<Secret>,
    keys: Vec<Key>,
    /// The last that was given and is no key: where it came from, and why.
    misfit: Option<(String, KeyError)>,
}

impl Ring {
    fn fitting(&self) -> &Fitting {
        self.fitting.get_or_init(|| {
            let mut fitting = Fitting::default();
            for (forms, origin) in &self.given {
                let number = self.numbers.then_some(fitting.secrets.len() + 1);
                match first_key(&self.scheme, forms, number) {
                    Ok((secret, key)) => {
                        fitting.keys.push(key);
                        fitting.secrets.push(secret);
                    }
                    Err(error) => fitting.misfit = Some((origin.clone(), error)),
                }
            }
            fitting
        })
    }
}

/// The first of these forms of a secret that is a key of a scheme; the error of the last.
fn first_key(
    scheme: &Scheme,
    forms: &[Secret],
    number: Option<usize>,
) -> Result<(Secret, Key), KeyError> {
    let mut misfit = KeyError::Empty;
    for form in forms {
        let secret = number.map_or_else(|| form.clone(), |number| form.numbered(number));
        match Key::new(scheme, &secret) {
            Ok(key) => return Ok((secret, key)),
            Err(error) => misfit = error,
        }
    }
    Err(misfit)
}

impl Keyring {
    /// Adds a provider's next secret, which came from `origin`. Fails where it is no key of its scheme.
    pub fn add(
        &mut self,
        provider: &Provider,
        bytes: &[u8],
        origin: String,
    ) -> Result<(), KeyError> {
        let secret = Secret::new(provider.name(), bytes.to_vec());
        let key = Key::new(&provider.scheme, &secret);
        self.insert(provider, vec![secret], origin);
        key.map(drop)
    }

    /// Adds a secret that is meant for whoever can use it: whether this provider can is not looked at yet.
    pub fn add_for_any(&mut self, provider: &Provider, bytes: &[u8], origin: String) {
        let secret = Secret::new(provider.name(), bytes.to_vec());
        self.insert(provider, vec![secret], origin);
    }

    fn insert(&mut self, provider: &Provider, forms: Vec<Secret>, origin: String) {
        let numbers = !self.local;
        let ring = self.rings.entry(provider.name().to_owned());
        let ring = ring.or_insert_with(|| Ring {
            scheme: Arc::clone(&provider.scheme),
            given: Vec::new(),
            numbers,
            fitting: OnceLock::new(),
        });
        ring.given.push((forms, origin));
        ring.fitting = OnceLock::new();
    }

    /// A ring of nothing but the local development secret, for every provider that can use it: without
    /// its `whsec_` where the provider's secrets have none and are encoded, and the local pair in its
    /// place where no key pair follows from a secret.
    pub fn local(catalogue: &Catalogue, label: &str, secret: &[u8], pair: Option<&[u8]>) -> Self {
        let mut keyring = Self {
            local: true,
            ..Self::default()
        };
        let bare = secret.strip_prefix(USUAL_PREFIX).unwrap_or(secret);
        let forms = [secret, bare].map(|form| Secret::new(label, form.to_vec()).deriving());
        let pair = pair.map(|pair| Secret::new(label, pair.to_vec()));
        let forms: Vec<_> = forms.into_iter().chain(pair).collect();
        for provider in catalogue.iter() {
            keyring.insert(provider, forms.clone(), label.into());
        }
        keyring
    }

    fn fitting(&self, provider: &str) -> Option<&Fitting> {
        self.rings.get(provider).map(Ring::fitting)
    }

    /// Where a secret came from that was given for a provider, or for all, and is no key of its scheme,
    /// and why, when the provider has no other.
    pub fn misfit(&self, provider: &str) -> Option<&(String, KeyError)> {
        let ring = self.fitting(provider).filter(|_| !self.local)?;
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
        self.rings
            .values()
            .all(|ring| ring.fitting().keys.is_empty())
    }

    /// The keys of a provider.
    pub fn keys(&self, provider: &str) -> &[Key] {
        self.fitting(provider).map_or(&[], |ring| &ring.keys)
    }

    /// The secrets of a provider.
    pub fn secrets(&self, provider: &str) -> &[Secret] {
        self.fitting(provider).map_or(&[], |ring| &ring.secrets)
    }

    /// The secrets of all other providers, each by its own place, and those that are nobody's.
    pub fn others(&self, provider: &str) -> Vec<Secret> {
        let names = self.rings.keys().filter(|name| *name != provider);
        names
            .flat_map(|name| self.secrets(name).to_vec())
            .chain(self.known.clone())
            .collect()
    }
}
