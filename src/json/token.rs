//! JSON text cut into tokens without being understood: every token is the text as it was written.
//!
//! The grammar is that of RFC 8259, checked while the tokens are taken. Nesting is kept in a list,
//! never on the call stack.

use super::scalar::{behind_scalar, behind_space, behind_string};

/// What encloses values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bracket {
    /// `{}`.
    Object,
    /// `[]`.
    Array,
}

impl Bracket {
    /// The bracket before the values.
    pub const fn open(self) -> &'static str {
        match self {
            Self::Object => "{",
            Self::Array => "[",
        }
    }

    /// The bracket after them.
    pub const fn close(self) -> &'static str {
        match self {
            Self::Object => "}",
            Self::Array => "]",
        }
    }
}

/// A token; commas and colons follow from the others and are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// An object or array begins.
    Open(Bracket),
    /// An object or array ends.
    Close(Bracket),
    /// The name of a member, with its quotes.
    Key(&'a str),
    /// A string, with its quotes.
    String(&'a str),
    /// A number.
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word(&'a str),
}

impl Token<'_> {
    /// Whether a comma, and whether a line break of an indented text, stand before this token.
    pub const fn separators(self, before: Option<Token<'_>>) -> (bool, bool) {
        match (before, self) {
            (None | Some(Token::Key(_)), _) | (Some(Token::Open(_)), Token::Close(_)) => {
                (false, false)
            }
            (Some(Token::Open(_)), _) | (_, Token::Close(_)) => (false, true),
            _ => (true, true),
        }
    }
}

/// Why there is no further token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The text ends in the middle; what was begun starts at this byte.
    Early(usize),
    /// Not JSON.
    Invalid,
}

/// The tokens of one JSON text, up to the first error.
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Bracket>,
    last: Option<Token<'a>>,
    failed: bool,
}

