//! What is said of handshakes, of the answers to them, and of answers in which a provider looks at more
//! than the status.

use crate::json::javascript;
use crate::provider::{AnswerContent, AnswerTemplate, BodyFormat, Definition, Handshake};

/// A provider's handshakes, each with the answer that is documented, as facts.
pub(super) fn handshakes(definition: &Definition) -> Vec<(&str, String)> {
    let mut facts = Vec::new();
    for handshake in &definition.handshakes {
        let signed = if handshake.signed { "" } else { ", not signed" };
        facts.push((
            handshake.name.as_str(),
            format!("{}{signed}", request(handshake)),
        ));
        let mut label = "answer";
        for one in handshake.answer.iter().chain(&handshake.also_accepted) {
            facts.push((label, answer(one)));
            label = "or";
        }
        let tell = handshake.tell.as_ref();
        facts.extend(tell.map(|text| ("you", text.to_string())));
    }
    facts
}

/// The request as it would be typed: `GET ?challenge={{id:challenge}}`.
fn request(handshake: &Handshake) -> String {
    let request = &handshake.request;
    let mut parts = vec![request.method.clone()];
    let fields = request.query.iter();
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !fields.is_empty() {
        parts.push(format!("?{}", fields.join("&")));
    }
    parts.extend(
        request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    let body = request.body.clone();
    parts.extend(body.map(|body| match request.format {
        BodyFormat::Json => javascript::stringify(&body.into()),
        BodyFormat::Form => format!("{} as a form", javascript::stringify(&body.into())),
    }));
    parts.join(" ")
}

/// An answer in a line.
pub(super) fn answer(answer: &AnswerTemplate) -> String {
    let content = match &answer.content {
        AnswerContent::Json(value) => javascript::stringify(value),
        AnswerContent::Text(text) => text.to_string(),
    };
    let headers = answer.headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {value}"));
    let parts = std::iter::once(answer.status.to_string()).chain(headers);
    let parts = parts.chain(Some(content).filter(|text| !text.is_empty()));
    parts.collect::<Vec<_>>().join(" ")
}

/// Of the answer to a handshake of this name: that it is the documented one, or what that is and what came.
pub fn handshake_remark(provider: &str, name: &str, judged: &Result<(), [String; 2]>) -> String {
    match judged {
        Ok(()) => format!("the answer to `{name}` that {provider} documents"),
        Err([expected, came]) => {
            format!("the handshake `{name}` of {provider} fails: expected {expected}, got {came}")
        }
    }
}

/// Of the answer to a delivery with the right status, what else the provider wants.
pub fn answer_remark(provider: &str, [expected, came]: &[String; 2]) -> String {
    format!("{provider} documents another answer: expected {expected}, got {came}")
}
