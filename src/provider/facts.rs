//! The facts of a provider, as `providers --json` prints them. Names are a contract: fields are
//! only ever added.

use serde_json::{Value, json};

use super::{
    AnswerContent, AnswerTemplate, DefinitionOrigin, DeliveryRules, EventSummary, FieldSource,
    Handshake, Provider, ProviderSetting, StatusPattern,
};
use crate::signature::{JwtRules, MessageRules, Scheme, Template, ValueSource};

impl Provider {
    /// All that is known of it.
    pub fn facts(&self) -> Value {
        let definition = &self.definition;
        let envelope = &definition.envelope;
        json!({
            "name": definition.name,
            "title": definition.title,
            "docs": definition.docs,
            "proof": definition.proof,
            "origin": self.origin.to_string(),
            "settings": definition.settings.iter().map(setting).collect::<Vec<_>>(),
            "signature": signature(&definition.signature),
            "envelope": {
                "template": envelope.template,
                "event": place(&envelope.event),
                "id": place(&envelope.id),
                "time": envelope.time.as_ref().map(ToString::to_string),
                "data": envelope.data.to_string(),
            },
            "delivery": delivery(&definition.delivery),
            "handshakes": definition.handshakes.iter().map(handshake).collect::<Vec<_>>(),
            "answer": definition.answer.as_ref().map(answer),
            "handler": {
                "path": definition.handler.path,
                "reserializes": definition.handler.reserializes,
            },
            "events": self.event_names().collect::<Vec<_>>(),
            "payloads": self.payloads(),
            "notes": definition.notes,
        })
    }

    /// How much of each event's payload is documented. What cannot be read is left out, as looking at
    /// the events themselves tells why.
    fn payloads(&self) -> Value {
        let payload = |(name, event): (&str, Result<EventSummary, _>)| {
            let event = event.ok()?;
            let facts = json!({"source": event.source, "documented": event.documented});
            Some((name.to_owned(), facts))
        };
        Value::Object(self.events().filter_map(payload).collect())
    }
}

fn setting(setting: &ProviderSetting) -> Value {
    json!({
        "name": setting.name,
        "about": setting.about,
        "default": setting.default,
        "env": setting.env,
    })
}

fn signature(scheme: &Scheme) -> Value {
    let also = scheme.also_accepted.iter();
    let also =
        also.map(|variant| json!({"value": scheme.describe(&variant.value), "note": variant.note}));
    let tolerance = scheme.tolerance.map(|tolerance| {
        json!({"past_seconds": tolerance.past_seconds, "future_seconds": tolerance.future_seconds})
    });
    json!({
        "header": scheme.header(),
        "proofs": scheme.proofs().map(source).collect::<Vec<_>>(),
        "value": scheme.describe(&scheme.value),
        "reading": scheme.value.reading.to_string(),
        "also_accepted": also.collect::<Vec<_>>(),
        "kind": scheme.kind.name(),
        "timestamp_header": scheme.time_source.as_ref().and_then(ValueSource::header),
        "timestamp_in": scheme.time_source.as_ref().map(source),
        "timestamp_unit": scheme.time_unit.to_string(),
        "id_header": scheme.id_header,
        "signed": scheme.signed.to_string(),
        "digest": scheme.digest().map(|digest| digest.to_string()),
        "encoding": scheme.encoding.to_string(),
        "secret": {
            "prefix": scheme.secret().prefix,
            "encoding": scheme.secret().encoding.to_string(),
        },
        "tolerance": tolerance,
        "jwt": scheme.jwt().map(token),
        "http_signatures": scheme.message().map(message),
        "single_use": scheme.is_single_use,
        "also_signed": scheme.also_signed.iter().map(beside).collect::<Vec<_>>(),
    })
}

/// A signature beside the first, and whether it is sent.
fn beside(scheme: &Scheme) -> Value {
    let mut facts = signature(scheme);
    facts["sent"] = scheme.is_sent.into();
    facts
}

