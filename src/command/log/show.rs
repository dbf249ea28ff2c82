//! `webhook log show`: one delivery or attempt, whole.

use super::super::{Setup, World, select};
use super::{output, page};
use crate::cli::{LogShow, ShowAs};
use crate::delivery::{Delivery, Request, id};
use crate::exit::{Outcome, Trouble};
use crate::formats::{Unwritable, curl, message};
use crate::store::Reader;

/// Where `webhook listen` listens unless it is told otherwise.
const LISTENER: &str = "http://localhost:4400";

/// Shows a delivery with its attempts, or an attempt with its answer.
pub fn run(args: &LogShow, setup: &Setup, world: &World) -> Result<Outcome, Trouble> {
    let reader = setup.existing_log()?.reader()?;
    if args.id.starts_with(id::ATTEMPT) {
        show_attempt(args, &reader, world)?;
        return Ok(Outcome::Yes);
    }
    let delivery = select::find(&reader, &args.id)?;
    match args.form {
        Some(form) => print_request(form, &delivery, &reader, world)?,
        None if args.json => print_lines(&delivery, &reader, world)?,
        None => {
            let attempts = reader.attempts_of(&delivery.id)?;
            let page = page::delivery(&delivery, &attempts, world.now(), world.console.width());
            world.console.data(&page)?;
        }
    }
    Ok(Outcome::Yes)
}

fn show_attempt(args: &LogShow, reader: &Reader, world: &World) -> Result<(), Trouble> {
    let attempt = reader.attempt(&args.id)?;
    if args.form.is_some() {
        let delivery = &attempt.delivery_id;
        let message = format!(
            "`--as` prints the request of a delivery, `{}` is an attempt",
            args.id
        );
        return Err(Trouble::usage(message).hint(format!("its delivery is `{delivery}`")));
    }
    if args.json {
        output::line(&mut output::raw(world.console), attempt.to_json())?;
    } else {
        world.console.data(&page::attempt(&attempt, world.now()))?;
    }
    Ok(())
}

fn print_lines(delivery: &Delivery, reader: &Reader, world: &World) -> Result<(), Trouble> {
    let mut out = output::raw(world.console);
    output::line(&mut out, delivery.to_json())?;
    for attempt in reader.attempts_of(&delivery.id)? {
        output::line(&mut out, attempt.to_json())?;
    }
    Ok(())
}

fn print_request(
    form: ShowAs,
    delivery: &Delivery,
    reader: &Reader,
    world: &World,
) -> Result<(), Trouble> {
    let request = &delivery.request;
    if !request.body_complete && form != ShowAs::Json {
        let message = "the sender stopped before the body was complete: this is what came of it";
        world.console.warn(message, None);
    }
    let mut out = output::raw(world.console);
    match form {
        ShowAs::Json => output::line(&mut out, delivery.to_json())?,
        ShowAs::Http => {
            let message = message::write(request, None).map_err(|error| unwritable(&error))?;
            world.console.raw(&message)?;
        }
        ShowAs::Curl => {
            let url = url(delivery, reader, world)?;
            let command = curl::command(request, &url).map_err(|error| unwritable(&error))?;
            output::line(&mut out, command)?;
        }
    }
    Ok(())
}

/// Where the delivery was last sent, else where it came in, as far as that is known.
fn url(delivery: &Delivery, reader: &Reader, world: &World) -> Result<String, Trouble> {
    if let Some(url) = reader.last_url(&delivery.id)? {
        return Ok(url);
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

fn unwritable(error: &Unwritable) -> Trouble {
    Trouble::unreadable(error.to_string()).hint("`--as json` holds any request")
}
