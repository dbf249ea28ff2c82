//! The words of commands, by the rules of the shell that they were copied for: a POSIX shell with
//! bash's `$'…'`, or Windows' cmd with its carets.

use std::iter::Peekable;
use std::str::Chars;

use super::quote;

/// The line on which a command starts, its words, and whether these may be others than were meant.
pub type ShellCommand = (u64, Vec<Vec<u8>>, bool);

/// The commands of a text whose first byte stands on line `line`; `None` where a quote is not closed.
pub fn commands(text: &str, line: u64) -> Option<Vec<ShellCommand>> {
    let text = text.replace("\r\n", "\n");
    if is_for_cmd(&text) {
        let lines = without_carets(&text, line).into_iter();
        return Some(
            lines
                .map(|(line, text, is_odd)| of_program(line, &text, is_odd))
                .collect(),
        );
    }
    let words =
        |(line, text): (u64, String)| Some((line, shlex::bytes::split(text.as_bytes())?, false));
    joined(&text, line)?.into_iter().map(words).collect()
}

/// Whether a command is one for cmd: with carets, or with doubled quotes within a quoted word, which are
/// nothing to a POSIX shell.
fn is_for_cmd(text: &str) -> bool {
    let doubled = || {
        text.match_indices("\"\"").any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + 2..].chars().next();
            let is_inner = |char: char| !char.is_whitespace() && !matches!(char, '\'' | '=');
            before.is_some_and(is_inner) && after.is_some_and(is_inner)
        })
    };
    let first = text.find(['"', '\'']);
    text.contains("^\"")
        || text.lines().any(|line| line.ends_with(" ^"))
        || first.is_some_and(|at| text[at..].starts_with('"')) && doubled()
}

/// The lines of a POSIX shell's text, those that go on behind a backslash or within quotes made one, and
/// `$'…'` quoted as all shells have it.
fn joined(text: &str, first: u64) -> Option<Vec<(u64, String)>> {
    let mut lines = vec![(first, String::new())];
    let (mut number, mut open) = (first, None);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        number += u64::from(char == '\n');
        let (_, out) = lines.last_mut()?;
        match (open, char) {
            (None, '\n') => lines.push((number, String::new())),
            (None, '#') if out.is_empty() || out.ends_with(' ') => {
                while chars.next_if(|char| *char != '\n').is_some() {}
            }
            (None, '$') if chars.next_if_eq(&'\'').is_some() => {
                out.push_str(&quote::single(&ansi_c(&mut chars)?));
            }
            (None | Some('"'), '\\') => match chars.next()? {
                '\n' => {
                    number += 1;
                    out.push(' ');
                }
                next => out.extend(['\\', next]),
            },
            _ => {
                open = match open {
                    None => matches!(char, '\'' | '"').then_some(char),
                    Some(quote) => Some(quote).filter(|quote| *quote != char),
                };
                out.push(char);
            }
        }
    }
    open.is_none().then_some(lines)
}

/// What bash makes of the text within `$'…'`, up to its end.
fn ansi_c(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut out = String::new();
    loop {
        let char = match chars.next()? {
            '\'' => return Some(out),
            '\\' => match chars.next()? {
                'a' => '\u{7}',
                'b' => '\u{8}',
                'e' | 'E' => '\u{1b}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                'x' => code(chars, "", 16, 2)?,
                'u' => code(chars, "", 16, 4)?,
                'U' => code(chars, "", 16, 8)?,
                digit @ '0'..='7' => code(chars, &digit.to_string(), 8, 3)?,
                other => other,
            },
            char => char,
        };
        out.push(char);
    }
}

/// The character of so many digits; a byte that is no character by itself is not read.
fn code(chars: &mut Peekable<Chars<'_>>, start: &str, radix: u32, most: usize) -> Option<char> {
    let mut digits = start.to_owned();
    while digits.len() < most {
        match chars.next_if(|char| char.is_digit(radix)) {
            Some(digit) => digits.push(digit),
            None => break,
        }
    }
    let code = u32::from_str_radix(&digits, radix).ok()?;
    char::from_u32(code).filter(|char| most > 3 || char.is_ascii())
}

