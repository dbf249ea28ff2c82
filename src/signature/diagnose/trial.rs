//! The bench on which suspicions are tried: only a reproduced MAC counts.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Context;
use crate::delivery::{Request, Status};
use crate::signature::{Key, ParsedSignature, Scheme, Secret, Template, TemplateValues, read};

/// The most signatures of one header that are tried: a rotation sends two or three, a header of
/// 128 KiB holds 1,900.
const MAX_PRESENTED: usize = 16;

/// Bytes hashed for one MAC besides its message: the blocks of padding and of the outer hash, and
/// the copy of the key's state.
const MAC_BYTES: usize = 512;

/// The bytes that could be hashed while one signature is verified with a public key, about.
const PUBLIC_KEY_BYTES: usize = 64 * 1024;

/// The bytes that could be hashed while one byte of structured fields is read, about.
const FIELD_WORK: usize = 8;

/// A diagnosis under way.
pub(super) struct Trial<'a> {
    /// What the doctor may look at.
    pub(super) context: &'a Context<'a>,
    /// The documented keys.
    pub(super) keys: Vec<Key>,
    work: usize,
    tried: RefCell<HashSet<u64>>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            keys: keys(context.scheme, context.secrets),
            work: context.allowance.work_for(context.request.body.len()),
            tried: RefCell::default(),
        }
    }

    /// The request as received.
    pub(super) const fn request(&self) -> &'a Request {
        self.context.request
    }

    /// The request's content as received.
    pub(super) fn body(&self) -> &'a [u8] {
        &self.context.request.body
    }

    /// Whether a documented key makes a MAC that is presented, had the request been this one.
    pub(super) fn request_proves(
        &self,
        presented: &ParsedSignature<'_>,
        request: &Request,
    ) -> bool {
        let values = presented.values(request, &request.body);
        let signed = &self.context.scheme.signed;
        let mut keys = self.keys.iter();
        keys.any(|key| self.makes(key, signed, values, presented))
    }

    /// Whether `key` over `signed` makes a MAC that the header presents.
    pub(super) fn proves(
        &self,
        key: &Key,
        signed: &Template,
        presented: &ParsedSignature<'_>,
        body: &[u8],
    ) -> bool {
        self.makes(
            key,
            signed,
            presented.values(self.request(), body),
            presented,
        )
    }

    fn makes(
        &self,
        key: &Key,
        signed: &Template,
        values: TemplateValues<'_>,
        presented: &ParsedSignature<'_>,
    ) -> bool {
        self.spend_on(key, signed, values, presented)
            && key.find(signed, values, &presented.macs).is_some()
    }

    /// Takes what one attempt with a key costs from the allowance; false when that is used up.
    pub(super) fn spend_on(
        &self,
        key: &Key,
        signed: &Template,
        values: TemplateValues<'_>,
        presented: &ParsedSignature<'_>,
    ) -> bool {
        let each = if key.public().is_some() {
            PUBLIC_KEY_BYTES
        } else {
            MAC_BYTES
        };
        let head = if key.reads_head() {
            FIELD_WORK * self.head_size()
        } else {
            0
        };
        self.spend(signed.work(values) + head + each * (1 + presented.macs.len()))
    }

    /// Whether the signature was made over `body` with everything else as documented. The same body
    /// is not tried twice with the same signatures.
    pub(super) fn body_proves(&self, presented: &ParsedSignature<'_>, body: &[u8]) -> bool {
        if !self.spend(body.len()) {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        presented.timestamp.hash(&mut hasher);
        for mac in &presented.macs {
            mac.bytes.hash(&mut hasher);
        }
        self.tried.borrow_mut().insert(hasher.finish())
            && self.any_proves(&self.context.scheme.signed, presented, body)
    }

    /// Whether a documented key over `signed` makes a MAC that the header presents.
    pub(super) fn any_proves(
        &self,
        signed: &Template,
        presented: &ParsedSignature<'_>,
        body: &[u8],
    ) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|key| self.proves(key, signed, presented, body))
    }

    /// The label of the secret with which `value`, at the place of `scheme`, proves the request
    /// under that scheme.
    pub(super) fn value_proves(
        &self,
        scheme: &Scheme,
        secrets: &[Secret],
        value: &str,
    ) -> Option<String> {
        // The headers are copied, and the value is read; in a body, that too.
        let body = usize::from(scheme.is_in_body()) * 2 * self.body().len();
        let each = scheme.message().map_or(1, |_| FIELD_WORK);
        if !self.spend(each * self.head_size() + body + 2 * value.len()) {
            return None;
        }
        let mut request = self.request().clone();
        scheme.proof.put(&mut request, value);
        let presented = read_presented(scheme, &request).ok()?;
        let found = keys(scheme, secrets)
            .into_iter()
            .find(|key| self.proves(key, &scheme.signed, &presented, self.body()))?;
        Some(found.label().to_owned())
    }

    /// The bytes of the headers and the target, which are copied where one of them is changed.
    pub(super) fn head_size(&self) -> usize {
        let request = self.request();
        let fields = request.headers.iter();
        let fields: usize = fields.map(|(name, text)| name.len() + text.len()).sum();
        fields + request.target.len()
    }

    /// Takes the work on `bytes` from the allowance; false when that is used up.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        if self.left() == 0 {
            return false;
        }
        let used = self.context.work.get().saturating_add(bytes);
        self.context.work.set(used);
        used <= self.work
    }

    /// The bytes of work that are left.
    pub(super) fn left(&self) -> usize {
        self.work.saturating_sub(self.context.work.get())
    }
}

/// The signature that a request presents, with no more MACs than are tried.
pub(super) fn read_presented<'h>(
    scheme: &'h Scheme,
    request: &'h Request,
) -> Result<ParsedSignature<'h>, (Status, String)> {
    let mut presented = read(scheme, request)?;
    presented.macs.truncate(MAX_PRESENTED);
    Ok(presented)
}

fn keys(scheme: &Scheme, secrets: &[Secret]) -> Vec<Key> {
    let made = secrets.iter().map(|secret| Key::new(scheme, secret));
    made.filter_map(Result::ok).collect()
}
