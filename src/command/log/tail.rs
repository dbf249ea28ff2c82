//! `webhook log tail`: deliveries as they come in.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::signal::ctrl_c;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::{Setup, World, select};
use crate::cli::SelectArgs;
use crate::console::Console;
use crate::delivery::Delivery;
use crate::exit::{CliError, Outcome};
use crate::report::{self, BodyDetail, DeliveryView};
use crate::store::{Log, Position, Query, Reader, StoreError};

/// How often the log is looked at. `SQLite` tells nobody that another process has written, and a
/// look at an index is cheap.
const POLL: Duration = Duration::from_millis(250);

/// How long the last line may take to be written after Ctrl-C: a reader that has stopped reading
/// must not keep the program from ending.
const GRACE: Duration = Duration::from_millis(500);

/// Deliveries stand one below the other, so their bodies are short.
const VIEW: DeliveryView = DeliveryView {
    body: BodyDetail::Short,
    repeat: None,
    kept: true,
    width: None,
};

/// Prints what comes in until Ctrl-C.
pub fn run(
    select: &SelectArgs,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    if select.failed {
        let message = "`--failed` cannot be followed: what comes in has no attempt yet";
        return Err(CliError::usage(message).hint("`webhook log --failed` lists what there is"));
    }
    let tail = Tail {
        path: setup.config.log()?.value,
        query: select::query(select, setup, world.now())?,
        json,
        console: world.console,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| deaf(&error))?;
    runtime.block_on(until_interrupted(tail))?;
    Ok(Outcome::Yes)
}

/// The log is read in a thread of its own, where a stalled reader of stdout makes nobody else wait.
async fn until_interrupted(tail: Tail) -> Result<(), CliError> {
    let (stop, stopped) = mpsc::channel();
    let mut following = pin!(in_thread(move || tail.follow(&stopped)));
    tokio::select! {
        // In this order: Ctrl-C is listened for before the first line is out.
        biased;
        heard = ctrl_c() => heard.map_err(|error| deaf(&error))?,
        ended = &mut following => return ended,
    }
    drop(stop);
    timeout(GRACE, following).await.unwrap_or(Ok(()))
}

fn deaf(error: &io::Error) -> CliError {
    CliError::unreadable(format!("cannot wait for signals: {error}"))
}

async fn in_thread(
    work: impl FnOnce() -> Result<(), CliError> + Send + 'static,
) -> Result<(), CliError> {
    let (answer, ended) = oneshot::channel();
    thread::spawn(move || {
        // Nobody waits any more once the grace is over.
        let _ = answer.send(work());
    });
    let stopped = || CliError::unreadable("the log is no longer followed");
    ended.await.unwrap_or_else(|_| Err(stopped()))
}

/// What is followed, and how it is printed.
struct Tail {
    path: PathBuf,
    query: Query,
    json: bool,
    console: Console,
}

impl Tail {
    /// Prints what comes in until the other end of `stopped` is gone.
    fn follow(&self, stopped: &Receiver<()>) -> Result<(), CliError> {
        let mut open = self.open()?;
        match &mut open {
            Some(open) => self.begin(open)?,
            None => self.console.note(&format!(
                "there is no log at `{}` yet: waiting for the first delivery",
                self.path.display()
            )),
        }
        loop {
            if !open
                .as_ref()
                .is_some_and(|open| open.reader.is_at(&self.path))
            {
                open = self.open()?;
            }
            if let Some(open) = &mut open {
                self.print_new(open)?;
            }
            if stopped.recv_timeout(POLL) != Err(RecvTimeoutError::Timeout) {
                return Ok(());
            }
        }
    }

    /// The log from its first delivery on; `None` where there is none, or was none a moment ago.
    fn open(&self) -> Result<Option<Open>, StoreError> {
        let log = match Log::open_existing(&self.path) {
            Err(StoreError::Missing { .. }) => return Ok(None),
            opened => opened?,
        };
        Ok(Some(Open {
            reader: log.reader()?,
            place: Position::START,
            shown: HashSet::new(),
        }))
    }

    /// Prints the newest that were there before, as many as were asked for, and goes to the end.
    fn begin(&self, open: &mut Open) -> Result<(), CliError> {
        open.place = open.reader.end()?;
        if self.query.limit.is_none() {
            return Ok(());
        }
        open.reader.select(&self.query, |delivery| {
            self.print(&delivery)?;
            open.shown.insert(delivery.id);
            Ok(())
        })
    }

    fn print_new(&self, open: &mut Open) -> Result<(), CliError> {
        let shown = &open.shown;
        open.place = open.reader.follow(open.place, &self.query, |delivery| {
            if shown.contains(&delivery.id) {
                return Ok(());
            }
            self.print(&delivery)
        })?;
        open.shown = HashSet::new();
        Ok(())
    }

    fn print(&self, delivery: &Delivery) -> Result<(), CliError> {
        if self.json {
            self.console.json(&delivery.to_json())?;
        } else {
            let view = DeliveryView {
                width: self.console.width(),
                ..VIEW
            };
            self.console.data(&report::delivery(delivery, &view))?;
        }
        Ok(())
    }
}

/// A log that is followed.
struct Open {
    reader: Reader,
    /// Behind the last delivery that was looked at.
    place: Position,
    /// What was printed and may stand behind `place`, as it came just then.
    shown: HashSet<String>,
}
