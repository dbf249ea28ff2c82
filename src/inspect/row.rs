//! Deliveries as the list shows them.

use super::failure::InspectFailure;
use crate::delivery::Delivery;
use crate::store::{AttemptSummary, Position, Query, Reader, SourceFilter};

/// How many rows a page of the list has.
pub const PAGE_ROWS: usize = 100;

/// A delivery in the list.
pub struct ListedDelivery {
    /// Its place in the log.
    pub place: Position,
    /// The delivery without its body.
    pub delivery: Delivery,
    /// How many bytes the body has.
    pub body_bytes: u64,
    /// What was done with it.
    pub attempts: Option<AttemptSummary>,
}

/// The newest that match, up to `most`.
pub fn newest(
    reader: &Reader,
    query: &Query,
    most: usize,
) -> Result<Vec<ListedDelivery>, InspectFailure> {
    let found = reader.page_without_bodies(query, most)?;
    let ids: Vec<_> = found
        .iter()
        .map(|(_, delivery, _)| delivery.id.as_str())
        .collect();
    let mut summaries = reader.attempt_summaries(&ids)?;
    let listed = found
        .into_iter()
        .map(|(place, delivery, body_bytes)| ListedDelivery {
            place,
            attempts: summaries.remove(&delivery.id),
            delivery,
            body_bytes,
        });
    Ok(listed.collect())
}

/// Those with these ids that match, at which something was done.
pub fn with_ids(
    reader: &Reader,
    query: &Query,
    ids: Vec<String>,
) -> Result<Vec<ListedDelivery>, InspectFailure> {
    let most = ids.len();
    let query = Query {
        ids,
        sources: SourceFilter::All,
        ..query.clone()
    };
    newest(reader, &query, most)
}
