//! Handshakes: requests by which a provider finds out whether an endpoint is its user's, or wants it to
//! say that it may send.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answer::{AnswerTemplate, ExpectedAnswer, yes};
use super::answer_text::{AnswerText, pairs};
use super::body_format::BodyFormat;
use super::payload;
use super::placeholder::{Placeholder, first_unknown, segments, unknown_in};
use crate::delivery::{Headers, Request};
use crate::json::JsonFields;
use crate::signature::{Key, Scheme, SchemeKind, check_token};

/// A request that delivers nothing, and what the provider wants to be answered.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// What the provider calls it.
    pub name: String,
    /// Whether it is signed as deliveries are; by default so.
    #[serde(default = "yes")]
    pub signed: bool,
    /// The request.
    #[serde(default)]
    pub request: HandshakeRequest,
    /// The answer; where there is none, any 2xx.
    pub answer: Option<AnswerTemplate>,
    /// Other answers that the provider takes as well.
    #[serde(default)]
    pub also_accepted: Vec<AnswerTemplate>,
    /// What a person has to do, which no program does unasked.
    pub tell: Option<AnswerText>,
}

/// The request of a handshake. Its literals tell it from any other request; for a placeholder, any value
/// stands that is there.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct HandshakeRequest {
    /// The method; by default `POST`.
    pub method: String,
    /// Fields of the query, each a name with its value.
    #[serde(deserialize_with = "pairs")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub query: Vec<(String, String)>,
    /// Headers, each a name with its value.
    #[serde(deserialize_with = "pairs")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub headers: Vec<(String, String)>,
    /// How the body is written; by default as JSON.
    pub format: BodyFormat,
    /// Members of the body; where there are none, it is empty.
    pub body: Option<Map<String, Value>>,
}

impl Default for HandshakeRequest {
    fn default() -> Self {
        Self {
            method: "POST".into(),
            query: Vec::new(),
            headers: Vec::new(),
            format: BodyFormat::Json,
            body: None,
        }
    }
}

impl Handshake {
    /// Whether a request is this one; `fields` are those of its body.
    ///
    /// What is signed may say more. What nobody has signed may not: it is let in without a signature, and
    /// nothing may come in with it.
    pub fn is(&self, request: &Request, fields: Option<&JsonFields<'_>>) -> bool {
        let wanted = &self.request;
        let has_field = |(name, pattern): &(String, String)| {
            let mut query = form_urlencoded::parse(request.query().as_bytes());
            let found = query.find(|(key, _)| key == name);
            found.is_some_and(|(_, value)| fits(pattern, &value))
        };
        let has_header = |(name, pattern): &(String, String)| {
            let value = request.headers.text(name);
            value.is_some_and(|value| fits(pattern, value))
        };
        request.method == wanted.method
            && request.body_complete
            && wanted.query.iter().all(has_field)
            && wanted.headers.iter().all(has_header)
            && match &wanted.body {
                None => matches!(request.body.trim_ascii(), b"" | b"{}"),
                Some(body) => fields.is_some_and(|fields| self.has_members(body, fields)),
            }
    }

    fn has_members(&self, wanted: &Map<String, Value>, fields: &JsonFields<'_>) -> bool {
        let has = |(key, wanted): (&String, &Value)| {
            let text = fields.raw(key);
            text.is_some_and(|text| self.has_value(wanted, text))
        };
        fields.is_object()
            && (self.signed || fields.size() == wanted.len())
            && wanted.iter().all(has)
    }

    fn has_value(&self, wanted: &Value, text: &str) -> bool {
        match wanted {
            Value::String(pattern) if Placeholder::whole(pattern).is_some() => text != "null",
            Value::String(pattern) => {
                let value = serde_json::from_str::<String>(text);
                value.is_ok_and(|value| fits(pattern, &value))
            }
            Value::Object(map) => {
                let fields = JsonFields::new(text.as_bytes());
                fields.is_some_and(|fields| self.has_members(map, &fields))
            }
            plain => serde_json::from_str::<Value>(text).is_ok_and(|value| value == *plain),
        }
    }

    /// The answers that the provider takes, the usual one first; none where any 2xx will do, and none
    /// where the answer needs a key that is not there.
    pub fn answers(
        &self,
        request: &Request,
        scheme: &Scheme,
        key: Option<&Key>,
    ) -> Vec<ExpectedAnswer> {
        let all = self.answer.iter().chain(&self.also_accepted);
        let filled = all.filter_map(|answer| answer.fill(request, scheme, key));
        filled.collect()
    }