impl<'a> Tokens<'a> {
    /// The tokens of `text`.
    pub const fn of(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            last: None,
            failed: false,
        }
    }

    /// How many objects and arrays are open.
    pub const fn depth(&self) -> usize {
        self.open.len()
    }

    /// The byte at which the last token ends, with the colon after a key.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Goes behind the object or array of which the last token was the beginning. What is in it is checked
    /// and not told, which takes a fraction of the time; `None` where it is broken.
    pub fn skip_opened(&mut self) -> Option<()> {
        let Some(Token::Open(bracket)) = self.last else {
            return None;
        };
        let behind = behind_opened(self.rest(), bracket)?;
        self.at = self.text.len() - behind.len();
        self.open.pop();
        self.last = Some(Token::Close(bracket));
        Some(())
    }

    fn advance(&mut self) -> Result<Option<Token<'a>>, Broken> {
        self.skip_space();
        let token = match (self.last, self.open.last().copied()) {
            (None | Some(Token::Key(_)), _) => self.value()?,
            (_, Some(bracket)) => self.within(bracket)?,
            _ if self.byte().is_none() => return Ok(None),
            _ => return Err(Broken::Invalid),
        };
        self.last = Some(token);
        Ok(Some(token))
    }

    /// A member, an item, or the end of what encloses them.
    fn within(&mut self, bracket: Bracket) -> Result<Token<'a>, Broken> {
        if self.byte() == bracket.close().bytes().next() {
            self.at += 1;
            self.open.pop();
            return Ok(Token::Close(bracket));
        }
        let is_first = matches!(self.last, Some(Token::Open(_)));
        if !is_first && !self.take(|b| b == b',') {
            return Err(self.broken(self.at));
        }
        self.skip_space();
        match bracket {
            Bracket::Object => self.key(),
            Bracket::Array => self.value(),
        }
    }

    fn value(&mut self) -> Result<Token<'a>, Broken> {
        match self.byte() {
            Some(b'{') => Ok(self.opened(Bracket::Object)),
            Some(b'[') => Ok(self.opened(Bracket::Array)),
            Some(b'"') => self.scalar().map(Token::String),
            Some(b'-' | b'0'..=b'9') => self.scalar().map(Token::Number),
            _ => self.scalar().map(Token::Word),
        }
    }

    fn opened(&mut self, bracket: Bracket) -> Token<'a> {
        self.at += 1;
        self.open.push(bracket);
        Token::Open(bracket)
    }

    fn key(&mut self) -> Result<Token<'a>, Broken> {
        let start = self.at;
        if self.byte() != Some(b'"') {
            return Err(self.broken(start));
        }
        let key = self.scalar()?;
        self.skip_space();
        if !self.take(|b| b == b':') {
            return Err(self.broken(start));
        }
        Ok(Token::Key(key))
    }

    /// Takes the string, the number or the word that begins here.
    fn scalar(&mut self) -> Result<&'a str, Broken> {
        let start = self.at;
        match behind_scalar(self.rest()) {
            Ok(behind) => self.at = self.text.len() - behind.len(),
            Err(true) => return Err(Broken::Early(start)),
            Err(false) => return Err(Broken::Invalid),
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// What is wrong here, where something else should stand: the end of the text, or another byte.
    fn broken(&self, begun: usize) -> Broken {
        match self.byte() {
            None => Broken::Early(begun),
            Some(_) => Broken::Invalid,
        }
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.byte().is_some_and(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - behind_space(self.rest()).len();
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let token = self.advance();
        self.failed = token.is_err();
        token.transpose()
    }
}

/// What stands behind an object or array of which the opening bracket stands before `rest`; `None` where
/// it is broken.
fn behind_opened(mut rest: &[u8], opened: Bracket) -> Option<&[u8]> {
    let (mut bracket, mut outside, mut is_first) = (opened, Vec::new(), true);
    loop {
        rest = behind_space(rest);
        if rest.first() == bracket.close().as_bytes().first() {
            rest = rest.get(1..)?;
            match outside.pop() {
                None => return Some(rest),
                Some(outer) => (bracket, is_first) = (outer, false),
            }
            continue;
        }
        if !is_first {
            rest = behind_space(rest.strip_prefix(b",")?);
        }
        if bracket == Bracket::Object {
            let behind = behind_string(rest.strip_prefix(b"\"")?).ok()?;
            rest = behind_space(behind_space(behind).strip_prefix(b":")?);
        }
        let opened = match rest.first()? {
            b'{' => Some(Bracket::Object),
            b'[' => Some(Bracket::Array),
            _ => None,
        };
        is_first = opened.is_some();
        rest = match opened {
            None => behind_scalar(rest).ok()?,
            Some(opened) => {
                outside.push(std::mem::replace(&mut bracket, opened));
                rest.get(1..)?
            }
        };
    }
}

/// The values within the object or array that a JSON text is, each as written, with its key in an
/// object; `None` where the text is none, or has more than `most` of them.
pub fn children(text: &str, most: usize) -> Option<(Bracket, Vec<(&str, &str)>)> {
    let mut tokens = Tokens::of(text);
    let Some(Ok(Token::Open(bracket))) = tokens.next() else {
        return None;
    };
    let mut children = Vec::new();
    let mut name = "";
    while let Some(token) = tokens.next() {
        let value = match token.ok()? {
            Token::Close(_) => continue,
            Token::Key(key) => {
                name = key;
                continue;
            }
            Token::String(text) | Token::Number(text) | Token::Word(text) => text,
            Token::Open(_) => {
                let start = tokens.position() - 1;
                tokens.skip_opened()?;
                text.get(start..tokens.position())?
            }
        };
        if children.len() == most {
            return None;
        }
        children.push((name, value));
    }
    Some((bracket, children))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn end(text: &str) -> Result<(), Broken> {
        Tokens::of(text).try_for_each(|token| token.map(|_| ()))
    }

    #[test]
    fn the_grammar_is_that_of_json() {
        for text in [
            "{}",
            " [ ] ",
            "-0.5e+3",
            "[1,{\"a\":null}]",
            r#""\u00e9\n""#,
        ] {
            assert_eq!(end(text), Ok(()), "{text}");
        }
        for text in [
            "{,}",
            "[1,]",
            "[1}",
            "01",
            "1 2",
            "{\"a\" 1}",
            "{1:2}",
            "\"\t\"",
            r#""\x""#,
            "nul!",
            "]",
            "+1",
            "1.e2",
            "'a'",
            "\u{feff}{}",
            "truex",
            r#""\u00g0""#,
        ] {
            assert_eq!(end(text), Err(Broken::Invalid), "{text}");
        }
    }

    #[test]
    fn a_text_that_ends_early_says_what_was_begun() {
        for (text, begun) in [
            ("", 0),
            ("[1, \"ab", 4),
            ("{\"a\"", 1),
            ("[tr", 1),
            ("[-", 1),
        ] {
            assert_eq!(end(text), Err(Broken::Early(begun)), "{text}");
        }
    }

    #[test]
    fn children_are_told_as_written() {
        let (bracket, members) = children(r#"{ "a" : [1, {"b":2}] ,"\u0063":{} }"#, 2).unwrap();
        assert_eq!(bracket, Bracket::Object);
        assert_eq!(
            members,
            [(r#""a""#, r#"[1, {"b":2}]"#), (r#""\u0063""#, "{}")]
        );
        let (bracket, items) = children(r#"[1.50 ,[ ],"x"]"#, 3).unwrap();
        assert_eq!(bracket, Bracket::Array);
        assert_eq!(items, [("", "1.50"), ("", "[ ]"), ("", "\"x\"")]);
        assert_eq!(children("1", 9), None);
        assert_eq!(children("[1", 9), None);
    }

    /// Texts that are JSON or nearly so: pieces of it in any order, and whole documents with one
    /// byte changed.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = r#"([\[\]{}:,"\\ tn0-9.eE+-]|true|null|"a":|\\u00e9|\\ud800){0,12}"#;
        let whole = r#"\{"a":\[1\.5e\+3,true,\{"b\\u00e9":null\}\],"c":"d\\ud83d","e":-0\}"#;
        let changed =
            (whole, any::<prop::sample::Index>(), any::<char>()).prop_map(|(text, at, new)| {
                let at = at.index(text.len());
                text.chars()
                    .enumerate()
                    .map(|(i, c)| if i == at { new } else { c })
                    .collect()
            });
        prop_oneof![pieces, changed, any::<String>()]
    }

    proptest! {
        #[test]
        fn it_takes_what_serde_json_takes(text in texts()) {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(end(&text).is_ok(), theirs, "{}", text);
        }

        #[test]
        fn what_is_skipped_is_what_serde_json_takes(text in texts()) {
            let list = format!("[ {text}\n]");
            let theirs = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(&list);
            let theirs = theirs.ok().map(|items| items.iter().map(|item| ("", item.get())).collect());
            let theirs = theirs.map(|items: Vec<_>| (Bracket::Array, items));
            prop_assert_eq!(children(&list, usize::MAX), theirs);
        }

        #[test]
        fn valid_texts_are_taken(value in any::<Vec<(String, f64, Option<bool>)>>()) {
            for text in [serde_json::to_string(&value), serde_json::to_string_pretty(&value)] {
                prop_assert_eq!(end(&text.unwrap()), Ok(()));
            }
        }

        #[test]
        fn a_start_of_json_is_never_called_invalid(keep in 0_usize..46) {
            let text = r#"{"a":[1.5e+3,true,{"b\u00e9":null}],"c":"d"}"#;
            let start = &text[..keep.min(text.len())];
            prop_assert!(!matches!(end(start), Err(Broken::Invalid)), "{}", start);
        }
    }

    #[test]
    fn deep_nesting_does_not_recurse() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(end(&deep), Ok(()));
        let (_, items) = children(&deep, 1).unwrap();
        assert_eq!(items, [("", &deep[1..deep.len() - 1])]);
    }
}
