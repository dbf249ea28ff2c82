//! Events, their payloads and faults, for `webhook events`.

use colored::Colorize as _;
use strum::VariantArray as _;

use super::sanitize::escape;
use super::sheet;
use super::table::{table_or_stack, table_with_prose};
use super::wrap::wrap;
use crate::provider::{EventSummary, Fault, Provenance, Provider};

/// An event of a provider, by its name.
pub type ListedEvent<'p> = (&'p Provider, &'p str, EventSummary);

/// The events in a table, and below it which fields of those are documented of which a part is.
///
/// The provider stands in every row, so that a line that `grep` picks says whose event it is; all
/// but the first of a group are dim.
pub fn events<'p>(events: &[ListedEvent<'p>], width: Option<usize>) -> String {
    // Of a group all rows but the first are alike, and so are those of a source.
    let mut group = ("", String::new());
    let inferred = Provenance::Inferred.to_string().dimmed().to_string();
    let row = |(provider, name, event): &ListedEvent<'p>| {
        let shown = if group.0 == provider.name() {
            group.1.clone()
        } else {
            let name = escape(provider.name());
            group = (provider.name(), name.dimmed().to_string());
            name.bold().to_string()
        };
        let source = match event.source {
            Provenance::Inferred => inferred.clone(),
            source => source.to_string(),
        };
        vec![
            shown,
            escape(name).into_owned(),
            source,
            escape(&event.description).into_owned(),
        ]
    };
    let headers = ["PROVIDER", "EVENT", "PAYLOAD", "DESCRIPTION"];
    let table = table_with_prose(&headers, events.iter().map(row).collect(), width);
    match documented_parts(events) {
        none if none.is_empty() => table,
        parts => format!("{table}\n\n{}", wrap(&parts, width)),
    }
}

/// Which fields of the payloads that are documented in part are.
fn documented_parts(events: &[ListedEvent<'_>]) -> String {
    let in_part = events
        .iter()
        .filter(|(_, _, event)| event.source == Provenance::DocumentedInPart);
    let lines = in_part.map(|(provider, name, event)| {
        let part = event.documented_part();
        (provider.name(), format!("{name}: {part}"))
    });
    sheet::section("Documented in part, the other fields are inferred", lines)
}

/// What can be sent wrong on purpose.
pub fn faults(width: Option<usize>) -> String {
    let row = |fault: Fault| {
        let name = fault.to_string().bold().to_string();
        vec![name, fault.effect().to_owned(), fault.expected().to_owned()]
    };
    let headers = ["FAULT", "WHAT IS SENT", "A CORRECT RECEIVER ANSWERS"];
    let rows = Fault::VARIANTS.iter().copied().map(row).collect();
    table_or_stack(&headers, rows, width)
}
