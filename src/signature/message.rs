//! HTTP message signatures (RFC 9421), as what proves a request: what they have to say of themselves.

use std::collections::BTreeMap;

use serde::Deserialize;
use sfv::{BareItem, FieldType as _, InnerList, Item, ListEntry};
use strum::{Display, VariantArray};

use super::component::{check_component, field_dictionary};
use super::{Digest, KeyAlgorithm, MacEncoding};
use crate::delivery::Request;

/// The header that says what each of them covers.
pub(super) const SIGNATURE_INPUT: &str = "Signature-Input";
/// The most components that a signature covers here.
const MOST_COMPONENTS: usize = 64;
/// The most signatures on one request.
const MOST_SIGNATURES: usize = 16;

/// What a scheme's HTTP message signatures are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRules {
    /// The label of the signature; without it, it is sent as `sig1` and read under any.
    pub label: Option<String>,
    /// The tag by which the signature is told from others.
    pub tag: Option<String>,
    /// The components that have to be covered, as `"@query-param";name="id"` names them.
    pub components: Vec<String>,
    /// The parameters that have to be there beside `created`.
    pub parameters: Vec<MessageParameter>,
    /// The algorithms that are accepted; the key decides among them, never a message.
    pub algorithms: Vec<KeyAlgorithm>,
    /// For how many seconds a signature is good at most, of which it has to say the end.
    pub lifetime_seconds: Option<u64>,
    /// The hash function with which the digest of the content is sent.
    pub digest: Digest,
    /// How the bytes in the fields are written.
    pub encoding: MacEncoding,
    /// What a JWK has to say of itself: a member, and the texts of which it has one.
    pub key_members: BTreeMap<String, Vec<String>>,
    /// Whether the URL is signed in its normal form (RFC 3986, section 6.2.2).
    pub normalize_url: bool,
}

/// A parameter of a signature, which a scheme may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Display, VariantArray)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum MessageParameter {
    /// The end of the time for which it is good.
    Expires,
    /// A text that no other signature has.
    Nonce,
    /// The id of the key.
    Keyid,
    /// The algorithm, by its name in RFC 9421.
    Alg,
}

/// What a signature says of itself, and not yet verified.
pub(super) struct SignatureInput {
    /// The label under which the signature stands.
    pub(super) label: String,
    /// The components that it covers, and its parameters.
    pub(super) covered: InnerList,
    pub(super) created: i64,
    pub(super) expires: Option<i64>,
    pub(super) key_id: Option<String>,
    pub(super) algorithm: Option<KeyAlgorithm>,
}

impl SignatureInput {
    /// Whether all of the digest of the content is covered.
    pub(super) fn covers_digest(&self) -> bool {
        let mut items = self.covered.items.iter();
        items.any(|item| {
            let name = item.bare_item.as_string();
            name.is_some_and(|name| name.as_str() == "content-digest")
        })
    }
}

impl MessageRules {
    /// The label under which the signature is sent.
    pub fn sent_label(&self) -> &str {
        self.label.as_deref().unwrap_or("sig1")
    }

    /// What the signature that is meant says of itself, where that is enough.
    pub(super) fn input(&self, request: &Request) -> Result<SignatureInput, String> {
        if !request.headers.contains(SIGNATURE_INPUT) {
            return Err(format!(
                "no `{SIGNATURE_INPUT}` header beside the signature"
            ));
        }
        let members = field_dictionary(request, SIGNATURE_INPUT)?;
        if members.len() > MOST_SIGNATURES {
            return Err(format!("`{SIGNATURE_INPUT}` has too many signatures"));
        }
        let mut members = members.into_iter().filter(|(label, entry)| {
            let is_its_label = self.label.as_ref().is_none_or(|own| label.as_str() == own);
            is_its_label && (self.label.is_some() || self.has_tag(entry))
        });
        let (label, covered) = match (members.next(), members.next()) {
            (Some((label, ListEntry::InnerList(covered))), None) => (label, covered),
            (Some(_), None) => return Err(format!("`{SIGNATURE_INPUT}` lists no components")),
            (Some(_), Some(_)) => return Err("several signatures could be the one meant".into()),
            (None, _) => {
                let meant = match (&self.label, &self.tag) {
                    (Some(label), _) => format!("labelled `{label}`"),
                    (None, Some(tag)) => format!("with the tag `{tag}`"),
                    (None, None) => "at all".into(),
                };
                return Err(format!("`{SIGNATURE_INPUT}` has no signature {meant}"));
            }
        };
        if !self.has_tag(&ListEntry::InnerList(covered.clone())) {
            let tag = self.tag.as_deref().unwrap_or_default();
            return Err(format!("the signature has another tag than `{tag}`"));
        }
        self.check_covered(&covered)?;
        self.check_parameters(label.as_str(), covered)
    }

