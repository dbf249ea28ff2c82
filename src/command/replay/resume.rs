//! Which bulk replay is gone on with, and what the log keeps of one so that it can be.

use serde_json::{Value, json};

use crate::cli::{GlobalArgs, ReplayArgs, SelectArgs};
use crate::command::{World, select};
use crate::delivery::id;
use crate::exit::CliError;
use crate::http::Target;
use crate::store::{Reader, Run};

/// The run of what the arguments ask for, to `endpoint`: one that is resumed, else a new one.
pub fn run(
    args: &ReplayArgs,
    reader: &Reader,
    endpoint: Option<&Target>,
    world: &World,
) -> Result<Run, CliError> {
    let selection = selection(args, reader, world)?;
    let endpoint = endpoint.map(Target::without_secrets);
    match (&args.resume, selection) {
        (Some(Some(id)), selection) => named(args, reader, id, selection, endpoint.as_deref()),
        (Some(None), None) => {
            let newest = reader.newest_run()?;
            let newest = newest.map_or_else(|| Err(no_such_run(reader)?), Ok)?;
            named(args, reader, &newest.id, None, endpoint.as_deref())
        }
        (None, None) => Err(CliError::usage("nothing says which deliveries to replay")
            .hint("give ids, `@last`, or filters such as `--event 'order.*' --since -1h`")),
        (Some(None), Some(selection)) => {
            let found = reader.last_run(&selection, endpoint.as_deref())?;
            found.map_or_else(|| Err(no_such_run(reader)?), Ok)
        }
        (None, Some(selection)) => Ok(Run {
            id: id::run(),
            started_at: world.now(),
            selection,
            endpoint,
        }),
    }
}

/// The deliveries that a run was asked for: full ids, and filters, whose times are as seen from its
/// start.
pub fn asked_for(run: &Run) -> Result<(Vec<String>, SelectArgs), CliError> {
    let read = |text: &str| {
        let mut asked: Value = serde_json::from_str(text)?;
        let ids = asked.get_mut("id").map(Value::take).unwrap_or_default();
        let ids: Option<Vec<String>> = serde_json::from_value(ids)?;
        Ok((ids.unwrap_or_default(), serde_json::from_value(asked)?))
    };
    read(&run.selection).map_err(|error: serde_json::Error| {
        CliError::unreadable(format!("the selection of `{}`: {error}", run.id))
    })
}

/// Where a run goes: `given` where it is that, as the log keeps no password, else what the log has.
pub fn endpoint(run: &Run, given: Option<Target>) -> Result<Option<Target>, CliError> {
    if given.as_ref().map(Target::without_secrets) == run.endpoint {
        return Ok(given);
    }
    Ok(run.endpoint.as_deref().map(Target::parse).transpose()?)
}

/// How to send the rest of a run. What the log does not keep has to be said again.
pub fn how(run: &str, args: &ReplayArgs, global: &GlobalArgs) -> String {
    let kept = ReplayArgs {
        id: args.id.clone(),
        select: args.select.clone(),
        url: args.url.clone().filter(|url| !url.contains('@')),
        resume: args.resume.clone(),
        ..ReplayArgs::default()
    };
    if *args == kept && *global == GlobalArgs::default() {
        format!("; `webhook replay --resume={run}` sends the rest")
    } else {
        format!("; the same command with `--resume={run}` sends the rest")
    }
}

/// What ids and filters ask for, in a form that is equal where they are: ids in full, nothing of
/// filters that are not there. `None` where there is neither.
fn selection(
    args: &ReplayArgs,
    reader: &Reader,
    world: &World,
) -> Result<Option<String>, CliError> {
    if args.id.is_empty() && args.select == SelectArgs::default() {
        return Ok(None);
    }
    let sources = select::sources(&args.select.source)?;
    let mut ids = Vec::new();
    for id in &args.id {
        ids.push(select::find_among(world, reader, &sources, id)?.id);
    }
    ids.sort();
    ids.dedup();
    let unwritable = |error| CliError::unreadable(format!("cannot keep the selection: {error}"));
    let mut asked = serde_json::to_value(&args.select).map_err(unwritable)?;
    if let Some(filters) = asked.as_object_mut() {
        filters.insert("id".into(), json!(ids));
        let absent = [json!(null), json!(false), json!([])];
        filters.retain(|_, value| !absent.contains(value));
    }
    Ok(Some(asked.to_string()))
}

/// The run of an id. What else is asked for has to be the same, as it would be ignored.
fn named(
    args: &ReplayArgs,
    reader: &Reader,
    id: &str,
    selection: Option<String>,
    endpoint: Option<&str>,
) -> Result<Run, CliError> {
    let run = reader.run(id)?.ok_or_else(|| {
        CliError::usage(format!("the log has no replay `{id}`"))
            .hint("an interrupted replay says its id; without one, `--resume` takes the newest of the same command")
    })?;
    if run.selection.is_empty() {
        let trouble =
            format!("`{id}` is of an earlier version, which did not keep what it was asked for");
        return Err(CliError::usage(trouble)
            .hint("leave `--resume` out, and filter by `--failed` or by ids"));
    }
    if selection.is_some_and(|selection| selection != run.selection) {
        return Err(
            CliError::usage(format!("`{id}` has other deliveries than these"))
                .hint("leave ids and filters out: those of the replay are in the log"),
        );
    }
    if args.url.is_some() && endpoint != run.endpoint.as_deref() {
        let own = run.endpoint.as_deref();
        let own = own.map_or("where each was last sent".into(), |url| format!("`{url}`"));
        return Err(CliError::usage(format!("`{id}` goes to {own}"))
            .hint("leave `--url` out, or leave `--resume` out for a replay to this one"));
    }
    Ok(run)
}

/// That there is none of the same deliveries and endpoint, and which other one there is.
fn no_such_run(reader: &Reader) -> Result<CliError, CliError> {
    let Some(run) = reader.newest_run()? else {
        return Ok(CliError::usage("there is no replay to go on with")
            .hint("leave `--resume` out: every delivery that matches is sent"));
    };
    let to = run
        .endpoint
        .as_deref()
        .unwrap_or("where each was last sent");
    Ok(CliError::usage("there is no replay of these deliveries to this endpoint to go on with")
        .hint(format!(
            "`--resume={}` goes on with the last one, to `{to}`; without `--resume`, every delivery that matches is sent",
            run.id
        )))
}
