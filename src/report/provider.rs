//! What is known of providers, for `webhook providers`.

use std::time::Duration;

use colored::Colorize as _;

use super::event::ListedEvent;
use super::handshake;
use super::proof::{beside, proof, settings};
use super::sanitize::escape;
use super::sheet;
use super::table::{table, table_or_stack};
use super::units::{duration, in_hours};
use super::wrap::wrap;
use crate::provider::{
    CountedFrom, Definition, FieldSource, Provenance, Provider, ProviderNote, Retry, StatusPattern,
};
use crate::signature::{PartOrder, Scheme, ValueSource};

/// The providers in a table, a row each.
pub fn providers(providers: &[&Provider], width: Option<usize>) -> String {
    let headers = "NAME TITLE HEADER SIGNATURE EXPIRES EVENTS PROOF ORIGIN RETRIES";
    let headers: Vec<_> = headers.split(' ').collect();
    let row = |provider: &&Provider| {
        let definition = &provider.definition;
        let scheme = &definition.signature;
        vec![
            escape(&definition.name).bold().to_string(),
            escape(&definition.title).into_owned(),
            escape(&place(scheme, end_of)).into_owned(),
            escape(&scheme.describe(&scheme.value)).into_owned(),
            freshness(scheme),
            provider.event_names().count().to_string(),
            definition.proof.to_string(),
            provider.origin.to_string(),
            retries(&definition.delivery.retry),
        ]
    };
    table_or_stack(&headers, providers.iter().map(row).collect(), width)
}

fn freshness(scheme: &Scheme) -> String {
    let span = |seconds| duration(Duration::from_secs(seconds));
    let Some(tolerance) = scheme.tolerance else {
        return "never".into();
    };
    let past = span(tolerance.past_seconds);
    match tolerance.future_seconds {
        None => past,
        Some(future) => format!("{past} old, {} early", span(future)),
    }
}

/// The documented delays in a line: `1 min, 5 min, 30 min after the previous`.
fn retries(retry: &Retry) -> String {
    let delays = retry
        .waits()
        .map(|(since, total)| match retry.counted_from {
            CountedFrom::First => in_hours(total),
            CountedFrom::Previous => in_hours(since),
        });
    let delays: Vec<_> = delays.collect();
    if delays.is_empty() {
        return "none".into();
    }
    format!("{} after the {}", delays.join(", "), retry.counted_from)
}

