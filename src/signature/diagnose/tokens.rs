//! A JSON text taken apart into its tokens.
//!
//! Unlike a parsed value this keeps what was received: the text of numbers, the escapes in strings,
//! the order of keys and their repeats.

use crate::json::{Bracket, Token, Tokens};

/// The tokens of a text; `None` where it is not JSON.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    Tokens::of(text).collect::<Result<_, _>>().ok()
}

/// The texts of all numbers in order.
pub(super) fn numbers<'t>(tokens: &[Token<'t>]) -> Vec<&'t str> {
    let number = |token: &Token<'t>| match token {
        Token::Number(text) => Some(*text),
        _ => None,
    };
    tokens.iter().filter_map(number).collect()
}

/// The keys of all objects in order, without their escapes.
pub(super) fn keys(tokens: &[Token<'_>]) -> Vec<String> {
    let key = |token: &Token<'_>| match token {
        Token::Key(text) => Some(unescape(text)),
        _ => None,
    };
    tokens.iter().filter_map(key).collect()
}

/// The tokens with the members of every object sorted by their keys.
pub(super) fn sorted<'t>(tokens: &[Token<'t>]) -> Vec<Token<'t>> {
    // Where the value that begins at a token ends.
    let ends = ends(tokens);
    let mut sorted = Vec::with_capacity(tokens.len());
    // What is still to be taken, the next one last: never the call stack, however deep it is nested.
    let mut ranges: Vec<_> = std::iter::once(0..tokens.len()).collect();
    while let Some(range) = ranges.pop() {
        let Some(token) = tokens.get(range.start).filter(|_| !range.is_empty()) else {
            continue;
        };
        sorted.push(*token);
        let end = ends.get(range.start).copied().unwrap_or(range.end);
        if *token != Token::Open(Bracket::Object) {
            ranges.push(range.start + 1..range.end);
            continue;
        }
        let mut members = Vec::new();
        let mut at = range.start + 1;
        while let (Some(Token::Key(key)), Some(end)) = (tokens.get(at), ends.get(at + 1)) {
            members.push((unescape(key), at..*end));
            at = *end;
        }
        members.sort_by(|one, other| one.0.cmp(&other.0));
        ranges.push(end..range.end);
        ranges.push(end - 1..end);
        ranges.extend(members.into_iter().rev().map(|(_, member)| member));
    }
    sorted
}

/// The place behind each value, by the place of its first token.
fn ends(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut ends: Vec<usize> = (1..=tokens.len()).collect();
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open(_) => open.push(at),
            Token::Close(_) => {
                if let Some(end) = open.pop().and_then(|start: usize| ends.get_mut(start)) {
                    *end = at + 1;
                }
            }
            _ => {}
        }
    }
    ends
}

/// The string behind a JSON string's text.
pub(super) fn unescape(raw: &str) -> String {
    serde_json::from_str(raw).unwrap_or_default()
}
