//! Writing a JSON text as other programs would write it.

use std::fmt::Write as _;

use super::tokens::unescape;
use crate::json::{Bracket, Token, javascript};

/// How a JSON text is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonStyle {
    /// The white space between tokens.
    pub(super) layout: Layout,
    /// The escapes in strings; `None` leaves them as received.
    pub(super) escapes: Option<Escapes>,
    /// The text of numbers.
    pub(super) numbers: Numbers,
}

/// The white space between tokens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// None at all.
    Compact,
    /// One space after `,` and `:`.
    Spaced,
    /// One space after `,` alone.
    CommaSpaced,
    /// One space after `:` alone.
    ColonSpaced,
    /// A member a line: what indents it, and what ends a line.
    Indented(&'static str, &'static str),
    /// As Java's Jackson indents: the members of objects alone, a space before each colon.
    Jackson(&'static str),
    /// As Windows `PowerShell` indents: by the column of the bracket, two spaces behind each colon.
    PowerShell(&'static str),
}

/// What is escaped in strings besides what JSON demands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escapes {
    /// Every character beyond ASCII, as `\u00e9`.
    pub(super) beyond_ascii: bool,
    /// The slash, as `\/`.
    pub(super) slash: bool,
    /// These too, in the `\u` form.
    pub(super) chars: &'static str,
    /// Whether the digits after `\u` are in upper case.
    pub(super) upper: bool,
}

/// The text of numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbers {
    /// As received.
    Kept,
    /// The shortest text of the same double, with `.0` where it is a whole one, as in Python.
    Shortest,
    /// With zeros that may have been lost: `.0` for whole numbers, or two decimals for all.
    Padded {
        /// Whether to two decimals, as money.
        two: bool,
        /// Which whole numbers, the first by the lowest bit.
        whole: u32,
    },
}

/// The deepest nesting that is written with indentation: no honest event comes near, and each level
/// adds to every line within.
const MAX_INDENTED: usize = 32;

