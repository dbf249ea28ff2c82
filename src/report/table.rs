//! Columns for `log`, `events`, `providers`, `config` and `verify`.

use std::borrow::Cow;
use std::iter;

use colored::Colorize as _;

use super::sanitize::escape_styled;
use super::style::{cut, pad, width};
use super::wrap::wrap;

/// What stands between two columns.
const GAP: &str = "  ";

/// The least that the last column is cut down to; where there is less room, it is left out.
const LEAST_LAST: usize = 8;

/// The least that prose is folded to beside the other columns.
const LEAST_PROSE: usize = 26;

/// Rows in aligned columns below their headers, without borders.
///
/// Cells may carry colours; everything else that a terminal would obey is escaped. Where `total`
/// columns are given and a row is wider, its last cell is cut and ends in `…`. Without rows there
/// is no table.
pub fn table(headers: &[&str], rows: Vec<Vec<String>>, total: Option<usize>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let headers: Vec<String> = headers.iter().map(|h| h.bold().to_string()).collect();
    let mut rows: Vec<Vec<String>> = rows.into_iter().map(safe).collect();
    rows.insert(0, headers);
    let mut widths = widths(&rows);
    while total.is_some_and(|total| least_width(&widths) > total) && widths.len() > 1 {
        widths.pop();
    }
    for row in &mut rows {
        row.truncate(widths.len());
    }
    let columns: usize = widths.iter().map(|width| width + GAP.len()).sum();
    let mut text = String::with_capacity(rows.len() * columns);
    for row in &rows {
        if !text.is_empty() {
            text.push('\n');
        }
        push_line(&mut text, row, &widths, total);
    }
    text
}

