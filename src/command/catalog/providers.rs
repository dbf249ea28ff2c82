//! `webhook providers`.

use std::time::Duration;

use colored::Colorize as _;

use super::facts::{DeliveryFacts, Facts, PlaceFacts, SignatureFacts, ToleranceFacts};
use super::{print, print_lines};
use crate::cli::{GlobalArgs, ProvidersArgs, ProvidersCommand};
use crate::command::{Setup, World};
use crate::exit::{CliError, Outcome};
use crate::provider::ProviderNote;
use crate::report;
use crate::report::sanitize::escape;
use crate::report::style::pad;

/// The columns of the labels in front of the facts.
const LABEL_WIDTH: usize = 14;

/// Lists the providers, or shows one.
pub fn providers(
    args: &ProvidersArgs,
    global: &GlobalArgs,
    world: &World,
) -> Result<Outcome, CliError> {
    let setup = Setup::load(global, None, world)?;
    let (facts, json) = match &args.command {
        Some(ProvidersCommand::Show { name, json }) => {
            let facts = Facts::of(setup.provider(name)?);
            if !*json {
                print(world, &report::wrap(&sheet(&facts), world.console.width()))?;
                return Ok(Outcome::Yes);
            }
            (vec![facts], true)
        }
        None => (setup.catalogue.iter().map(Facts::of).collect(), args.json),
    };
    if json {
        print_lines(world, "provider", &facts)?;
    } else {
        print(world, &list(&facts, world.console.width()))?;
    }
    Ok(Outcome::Yes)
}

fn list(providers: &[Facts<'_>], width: Option<usize>) -> String {
    let headers = [
        "NAME",
        "TITLE",
        "HEADER",
        "SIGNATURE",
        "FRESH FOR",
        "EVENTS",
        "ORIGIN",
        "RETRIES",
    ];
    let row = |facts: &Facts<'_>| {
        vec![
            facts.name.bold().to_string(),
            facts.title.to_owned(),
            facts.signature.header.to_owned(),
            facts.signature.value.clone(),
            freshness(facts.signature.tolerance.as_ref()),
            facts.events.len().to_string(),
            facts.origin.clone(),
            retries(&facts.delivery),
        ]
    };
    report::table_or_stack(&headers, providers.iter().map(row).collect(), width)
}

fn freshness(tolerance: Option<&ToleranceFacts>) -> String {
    let span = |seconds| report::duration(Duration::from_secs(seconds));
    match tolerance {
        None => "ever".into(),
        Some(ToleranceFacts {
            past_seconds,
            future_seconds: None,
        }) => span(*past_seconds),
        Some(ToleranceFacts {
            past_seconds,
            future_seconds: Some(future),
        }) => format!("{}, {} ahead", span(*past_seconds), span(*future)),
    }
}

/// A wait in hours and less, as the documents write it: `24 h`, not a day.
fn wait(length: Duration) -> String {
    let minutes = length.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0..24, _) => report::duration(length),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The documented delays in a line: `1 min, 5 min, 30 min after the previous`.
fn retries(delivery: &DeliveryFacts<'_>) -> String {
    let from_first = delivery.counted_from == "first";
    let delays: Vec<_> = delivery
        .schedule()
        .map(|(since, total)| wait(if from_first { total } else { since }))
        .collect();
    match delays.as_slice() {
        [] => "none".into(),
        delays => format!("{} after the {}", delays.join(", "), delivery.counted_from),
    }
}

/// Everything about one provider.
fn sheet(facts: &Facts<'_>) -> String {
    let title = format!("{} ({})", escape(facts.title).bold(), escape(facts.name));
    let head = [
        title,
        fact("documents", facts.docs),
        fact("origin", &facts.origin),
        fact("events", &facts.events.join(", ")),
    ];
    let sections = [
        head.join("\n"),
        section("Signature", &signature(&facts.signature)),
        section("Envelope", &envelope(facts)),
        section("Delivery", &delivery(facts)),
        schedule(&facts.delivery),
        notes("Documented", facts.notes, |note| {
            note.source == "documented"
        }),
        notes("Assumed", facts.notes, |note| note.source != "documented"),
    ];
    let sections: Vec<_> = sections
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    sections.join("\n\n")
}

