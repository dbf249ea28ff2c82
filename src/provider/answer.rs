//! What a provider wants to be answered: a template, filled for a request, and held against what came.

use serde::Deserialize;
use serde_json::Value;

use super::answer_text::{AnswerText, pairs};
use super::payload;
use crate::delivery::{Answer, Headers, Request, is_success};
use crate::json::javascript;
use crate::signature::{Key, Scheme, check_token};

/// How much of an answer is shown, in characters.
const SHOWN: usize = 120;
/// The media types of an answer in which a stranger's text stands: none is ever run by a browser.
const INERT: [&str; 2] = ["text/plain", "application/json"];

/// What is answered, with places that are filled from the request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "AnswerForm"))]
#[serde(try_from = "AnswerForm")]
pub struct AnswerTemplate {
    /// The status code; by default 200.
    pub status: u16,
    /// The headers that the provider looks at.
    pub headers: Vec<(String, AnswerText)>,
    /// The content.
    pub content: AnswerContent,
    /// Whether another content is wrong; else any that is empty or of the same media type is right.
    pub exact: bool,
}

/// The content of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerContent {
    /// JSON, with places in its strings.
    Json(Value),
    /// A text; by default an empty one.
    Text(AnswerText),
}

/// What a provider wants to be answered to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedAnswer {
    /// The answer, with the headers that the provider looks at.
    pub answer: Answer,
    /// Whether its content is JSON.
    pub is_json: bool,
    is_exact: bool,
}

/// An answer as a definition writes it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct AnswerForm {
    /// The status code.
    #[serde(default = "ok")]
    #[cfg_attr(test, schemars(range(min = 200, max = 599)))]
    status: u16,
    /// The headers that the provider looks at, each a name with its value.
    #[serde(default, deserialize_with = "pairs")]
    #[cfg_attr(
        test,
        schemars(with = "std::collections::BTreeMap<String, AnswerText>")
    )]
    headers: Vec<(String, AnswerText)>,
    /// The content as JSON, with places in its strings.
    body: Option<Value>,
    /// The content as text; without it and a `body`, there is none.
    text: Option<AnswerText>,
    /// Whether another content is wrong; else any that is empty or of the same media type is right.
    #[serde(default = "yes")]
    exact: bool,
}

const fn ok() -> u16 {
    200
}

pub(super) const fn yes() -> bool {
    true
}

impl TryFrom<AnswerForm> for AnswerTemplate {
    type Error = String;

    fn try_from(form: AnswerForm) -> Result<Self, String> {
        if !(200..600).contains(&form.status) {
            return Err(format!("`status` is {}, expected 200 to 599", form.status));
        }
        for (name, _) in &form.headers {
            check_token("name of a header", name)?;
        }
        let content = match (form.body, form.text) {
            (Some(_), Some(_)) => return Err("has a `body` and a `text`, expected one".into()),
            (Some(body), None) => AnswerContent::Json(body),
            (None, text) => AnswerContent::Text(text.unwrap_or_default()),
        };
        let template = Self {
            status: form.status,
            headers: form.headers,
            content,
            exact: form.exact,
        };
        let texts = template.texts()?;
        let has_places = texts.iter().any(AnswerText::has_places);
        let kind = template.content_type();
        let is_inert = kind.is_none_or(|kind| INERT.contains(&media_type(kind.as_str())));
        if has_places && !is_inert {
            let kinds = INERT.join("` or `");
            return Err(format!(
                "what a request holds is answered as `{kinds}` only"
            ));
        }
        Ok(template)
    }
}

impl AnswerTemplate {
    /// Every text in its content. Fails where one is none.
    fn texts(&self) -> Result<Vec<AnswerText>, String> {
        fn collect(value: &Value, texts: &mut Vec<AnswerText>) -> Result<(), String> {
            match value {
                Value::String(text) => texts.push(text.clone().try_into()?),
                Value::Array(items) => items.iter().try_for_each(|item| collect(item, texts))?,
                Value::Object(map) => map.values().try_for_each(|item| collect(item, texts))?,
                _ => {}
            }
            Ok(())
        }
        let mut texts = Vec::new();
        match &self.content {
            AnswerContent::Text(text) => texts.push(text.clone()),
            AnswerContent::Json(value) => collect(value, &mut texts)?,
        }
        Ok(texts)
    }

