//! What matches a filter, as a file: captures, a line each, from the oldest to the newest.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc;

use super::Inspector;
use super::failure::InspectFailure;
use super::view::InspectView;
use crate::store::Reader;

/// How many captures are read ahead of who takes the file.
const AHEAD: usize = 16;

/// Gives the file, which is read from the log while it is taken.
pub async fn get(
    State(inspector): State<Arc<Inspector>>,
    uri: Uri,
) -> Result<Response, InspectFailure> {
    let query = inspector.query(&InspectView::of(&uri).filter)?;
    let (give, taken) = mpsc::channel::<Bytes>(AHEAD);
    let gone = || InspectFailure::new(StatusCode::GONE, "nobody takes the file any more");
    let read = move |reader: &Reader| {
        reader.select(&query, |delivery| {
            let line = delivery.to_json() + "\n";
            give.blocking_send(line.into()).map_err(|_| gone())
        })
    };
    // What cannot be read ends the file where it stands.
    tokio::spawn(async move { _ = inspector.readers.read(read).await });
    let pieces = stream::unfold(taken, |mut taken| async {
        let piece = taken.recv().await?;
        Some((Ok::<_, Infallible>(piece), taken))
    });
    let fields = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"deliveries.ndjson\"",
        ),
    ];
    Ok((fields, Body::from_stream(pieces)).into_response())
}
