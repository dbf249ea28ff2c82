//! Texts with places that are filled from a request.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::delivery::Request;
use crate::signature::{Key, Scheme, Template, mac_of};

/// The longest token of which the MAC is given, in bytes.
const LONGEST_TOKEN: usize = 256;

/// A text with places: `{json:PATH}`, `{query:NAME}`, `{header:NAME}`, `{form:NAME}`, each with or
/// without `|hmac`, the MAC of what stands there.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String")]
pub struct AnswerText {
    text: String,
    /// The pieces, each a literal and the place behind it.
    pieces: Vec<(String, Option<AnswerPlace>)>,
}

/// A place in an answer.
#[derive(Debug, Clone, PartialEq)]
struct AnswerPlace {
    /// Where its value stands in the request.
    value: Template,
    /// Whether it is the MAC of that.
    is_mac: bool,
}

impl AnswerText {
    /// The text as a definition writes it.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn has_places(&self) -> bool {
        self.pieces.iter().any(|(_, place)| place.is_some())
    }

    /// Whether a MAC with the secret stands in it.
    pub(super) fn has_mac(&self) -> bool {
        let mut places = self.pieces.iter().filter_map(|(_, place)| place.as_ref());
        places.any(|place| place.is_mac)
    }

    /// The text for a request; `None` where a MAC stands in it and there is no key, or it would be one of
    /// more than a token.
    pub fn fill(
        &self,
        request: &Request,
        payload: &[u8],
        key: Option<(&Scheme, &Key)>,
    ) -> Option<Vec<u8>> {
        let mut filled = Vec::new();
        for (literal, place) in &self.pieces {
            filled.extend_from_slice(literal.as_bytes());
            let Some(place) = place else { continue };
            let value = place.value.fill(request, payload);
            if place.is_mac {
                let (scheme, key) = key.filter(|_| is_token(&value))?;
                filled.extend(mac_of(scheme, key, &value).into_bytes());
            } else {
                filled.extend(value);
            }
        }
        Some(filled)
    }
}

/// Whether a value is what providers ask the MAC of, and no body or time in front of one: whoever gets
/// that signed can pass for the provider.
fn is_token(value: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+/=.".contains(byte);
    value.len() <= LONGEST_TOKEN && value.iter().all(is_plain)
}

/// As a definition writes it.
impl fmt::Display for AnswerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for AnswerText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((literal, tail)) = rest.split_once('{') {
            let (name, tail) = tail
                .split_once('}')
                .ok_or_else(|| format!("`{{` is not closed in `{}`", text.escape_debug()))?;
            pieces.push((literal.to_owned(), Some(place(name)?)));
            rest = tail;
        }
        pieces.push((rest.to_owned(), None));
        Ok(Self { text, pieces })
    }
}

/// The place of this text between braces.
fn place(name: &str) -> Result<AnswerPlace, String> {
    let (value, is_mac) = match name.strip_suffix("|hmac") {
        Some(value) => (value, true),
        None => (name, false),
    };
    let kind = value.split_once(':').map(|(kind, _)| kind);
    let is_known = kind.is_some_and(|kind| ["json", "query", "header", "form"].contains(&kind));
    let template = Template::of_any(&format!("{{{value}}}"));
    let value = template.ok().filter(|_| is_known).ok_or_else(|| {
        let name = name.escape_debug();
        format!(
            "unknown place `{{{name}}}`, expected `{{json:…}}`, `{{query:…}}`, `{{header:…}}` or \
             `{{form:…}}`, with or without `|hmac`"
        )
    })?;
    Ok(AnswerPlace { value, is_mac })
}

/// The members of an object whose values are of one kind, in order.
pub(super) fn pairs<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    reader: D,
) -> Result<Vec<(String, T)>, D::Error> {
    struct Pairs<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of strings")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    reader.deserialize_map(Pairs(std::marker::PhantomData))
}