    /// What a person has to do after this request.
    pub fn told(&self, request: &Request) -> Option<String> {
        let body = payload(&request.headers, &request.body);
        let text = self.tell.as_ref()?.fill(request, &body, None)?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    /// Whether the answer proves to know the secret, so that whoever gets it can use it.
    pub fn gives_mac(&self) -> bool {
        self.answer.as_ref().is_some_and(AnswerTemplate::gives_mac)
    }

    /// How many things tell it from any other request.
    pub(super) fn marks(&self) -> usize {
        let request = &self.request;
        request.query.len() + request.headers.len() + request.body.as_ref().map_or(0, Map::len)
    }

    /// The field that keeps it from being used, and what is wrong with it.
    pub(super) fn check(&self, scheme: &Scheme) -> Result<(), (&'static str, String)> {
        let request = &self.request;
        check_token("method", &request.method).map_err(|problem| ("request.method", problem))?;
        for (name, _) in &request.headers {
            check_token("name of a header", name)
                .map_err(|problem| ("request.headers", problem))?;
        }
        let fields = request.query.iter().chain(&request.headers);
        let names = fields.map(|(_, value)| value.as_str());
        let in_body = request.body.iter().flat_map(Map::values);
        let in_body = in_body.filter_map(|value| first_unknown(value, false));
        if let Some(name) = names.filter_map(unknown_in).chain(in_body).next() {
            let name = name.escape_debug();
            return Err(("request", format!("unknown placeholder `{{{{{name}}}}}`")));
        }
        if self.marks() == 0 {
            let problem = "has no query, header or body that tells it from a delivery";
            return Err(("request", problem.into()));
        }
        let needs_key =
            self.gives_mac() || self.also_accepted.iter().any(AnswerTemplate::gives_mac);
        if needs_key && !matches!(scheme.kind, SchemeKind::Hmac { .. }) {
            return Err((
                "answer",
                "`|hmac` needs a signature of the kind `hmac`".into(),
            ));
        }
        if self.tell.as_ref().is_some_and(AnswerText::has_mac) {
            return Err(("tell", "`|hmac` is for answers".into()));
        }
        Ok(())
    }

    /// The headers with which it is sent, and the target with its query, in which `fill` fills the
    /// placeholders.
    pub(super) fn head(&self, target: &str, fill: &dyn Fn(&str) -> String) -> (Headers, String) {
        let headers = self.request.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), fill(value)));
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.request.query {
            query.append_pair(name, &fill(value));
        }
        let query = query.finish();
        let joint = match (query.is_empty(), target.contains('?')) {
            (true, _) => "",
            (false, true) => "&",
            (false, false) => "?",
        };
        (headers.collect(), format!("{target}{joint}{query}"))
    }
}

/// Whether a text is a pattern's, with any text of at least a character for each placeholder.
fn fits(pattern: &str, text: &str) -> bool {
    let mut literals = segments(pattern).map(|(literal, _)| literal);
    let first = literals.next().unwrap_or_default();
    let mut literals = literals.peekable();
    if literals.peek().is_none() {
        return text == first;
    }
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    while let Some(literal) = literals.next() {
        if literals.peek().is_none() {
            return rest.len() > literal.len() && rest.ends_with(literal);
        }
        let mut ends = rest.char_indices().skip(1).map(|(at, _)| at);
        let after = ends.find_map(|at| rest.get(at..)?.strip_prefix(literal));
        match after {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_stands_for_any_text_that_is_there() {
        for (pattern, text, is_it) in [
            ("subscribe", "subscribe", true),
            ("subscribe", "subscribed", false),
            ("{{id:a}}", "x", true),
            ("{{id:a}}", "", false),
            ("T{{id:a}}", "Té", true),
            ("T{{id:a}}", "T", false),
            ("{{id:a}}-{{id:b}}.x", "a-b-c.x", true),
            ("{{id:a}}-{{id:b}}.x", "-b.x", false),
            ("{{id:a}}-{{id:b}}.x", "é-.x", false),
            ("{{id:a}}{{id:b}}", "ab", true),
        ] {
            assert_eq!(fits(pattern, text), is_it, "{pattern} {text}");
        }
    }
}