    fn has_tag(&self, entry: &ListEntry) -> bool {
        let (ListEntry::InnerList(InnerList { params, .. }) | ListEntry::Item(Item { params, .. })) =
            entry;
        let tag = params.get("tag").and_then(BareItem::as_string);
        let is_it = |wanted: &String| tag.is_some_and(|tag| tag.as_str() == wanted);
        self.tag.as_ref().is_none_or(is_it)
    }

    /// That all is covered that has to be, each component once, and nothing that is not supported.
    fn check_covered(&self, covered: &InnerList) -> Result<(), String> {
        if covered.items.len() > MOST_COMPONENTS {
            return Err("the signature covers too many components".into());
        }
        let mut names = Vec::with_capacity(covered.items.len());
        for item in &covered.items {
            check_component(item)?;
            let name = item.serialize();
            if names.contains(&name) {
                return Err(format!("the signature covers `{name}` twice"));
            }
            names.push(name);
        }
        let mut wanted = self.components.iter();
        match wanted.find(|wanted| !names.contains(wanted)) {
            Some(missing) => Err(format!("the signature does not cover {missing}")),
            None => Ok(()),
        }
    }

    /// The parameters of a signature, where those are there that have to be.
    fn check_parameters(&self, label: &str, covered: InnerList) -> Result<SignatureInput, String> {
        let has = |name: &str| covered.params.contains_key(name);
        let wrong =
            |name: &str| format!("the parameter `{name}` of the signature is of another type");
        let text = |name: &str| match covered.params.get(name) {
            None => Ok(None),
            Some(value) => match value.as_string() {
                Some(text) => Ok(Some(text.as_str().to_owned())),
                None => Err(wrong(name)),
            },
        };
        let time = |name: &str| match covered.params.get(name) {
            None => Ok(None),
            Some(value) => match value.as_integer().map(i64::from) {
                Some(time) if time >= 0 => Ok(Some(time)),
                _ => Err(wrong(name)),
            },
        };
        let needs = |parameter: MessageParameter| {
            self.parameters.contains(&parameter)
                || parameter == MessageParameter::Expires && self.lifetime_seconds.is_some()
        };
        let mut needed = MessageParameter::VARIANTS
            .iter()
            .copied()
            .filter(|it| needs(*it));
        if let Some(missing) = needed.find(|it| !has(&it.to_string())) {
            return Err(format!("the signature has no parameter `{missing}`"));
        }
        text("nonce")?;
        let created = time("created")?.ok_or("the signature has no parameter `created`")?;
        let expires = time("expires")?;
        self.check_lifetime(created, expires)?;
        let algorithm = text("alg")?.map(|name| self.algorithm(&name)).transpose()?;
        Ok(SignatureInput {
            label: label.into(),
            created,
            expires,
            key_id: text("keyid")?,
            algorithm,
            covered,
        })
    }

    fn check_lifetime(&self, created: i64, expires: Option<i64>) -> Result<(), String> {
        let Some(expires) = expires else {
            return Ok(());
        };
        if expires <= created {
            return Err(
                "the signature ends before it begins: `expires` is not after `created`".into(),
            );
        }
        let lifetime = expires.abs_diff(created);
        match self.lifetime_seconds.filter(|most| lifetime > *most) {
            Some(most) => Err(format!(
                "the signature is good for {lifetime} s, longer than {most} s"
            )),
            None => Ok(()),
        }
    }

    fn algorithm(&self, name: &str) -> Result<KeyAlgorithm, String> {
        let mut algorithms = self.algorithms.iter().copied();
        let found = algorithms.find(|algorithm| algorithm.http_name() == name);
        found.ok_or_else(|| {
            let accepted = self
                .algorithms
                .iter()
                .map(|algorithm| algorithm.http_name());
            let accepted: Vec<_> = accepted.collect();
            let name = name.escape_debug();
            format!(
                "the signature is by `{name}`, accepted is {}",
                accepted.join(", ")
            )
        })
    }
}
