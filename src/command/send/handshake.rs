//! `--handshake`: what a provider asks before it delivers.

use super::needs_provider;
use crate::cli::SendArgs;
use crate::command::setup::first_key;
use crate::config::Setup;
use crate::delivery::did_you_mean;
use crate::exit::CliError;
use crate::provider::{Handshake, Keyring, Provider};
use crate::send::{EventContent, Message};

/// The handshakes of the chosen provider, or the one of this name.
pub fn messages<'a>(
    name: Option<&str>,
    args: &SendArgs,
    setup: &'a Setup,
    keyring: &'a Keyring,
) -> Result<Vec<Message<'a>>, CliError> {
    let provider = setup
        .chosen_provider(args.provider.as_deref())?
        .ok_or_else(|| needs_provider("a handshake is a provider's"))?;
    super::check::of_provider(args, provider)?;
    let message = |handshake: &'a Handshake| {
        if args.fault.is_some() && !handshake.signed {
            let message = format!("the handshake `{}` is not signed", handshake.name);
            return Err(CliError::usage(message).hint("leave out `--fault`"));
        }
        Ok(Message {
            provider,
            event: &handshake.name,
            key: first_key(keyring, provider)?,
            content: EventContent::Handshake(Box::new(handshake.clone())),
        })
    };
    wanted(name, provider)?.into_iter().map(message).collect()
}

fn wanted<'a>(name: Option<&str>, provider: &'a Provider) -> Result<Vec<&'a Handshake>, CliError> {
    let all = provider.definition.handshakes.iter();
    let found: Vec<_> = all
        .clone()
        .filter(|handshake| name.is_none_or(|name| handshake.name == name))
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let of = provider.name();
    let error = match name {
        Some(name) => format!("`{of}` has no handshake `{}`", name.escape_debug()),
        None => format!("`{of}` has no handshake"),
    };
    let near = name.and_then(|name| did_you_mean(name, all.map(|it| it.name.as_str())));
    let show = || format!("`webhook providers show {of}` tells what it sends");
    Err(CliError::usage(error).hint(near.unwrap_or_else(show)))
}
