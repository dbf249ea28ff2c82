//! JSON text: our own captures, the lists in which others put theirs, and what to say of what is none.

use serde_json::{Map, Value};

use crate::delivery::capture::{self, Capture, CaptureError};
use crate::json::{Bracket, Broken, Token, Tokens, unescape};

use super::FormatError;
use super::error::HAR_SHAPE;

/// What may stand around a JSON value.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The shape of a capture, for messages.
const CAPTURE_SHAPE: &str = r#"{"request":{"headers":[["Name","value"]],"body":"…"}}"#;

/// Reads a text as a capture of ours.
pub fn capture(bytes: &[u8]) -> Result<Capture, CaptureError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| serde::de::Error::custom("the text is not UTF-8"))
        .map_err(CaptureError::Form)?;
    // The body is most of a capture. What is wrong is told by who reads all of it.
    let read = without_body(text).and_then(|(text, body)| capture::read_around(&text, body).ok());
    read.map_or_else(|| capture::read(text), Ok)
}

/// A capture with an empty text in the place of its body, and the text that stands there, which is a
/// quarter escapes where the body is JSON.
fn without_body(text: &str) -> Option<(String, Vec<u8>)> {
    let mut tokens = Tokens::of(text);
    let mut is_request = false;
    while let Ok(token) = tokens.next()? {
        match (token, tokens.depth()) {
            (Token::Key(name), 1) => is_request = name == "\"request\"",
            (Token::Open(Bracket::Object), 2) if is_request => {}
            (Token::Open(_), 2 | 3) => tokens.skip_opened()?,
            (Token::Key("\"body\""), 2) => {
                let (before, rest) = text.split_at_checked(tokens.position())?;
                let quoted = rest.trim_start_matches(WHITE_SPACE).strip_prefix('"')?;
                let (body, behind) = unescape(quoted.as_bytes())?;
                let behind = rest.get(rest.len() - behind.len()..)?;
                return Some(([before, "\"\"", behind].concat(), body));
            }
            _ => {}
        }
    }
    None
}

/// Says what a JSON value lacks that is no capture; `error` where that is nothing known.
pub fn explain(value: &Value, error: FormatError) -> FormatError {
    match (lacks(value), error) {
        (Some((problem, expected, bare)), FormatError::Capture { place, .. }) => {
            FormatError::Shape {
                place,
                problem,
                expected: Some(expected),
                bare,
            }
        }
        (_, error) => error,
    }
}

/// Whether this is a line that we write beside deliveries: it has our `v` and a `kind`.
pub fn is_other_line(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str);
    value.get("v").is_some_and(Value::is_u64) && kind.is_some_and(|kind| kind != "delivery")
}

/// What is missing, the nearest shape, and whether there is no sign of a capture at all.
type Lack = (String, &'static str, bool);

fn lacks(value: &Value) -> Option<Lack> {
    let Value::Object(object) = value else {
        let problem = format!("{}, not a capture", noun(value));
        return Some((problem, CAPTURE_SHAPE, true));
    };
    let problem = match object.get("request") {
        None => return Some(lacks_request(object)),
        Some(Value::Object(request)) => {
            if request.contains_key("url") && object.contains_key("startedDateTime") {
                let problem = "an entry of HAR outside of `log.entries`";
                return Some((problem.into(), HAR_SHAPE, false));
            }
            lacks_in_request(request)?
        }
        Some(other) => format!("`request` is {}", noun(other)),
    };
    Some((problem, CAPTURE_SHAPE, false))
}

fn lacks_request(object: &Map<String, Value>) -> Lack {
    let has = |key| object.contains_key(key);
    let (problem, expected, bare) = match () {
        () if object
            .get("log")
            .is_some_and(|log| log.get("entries").is_some()) =>
        {
            ("`log.entries` is no list", HAR_SHAPE, false)
        }
        () if has("log") => ("no `log.entries`", HAR_SHAPE, false),
        () if has("entries") => ("`entries` outside of `log`", HAR_SHAPE, false),
        () if has("headers") || has("body") => (
            "no `request` around `headers` and `body`",
            CAPTURE_SHAPE,
            false,
        ),
        () if object.values().any(Value::is_array) => (
            "not a capture, and none is in its lists (they have no `request.headers`)",
            CAPTURE_SHAPE,
            true,
        ),
        () => (
            "not a capture (it has no `request.headers`)",
            CAPTURE_SHAPE,
            true,
        ),
    };
    (problem.into(), expected, bare)
}

fn lacks_in_request(request: &Map<String, Value>) -> Option<String> {
    match request.get("headers") {
        None => return Some("no `request.headers`".into()),
        Some(Value::Array(fields)) if fields.iter().any(Value::is_object) => {
            return Some("`request.headers` is a list of objects, not of pairs".into());
        }
        Some(Value::Array(_)) => {}
        Some(other) => {
            return Some(format!(
                "`request.headers` is {}, not a list of pairs",
                noun(other)
            ));
        }
    }
    match request.get("body") {
        None => Some("no `request.body`".into()),
        Some(Value::String(_)) => None,
        Some(other) => Some(format!(
            "`request.body` is {}, not the text that was sent",
            noun(other)
        )),
    }
}

const fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The lists of a JSON text, as far as it goes: the one that it is itself, or those that are members
/// of its object, or of the `log` in it.
#[derive(Debug, Default)]
pub struct JsonLists<'a> {
    /// Each with its name, and its items as they stand; that of HAR is `log.entries`.
    pub lists: Vec<(String, Vec<&'a str>)>,
    /// The name of the program that wrote HAR.
    pub creator: &'a str,
    /// Why the text was not read to its end.
    pub problem: Option<&'static str>,
}

impl<'a> JsonLists<'a> {
    /// Those of a text; what is broken ends them.
    pub fn of(bytes: &'a [u8]) -> Self {
        let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let mut lists = Self::default();
        let mut tokens = Tokens::of(text);
        let mut names = Vec::new();
        while let Some(token) = tokens.next() {
            match token {
                Ok(Token::Open(Bracket::Array))
                    if tokens.depth() < 3 || names == ["log", "entries"] =>
                {
                    lists.lists.push((names.join("."), Vec::new()));
                    lists.problem = lists.take_items(text, &mut tokens);
                }
                Ok(Token::Key(name)) if tokens.depth() <= 3 => {
                    names.truncate(tokens.depth() - 1);
                    names.push(name.trim_matches('"'));
                }
                Ok(Token::String(name)) if names == ["log", "creator", "name"] => {
                    lists.creator = name.trim_matches('"');
                }
                Ok(_) => {}
                Err(broken) => lists.problem = Some(told(broken)),
            }
        }
        lists
    }

    /// The items of a list that is open, up to its end.
    fn take_items(&mut self, text: &'a str, tokens: &mut Tokens<'a>) -> Option<&'static str> {
        let (_, items) = self.lists.last_mut()?;
        let (inner, mut start) = (tokens.depth(), 0);
        while let Some(token) = tokens.next() {
            let (depth, end) = (tokens.depth(), Tokens::position(tokens));
            match token.map_err(told) {
                Ok(Token::Open(_)) if depth == inner + 1 => start = end - 1,
                Ok(Token::Close(_)) if depth == inner => items.push(&text[start..end]),
                Ok(Token::Close(_)) if depth < inner => return None,
                Ok(Token::String(item) | Token::Number(item) | Token::Word(item))
                    if depth == inner =>
                {
                    items.push(item);
                }
                Ok(_) => {}
                Err(problem) => return Some(problem),
            }
        }
        None
    }
}

