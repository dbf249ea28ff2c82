//! A JSON text taken apart into its tokens.
//!
//! Unlike a parsed value this keeps what was received: the text of numbers, the escapes in strings,
//! the order of keys and their repeats.

use serde_json::Value;

/// A JSON text taken apart.
#[derive(Debug)]
pub(super) enum Node<'t> {
    /// `true`, `false`, `null`.
    Word(&'t str),
    /// A number's text.
    Number(&'t str),
    /// A string's text with its quotes.
    Text(&'t str),
    /// An array.
    List(Vec<Node<'t>>),
    /// An object's members, keys with their quotes.
    Map(Vec<(&'t str, Node<'t>)>),
}

impl<'t> Node<'t> {
    /// Takes a text apart; `None` where it is not JSON or nested too deeply for `serde_json`, whose
    /// limit of 128 also bounds the recursion here.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        serde_json::from_str::<Value>(text).ok()?;
        Reader { rest: text }.node()
    }

    /// The texts of all numbers in order.
    pub(super) fn numbers(&self) -> Vec<&'t str> {
        let mut numbers = Vec::new();
        self.visit(&mut |node| {
            if let Self::Number(text) = node {
                numbers.push(*text);
            }
        });
        numbers
    }

    /// The keys of all objects in order, without their escapes, an object's own before those within.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        self.visit(&mut |node| {
            if let Self::Map(members) = node {
                keys.extend(members.iter().map(|(key, _)| unescape(key)));
            }
        });
        keys
    }

    /// Shows every node, the outer before the inner; one pass, however deep they are nested.
    fn visit(&self, show: &mut impl FnMut(&Self)) {
        show(self);
        match self {
            Self::Word(_) | Self::Number(_) | Self::Text(_) => {}
            Self::List(items) => items.iter().for_each(|item| item.visit(show)),
            Self::Map(members) => members.iter().for_each(|(_, value)| value.visit(show)),
        }
    }
}

/// Reads a text that was found to be JSON before.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn node(&mut self) -> Option<Node<'t>> {
        match self.peek()? {
            '{' => self.map(),
            '[' => self.list(),
            '"' => self.string().map(Node::Text),
            '-' | '0'..='9' => self.scalar().map(Node::Number),
            _ => self.scalar().map(Node::Word),
        }
    }

    fn map(&mut self) -> Option<Node<'t>> {
        let mut members = Vec::new();
        self.take('{')?;
        while self.peek()? != '}' {
            let key = self.string()?;
            self.take(':')?;
            members.push((key, self.node()?));
            self.take(',');
        }
        self.take('}')?;
        Some(Node::Map(members))
    }

    fn list(&mut self) -> Option<Node<'t>> {
        let mut items = Vec::new();
        self.take('[')?;
        while self.peek()? != ']' {
            items.push(self.node()?);
            self.take(',');
        }
        self.take(']')?;
        Some(Node::List(items))
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.peek();
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'t str> {
        let mut escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        })?;
        self.cut(end + 2)
    }

    fn scalar(&mut self) -> Option<&'t str> {
        let ends = |char: char| matches!(char, ',' | ']' | '}') || char.is_ascii_whitespace();
        self.cut(self.rest.find(ends).unwrap_or(self.rest.len()))
    }

    fn cut(&mut self, length: usize) -> Option<&'t str> {
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(text)
    }
}

/// The string behind a JSON string's text.
pub(super) fn unescape(raw: &str) -> String {
    serde_json::from_str(raw).unwrap_or_default()
}
