//! What a person does there: sends a delivery again, as it was or changed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::Inspector;
use super::failure::InspectFailure;
use super::resend::{Resend, endpoint};
use crate::delivery::{Delivery, Headers, Signing};
use crate::replay::Selection;

/// What a form asks to be sent.
#[derive(Debug, Default)]
struct ResendForm {
    /// Where to.
    url: String,
    /// How it is signed: `keep`, `fresh`, else as `replay` decides.
    sign: String,
    /// Header fields in the place of those of the same names, a line each.
    headers: Option<String>,
    /// Another body.
    body: Option<String>,
    /// What the pages of this inspector carry.
    proof: String,
}

impl ResendForm {
    fn of(bytes: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            let value = value.into_owned();
            match &*name {
                "url" => form.url = value,
                "sign" => form.sign = value,
                "headers" => form.headers = Some(value),
                // Browsers send every line end of a text as CR LF.
                "body" => form.body = Some(value.replace("\r\n", "\n")),
                "proof" => form.proof = value,
                _ => {}
            }
        }
        form
    }
}

/// Sends a delivery again, and shows it.
pub async fn replay(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, InspectFailure> {
    let form = ResendForm::of(&body);
    let is_browser = headers.contains_key(header::COOKIE);
    if is_browser && !inspector.options.token.is_proved_by(&form.proof) {
        let problem = "this form is not from a page of this inspector";
        return Err(InspectFailure::new(StatusCode::FORBIDDEN, problem)
            .hinting("load the page again: the inspector may have been started anew"));
    }
    let (delivery, _) = inspector.delivery(id).await?;
    let place = format!("/d/{}", super::page::segment(&delivery.id));
    inspector.resend(asked(delivery, &form)?).await?.whole()?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response())
}

/// What the form asks for, as what is sent.
fn asked(delivery: Delivery, form: &ResendForm) -> Result<Resend, InspectFailure> {
    let edited = form.body.as_ref().map(|body| body.as_bytes().to_vec());
    Ok(Resend {
        endpoint: Some(endpoint(&form.url)?),
        signing: match form.sign.as_str() {
            "keep" => Some(Signing::Kept),
            "fresh" => Some(Signing::Fresh),
            _ => None,
        },
        headers: changed_headers(&delivery, form.headers.as_deref())?,
        body: edited.filter(|body| *body != delivery.request.body),
        ..Resend::of(Selection::Deliveries(vec![delivery]))
    })
}

/// The fields that differ from those of the delivery.
fn changed_headers(delivery: &Delivery, text: Option<&str>) -> Result<Headers, InspectFailure> {
    let mut changed = Headers::new();
    let lines = text.unwrap_or_default().lines();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            let problem = format!("`{line}` is no header field");
            InspectFailure::new(StatusCode::UNPROCESSABLE_ENTITY, problem)
                .hinting("a line each: `Name: value`")
        })?;
        let (name, value) = (name.trim(), value.trim());
        let mut own = delivery.request.headers.get_all(name);
        if !own.any(|own| own.as_ref() == value.as_bytes()) {
            changed.push(name, value.to_owned());
        }
    }
    Ok(changed)
}
