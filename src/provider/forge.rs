//! An event as the provider would send it: the envelope filled, ids and times fresh.

use std::collections::HashMap;

use bytes::Bytes;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::placeholder::{Piece, Placeholder, pieces};
use super::{Definition, FieldSource};
use crate::delivery::{Headers, Request, Timestamp};
use crate::json::{Path, PathError};
use crate::signature::{Key, Signed, sign};

/// How many characters of chance a fresh id has.
const ID_LENGTH: usize = 12;
/// The characters of a fresh id.
const ID_ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Fills the placeholders of one delivery: equal names give equal ids within it.
pub struct Forge<'a> {
    event: &'a str,
    at: Timestamp,
    random: &'a mut StdRng,
    ids: HashMap<String, String>,
}

impl<'a> Forge<'a> {
    /// For one delivery of `event`, which happened `at`; ids come from `random`.
    pub fn new(event: &'a str, at: Timestamp, random: &'a mut StdRng) -> Self {
        Self {
            event,
            at,
            random,
            ids: HashMap::new(),
        }
    }

    /// Goes on to another event about the same things: the ids in the data stay, those that the
    /// provider gives to each delivery are made anew. It happens `at` this moment.
    pub fn go_on(&mut self, event: &'a str, at: Timestamp, definition: &Definition) {
        self.event = event;
        self.at = at;
        let envelope = &definition.envelope.template;
        let headers = &definition.delivery.headers;
        let around = format!("{envelope} {headers:?}");
        let is_of_data = |name: &String| !around.contains(&format!("{{{{id:{name}}}}}"));
        self.ids.retain(|name, _| is_of_data(name));
    }

    /// The headers that the provider sends besides the signature.
    pub fn headers(&mut self, definition: &Definition) -> Headers {
        let fields = &definition.delivery.headers;
        fields
            .iter()
            .map(|(name, value)| (name.clone(), self.text(value)))
            .collect()
    }

    /// The value with the placeholders in its strings filled.
    pub fn fill(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), self.fill(value)))
                .collect(),
            plain => plain.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let mut filled = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Name(name) => match Placeholder::parse(name) {
                    Some(placeholder) => filled.push_str(&self.value(placeholder)),
                    None => filled.extend(["{{", name, "}}"]),
                },
            }
        }
        filled
    }

    fn value(&mut self, placeholder: Placeholder<'_>) -> String {
        match placeholder {
            Placeholder::Id(name) => self.id(name),
            Placeholder::Time(offset) => self.at.plus_seconds(offset).to_seconds_text(),
            Placeholder::Date(offset) => self.at.plus_seconds(offset).to_date_text(),
            Placeholder::Event => self.event.to_owned(),
        }
    }

    fn id(&mut self, name: &str) -> String {
        if let Some(known) = self.ids.get(name) {
            return known.clone();
        }
        let mut draw = || char::from(ID_ALPHABET[self.random.random_range(0..ID_ALPHABET.len())]);
        let id: String = (0..ID_LENGTH).map(|_| draw()).collect();
        self.ids.insert(name.to_owned(), id.clone());
        id
    }
}

/// The provider's envelope, its placeholders filled, around an event's data, which is taken as it is.
pub fn document(definition: &Definition, data: &Value, forge: &mut Forge<'_>) -> Value {
    wrap(&definition.envelope.template, data, forge)
}

fn wrap(template: &Value, data: &Value, forge: &mut Forge<'_>) -> Value {
    match template {
        Value::String(text) if text == "{{data}}" => data.clone(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), wrap(value, data, forge)))
            .collect(),
        other => forge.fill(other),
    }
}

impl FieldSource {
    /// Writes a value at this place of a request that is being forged. Fails where the payload,
    /// which may be a user's, has no such place.
    pub fn put(
        &self,
        document: &mut Value,
        headers: &mut Headers,
        text: &str,
    ) -> Result<(), PathError> {
        match self {
            Self::Header { header } => headers.set(header, text.to_owned()),
            Self::Path(path) => {
                path.parse::<Path>()?
                    .set(document, Value::from(text), false)?;
            }
        }
        Ok(())
    }
}

/// A delivery before it is signed.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The content, byte for byte.
    pub body: Bytes,
    /// The headers besides the signature.
    pub headers: Headers,
    /// The id by which receivers drop duplicates; schemes that sign an id sign this one.
    pub event_id: String,
    /// The time of signing.
    pub signed_at: Timestamp,
    /// Path and query.
    pub target: String,
}

/// The letter with its signature: the request as the provider would send it.
pub fn seal(definition: &Definition, key: &Key, letter: &Letter) -> Request {
    let signed = Signed {
        at: letter.signed_at,
        id: &letter.event_id,
        body: &letter.body,
    };
    let mut headers = letter.headers.clone();
    for (name, value) in sign(&definition.signature, key, signed).iter() {
        headers.set(name, value.clone());
    }
    Request {
        method: definition.delivery.method.clone(),
        ..Request::post(letter.target.clone(), headers, letter.body.clone())
    }
}
