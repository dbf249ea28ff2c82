//! A file of `KEY=VALUE` lines, read as Node and Docker read their `--env-file`: literally, so that a
//! secret is what stands there. The lines of other programs beside it harm nothing.

use crate::delivery::text;

/// What an env file holds.
#[derive(Clone, Default)]
pub(super) struct EnvFile {
    /// Names and values, in their order.
    pub(super) variables: Vec<(String, String)>,
    /// The numbers of the lines that are no `KEY=VALUE`.
    pub(super) skipped: Vec<usize>,
    /// The lines that a shell reads otherwise, each with its name: blanks without quotes, a `$`.
    pub(super) doubtful: Vec<(usize, String)>,
}

/// Reads such a file.
pub(super) fn read(bytes: &[u8]) -> EnvFile {
    let (bytes, _) = text::decode(bytes);
    let mut found = EnvFile::default();
    let mut rest = &bytes[..];
    let mut number = 1;
    while !rest.is_empty() {
        let line = line_of(rest);
        let taken = found.take(line, rest, number).max(line.len() + 1);
        let (done, left) = rest.split_at(taken.min(rest.len()));
        number += done.split(|byte| *byte == b'\n').count() - 1;
        rest = left;
    }
    found
}

fn line_of(bytes: &[u8]) -> &[u8] {
    bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default()
}

/// What may stand around a value. Other blanks, which nobody sees, are part of it, so that it can be said.
const BLANKS: [char; 3] = [' ', '\t', '\r'];

impl EnvFile {
    /// Takes one line, or a value in quotes that goes on behind it; returns how many bytes of `rest`
    /// that was, where it was more than the line.
    fn take(&mut self, line: &[u8], rest: &[u8], number: usize) -> usize {
        let Ok(text) = std::str::from_utf8(line) else {
            self.skipped.push(number);
            return 0;
        };
        let text = text.trim_matches(BLANKS);
        if text.is_empty() || text.starts_with('#') {
            return 0;
        }
        let pair = text.strip_prefix("export ").unwrap_or(text).split_once('=');
        let Some((name, value)) =
            pair.map(|(name, value)| (name.trim(), value.trim_matches(BLANKS)))
        else {
            self.skipped.push(number);
            return 0;
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            self.skipped.push(number);
            return 0;
        }
        let (value, taken) = match quoted(value, rest) {
            Some(quoted) => quoted,
            None => (bare(value), 0),
        };
        if taken == 0
            && value.contains([' ', '\t', '$', '`', '\\'])
            && !value.starts_with(['"', '\''])
        {
            self.doubtful.push((number, name.to_owned()));
        }
        self.variables.push((name.to_owned(), value));
        taken
    }
}

/// A value without quotes: to a `#` behind a blank, which begins a comment. A `\$`, as files have it
/// for programs that expand variables, is a `$`.
fn bare(value: &str) -> String {
    let end = value
        .match_indices('#')
        .map(|(place, _)| place)
        .find(|place| value[..*place].ends_with(char::is_whitespace));
    let value = value[..end.unwrap_or(value.len())].trim_end_matches(BLANKS);
    value.replace("\\$", "$")
}

/// A value in quotes, which may go on over several lines, and how many bytes of `rest` it ends behind;
/// `None` where the quotes are not closed, and are then part of the value.
fn quoted(value: &str, rest: &[u8]) -> Option<(String, usize)> {
    let quote = value.chars().next().filter(|c| "\"'`".contains(*c))?;
    let start = rest.iter().position(|byte| *byte == b'=')?;
    let open = start + rest[start..].iter().position(|byte| *byte == quote as u8)? + 1;
    let text = rest[open..].utf8_chunks().next()?.valid();
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((place, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                c if "\"\\$".contains(c) => value.push(c),
                c => value.extend(['\\', c]),
            },
            c if c == quote => {
                let end = open + place + 1;
                let behind = line_of(&rest[end..]);
                let is_end = behind.trim_ascii().is_empty()
                    || behind.first().is_some_and(u8::is_ascii_whitespace);
                return is_end.then_some((value, end + behind.len() + 1));
            }
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn secret(line: &str) -> String {
        let file = read(format!("A=1\n{line}\nB=2\n").as_bytes());
        let get = |name: &str| {
            let mut pairs = file.variables.iter();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(get("A").as_deref(), Some("1"), "{line}");
        assert_eq!(get("B").as_deref(), Some("2"), "{line}");
        get("S").unwrap_or_else(|| panic!("{line}: not read"))
    }

    #[test]
    fn a_secret_is_what_stands_there() {
        for (line, value) in [
            ("S=whsec_9$kTq2", "whsec_9$kTq2"),
            ("S=\"whsec_9$kTq2\"", "whsec_9$kTq2"),
            ("S='whsec_9$kTq2'", "whsec_9$kTq2"),
            ("S=pa$$word@1", "pa$$word@1"),
            ("S=whsec_kT$", "whsec_kT$"),
            ("S=whsec_9\\$kTq2", "whsec_9$kTq2"),
            ("S= ab\u{a0} \t\r", "ab\u{a0}"),
            ("S=${HOME}", "${HOME}"),
            ("  export S = a=b== ", "a=b=="),
            ("S=a#b # why", "a#b"),
            ("S=#a", "#a"),
            ("S='a' # why", "a"),
            ("S=\"a\\nb\\\"c\\x\"", "a\nb\"c\\x"),
            ("S='a\\n'", "a\\n"),
            ("S='a\nb'", "a\nb"),
            ("S=\"a", "\"a"),
            ("S='a'b", "'a'b"),
            ("S=`it's \"fine\"`", "it's \"fine\""),
            ("S=Ama's shop", "Ama's shop"),
            ("S=C:\\data", "C:\\data"),
            ("S=", ""),
            ("S=a\r", "a"),
        ] {
            assert_eq!(secret(line), value, "{line}");
        }
    }

    #[test]
    fn lines_of_others_are_passed_over_by_their_number() {
        let file = read(
            b"name: shop\nDEBUG\n# c\n\nA='1\n2'\nMY-X=1\nCITY=Kumas\xed\na b=1\nAPP=Corner Shop\n",
        );
        assert_eq!(file.skipped, [1, 2, 8, 9]);
        assert_eq!(file.doubtful, [(10, "APP".to_owned())]);
        let names: Vec<_> = file
            .variables
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["A", "MY-X", "APP"]);
    }

    proptest! {
        #[test]
        fn any_file_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            read(&bytes);
        }

        #[test]
        fn a_value_in_single_quotes_is_literal(value in "[^'\r\0]{0,20}") {
            prop_assert_eq!(secret(&format!("S='{value}'")), value);
        }
    }
}
