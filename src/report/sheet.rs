//! Facts behind their labels, in sections, for `providers show`; settings for `config`.

use colored::Colorize as _;
use serde_json::Value;

use super::sanitize::escape;
use super::style::pad;
use super::table::table_or_stack;

/// The columns of the labels in front of the facts.
const LABEL_WIDTH: usize = 14;

/// The lines of facts, each behind its label; a fact without a label goes on with the one before.
pub(super) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let line = |(label, text): (&str, String)| {
        let label = pad(&escape(label).cyan().to_string(), LABEL_WIDTH);
        format!("  {label} {}", escape(&text))
    };
    facts.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Facts below a heading; nothing where there is none.
pub(super) fn section<'a>(
    heading: &str,
    of: impl IntoIterator<Item = (&'a str, String)>,
) -> String {
    match facts(of) {
        none if none.is_empty() => none,
        lines => format!("{}\n{lines}", heading.bold()),
    }
}

/// Each setting with its value and where it comes from.
pub fn settings(settings: &[(String, Value, String)], width: Option<usize>) -> String {
    let row = |(name, value, origin): &(String, Value, String)| {
        let value = match value {
            Value::String(text) => escape(text).into_owned(),
            Value::Array(items) if !items.is_empty() => {
                let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                escape(&items.join(", ")).into_owned()
            }
            Value::Null | Value::Array(_) => "-".dimmed().to_string(),
            other => other.to_string(),
        };
        let name = escape(name).bold().to_string();
        vec![name, value, escape(origin).into_owned()]
    };
    let rows = settings.iter().map(row).collect();
    table_or_stack(&["SETTING", "VALUE", "FROM"], rows, width)
}