/// The lines of a text for cmd, each caret taken off the character that it takes the meaning from; and
/// whether a line end was lost within a word, as old browsers write one.
fn without_carets(text: &str, first: u64) -> Vec<(u64, String, bool)> {
    let mut lines = vec![(first, String::new(), false)];
    let (mut number, mut quoted) = (first, false);
    // Some quote with carets what stands within plain quotes.
    let may_quote = !text.contains("^\\^\"");
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        number += u64::from(char == '\n');
        let Some((_, out, is_odd)) = lines.last_mut() else {
            break;
        };
        match char {
            '\n' => {
                quoted = false;
                lines.push((number, String::new(), false));
            }
            '^' if !quoted => match chars.next() {
                Some('\n') => {
                    number += 1;
                    // Behind a line's end, the next one stands for itself.
                    if chars.next_if_eq(&'\n').is_some() {
                        number += 1;
                        out.push('\n');
                    } else {
                        *is_odd |= !out.ends_with(' ');
                    }
                }
                next => out.extend(next),
            },
            char => {
                quoted ^= char == '"' && may_quote;
                out.push(char);
            }
        }
    }
    lines
}

/// A line's words as programs on Windows take them: `\"` and, within quotes, `""` are a quote. Where
/// every backslash is doubled, browsers have done so, and a program would take two for two.
fn of_program(number: u64, line: &str, is_odd: bool) -> ShellCommand {
    let is_doubled = is_doubled(line);
    let mut words = Vec::new();
    let (mut word, mut quoted) = (None::<String>, false);
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            ' ' | '\t' if !quoted => words.extend(word.take().map(String::into_bytes)),
            '\\' => {
                let out = word.get_or_insert_default();
                let mut count = 1;
                while chars.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let before_quote = chars.peek() == Some(&'"');
                let kept = if before_quote || is_doubled {
                    count / 2
                } else {
                    count
                };
                out.extend(std::iter::repeat_n('\\', kept));
                if before_quote && count % 2 == 1 {
                    out.extend(chars.next());
                }
            }
            '"' if quoted && chars.next_if_eq(&'"').is_some() => {
                word.get_or_insert_default().push('"');
            }
            '"' => {
                word.get_or_insert_default();
                quoted = !quoted;
            }
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word.map(String::into_bytes));
    // Old browsers have set a backtick before what PowerShell would read.
    let is_odd = is_odd || is_doubled || line.contains("`$") || line.contains("``");
    (number, words, is_odd)
}

fn is_doubled(line: &str) -> bool {
    let others = line.replace(r"\\", "").replace("\\\"", "");
    line.contains(r"\\") && !others.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(u64, Vec<String>)> {
        let text_of = |word| String::from_utf8(word).unwrap();
        let commands = commands(text, 1).unwrap().into_iter();
        let commands =
            commands.map(|(line, words, _)| (line, words.into_iter().map(text_of).collect()));
        commands
            .filter(|(_, words): &(u64, Vec<String>)| !words.is_empty())
            .collect()
    }

    #[test]
    fn a_posix_shell_s_words() {
        for (text, expected) in [
            (r"a 'b c' d\ e", vec!["a", "b c", "d e"]),
            ("a \\\n  -b \\\r\n  c", vec!["a", "-b", "c"]),
            ("a 'b\nc'", vec!["a", "b\nc"]),
            ("a 'b\\\nc'", vec!["a", "b\\\nc"]),
            (r"a $'b\'c\n\t\\\u00e9\x21\041'", vec!["a", "b'c\n\t\\é!!"]),
            (r#"a "$'b'" "c\"$'""#, vec!["a", "$'b'", "c\"$'"]),
            ("a b # it's\n", vec!["a", "b"]),
        ] {
            assert_eq!(
                words(text),
                [(1, expected.into_iter().map(Into::into).collect())],
                "{text}"
            );
        }
        let lines: Vec<_> = words("# x\na \\\n 'b\n'\n\nc")
            .iter()
            .map(|(line, _)| *line)
            .collect();
        assert_eq!(lines, [2, 6]);
        for open in ["a 'b", "a \"b", "a $'b", r"a $'\xff'"] {
            assert_eq!(commands(open, 1), None, "{open}");
        }
    }

    #[test]
    fn the_words_of_cmd() {
        for (text, expected) in [
            (
                "a ^\"b c^\" ^\n  -d ^\"^{^\\^\"x^\\^\": ^\\^\"50^%^\\^\"^}^\"",
                vec!["a", "b c", "-d", "{\"x\": \"50%\"}"],
            ),
            (
                "a \"b\" ^\r\n -d \"{\"\"x\"\":1}\"",
                vec!["a", "b", "-d", "{\"x\":1}"],
            ),
            ("a ^\"b^\n\nc^\"", vec!["a", "b\nc"]),
            (r#"a ^"c:\d^" ^"e\\^""#, vec!["a", r"c:\d", r"e\"]),
            ("a ^\"^\"", vec!["a", ""]),
        ] {
            assert_eq!(
                words(text),
                [(1, expected.into_iter().map(Into::into).collect())],
                "{text}"
            );
        }
    }
}
