//! What is said of deliveries that a receiver may refuse, or that are not sent at all.

use crate::cli::{ReplayArgs, SignMode};
use crate::config::Setup;
use crate::provider::Keyring;
use crate::replay::Warning;
use crate::signature::Key;

/// That these are not sent; `None` where there is none.
pub fn not_sent(incomplete: &[String]) -> Option<String> {
    Some(match incomplete {
        [] => return None,
        [id] => format!("`{id}` was not received to its end, and is not sent"),
        [id, ..] => {
            let count = incomplete.len();
            format!(
                "{count} deliveries were not received to their end, and are not sent: `{id}` and others"
            )
        }
    })
}

/// What may be wrong with the delivery of this id.
pub fn text(warning: &Warning, id: &str) -> String {
    match warning {
        Warning::Incomplete => {
            format!("the body of `{id}` is incomplete: these are not the bytes that were sent")
        }
        Warning::Stale {
            provider,
            age,
            tolerance,
        } => format!(
            "the signature of `{id}` is {age} s old, and {provider} receivers refuse it after {tolerance} s"
        ),
    }
}

/// What lets a stale delivery of a provider pass.
pub fn remedy(args: &ReplayArgs, setup: &Setup, keyring: &Keyring, provider: &str) -> String {
    let keep = args.sign == Some(SignMode::Keep);
    if keep && keyring.keys(provider).iter().any(Key::can_sign) {
        return "leave `--sign keep` out, so that it is signed afresh".into();
    }
    let instead = if keep {
        " in place of `--sign keep`"
    } else {
        ""
    };
    let how = how_to_give_secret(setup, provider);
    format!("give the endpoint's secret{instead}, so that it is signed afresh: {how}")
}

/// How to give the secret of a provider. The local development secret is never assumed here, as
/// deliveries of others are replayed too, but whoever has one may have meant it.
pub fn how_to_give_secret(setup: &Setup, provider: &str) -> String {
    let local = setup.config.paths.local_secret_file();
    match local.filter(|path| path.exists()) {
        Some(path) => format!(
            "`--secret {provider}=…` (`--secret-file {}` is the local development secret)",
            path.display()
        ),
        None => format!("`--secret {provider}=…`"),
    }
}
