//! Texts with variables in braces: what is signed, as `v0:{timestamp}:{body}`, and the parts of a
//! header's value, as `t={timestamp}`.

use std::fmt;

use serde::Deserialize;

/// A piece of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePiece {
    /// Text that stands as it is.
    Literal(String),
    /// `{timestamp}`: the signing time in unix seconds, as text.
    Timestamp,
    /// `{id}`: the delivery's id as the scheme signs it.
    Id,
    /// `{body}`: the content, byte for byte.
    Body,
}

/// What is signed: a text with variables, `{body}` among them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    pieces: Vec<TemplatePiece>,
}

/// The values for the variables of a template.
#[derive(Debug, Clone, Copy, Default)]
pub struct TemplateValues<'a> {
    /// For `{timestamp}`.
    pub timestamp: &'a str,
    /// For `{id}`.
    pub id: &'a str,
    /// For `{body}`.
    pub body: &'a [u8],
}

/// A part of a header's value: one variable with text around it, as `v1={signature}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ValuePart {
    /// What stands before the variable, `v1=`.
    pub prefix: String,
    /// What it holds.
    pub variable: PartVariable,
    /// What stands after it.
    pub suffix: String,
}

/// What a part of a header's value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartVariable {
    /// `{timestamp}`: the signing time in unix seconds, as text.
    Timestamp,
    /// `{signature}`: the encoded MAC.
    Signature,
}

impl TemplatePiece {
    /// The bytes that stand at this piece.
    pub fn bytes<'a>(&'a self, values: TemplateValues<'a>) -> &'a [u8] {
        match self {
            Self::Literal(text) => text.as_bytes(),
            Self::Timestamp => values.timestamp.as_bytes(),
            Self::Id => values.id.as_bytes(),
            Self::Body => values.body,
        }
    }
}

impl Template {
    /// `{body}` and nothing else.
    pub fn of_body() -> Self {
        Self {
            pieces: vec![TemplatePiece::Body],
        }
    }

    /// Whether the template has this variable.
    pub fn has(&self, variable: &TemplatePiece) -> bool {
        self.pieces.contains(variable)
    }

    /// Hands over the bytes of every piece in order, without joining them.
    pub fn for_each<'a>(&'a self, values: TemplateValues<'a>, mut take: impl FnMut(&'a [u8])) {
        for piece in &self.pieces {
            take(piece.bytes(values));
        }
    }

    /// The pieces before `{body}` and those after it; `None` where it stands more than once, so
    /// that a body cannot pass by in one go.
    pub fn around_body(&self) -> Option<(&[TemplatePiece], &[TemplatePiece])> {
        let mut parts = self.pieces.split(|piece| *piece == TemplatePiece::Body);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(before), Some(after), None) => Some((before, after)),
            _ => None,
        }
    }
}

/// As a definition writes it.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| {
            f.write_str(match piece {
                TemplatePiece::Literal(text) => text,
                TemplatePiece::Timestamp => "{timestamp}",
                TemplatePiece::Id => "{id}",
                TemplatePiece::Body => "{body}",
            })
        })
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        for (literal, variable) in split(&text)? {
            if !literal.is_empty() {
                pieces.push(TemplatePiece::Literal(literal.into()));
            }
            pieces.extend(match variable {
                Some("timestamp") => Some(TemplatePiece::Timestamp),
                Some("id") => Some(TemplatePiece::Id),
                Some("body") => Some(TemplatePiece::Body),
                Some(other) => {
                    return Err(unknown(other, "`{timestamp}`, `{id}` or `{body}`"));
                }
                None => None,
            });
        }
        if pieces.contains(&TemplatePiece::Body) {
            Ok(Self { pieces })
        } else {
            Err("`{body}` is not signed, so a signature would be right for any body".into())
        }
    }
}

impl ValuePart {
    /// The part with its variable filled.
    pub fn fill(&self, text: &str) -> String {
        format!("{}{text}{}", self.prefix, self.suffix)
    }

    /// What stands at the variable of a filled part; `None` where the text is not of this form.
    pub fn read<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(self.prefix.as_str())?
            .strip_suffix(self.suffix.as_str())
    }
}

impl TryFrom<String> for ValuePart {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let pieces = split(&text)?;
        let [(prefix, Some(name)), (suffix, None)] = pieces[..] else {
            let count = pieces.len() - 1;
            return Err(format!(
                "{count} variables in the part `{text}`: each part has one, and `separator` joins them"
            ));
        };
        if !is_visible(prefix) || !is_visible(suffix) {
            let text = text.escape_debug();
            return Err(format!(
                "`{text}` is not visible ASCII, so no header can hold it"
            ));
        }
        Ok(Self {
            prefix: prefix.into(),
            variable: match name {
                "timestamp" => PartVariable::Timestamp,
                "signature" => PartVariable::Signature,
                other => return Err(unknown(other, "`{timestamp}` or `{signature}`")),
            },
            suffix: suffix.into(),
        })
    }
}

fn unknown(name: &str, expected: &str) -> String {
    let name = name.escape_debug();
    format!("unknown variable `{{{name}}}`, expected {expected}")
}

/// Whether a text can stand in a header as it is.
pub(super) fn is_visible(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// The literals of a text, each with the name in braces that follows it; the last has none.
fn split(text: &str) -> Result<Vec<(&str, Option<&str>)>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, tail)) = rest.split_once('{') {
        let (name, tail) = tail
            .split_once('}')
            .ok_or_else(|| format!("`{{` is not closed in `{}`", text.escape_debug()))?;
        pieces.push((literal, Some(name)));
        rest = tail;
    }
    pieces.push((rest, None));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        text.to_owned().try_into().unwrap()
    }

    fn part(text: &str) -> ValuePart {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn a_part_is_filled_and_read_back() {
        let found = part("t={timestamp};");
        assert_eq!(found.variable, PartVariable::Timestamp);
        assert_eq!(found.fill("17"), "t=17;");
        assert_eq!(found.read("t=17;"), Some("17"));
        assert_eq!(found.read("v1=17;"), None);
        assert_eq!(part("{signature}").read("ab"), Some("ab"));
    }

    #[test]
    fn a_prefix_and_suffix_that_overlap_do_not_match() {
        assert_eq!(part("aa{signature}aa").read("aaa"), None);
    }

    #[test]
    fn a_body_that_stands_once_has_two_sides() {
        let whole = template("v0:{timestamp}:{body}.");
        let (before, after) = whole.around_body().unwrap();
        assert_eq!((before.len(), after.len()), (3, 1));
        assert_eq!(template("{body}{body}").around_body(), None);
    }
}
