//! What is said of deliveries that a receiver may refuse, or that are not sent at all.

use crate::cli::{ReplayArgs, SignMode};
use crate::command::World;
use crate::config::Setup;
use crate::provider::Keyring;
use crate::replay::{ReplayError, Warning};

/// The warnings of a replay.
pub struct Warnings<'a> {
    args: &'a ReplayArgs,
    setup: &'a Setup,
    keyring: &'a Keyring,
    world: &'a World,
    stale: u64,
    /// How many are not sent.
    pub skipped: usize,
    /// How many of those HTTP cannot carry.
    pub unsendable: usize,
}

impl<'a> Warnings<'a> {
    /// Of a replay that has not begun.
    pub const fn new(
        args: &'a ReplayArgs,
        setup: &'a Setup,
        keyring: &'a Keyring,
        world: &'a World,
    ) -> Self {
        Self {
            args,
            setup,
            keyring,
            world,
            stale: 0,
            skipped: 0,
            unsendable: 0,
        }
    }

    /// Says what is not sent.
    pub fn skip(&mut self, incomplete: &[String]) {
        let what = match incomplete {
            [] => return,
            [id] => format!("`{id}` was not received to its end, and is not sent"),
            [id, ..] => {
                let count = incomplete.len();
                format!(
                    "{count} deliveries were not received to their end, and are not sent: `{id}` and others"
                )
            }
        };
        self.world
            .console
            .warn(&what, Some("`--force` sends them as far as they came"));
        self.skipped = incomplete.len();
    }

    /// A stale signature is seldom alone: the first is told of, the others are counted.
    pub fn warn(&mut self, warning: &Warning, id: &str) {
        let console = self.world.console;
        match warning {
            Warning::Incomplete => {
                console.warn(
                    &format!(
                        "the body of `{id}` is incomplete: these are not the bytes that were sent"
                    ),
                    None,
                );
            }
            Warning::Stale {
                provider,
                age,
                tolerance,
            } => {
                self.stale += 1;
                if self.stale == 1 {
                    let message = format!(
                        "the signature of `{id}` is {age} s old, and {provider} receivers refuse it after {tolerance} s"
                    );
                    console.warn(&message, Some(&self.remedy(provider)));
                }
            }
        }
    }

    /// What lets a stale delivery of a provider pass.
    fn remedy(&self, provider: &str) -> String {
        let keep = self.args.sign == Some(SignMode::Keep);
        if keep && !self.keyring.keys(provider).is_empty() {
            return "leave `--sign keep` out, so that it is signed afresh".into();
        }
        let instead = if keep {
            " in place of `--sign keep`"
        } else {
            ""
        };
        let how = self.how_to_give_secret(provider);
        format!("give the endpoint's secret{instead}, so that it is signed afresh: {how}")
    }

    /// How to give the secret of a provider. The local development secret is never assumed here, as
    /// deliveries of others are replayed too, but whoever has one may have meant it.
    pub fn how_to_give_secret(&self, provider: &str) -> String {
        let local = self.setup.config.paths.local_secret_file();
        match local.filter(|path| path.exists()) {
            Some(path) => format!(
                "`--secret {provider}=…` (`--secret-file {}` is the local development secret)",
                path.display()
            ),
            None => format!("`--secret {provider}=…`"),
        }
    }

    /// Says that HTTP cannot carry a delivery.
    pub fn skip_one(&mut self, error: &ReplayError) {
        self.world.console.warn(&error.to_string(), None);
        self.skipped += 1;
        self.unsendable += 1;
    }

    /// Says how many were sent though they are stale.
    pub fn sum_up(&self) {
        if self.stale > 1 {
            let stale = self.stale;
            let console = self.world.console;
            console.note(&format!(
                "{stale} were sent with a signature that is too old"
            ));
        }
    }
}
