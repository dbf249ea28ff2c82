//! A delivery that is waited for: an event, and what has to be true of its payload.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::delivery::Delivery;
use crate::json::{Path, compare_numbers};
use crate::provider::payload;

/// A delivery that is waited for, such as `order.paid` or `order.paid:data.total==12.5`.
#[derive(Debug, Clone)]
pub struct ExpectedDelivery {
    /// As it was typed.
    text: String,
    event: String,
    conditions: Vec<Condition>,
    /// What the last delivery of the event had in place of what was expected.
    pub found: Option<String>,
}

/// What has to be true of one value.
#[derive(Debug, Clone)]
struct Condition {
    path: Path,
    relation: Relation,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Contains,
}

/// The operators as they are typed; of two that begin alike, the longer stands first.
const RELATIONS: [(&str, Relation); 7] = [
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("<", Relation::Less),
    (">", Relation::Greater),
    ("~", Relation::Contains),
];

impl fmt::Display for ExpectedDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ExpectedDelivery {
    /// Reads what was typed: an event, and behind a colon conditions with commas between them. Names
    /// of events have colons themselves, so that the name is the longest part that `is_event`; where
    /// none is, the error is what stands there in its place. The other error says what is no condition.
    pub fn read(text: &str, is_event: impl Fn(&str) -> bool) -> Result<Self, ReadError> {
        let splits = text.rmatch_indices(':').map(|(at, _)| text.split_at(at));
        let mut splits = std::iter::once((text, "")).chain(splits);
        let Some((event, rest)) = splits.find(|(event, _)| is_event(event)) else {
            let event = text.split(':').next().unwrap_or(text);
            return Err(ReadError::Event(event.into()));
        };
        let conditions = match rest.strip_prefix(':') {
            None => Vec::new(),
            Some(rest) => conditions(rest).map_err(ReadError::Condition)?,
        };
        Ok(Self {
            text: text.into(),
            event: event.into(),
            conditions,
            found: None,
        })
    }

    /// Whether a delivery is the one; remembers what it had instead where only its payload differs.
    pub(super) fn is_met_by(&mut self, delivery: &Delivery) -> bool {
        if delivery.event.as_deref() != Some(&self.event) {
            return false;
        }
        let request = &delivery.request;
        let body = payload(&request.headers, &request.body);
        let found = self.conditions.iter().find_map(|it| it.violation(&body));
        let is_met = found.is_none();
        self.found = found;
        is_met
    }
}

/// Why a text names no delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// This is no event.
    Event(String),
    /// This is no condition.
    Condition(String),
}

/// Conditions with commas between them. A comma before what is no condition is one of the value.
fn conditions(text: &str) -> Result<Vec<Condition>, String> {
    let mut found: Vec<Condition> = Vec::new();
    for part in text.split(',') {
        match (Condition::read(part), found.last_mut()) {
            (Some(condition), _) => found.push(condition),
            (None, Some(last)) => last.value = format!("{},{part}", last.value),
            (None, None) => return Err(part.into()),
        }
    }
    Ok(found)
}

impl Condition {
    fn read(text: &str) -> Option<Self> {
        let at = text.find(['=', '!', '<', '>', '~'])?;
        let (path, rest) = text.split_at(at);
        let (value, relation) = RELATIONS
            .iter()
            .find_map(|(typed, relation)| Some((rest.strip_prefix(typed)?, *relation)))?;
        Some(Self {
            path: path.trim().parse().ok()?,
            relation,
            value: value.trim().into(),
        })
    }

    /// What stands in a JSON text in place of what is wanted; `None` where it is what is wanted.
    fn violation(&self, body: &[u8]) -> Option<String> {
        let found = self.path.locate(body).and_then(|range| body.get(range));
        let Some(found) = found.and_then(|found| std::str::from_utf8(found).ok()) else {
            return Some(format!("no value at `{}`", self.path));
        };
        (!self.holds(found)).then(|| format!("`{}` was `{found}`", self.path))
    }

