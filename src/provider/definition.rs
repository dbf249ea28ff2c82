//! What a `provider.json` says.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use strum::Display;

use super::FieldSource;
use super::answer::AnswerTemplate;
use super::body_format::BodyFormat;
use super::handshake::Handshake;
use super::placeholder;
use super::schedule::DeliveryRules;
use super::setting::ProviderSetting;
use crate::delivery::Severity;
use crate::json::Path;
use crate::signature::{Scheme, check_token};

/// The source of a note that tells where a documentation disagrees with itself.
const CONTRADICTORY: &str = "contradictory";

/// All that is peculiar to a provider. Its name, its signature and its envelope are enough.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Where the JSON Schema of this file is, for editors: `webhook providers schema` prints it.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// The name that flags, filters and captures use.
    pub name: String,
    /// The name that people use; where it is empty, the other one.
    #[serde(default)]
    pub title: String,
    /// Where the facts come from.
    pub docs: Option<String>,
    /// What holds the definition to what the provider does.
    #[serde(default)]
    pub proof: ProofTier,
    /// What is peculiar to an account there, and no secret.
    #[serde(default)]
    pub settings: Vec<ProviderSetting>,
    /// How it signs.
    pub signature: Scheme,
    /// What stands around an event's data.
    pub envelope: Envelope,
    /// How it delivers: method, headers, success, retries.
    #[serde(default)]
    pub delivery: DeliveryRules,
    /// How it finds out that an endpoint is its user's; by default not at all.
    #[serde(default)]
    pub handshakes: Vec<Handshake>,
    /// What it wants each delivery to be answered with, where the status alone is not enough.
    pub answer: Option<AnswerTemplate>,
    /// Values of the signature's header that its documentation shows as examples: nobody signed them.
    #[serde(default)]
    pub example_signatures: Vec<String>,
    /// What is known of the receivers that its documentation shows.
    #[serde(default)]
    pub handler: SampleHandler,
    /// What is documented, what is contradictory there, and what is assumed where it is silent.
    #[serde(default)]
    pub notes: Vec<ProviderNote>,
}

/// What holds a definition to what its provider does, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum ProofTier {
    /// A library for its users, its own or another's: a note on `proof` tells which. It takes what is sent, and
    /// refuses what is forged.
    Library,
    /// Signatures that its documentation shows, among those of `vectors.json`.
    Vectors,
    /// Its documents alone.
    #[default]
    Documents,
}

impl ProofTier {
    /// What it means, for people.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Library => "judged by a library for its users",
            Self::Vectors => "judged by signatures that its documentation shows",
            Self::Documents => "by its documents only",
        }
    }
}

impl Definition {
    /// The handshake of this name.
    pub fn handshake(&self, name: &str) -> Option<&Handshake> {
        self.handshakes
            .iter()
            .find(|handshake| handshake.name == name)
    }

    /// What there is to say of a topic.
    pub fn notes_on(&self, topic: &str) -> impl Iterator<Item = &ProviderNote> {
        self.notes.iter().filter(move |note| note.topic == topic)
    }

    /// Whether something of this topic is assumed, as the documentation is silent.
    pub fn assumes(&self, topic: &str) -> bool {
        self.notes_on(topic).any(ProviderNote::is_assumed)
    }

    /// Whether a placeholder stands in the headers or the envelope, which are the event's own.
    pub(super) fn names_outside_data(&self, placeholder: &str) -> bool {
        let mut headers = self.delivery.headers.iter();
        headers.any(|(_, value)| value.contains(placeholder))
            || has_text(&self.envelope.template, placeholder)
    }

    /// The fields that keep the definition from being used, each with what is wrong with it.
    pub(super) fn faults(&self) -> Vec<(String, String)> {
        let delivery = &self.delivery;
        let method = check_token("method", &delivery.method).err();
        let method = method.map(|problem| ("delivery.method".into(), problem));
        let headers = delivery.headers.iter().enumerate();
        let headers = headers.filter_map(|(n, (name, _))| {
            let problem = check_token("name of a header", name).err()?;
            Some((format!("delivery.headers[{n}]"), problem))
        });
        let is_idle = delivery.retry.on.is_empty() && delivery.retry.attempts() > 1;
        let retry = is_idle.then(|| {
            let problem = "names no outcome that is retried by the `schedule`";
            ("delivery.retry.on".into(), problem.into())
        });
        let sent = (!self.signature.is_sent).then(|| {
            let problem = "is for those in `also_signed` alone: this one is sent";
            ("signature.sent".into(), problem.into())
        });
        let handshakes = self.handshakes.iter().enumerate();
        let handshakes = handshakes.filter_map(|(n, handshake)| {
            let (field, problem) = handshake.check(&self.signature).err()?;
            Some((format!("handshakes[{n}].{field}"), problem))
        });
        let faults = method
            .into_iter()
            .chain(headers)
            .chain(retry)
            .chain(sent)
            .chain(handshakes);
        let faults = faults.chain(ProviderSetting::faults(&self.settings));
        faults.chain(self.envelope.faults()).collect()
    }

