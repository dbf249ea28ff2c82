//! The proof of an HTTP message signature: what it is over (RFC 9421, section 2.5), with the digest of the
//! content (RFC 9530).

use sfv::{Dictionary, FieldType as _, InnerList, ListEntry};
use subtle::ConstantTimeEq as _;

use super::component::{bytes_of, component_value, dictionary_of, field_text};
use super::key_set::KeySet;
use super::message::{SIGNATURE_INPUT, SignatureInput};
use super::{Digest, MacEncoding, MessageRules, TemplateValues};
use crate::delivery::{Request, Status};

/// The header that holds the signatures.
pub(super) const SIGNATURE: &str = "Signature";
/// The header that holds the digest of the content.
pub(super) const CONTENT_DIGEST: &str = "Content-Digest";
/// The hash functions of RFC 9530 that are safe.
const DIGESTS: [Digest; 2] = [Digest::Sha256, Digest::Sha512];

/// Why a genuine-looking signature proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MessageFault {
    /// None of the keys is the one that it names.
    UnknownKey(String),
    /// It is genuine, and its digest is that of other content.
    OtherContent,
}

/// A signature as it is presented: its bytes, and the times that it names, in unix seconds.
pub(super) struct MessageSignature {
    pub(super) bytes: Vec<u8>,
    pub(super) created: i64,
    pub(super) expires: Option<i64>,
}

impl MessageRules {
    /// Reads the signature that is meant. Fails, with the status of a request without it, where there is
    /// none, and where it does not say or cover what it has to.
    pub(super) fn read(&self, request: &Request) -> Result<MessageSignature, (Status, String)> {
        if !request.headers.contains(SIGNATURE) {
            return Err((Status::Missing, format!("no `{SIGNATURE}` header")));
        }
        let malformed = |reason| (Status::Malformed, reason);
        let input = self.input(request).map_err(malformed)?;
        self.check_values(&input, request).map_err(malformed)?;
        let text = field_text(request, SIGNATURE).map_err(malformed)?;
        let text = self.in_standard(&text).map_err(malformed)?;
        let members = dictionary_of(SIGNATURE, &text).map_err(malformed)?;
        let bytes = bytes_of(&members, &input.label).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| {
            let label = &input.label;
            malformed(format!(
                "`{SIGNATURE}` has no bytes as `{label}`, of which `{SIGNATURE_INPUT}` tells"
            ))
        })?;
        Ok(MessageSignature {
            bytes: bytes.to_vec(),
            created: input.created,
            expires: input.expires,
        })
    }

    /// That the request has all that is covered, and a digest of content where that is.
    fn check_values(&self, input: &SignatureInput, request: &Request) -> Result<(), String> {
        let values = TemplateValues {
            timestamp: "",
            id: "",
            body: &request.body,
            secret: b"",
            request,
        };
        self.base(&input.covered, values)?;
        if input.covers_digest() {
            let digests = self.digests(request)?;
            if !DIGESTS
                .iter()
                .any(|digest| digests.contains_key(digest_name(*digest)))
            {
                return Err(format!(
                    "`{CONTENT_DIGEST}` has neither sha-256 nor sha-512"
                ));
            }
        }
        Ok(())
    }

    fn digests(&self, request: &Request) -> Result<Dictionary, String> {
        let text = self.in_standard(&field_text(request, CONTENT_DIGEST)?)?;
        dictionary_of(CONTENT_DIGEST, &text)
    }

    /// A field whose bytes are in the alphabet of URLs, against RFC 9651, with them in the standard one.
    fn in_standard(&self, text: &str) -> Result<String, String> {
        if self.encoding != MacEncoding::Base64Url {
            return Ok(text.to_owned());
        }
        let pieces = text.split(':').enumerate();
        let pieces = pieces.map(|(at, piece)| match at % 2 {
            // Every other piece is between two colons: no text in these fields has one.
            1 if piece.contains(['+', '/', '=']) && piece.contains(['-', '_']) => {
                Err("the bytes of a field are in two alphabets at once".to_owned())
            }
            1 => Ok(piece.replace('-', "+").replace('_', "/")),
            _ if piece.contains('"') => Err("a field has a text where bytes are expected".into()),
            _ => Ok(piece.to_owned()),
        });
        Ok(pieces.collect::<Result<Vec<_>, _>>()?.join(":"))
    }

    /// Whether a signature is one of these values by one of the keys, and covers the content's own digest.
    pub(super) fn proves(
        &self,
        keys: &KeySet,
        values: TemplateValues<'_>,
        signature: &[u8],
    ) -> bool {
        self.input(values.request).is_ok_and(|input| {
            self.has_digest(&input, values) && self.is_genuine(&input, keys, values, signature)
        })
    }

    /// Why a signature that can be read is not one of these values, where that is known.
    pub(super) fn fault(
        &self,
        keys: &KeySet,
        values: TemplateValues<'_>,
        signature: &[u8],
    ) -> Option<MessageFault> {
        let input = self.input(values.request).ok()?;
        let named = input.key_id.as_deref();
        if !keys.has(input.algorithm, named) {
            let named = named.unwrap_or_default().escape_debug().to_string();
            return Some(MessageFault::UnknownKey(named));
        }
        let is_other =
            self.is_genuine(&input, keys, values, signature) && !self.has_digest(&input, values);
        is_other.then_some(MessageFault::OtherContent)
    }

    fn is_genuine(
        &self,
        input: &SignatureInput,
        keys: &KeySet,
        values: TemplateValues<'_>,
        signature: &[u8],
    ) -> bool {
        let meant = (input.algorithm, input.key_id.as_deref());
        self.base(&input.covered, values)
            .is_ok_and(|base| keys.verifies(meant, &base, signature))
    }

    /// Whether the digests that are covered are those of the content: each that is known, and at least one.
    fn has_digest(&self, input: &SignatureInput, values: TemplateValues<'_>) -> bool {
        if !input.covers_digest() {
            return true;
        }
        let Ok(members) = self.digests(values.request) else {
            return false;
        };
        let mut known = DIGESTS
            .into_iter()
            .filter(|digest| members.contains_key(digest_name(*digest)))
            .peekable();
        known.peek().is_some()
            && known.all(|digest| {
                let sent = bytes_of(&members, digest_name(digest)).unwrap_or_default();
                digest.hash(&[values.body]).ct_eq(sent).into()
            })
    }

    /// What is signed (RFC 9421, section 2.5).
    pub(super) fn base(
        &self,
        covered: &InnerList,
        values: TemplateValues<'_>,
    ) -> Result<Vec<u8>, String> {
        let mut base = Vec::new();
        for item in &covered.items {
            base.extend_from_slice(item.serialize().as_bytes());
            base.extend_from_slice(b": ");
            base.extend_from_slice(&component_value(item, values, self.normalize_url)?);
            base.push(b'\n');
        }
        base.extend_from_slice(b"\"@signature-params\": ");
        base.extend_from_slice(written(covered.clone()).as_bytes());
        Ok(base)
    }
}

/// A list of components and its parameters, as RFC 9651 writes it.
pub(super) fn written(covered: InnerList) -> String {
    vec![ListEntry::InnerList(covered)]
        .serialize()
        .unwrap_or_default()
}

/// The name of a hash function in RFC 9530.
pub(super) const fn digest_name(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "sha",
        Digest::Sha256 => "sha-256",
        Digest::Sha512 => "sha-512",
    }
}

#[cfg(test)]
mod tests;