    fn holds(&self, found: &str) -> bool {
        let text = serde_json::from_str::<String>(found);
        let text = text.as_deref().unwrap_or(found);
        let order =
            || compare_numbers(found, &self.value).or_else(|| compare_numbers(text, &self.value));
        match self.relation {
            Relation::Equal => self.is_equal(found, text),
            Relation::Unequal => !self.is_equal(found, text),
            Relation::Less => order() == Some(Ordering::Less),
            Relation::AtMost => order().is_some_and(Ordering::is_le),
            Relation::Greater => order() == Some(Ordering::Greater),
            Relation::AtLeast => order().is_some_and(Ordering::is_ge),
            Relation::Contains => text.contains(&self.value),
        }
    }

    /// Whether a value, and the string that it may be, are what was typed: the text itself, the same
    /// number, or the same JSON.
    fn is_equal(&self, found: &str, text: &str) -> bool {
        let same_json = || {
            let [found, wanted] =
                [found, &self.value].map(|text| serde_json::from_str::<Value>(text).ok());
            let is_whole =
                |value: &Value| value.is_object() || value.is_array() || value.is_string();
            found.is_some_and(|found| is_whole(&found) && Some(found) == wanted)
        };
        text == self.value
            || compare_numbers(found, &self.value) == Some(Ordering::Equal)
            || same_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ExpectedDelivery, ReadError> {
        ExpectedDelivery::read(text, |event| ["order.paid", "charge:ok"].contains(&event))
    }

    fn found(condition: &str, body: &str) -> Option<String> {
        let expected = read(&format!("order.paid:{condition}")).unwrap();
        let mut conditions = expected.conditions.iter();
        conditions.find_map(|condition| condition.violation(body.as_bytes()))
    }

    #[test]
    fn conditions_hold_for_numbers_texts_and_json() {
        let body = r#"{"data":{"total":12.50,"n":9007199254740993,"s":"a, b","t":"7","ok":true,"none":null,"l":[1,{"x":"y"}]}}"#;
        for condition in [
            "data.total==12.5",
            "data.total==12.50",
            "data.total!=12.51",
            "data.total<13,data.total>12,data.total<=12.5,data.total>=12.5",
            "data.n==9007199254740993",
            "data.n!=9007199254740992",
            "data.s==a, b",
            "data.s==\"a, b\"",
            "data.s~, b",
            "data.t==7",
            "data.t>6",
            "data.ok==true",
            "data.none==null",
            "data.l[1].x==y",
            "data.l==[1, {\"x\": \"y\"}]",
            " data.total == 12.5 , data.ok == true",
        ] {
            assert_eq!(found(condition, body), None, "{condition}");
        }
        for (condition, said) in [
            ("data.total==13", "`data.total` was `12.50`"),
            ("data.total<12.5", "`data.total` was `12.50`"),
            (
                "data.n==9007199254740992",
                "`data.n` was `9007199254740993`",
            ),
            ("data.s<5", "`data.s` was `\"a, b\"`"),
            ("data.none==nil", "`data.none` was `null`"),
            ("data.gone!=1", "no value at `data.gone`"),
            ("data.ok==true,data.t==8", "`data.t` was `\"7\"`"),
        ] {
            assert_eq!(found(condition, body).as_deref(), Some(said), "{condition}");
        }
    }

    #[test]
    fn the_event_is_what_a_provider_has() {
        assert_eq!(read("charge:ok").unwrap().event, "charge:ok");
        let both = read("charge:ok:data.id==a:b").unwrap();
        assert_eq!(both.event, "charge:ok");
        assert_eq!(both.conditions[0].value, "a:b");
        let unknown = Err(ReadError::Event("order.payd".into()));
        assert_eq!(read("order.payd:data.total==1").map(|_| ()), unknown);
        for rest in ["data.total", "=1", "total=1", "..==1", ""] {
            let error = Err(ReadError::Condition(rest.into()));
            assert_eq!(read(&format!("order.paid:{rest}")).map(|_| ()), error);
        }
    }
}
