//! `webhook sign`: the headers that `send` would add to a body.

use std::io::{self, IsTerminal as _};

use bytes::Bytes;
use serde_json::json;

use super::request::LISTENER;
use super::setup::{self, first_key, keyring_or_local};
use super::{World, shape};
use crate::cli::{GlobalArgs, SignArgs, SignAs};
use crate::delivery::{Headers, Timestamp};
use crate::exit::{CliError, Outcome};
use crate::formats::curl;
use crate::http::Target;
use crate::json::JsonFields;
use crate::provider::{Payload, Provider, Story};
use crate::send::{EventContent, Message, SendOptions, Shape};

/// Runs the command.
pub fn run(args: &SignArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let at = shape::time(args.timestamp, world.now())?;
    let setup = setup::load_for(global, args.secrets.env_file.as_deref(), world, |config| {
        config.provider(args.provider.clone()).value
    })?;
    let provider = setup
        .chosen_provider(args.provider.as_deref())?
        .ok_or_else(|| {
            CliError::usage("a body alone does not tell whose it is")
                .hint("say which: `--provider NAME`")
        })?;
    shape::refuse_id_in_body(args.id.as_deref(), provider)?;
    let body = body(args)?;
    let keyring = keyring_or_local(Some(&[provider.name()]), &setup, &args.secrets, world)?;
    let message = Message {
        provider,
        event: &event(args, provider, &body, world),
        key: first_key(&keyring, provider)?,
        content: EventContent::Body(body),
    };
    let (payload, mut headers) = signed(args, &message, &|| at)?;
    // One that names the event says nothing where nobody knows it.
    headers = headers
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.clone()))
        .collect();
    world.begin();
    shape::warn_of_body(world, provider, &payload.body);
    print(args, world, &message, &payload, &headers)?;
    Ok(Outcome::Yes)
}

/// The body, byte for byte: of a file, the text itself, or stdin.
fn body(args: &SignArgs) -> Result<Bytes, CliError> {
    let (text, is_asked) = match (&args.body, &args.data) {
        (Some(path), _) if path == "-" || path.starts_with('@') => (path.clone(), true),
        (Some(path), _) => (format!("@{path}"), true),
        (None, Some(text)) => (text.clone(), true),
        (None, None) => ("-".into(), false),
    };
    if !is_asked && io::stdin().is_terminal() {
        return Err(
            CliError::usage("no body given, and stdin is a terminal").hint(
                "name a file, `--body FILE`, or pipe the body in, or give `--body -` to type it",
            ),
        );
    }
    if text == "-" && args.secrets.from_stdin() > 0 {
        return Err(CliError::usage("stdin is asked for twice")
            .hint("name a file for the body or for the secret"));
    }
    Ok(shape::source(&text)?.into())
}

/// The event's name: what is given, else what the body tells; empty where nobody knows it.
fn event(args: &SignArgs, provider: &Provider, body: &[u8], world: &World) -> String {
    if let Some(event) = &args.event {
        return event.clone();
    }
    let source = &provider.definition.envelope.event;
    if let Some(header) = source.header() {
        world.console.note(&format!(
            "`{header}` names the event and is left out: give `--event NAME`"
        ));
    }
    let fields = JsonFields::new(body);
    let told = source.find(&Headers::new(), fields.as_ref());
    told.unwrap_or_default()
}

/// The payload, and its headers with the signature, as `send` makes them.
fn signed(
    args: &SignArgs,
    message: &Message<'_>,
    clock: &(dyn Fn() -> Timestamp + Sync),
) -> Result<(Payload, Headers), CliError> {
    let options = SendOptions {
        target: Target::parse(args.url.as_deref().unwrap_or(LISTENER))?,
        origin: None,
        shape: Shape {
            id: args.id.clone(),
            ..Shape::default()
        },
        fault: None,
        retry_speed: None,
        timeout: None,
        clock,
    };
    let story = Story {
        seed: rand::random(),
        number: 0,
    };
    let composed = options.compose(message, story);
    let payload = composed.map_err(|error| CliError::of_send(error, false))?;
    let signed = payload.sign(&message.provider.definition, message.key);
    let is_of_headers = signed.body == payload.body && signed.target == payload.target;
    if !is_of_headers {
        let name = message.provider.name();
        let place = &message.provider.definition.signature.proof;
        return Err(CliError::usage(format!(
            "the proof of `{name}` is more than headers: {place} is changed, too"
        ))
        .hint(format!(
            "`webhook send EVENT --provider {name} --dry-run` prints the whole request"
        )));
    }
    Ok((payload, signed.headers))
}

fn print(
    args: &SignArgs,
    world: &World,
    message: &Message<'_>,
    payload: &Payload,
    headers: &Headers,
) -> Result<(), CliError> {
    let form = args.form.unwrap_or(SignAs::Http);
    if args.json || form == SignAs::Json {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let fields: Vec<_> = headers
            .iter()
            .map(|(name, value)| [name.into(), String::from_utf8_lossy(value)])
            .collect();
        let fields = json!({
            "provider": message.provider.name(),
            "event": known(message.event),
            "event_id": known(&payload.event_id),
            "signed_at": payload.signed_at.to_string(),
            "body_bytes": payload.body.len(),
            "headers": fields,
        });
        return Ok(world.console.line("signature", fields)?);
    }
    let line = |(name, value): (&str, &Bytes)| {
        let value = String::from_utf8_lossy(value);
        match form {
            SignAs::Curl => curl::header_argument(name, value.as_bytes()),
            SignAs::Env => format!("{}={}", variable(name), curl::word(&value)),
            SignAs::Http | SignAs::Json => format!("{name}: {value}"),
        }
    };
    let lines: Vec<_> = headers.iter().map(line).collect();
    Ok(world
        .console
        .raw(format!("{}\n", lines.join("\n")).as_bytes())?)
}

/// The name of a header as that of a variable: `X_OLYMPUS_SIGNATURE`.
fn variable(name: &str) -> String {
    name.to_ascii_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}
