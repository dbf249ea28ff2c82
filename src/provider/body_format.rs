//! How a provider writes a document.

use serde::Deserialize;
use serde_json::Value;
use strum::Display;
use url::form_urlencoded;

use crate::json::{Path, javascript, restore_numbers};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum BodyFormat {
    /// As JSON.
    #[default]
    Json,
    /// As the fields of a form, `application/x-www-form-urlencoded`: the members of the document, what
    /// is no string as JSON.
    Form,
}

impl BodyFormat {
    /// The body of a document. As JSON it is a fixed point of JavaScript's
    /// `JSON.stringify(JSON.parse(body))`, as documented handlers sign what they parsed and wrote anew.
    pub fn write(self, document: &Value) -> String {
        let fields = document.as_object().filter(|_| self == Self::Form);
        let Some(fields) = fields else {
            return javascript::stringify(document);
        };
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            let text = value.as_str().map(str::to_owned);
            form.append_pair(name, &text.unwrap_or_else(|| javascript::stringify(value)));
        }
        form.finish()
    }

    /// The same with some numbers as they were typed, where it is JSON.
    pub fn write_exact(self, document: &Value, numbers: &[(Path, String)]) -> String {
        let body = self.write(document);
        match self {
            Self::Json => restore_numbers(body, numbers),
            Self::Form => body,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_has_the_members_as_fields() {
        let document = json!({"Body": "two & a half = 2½", "NumMedia": 0, "To": "+1 555", "x": {"a": [1.5]}, "e": ""});
        let form = BodyFormat::Form.write(&document);
        let fields: Vec<_> = form_urlencoded::parse(form.as_bytes())
            .into_owned()
            .collect();
        let expected = [
            ("Body", "two & a half = 2½"),
            ("NumMedia", "0"),
            ("To", "+1 555"),
            ("x", r#"{"a":[1.5]}"#),
            ("e", ""),
        ];
        assert_eq!(
            fields,
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
        assert_eq!(BodyFormat::Json.write(&json!({"a": 1})), r#"{"a":1}"#);
    }
}
