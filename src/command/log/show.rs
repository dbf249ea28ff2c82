//! `webhook log show`: one delivery or attempt, whole.

use super::super::request::{self, LISTENER};
use super::super::setup::existing_log;
use super::super::{World, select};
use crate::cli::ShowAs;
use crate::config::Setup;
use crate::delivery::{Delivery, Request, id};
use crate::exit::{CliError, Outcome};
use crate::http::{Target, TargetError};
use crate::report::page;
use crate::store::Reader;

/// Shows a delivery with its attempts, or an attempt with its answer.
pub fn run(
    id: &str,
    form: Option<ShowAs>,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let reader = existing_log(setup)?.reader()?;
    if id.starts_with(id::ATTEMPT) {
        show_attempt(id, form.is_some(), json, &reader, world)?;
        return Ok(Outcome::Yes);
    }
    let delivery = select::find(world, &reader, id)?;
    match form {
        Some(form) => print_request(form, &delivery, &reader, world)?,
        None if json => print_lines(&delivery, &reader, world)?,
        None => {
            let attempts = reader.attempts_of(&delivery.id)?;
            let page = page::delivery(&delivery, &attempts, world.now(), world.console.width());
            world.console.data(&page)?;
        }
    }
    Ok(Outcome::Yes)
}

fn show_attempt(
    id: &str,
    is_form: bool,
    json: bool,
    reader: &Reader,
    world: &World,
) -> Result<(), CliError> {
    let attempt = reader.attempt(id)?;
    if is_form {
        let delivery = &attempt.delivery_id;
        let message = format!("`--as` prints the request of a delivery, `{id}` is an attempt");
        return Err(CliError::usage(message).hint(format!("its delivery is `{delivery}`")));
    }
    if json {
        world.console.json(&attempt.to_json())?;
    } else {
        let page = page::attempt(&attempt, world.now(), world.console.width());
        world.console.data(&page)?;
    }
    Ok(())
}

fn print_lines(delivery: &Delivery, reader: &Reader, world: &World) -> Result<(), CliError> {
    world.console.json(&delivery.to_json())?;
    for attempt in reader.attempts_of(&delivery.id)? {
        world.console.json(&attempt.to_json())?;
    }
    Ok(())
}

fn print_request(
    form: ShowAs,
    delivery: &Delivery,
    reader: &Reader,
    world: &World,
) -> Result<(), CliError> {
    if !delivery.request.body_complete && form != ShowAs::Json {
        let message = "the sender stopped before the body was complete: this is what came of it";
        world.console.warn(message, None);
    }
    let url = match form {
        ShowAs::Curl => Some(url(delivery, reader, world)?),
        ShowAs::Http | ShowAs::Json => None,
    };
    let mut delivery = delivery.clone();
    if form == ShowAs::Curl {
        // The URL is another one than the sender's.
        delivery.request.headers.remove("Host");
    }
    request::print(world, form, &delivery, url.as_deref())
}

/// Where the delivery was last sent, else where it came in, as far as that is known.
fn url(delivery: &Delivery, reader: &Reader, world: &World) -> Result<String, CliError> {
    if let Some(url) = reader.last_url(&delivery.id)? {
        if matches!(Target::parse(&url), Err(TargetError::Hidden(_))) {
            world
                .console
                .note("the URL had a user name or a password, which the log does not keep");
        }
        return Ok(url.replacen("://…@", "://", 1));
    }
    let url = listener_url(&delivery.request);
    world.console.note(&format!(
        "the delivery was never sent on: the URL is that of `webhook listen`, {LISTENER}"
    ));
    Ok(url)
}

/// The target as it stands, where a URL type would resolve `..` and escape.
fn listener_url(request: &Request) -> String {
    let slash = if request.target.starts_with('/') {
        ""
    } else {
        "/"
    };
    format!("{LISTENER}{slash}{}", request.target)
}
