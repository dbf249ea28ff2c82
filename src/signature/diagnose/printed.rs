//! Objects that were signed in another form than JSON: printed by a program, or as a form.

use url::form_urlencoded;

use super::Diagnosis;
use super::cause;
use super::rewrite::shortest;
use super::tokens::{sorted, tokens, unescape};
use super::trial::Trial;
use crate::json::{Bracket, Token};
use crate::signature::ParsedSignature;

/// The largest body that is printed otherwise, and how many times its length the text may have.
const MAX_PRINTED: usize = 256 * 1024;
const MAX_GROWTH: usize = 4;
/// The length that PHP's text may have, as small objects grow more.
const MIN_PRINTED: usize = 4096;

/// How a program prints an object.
struct Notation {
    name: &'static str,
    object: (&'static str, &'static str),
    comma: &'static str,
    colon: &'static str,
    string: fn(&str) -> String,
    /// `true`, `false` and `null`.
    words: [&'static str; 3],
}

const PYTHON: Notation = Notation {
    name: "Python's `str`",
    object: ("{", "}"),
    comma: ", ",
    colon: ": ",
    string: python_string,
    words: ["True", "False", "None"],
};

const RUBY: Notation = Notation {
    name: "Ruby's `inspect`",
    colon: "=>",
    string: str::to_owned,
    words: ["true", "false", "nil"],
    ..PYTHON
};

const JAVA: Notation = Notation {
    name: "Java's `toString`",
    colon: "=",
    string: unescape,
    words: ["true", "false", "null"],
    ..PYTHON
};

const GO: Notation = Notation {
    name: "Go's `%v`",
    object: ("map[", "]"),
    comma: " ",
    colon: ":",
    string: unescape,
    words: ["true", "false", "<nil>"],
};

const NOTATIONS: &[Notation] = &[
    PYTHON,
    RUBY,
    Notation {
        colon: " => ",
        ..RUBY
    },
    Notation { comma: ",", ..RUBY },
    JAVA,
    GO,
];

/// What PHP calls an object that it has read of JSON: an array or not.
const PHP_OBJECTS: [&str; 2] = ["Array", "stdClass Object"];

/// Which characters programs leave as they are in forms: RFC 3986 and Python, browsers and Java, PHP,
/// JavaScript's `encodeURIComponent`, .NET.
const SAFE: &[&str] = &["-._~", "-._*", "-._", "-_.!~*'()", "-_.!*()"];

/// The members that hold all of the JSON in a form.
const FORM_MEMBERS: &[&str] = &["payload", "data", "json", "body"];

/// The other form of the body's object over which the signature is right.
pub(super) fn find(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let body = trial.body();
    let text = std::str::from_utf8(body).ok()?;
    if body.len() > MAX_PRINTED || !trial.spend(8 * body.len()) {
        return None;
    }
    let Some(tokens) = tokens(text) else {
        let pairs: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
        let is_form = body.contains(&b'=') && !body.contains(&b'{');
        return (is_form && form_proves(trial, presented, &pairs))
            .then(|| cause::FORM_REENCODED.found());
    };
    if let Some(found) = printed(trial, presented, &tokens) {
        return Some(found);
    }
    let whole = |text: &str| {
        let mut members = FORM_MEMBERS.iter();
        members.any(|name| {
            let pair = ((*name).to_owned(), text.to_owned());
            form_proves(trial, presented, &[pair])
        })
    };
    (flat(&tokens).is_some_and(|pairs| form_proves(trial, presented, &pairs)) || whole(text))
        .then(|| cause::FORM_TO_JSON.found())
}

/// The program that prints the text over which the signature is right.
fn printed(
    trial: &Trial<'_>,
    presented: &ParsedSignature<'_>,
    tokens: &[Token<'_>],
) -> Option<Diagnosis> {
    let largest = MAX_GROWTH * trial.body().len();
    let sorted = sorted(tokens);
    let proves = |text: Option<String>| {
        text.is_some_and(|text| {
            trial.spend(text.len()) && trial.body_proves(presented, text.as_bytes())
        })
    };
    let mut notations = NOTATIONS.iter();
    let notation = notations.find(|notation| {
        proves(print(notation, tokens, largest)) || proves(print(notation, &sorted, largest))
    });
    let largest = largest.max(MIN_PRINTED);
    let mut by_php = PHP_OBJECTS
        .iter()
        .map(|object| print_r(tokens, object, largest));
    let name = notation.map(|notation| notation.name);
    let name = name.or_else(|| by_php.any(proves).then_some("PHP's `print_r`"))?;
    Some(cause::PRINTED.found_in(name))
}

fn print(notation: &Notation, tokens: &[Token<'_>], largest: usize) -> Option<String> {
    let mut text = String::new();
    let mut before = None;
    for token in tokens {
        if token.separators(before).0 {
            text.push_str(notation.comma);
        }
        match token {
            Token::Open(Bracket::Object) => text.push_str(notation.object.0),
            Token::Close(Bracket::Object) => text.push_str(notation.object.1),
            Token::Open(bracket) => text.push_str(bracket.open()),
            Token::Close(bracket) => text.push_str(bracket.close()),
            Token::Key(key) => text.push_str(&((notation.string)(key) + notation.colon)),
            Token::String(string) => text.push_str(&(notation.string)(string)),
            Token::Number(number) if number.contains(['.', 'e', 'E']) => {
                text.push_str(&shortest(number));
            }
            Token::Number(number) => text.push_str(number),
            Token::Word(word) => {
                let [yes, no, none] = notation.words;
                text.push_str(match *word {
                    "true" => yes,
                    "false" => no,
                    _ => none,
                });
            }
        }
        if text.len() > largest {
            return None;
        }
        before = Some(*token);
    }
    Some(text)
}

/// What PHP's `print_r` gives of an array, or of an object of this name.
fn print_r(tokens: &[Token<'_>], object: &str, largest: usize) -> Option<String> {
    let mut text = String::new();
    // Of each open bracket, the next place in a list.
    let mut open: Vec<Option<usize>> = Vec::new();
    for token in tokens {
        let indent = " ".repeat((8 * open.len()).saturating_sub(4));
        let is_value = !matches!(token, Token::Close(_) | Token::Key(_));
        if let Some(Some(place)) = open.last_mut().filter(|_| is_value) {
            text.extend([&indent, "[", &place.to_string(), "] => "]);
            *place += 1;
        }
        match token {
            Token::Open(bracket) => {
                let is_list = *bracket == Bracket::Array;
                let name = if is_list { "Array" } else { object };
                text.extend([name, "\n", &" ".repeat(8 * open.len()), "(\n"]);
                open.push(is_list.then_some(0));
            }
            Token::Close(_) => {
                open.pop();
                let end = if open.is_empty() { ")\n" } else { ")\n\n" };
                text.extend([&" ".repeat(8 * open.len()), end]);
            }
            Token::Key(key) => text.extend([&indent, "[", &unescape(key), "] => "]),
            Token::String(string) => text.extend([&unescape(string), "\n"]),
            Token::Number(number) if number.contains(['.', 'e', 'E']) => {
                let shortest = shortest(number);
                text.extend([shortest.strip_suffix(".0").unwrap_or(&shortest), "\n"]);
            }
            Token::Number(number) => text.extend([number, "\n"]),
            Token::Word(word) => text.push_str(if *word == "true" { "1\n" } else { "\n" }),
        }
        if text.len() > largest {
            return None;
        }
    }
    Some(text)
}

/// Python's `repr` of a string: single quotes, unless only those stand inside.
fn python_string(raw: &str) -> String {
    let string = unescape(raw);
    let quote = if string.contains('\'') && !string.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut text = String::from(quote);
    for char in string.chars() {
        match char {
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\\' => text.push_str("\\\\"),
            char if char == quote => text.extend(['\\', quote]),
            char if char.is_control() => {
                // Every control character is below U+00A0.
                let code = u8::try_from(char).unwrap_or_default();
                text.extend(["\\x", &hex::encode([code])]);
            }
            char => text.push(char),
        }
    }
    text.push(quote);
    text
}

/// The members of an object that holds no other object and no list.
fn flat(tokens: &[Token<'_>]) -> Option<Vec<(String, String)>> {
    let [Token::Open(Bracket::Object), members @ .., Token::Close(_)] = tokens else {
        return None;
    };
    let pair = |pair: &[Token<'_>]| match pair {
        [Token::Key(name), Token::String(text)] => Some((unescape(name), unescape(text))),
        [Token::Key(name), Token::Number(text) | Token::Word(text)] => {
            Some((unescape(name), (*text).to_owned()))
        }
        _ => None,
    };
    members.chunks(2).map(pair).collect()
}

/// Whether the signature was made over these members as one of the known programs writes a form.
fn form_proves(
    trial: &Trial<'_>,
    presented: &ParsedSignature<'_>,
    pairs: &[(String, String)],
) -> bool {
    let size: usize = pairs
        .iter()
        .map(|(name, text)| name.len() + text.len() + 2)
        .sum();
    SAFE.iter().any(|safe| {
        [("+", true), ("%20", true), ("+", false), ("%20", false)]
            .into_iter()
            .any(|(space, upper)| {
                let encode = |text: &str| percent_encode(text, safe, space, upper);
                let member = |(name, text): &(String, String)| encode(name) + "=" + &encode(text);
                trial.spend(4 * size) && {
                    let form = pairs.iter().map(member).collect::<Vec<_>>().join("&");
                    trial.body_proves(presented, form.as_bytes())
                }
            })
    })
}

fn percent_encode(text: &str, safe: &str, space: &str, upper: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let char = char::from(byte);
        match byte {
            b' ' => encoded.push_str(space),
            _ if byte.is_ascii_alphanumeric() || safe.contains(char) => encoded.push(char),
            _ if upper => encoded.extend(["%", &hex::encode_upper([byte])]),
            _ => encoded.extend(["%", &hex::encode([byte])]),
        }
    }
    encoded
}
