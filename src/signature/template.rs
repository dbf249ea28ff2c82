//! Texts with places in braces, such as `t={timestamp}` or `v0:{timestamp}:{body}`.

use serde::Deserialize;

/// A piece of a template.
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
    /// `{signature}`: the encoded MAC.
    Signature,
}

/// A text with places.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    pieces: Vec<TemplatePiece>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{x}` that is no known place.
    #[error(
        "unknown place `{{{0}}}`, expected `{{timestamp}}`, `{{id}}`, `{{body}}` or `{{signature}}`"
    )]
    Place(String),
    /// `{` without `}`.
    #[error("`{{` is not closed in `{0}`")]
    Open(String),
}

/// The values for the places of a template.
#[derive(Debug, Clone, Copy, Default)]
pub struct TemplateValues<'a> {
    /// For `{timestamp}`.
    pub timestamp: &'a str,
    /// For `{id}`.
    pub id: &'a str,
    /// For `{body}`.
    pub body: &'a [u8],
    /// For `{signature}`.
    pub signature: &'a str,
}

impl TemplatePiece {
    /// The bytes that stand at this piece.
    pub fn bytes<'a>(&'a self, fields: TemplateValues<'a>) -> &'a [u8] {
        match self {
            Self::Literal(text) => text.as_bytes(),
            Self::Timestamp => fields.timestamp.as_bytes(),
            Self::Id => fields.id.as_bytes(),
            Self::Body => fields.body,
            Self::Signature => fields.signature.as_bytes(),
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

    /// The pieces in order.
    pub fn pieces(&self) -> &[TemplatePiece] {
        &self.pieces
    }

    /// Whether the template has this place.
    pub fn has(&self, place: &TemplatePiece) -> bool {
        self.pieces.contains(place)
    }

    /// Hands over the bytes of every piece in order, without joining them.
    pub fn for_each<'a>(&'a self, fields: TemplateValues<'a>, mut take: impl FnMut(&'a [u8])) {
        for piece in &self.pieces {
            take(piece.bytes(fields));
        }
    }

    /// The pieces before `{body}` and those after it; `None` where it does not stand exactly once,
    /// so that a body cannot pass by in one go.
    pub fn around_body(&self) -> Option<(&[TemplatePiece], &[TemplatePiece])> {
        let mut parts = self.pieces.split(|piece| *piece == TemplatePiece::Body);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(before), Some(after), None) => Some((before, after)),
            _ => None,
        }
    }

    /// The text with its places filled; only for templates without `{body}`.
    pub fn fill(&self, fields: TemplateValues<'_>) -> String {
        let mut bytes = Vec::new();
        self.for_each(fields, |piece| bytes.extend_from_slice(piece));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads a text of the form `prefix{place}suffix`: the place and what stands in it.
    pub fn match_one<'t>(&self, text: &'t str) -> Option<(&TemplatePiece, &'t str)> {
        let (place, before, after) = self.single_place()?;
        let inner = text.strip_prefix(before)?.strip_suffix(after)?;
        Some((place, inner))
    }

    /// The literal text before the place, `v1=` in `v1={signature}`.
    pub fn prefix(&self) -> &str {
        self.single_place().map_or("", |(_, before, _)| before)
    }

    fn single_place(&self) -> Option<(&TemplatePiece, &str, &str)> {
        match self.pieces.as_slice() {
            [
                TemplatePiece::Literal(before),
                place,
                TemplatePiece::Literal(after),
            ] => Some((place, before, after)),
            [TemplatePiece::Literal(before), place] => Some((place, before, "")),
            [place, TemplatePiece::Literal(after)] => Some((place, "", after)),
            [place] => Some((place, "", "")),
            _ => None,
        }
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((literal, tail)) = rest.split_once('{') {
            push_literal(&mut pieces, literal);
            let (place, tail) = tail
                .split_once('}')
                .ok_or_else(|| TemplateError::Open(text.clone()))?;
            pieces.push(match place {
                "timestamp" => TemplatePiece::Timestamp,
                "id" => TemplatePiece::Id,
                "body" => TemplatePiece::Body,
                "signature" => TemplatePiece::Signature,
                other => return Err(TemplateError::Place(other.into())),
            });
            rest = tail;
        }
        push_literal(&mut pieces, rest);
        Ok(Self { pieces })
    }
}

fn push_literal(pieces: &mut Vec<TemplatePiece>, text: &str) {
    if !text.is_empty() {
        pieces.push(TemplatePiece::Literal(text.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn places_are_filled_and_read_back() {
        let fields = TemplateValues {
            timestamp: "17",
            ..TemplateValues::default()
        };
        assert_eq!(template("t={timestamp}").fill(fields), "t=17");
        let found = template("t={timestamp}");
        assert_eq!(
            found.match_one("t=17"),
            Some((&TemplatePiece::Timestamp, "17"))
        );
        assert_eq!(found.match_one("v1=17"), None);
        assert_eq!(
            template("{signature}").match_one("ab"),
            Some((&TemplatePiece::Signature, "ab"))
        );
    }

    #[test]
    fn a_prefix_and_suffix_that_overlap_do_not_match() {
        assert_eq!(template("aa{signature}aa").match_one("aaa"), None);
    }

    #[test]
    fn a_body_that_stands_once_has_two_sides() {
        let whole = template("v0:{timestamp}:{body}.");
        let (before, after) = whole.around_body().unwrap();
        assert_eq!((before.len(), after.len()), (3, 1));
        assert_eq!(template("{timestamp}").around_body(), None);
        assert_eq!(template("{body}{body}").around_body(), None);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert_eq!(
            Template::try_from("{x}".to_owned()),
            Err(TemplateError::Place("x".into()))
        );
        assert_eq!(
            Template::try_from("t={".to_owned()),
            Err(TemplateError::Open("t={".into()))
        );
    }
}
