//! Where the deliveries of a replay come from: the log, or a file of captures.

use std::collections::HashMap;
use std::path::Path;

use super::Replay;
use crate::cli::{ReplayArgs, SelectArgs};
use crate::command::captures;
use crate::command::select;
use crate::delivery::{Delivery, Timestamp, id};
use crate::exit::CliError;
use crate::store::{Log, Query, Reader, Writer};

/// The deliveries that were asked for, in the order of the log.
pub struct Source {
    items: Vec<Item>,
    log: Option<(Log, Reader)>,
    /// The interrupted run that this one goes on with.
    pub resumed: Option<String>,
}

/// One delivery of a source.
pub enum Item {
    /// In the log, by its id; read when its turn comes, so that a large selection takes no memory.
    Logged(String),
    /// Of a file.
    Captured(Box<Delivery>),
}

impl Item {
    /// The delivery's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Logged(id) => id,
            Self::Captured(delivery) => &delivery.id,
        }
    }
}

impl Source {
    /// Finds the deliveries. None at all is an error, as nobody replays nothing on purpose, unless
    /// an earlier run has sent them all.
    pub fn open(replay: &Replay<'_>) -> Result<Self, CliError> {
        let source = match &replay.args.from {
            Some(path) => Self::of_file(path, replay.world.now())?,
            None => Self::of_log(replay)?,
        };
        if source.items.is_empty() && source.resumed.is_none() {
            let trouble = CliError::usage("no delivery is meant by this");
            return Err(trouble.hint("`webhook log` with the same filters shows what is"));
        }
        if replay.args.edit && source.sendings(replay.args) > 1 {
            let trouble = CliError::usage("`--edit` takes one delivery, and more are meant");
            return Err(trouble.hint("`--set` changes many alike"));
        }
        Ok(source)
    }

    fn of_file(path: &Path, now: Timestamp) -> Result<Self, CliError> {
        let captures = captures::read_all(path)?;
        let items = captures
            .into_iter()
            .map(|capture| Item::Captured(Box::new(captures::delivery(capture, now))));
        Ok(Self {
            items: items.collect(),
            log: None,
            resumed: None,
        })
    }

    fn of_log(replay: &Replay<'_>) -> Result<Self, CliError> {
        let args = replay.args;
        let filtered = args.select != SelectArgs::default();
        if args.id.is_empty() && !filtered {
            return Err(CliError::usage("nothing says which deliveries to replay")
                .hint("give ids, `@last`, or filters such as `--event 'order.*' --since -1h`"));
        }
        let log = replay.setup.existing_log()?;
        let reader = log.reader()?;
        let run = args.resume.then(|| Run::last(&reader)).transpose()?;
        let now = run.as_ref().and_then(|run| run.began);
        let now = now.unwrap_or_else(|| replay.world.now());
        let mut query = select::query(&args.select, replay.setup, now)?;
        for id in &args.id {
            let named = select::find_among(&reader, &query.sources, id)?;
            query.ids.push(named.id);
        }
        let ids = match &run {
            Some(run) => run.rest(replay, &reader, query)?,
            None if query.ids.len() == 1 && !filtered => query.ids,
            None => reader.ids(&query)?,
        };
        Ok(Self {
            items: ids.into_iter().map(Item::Logged).collect(),
            log: Some((log, reader)),
            resumed: run.map(|run| run.id),
        })
    }

    /// The deliveries in order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// How many requests these flags make of the deliveries.
    pub fn sendings(&self, args: &ReplayArgs) -> usize {
        let times = args.repeat.map_or(1, |times| times as usize);
        self.items.len().saturating_mul(times)
    }

    /// Reads a delivery whole.
    pub fn read(&self, item: &Item) -> Result<Delivery, CliError> {
        match (item, &self.log) {
            (Item::Captured(delivery), _) => Ok((**delivery).clone()),
            (Item::Logged(id), Some((_, reader))) => Ok(reader.get(id)?),
            (Item::Logged(id), None) => Err(CliError::unreadable(format!("`{id}` is in no log"))),
        }
    }

    /// Where the deliveries were last sent, by their ids, as far as they were.
    pub fn last_urls(&self) -> Result<HashMap<String, String>, CliError> {
        let Some((_, reader)) = &self.log else {
            return Ok(HashMap::new());
        };
        let ids: Vec<_> = self.items.iter().map(Item::id).collect();
        Ok(reader.last_urls(&ids)?)
    }

    /// What keeps the attempts, where the deliveries are the log's.
    pub fn writer(&self) -> Result<Option<Writer>, CliError> {
        match &self.log {
            Some((log, _)) => Ok(Some(log.writer()?)),
            None => Ok(None),
        }
    }
}

/// The bulk replay that sent last.
struct Run {
    id: String,
    /// When it began, as its id tells.
    began: Option<Timestamp>,
}

impl Run {
    fn last(reader: &Reader) -> Result<Self, CliError> {
        let id = reader.last_run_of_any()?.ok_or_else(|| {
            CliError::usage("there is no replay to go on with")
                .hint("leave `--resume` out: every delivery that is meant is sent")
        })?;
        let began = id::made_at(&id);
        Ok(Self { id, began })
    }

    /// What the query meant when this run began, without what it has sent. What was received since
    /// is not of this run: where the endpoint is a `listen` on the same log, that would be the
    /// replayed deliveries themselves.
    fn rest(
        &self,
        replay: &Replay<'_>,
        reader: &Reader,
        mut query: Query,
    ) -> Result<Vec<String>, CliError> {
        let most = query.limit.take().unwrap_or(usize::MAX);
        let mut ids = reader.ids(&query)?;
        ids.retain(|id| !self.is_older_than(id));
        ids.drain(..ids.len().saturating_sub(most));
        let meant = ids.len();
        let sent = reader.sent_in_run(&self.id)?;
        ids.retain(|id| !sent.contains(id));
        let left_out = meant - ids.len();
        let console = replay.world.console;
        console.note(&format!("{left_out} were sent before and are left out"));
        Ok(ids)
    }

    fn is_older_than(&self, delivery_id: &str) -> bool {
        let made = id::made_at(delivery_id);
        made.zip(self.began)
            .is_some_and(|(made, began)| began < made)
    }
}