/// Everything about one provider, with its events, and the public half of the local pair where there is
/// one.
pub fn provider(
    provider: &Provider,
    events: &[ListedEvent<'_>],
    local_key: Option<&str>,
    width: Option<usize>,
) -> String {
    let definition = &provider.definition;
    let docs = definition.docs.clone();
    let head = sheet::facts([
        ("documents", docs.unwrap_or_else(|| "-".into())),
        ("origin", provider.origin.to_string()),
        ("proof", proof_tier(definition)),
    ]);
    let title = escape(&definition.title).bold();
    let mut signing = signature(&definition.signature);
    let labels = std::iter::once("local key").chain(std::iter::repeat(""));
    let lines = local_key.iter().flat_map(|key| key.lines());
    signing.extend(labels.zip(lines.map(str::to_owned)));
    let sections = [
        format!("{title} ({})\n{head}", escape(&definition.name)),
        sheet::section("Events, by their payloads", payloads(events)),
        sheet::section("Signature", signing),
        sheet::section("Settings", settings(&definition.settings)),
        sheet::section("Envelope", envelope(definition)),
        sheet::section("Delivery", delivery(definition)),
        sheet::section("Handshakes", handshake::handshakes(definition)),
        schedule(&definition.delivery.retry),
        notes(definition, "Documented", |note| note.source == "documented"),
        notes(definition, "Contradictory", ProviderNote::is_contradictory),
        notes(definition, "Assumed", ProviderNote::is_assumed),
    ];
    let sections = sections.into_iter().filter(|text| !text.is_empty());
    let sections: Vec<_> = sections.collect();
    wrap(&sections.join("\n\n"), width)
}

/// What holds a definition to its provider, with the library that judges it.
fn proof_tier(definition: &Definition) -> String {
    let tier = definition.proof.about().to_owned();
    let by = definition.notes_on("proof").map(|note| note.text.as_str());
    let parts: Vec<_> = std::iter::once(tier.as_str()).chain(by).collect();
    parts.join(": ")
}

/// The events whose payloads are documented, those where a part is, and those where none is.
fn payloads(events: &[ListedEvent<'_>]) -> Vec<(&'static str, String)> {
    let of = |source: Provenance| {
        let events = events
            .iter()
            .filter(move |(_, _, event)| event.source == source);
        let names = events.map(|(_, name, event)| match source {
            Provenance::DocumentedInPart => format!("{name}: {}", event.documented_part()),
            _ => (*name).to_owned(),
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let all = [
        ("documented", of(Provenance::Documented)),
        ("in part", of(Provenance::DocumentedInPart)),
        ("inferred", of(Provenance::Inferred)),
    ];
    let all = all.into_iter();
    all.filter(|(_, names)| !names.is_empty()).collect()
}

/// The header's name, or what else holds a value.
fn short(source: &ValueSource) -> String {
    match source.header() {
        Some(name) => name.to_owned(),
        None => source.to_string(),
    }
}

/// The widest place that stands whole in a table.
const WIDEST_PLACE: usize = 44;

/// A place, of a long path only its last part.
fn end_of(place: String) -> String {
    match place.rsplit_once('.') {
        Some((before, last)) if before.len() + last.len() > WIDEST_PLACE => format!("`….{last}"),
        _ => place,
    }
}

/// Where signatures stand.
fn place(scheme: &Scheme, shown: fn(String) -> String) -> String {
    let places: Vec<_> = scheme.proofs().map(short).map(shown).collect();
    places.join(", ")
}

fn signature(scheme: &Scheme) -> Vec<(&str, String)> {
    let reading = match scheme.value.reading {
        _ if scheme.value.parts.len() == 1 => "",
        PartOrder::Positional => ", read by position",
        PartOrder::AnyOrder => ", read in any order",
    };
    let value = scheme.describe(&scheme.value);
    let mut facts = vec![
        ("header", place(scheme, |whole| whole)),
        ("value", format!("{value}{reading}")),
    ];
    for variant in &scheme.also_accepted {
        facts.push(("also accepted", scheme.describe(&variant.value)));
        facts.push(("", variant.note.clone()));
    }
    let time = scheme.time_source.as_ref().map(short);
    let separate = [("time in", time), ("id in", scheme.id_header.clone())];
    facts.extend(
        separate
            .into_iter()
            .filter_map(|(label, place)| Some((label, place?))),
    );
    facts.extend(proof(scheme));
    facts.extend(beside(scheme));
    facts.push(("expires", freshness(scheme)));
    facts
}

/// Where an event's name or id stands.
fn field(place: &FieldSource) -> String {
    match place {
        FieldSource::Header { header } => format!("header {header}"),
        FieldSource::Path(path) => path.to_string(),
        FieldSource::Joined(parts) => {
            let parts: Vec<_> = parts.iter().map(field).collect();
            parts.join(", then ")
        }
        FieldSource::Absent => "none".into(),
    }
}

fn envelope(definition: &Definition) -> Vec<(&str, String)> {
    let envelope = &definition.envelope;
    let data = Some(envelope.data.to_string()).filter(|path| !path.is_empty());
    let time = envelope.time.as_ref().map(ToString::to_string);
    let mut facts = vec![
        ("event", field(&envelope.event)),
        ("id", field(&envelope.id)),
        ("time", time.unwrap_or_else(|| "none".into())),
        ("data", data.unwrap_or_else(|| "the whole body".into())),
    ];
    let template = format!("{:#}", envelope.template);
    let labels = std::iter::once("body").chain(std::iter::repeat(""));
    facts.extend(labels.zip(template.lines().map(str::to_owned)));
    facts
}

fn delivery(definition: &Definition) -> Vec<(&str, String)> {
    let rules = &definition.delivery;
    let documented = rules.documented_success;
    let documented = documented.map(|status| format!(" (documented is {status})"));
    let success = StatusPattern::names(&rules.success).join(", ");
    let retried = match StatusPattern::names(&rules.retry.on).join(", ") {
        nothing if nothing.is_empty() => "nothing".into(),
        outcomes => outcomes,
    };
    let mut facts = vec![("method", rules.method.clone())];
    let headers = rules.headers.iter();
    let mark = |topic| mark(definition, topic);
    facts.extend(headers.map(|(name, value)| {
        let is_type = name.eq_ignore_ascii_case("Content-Type");
        let mark = if is_type { mark("content type") } else { "" };
        ("header", format!("{name}: {value}{mark}"))
    }));
    let deadline = duration(rules.timeout());
    facts.extend([
        ("answer within", deadline + mark("deadline")),
        ("success", success + &documented.unwrap_or_default()),
        ("retried", retried + mark("retried")),
        (
            "counted from",
            format!("the {} attempt{}", rules.retry.counted_from, mark("waits")),
        ),
        (
            "at once",
            format!(
                "{} to one endpoint{}",
                rules.concurrency,
                mark("concurrency")
            ),
        ),
    ]);
    let answer = definition.answer.as_ref();
    facts.extend(answer.map(|answer| ("answer", handshake::answer(answer))));
    let handler = &definition.handler;
    let path = handler.path.as_ref();
    facts.extend(path.map(|path| ("receiver at", format!("{path}{}", mark("receiver")))));
    if handler.reserializes {
        let flaw = "which verifies what it parsed, not the raw body";
        facts.push(("", flaw.into()));
    }
    facts
}

/// What is said behind a fact of this topic that is not simply documented: the notes tell more.
fn mark(definition: &Definition, topic: &str) -> &'static str {
    if definition
        .notes_on(topic)
        .any(ProviderNote::is_contradictory)
    {
        " (contradictory)"
    } else if definition.assumes(topic) {
        " (assumed)"
    } else {
        ""
    }
}

/// The attempts with the wait before each, and the time since the first.
fn schedule(retry: &Retry) -> String {
    let row = |(index, (since, total))| {
        vec![format!("  {}", index + 2), in_hours(since), in_hours(total)]
    };
    let mut rows: Vec<_> = retry.waits().enumerate().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.insert(0, vec!["  1".into(), "at once".into(), String::new()]);
    table(&["  ATTEMPT", "WAIT", "SINCE THE FIRST"], rows, None)
}

fn notes(definition: &Definition, heading: &str, of: impl Fn(&ProviderNote) -> bool) -> String {
    let notes = definition.notes.iter();
    let notes = notes.filter(|note| of(note));
    sheet::section(
        heading,
        notes.map(|note| (note.topic.as_str(), note.text.clone())),
    )
}