fn signature(facts: &SignatureFacts<'_>) -> Vec<String> {
    let mut lines = vec![
        fact("header", facts.header),
        fact(
            "value",
            &format!("{}, read {}", facts.value, read(facts.reading)),
        ),
    ];
    for variant in &facts.also_accepted {
        lines.push(fact("also accepted", &variant.value));
        lines.push(fact("", variant.note));
    }
    lines.extend(facts.timestamp_header.map(|header| fact("time in", header)));
    lines.extend(facts.id_header.map(|header| fact("id in", header)));
    let prefix = facts
        .secret
        .prefix
        .map(|prefix| format!(", without its `{prefix}`"));
    let secret = format!(
        "used as {}{}",
        facts.secret.encoding,
        prefix.unwrap_or_default()
    );
    lines.extend([
        fact("signed", &facts.signed),
        fact(
            "MAC",
            &format!("HMAC-{}, {}", facts.digest.to_uppercase(), facts.encoding),
        ),
        fact("secret", &secret),
        fact("fresh for", &freshness(facts.tolerance.as_ref())),
    ]);
    lines
}

fn read(reading: &str) -> &str {
    match reading {
        "positional" => "by position",
        _ => "in any order",
    }
}

fn envelope(facts: &Facts<'_>) -> Vec<String> {
    let place = |place: &PlaceFacts<'_>| match place {
        PlaceFacts::Header(header) => format!("header {header}"),
        PlaceFacts::Path(path) => (*path).to_owned(),
    };
    let envelope = &facts.envelope;
    let data = match envelope.data {
        "" => "the whole body",
        path => path,
    };
    vec![
        fact("event", &place(&envelope.event)),
        fact("id", &place(&envelope.id)),
        fact("time", envelope.time.unwrap_or("none")),
        fact("data", data),
        fact("body", &envelope.template.to_string()),
    ]
}

fn delivery(facts: &Facts<'_>) -> Vec<String> {
    let delivery = &facts.delivery;
    let success = match delivery.documented_success {
        Some(status) => format!("{} (documented is {status})", delivery.success.join(", ")),
        None => delivery.success.join(", "),
    };
    let retried = match delivery.retried.join(", ") {
        nothing if nothing.is_empty() => "nothing".into(),
        outcomes => outcomes,
    };
    let timeout = Duration::from_secs(delivery.timeout_seconds);
    let mut lines = vec![fact("method", delivery.method)];
    let headers = delivery.headers.iter();
    lines.extend(headers.map(|(name, value)| fact("header", &format!("{name}: {value}"))));
    lines.extend([
        fact("answer within", &report::duration(timeout)),
        fact("success", &success),
        fact("retried", &retried),
    ]);
    lines.extend(facts.handler.path.map(|path| fact("receiver at", path)));
    if facts.handler.reserializes {
        lines.push(fact("", "which verifies what it parsed, not the raw body"));
    }
    lines
}

/// The attempts with the wait before each, and the time since the first.
fn schedule(delivery: &DeliveryFacts<'_>) -> String {
    let row = |(index, (since, total)): (usize, (Duration, Duration))| {
        vec![format!("  {}", index + 2), wait(since), wait(total)]
    };
    let mut rows: Vec<_> = delivery.schedule().enumerate().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.insert(0, vec!["  1".into(), "at once".into(), String::new()]);
    report::table(&["  ATTEMPT", "WAIT", "SINCE THE FIRST"], rows, None)
}

fn notes(heading: &str, notes: &[ProviderNote], belongs: impl Fn(&ProviderNote) -> bool) -> String {
    let notes = notes.iter().filter(|note| belongs(note));
    let lines: Vec<_> = notes.map(|note| fact(&note.topic, &note.text)).collect();
    section(heading, &lines)
}

fn section(heading: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("{}\n{}", heading.bold(), lines.join("\n"))
}

/// A fact behind its label.
fn fact(label: &str, text: &str) -> String {
    let label = pad(&escape(label).cyan().to_string(), LABEL_WIDTH);
    format!("  {label} {}", escape(text))
}