/// The same where the last cell is prose that is to be read whole: where a row is wider than `total`, it
/// is broken between words, in its column where there is room for that, else below its row.
pub fn table_with_prose(headers: &[&str], rows: Vec<Vec<String>>, total: Option<usize>) -> String {
    let Some(total) = total else {
        return table(headers, rows, None);
    };
    let whole = table(headers, rows.clone(), None);
    if whole.lines().all(|line| width(line) <= total) {
        return whole;
    }
    let mut rows: Vec<Vec<String>> = rows.into_iter().map(safe).collect();
    let prose: Vec<_> = rows.iter_mut().filter_map(Vec::pop).collect();
    let (Some((last, headers)), false) = (headers.split_last(), prose.is_empty()) else {
        return whole;
    };
    let before = table(headers, rows, Some(total));
    let used = before.lines().map(width).max().unwrap_or_default() + GAP.len();
    let is_beside = total >= used + LEAST_PROSE;
    let indent = if is_beside { used } else { 2 * GAP.len() };
    let title = last.bold().to_string();
    let texts = std::iter::once(&title).chain(&prose);
    let lines = before.lines().zip(texts).map(|(line, text)| {
        let folded = wrap(text, Some(total.saturating_sub(indent)));
        let below = super::style::indent(&folded, &" ".repeat(indent));
        if folded.is_empty() {
            line.trim_end().to_owned()
        } else if is_beside {
            format!("{}{}", pad(line, used), below.trim_start())
        } else {
            format!("{}\n{below}", line.trim_end())
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same where every cell is to be read whole: what is wider than `total` stands stacked, each
/// row's first cell above its others, which are labelled by their headers and broken into lines.
pub fn table_or_stack(headers: &[&str], rows: Vec<Vec<String>>, total: Option<usize>) -> String {
    let text = table(headers, rows.clone(), None);
    let fits = |room| text.lines().all(|line| width(line) <= room);
    if total.is_none_or(fits) {
        return text;
    }
    let labels: Vec<String> = headers.iter().map(|h| h.to_lowercase()).collect();
    let columns = labels.iter().map(|l| width(l)).max().unwrap_or_default();
    let stacks = rows.into_iter().map(|row| {
        let mut cells = safe(row).into_iter();
        let mut lines = vec![cells.next().unwrap_or_default()];
        let labelled = labels.iter().skip(1).zip(cells);
        let labelled = labelled.filter(|(_, cell)| !cell.is_empty());
        lines.extend(labelled.map(|(label, cell)| {
            let label = pad(&label.dimmed().to_string(), columns);
            wrap(&format!("{GAP}{label}{GAP}{cell}"), total)
        }));
        lines.join("\n")
    });
    stacks.collect::<Vec<_>>().join("\n\n")
}

/// The columns that a row takes at least, its last cell being cut.
fn least_width(widths: &[usize]) -> usize {
    let last = widths.last().map_or(0, |last| (*last).min(LEAST_LAST));
    let before = widths.iter().rev().skip(1).map(|width| width + GAP.len());
    before.sum::<usize>() + last
}

fn safe(row: Vec<String>) -> Vec<String> {
    let escaped = |cell: String| match escape_styled(&cell) {
        Cow::Borrowed(_) => cell,
        Cow::Owned(escaped) => escaped,
    };
    row.into_iter().map(escaped).collect()
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = width(cell).max(*widest);
        }
    }
    widths
}

fn push_line(out: &mut String, row: &[String], widths: &[usize], total: Option<usize>) {
    let Some((last, before)) = row.split_last() else {
        return;
    };
    let begin = out.len();
    let mut used = 0;
    for (cell, columns) in before.iter().zip(widths) {
        out.push_str(cell);
        let missing = columns.saturating_sub(width(cell)) + GAP.len();
        out.extend(iter::repeat_n(' ', missing));
        used += columns + GAP.len();
    }
    let room = total.map(|total| total.saturating_sub(used).max(LEAST_LAST));
    match room {
        Some(room) => out.push_str(&cut(last, room)),
        None => out.push_str(last),
    }
    out.truncate(out.trim_end().len().max(begin));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::plain;
    use super::*;

    fn rows(cells: &[&[&str]]) -> Vec<Vec<String>> {
        let row = |row: &&[&str]| row.iter().map(ToString::to_string).collect();
        cells.iter().map(row).collect()
    }

    #[test]
    fn columns_align_whatever_is_in_them() {
        colored::control::set_override(true);
        let green = "ok".green().to_string();
        let rows = rows(&[
            &["日本", &green, "one"],
            &["a", "", ""],
            &["abcdef", "b\x1b[2J", "two"],
        ]);
        let expected = "\
NAME    VERDICT   NOTE
日本    ok        one
a
abcdef  b\\x1b[2J  two";
        let text = table(&["NAME", "VERDICT", "NOTE"], rows, None);
        assert_eq!(plain(&text), expected);
        assert!(text.contains(&green));
    }

    #[test]
    fn the_last_column_is_cut_to_the_width() {
        let rows = rows(&[
            &["a", "a long description"],
            &["b", "short"],
            &["c", "日本語日本語日本語"],
        ]);
        let expected = "\
N  TEXT
a  a long descr…
b  short
c  日本語日本語…";
        assert_eq!(plain(&table(&["N", "TEXT"], rows, Some(16))), expected);
    }

    #[test]
    fn what_has_no_room_beside_the_others_stands_below() {
        let headers = ["NAME", "WHAT IT IS", "WHY"];
        let rows = rows(&[
            &[
                "a",
                "a long description of it",
                "a reason that goes on and on",
            ],
            &["b", "short", ""],
        ]);
        let wide = table(&headers, rows.clone(), None);
        assert_eq!(table_or_stack(&headers, rows.clone(), None), wide);
        assert_eq!(table_or_stack(&headers, rows.clone(), Some(80)), wide);
        let expected = "\
a
  what it is  a long description of it
  why         a reason that goes on and
              on

b
  what it is  short";
        assert_eq!(plain(&table_or_stack(&headers, rows, Some(40))), expected);
    }

    #[test]
    fn prose_is_folded_in_its_column_or_below_and_nothing_of_it_is_cut() {
        let text = "an order was modified in one of many ways";
        let rows = rows(&[&["order.updated", text], &["a", "short"], &["b", ""]]);
        let of = |room| plain(&table_with_prose(&["EVENT", "WHAT"], rows.clone(), room));
        let whole = of(None);
        assert_eq!(of(Some(80)), whole);
        let beside = "\
EVENT          WHAT
order.updated  an order was modified in one
               of many ways
a              short
b";
        assert_eq!(of(Some(43)), beside);
        let below = "\
EVENT
    WHAT
order.updated
    an order was modified in
    one of many ways
a
    short
b";
        assert_eq!(of(Some(30)), below);
    }

    #[test]
    fn without_rows_there_is_nothing() {
        assert_eq!(table(&["N"], Vec::new(), None), "");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(cells in prop::collection::vec("[a-z日é ]{0,30}", 1..8), total in 12_usize..40) {
            let rows = cells.into_iter().map(|cell| vec!["id".to_owned(), cell.red().to_string()]).collect();
            for line in table(&["A", "B"], rows, Some(total)).lines() {
                prop_assert!(width(line) <= total, "{}", line);
            }
        }
    }
}
