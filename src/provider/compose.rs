//! An event as the provider would send it: a document with fresh ids and times, written to a payload,
//! which is signed once.

use bytes::Bytes;
use serde_json::Value;

use super::composed::Payload;
use super::placeholder::{Placeholder, segments};
use super::{Definition, FieldSource, Story};
use crate::delivery::{Headers, Timestamp};
use crate::json::{Path, PathError, TypedJson};

/// Composes one event of a provider: equal names of ids give equal ids within it.
pub struct Composer<'a> {
    definition: &'a Definition,
    event: &'a str,
    at: Timestamp,
    story: Story,
    /// The story of the ids that are the event's own.
    own: Story,
}

/// An event before it is written: what may still be changed.
#[derive(Debug, Clone)]
pub struct Document {
    /// The event's name.
    pub event: String,
    /// Envelope and data.
    pub value: Value,
    /// The headers besides the signature.
    pub headers: Headers,
}

impl<'a> Composer<'a> {
    /// For one `event`, which happened `at`; ids follow from `story`.
    pub fn new(definition: &'a Definition, event: &'a str, at: Timestamp, story: Story) -> Self {
        Self {
            definition,
            event,
            at,
            story,
            own: story,
        }
    }

    /// The same whose event has ids of its own from another story: in one story, an event can happen twice.
    #[must_use]
    pub fn with_own_ids(mut self, own: Story) -> Self {
        self.own = own;
        self
    }

    /// The event with a fixture's data, whose placeholders are filled.
    pub fn fixture(&self, data: &Value) -> Document {
        self.document(self.headers(), &|| self.fill(data))
    }

    /// The event with data in which everything means itself.
    pub fn data(&self, data: &Value) -> Document {
        self.document(self.headers(), &|| data.clone())
    }

    /// The event without a document, for a body that is not the provider's.
    pub fn without_document(&self) -> Document {
        Document {
            event: self.event.to_owned(),
            value: Value::Null,
            headers: self.headers(),
        }
    }

    /// The headers that the provider sends besides the signature.
    fn headers(&self) -> Headers {
        let fields = self.definition.delivery.headers.iter();
        let filled = fields.map(|(name, value)| (name.clone(), self.text(value)));
        filled.collect()
    }

    /// An id as the provider would give it to the event; `None` where neither its headers nor its
    /// envelope have one.
    pub fn event_id(&self) -> Option<Value> {
        match &self.definition.envelope.id {
            FieldSource::Header { header } => {
                let id = self.headers().text(header)?.to_owned();
                Some(Value::from(id))
            }
            FieldSource::Path(path) => {
                let mut envelope = self.fill(&self.definition.envelope.template);
                path.find(&mut envelope).cloned()
            }
            FieldSource::Joined(_) | FieldSource::Absent => None,
        }
    }

    fn document(&self, headers: Headers, data: &dyn Fn() -> Value) -> Document {
        Document {
            event: self.event.to_owned(),
            value: self.wrap(&self.definition.envelope.template, data),
            headers,
        }
    }

