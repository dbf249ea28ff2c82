//! What GitHub Actions reads: annotations on stdout, Markdown for the summary of a step.
//!
//! The forms are those of its documentation, "Workflow commands for GitHub Actions": in a message,
//! `%` is escaped, in a property `:` and `,` as well. A message is one line.

use super::sanitize::escape;

/// An annotation, shown as a failure or as a warning: one line for stdout.
pub fn annotation(is_error: bool, title: &str, message: &str) -> String {
    let command = if is_error { "error" } else { "warning" };
    let title = data(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{command} title={title}::{}", data(message))
}

/// A table in Markdown, below a heading. Cells may hold anything.
pub fn summary(heading: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    let rule = "| --- ".repeat(columns.len());
    let mut lines = vec![
        format!("### {}", cell(heading)),
        String::new(),
        row(columns.iter().copied()),
        format!("{rule}|"),
    ];
    lines.extend(
        rows.iter()
            .map(|cells| row(cells.iter().map(String::as_str))),
    );
    lines.join("\n")
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<_> = cells.map(cell).collect();
    format!("| {} |", cells.join(" | "))
}

/// Text that is no Markdown, no HTML and no end of a cell.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn data(text: &str) -> String {
    // An annotation is shown beside others: a second line of it is cut off or unfolds them all.
    let lines: Vec<_> = text.lines().map(escape).collect();
    lines.join(" ").replace('%', "%25")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_one_line_whatever_is_in_it() {
        let line = annotation(true, "a:b, 5%", "one\ntwo, three: 5%");
        assert_eq!(line, "::error title=a%3Ab%2C 5%25::one two, three: 5%25");
        assert_eq!(annotation(false, "", "\u{1b}"), "::warning title=::\\x1b");
    }

    #[test]
    fn a_cell_cannot_end_itself() {
        let rows = [vec!["a|b".into(), "<script>\n`x`".into()]];
        let text = summary("of 5", &["check", "what"], &rows);
        let expected = "### of 5\n\n| check | what |\n| --- | --- |\n\
                        | a\\|b | &lt;script&gt;\\\\n\\`x\\` |";
        assert_eq!(text, expected);
    }
}
