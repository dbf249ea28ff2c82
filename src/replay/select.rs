//! Which deliveries are sent, and where each goes: all of it is known before the first is sent, so
//! that no run stops midway for want of an endpoint.

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter;
use std::sync::PoisonError;

use rand::seq::SliceRandom as _;

use super::{Replay, ReplayError, Selection};
use crate::delivery::{Delivery, id, is_success};
use crate::http::Target;
use crate::store::{Query, Reader, Run, StoreError};

/// How many deliveries are looked up at once at most: after each commit to the log, one that reads
/// begins by forgetting what it knows of it.
const AHEAD: usize = 256;

/// The deliveries that a replay sends.
pub(super) struct Selected<'a> {
    replay: &'a Replay<'a>,
    ids: Vec<String>,
    /// The places of those that are sent, among all.
    places: Vec<usize>,
    /// The ids of those that are not sent, as they were not received to their end.
    pub(super) incomplete: Vec<String>,
    /// Where they were last sent, by their ids, where no endpoint is given.
    last_targets: HashMap<String, Target>,
    /// Whether the last attempt at each was answered 2xx, by their ids; nothing of those without one.
    successes: HashMap<String, bool>,
    /// How many a resumed run has sent before.
    pub(super) sent_before: usize,
}

impl<'a> Selected<'a> {
    /// Finds the deliveries and their endpoints. None at all is an error, as nobody replays nothing
    /// on purpose, unless the run that is resumed has sent them all.
    pub(super) fn of(replay: &'a Replay<'a>) -> Result<Self, ReplayError> {
        let (ids, sent_before) = match &replay.selection {
            Selection::Deliveries(deliveries) => {
                (deliveries.iter().map(|one| one.id.clone()).collect(), 0)
            }
            Selection::Query(query) => {
                let found = replay.read_log(|reader| ids(replay, reader, query))?;
                found.unwrap_or_default()
            }
        };
        if ids.is_empty() && !replay.resume {
            return Err(ReplayError::NothingSelected);
        }
        let (places, incomplete) = complete(replay, &ids)?;
        let last_targets = match replay.endpoint {
            Some(_) => HashMap::new(),
            None => last_targets(replay, places.iter().map(|place| &ids[*place]))?,
        };
        let successes = successes(replay, places.iter().map(|place| &ids[*place]))?;
        let selected = Self {
            replay,
            ids,
            places,
            incomplete,
            last_targets,
            successes,
            sent_before,
        };
        if replay.changes.edit.is_some() && selected.requests() > 1 {
            return Err(ReplayError::ManyToEdit);
        }
        Ok(selected)
    }

    /// How many requests are made of the deliveries.
    pub(super) fn requests(&self) -> usize {
        let times = usize::try_from(self.replay.times).unwrap_or(usize::MAX);
        self.places.len().saturating_mul(times)
    }

    /// The run by which a resumption finds what was sent. One request cannot be interrupted between
    /// two, and under repeats an id does not tell how often it was sent.
    pub(super) fn run(&self) -> Option<&'a Run> {
        let replay = self.replay;
        let is_bulk = self.places.len() > 1 && replay.times == 1;
        let run = replay.run.as_ref();
        run.filter(|_| is_bulk || replay.resume)
    }

    /// The places of the deliveries in the order in which they are sent, repeats included.
    fn order(&self) -> Box<dyn Iterator<Item = usize> + Send> {
        let times = self.replay.times;
        let places = self.places.clone().into_iter();
        let places = places.flat_map(move |place| (0..times).map(move |_| place));
        if !self.replay.shuffle {
            return Box::new(places);
        }
        let mut places: Vec<_> = places.collect();
        places.shuffle(&mut (self.replay.random)());
        Box::new(places.into_iter())
    }

    /// The deliveries in the order in which they are sent, repeats included. Some are read at once when
    /// the turn of the first comes, which takes as long as to read one.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = Result<Delivery, ReplayError>> + '_ {
        let mut order = self.order();
        let (mut places, mut read) = (VecDeque::new(), VecDeque::new());
        iter::from_fn(move || {
            if read.is_empty() {
                places.extend(order.by_ref().take(AHEAD - places.len()));
                if places.is_empty() {
                    return None;
                }
                match self.read(places.make_contiguous()) {
                    Ok(some) => read.extend(some),
                    Err(error) => {
                        places.pop_front();
                        return Some(Err(error));
                    }
                }
                places.drain(..read.len());
            }
            read.pop_front().map(Ok)
        })
    }

    /// Reads the first of these whole, or more.
    fn read(&self, places: &[usize]) -> Result<Vec<Delivery>, ReplayError> {
        match &self.replay.selection {
            Selection::Deliveries(deliveries) => {
                let first = places.iter().take(1);
                Ok(first.map(|place| deliveries[*place].clone()).collect())
            }
            Selection::Query(_) => {
                let ids: Vec<_> = places.iter().map(|place| &*self.ids[*place]).collect();
                let found = self.replay.read_log(|reader| Ok(reader.get_some(&ids)?))?;
                found.ok_or(ReplayError::NothingSelected)
            }
        }
    }

    /// Whether the last attempt at a delivery before the replay was answered 2xx; `None` where there was none.
    pub(super) fn was_success(&self, delivery_id: &str) -> Option<bool> {
        self.successes.get(delivery_id).copied()
    }

    /// Where a delivery goes: an endpoint that is given takes the delivery's own path where it has
    /// none.
    pub(super) fn target(&self, delivery: &Delivery) -> Result<Target, ReplayError> {
        match &self.replay.endpoint {
            Some(endpoint) => Ok(endpoint.join_path(&delivery.request.target)),
            None => match self.last_targets.get(&delivery.id) {
                Some(target) => Ok(target.clone()),
                None => Err(no_endpoint(&delivery.id, 1, 1)),
            },
        }
    }
}

