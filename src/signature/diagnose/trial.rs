//! The bench on which suspicions are tried: only a reproduced MAC counts.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Context;
use crate::signature::{Key, ParsedSignature, Scheme, Secret, Template, TemplateValues, read};

/// Bytes hashed for one diagnosis at most: forty passes over the largest body, below a second where
/// the processor has SHA instructions.
const MAX_HASHED: usize = 1024 * 1024 * 1024;

/// A diagnosis under way.
pub(super) struct Trial<'a> {
    /// What the doctor may look at.
    pub(super) context: &'a Context<'a>,
    /// The documented keys.
    pub(super) keys: Vec<Key>,
    allowance: Cell<usize>,
    tried: RefCell<HashSet<u64>>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            keys: keys(context.scheme, context.secrets),
            allowance: Cell::new(MAX_HASHED),
            tried: RefCell::default(),
        }
    }

    /// The request's content as received.
    pub(super) fn body(&self) -> &'a [u8] {
        &self.context.request.body
    }

    /// Whether `key` over `signed` makes a MAC that the header presents.
    pub(super) fn proves(
        &self,
        key: &Key,
        signed: &Template,
        presented: &ParsedSignature<'_>,
        body: &[u8],
    ) -> bool {
        self.spend(body.len())
            && key
                .find(signed, fields(presented, body), &presented.macs)
                .is_some()
    }

    /// Whether the signature was made over `body` with everything else as documented. The same body
    /// is not tried twice, so every call must be with the same `presented`.
    pub(super) fn body_proves(&self, presented: &ParsedSignature<'_>, body: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        self.tried.borrow_mut().insert(hasher.finish())
            && self
                .keys
                .iter()
                .any(|key| self.proves(key, &self.context.scheme.signed, presented, body))
    }

    /// The label of the secret with which `value`, in the header of `scheme`, proves the request
    /// under that scheme.
    pub(super) fn value_proves(
        &self,
        scheme: &Scheme,
        secrets: &[Secret],
        value: &str,
    ) -> Option<String> {
        let mut headers = self.context.request.headers.clone();
        headers.set(&scheme.header, value.to_owned());
        let presented = read(scheme, &headers).ok()?;
        let found = keys(scheme, secrets)
            .into_iter()
            .find(|key| self.proves(key, &scheme.signed, &presented, self.body()))?;
        Some(found.label().to_owned())
    }

    /// Takes the hashing of `bytes` from the allowance; false when it is used up.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let left = self.allowance.get().checked_sub(bytes);
        self.allowance.set(left.unwrap_or_default());
        left.is_some()
    }
}

/// What a signed template is filled with.
pub(super) fn fields<'f>(presented: &'f ParsedSignature<'_>, body: &'f [u8]) -> TemplateValues<'f> {
    TemplateValues {
        timestamp: presented.timestamp.unwrap_or_default(),
        id: presented.id.unwrap_or_default(),
        body,
    }
}

fn keys(scheme: &Scheme, secrets: &[Secret]) -> Vec<Key> {
    let made = secrets.iter().map(|secret| Key::new(scheme, secret));
    made.filter_map(Result::ok).collect()
}