    /// The first name in the envelope and the headers that is no placeholder, and its field.
    pub(super) fn unknown_placeholder(&self) -> Option<(&'static str, &str)> {
        let in_headers = || {
            let mut fields = self.delivery.headers.iter();
            fields.find_map(|(_, value)| placeholder::unknown_in(value))
        };
        let in_envelope = placeholder::first_unknown(&self.envelope.template, true);
        let in_envelope = in_envelope.map(|name| ("envelope.template", name));
        in_envelope.or_else(|| Some(("delivery.headers", in_headers()?)))
    }
}

/// Whether a text stands in any string of a value.
fn has_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(items) => items.iter().any(|item| has_text(item, text)),
        Value::Object(map) => map.values().any(|item| has_text(item, text)),
        _ => false,
    }
}

/// What stands around an event's data, and where its name and id stand in it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// How the body is written.
    #[serde(default)]
    pub format: BodyFormat,
    /// The body, in key order, with `{{event}}`, `{{id:NAME}}`, `{{time}}` and `{{data}}`.
    pub template: Value,
    /// Where the event's name stands.
    pub event: FieldSource,
    /// Where the id stands by which receivers drop duplicates.
    pub id: FieldSource,
    /// The path of the event's time.
    pub time: Option<Path>,
    /// The path of the data; empty where the whole body is the data.
    #[serde(deserialize_with = "path_or_root")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub data: Path,
}

impl Envelope {
    /// The fields whose paths lead nowhere in the template, so that nothing would ever be found there.
    fn faults(&self) -> Vec<(String, String)> {
        let fields = [
            ("event", self.event.paths()),
            ("id", self.id.paths()),
            ("time", self.time.iter().collect()),
            ("data", vec![&self.data]),
        ];
        let fields = fields.into_iter().flat_map(|(field, paths)| {
            paths.into_iter().map(move |path| (field, path.to_string()))
        });
        let lost = fields.filter(|(_, path)| !self.has(path));
        lost.map(|(field, path)| {
            let path = path.escape_debug();
            let problem = format!("`envelope.template` has nothing at `{path}`");
            (format!("envelope.{field}"), problem)
        })
        .collect()
    }

    /// Whether something stands at a path of the template, or may stand there within the data.
    fn has(&self, path: &str) -> bool {
        let is_data = |value: &Value| value.as_str() == Some("{{data}}");
        let at = |path: &str| {
            let path: Path = path.parse().ok()?;
            path.unset(&mut self.template.clone()).ok()
        };
        let mut ends = path.match_indices(['.', '[']).map(|(end, _)| end);
        path.is_empty()
            || is_data(&self.template)
            || at(path).is_some()
            || ends.any(|end| {
                path.get(..end)
                    .and_then(at)
                    .is_some_and(|value| is_data(&value))
            })
    }
}

fn path_or_root<'de, D: Deserializer<'de>>(reader: D) -> Result<Path, D::Error> {
    match String::deserialize(reader)?.as_str() {
        "" => Ok(Path::ROOT),
        path => path.parse().map_err(D::Error::custom),
    }
}

/// What is known of the receivers that a provider's documentation shows.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SampleHandler {
    /// The path at which the documented receiver listens.
    pub path: Option<String>,
    /// Whether it computes the MAC over `JSON.stringify` of the parsed body.
    #[serde(default)]
    pub reserializes: bool,
    /// The lines of its code that fail a check.
    #[serde(default)]
    pub habits: Vec<KnownFlaw>,
}

/// A line of the documented receiver that fails checks of `webhook test`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KnownFlaw {
    /// The ids of those checks, with `*` for any run of characters.
    pub checks: Vec<String>,
    /// What it comes to.
    pub severity: Severity,
    /// The line as it is published.
    pub line: String,
    /// What is wrong with it, in a sentence without its full stop.
    pub fault: String,
}

/// A fact or an assumption, for people.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderNote {
    /// What it is about.
    pub topic: String,
    /// `documented`, `contradictory` where the documentation disagrees with itself, or `assumed` where
    /// it leaves it open.
    pub source: String,
    /// The fact, in a line.
    pub text: String,
}

impl ProviderNote {
    /// Whether the documentation does not say it.
    pub fn is_assumed(&self) -> bool {
        !["documented", CONTRADICTORY].contains(&self.source.as_str())
    }

    /// Whether the documentation says it in two ways.
    pub fn is_contradictory(&self) -> bool {
        self.source == CONTRADICTORY
    }
}
