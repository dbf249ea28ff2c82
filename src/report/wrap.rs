//! Prose that fits the terminal: lines are broken between words, under a hanging indent.

use super::style::width;

/// The least room that is worth breaking lines for; in less, the terminal breaks them itself.
const LEAST_ROOM: usize = 24;

/// The widest label that what follows is aligned behind.
const WIDEST_LABEL: usize = 32;

/// Every line of `text` in at most `columns` columns, where such a width is given.
///
/// What goes on stands below the text of its line: behind a label such as `hint:`, or behind the
/// gap of two spaces after a field's name. A word wider than the room stays whole, and so does a
/// command in back-ticks that fits.
pub fn wrap(text: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns else {
        return text.to_owned();
    };
    let lines: Vec<_> = text.lines().map(|line| wrap_line(line, columns)).collect();
    lines.join("\n")
}

fn wrap_line(line: &str, columns: usize) -> String {
    let (start, rest) = line.split_at(hanging(line));
    let indent = width(start);
    let room = columns.saturating_sub(indent);
    if width(line) <= columns || room < LEAST_ROOM {
        return line.to_owned();
    }
    let mut out = start.to_owned();
    let mut used = 0;
    for word in words(rest, room) {
        let needed = width(&word);
        if used > 0 && used + 1 + needed > room {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(&word);
        used += needed;
    }
    out
}

/// How many bytes of the line stand before its text: indentation, and a label where it has one.
fn hanging(line: &str) -> usize {
    let lead = line.len() - line.trim_start_matches(' ').len();
    let text = line.get(lead..).unwrap_or_default();
    let first = text.split(' ').next().unwrap_or_default();
    // The colon may stand before the sequence that ends its colour.
    if first.ends_with(':') || first.contains(":\x1b") {
        return lead + (first.len() + 1).min(text.len());
    }
    let gap = text.find("  ").unwrap_or_default();
    let label = text.get(..gap).unwrap_or_default();
    if label.is_empty() || width(label) > WIDEST_LABEL {
        return lead;
    }
    let behind = text.get(gap..).unwrap_or_default();
    line.len() - behind.trim_start_matches(' ').len()
}

/// The words of a text; what stands in a pair of back-ticks is one, where `room` takes it.
fn words(text: &str, room: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut held = Vec::new();
    for word in text.split(' ') {
        held.push(word);
        let open = held.iter().map(|w| w.matches('`').count()).sum::<usize>() % 2 == 1;
        if !open {
            words.push(held.join(" "));
            held.clear();
        }
    }
    // A back-tick without its partner holds nothing together.
    words.extend(held.into_iter().map(str::to_owned));
    let fitting = |word: String| {
        if width(&word) <= room {
            return vec![word];
        }
        word.split(' ').map(str::to_owned).collect()
    };
    words.into_iter().flat_map(fitting).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::plain;
    use super::super::{error, note};
    use super::*;

    #[test]
    fn what_goes_on_stands_below_its_text() {
        let text = error(
            "one two three four five six",
            Some("seven `eight nine` ten eleven twelve"),
        );
        let expected = "\
error: one two three four five
       six
hint: seven `eight nine` ten
      eleven twelve";
        assert_eq!(plain(&wrap(&text, Some(31))), expected);
        let field = "  also ok    one two three four five six seven";
        let expected = "  also ok    one two three four five\n             six seven";
        assert_eq!(wrap(field, Some(37)), expected);
        let bare = "      one two three four five six";
        assert_eq!(
            wrap(bare, Some(30)),
            "      one two three four five\n      six"
        );
    }

    #[test]
    fn a_command_stays_whole_where_it_fits() {
        let text = "start it, then say `webhook replay @last` once more";
        let expected = "start it, then say\n`webhook replay @last` once\nmore";
        assert_eq!(wrap(text, Some(28)), expected);
        let odd = "a ` that nothing closes lets the words after it go apart";
        assert!(wrap(odd, Some(30)).lines().all(|line| line.len() <= 30));
    }

    #[test]
    fn what_fits_or_has_no_terminal_stays_as_it_is() {
        let text = note("a message of some length that fills no line");
        assert_eq!(wrap(&text, None), text);
        assert_eq!(wrap(&text, Some(200)), text);
        assert_eq!(wrap(&text, Some(10)), text, "too narrow to be worth it");
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_too_wide(text in "[a-z日` ]{0,200}", columns in 40_usize..90) {
            let shown = wrap(&format!("hint: {text}"), Some(columns));
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&shown), words(&format!("hint: {text}")));
            let narrow = |line: &str| width(line) <= columns || !line.trim().trim_start_matches("hint: ").contains(' ');
            prop_assert!(shown.lines().all(narrow), "{}", shown);
        }
    }
}
