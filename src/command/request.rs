//! A request printed in place of its sending, or of the report about it.

use super::World;
use crate::cli::ShowAs;
use crate::console::Console;
use crate::delivery::{Delivery, Request};
use crate::exit::CliError;
use crate::formats::{Unwritable, curl, message};
use crate::http::Target;
use crate::report::Detail;

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

/// Fails where a header is given that would give way to the user name and password of a URL.
pub fn refuse_two_authorizations(
    headers: &[(String, String)],
    target: &Target,
) -> Result<(), CliError> {
    let mut names = headers.iter().map(|(name, _)| name);
    if !target.has_user_info() || !names.any(|name| name.eq_ignore_ascii_case("authorization")) {
        return Ok(());
    }
    let message = "`--header Authorization` and the user name in the URL both say who sends";
    Err(CliError::usage(message).hint("leave out the header, or the URL's user name and password"))
}

/// Takes out what does not go out as printed: where the URL has a user name or a password, those do.
pub fn hide_authorization(target: &Target, request: &mut Request) {
    if target.has_user_info() {
        request.headers.remove("Authorization");
    }
}

/// Says that user name and password of the URL are sent and not printed.
pub fn tell_of_authorization(console: Console, target: &Target) {
    if target.has_user_info() {
        console.note(
            "user name and password of the URL are sent as `Authorization`, which is not printed",
        );
    }
}

/// Prints the command line that sends a request again, where much is to be said.
pub fn again(world: &World, request: &Request, url: &str) -> Result<(), CliError> {
    if world.console.detail() == Detail::Much
        && let Ok(command) = curl::command(request, url)
    {
        world.console.raw(format!("{command}\n").as_bytes())?;
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
