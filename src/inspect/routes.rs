//! What answers which request.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;
use serde_json::json;
use strum::VariantArray as _;

use super::failure::InspectFailure;
use super::page::{self, Listing};
use super::row::{self, PAGE_ROWS};
use super::view::InspectView;
use super::{Inspector, act, asset, export, live};
use crate::delivery::{Attempt, Delivery, DeliverySource, Status};
use crate::filter::{self, FilterSyntaxError};
use crate::formats::{curl, message};
use crate::provider::{Policy, Provider, verify_and_observe};
use crate::report::diff::diff;
use crate::store::{Position, Query, Reader};

/// How many attempts at a delivery are shown, and how many bytes of the body of each answer.
pub const ATTEMPTS: u32 = 100;
const ANSWER_BYTES: u32 = 64 * 1024;

/// All of it.
pub fn routes() -> Router<Arc<Inspector>> {
    Router::new()
        .route("/", get(list))
        .route("/d/{id}", get(detail))
        .route("/d/{id}/body", get(body))
        .route("/d/{id}/as/{form}", get(written))
        .route("/d/{id}/edit", get(edit))
        .route("/d/{id}/replay", post(act::replay))
        .route("/compare", get(compare))
        .route("/complete", get(complete))
        .route("/export", get(export::get))
        .route("/live", get(live::open))
        .route("/assets/{name}", get(asset::get))
}

impl Inspector {
    /// The query of a line of the filter.
    pub(super) fn query(&self, line: &str) -> Result<Query, FilterSyntaxError> {
        let filter = (self.options.filter)(line, self.now())?;
        Ok(Query::default().filtered(filter))
    }

    /// A page of the list.
    pub(super) async fn listing(&self, shown: &InspectView) -> Result<Listing, InspectFailure> {
        let mut listing = Listing::of(shown.clone(), self.now());
        let mut query = match self.query(&shown.filter) {
            Ok(query) => query,
            Err(wrong) => {
                listing.wrong = Some(wrong);
                return Ok(listing);
            }
        };
        query.before = shown.before.map(Position::at);
        let read = move |reader: &Reader| {
            // Before the rows: what comes meanwhile is told twice rather than not at all.
            let ends = (reader.end()?.number(), reader.attempted_since(i64::MAX)?.1);
            Ok((ends, row::newest(reader, &query, PAGE_ROWS + 1)?))
        };
        let ((end, attempts_end), mut rows) = self.readers.read(read).await?;
        listing.has_more = rows.len() > PAGE_ROWS;
        rows.truncate(PAGE_ROWS);
        (listing.end, listing.attempts_end, listing.rows) = (end, attempts_end, rows);
        Ok(listing)
    }

    /// A delivery with the newest attempts at it.
    pub(super) async fn delivery(
        &self,
        id: String,
    ) -> Result<(Delivery, Vec<Attempt>), InspectFailure> {
        let read = move |reader: &Reader| {
            let delivery = reader.get(&id)?;
            let attempts = reader.newest_attempts_of(&delivery.id, ATTEMPTS, ANSWER_BYTES)?;
            Ok((delivery, attempts))
        };
        self.readers.read(read).await
    }

    /// What stands out in its payload, held against what its provider documents.
    fn noticed(&self, delivery: &Delivery) -> Vec<String> {
        let policy = Policy {
            provider: delivery.provider.clone(),
            // Whether it is genuine was decided when it came.
            allowance: None,
            ..Policy::default()
        };
        let (catalogue, keyring) = (&self.options.catalogue, &self.options.keyring);
        let (request, at) = (&delivery.request, delivery.received_at);
        let (verified, mut noticed) = verify_and_observe(catalogue, keyring, &policy, request, at);
        let misfits = verified.misfits(request);
        noticed.extend(misfits.iter().map(ToString::to_string));
        noticed
    }

    fn detail(&self, delivery: &Delivery, attempts: &[Attempt], shown: &InspectView) -> Markup {
        let endpoint = attempts.last().map(|attempt| attempt.url.clone());
        let own = || self.options.endpoint.as_ref().map(ToString::to_string);
        let catalogue = &self.options.catalogue;
        let provider = delivery.provider.as_deref();
        let provider = provider.and_then(|name| catalogue.get(name));
        page::detail::detail(&page::detail::DetailView {
            delivery,
            attempts,
            signed: provider.and_then(|provider| provider.signed(&delivery.request)),
            noticed: self.noticed(delivery),
            endpoint: &endpoint.or_else(own).unwrap_or_default(),
            proof: &self.options.token.form_proof(),
            view: &shown.view,
            now: self.now(),
        })
    }
}

/// HTML as an answer.
pub fn html(page: Markup) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    ([(header::CONTENT_TYPE, html)], page.into_string()).into_response()
}

async fn list(
    State(inspector): State<Arc<Inspector>>,
    uri: Uri,
) -> Result<Response, InspectFailure> {
    let listing = inspector.listing(&InspectView::of(&uri)).await?;
    Ok(html(match listing.shown.part.as_str() {
        "list" => page::list(&listing),
        _ => page::whole(&listing, None),
    }))
}

