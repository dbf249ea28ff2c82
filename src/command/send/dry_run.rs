//! `--dry-run`: the request in place of its sending.

use rand::rngs::StdRng;

use super::letter::Draft;
use super::{Order, Run};
use crate::cli::ShowAs;
use crate::command::print_request;
use crate::exit::{Outcome, Trouble};

/// Prints what would be sent.
pub fn print(run: &Run<'_>, orders: &[Order<'_>], random: &mut StdRng) -> Result<Outcome, Trouble> {
    let form = run.args.form.unwrap_or(if run.args.json {
        ShowAs::Json
    } else {
        ShowAs::Http
    });
    for order in orders {
        let draft = Draft::read(run, *order)?;
        let letter = draft.letter(run, *order, random)?;
        for request in super::deliver::requests(run, *order, &letter)? {
            print_request(run.world, form, &request, &run.target)?;
        }
    }
    Ok(Outcome::Yes)
}
