//! Facts behind their labels, in sections, for `providers show`; settings for `config`.

use colored::Colorize as _;
use serde_json::Value;

use super::sanitize::escape;
use super::style::{join_lines, pad, width as columns};
use super::table::table;
use super::wrap::wrap;

/// The columns of the labels in front of the facts.
const LABEL_WIDTH: usize = 14;

/// Where a value comes from that nobody has set.
const NOBODY: &str = "default";

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

/// Each setting with its value and where it comes from; where there is no room for that beside it, below
/// it, and only what somebody has set.
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
    let rows: Vec<_> = settings.iter().map(row).collect();
    let whole = table(&["SETTING", "VALUE", "FROM"], rows.clone(), None);
    let Some(room) = width.filter(|room| !fits(&whole, *room)) else {
        return whole;
    };
    let labels = rows.iter().map(|row| columns(&row[0])).max().unwrap_or(0);
    let line = |name: &str, text: &str| {
        let beside = wrap(&format!("{}  {text}", pad(name, labels)), width);
        if fits(&beside, room) {
            return beside;
        }
        join_lines([name.to_owned(), format!("  {text}")])
    };
    let lines = rows.iter().map(|row| {
        let from = (row[2] != NOBODY).then(|| line("", &format!("from {}", row[2])));
        join_lines([line(&row[0], &row[1]), from.unwrap_or_default()])
    });
    let head = line(&"SETTING".bold().to_string(), &"VALUE".bold().to_string());
    join_lines(std::iter::once(head).chain(lines))
}

fn fits(text: &str, room: usize) -> bool {
    text.lines().all(|line| columns(line) <= room)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::plain;
    use super::*;

    #[test]
    fn settings_stay_one_below_the_other_where_their_origins_have_no_room() {
        let set = |name: &str, value, from: &str| (name.to_owned(), value, from.to_owned());
        let all = [
            set("url", json!(null), "default"),
            set("listen.port", json!("9000"), "/a/long/way/webhook.toml"),
            set("files", json!(["a.toml", "b.toml"]), "--config"),
        ];
        let wide = "\
SETTING      VALUE           FROM
url          -               default
listen.port  9000            /a/long/way/webhook.toml
files        a.toml, b.toml  --config";
        assert_eq!(plain(&settings(&all, None)), wide);
        assert_eq!(plain(&settings(&all, Some(60))), wide);
        let narrow = "\
SETTING      VALUE
url          -
listen.port  9000
             from /a/long/way/webhook.toml
files        a.toml, b.toml
             from --config";
        assert_eq!(plain(&settings(&all, Some(45))), narrow);
        let narrower = narrow.replace("             from /a", "  from /a");
        assert_eq!(plain(&settings(&all, Some(36))), narrower);
    }
}
