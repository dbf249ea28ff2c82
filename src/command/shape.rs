//! Shaping a payload: values set and removed, text from files, an editor.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path as FilePath;

use serde_json::Value;

use crate::cli::value::Moment;
use crate::command::World;
use crate::delivery::{Headers, Timestamp, text};
use crate::exit::CliError;
use crate::formats::refuse_device;
use crate::json::{Path, PathError, TypedJson, javascript};
use crate::provider::{FieldSource, Provider};

/// The MiB that are read of stdin for a body or data; a larger one is given as a file.
const LARGEST_INPUT: u64 = 256;

/// The paths and values of `--set`. What is not JSON is a string.
pub fn parse_assignments(
    assignments: &[(String, String)],
) -> Result<Vec<(Path, TypedJson)>, CliError> {
    let value = |text: &str| text.parse().unwrap_or_else(|_| Value::from(text).into());
    let parse = |(path, text): &(String, String)| Ok((parse_path(path)?, value(text)));
    assignments.iter().map(parse).collect()
}

/// The paths of `--unset`.
pub fn parse_paths(paths: &[String]) -> Result<Vec<Path>, CliError> {
    paths.iter().map(|path| parse_path(path)).collect()
}

fn parse_path(text: &str) -> Result<Path, CliError> {
    text.parse()
        .map_err(|error: PathError| CliError::of_path(&error, false))
}

/// The bytes of `@file`, of stdin for `-`, or of the text itself.
pub fn source(text: &str) -> Result<Vec<u8>, CliError> {
    if text == "-" {
        return stdin(LARGEST_INPUT).map_err(|error| CliError::unread("stdin", &error));
    }
    match text.strip_prefix('@') {
        Some(path) => read(FilePath::new(path)),
        None => Ok(text.as_bytes().to_vec()),
    }
}

/// The bytes of stdin, which may be a device without an end: more than `most` MiB are an error.
pub fn stdin(most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most_bytes = most * 1024 * 1024;
    let read = io::stdin()
        .lock()
        .take(most_bytes + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= most_bytes) {
        Ok(bytes)
    } else {
        Err(io::Error::other(format!("it is larger than {most} MiB")))
    }
}

/// The bytes of `@file` or of stdin. A bare word is an error, as it would be a file's name whose `@`
/// was forgotten.
pub fn byte_source(text: &str, flag: &str) -> Result<Vec<u8>, CliError> {
    if text == "-" || text.starts_with('@') {
        return source(text);
    }
    Err(CliError::usage(format!("`{flag} {text}` names no source"))
        .hint(format!("a file is `{flag} @FILE`, stdin is `{flag} -`")))
}

fn read(path: &FilePath) -> Result<Vec<u8>, CliError> {
    try_read(path).map_err(|error| CliError::unread(path.display(), &error))
}

/// The bytes of a file with an end.
pub fn try_read(path: &FilePath) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    refuse_device(&file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The JSON value of `@file`, of stdin, or of the text itself.
pub fn json_source(text: &str, flag: &str, world: &World) -> Result<TypedJson, CliError> {
    let bytes = source(text)?;
    let (bytes, was_utf16) = text::decode(&bytes);
    if was_utf16 {
        world
            .console
            .note(&format!("`{flag}` is UTF-16: read as the text that it is"));
    }
    let typed = match std::str::from_utf8(&bytes) {
        Ok(text) => text
            .parse()
            .map_err(|error: serde_json::Error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    typed.map_err(|error| {
        CliError::usage(format!("`{flag}` is not JSON: {error}"))
            .hint("give JSON, `@file`, or `-` for stdin")
    })
}

/// The time of signing, as flags say it. Fails where it would not be digits: unix seconds begin in
/// 1970.
pub fn time(typed: Option<Moment>, now: Timestamp) -> Result<Timestamp, CliError> {
    let at = typed.map_or(now, |typed| typed.seen_from(now));
    if typed.is_some() && at.seconds() < 0 {
        return Err(CliError::usage("`--timestamp` lies before 1970")
            .hint("no signature scheme writes a negative time"));
    }
    Ok(at)
}

/// Fails where an id is given that would have to be written into a body of bytes.
pub fn refuse_id_in_body(id: Option<&str>, provider: &Provider) -> Result<(), CliError> {
    match provider.definition.envelope.id {
        FieldSource::Path(_) | FieldSource::Joined(_) | FieldSource::Absent if id.is_some() => Err(
            CliError::usage("`--id` cannot stand in a `--body`, which is signed as it is")
                .hint("write the id into the body"),
        ),
        _ => Ok(()),
    }
}

/// Warns where a payload is not as its event is described; it is sent all the same.
pub fn warn_of_misfits(
    world: &World,
    provider: &Provider,
    event: &str,
    headers: &Headers,
    body: &[u8],
) {
    for misfit in provider.misfits(event, headers, body) {
        let message = format!("`{event}`: {misfit}");
        world.console.warn(&message, None);
    }
}

/// Bytes and numbers go out as they were given; the documented handler may read others.
pub fn warn_of_body(world: &World, provider: &Provider, body: &[u8]) {
    let definition = &provider.definition;
    if definition.handler.reserializes && !javascript::is_fixed_point(body) {
        world.console.warn(
            &format!(
                "the documented handler of {} computes the signature over JSON.stringify of the \
                 parsed body, which is not this body",
                definition.title
            ),
            Some("it will refuse the delivery; a handler over the raw bytes will not"),
        );
    }
}