impl Replay<'_> {
    /// Reads the log; `None` where there is none.
    pub(super) fn read_log<T>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, ReplayError>,
    ) -> Result<Option<T>, ReplayError> {
        let reader = self.reader.as_ref();
        let reader = reader.map(|reader| reader.lock().unwrap_or_else(PoisonError::into_inner));
        reader.map(|reader| read(&reader)).transpose()
    }
}

/// The places of the deliveries that are sent, and the ids of those that are not, as they were not
/// received to their end.
fn complete(replay: &Replay<'_>, ids: &[String]) -> Result<(Vec<usize>, Vec<String>), ReplayError> {
    let cut = match &replay.selection {
        _ if replay.force => HashSet::new(),
        Selection::Deliveries(all) => {
            let places = all.iter().enumerate();
            let cut = places.filter(|(_, one)| !one.request.body_complete);
            cut.map(|(place, _)| place).collect()
        }
        Selection::Query(_) => {
            let cut = replay.read_log(|reader| Ok(reader.incomplete(ids)?))?;
            let cut = cut.unwrap_or_default();
            let places = ids.iter().enumerate();
            let places = places.filter(|(_, id)| cut.contains(*id));
            places.map(|(place, _)| place).collect()
        }
    };
    let (cut, places): (Vec<_>, _) = (0..ids.len()).partition(|place| cut.contains(place));
    Ok((
        places,
        cut.into_iter().map(|place| ids[place].clone()).collect(),
    ))
}

/// The ids of what the query means, and how many of them a resumed run has sent before.
fn ids(
    replay: &Replay<'_>,
    reader: &Reader,
    query: &Query,
) -> Result<(Vec<String>, usize), ReplayError> {
    match replay.run.as_ref().filter(|_| replay.resume) {
        Some(run) => Ok(rest(run, reader, query.clone())?),
        None => Ok((reader.ids(query)?, 0)),
    }
}

/// What the query meant when a run began, without what it has sent. What was received since is not
/// of this run: where the endpoint is a `listen` on the same log, that would be the replayed
/// deliveries themselves.
fn rest(run: &Run, reader: &Reader, mut query: Query) -> Result<(Vec<String>, usize), StoreError> {
    let most = query.limit.take().unwrap_or(usize::MAX);
    let sent = reader.sent_in_run(&run.id)?;
    let mut ids = reader.ids(&query)?;
    ids.retain(|id| !came_after(id, run) && !sent.contains(id));
    // The newest of all were meant. Those that were sent are among them, though the query may mean
    // them no longer, as where only failed ones are meant.
    ids.drain(..ids.len().saturating_sub(most.saturating_sub(sent.len())));
    Ok((ids, sent.len()))
}

/// Whether a delivery was received, and so given its id, after a run began.
fn came_after(delivery_id: &str, run: &Run) -> bool {
    id::made_at(delivery_id).is_some_and(|made| run.started_at < made)
}

/// Where each delivery was last sent, which each of them has to have been.
fn last_targets<'i>(
    replay: &Replay<'_>,
    ids: impl Iterator<Item = &'i String>,
) -> Result<HashMap<String, Target>, ReplayError> {
    let ids: Vec<_> = ids.collect();
    let urls = replay.read_log(|reader| Ok(reader.last_urls(&ids)?))?;
    let mut targets = HashMap::new();
    for (id, url) in urls.unwrap_or_default() {
        targets.insert(id, Target::parse(&url)?);
    }
    let missing: Vec<_> = ids
        .iter()
        .filter(|id| !targets.contains_key(**id))
        .collect();
    match missing.first() {
        Some(first) => Err(no_endpoint(first, missing.len(), ids.len())),
        None => Ok(targets),
    }
}

/// Whether the last attempt at each was answered 2xx.
fn successes<'i>(
    replay: &Replay<'_>,
    ids: impl Iterator<Item = &'i String>,
) -> Result<HashMap<String, bool>, ReplayError> {
    let ids: Vec<_> = ids.collect();
    let last = replay.read_log(|reader| Ok(reader.last_outcomes(&ids)?))?;
    let last = last.unwrap_or_default().into_iter();
    Ok(last
        .map(|(id, last)| (id, last.is_ok_and(is_success)))
        .collect())
}

fn no_endpoint(first: &str, missing: usize, all: usize) -> ReplayError {
    ReplayError::NoEndpoint {
        first: first.to_owned(),
        missing,
        all,
    }
}
