//! Bash, which breaks the words of a line where the shell itself does not.
//!
//! Its completion hands over `--provider=oly` as `--provider`, `=`, `oly`, and `@last` as `@`,
//! `last`: whatever stands in `COMP_WORDBREAKS`. The engine takes them for words of their own, so
//! they are joined again here. A `=` that was typed as a word is joined, too; no command takes one.

use std::ffi::OsString;
use std::io::{Error, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;
use clap_complete::env::{Bash as Engine, EnvCompleter};

use super::sparing::{index_of_process, is_timely};

/// The adapter of `clap_complete`, with the words joined.
#[derive(Debug, Clone, Copy)]
pub struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        Engine.name()
    }

    fn is(&self, name: &str) -> bool {
        Engine.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> Result<(), Error> {
        Engine.write_registration(var, name, bin, completer, buf)
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> Result<(), Error> {
        let variable = |name| std::env::var(name).ok();
        let separator = variable("_CLAP_IFS").unwrap_or_else(|| "\n".into());
        let line = Line::join(&args, index_of_process().unwrap_or_default());
        let typed = line.words.get(line.index).cloned().unwrap_or_default();
        let candidates = complete(cmd, line.words, line.index, current_dir)?;
        let timely = candidates
            .iter()
            .filter(|candidate| is_timely(candidate.get_value().as_encoded_bytes(), &typed));
        let values = timely.map(|candidate| {
            let value = candidate.get_value().to_string_lossy();
            let rest = value.strip_prefix(line.kept.as_str()).unwrap_or(&value);
            rest.to_owned()
        });
        buf.write_all(values.collect::<Vec<_>>().join(&separator).as_bytes())
    }
}

/// A line in the words of the shell.
#[derive(Debug, Default, PartialEq, Eq)]
struct Line {
    words: Vec<OsString>,
    /// Which word is completed.
    index: usize,
    /// What of that word bash keeps: it replaces only what follows.
    kept: String,
}

impl Line {
    /// Joins what bash has broken; `index` is the piece that is completed.
    fn join(pieces: &[OsString], index: usize) -> Self {
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
        let line = Line::join(&pieces, pieces.len() - 1);
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
        assert_eq!(Line::join(&[], 3), Line::default());
    }
}
