//! `--dry-run`: the request in place of its sending.

use rand::rngs::StdRng;

use super::letter::Draft;
use super::{Order, Run};
use crate::cli::ShowAs;
use crate::command::request;
use crate::delivery::{Delivery, DeliverySource, Request, Status, Verdict, id};
use crate::exit::{CliError, Outcome};
use crate::provider::Letter;

/// Prints what would be sent.
pub fn print(
    run: &Run<'_>,
    orders: &[Order<'_>],
    random: &mut StdRng,
) -> Result<Outcome, CliError> {
    let form = run.args.form.unwrap_or(if run.args.json {
        ShowAs::Json
    } else {
        ShowAs::Http
    });
    let mut is_first = true;
    for order in orders {
        let draft = Draft::read(run, *order)?;
        let letter = draft.letter(run, *order, random)?;
        for request in super::deliver::requests(run, *order, &letter)? {
            let delivery = forged(run, *order, &letter, request);
            if form == ShowAs::Http && !is_first {
                // A body has no line end of its own. RFC 9112, section 2.2, lets a reader of the
                // next message expect this one.
                run.world.console.raw(b"\r\n")?;
            }
            is_first = false;
            request::print(run.world, form, &delivery, Some(&run.target.to_string()))?;
        }
    }
    Ok(Outcome::Yes)
}

/// The delivery that a receiver would log. Nobody has checked it, so it is `unverified`.
fn forged(run: &Run<'_>, order: Order<'_>, letter: &Letter, request: Request) -> Delivery {
    let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Delivery {
        id: id::delivery(),
        received_at: run.world.now(),
        source: DeliverySource::Send,
        remote: None,
        provider: known(order.provider.name()),
        event: known(order.event),
        event_id: known(&letter.event_id),
        duplicate_of: None,
        verdict: Verdict::new(Status::Unverified).because("a dry run: nothing was sent"),
        request,
        response_status: None,
    }
}
