//! Where the deliveries of a replay come from: the log, or a file of captures.

use std::collections::HashSet;
use std::path::Path;

use super::Replay;
use crate::cli::SelectArgs;
use crate::command::captures;
use crate::command::select;
use crate::delivery::{Delivery, Timestamp};
use crate::exit::Trouble;
use crate::store::{Log, Reader, Writer};

/// The deliveries that were asked for, in the order of the log.
pub struct Source {
    items: Vec<Item>,
    log: Option<(Log, Reader)>,
    /// The interrupted run that this one goes on with.
    pub resumed: Option<String>,
}

/// One delivery of a source.
#[derive(Clone)]
pub enum Item {
    /// In the log, by its id; read when its turn comes, so that a large selection takes no memory.
    Logged(String),
    /// Of a file.
    Captured(Box<Delivery>),
}

impl Source {
    /// Finds the deliveries. None at all is an error, as nobody replays nothing on purpose.
    pub fn open(replay: &Replay<'_>) -> Result<Self, Trouble> {
        let args = replay.args;
        let mut source = match &args.from {
            Some(path) => Self::of_file(path, replay.world.now())?,
            None => Self::of_log(replay)?,
        };
        if args.resume {
            source.resume(replay)?;
        }
        if source.items.is_empty() {
            let trouble = Trouble::usage("no delivery is meant by this");
            return Err(trouble.hint("`webhook log` with the same filters shows what is"));
        }
        Ok(source)
    }

    fn of_file(path: &Path, now: Timestamp) -> Result<Self, Trouble> {
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

    fn of_log(replay: &Replay<'_>) -> Result<Self, Trouble> {
        let args = replay.args;
        if args.id.is_empty() && !has_filter(&args.select) {
            return Err(Trouble::usage("nothing says which deliveries to replay")
                .hint("give ids, `@last`, or filters such as `--event 'order.*' --since -1h`"));
        }
        let log = replay.setup.existing_log()?;
        let reader = log.reader()?;
        let mut query = select::query(&args.select, replay.setup, replay.world.now())?;
        for id in &args.id {
            query.ids.push(select::find(&reader, id)?.id);
        }
        let mut items = Vec::new();
        if query.ids.len() == 1 && !has_filter(&args.select) {
            items.extend(query.ids.into_iter().map(Item::Logged));
        } else {
            items.extend(reader.ids(&query)?.into_iter().map(Item::Logged));
        }
        Ok(Self {
            items,
            log: Some((log, reader)),
            resumed: None,
        })
    }

    /// Leaves out what the last run has sent.
    fn resume(&mut self, replay: &Replay<'_>) -> Result<(), Trouble> {
        let Some((_, reader)) = &self.log else {
            return Ok(());
        };
        let Some(run) = reader.last_run()? else {
            return Err(Trouble::usage("there is no replay to go on with")
                .hint("leave `--resume` out: every delivery that is meant is sent"));
        };
        let sent: HashSet<_> = reader.sent_in_run(&run)?;
        let before = self.items.len();
        self.items
            .retain(|item| !matches!(item, Item::Logged(id) if sent.contains(id)));
        let left_out = before - self.items.len();
        replay
            .world
            .console
            .note(&format!("{left_out} were sent before and are left out"));
        self.resumed = Some(run);
        Ok(())
    }

    /// The deliveries in order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Reads a delivery whole.
    pub fn read(&self, item: &Item) -> Result<Delivery, Trouble> {
        match (item, &self.log) {
            (Item::Captured(delivery), _) => Ok((**delivery).clone()),
            (Item::Logged(id), Some((_, reader))) => Ok(reader.get(id)?),
            (Item::Logged(id), None) => Err(Trouble::unreadable(format!("`{id}` is in no log"))),
        }
    }

    /// Where a delivery was forwarded to, the last time that it was.
    pub fn last_url(&self, delivery_id: &str) -> Result<Option<String>, Trouble> {
        match &self.log {
            Some((_, reader)) => Ok(reader.last_url(delivery_id)?),
            None => Ok(None),
        }
    }

    /// What keeps the attempts, where the deliveries are the log's.
    pub fn writer(&self) -> Result<Option<Writer>, Trouble> {
        match &self.log {
            Some((log, _)) => Ok(Some(log.writer()?)),
            None => Ok(None),
        }
    }
}

fn has_filter(select: &SelectArgs) -> bool {
    let SelectArgs {
        event,
        provider,
        verdict,
        since,
        until,
        failed,
        search,
        limit,
    } = select;
    !event.is_empty()
        || provider.is_some()
        || !verdict.is_empty()
        || since.is_some()
        || until.is_some()
        || *failed
        || search.is_some()
        || limit.is_some()
}
