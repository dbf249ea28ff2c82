//! The values of a JSON text, each with the path that leads to it.

use crate::json::{Bracket, Token, Tokens};

/// JSON nested deeper than this has no paths: a path names every level, and so grows with each.
const DEPTH_LIMIT: usize = 128;

/// The path of a text that is one value.
const ROOT: &str = "$";

/// A path, or another name, and the bytes of the value as written.
pub(super) type Leaf<'a> = (String, &'a [u8]);

/// The values of a JSON text that hold no others, each with its path; `None` where it is not JSON
/// or nested too deep.
pub(super) fn leaves(text: &str) -> Option<Vec<Leaf<'_>>> {
    let mut walk = Walk::default();
    for token in Tokens::of(text) {
        walk.token(token.ok()?);
        if walk.open.len() > DEPTH_LIMIT {
            return None;
        }
    }
    Some(walk.leaves)
}

/// An object or array that is being walked through.
struct Container {
    bracket: Bracket,
    /// The length of its own path.
    path: usize,
    /// How many values it has so far.
    count: usize,
}

#[derive(Default)]
struct Walk<'a> {
    path: String,
    open: Vec<Container>,
    leaves: Vec<Leaf<'a>>,
}

impl<'a> Walk<'a> {
    fn token(&mut self, token: Token<'a>) {
        match token {
            Token::Key(key) => self.enter_member(key),
            Token::Close(_) => self.close(),
            Token::Open(bracket) => {
                self.enter_item();
                let path = self.path.len();
                self.open.push(Container {
                    bracket,
                    path,
                    count: 0,
                });
            }
            Token::String(text) | Token::Number(text) | Token::Word(text) => {
                self.enter_item();
                self.leaf(text);
            }
        }
    }

    fn enter_member(&mut self, key: &str) {
        let Some(object) = self.open.last_mut() else {
            return;
        };
        object.count += 1;
        self.path.truncate(object.path);
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(&step(key));
    }

    fn enter_item(&mut self) {
        let Some(array) = self.open.last_mut().filter(|c| c.bracket == Bracket::Array) else {
            return;
        };
        self.path.truncate(array.path);
        self.path.extend(["[", &array.count.to_string(), "]"]);
        array.count += 1;
    }

    fn close(&mut self) {
        let Some(closed) = self.open.pop() else {
            return;
        };
        self.path.truncate(closed.path);
        match (closed.count, closed.bracket) {
            (0, Bracket::Object) => self.leaf("{}"),
            (0, Bracket::Array) => self.leaf("[]"),
            _ => {}
        }
    }

    fn leaf(&mut self, text: &'a str) {
        let path = if self.path.is_empty() {
            ROOT
        } else {
            &self.path
        };
        self.leaves.push((path.to_owned(), text.as_bytes()));
    }
}

/// A member's name as a step of a path, in the form that `--set` takes.
fn step(key: &str) -> String {
    // A name with half a surrogate pair is no text; it stays as written.
    let name = serde_json::from_str(key).unwrap_or_else(|_| key.to_owned());
    let mut step = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '.' | '[' | '\\') {
            step.push('\\');
        }
        step.push(c);
    }
    step
}
