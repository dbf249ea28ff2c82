//! The facts of a provider in one form: what `providers --json` prints and what the report for
//! people is made of.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::provider::{
    CountedFrom, DefinitionOrigin, DeliveryRules, FieldSource, Provider, ProviderNote,
    StatusPattern,
};
use crate::signature::{Digest, PartOrder, Scheme, Template, TemplatePiece};

/// All that is known of a provider. Names are a contract: fields are only ever added.
#[derive(Serialize)]
pub struct Facts<'a> {
    /// The name that flags use.
    pub name: &'a str,
    /// The name that people use.
    pub title: &'a str,
    /// Where the facts come from.
    pub docs: &'a str,
    /// `built in`, or the folder of a user's own.
    pub origin: String,
    /// How it signs.
    pub signature: SignatureFacts<'a>,
    /// What stands around the data.
    pub envelope: EnvelopeFacts<'a>,
    /// How it delivers.
    pub delivery: DeliveryFacts<'a>,
    /// What is known of its documented receiver.
    pub handler: HandlerFacts<'a>,
    /// Its events.
    pub events: Vec<&'a str>,
    /// What is documented, and what is assumed.
    pub notes: &'a [ProviderNote],
}

/// How a provider signs.
#[derive(Serialize)]
pub struct SignatureFacts<'a> {
    /// The header of the signature.
    pub header: &'a str,
    /// What its value looks like: `t=<unix seconds>,v1=<64 hex digits>`.
    pub value: String,
    /// `positional` or `any-order`.
    pub reading: &'static str,
    /// Other forms that are accepted.
    pub also_accepted: Vec<VariantFacts<'a>>,
    /// The header of the signed time, where it has one of its own.
    pub timestamp_header: Option<&'a str>,
    /// The header of the signed id.
    pub id_header: Option<&'a str>,
    /// The bytes under the MAC: `{timestamp}.{body}`.
    pub signed: String,
    /// `sha256` or `sha512`.
    pub digest: &'static str,
    /// `hex` or `base64`.
    pub encoding: String,
    /// How the secret becomes the key.
    pub secret: SecretFacts<'a>,
    /// How old a signature may be.
    pub tolerance: Option<ToleranceFacts>,
}

/// A form that is accepted though it is not sent.
#[derive(Serialize)]
pub struct VariantFacts<'a> {
    /// What it looks like.
    pub value: String,
    /// What is said when it is met.
    pub note: &'a str,
}

/// How the secret becomes the key.
#[derive(Serialize)]
pub struct SecretFacts<'a> {
    /// A prefix that is no part of the key.
    pub prefix: Option<&'a str>,
    /// `text`, `hex` or `base64`.
    pub encoding: String,
}

/// How old, or how far ahead, a signature may be, in seconds.
#[derive(Serialize)]
pub struct ToleranceFacts {
    /// The greatest age.
    pub past_seconds: u64,
    /// The greatest lead; `None` where only the past is rejected.
    pub future_seconds: Option<u64>,
}

/// What stands around the data.
#[derive(Serialize)]
pub struct EnvelopeFacts<'a> {
    /// The body with placeholders.
    pub template: &'a Value,
    /// Where the event's name stands.
    pub event: PlaceFacts<'a>,
    /// Where the id stands by which receivers drop duplicates.
    pub id: PlaceFacts<'a>,
    /// The path of the time.
    pub time: Option<&'a str>,
    /// The path of the data; empty where it is the whole body.
    pub data: &'a str,
}

/// Where a value stands.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceFacts<'a> {
    /// In this header.
    Header(&'a str),
    /// In the body at this path.
    Path(&'a str),
}

/// How a provider delivers.
#[derive(Serialize)]
pub struct DeliveryFacts<'a> {
    /// The method.
    pub method: &'a str,
    /// The headers besides the signature.
    pub headers: &'a [(String, String)],
    /// How long it waits for an answer.
    pub timeout_seconds: u64,
    /// What confirms a delivery.
    pub success: Vec<String>,
    /// The one status that the documentation names.
    pub documented_success: Option<u16>,
    /// What is retried.
    pub retried: Vec<String>,
    /// How many attempts there are in all.
    pub attempts: usize,
    /// From which attempt the documented delays count: `first` or `previous`.
    pub counted_from: &'static str,
    /// The waits between the attempts.
    pub waits_seconds: Vec<u64>,
}