    fn wrap(&self, template: &Value, data: &dyn Fn() -> Value) -> Value {
        match template {
            Value::String(text) if text == "{{data}}" => data(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), self.wrap(value, data)))
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.wrap(item, data)).collect(),
            other => self.fill(other),
        }
    }

    /// The value with the placeholders in its strings filled.
    pub(super) fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match Placeholder::whole(text).and_then(|it| self.number(it)) {
                Some(number) => number.into(),
                None => self.text(text).into(),
            },
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), self.fill(value)))
                .collect(),
            plain => plain.clone(),
        }
    }

    pub(super) fn text(&self, text: &str) -> String {
        if !text.contains("{{") {
            return text.to_owned();
        }
        let mut filled = String::new();
        for (text, name) in segments(text) {
            filled.push_str(text);
            let Some(name) = name else { continue };
            match Placeholder::parse(name) {
                Some(placeholder) => filled.push_str(&self.value(placeholder)),
                None => filled.extend(["{{", name, "}}"]),
            }
        }
        filled
    }

    fn value(&self, placeholder: Placeholder<'_>) -> String {
        match placeholder {
            Placeholder::Id(name) => {
                let (story, names) = self.names("id", name);
                story.id(names)
            }
            Placeholder::Uuid(name) => {
                let (story, names) = self.names("uuid", name);
                story.uuid(names)
            }
            Placeholder::Time(offset) => self.at.plus_seconds(offset).to_seconds_text(),
            Placeholder::Date(offset) => self.at.plus_seconds(offset).to_date_text(),
            Placeholder::Event => self.event.to_owned(),
            Placeholder::Any(text) => text.to_owned(),
            Placeholder::EventPart(number) => {
                let count = self.definition.envelope.event.parts();
                let mut parts = self.event.splitn(count, '.');
                parts.nth(number - 1).unwrap_or_default().to_owned()
            }
            Placeholder::Unix(_) | Placeholder::UnixMillis(_) | Placeholder::Int(_) => self
                .number(placeholder)
                .map_or_else(String::new, |number| number.to_string()),
        }
    }

    /// The number of a placeholder that is one.
    fn number(&self, placeholder: Placeholder<'_>) -> Option<i64> {
        Some(match placeholder {
            Placeholder::Unix(offset) => self.at.plus_seconds(offset).seconds(),
            Placeholder::UnixMillis(offset) => self.at.plus_seconds(offset).millis(),
            Placeholder::Int(name) => {
                let (story, names) = self.names("int", name);
                story.int(names).cast_signed()
            }
            _ => return None,
        })
    }

    /// What tells a thing from any other, and in which story. An id that the provider gives to each event is the event's
    /// own, one in the data is its thing's in every event.
    fn names<'n>(&'n self, kind: &str, name: &'n str) -> (Story, [&'n str; 3]) {
        let placeholder = format!("{{{{{kind}:{name}}}}}");
        let is_of_event = self.definition.names_outside_data(&placeholder);
        let (story, event) = if is_of_event {
            (self.own, self.event)
        } else {
            (self.story, "")
        };
        (story, [&self.definition.name, event, name])
    }
}

impl Document {
    /// The document as the provider writes it, with the fields by which it is sent.
    pub fn write(self, definition: &Definition, target: &str, signed_at: Timestamp) -> Payload {
        let body = definition.envelope.format.write(&self.value);
        self.with_body(body, definition, target, signed_at)
    }

    /// The same with a body that was written in another way.
    pub fn with_body(
        self,
        body: impl Into<Bytes>,
        definition: &Definition,
        target: &str,
        signed_at: Timestamp,
    ) -> Payload {
        let mut payload = Payload {
            event: self.event,
            event_id: String::new(),
            body: Bytes::new(),
            headers: self.headers,
            method: definition.delivery.method.clone(),
            origin: None,
            target: target.to_owned(),
            signed_at,
        };
        payload.set_body(body, definition);
        payload
    }
}

impl FieldSource {
    /// Writes a text at this place of a document, as a number where one stands and it is one. Gives
    /// the digits that JavaScript would write otherwise. Fails where the document, which may be a
    /// user's, has no such place.
    pub fn put(
        &self,
        document: &mut Document,
        text: &str,
    ) -> Result<Vec<(Path, String)>, PathError> {
        let path = match self {
            Self::Header { header } => {
                document.headers.set(header, text.to_owned());
                return Ok(Vec::new());
            }
            Self::Path(path) => path,
            Self::Joined(_) | Self::Absent => return Ok(Vec::new()),
        };
        let place = path.find(&mut document.value);
        let typed = place.filter(|value| value.is_number());
        let typed = typed.and_then(|_| text.parse::<TypedJson>().ok());
        let typed = typed.filter(|typed| typed.value.is_number());
        let typed = typed.unwrap_or_else(|| Value::from(text).into());
        let numbers = typed.numbers_at(path).collect();
        path.set(&mut document.value, typed.value, false)?;
        Ok(numbers)
    }
}
