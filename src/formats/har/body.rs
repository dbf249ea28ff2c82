//! The bytes of a request body out of what HAR keeps of it.
//!
//! An exporter keeps text, or parsed fields, and sometimes a length. Where several readings of what
//! it kept are possible, the first that has the declared length is taken.

use ::url::form_urlencoded::byte_serialize;
use serde::Deserialize;

use super::super::found::{ReadBody, declared};
use super::super::{ReadNote, base64};
use super::text::Text;
use crate::delivery::Headers;

/// `request.postData`, or `request._content`, where HTTP Toolkit puts what is not text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostDataForm {
    mime_type: Option<Text>,
    text: Option<Text>,
    encoding: Option<Text>,
    params: Option<Vec<ParamForm>>,
    comment: Option<Text>,
    /// Where Playwright has put the body instead.
    #[serde(rename = "_file")]
    file: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct ParamForm {
    name: Option<Text>,
    value: Option<Text>,
    #[serde(rename = "fileName")]
    file_name: Option<Text>,
}

/// What is known of the body's length.
#[derive(Debug, Default)]
pub struct Declared {
    /// The header `Content-Length`.
    header: Option<u64>,
    /// The field `bodySize`, unless it is -1 for unknown.
    field: Option<u64>,
    /// Whether `field` counts characters, as Firefox does (`postData.text.length`).
    characters: bool,
}

impl Declared {
    /// From what an entry says; `creator` is the program that wrote it.
    pub fn new(headers: &Headers, body_size: Option<f64>, creator: &str) -> Self {
        Self {
            header: declared(headers),
            field: body_size.and_then(whole),
            characters: creator.eq_ignore_ascii_case("Firefox"),
        }
    }

    /// Whether a body of this length is the declared one; `None` where nothing is declared. One
    /// source that agrees is enough, for exporters count a compressed body in two ways; but Chrome
    /// says `bodySize` 0 of a body that it did not keep.
    fn agrees(&self, candidate: &Candidate) -> Option<bool> {
        let length = candidate.bytes.len() as u64;
        let header = self.header.map(|size| size == length);
        let field = self.field.map(|size| match candidate.characters {
            Some(characters) if self.characters => size == characters,
            _ => size == length,
        });
        // Beside a header, a count of characters would let the wrong one of two readings pass.
        let field = field.filter(|_| !self.characters || header.is_none());
        match (header, field) {
            (Some(header), Some(field)) if length == 0 => Some(header && field),
            (Some(header), Some(field)) => Some(header || field),
            (header, field) => header.or(field),
        }
    }

