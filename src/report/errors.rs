//! What is wrong, and what to do about it: one line each.

use colored::Colorize as _;

use super::sanitize::escape;
use super::style::join_lines;

/// `error: …`, and `hint: …` below it.
pub fn error(message: &str, hint: Option<&str>) -> String {
    labelled(&"error:".red().bold().to_string(), message, hint)
}

/// `warning: …`, and `hint: …` below it.
pub fn warning(message: &str, hint: Option<&str>) -> String {
    labelled(&"warning:".yellow().bold().to_string(), message, hint)
}

/// `note: …`.
pub fn note(message: &str) -> String {
    labelled(&"note:".blue().bold().to_string(), message, None)
}

/// `hint: …`.
pub(super) fn hint(message: &str) -> String {
    labelled(&"hint:".cyan().to_string(), message, None)
}

fn labelled(label: &str, message: &str, advice: Option<&str>) -> String {
    let line = format!("{label} {}", escape(message));
    join_lines([line, advice.map(hint).unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::super::testing::plain;
    use super::*;

    #[test]
    fn one_line_of_what_is_wrong_and_one_of_what_to_do() {
        assert_eq!(
            plain(&error(
                "no event `order.creatd`",
                Some("did you mean `order.created`?")
            )),
            "error: no event `order.creatd`\nhint: did you mean `order.created`?"
        );
        assert_eq!(
            plain(&warning("nothing listens", None)),
            "warning: nothing listens"
        );
        assert_eq!(plain(&note("kept")), "note: kept");
    }

    #[test]
    fn a_message_cannot_forge_a_second_line() {
        assert_eq!(
            plain(&error("bad\nhint: run `rm`\x1b[2J", None)),
            "error: bad\\nhint: run `rm`\\x1b[2J"
        );
    }
}
