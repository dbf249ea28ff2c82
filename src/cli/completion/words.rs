//! Bash breaks the words of a line where the shell itself does not.
//!
//! Its completion hands over `--provider=oly` as `--provider`, `=`, `oly`, and `@last` as `@`,
//! `last`: whatever stands in `COMP_WORDBREAKS`. The engine takes them for words of their own, so
//! they are joined again here. A `=` that was typed as a word is joined, too; no command takes one.

use std::ffi::OsString;

/// A command line in the words of the shell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TypedLine {
    pub words: Vec<OsString>,
    /// Which word is completed.
    pub index: usize,
    /// What of that word bash keeps: it replaces only what follows.
    pub kept: String,
}

impl TypedLine {
    /// Joins what bash has broken; `index` is the piece that is completed.
    pub fn join(pieces: &[OsString], index: usize) -> Self {
        let mut line = Self::default();
        let mut is_open = false;
        for (place, piece) in pieces.iter().enumerate() {
            let is_current = place == index;
            // Bash replaces the `@` along with what follows it, and hands over both.
            let is_whole = is_current && piece.to_string_lossy().starts_with('@');
            if is_whole && is_open {
                line.words.pop();
            }
            let joins = !is_whole && (is_open || is_break(piece, "=:"));
            if is_current && joins {
                line.kept = line.last_text();
            }
            line.push(piece, joins);
            if is_current {
                line.index = line.words.len() - 1;
            }
            is_open = !is_current && is_break(piece, "=:@");
        }
        line
    }

    fn push(&mut self, piece: &OsString, joins: bool) {
        match self.words.last_mut() {
            Some(word) if joins => word.push(piece),
            _ => self.words.push(piece.clone()),
        }
    }

    fn last_text(&self) -> String {
        let last = self.words.last();
        last.map_or_else(String::new, |word| word.to_string_lossy().into_owned())
    }
}

/// Whether a piece is nothing but characters at which words are broken.
fn is_break(piece: &OsString, breaks: &str) -> bool {
    let text = piece.to_string_lossy();
    !text.is_empty() && text.chars().all(|c| breaks.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joins pieces that stand between spaces, the last of which is completed.
    fn joined(pieces: &str) -> (String, usize, String) {
        let pieces: Vec<OsString> = pieces.split(' ').map(Into::into).collect();
        let line = TypedLine::join(&pieces, pieces.len() - 1);
        let words: Vec<_> = line
            .words
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        (words.join(" "), line.index, line.kept)
    }

    #[test]
    fn broken_words_are_joined() {
        for (pieces, words, index, kept) in [
            ("w send ord", "w send ord", 2, ""),
            (
                "w send --provider = oly",
                "w send --provider=oly",
                2,
                "--provider=",
            ),
            (
                "w send --provider = oly ord",
                "w send --provider=oly ord",
                3,
                "",
            ),
            ("w log show @ @la", "w log show @la", 3, ""),
            ("w log diff @ last dlv", "w log diff @last dlv", 4, ""),
            ("w send --set a = b ord", "w send --set a=b ord", 4, ""),
            (
                "w send -u http : //h : 80 ord",
                "w send -u http://h:80 ord",
                4,
                "",
            ),
            ("w send ", "w send ", 2, ""),
            ("w", "w", 0, ""),
        ] {
            assert_eq!(
                joined(pieces),
                (words.into(), index, kept.into()),
                "{pieces}"
            );
        }
    }

    #[test]
    fn an_index_behind_the_line_is_no_panic() {
        assert_eq!(TypedLine::join(&[], 3), TypedLine::default());
    }
}
