//! JSON text cut into tokens without being understood: every token is the text as it was written.
//!
//! The grammar is that of RFC 8259, checked while the tokens are taken. Nesting is kept in a list,
//! never on the call stack.

/// What encloses values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    Object,
    Array,
}

impl Bracket {
    pub(super) const fn open(self) -> &'static str {
        match self {
            Self::Object => "{",
            Self::Array => "[",
        }
    }

    pub(super) const fn close(self) -> &'static str {
        match self {
            Self::Object => "}",
            Self::Array => "]",
        }
    }
}

/// A token; commas and colons follow from the others and are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open(Bracket),
    Close(Bracket),
    /// The name of a member, with its quotes.
    Key(&'a str),
    /// A string, with its quotes.
    String(&'a str),
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word(&'a str),
}

/// Why there is no further token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The text ends in the middle; what was begun starts at this byte.
    Early(usize),
    /// Not JSON.
    Invalid,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    FirstItem,
    FirstKey,
    Key,
    /// A comma, a closing bracket, or the end.
    After,
}

/// The tokens of one JSON text.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Bracket>,
    expect: Expect,
}

impl<'a> Tokens<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            expect: Expect::Value,
        }
    }

    /// The next token; `None` after the last one of a whole text.
    pub(super) fn advance(&mut self) -> Result<Option<Token<'a>>, Broken> {
        self.skip_space();
        if self.expect == Expect::After {
            match (self.byte(), self.open.last()) {
                (None, None) => return Ok(None),
                (Some(b','), Some(bracket)) => self.expect = expect_after_comma(*bracket),
                (Some(b'}' | b']'), Some(_)) => return self.close().map(Some),
                (None, Some(_)) => return Err(Broken::Early(self.at)),
                _ => return Err(Broken::Invalid),
            }
            self.at += 1;
            self.skip_space();
        }
        self.begun().map(Some)
    }

    fn begun(&mut self) -> Result<Token<'a>, Broken> {
        let byte = self.byte().ok_or(Broken::Early(self.at))?;
        match (self.expect, byte) {
            (Expect::FirstKey, b'}') | (Expect::FirstItem, b']') => self.close(),
            (Expect::FirstKey | Expect::Key, b'"') => self.key(),
            (Expect::FirstItem | Expect::Value, _) => self.value(byte),
            _ => Err(Broken::Invalid),
        }
    }

    fn value(&mut self, first: u8) -> Result<Token<'a>, Broken> {
        match first {
            b'{' => Ok(self.opened(Bracket::Object, Expect::FirstKey)),
            b'[' => Ok(self.opened(Bracket::Array, Expect::FirstItem)),
            b'"' => Ok(Token::String(self.string()?)).inspect(|_| self.expect = Expect::After),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => Err(Broken::Invalid),
        }
    }

    fn opened(&mut self, bracket: Bracket, expect: Expect) -> Token<'a> {
        self.at += 1;
        self.open.push(bracket);
        self.expect = expect;
        Token::Open(bracket)
    }

    fn close(&mut self) -> Result<Token<'a>, Broken> {
        let bracket = self.open.pop().ok_or(Broken::Invalid)?;
        if self.byte() != bracket.close().bytes().next() {
            return Err(Broken::Invalid);
        }
        self.at += 1;
        self.expect = Expect::After;
        Ok(Token::Close(bracket))
    }

    fn key(&mut self) -> Result<Token<'a>, Broken> {
        let start = self.at;
        let key = self.string()?;
        self.skip_space();
        match self.byte() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(Broken::Invalid),
            None => return Err(Broken::Early(start)),
        }
        self.expect = Expect::Value;
        Ok(Token::Key(key))
    }

    fn string(&mut self) -> Result<&'a str, Broken> {
        let start = self.at;
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let special = rest
                .iter()
                .position(|b| matches!(b, b'"' | b'\\' | 0..0x20));
            self.at += special.ok_or(Broken::Early(start))?;
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => self.escape(start)?,
                _ => return Err(Broken::Invalid),
            }
        }
        self.at += 1;
        Ok(self.since(start))
    }

    fn escape(&mut self, start: usize) -> Result<(), Broken> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        self.at += match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', hex @ ..] if hex.len() < 4 => return Err(Broken::Early(start)),
            [b'u', hex @ ..] if hex.iter().take(4).all(u8::is_ascii_hexdigit) => 6,
            [] => return Err(Broken::Early(start)),
            _ => return Err(Broken::Invalid),
        };
        Ok(())
    }

    fn number(&mut self) -> Result<Token<'a>, Broken> {
        let start = self.at;
        self.take(|b| b == b'-');
        if !self.take(|b| b == b'0') {
            self.digits(start)?;
        }
        if self.take(|b| b == b'.') {
            self.digits(start)?;
        }
        if self.take(|b| matches!(b, b'e' | b'E')) {
            self.take(|b| matches!(b, b'+' | b'-'));
            self.digits(start)?;
        }
        self.expect = Expect::After;
        Ok(Token::Number(self.since(start)))
    }

    fn digits(&mut self, start: usize) -> Result<(), Broken> {
        let is_digit = |b: u8| b.is_ascii_digit();
        if !self.take(is_digit) {
            let ended = self.byte().is_none();
            return Err(if ended {
                Broken::Early(start)
            } else {
                Broken::Invalid
            });
        }
        while self.take(is_digit) {}
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<Token<'a>, Broken> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            let ended = word.starts_with(rest);
            return Err(if ended {
                Broken::Early(self.at)
            } else {
                Broken::Invalid
            });
        }
        self.at += word.len();
        self.expect = Expect::After;
        Ok(Token::Word(word))
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.byte().is_some_and(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while self.take(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {}
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}

const fn expect_after_comma(bracket: Bracket) -> Expect {
    match bracket {
        Bracket::Object => Expect::Key,
        Bracket::Array => Expect::Value,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn end(text: &str) -> Result<(), Broken> {
        let mut tokens = Tokens::of(text);
        while tokens.advance()?.is_some() {}
        Ok(())
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

    proptest! {
        #[test]
        fn it_takes_what_serde_json_takes(text in r#"([\[\]{}:,"\\ tn0-9.eE+-]|true|null|"a":|\\u00e9){0,12}"#) {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(end(&text).is_ok(), theirs, "{}", text);
        }

        #[test]
        fn a_start_of_json_is_never_called_invalid(keep in 0_usize..46) {
            let text = r#"{"a":[1.5e+3,true,{"b\u00e9":null}],"c":"d"}"#;
            let start = &text[..keep.min(text.len())];
            prop_assert!(!matches!(end(start), Err(Broken::Invalid)), "{}", start);
        }
    }
}
