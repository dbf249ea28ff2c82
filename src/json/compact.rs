//! JSON on one line, every token as it was written.

use super::token::{Token, Tokens};

/// A JSON text without the white space between its tokens; `None` where it is none.
pub fn compact(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    for token in Tokens::of(text) {
        let token = token.ok()?;
        if token.separators(last).0 {
            out.push(',');
        }
        match token {
            Token::Open(bracket) => out.push_str(bracket.open()),
            Token::Close(bracket) => out.push_str(bracket.close()),
            Token::Key(text) => out.extend([text, ":"]),
            Token::String(text) | Token::Number(text) | Token::Word(text) => out.push_str(text),
        }
        last = Some(token);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_white_space_goes() {
        let text = " { \"a b\" : [ 1.50 , -0 , {} , [ ] ] ,\n\t\"c\\u00e9\" : null } ";
        assert_eq!(
            compact(text).unwrap(),
            "{\"a b\":[1.50,-0,{},[]],\"c\\u00e9\":null}"
        );
        assert_eq!(compact("1").unwrap(), "1");
        for none in ["", "{", "[1,]", "a", "{} {}"] {
            assert_eq!(compact(none), None, "{none}");
        }
    }
}
