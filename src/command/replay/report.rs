//! What is said of a replay: each request, and how it ended.

use std::ops::ControlFlow;

use serde::Serialize;

use super::lines::{Lines, label};
use super::{resume, warnings};
use crate::cli::{GlobalArgs, ReplayArgs, ShowAs};
use crate::command::{World, go_on, request};
use crate::config::Setup;
use crate::console::Console;
use crate::delivery::{Attempt, Signing, Status, Verdict};
use crate::exit::{CliError, Outcome, Signal};
use crate::provider::Keyring;
use crate::replay::{Prepared, ReplayError, ReplayEvent, Warning};
use crate::report::{self, AttemptView, Attempts, Detail, Tally};

/// What is known of a replay on its way.
pub struct RunReport<'a> {
    args: &'a ReplayArgs,
    global: &'a GlobalArgs,
    setup: &'a Setup,
    keyring: &'a Keyring,
    world: &'a World,
    /// How many were sent though they are stale.
    stale: u64,
    /// How many are not sent.
    skipped: usize,
    /// How many of those HTTP cannot carry.
    unsendable: usize,
    /// How many requests are to be sent, once that is known.
    requests: Option<usize>,
    /// The run that `--resume` goes on with.
    run: Option<String>,
    attempts: Attempts,
    tally: Tally,
    outcome: Outcome,
    lines: Lines,
    /// Why nothing can be printed any more, where that is so.
    unprinted: Option<CliError>,
}

impl<'a> RunReport<'a> {
    /// Of a replay that has not begun.
    pub fn new(
        args: &'a ReplayArgs,
        global: &'a GlobalArgs,
        setup: &'a Setup,
        keyring: &'a Keyring,
        world: &'a World,
    ) -> Self {
        Self {
            args,
            global,
            setup,
            keyring,
            world,
            stale: 0,
            skipped: 0,
            unsendable: 0,
            requests: None,
            run: None,
            attempts: Attempts::default(),
            tally: Tally::default(),
            outcome: Outcome::Yes,
            lines: Lines::new(world.console, args.json),
            unprinted: None,
        }
    }

    /// The streams that it is said on.
    pub const fn console(&self) -> Console {
        self.world.console
    }

    /// Says what happens; where nobody reads that, the replay ends.
    pub fn observe(&mut self, event: ReplayEvent<'_>) -> ControlFlow<()> {
        let told = match event {
            ReplayEvent::Selected {
                requests,
                sent_before,
                incomplete,
                run,
            } => {
                self.begin(requests, sent_before, run);
                if let Some(message) = warnings::not_sent(incomplete) {
                    let hint = "`--force` sends them as far as they came";
                    self.console().warn(&message, Some(hint));
                }
                self.skipped = incomplete.len();
                self.outcome = Outcome::of(incomplete.is_empty());
                Ok(())
            }
            ReplayEvent::Skipped(error) => {
                let printed = self.lines.print();
                self.console().warn(&error.to_string(), None);
                self.skipped += 1;
                self.unsendable += 1;
                self.outcome = self.outcome.worse(Outcome::No);
                printed
            }
            ReplayEvent::Prepared(prepared) => self.show(prepared),
            ReplayEvent::Sent(prepared, attempt) => self.tell(prepared, attempt),
            ReplayEvent::Paused => self.lines.print(),
        };
        go_on(&mut self.unprinted, told)
    }

    fn begin(&mut self, requests: usize, sent_before: usize, run: Option<&str>) {
        self.requests = Some(requests);
        self.run = run.map(str::to_owned);
        if self.args.resume.is_some() {
            self.console()
                .note(&format!("skipping {sent_before} already sent"));
        }
    }

    /// A stale signature is seldom alone: the first is told of, the others are counted.
    fn warn(&mut self, warning: &Warning, id: &str) -> Result<(), CliError> {
        let mut hint = None;
        if let Warning::Stale { provider, .. } = warning {
            self.stale += 1;
            hint = Some(warnings::remedy(
                self.args,
                self.setup,
                self.keyring,
                provider,
            ));
        }
        if hint.is_none() || self.stale == 1 {
            self.lines.print()?;
            let message = warnings::text(warning, id);
            self.console().warn(&message, hint.as_deref());
        }
        Ok(())
    }

    /// Prints what would be sent in place of sending it.
    fn show(&self, prepared: &Prepared) -> Result<(), CliError> {
        let form = if self.args.json {
            ShowAs::Json
        } else {
            ShowAs::Http
        };
        let mut delivery = prepared.delivery.clone();
        if prepared.signing == Signing::Fresh {
            // As a receiver would log it: what was said of the original does not hold for it.
            delivery.received_at = self.world.now();
            delivery.response_status = None;
            delivery.verdict =
                Verdict::new(Status::Unverified).because("a dry run: nothing was sent");
        }
        let target = &prepared.target;
        request::hide_authorization(target, &mut delivery.request);
        let url = target.to_string();
        request::print(self.world, form, &delivery, Some(&url))
    }

