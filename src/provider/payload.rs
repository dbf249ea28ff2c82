//! The JSON behind a body, in whatever form it comes.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::delivery::Headers;
use crate::delivery::text::BOM;
use crate::json::JsonFields;
use crate::signature::MOST_FIELDS;

/// How many bytes a packed body is unpacked to, to read an event's name from it.
const MOST_UNPACKED: u64 = 1 << 20;
/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";
/// What a form begins its JSON with.
const FORM_MEMBER: &[u8] = b"payload=";

/// The text that fields are read from, and the fields where it is JSON.
pub(super) type PayloadFields<'a> = (&'a [u8], Option<JsonFields<'a>>);

/// The JSON of a body, to read fields from: behind a byte order mark, unpacked, in a form's `payload` as
/// GitHub sends it, of the first fields of a form, where a list or an object in one is JSON again; else
/// the body itself.
pub fn payload<'a>(headers: &Headers, body: &'a [u8]) -> Cow<'a, [u8]> {
    if let Some(text) = body.strip_prefix(BOM) {
        return text.into();
    }
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        let mut packed = GzDecoder::new(body).take(MOST_UNPACKED);
        // What is cut off or broken is no JSON, and then no field is found.
        let _ = packed.read_to_end(&mut unpacked);
        return unpacked.into();
    }
    if body.starts_with(b"{") {
        return body.into();
    }
    let media_type = headers.text("Content-Type").unwrap_or_default();
    let is_form = media_type.trim_start().starts_with(FORM);
    let mut parts = body.windows(FORM_MEMBER.len());
    if !is_form && !parts.any(|part| part == FORM_MEMBER) {
        return body.into();
    }
    let mut fields: Map<String, Value> = form_urlencoded::parse(body)
        .take(MOST_FIELDS)
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    match fields.remove("payload") {
        Some(Value::String(json)) => json.into_bytes().into(),
        _ if is_form => {
            fields.values_mut().for_each(open);
            Value::Object(fields).to_string().into_bytes().into()
        }
        _ => body.into(),
    }
}

/// Puts the list or the object in place of the text that is one, as providers write them into a form.
fn open(field: &mut Value) {
    let text = field.as_str().filter(|text| text.starts_with(['[', '{']));
    if let Some(json) = text.and_then(|text| serde_json::from_str(text).ok()) {
        *field = json;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::body_format::BodyFormat;
    use super::*;

    #[test]
    fn what_is_written_as_a_form_is_read_again() {
        let headers = [("Content-Type", FORM)].into_iter().collect();
        for document in [
            json!({"events": [{"event": "open", "a": {"b": ["é & =", ""]}}], "text": "x"}),
            json!({"text": "[no list", "more": "{no object}", "empty": ""}),
            json!({"object": {}, "list": []}),
        ] {
            let body = BodyFormat::Form.write(&document);
            let read = payload(&headers, body.as_bytes());
            assert_eq!(serde_json::from_slice::<Value>(&read).unwrap(), document);
        }
    }
}