    fn content_type(&self) -> Option<&AnswerText> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
        found.map(|(_, value)| value)
    }

    /// Whether a MAC with the secret stands in it.
    pub fn gives_mac(&self) -> bool {
        let texts = self.texts().unwrap_or_default();
        let headers = self.headers.iter().map(|(_, text)| text);
        texts.iter().chain(headers).any(AnswerText::has_mac)
    }

    /// The answer to a request; `None` where it holds a MAC and there is no key.
    pub fn fill(
        &self,
        request: &Request,
        scheme: &Scheme,
        key: Option<&Key>,
    ) -> Option<ExpectedAnswer> {
        let body = payload(&request.headers, &request.body);
        let fill = |text: &AnswerText| text.fill(request, &body, key.map(|key| (scheme, key)));
        let mut headers = Headers::new();
        for (name, text) in &self.headers {
            headers.push(name, fill(text)?);
        }
        let body = match &self.content {
            AnswerContent::Text(text) => fill(text)?,
            AnswerContent::Json(value) => {
                javascript::stringify(&filled(value, &fill)?).into_bytes()
            }
        };
        let answer = Answer {
            status: self.status,
            headers,
            body: body.into(),
        };
        Some(ExpectedAnswer {
            answer,
            is_json: matches!(self.content, AnswerContent::Json(_)),
            is_exact: self.exact,
        })
    }
}

/// A value with the places in its strings filled.
fn filled(value: &Value, fill: &dyn Fn(&AnswerText) -> Option<Vec<u8>>) -> Option<Value> {
    Some(match value {
        Value::String(text) => {
            let bytes = fill(&text.clone().try_into().ok()?)?;
            String::from_utf8_lossy(&bytes).into()
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| filled(item, fill));
            items.collect::<Option<Vec<_>>>()?.into()
        }
        Value::Object(map) => {
            let members = map
                .iter()
                .map(|(key, item)| Some((key.clone(), filled(item, fill)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        plain => plain.clone(),
    })
}

impl ExpectedAnswer {
    /// What of an answer is not as expected: what was expected, and what came. The statuses that mean
    /// yes are alike.
    fn difference(&self, came: &Answer) -> Option<[String; 2]> {
        let wanted = &self.answer;
        if wanted.status != came.status && !(is_success(wanted.status) && came.is_success()) {
            return Some([wanted.status.to_string(), came.status.to_string()]);
        }
        let mut headers = wanted.headers.iter();
        let is_empty = !self.is_exact && came.body.is_empty();
        let other = headers.find(|(name, value)| !is_empty && !has_header(came, name, value));
        if let Some((name, value)) = other {
            let shown = |value: &[u8]| format!("`{name}: {}`", String::from_utf8_lossy(value));
            let none = || format!("no `{name}`");
            let came = came
                .headers
                .get(name)
                .map_or_else(none, |value| shown(value));
            return Some([shown(value), came]);
        }
        let is_right = !self.is_exact || wanted.body == came.body;
        let is_right = is_right || self.is_json && holds(&came.body, &wanted.body);
        (!is_right).then(|| [shown(&wanted.body), shown(&came.body)])
    }

    /// Whether an answer is one of these, any 2xx where there are none; else what was expected, by the
    /// first, and what came.
    pub fn judge(expected: &[Self], came: &Answer) -> Result<(), [String; 2]> {
        if expected.is_empty() && !came.is_success() {
            return Err(["2xx".into(), came.status.to_string()]);
        }
        let differences: Option<Vec<_>> = expected.iter().map(|one| one.difference(came)).collect();
        match differences.and_then(|all| all.into_iter().next()) {
            Some(difference) => Err(difference),
            None => Ok(()),
        }
    }
}

/// Whether an answer has this header; of a media type, whatever its parameters and by either of XML's two
/// names (RFC 7303, section 9.1).
fn has_header(answer: &Answer, name: &str, value: &[u8]) -> bool {
    let Some(came) = answer.headers.get(name) else {
        return false;
    };
    let kind = |value: &[u8]| {
        let kind = media_type(&String::from_utf8_lossy(value)).to_ascii_lowercase();
        kind.replace("application/xml", "text/xml")
    };
    *came == value || name.eq_ignore_ascii_case("Content-Type") && kind(came) == kind(value)
}

fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// Whether a JSON text has every member of another.
fn holds(text: &[u8], wanted: &[u8]) -> bool {
    let read = |text| serde_json::from_slice::<Value>(text).ok();
    match (read(text), read(wanted)) {
        (Some(Value::Object(came)), Some(Value::Object(wanted))) => wanted
            .iter()
            .all(|(key, value)| came.get(key) == Some(value)),
        (came, wanted) => came.is_some() && came == wanted,
    }
}

/// The beginning of an answer's content, for people.
fn shown(body: &[u8]) -> String {
    if body.is_empty() {
        return "an empty body".into();
    }
    let text = String::from_utf8_lossy(body);
    let more = if text.chars().nth(SHOWN).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{}{more}`", text.chars().take(SHOWN).collect::<String>())
}