/// What JSON Web Tokens are like, as a definition says it.
fn token(rules: &JwtRules) -> Value {
    let claims = |claims: &[(String, Template)]| {
        let claims = claims.iter();
        let claims = claims.map(|(name, is)| (name.clone(), is.to_string().into()));
        Value::Object(claims.collect())
    };
    let algorithms = rules.algorithms.iter().map(ToString::to_string);
    json!({
        "algorithms": algorithms.collect::<Vec<_>>(),
        "claims": claims(&rules.claims),
        "also_sent": claims(&rules.also_sent),
        "time_claim": rules.time_claim,
        "lifetime_seconds": rules.lifetime_seconds,
    })
}

/// What HTTP message signatures are like, as a definition says it.
fn message(rules: &MessageRules) -> Value {
    let algorithms = rules.algorithms.iter();
    let parameters = rules.parameters.iter().map(ToString::to_string);
    json!({
        "label": rules.label,
        "tag": rules.tag,
        "components": rules.components,
        "parameters": parameters.collect::<Vec<_>>(),
        "algorithms": algorithms.map(|it| it.http_name()).collect::<Vec<_>>(),
        "lifetime_seconds": rules.lifetime_seconds,
        "digest": rules.digest.to_string(),
        "normalize_url": rules.normalize_url,
    })
}

/// A place as a definition names it.
fn source(source: &ValueSource) -> Value {
    match source {
        ValueSource::Header(name) => json!({"header": name}),
        ValueSource::Path(path) => json!({"path": path.to_string()}),
        ValueSource::Query(name) => json!({"query": name}),
        ValueSource::Form(name) => json!({"form": name}),
    }
}

fn handshake(handshake: &Handshake) -> Value {
    let also = handshake.also_accepted.iter().map(answer);
    json!({
        "name": handshake.name,
        "signed": handshake.signed,
        "request": {
            "method": handshake.request.method,
            "query": members(&handshake.request.query),
            "headers": members(&handshake.request.headers),
            "format": handshake.request.format.to_string(),
            "body": handshake.request.body,
        },
        "answer": handshake.answer.as_ref().map(answer),
        "also_accepted": also.collect::<Vec<_>>(),
        "tell": handshake.tell.as_ref().map(ToString::to_string),
    })
}

fn answer(answer: &AnswerTemplate) -> Value {
    let (body, text) = match &answer.content {
        AnswerContent::Json(body) => (Some(body), None),
        AnswerContent::Text(text) => (None, Some(text.to_string())),
    };
    json!({
        "status": answer.status,
        "headers": members(&answer.headers),
        "body": body,
        "text": text,
        "exact": answer.exact,
    })
}

fn members(pairs: &[(String, impl ToString)]) -> Value {
    let members = pairs.iter();
    let members = members.map(|(name, value)| (name.clone(), Value::from(value.to_string())));
    Value::Object(members.collect())
}

fn place(source: &FieldSource) -> Value {
    match source {
        FieldSource::Header { header } => json!({"header": header}),
        FieldSource::Path(path) => json!({"path": path.to_string()}),
        FieldSource::Joined(parts) => {
            json!({"joined": parts.iter().map(place).collect::<Vec<_>>()})
        }
        FieldSource::Absent => Value::Null,
    }
}

fn delivery(rules: &DeliveryRules) -> Value {
    let waits = rules.retry.waits().map(|(wait, _)| wait.as_secs());
    json!({
        "method": rules.method,
        "headers": rules.headers,
        "timeout_seconds": rules.timeout_seconds,
        "success": StatusPattern::names(&rules.success),
        "documented_success": rules.documented_success,
        "retried": StatusPattern::names(&rules.retry.on),
        "attempts": rules.retry.attempts(),
        "counted_from": rules.retry.counted_from.to_string(),
        "waits_seconds": waits.collect::<Vec<_>>(),
        "concurrency": rules.concurrency,
        "disabled_on": StatusPattern::names(&rules.disable.on),
        "disabled_after_seconds": rules.disable.after_seconds(),
    })
}

impl StatusPattern {
    /// A set of outcomes as a definition writes it.
    pub fn names(patterns: &[Self]) -> Vec<String> {
        let name = |pattern: &Self| match pattern {
            Self::NoAnswer => "no-answer".into(),
            status => status.to_string(),
        };
        patterns.iter().map(name).collect()
    }
}

impl std::fmt::Display for DefinitionOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn | Self::Vendor => f.write_str("built in"),
            Self::Folder(folder) => write!(f, "{}", folder.display()),
        }
    }
}
