//! What is new, told to a page that is open.
//!
//! The log is asked a few times a second, and only while somebody looks: so what another process receives is
//! shown as well, many deliveries become one message, and nothing waits for a page.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use tokio::time::sleep;

use super::Inspector;
use super::failure::InspectFailure;
use super::page;
use super::row::{self, PAGE_ROWS};
use super::view::InspectView;
use crate::store::{Position, Query, Reader};

/// How often the log is asked.
pub const EVERY: Duration = Duration::from_millis(100);

/// How many rows that have changed are told at once.
const CHANGED: usize = 1000;

/// What has come since a page was shown.
#[derive(Serialize)]
struct News {
    /// The place in the log up to which this tells.
    after: i64,
    /// The same among the attempts.
    attempts: i64,
    /// The rows of new deliveries, the newest first.
    rows: String,
    /// How many those are.
    count: usize,
    /// Whether there are more than are told, so that the list is to be asked for again.
    is_cut: bool,
    /// Rows that have changed, by the ids of their deliveries.
    changed: HashMap<String, String>,
}

/// Opens the socket.
pub async fn open(
    State(inspector): State<Arc<Inspector>>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Result<Response, InspectFailure> {
    let shown = InspectView::of(&uri);
    let query = inspector.query(&shown.filter)?;
    Ok(upgrade.on_upgrade(move |socket| follow(inspector, shown, query, socket)))
}

/// Tells what is new until the page is gone.
async fn follow(
    inspector: Arc<Inspector>,
    mut shown: InspectView,
    query: Query,
    mut socket: WebSocket,
) {
    loop {
        tokio::select! {
            () = sleep(EVERY) => {}
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        }
        let (query, line, since) = (
            query.clone(),
            shown.filter.clone(),
            (shown.after, shown.attempts),
        );
        let now = inspector.now();
        let read =
            move |reader: &Reader| news(reader, &query, since, |rows| page::rows(rows, &line, now));
        // What cannot be read now may be later; the page shows what it has.
        let Ok(Some(news)) = inspector.readers.read(read).await else {
            continue;
        };
        (shown.after, shown.attempts) = (news.after, news.attempts);
        let text = serde_json::to_string(&news).unwrap_or_default();
        if socket.send(Message::Text(text.into())).await.is_err() {
            return;
        }
    }
}

/// What has come behind these places; `None` where nothing has.
fn news(
    reader: &Reader,
    query: &Query,
    (after, attempts): (i64, i64),
    show: impl Fn(&[row::ListedDelivery]) -> maud::Markup,
) -> Result<Option<News>, InspectFailure> {
    let end = reader.end()?.number();
    let (attempted, attempts_end) = reader.attempted_since(attempts)?;
    if end <= after && attempts_end <= attempts {
        return Ok(None);
    }
    let new = Query {
        after: Some(Position::at(after)),
        before: Some(Position::at(end.saturating_add(1))),
        ..query.clone()
    };
    let mut rows = row::newest(reader, &new, PAGE_ROWS + 1)?;
    let is_cut = rows.len() > PAGE_ROWS || attempted.len() > CHANGED;
    rows.truncate(PAGE_ROWS);
    let ids = attempted.into_iter().take(CHANGED).collect();
    let changed = row::with_ids(reader, query, ids)?;
    let changed = changed.into_iter().map(|row| {
        let html = show(std::slice::from_ref(&row)).into_string();
        (row.delivery.id, html)
    });
    Ok(Some(News {
        after: end,
        attempts: attempts_end,
        count: rows.len(),
        rows: show(&rows).into_string(),
        is_cut,
        changed: changed.collect(),
    }))
}
