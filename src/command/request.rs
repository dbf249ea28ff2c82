//! A request printed in place of its sending, or of the report about it.

use super::World;
use crate::cli::ShowAs;
use crate::delivery::Delivery;
use crate::exit::CliError;
use crate::formats::{Unwritable, curl, message};

/// Where `webhook listen` listens unless it is told otherwise.
pub const LISTENER: &str = "http://localhost:4400";

/// Prints the request of a delivery. `url` is where it goes: the host of a message, which else
/// keeps its own, and the place of a command, which else is the listener.
pub fn print(
    world: &World,
    form: ShowAs,
    delivery: &Delivery,
    url: Option<&str>,
) -> Result<(), CliError> {
    let request = &delivery.request;
    match form {
        ShowAs::Json => world.console.json(&delivery.to_json())?,
        ShowAs::Http => {
            let message = message::write(request, url).map_err(|error| unwritable(&error))?;
            world.console.raw(&message)?;
        }
        ShowAs::Curl => {
            let command = curl::command(request, url.unwrap_or(LISTENER));
            let command = command.map_err(|error| unwritable(&error))?;
            world.console.raw(format!("{command}\n").as_bytes())?;
        }
    }
    Ok(())
}

fn unwritable(error: &Unwritable) -> CliError {
    CliError::unreadable(error.to_string()).hint("`--as json` holds any request")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::DEFAULT_PORT;

    #[test]
    fn the_listener_is_at_its_default_port() {
        assert!(LISTENER.ends_with(&format!(":{DEFAULT_PORT}")));
    }
}
