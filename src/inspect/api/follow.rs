//! Parts of the log, and what comes behind them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use futures_util::stream;
use tokio::time::{Instant, sleep};

use super::answer;
use super::part::LogPart;
use super::query::ApiQuery;
use crate::delivery::{Attempt, Delivery};
use crate::http::Called;
use crate::inspect::Inspector;
use crate::inspect::failure::InspectFailure;
use crate::inspect::live::EVERY;
use crate::store::{Position, Query, Reader, SourceFilter, StoreError};

/// How many deliveries, and how many attempts, are told of at once.
const TOLD: usize = 100;
const TOLD_ATTEMPTS: u32 = 20;

impl Inspector {
    /// What a call asks for, from its places on.
    pub(super) fn asked(&self, asked: &ApiQuery) -> Result<Query, InspectFailure> {
        Ok(Query {
            before: asked.before.map(Position::at),
            after: asked.after.map(Position::at),
            ..self.query(&asked.filter)?
        })
    }

    /// Up to so many deliveries of a part of the log.
    pub(super) async fn part(&self, query: Query, limit: usize) -> Result<LogPart, InspectFailure> {
        let read = move |reader: &Reader| Ok(LogPart::read(reader, &query, limit)?);
        self.readers.read(read).await
    }

    /// The ends of the deliveries and of the attempts.
    async fn ends(&self) -> Result<(Position, i64), InspectFailure> {
        let read = |reader: &Reader| Ok((reader.end()?, reader.attempted_since(i64::MAX)?.1));
        self.readers.read(read).await
    }
}

/// Waits for a delivery that matches.
pub async fn wait(State(inspector): State<Arc<Inspector>>, asked: ApiQuery) -> Called {
    let deadline = Instant::now() + asked.timeout;
    let mut query = inspector.asked(&asked)?;
    query.before = None;
    query.after = Some(query.after.unwrap_or(inspector.ends().await?.0));
    loop {
        let part = inspector.part(query.clone(), 1).await?;
        if !part.deliveries.is_empty() {
            return Ok(answer::part(&part));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        query.after = part.next.or(query.after);
        sleep(EVERY.min(left)).await;
    }
}

/// Tells what is new, a line each, until the client is gone.
pub async fn events(State(inspector): State<Arc<Inspector>>, asked: ApiQuery) -> Called {
    let mut query = inspector.asked(&asked)?;
    let (end, attempts) = inspector.ends().await?;
    query.before = None;
    query.after = Some(query.after.unwrap_or(end));
    let followed = (inspector, query, attempts);
    let lines = stream::unfold(
        followed,
        |(inspector, mut query, mut attempts)| async move {
            loop {
                let (asked, since) = (query.clone(), attempts);
                let read = move |reader: &Reader| Ok(news(reader, &asked, since)?);
                // What cannot be read now may be later.
                if let Ok((lines, after, end)) = inspector.readers.read(read).await {
                    (query.after, attempts) = (after, end);
                    if !lines.is_empty() {
                        return Some((Ok::<_, Infallible>(lines), (inspector, query, attempts)));
                    }
                }
                sleep(EVERY).await;
            }
        },
    );
    let media_type = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((media_type, Body::from_stream(lines)).into_response())
}

/// The lines of what is new, and the places to go on from. An attempt is told after its delivery.
fn news(
    reader: &Reader,
    query: &Query,
    since: i64,
) -> Result<(String, Option<Position>, i64), StoreError> {
    let attempts = reader.attempts_behind(since, TOLD_ATTEMPTS)?;
    let part = LogPart::read(reader, query, TOLD)?;
    let has_more = part.next.is_some_and(|next| next < part.end);
    let mut lines: Vec<_> = part.deliveries.iter().map(Delivery::to_json).collect();
    let mut end = since;
    if let Some((last, _)) = attempts.last().filter(|_| !has_more) {
        end = *last;
        let ids = attempts.iter().map(|(_, it)| it.delivery_id.clone());
        let of_matching = Query {
            ids: ids.collect(),
            sources: SourceFilter::All,
            after: None,
            ..query.clone()
        };
        let ids = reader.ids(&of_matching)?;
        let attempts = attempts.iter().map(|(_, attempt)| attempt);
        let attempts = attempts.filter(|it| ids.contains(&it.delivery_id));
        lines.extend(attempts.map(Attempt::to_json));
    }
    let lines = lines.into_iter().map(|line| line + "\n").collect();
    Ok((lines, part.next.or(query.after), end))
}
