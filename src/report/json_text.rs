//! JSON text printed for people: indented and coloured, every token as it was written.
//!
//! It streams over the text, so numbers keep their digits (`12.50`), members their order and
//! repeats, strings their escapes.

use colored::Colorize as _;

use super::sanitize::{escape, escape_json};
use super::style::Ink;
use crate::json::{Broken, Token, Tokens};

/// How many times longer than the text the print may get, colours and indentation included. Plain
/// payloads need 2 to 4, a long list of single digits 14; more than that is nesting without end,
/// which is better read as it was written.
const EXPANSION: usize = 16;

/// What the print of a short text may grow to in bytes, whatever [`EXPANSION`] says.
const EXPANSION_FLOOR: usize = 256 * 1024;

/// The print of a JSON text; `None` where it is not JSON, or nested beyond what can be shown.
pub fn pretty(text: &str) -> Option<String> {
    print(text, false)
}

/// The print of the start of a JSON text that was cut off.
pub(super) fn pretty_start(text: &str) -> Option<String> {
    print(text, true)
}

fn print(text: &str, cut: bool) -> Option<String> {
    let limit = text.len().saturating_mul(EXPANSION).max(EXPANSION_FLOOR);
    let mut printed = PrettyText::new(text.len());
    for token in Tokens::of(text) {
        match token {
            Ok(token) => printed.token(token),
            Err(Broken::Early(begun)) if cut => {
                printed.rest(text.get(begun..).unwrap_or_default());
            }
            Err(_) => return None,
        }
        if printed.out.len() > limit {
            return None;
        }
    }
    Some(printed.out)
}

struct PrettyText<'a> {
    out: String,
    depth: usize,
    before: Option<Token<'a>>,
    key: Ink,
    string: Ink,
    number: Ink,
    word: Ink,
}

impl<'a> PrettyText<'a> {
    fn new(length: usize) -> Self {
        Self {
            out: String::with_capacity(length.saturating_mul(3)),
            depth: 0,
            before: None,
            key: Ink::of(|text| text.cyan()),
            string: Ink::of(|text| text.green()),
            number: Ink::of(|text| text.yellow()),
            word: Ink::of(|text| text.magenta()),
        }
    }

    fn token(&mut self, token: Token<'a>) {
        if let Token::Close(_) = token {
            self.depth = self.depth.saturating_sub(1);
        }
        self.separate(token);
        match token {
            Token::Close(bracket) => self.out.push_str(bracket.close()),
            Token::Open(bracket) => {
                self.out.push_str(bracket.open());
                self.depth += 1;
            }
            Token::Key(text) => {
                self.key.push(&mut self.out, &escape_json(text));
                self.out.push_str(": ");
            }
            Token::String(text) => self.string.push(&mut self.out, &escape_json(text)),
            Token::Number(text) => self.number.push(&mut self.out, text),
            Token::Word(text) => self.word.push(&mut self.out, text),
        }
        self.before = Some(token);
    }

    /// What was begun when the text was cut off, uncoloured: nobody can say what it was to be.
    fn rest(&mut self, text: &str) {
        if !text.is_empty() {
            self.separate(Token::Word(text));
            let is_string = text.starts_with('"');
            let escape = if is_string { escape_json } else { escape };
            self.out.push_str(&escape(text));
        }
    }

    fn separate(&mut self, token: Token<'_>) {
        let (comma, line) = token.separators(self.before);
        if comma {
            self.out.push(',');
        }
        if line {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::testing::{self, plain};
    use super::*;

    fn shown(text: &str) -> Option<String> {
        pretty(text).map(|text| plain(&text))
    }

    #[test]
    fn tokens_stay_as_they_were_written() {
        let text = r#"{"z":12.50,"a":[1E3,{},[ ]],"z":"caf\u00e9","ok":true,"n":null}"#;
        let expected = r#"{
  "z": 12.50,
  "a": [
    1E3,
    {},
    []
  ],
  "z": "caf\u00e9",
  "ok": true,
  "n": null
}"#;
        assert_eq!(shown(text).as_deref(), Some(expected));
        assert_eq!(shown(" 7 ").as_deref(), Some("7"));
    }

    #[test]
    fn each_kind_of_token_has_its_colour() {
        colored::control::set_override(true);
        let expected = "{\n  \x1b[36m\"a\"\x1b[0m: [\n    \x1b[33m1\x1b[0m,\n    \x1b[35mnull\x1b[0m,\n    \x1b[32m\"\"\x1b[0m\n  ]\n}";
        assert_eq!(pretty(r#"{"a":[1,null,""]}"#).as_deref(), Some(expected));
    }

    #[test]
    fn strings_and_keys_are_escaped_for_the_terminal() {
        let text = "{\"a\u{202e}\":\"\u{9b}2J\u{7f}\"}";
        let expected = "{\n  \"a\\u202e\": \"\\u009b2J\\u007f\"\n}";
        assert_eq!(shown(text).as_deref(), Some(expected));
    }

    #[test]
    fn what_is_not_json_is_left_to_the_caller() {
        for text in ["", "a=1", "{\"a\":", "{} {}", "\u{feff}{}"] {
            assert_eq!(pretty(text), None, "{text}");
        }
    }

    #[test]
    fn the_start_of_a_text_is_shown_as_far_as_it_goes() {
        let start = plain(&pretty_start(r#"{"a":1,"b":[2,"lon"#).unwrap());
        assert_eq!(start, "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    \"lon");
    }

    #[test]
    fn deep_nesting_neither_recurses_nor_fills_the_memory() {
        let levels = 1_000_000;
        let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(pretty(&text), None);
        let lines = shown(&format!("{}1{}", "[".repeat(40), "]".repeat(40)));
        assert_eq!(lines.map(|text| text.lines().count()), Some(81));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[ -~é日\\n]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("[ -~]{0,6}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The text without the white space between tokens.
    fn squeezed(text: &str) -> String {
        let (mut in_string, mut escaped) = (false, false);
        let mut keep = |c: char| {
            let kept = in_string || !c.is_ascii_whitespace();
            let quote = c == '"' && !escaped;
            escaped = in_string && c == '\\' && !escaped;
            in_string ^= quote;
            kept
        };
        text.chars().filter(|c| keep(*c)).collect()
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_changes(value in json(), loose in any::<bool>()) {
            let text = if loose { format!("{value:#}") } else { value.to_string() };
            let print = shown(&text).unwrap();
            prop_assert_eq!(squeezed(&print), squeezed(&text));
            prop_assert_eq!(print, format!("{value:#}"));
        }

        #[test]
        fn any_text_is_printed_safely(text in any::<String>(), keep in 0_usize..60) {
            let json = serde_json::to_string(&[&text]).unwrap();
            let start: String = json.chars().take(keep).collect();
            for print in [pretty(&json), pretty_start(&start)].into_iter().flatten() {
                prop_assert!(testing::is_safe(&print));
            }
        }
    }
}