    fn tell(&mut self, prepared: &Prepared, attempt: &Attempt) -> Result<(), CliError> {
        self.tally.add(attempt);
        self.outcome = self.outcome.worse(Outcome::from(attempt));
        if let Some(warning) = &prepared.warning {
            self.warn(warning, &prepared.delivery.id)?;
        }
        let console = self.world.console;
        let text = if self.args.json {
            attempt.to_json_about(prepared.about(attempt))
        } else {
            let view = AttemptView {
                label: Some(&label(&prepared.delivery)),
                one_endpoint: self.args.url.is_some(),
                detail: console.detail(),
                width: console.width(),
                change: prepared.change(attempt),
                ..AttemptView::default()
            };
            if console.detail() == Detail::Much {
                self.lines.print()?;
            }
            request::again(self.world, &prepared.delivery.request, &attempt.url)?;
            self.attempts.text(attempt, &view)
        };
        self.lines.add(&text)
    }

    /// Says how it ended. What failed first counts, be it the output or the editor, else the replay.
    pub fn end(
        mut self,
        result: Result<(), ReplayError>,
        interrupted: Option<Signal>,
        not_edited: Option<CliError>,
    ) -> Result<Outcome, CliError> {
        let result = match result {
            Err(ReplayError::NothingSelected) => {
                self.console().note("no delivery matches: nothing is sent");
                self.requests = Some(0);
                Ok(())
            }
            result => result,
        };
        let unprinted = self.unprinted.take().or_else(|| self.lines.print().err());
        let failed = unprinted.or(not_edited);
        let failed = failed.or_else(|| Some(self.trouble(result.err()?)));
        let is_unread = failed.as_ref().is_some_and(CliError::is_closed_pipe);
        let said = match self.requests.filter(|_| !is_unread && !self.args.dry_run) {
            Some(requests) => self.summarize(requests, interrupted.is_some()),
            None => Ok(()),
        };
        if let Some(trouble) = failed.or_else(|| said.err()) {
            return trouble.or_known(self.outcome);
        }
        let cut = interrupted.filter(|_| self.rest() > 0);
        Ok(cut.map_or(self.outcome, Outcome::Interrupted))
    }

    fn rest(&self) -> usize {
        let sent = usize::try_from(self.tally.sent).unwrap_or(usize::MAX);
        let sent = sent.saturating_add(self.unsendable);
        self.requests.unwrap_or_default().saturating_sub(sent)
    }

    fn summarize(&self, requests: usize, is_interrupted: bool) -> Result<(), CliError> {
        let console = self.console();
        if self.args.json {
            let summary = ReplaySummary {
                tally: &self.tally,
                skipped: self.skipped,
            };
            console.line("summary", summary)?;
        } else if requests > 1 {
            console.remark(&report::summary(&self.tally, None));
        }
        if self.stale > 1 {
            let stale = self.stale;
            console.note(&format!(
                "{stale} were sent with a signature that is too old"
            ));
        }
        if self.rest() > 0 && requests > 1 {
            let how = if is_interrupted {
                "interrupted"
            } else {
                "stopped"
            };
            let run = self.run.as_deref();
            let resume = run.map(|run| resume::how(run, self.args, self.global));
            let (sent, resume) = (self.tally.sent, resume.unwrap_or_default());
            // What the rest is sent by is told however little else is.
            let told = format!("{how}: {sent} of {requests} were sent{resume}");
            console.message(&report::note(&told));
        }
        Ok(())
    }

    /// What is wrong, and what to do about it.
    fn trouble(&self, error: ReplayError) -> CliError {
        let trouble = CliError::usage(error.to_string());
        match error {
            ReplayError::ManyToEdit => {
                CliError::usage("`--edit` takes one delivery, and more are meant")
                    .hint("`--set` changes many alike")
            }
            ReplayError::NoEndpoint { .. } => {
                trouble.hint("give one: `--url http://localhost:3000/webhooks`")
            }
            ReplayError::NoSecret { provider, .. } => trouble.hint(format!(
                "give it: {}",
                warnings::how_to_give_secret(self.setup, &provider)
            )),
            ReplayError::PublicKey { provider, .. } => trouble.hint(format!(
                "give the private key, `--secret-file {provider}=key.pem`, or `--sign keep` what came"
            )),
            ReplayError::Unrecognised => trouble.hint("`--sign keep` sends it as it came"),
            ReplayError::NotJson(_) => trouble.hint("`--edit` opens whatever it is"),
            ReplayError::Path(error) => CliError::of_path(&error, !self.args.add),
            ReplayError::Target(error) => error.into(),
            ReplayError::Lookup(error) => error.into(),
            ReplayError::Store(error) => error.into(),
            ReplayError::RunInUse(_) => {
                trouble.hint("wait for its end: what it leaves over can be resumed then")
            }
            ReplayError::Unsendable { .. }
            | ReplayError::NothingSelected
            | ReplayError::NoId(_)
            | ReplayError::NotEdited
            | ReplayError::NotSet(_) => trouble,
        }
    }
}

/// The `summary` of a replay.
#[derive(Serialize)]
struct ReplaySummary<'a> {
    #[serde(flatten)]
    tally: &'a Tally,
    /// How many are not sent: cut off, or not to be carried by HTTP.
    skipped: usize,
}
