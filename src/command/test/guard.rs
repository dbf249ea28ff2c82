//! Forged traffic goes to hosts that are certainly the user's own.

use crate::cli::TestArgs;
use crate::exit::CliError;
use crate::http::{Target, addresses, is_loopback_or_private};

/// Whether checks may be sent there: every address of the host is loopback or private, or the user
/// says that it is theirs. A host without an address is not reached, for the reason that is returned.
pub async fn unreachable(args: &TestArgs, target: &Target) -> Result<Option<String>, CliError> {
    if args.yes_this_is_mine {
        return Ok(None);
    }
    let authority = target.authority();
    let Ok(found) = addresses(target).await else {
        let message = format!("cannot resolve `{}`", target.host_name());
        return Ok(Some(message));
    };
    match found
        .into_iter()
        .find(|address| !is_loopback_or_private(*address))
    {
        None => Ok(None),
        Some(far) => Err(CliError::usage(format!(
            "`{authority}` is `{far}`, on the public network, and this sends forged deliveries"
        ))
        .hint("where the host is yours: `--yes-this-is-mine`")),
    }
}