    fn length(&self) -> Option<u64> {
        self.header.or(self.field)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
fn whole(number: f64) -> Option<u64> {
    // Past 2^53 a JSON number is no exact count any more.
    (0.0..=9_007_199_254_740_992.0)
        .contains(&number)
        .then_some(number as u64)
}

/// One way to read what the exporter kept.
#[derive(Default)]
struct Candidate {
    bytes: Vec<u8>,
    characters: Option<u64>,
    note: Option<ReadNote>,
    lost: bool,
}

impl Candidate {
    const fn noting(bytes: Vec<u8>, note: ReadNote) -> Self {
        Self {
            bytes,
            characters: None,
            note: Some(note),
            lost: false,
        }
    }
}

impl PostDataForm {
    fn is_base64(&self) -> bool {
        let encoding = self.encoding.as_ref().map(Text::to_lossy);
        encoding.is_some_and(|e| e.eq_ignore_ascii_case("base64"))
    }

    fn is_multipart(&self) -> bool {
        let mime = self
            .mime_type
            .as_ref()
            .map(Text::to_lossy)
            .unwrap_or_default();
        mime.to_ascii_lowercase().starts_with("multipart/")
            || self.params.iter().flatten().any(|p| p.file_name.is_some())
    }

    /// The ways to read it, the likeliest first; `None` where what is said to be base64 is not.
    fn candidates(&self) -> Option<Vec<Candidate>> {
        let params = self.params.as_deref().unwrap_or_default();
        Some(match &self.text {
            Some(text) if self.is_base64() => vec![Candidate {
                bytes: base64::decode(&text.unescape().0)?,
                ..Candidate::default()
            }],
            Some(text) if !text.is_empty() || params.is_empty() => text_candidates(text),
            _ if self.is_multipart() && !params.is_empty() => vec![Candidate {
                note: Some(ReadNote::Multipart),
                lost: true,
                ..Candidate::default()
            }],
            _ if !params.is_empty() => form_candidates(params),
            _ => vec![Candidate::default()],
        })
    }

    /// Whether a text is given, be it an empty one.
    pub const fn has_text(&self) -> bool {
        self.text.is_some()
    }

    /// Why there is no text, in the exporter's words.
    fn left_out(&self) -> Option<String> {
        let empty = self.text.as_ref().is_none_or(Text::is_empty);
        let file = self.file.as_ref().filter(|file| empty && !file.is_empty());
        if let Some(file) = file {
            return Some(format!("it stands in `{}`", file.to_lossy().escape_debug()));
        }
        let comment = self
            .comment
            .as_ref()
            .filter(|comment| empty && !comment.is_empty())?;
        Some(comment.to_lossy())
    }
}

/// The body out of `postData`, or out of `_content` where that is given; `status` is HTTP
/// Toolkit's `_requestBodyStatus`. `None` where what is said to be base64 is not.
pub fn rebuild(
    post_data: Option<&PostDataForm>,
    content: Option<&PostDataForm>,
    status: Option<&Text>,
    length: &Declared,
) -> Option<ReadBody> {
    let empty = PostDataForm::default();
    let kept = content.or(post_data).unwrap_or(&empty);
    let mut candidates = kept.candidates()?;
    let agreeing = candidates
        .iter()
        .position(|c| length.agrees(c) == Some(true));
    let chosen = candidates.swap_remove(agreeing.unwrap_or(0));
    let agrees = length.agrees(&chosen) != Some(false);
    let mut notes = Vec::from_iter(chosen.note);
    let status = status.filter(|_| content.is_none()).map(Text::to_lossy);
    let left_out = status.or_else(|| kept.left_out().filter(|_| !agrees || kept.file.is_some()));
    let complete = agrees && !chosen.lost && left_out.is_none();
    notes.extend(left_out.map(ReadNote::LeftOut));
    if let Some(declared) = length.length().filter(|_| !agrees) {
        let found = chosen.bytes.len() as u64;
        notes.push(ReadNote::Length { declared, found });
    }
    Some(ReadBody {
        bytes: chosen.bytes,
        complete,
        notes,
    })
}

fn text_candidates(text: &Text) -> Vec<Candidate> {
    let (bytes, lossy) = text.unescape();
    let plain = Candidate {
        bytes,
        characters: text.utf16_len(),
        note: lossy.then_some(ReadNote::Lossy),
        lost: lossy,
    };
    // mitmproxy decodes a body as Latin-1 where its type names no charset and is not JSON; others
    // write one character for each byte of what is no text.
    let latin1 = text
        .latin1()
        .map(|bytes| Candidate::noting(bytes, ReadNote::Latin1));
    std::iter::once(plain).chain(latin1).collect()
}

fn form_candidates(params: &[ParamForm]) -> Vec<Candidate> {
    let encoded = join(params, |text, out| {
        out.extend(byte_serialize(text).flat_map(str::bytes));
    });
    // Some exporters keep names and values as they were encoded; Charles takes a JSON body that is
    // called a form for one name without a value.
    let verbatim = join(params, |text, out| out.extend(text));
    let bare = match params {
        [only] if only.value.as_ref().is_none_or(Text::is_empty) => name(only),
        _ => verbatim.clone(),
    };
    [encoded, verbatim, bare]
        .map(|bytes| Candidate::noting(bytes, ReadNote::Rebuilt))
        .into()
}

fn join(params: &[ParamForm], write: impl Fn(&[u8], &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    for param in params {
        if !out.is_empty() {
            out.push(b'&');
        }
        write(&name(param), &mut out);
        out.push(b'=');
        if let Some(value) = &param.value {
            write(&value.unescape().0, &mut out);
        }
    }
    out
}

fn name(param: &ParamForm) -> Vec<u8> {
    param
        .name
        .as_ref()
        .map(|name| name.unescape().0)
        .unwrap_or_default()
}