async fn detail(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, InspectFailure> {
    let shown = InspectView::of(&uri);
    let (delivery, attempts) = inspector.delivery(id).await?;
    let accepts = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    if accepts.is_some_and(|accepts| accepts.starts_with(b"application/json")) {
        return Ok(text(delivery.to_json() + "\n", "application/json"));
    }
    let detail = inspector.detail(&delivery, &attempts, &shown);
    if shown.part == "detail" {
        return Ok(html(detail));
    }
    let listing = inspector.listing(&shown).await?;
    Ok(html(page::whole(&listing, Some((&delivery.id, detail)))))
}

/// The body as it came, as a file: no browser runs what is in it.
async fn body(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
) -> Result<Response, InspectFailure> {
    let (delivery, _) = inspector.delivery(id).await?;
    Ok(file(&delivery.id, delivery.request.body))
}

/// The body of a delivery as a file.
pub fn file(id: &str, body: Bytes) -> Response {
    let name = format!("attachment; filename=\"{}.body\"", page::segment(id));
    let fields = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    (fields, body).into_response()
}

/// A delivery in a form that something else takes.
async fn written(
    State(inspector): State<Arc<Inspector>>,
    Path((id, form)): Path<(String, String)>,
) -> Result<Response, InspectFailure> {
    let (delivery, attempts) = inspector.delivery(id).await?;
    let (id, mut request) = (&delivery.id, delivery.request.clone());
    let last = attempts
        .last()
        .map(|attempt| attempt.url.replacen("://…@", "://", 1));
    let here = || format!("http://localhost:4400{}", request.target);
    let url = last.unwrap_or_else(here);
    let unwritable = |error: crate::formats::Unwritable| {
        let unfit = InspectFailure::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
        unfit.hinting("the capture holds any request")
    };
    match form.as_str() {
        "curl" => {
            request.headers.remove("Host");
            let command = curl::command(&request, &url).map_err(unwritable)?;
            Ok(text(command + "\n", "text/plain; charset=utf-8"))
        }
        "http" => {
            let message = message::write(&request, None).map_err(unwritable)?;
            let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
            Ok(([(header::CONTENT_TYPE, media_type)], message).into_response())
        }
        "capture" => Ok(text(delivery.to_json() + "\n", "application/json")),
        "command" => Ok(text(
            format!(
                "webhook replay {} --url {}\n",
                curl::word(id),
                curl::word(&url)
            ),
            "text/plain; charset=utf-8",
        )),
        _ => Err(
            InspectFailure::new(StatusCode::NOT_FOUND, "there is no such form")
                .hinting("`curl`, `http`, `capture` or `command`"),
        ),
    }
}

/// A text of this media type as an answer.
pub fn text(content: String, media_type: &'static str) -> Response {
    let fields = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
    (fields, content).into_response()
}

async fn edit(
    State(inspector): State<Arc<Inspector>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, InspectFailure> {
    let shown = InspectView::of(&uri);
    let (delivery, attempts) = inspector.delivery(id).await?;
    let last = attempts.last().map(|attempt| attempt.url.clone());
    let own = || inspector.options.endpoint.as_ref().map(ToString::to_string);
    let endpoint = last.or_else(own).unwrap_or_default();
    let proof = inspector.options.token.form_proof();
    let form = page::detail::edit(&delivery, &endpoint, &proof);
    if shown.part == "detail" {
        return Ok(html(form));
    }
    let listing = inspector.listing(&shown).await?;
    Ok(html(page::whole(&listing, Some((&delivery.id, form)))))
}

async fn compare(
    State(inspector): State<Arc<Inspector>>,
    uri: Uri,
) -> Result<Response, InspectFailure> {
    let shown = InspectView::of(&uri);
    let [left, right] = shown.pair.clone();
    let (left, _) = inspector.delivery(left).await?;
    let (right, _) = inspector.delivery(right).await?;
    let compared = page::compare::compare(&diff(&left, &right));
    if shown.part == "detail" {
        return Ok(html(compared));
    }
    let listing = inspector.listing(&shown).await?;
    Ok(html(page::whole(&listing, Some((&right.id, compared)))))
}

/// What the line of the filter may go on with.
async fn complete(
    State(inspector): State<Arc<Inspector>>,
    uri: Uri,
) -> Result<Response, InspectFailure> {
    let catalogue = &inspector.options.catalogue;
    let values = |field: &str| -> Vec<String> {
        match field {
            "verdict" => Status::VARIANTS.iter().map(ToString::to_string).collect(),
            "provider" => catalogue.iter().map(|it| it.name().to_owned()).collect(),
            "source" => DeliverySource::ALL
                .iter()
                .map(ToString::to_string)
                .collect(),
            "event" => {
                let mut names: Vec<_> = catalogue.iter().flat_map(Provider::event_names).collect();
                names.sort_unstable();
                names.dedup();
                names.into_iter().map(str::to_owned).collect()
            }
            "status" => ["2xx", "4xx", "5xx", "none"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        }
    };
    let mut terms = filter::complete(&InspectView::of(&uri).filter, &values);
    terms.truncate(50);
    Ok(text(json!(terms).to_string(), "application/json"))
}
