//! `webhook log tail`: deliveries as they come in.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::signal::ctrl_c;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::{World, select};
use crate::cli::SelectArgs;
use crate::config::Setup;
use crate::console::Console;
use crate::delivery::Delivery;
use crate::exit::{CliError, Outcome};
use crate::report::{self, BodyDetail, DeliveryView, Detail};
use crate::store::{Log, Query, Tail};

/// How often the log is looked at. `SQLite` tells nobody that another process has written, and a
/// look at an index is cheap.
const POLL: Duration = Duration::from_millis(250);

/// How long the last line may take to be written after Ctrl-C: a reader that has stopped reading
/// must not keep the program from ending.
const GRACE: Duration = Duration::from_millis(500);

/// How a delivery is shown that stands among others.
const VIEW: DeliveryView = DeliveryView {
    body: BodyDetail::Short,
    repeat: None,
    kept: true,
    one_provider: false,
    detail: Detail::Usual,
    width: None,
};

/// Prints what comes in until Ctrl-C.
pub fn run(
    select: &SelectArgs,
    body: BodyDetail,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    if select.failed {
        let message = "`--failed` cannot be followed: what comes in has no attempt yet";
        return Err(CliError::usage(message).hint("`webhook log --failed` lists what there is"));
    }
    let path = setup.config.log()?.value;
    let reader = path.exists().then(|| Log::open(path.clone())?.reader());
    select::refuse_unknown(select, setup, reader.transpose()?.as_ref())?;
    let query = select::query(select, setup, world.now())?;
    let console = world.console;
    let print = move |delivery: &Delivery| print(delivery, body, json, console);
    let work = move |stopped: &Receiver<()>| follow(&path, query, print, console, stopped);
    super::super::runtime()?.block_on(until_interrupted(work))?;
    Ok(Outcome::Yes)
}

/// The log is read in a thread of its own, where a stalled reader of stdout makes nobody else wait.
async fn until_interrupted(
    work: impl FnOnce(&Receiver<()>) -> Result<(), CliError> + Send + 'static,
) -> Result<(), CliError> {
    let (stop, stopped) = mpsc::channel();
    let (answer, mut ended) = oneshot::channel();
    thread::spawn(move || {
        // Nobody waits any more once the grace is over.
        let _ = answer.send(work(&stopped));
    });
    tokio::select! {
        // In this order: Ctrl-C is listened for before the first line is out.
        biased;
        heard = ctrl_c() => heard.map_err(|error| {
            CliError::unreadable(format!("cannot wait for signals: {error}"))
        })?,
        ended = &mut ended => return ended.unwrap_or_else(|_| {
            Err(CliError::unreadable("the log is no longer followed"))
        }),
    }
    drop(stop);
    match timeout(GRACE, ended).await {
        Ok(Ok(ended)) => ended,
        _ => Ok(()),
    }
}

/// Prints what comes in until the other end of `stopped` is gone.
fn follow(
    path: &Path,
    query: Query,
    print: impl Fn(&Delivery) -> Result<(), CliError>,
    console: Console,
    stopped: &Receiver<()>,
) -> Result<(), CliError> {
    let mut tail = Tail::begin(path, query, &print)?;
    if !tail.is_open() {
        console.note(&format!(
            "there is no log at `{}` yet: waiting for the first delivery",
            path.display()
        ));
    } else if console.talks_to_terminal() {
        console.note("waiting for the next delivery; Ctrl-C ends it");
    }
    loop {
        tail.follow(&print)?;
        if stopped.recv_timeout(POLL) != Err(RecvTimeoutError::Timeout) {
            return Ok(());
        }
    }
}

fn print(
    delivery: &Delivery,
    body: BodyDetail,
    json: bool,
    console: Console,
) -> Result<(), CliError> {
    if json {
        console.json(&delivery.to_json())?;
    } else {
        let detail = console.detail();
        let view = DeliveryView {
            body: detail.of(body),
            detail,
            width: console.width(),
            ..VIEW
        };
        console.data(&report::delivery(delivery, &view))?;
    }
    Ok(())
}
