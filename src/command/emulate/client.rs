//! What tells the emulator that runs what to do, through its API.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::api_client::{EmulatorClient, find};
use super::ready::events;
use super::{full_url, scenario};
use crate::cli::{ApiArgs, EmulateCommand, EndpointsCommand};
use crate::command::{World, shape};
use crate::config::Setup;
use crate::delivery::duration;
use crate::emulate::EventRequest;
use crate::emulate::api::WebhookForm;
use crate::exit::{CliError, Outcome};
use crate::report::{self, sanitize::escape};

/// Does what was asked for.
pub async fn run(
    command: &EmulateCommand,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    match command {
        EmulateCommand::Trigger {
            event,
            set,
            data,
            api,
        } => trigger(event, set, data.as_deref(), api, setup, world).await,
        EmulateCommand::Endpoints { command, api } => {
            let api = match command {
                Some(EndpointsCommand::Add { api, .. } | EndpointsCommand::List { api }) => api,
                None => api,
            };
            let client = find(api, setup).await?;
            let rows = match command {
                Some(EndpointsCommand::Add {
                    url,
                    events,
                    secret_file,
                    ..
                }) => vec![add(url, events, secret_file.as_deref(), &client).await?],
                _ => client.list("/v1/webhooks", usize::MAX).await?,
            };
            show_endpoints(&rows, api, world)
        }
        EmulateCommand::Deliveries { status, limit, api } => {
            let client = find(api, setup).await?;
            deliveries(status.as_deref(), *limit, &client, api, world).await
        }
        EmulateCommand::Advance { length, api } => {
            let client = find(api, setup).await?;
            let body = json!({"advance": duration::typed(*length)});
            let clock = client.call("POST", "/_control/clock", Some(&body)).await?;
            show_clock(&clock, api, world)
        }
        EmulateCommand::Run {
            scenario: path,
            api,
        } => {
            let client = find(api, setup).await?;
            let provider = setup.provider(&client.place.provider)?;
            let story = scenario(path, provider)?;
            play(&client, story.events, world).await
        }
    }
}

/// The secret in a file, without the line end behind it.
fn read_secret(path: &Path) -> Result<String, CliError> {
    let bytes = shape::try_read(path).map_err(|error| CliError::unread(path.display(), &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CliError::unreadable(format!("`{}` is not text", path.display())))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

async fn trigger(
    event: &str,
    set: &[(String, String)],
    data: Option<&str>,
    api: &ApiArgs,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let client = find(api, setup).await?;
    let data = data
        .map(|text| shape::json_source(text, "--data", world))
        .transpose()?;
    let request = EventRequest {
        event: event.to_owned(),
        data,
        set: shape::parse_assignments(set)?,
        ..EventRequest::default()
    };
    let emitted = client.emit(&request).await?;
    if api.json {
        world.console.line("event", &emitted)?;
        return Ok(Outcome::Yes);
    }
    let deliveries = emitted["deliveries"].as_array().map_or(0, Vec::len);
    let id = escape(emitted["id"].as_str().unwrap_or_default());
    let to = match deliveries {
        0 => "no endpoint is subscribed to it".to_owned(),
        many => {
            let many = u64::try_from(many).unwrap_or(u64::MAX);
            format!("to {}", report::counted(many, "endpoint", "endpoints"))
        }
    };
    world.console.data(&format!("{id}  {event}  {to}"))?;
    Ok(Outcome::Yes)
}

/// Registers an endpoint.
async fn add(
    url: &str,
    events: &[String],
    secret_file: Option<&Path>,
    client: &EmulatorClient,
) -> Result<Value, CliError> {
    let events = if events.is_empty() {
        vec!["*".to_owned()]
    } else {
        events.to_vec()
    };
    let new = WebhookForm {
        url: full_url(url)?,
        events,
        secret: secret_file.map(read_secret).transpose()?,
    };
    client.call("POST", "/v1/webhooks", Some(&new)).await
}

fn show_endpoints(rows: &[Value], api: &ApiArgs, world: &World) -> Result<Outcome, CliError> {
    if api.json {
        for row in rows {
            world.console.line("endpoint", row)?;
        }
        return Ok(Outcome::Yes);
    }
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let row = |row: &Value| {
        let names = row["events"].as_array().into_iter().flatten();
        let names: Vec<_> = names.filter_map(Value::as_str).map(str::to_owned).collect();
        vec![
            text(row, "id"),
            text(row, "status"),
            text(row, "url"),
            events(&names),
        ]
    };
    let headers = ["ID", "STATUS", "URL", "EVENTS"];
    let table = report::table_or_stack(
        &headers,
        rows.iter().map(row).collect(),
        world.console.width(),
    );
    if table.is_empty() {
        world.console.note("no endpoint is registered");
    } else {
        world.console.data(&table)?;
    }
    Ok(Outcome::Yes)
}

async fn deliveries(
    status: Option<&str>,
    limit: u8,
    client: &EmulatorClient,
    api: &ApiArgs,
    world: &World,
) -> Result<Outcome, CliError> {
    let path = match status {
        Some(status) => format!("/v1/deliveries?status={status}"),
        None => "/v1/deliveries".into(),
    };
    let rows = client.list(&path, limit.into()).await?;
    if api.json {
        for row in &rows {
            world.console.line("delivery_status", row)?;
        }
        return Ok(Outcome::Yes);
    }
    let cell = |row: &Value, name: &str| match &row[name] {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        other => other.to_string(),
    };
    let columns = [
        "id",
        "event_type",
        "status",
        "response_code",
        "next_retry_at",
    ];
    let headers = ["ID", "EVENT", "STATUS", "CODE", "NEXT ATTEMPT"];
    let row = |row: &Value| columns.iter().map(|name| cell(row, name)).collect();
    let table = report::table_or_stack(
        &headers,
        rows.iter().map(row).collect(),
        world.console.width(),
    );
    if table.is_empty() {
        world.console.note("there are no deliveries yet");
    } else {
        world.console.data(&table)?;
    }
    Ok(Outcome::Yes)
}

fn show_clock(clock: &Value, api: &ApiArgs, world: &World) -> Result<Outcome, CliError> {
    if api.json {
        world.console.line("clock", clock)?;
        return Ok(Outcome::Yes);
    }
    let now = escape(clock["now"].as_str().unwrap_or_default());
    let pending = clock["pending"].as_u64().unwrap_or_default();
    let pending = report::counted(pending, "delivery is", "deliveries are");
    world
        .console
        .data(&format!("it is {now} there; {pending} to come"))?;
    Ok(Outcome::Yes)
}

/// Lets the events of a story happen, each at its time.
async fn play(
    client: &EmulatorClient,
    events: Vec<EventRequest>,
    world: &World,
) -> Result<Outcome, CliError> {
    // Its things are not those of the story before.
    let tale: u64 = rand::random();
    let (count, mut last) = (events.len(), Duration::ZERO);
    for event in events {
        last = last.max(event.after);
        let story = event.story.map(|name| format!("{name} {tale}"));
        client.emit(&EventRequest { story, ..event }).await?;
    }
    let count = report::counted(u64::try_from(count).unwrap_or(u64::MAX), "event", "events");
    let message = format!("{count}, the last in {}", report::duration(last));
    world.console.note(&message);
    Ok(Outcome::Yes)
}
