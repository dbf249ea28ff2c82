//! Facts behind their labels, in sections, for `providers show`.

use colored::Colorize as _;

use super::sanitize::escape;
use super::style::pad;

/// The columns of the labels in front of the facts.
const LABEL_WIDTH: usize = 14;

/// The lines of facts, each behind its label; a fact without a label goes on with the one before.
pub fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let line = |(label, text): (&str, String)| {
        let label = pad(&escape(label).cyan().to_string(), LABEL_WIDTH);
        format!("  {label} {}", escape(&text))
    };
    facts.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Facts below a heading; nothing where there is none.
pub fn section<'a>(heading: &str, of: impl IntoIterator<Item = (&'a str, String)>) -> String {
    match facts(of) {
        none if none.is_empty() => none,
        lines => format!("{}\n{lines}", heading.bold()),
    }
}
