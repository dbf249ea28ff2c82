//! Forged traffic goes to hosts that are certainly the user's own.

use crate::cli::TestArgs;
use crate::command::World;
use crate::exit::CliError;
use crate::http::{Target, addresses, is_loopback_or_private};
use crate::report;

/// Whether checks may be sent there: every address of the host is loopback or private, or the user
/// says that it is theirs. A host without an address is told of, and is not reached.
pub async fn is_allowed(args: &TestArgs, target: &Target, world: &World) -> Result<bool, CliError> {
    if args.yes_this_is_mine {
        return Ok(true);
    }
    let authority = target.authority();
    let found = match addresses(target).await {
        Ok(found) => found,
        Err(error) => {
            let message = format!("the host name of `{authority}` has no address: {error}");
            world.console.talk(&report::error(&message, None));
            return Ok(false);
        }
    };
    match found
        .into_iter()
        .find(|address| !is_loopback_or_private(*address))
    {
        None => Ok(true),
        Some(far) => Err(CliError::usage(format!(
            "`{authority}` is `{far}`, on the public network, and this sends forged deliveries"
        ))
        .hint("where the host is yours: `--yes-this-is-mine`")),
    }
}
