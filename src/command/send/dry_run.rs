//! `--dry-run`: the request in place of its sending.

use crate::cli::{SendArgs, ShowAs};
use crate::command::{World, request};
use crate::delivery::{Delivery, DeliverySource, Request};
use crate::exit::{CliError, Outcome};
use crate::provider::Payload;
use crate::send::{Message, SendOptions};

/// Prints what would be sent.
pub fn print(
    args: &SendArgs,
    world: &World,
    options: &SendOptions<'_>,
    composed: &[(Message<'_>, Payload)],
) -> Result<Outcome, CliError> {
    let form = args.form.unwrap_or(if args.json {
        ShowAs::Json
    } else {
        ShowAs::Http
    });
    request::tell_of_authorization(world.console, &options.target);
    let mut is_first = true;
    for (message, payload) in composed {
        let requests = options.sign(message, payload);
        let requests = requests.map_err(|error| CliError::of_send(error.into(), args.add))?;
        for mut request in requests {
            request::hide_authorization(&options.target, &mut request);
            if form == ShowAs::Http && !is_first {
                // A body has no line end of its own. RFC 9112, section 2.2, lets a reader of the
                // next message expect this one.
                world.console.raw(b"\r\n")?;
            }
            is_first = false;
            let url = options.target.at(&request.target).to_string();
            let delivery = unsent(world, message, payload, request);
            request::print(world, form, &delivery, Some(&url))?;
        }
    }
    Ok(Outcome::Yes)
}

/// The delivery that a receiver would log. Nobody has checked it, so it is `unverified`.
fn unsent(world: &World, message: &Message<'_>, payload: &Payload, request: Request) -> Delivery {
    Delivery::composed(
        DeliverySource::Send,
        world.now(),
        [message.provider.name(), message.event, &payload.event_id],
        "a dry run: nothing was sent",
        request,
    )
}