/// The text of tokens in a style; `None` where it would be longer than `largest` bytes or is nested
/// too deeply to be indented.
pub(super) fn write(tokens: &[Token<'_>], style: JsonStyle, largest: usize) -> Option<String> {
    let mut writer = StyledText {
        style,
        largest,
        text: String::new(),
        open: Vec::new(),
        whole_seen: 0,
    };
    let mut before = None;
    for token in tokens {
        writer.token(*token, before)?;
        before = Some(*token);
    }
    Some(writer.text)
}

struct StyledText {
    style: JsonStyle,
    largest: usize,
    text: String,
    /// The brackets that are open, each with the column in which it stands.
    open: Vec<(Bracket, usize)>,
    whole_seen: u32,
}

impl StyledText {
    /// Adds a token; `None` where the text became too long or too deep.
    fn token(&mut self, token: Token<'_>, before: Option<Token<'_>>) -> Option<()> {
        // The bracket that a break in the line belongs to.
        let around = match token {
            Token::Close(_) => self.open.pop(),
            _ => self.open.last().copied(),
        };
        self.separate(token, before, around)?;
        match token {
            Token::Open(bracket) => {
                self.open.push((bracket, self.column()));
                self.text.push_str(bracket.open());
            }
            Token::Close(bracket) => self.text.push_str(bracket.close()),
            Token::Word(word) => self.text.push_str(word),
            Token::Number(number) => self.number(number),
            Token::String(text) => self.string(text),
            Token::Key(text) => {
                self.string(text);
                self.text.push_str(match self.style.layout {
                    Layout::Compact | Layout::CommaSpaced => ":",
                    Layout::Spaced | Layout::ColonSpaced | Layout::Indented(..) => ": ",
                    Layout::Jackson(_) => " : ",
                    Layout::PowerShell(_) => ":  ",
                });
            }
        }
        (self.text.len() <= self.largest).then_some(())
    }

    /// In which column the next character stands; the layouts that ask for it are few.
    fn column(&self) -> usize {
        match self.style.layout {
            Layout::PowerShell(_) => {
                let line = self.text.rsplit('\n').next().unwrap_or_default();
                line.chars().count()
            }
            _ => 0,
        }
    }

    fn separate(
        &mut self,
        token: Token<'_>,
        before: Option<Token<'_>>,
        around: Option<(Bracket, usize)>,
    ) -> Option<()> {
        let (comma, line) = token.separators(before);
        let closes = matches!(token, Token::Close(_));
        let is_empty = closes && matches!(before, Some(Token::Open(_)));
        if comma {
            self.text.push(',');
        }
        if line && self.open.len() > MAX_INDENTED {
            return None;
        }
        match (self.style.layout, around) {
            (Layout::Spaced | Layout::CommaSpaced, _) if comma => self.text.push(' '),
            (Layout::Indented(by, end), _) if line => {
                self.text.push_str(end);
                self.text.extend(std::iter::repeat_n(by, self.open.len()));
            }
            (Layout::Jackson(end), Some((Bracket::Object, _))) if line => {
                let is_object = |(bracket, _): &&(Bracket, usize)| *bracket == Bracket::Object;
                let depth = self.open.iter().filter(is_object).count();
                self.text.push_str(end);
                self.text.extend(std::iter::repeat_n("  ", depth));
            }
            (Layout::Jackson(_), _) if line || is_empty => self.text.push(' '),
            (Layout::PowerShell(end), Some((_, column))) if line || is_empty => {
                self.text.push_str(end);
                if is_empty {
                    self.text.push_str(end);
                }
                let column = if closes { column } else { column + 4 };
                self.text.extend(std::iter::repeat_n(' ', column));
            }
            _ => {}
        }
        Some(())
    }

    fn number(&mut self, number: &str) {
        self.text.push_str(number);
        let is_whole = number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        match self.style.numbers {
            Numbers::Kept => {}
            Numbers::Shortest if is_whole => {}
            Numbers::Shortest => {
                self.text.truncate(self.text.len() - number.len());
                self.text.push_str(&shortest(number));
            }
            Numbers::Padded { two, whole } if is_whole => {
                let chosen = 1u32.checked_shl(self.whole_seen).unwrap_or_default() & whole != 0;
                self.whole_seen += 1;
                self.text.push_str(match (chosen, two) {
                    (false, _) => "",
                    (true, true) => ".00",
                    (true, false) => ".0",
                });
            }
            Numbers::Padded { two, .. } => {
                let decimals = number.split_once('.').map_or("", |(_, decimals)| decimals);
                if two && decimals.len() == 1 {
                    self.text.push('0');
                }
            }
        }
    }

    fn string(&mut self, raw: &str) {
        match self.style.escapes {
            Some(escapes) => escapes.write(&unescape(raw), &mut self.text, self.largest),
            None => self.text.push_str(raw),
        }
    }
}

/// The text of a number as most programs but JavaScript print its double.
pub(super) fn shortest(number: &str) -> String {
    let Ok(double) = serde_json::from_str::<serde_json::Number>(number) else {
        return number.to_owned();
    };
    let text = javascript::number_text(&double);
    let is_whole = !text.contains(['.', 'e']);
    text + if is_whole { ".0" } else { "" }
}

impl Escapes {
    fn write(self, string: &str, text: &mut String, largest: usize) {
        text.push('"');
        for char in string.chars() {
            let by_code = self.chars.contains(char) || (self.beyond_ascii && !char.is_ascii());
            match char {
                // The whole text is refused then.
                _ if text.len() > largest => return,
                _ if by_code => self.write_code(char, text),
                '/' if self.slash => text.push_str("\\/"),
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\u{8}' => text.push_str("\\b"),
                '\u{c}' => text.push_str("\\f"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                char if char < ' ' => self.write_code(char, text),
                char => text.push(char),
            }
        }
        text.push('"');
    }

    fn write_code(self, char: char, text: &mut String) {
        for unit in char.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = if self.upper {
                write!(text, "\\u{unit:04X}")
            } else {
                write!(text, "\\u{unit:04x}")
            };
        }
    }
}
