//! HTTP message signatures as they are sent.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use sfv::{BareItem, InnerList, Item, ListEntry, Parser};

use super::component::field_dictionary;
use super::key_set::KeySet;
use super::message::SIGNATURE_INPUT;
use super::message_proof::{CONTENT_DIGEST, digest_name, written};
use super::{Digest, MacEncoding, MessageParameter, MessageRules, TemplateValues};
use crate::delivery::Request;

impl MessageRules {
    /// Writes into a request what its signature is about to cover, and that it does. Without a timestamp
    /// the time of signing is left out, as only a fault does.
    pub(super) fn announce(
        &self,
        keys: &KeySet,
        timestamp: Option<&str>,
        id: &str,
        request: &mut Request,
    ) {
        if self
            .components
            .iter()
            .any(|name| name == "\"content-digest\"")
        {
            let digest = self.digest.hash(&[&request.body]);
            let digest = MacEncoding::Base64.encode(&digest);
            let digest = format!("{}=:{digest}:", digest_name(self.digest));
            request.headers.set(CONTENT_DIGEST, digest);
        }
        let items = self.components.iter();
        let items = items.filter_map(|name| Parser::new(name).parse::<Item>().ok());
        let mut covered = InnerList::new(items.collect());
        for (name, value) in self.sent_parameters(keys, timestamp, id, request) {
            covered.params.insert(sfv::key_ref(name).to_owned(), value);
        }
        let input = format!("{}={}", self.sent_label(), written(covered));
        request.headers.set(SIGNATURE_INPUT, input);
    }

    fn sent_parameters(
        &self,
        keys: &KeySet,
        timestamp: Option<&str>,
        id: &str,
        request: &Request,
    ) -> Vec<(&'static str, BareItem)> {
        let key = keys.signing();
        let number = |number: i64| sfv::Integer::try_from(number).ok().map(BareItem::Integer);
        let text = |text: String| sfv::String::from_string(text).ok().map(BareItem::String);
        let time = timestamp.and_then(|time| time.parse::<i64>().ok());
        let created = match (time, timestamp) {
            (Some(time), _) => number(time),
            (None, Some(other)) => text(other.to_owned()),
            (None, None) => None,
        };
        let lifetime = self.lifetime_seconds;
        let expires = lifetime.and_then(|most| number(time?.saturating_add_unsigned(most)));
        let needs = |parameter| self.parameters.contains(&parameter);
        // It has to differ from signature to signature, and not to be guessed by nobody.
        let parts = [
            timestamp.unwrap_or_default(),
            "\n",
            id,
            "\n",
            &request.target,
            "\n",
        ];
        let parts = parts.map(str::as_bytes);
        let unique = Digest::Sha256.hash(&[parts.concat().as_slice(), &request.body]);
        let nonce = unique.get(..16).map(|bytes| BASE64_URL.encode(bytes));
        let all = [
            ("created", created),
            ("expires", expires),
            (
                "nonce",
                nonce
                    .filter(|_| needs(MessageParameter::Nonce))
                    .and_then(text),
            ),
            ("keyid", key.and_then(|key| text(key.name()))),
            (
                "alg",
                key.filter(|_| needs(MessageParameter::Alg))
                    .and_then(|key| text(key.algorithm.http_name().to_owned())),
            ),
            ("tag", self.tag.clone().and_then(text)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// The signature over what the request says that it covers; empty where no key makes any.
    pub(super) fn sign(&self, keys: &KeySet, values: TemplateValues<'_>) -> Vec<u8> {
        let signed = || {
            let members = field_dictionary(values.request, SIGNATURE_INPUT).ok()?;
            let ListEntry::InnerList(covered) = members.get(self.sent_label())? else {
                return None;
            };
            let base = self.base(covered, values).ok()?;
            Some(keys.signing()?.sign(&base))
        };
        signed().unwrap_or_default()
    }
}