const fn told(broken: Broken) -> &'static str {
    match broken {
        Broken::Early(_) => "the file ends before this does",
        Broken::Invalid => "it is not JSON",
    }
}

/// Whether a text begins with this, white space aside.
pub fn begins_with(text: &[u8], start: &[u8]) -> bool {
    let letters = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    letters.take(start.len()).eq(start)
}

/// Whether a text begins as HAR, where our own lines and those of containers have a text.
pub fn begins_har(text: &[u8]) -> bool {
    begins_with(text, br#"{"log":{"#)
}

/// Whether a text begins as a list, or as HAR.
pub fn begins_list(text: &[u8]) -> bool {
    text.first() == Some(&b'[') || begins_har(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Captures, some of them broken: in their bodies, in what stands around those, and in their order.
    fn captures() -> impl Strategy<Value = String> {
        let inner = r#"([a-z{}:,\t\x0c é😀]|\\["\\/bfnrtux]|\\u[0-9a-f]{4}|\\ud83d\\ude00){0,30}"#;
        let body = prop_oneof![
            8 => inner.prop_map(|inner| format!("\"{inner}\"")),
            1 => "(1|null|\\{\\}|\\[|\"|)",
        ];
        let space = "[ \\t\\x0c]{0,1}";
        let coding = r#"(,"body_encoding":"(utf8|base64)"|,"body":"x"|,"body_bytes":1|,)?"#;
        let order = r#"(\{"id":"x",|\{"request":1,|\{"response":\{"body":"no"\},|\{)"#;
        let headers = r#"("headers":\[\["A","\\u00e9"\]\],|"headers":\[\],|)"#;
        let end = r#"(\}\}|\},"verdict":\{"status":"valid"\}\}|\},"v":[12]\}|\}\} x|\})"#;
        let parts = (order, headers, space, body, space, coding, end);
        parts.prop_map(|(order, headers, before, body, behind, coding, end)| {
            format!(r#"{order}"request":{{{headers}"body":{before}{body}{behind}{coding}{end}"#)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_body_that_is_read_on_its_own_is_what_a_parser_reads(text in captures()) {
            let ours = format!("{:?}", capture(text.as_bytes()));
            prop_assert_eq!(ours, format!("{:?}", capture::read(&text)));
        }
    }

    #[test]
    fn most_of_a_capture_is_read_once() {
        let text = r#"{"v":1,"request":{"headers":[["A","b"]],"body":"{\"a\":\"\u00e9\"}"},"verdict":null}"#;
        let around = r#"{"v":1,"request":{"headers":[["A","b"]],"body":""},"verdict":null}"#;
        let body = r#"{"a":"é"}"#.as_bytes().to_vec();
        assert_eq!(without_body(text), Some((around.to_owned(), body)));
    }
}