/// What is known of the documented receiver.
#[derive(Serialize)]
pub struct HandlerFacts<'a> {
    /// The path at which it listens.
    pub path: Option<&'a str>,
    /// Whether it computes the MAC over the parsed and re-serialised body.
    pub reserializes: bool,
}

impl<'a> Facts<'a> {
    /// What the provider's definition says.
    pub fn of(provider: &'a Provider) -> Self {
        let definition = &provider.definition;
        Self {
            name: &definition.name,
            title: &definition.title,
            docs: &definition.docs,
            origin: match &provider.origin {
                DefinitionOrigin::BuiltIn => "built in".into(),
                DefinitionOrigin::Folder(folder) => folder.display().to_string(),
            },
            signature: SignatureFacts::of(&definition.signature),
            envelope: EnvelopeFacts {
                template: &definition.envelope.template,
                event: PlaceFacts::of(&definition.envelope.event),
                id: PlaceFacts::of(&definition.envelope.id),
                time: definition.envelope.time.as_deref(),
                data: &definition.envelope.data,
            },
            delivery: DeliveryFacts::of(&definition.delivery),
            handler: HandlerFacts {
                path: definition.handler.path.as_deref(),
                reserializes: definition.handler.reserializes,
            },
            events: provider.event_names().collect(),
            notes: &definition.notes,
        }
    }
}

impl<'a> SignatureFacts<'a> {
    fn of(scheme: &'a Scheme) -> Self {
        let also = scheme.also_accepted.iter().map(|variant| VariantFacts {
            value: scheme.describe(&variant.value),
            note: &variant.note,
        });
        Self {
            header: &scheme.header,
            value: scheme.describe(&scheme.value),
            reading: match scheme.value.reading {
                PartOrder::Positional => "positional",
                PartOrder::AnyOrder => "any-order",
            },
            also_accepted: also.collect(),
            timestamp_header: scheme.timestamp_header.as_deref(),
            id_header: scheme.id_header.as_deref(),
            signed: written(&scheme.signed),
            digest: match scheme.digest() {
                Digest::Sha256 => "sha256",
                Digest::Sha512 => "sha512",
            },
            encoding: scheme.encoding.to_string(),
            secret: SecretFacts {
                prefix: scheme.secret().prefix.as_deref(),
                encoding: scheme.secret().encoding.to_string(),
            },
            tolerance: scheme.tolerance.map(|tolerance| ToleranceFacts {
                past_seconds: tolerance.past_seconds,
                future_seconds: tolerance.future_seconds,
            }),
        }
    }
}

impl<'a> PlaceFacts<'a> {
    fn of(place: &'a FieldSource) -> Self {
        match place {
            FieldSource::Header { header } => Self::Header(header),
            FieldSource::Path(path) => Self::Path(path),
        }
    }
}

impl<'a> DeliveryFacts<'a> {
    fn of(rules: &'a DeliveryRules) -> Self {
        let names = |patterns: &[StatusPattern]| patterns.iter().copied().map(pattern).collect();
        let waits = (1..).map_while(|attempt| rules.retry.wait_after(attempt));
        Self {
            method: &rules.method,
            headers: &rules.headers,
            timeout_seconds: rules.timeout_seconds,
            success: names(&rules.success),
            documented_success: rules.documented_success,
            retried: names(&rules.retry.on),
            attempts: rules.retry.attempts(),
            counted_from: match rules.retry.counted_from {
                CountedFrom::First => "first",
                CountedFrom::Previous => "previous",
            },
            waits_seconds: waits.map(|wait| wait.as_secs()).collect(),
        }
    }

    /// The wait before each retry, and the time since the first attempt.
    pub fn schedule(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let waits = self
            .waits_seconds
            .iter()
            .map(|wait| Duration::from_secs(*wait));
        waits.scan(Duration::ZERO, |total, wait| {
            *total += wait;
            Some((wait, *total))
        })
    }
}

/// A set of outcomes as a definition writes it.
fn pattern(pattern: StatusPattern) -> String {
    match pattern {
        StatusPattern::NoAnswer => "no-answer".into(),
        status => status.to_string(),
    }
}

/// A template as a definition writes it.
fn written(template: &Template) -> String {
    let pieces = template.pieces().iter().map(|piece| match piece {
        TemplatePiece::Literal(text) => text,
        TemplatePiece::Timestamp => "{timestamp}",
        TemplatePiece::Id => "{id}",
        TemplatePiece::Body => "{body}",
    });
    pieces.collect()
}
