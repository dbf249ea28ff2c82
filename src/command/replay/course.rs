//! How a run goes: what is told of each sending, and what is said at its end.

use super::Replay;
use super::plan::{Doubt, Plan};
use crate::cli::SignMode;
use crate::command::line::Line;
use crate::delivery::Attempt;
use crate::exit::{CliError, Outcome, Signal};
use crate::report::{self, AttemptView, Tally};

/// A run on its way.
pub struct Course<'a> {
    replay: &'a Replay<'a>,
    /// How many requests are to be sent.
    total: usize,
    /// Whether `--resume` finds what was sent.
    is_resumable: bool,
    tally: Tally,
    outcome: Outcome,
    stale: u64,
    cut: Option<Signal>,
    failed: Option<CliError>,
}

impl<'a> Course<'a> {
    /// A run of so many requests.
    pub fn new(replay: &'a Replay<'a>, total: usize, is_resumable: bool) -> Self {
        Self {
            replay,
            total,
            is_resumable,
            tally: Tally::default(),
            outcome: Outcome::Yes,
            stale: 0,
            cut: None,
            failed: None,
        }
    }

    /// Whether a signal has come.
    pub const fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Says that a signal ends the run.
    pub fn cut(&mut self, signal: Signal) {
        self.cut = Some(signal);
        let console = self.replay.world.console;
        console.note("stopping: what is under way is finished; a second signal ends at once");
    }

    /// Keeps the first thing that went wrong, which ends the run.
    pub fn fail(&mut self, trouble: CliError) {
        self.failed.get_or_insert(trouble);
    }

    /// Tells what came of a request.
    pub fn tell(&mut self, plan: &Plan, attempt: &Attempt) -> Result<(), CliError> {
        self.tally.add(attempt);
        self.outcome = self.outcome.worse(Outcome::from(attempt));
        if let Some(doubt) = &plan.doubt {
            self.warn(doubt);
        }
        let console = self.replay.world.console;
        if self.replay.args.json {
            console.json(&attempt.to_json_about(plan.delivery.about()))?;
        } else {
            let view = AttemptView {
                label: Some(&label(plan)),
                remark: None,
                width: console.width(),
            };
            console.data(&report::attempt(attempt, &view))?;
        }
        Ok(())
    }

    /// A stale signature is seldom alone: the first is told of, the others are counted.
    fn warn(&mut self, doubt: &Doubt) {
        let console = self.replay.world.console;
        match doubt {
            Doubt::Incomplete(message) => console.warn(message, None),
            Doubt::Stale { message, provider } => {
                self.stale += 1;
                if self.stale == 1 {
                    console.warn(message, Some(&self.remedy(provider)));
                }
            }
        }
    }

    /// What lets a stale delivery of a provider pass.
    fn remedy(&self, provider: &str) -> String {
        let replay = self.replay;
        let keep = replay.args.sign == Some(SignMode::Keep);
        if keep && !replay.keyring.keys(provider).is_empty() {
            return "leave `--sign keep` out, so that it is signed afresh".into();
        }
        let instead = if keep {
            " in place of `--sign keep`"
        } else {
            ""
        };
        let how = replay.how_to_give_secret(provider);
        format!("give the endpoint's secret{instead}, so that it is signed afresh: {how}")
    }

    /// Says how it ended.
    pub fn end(mut self) -> Result<Outcome, CliError> {
        if !self.failed.as_ref().is_some_and(CliError::is_closed_pipe)
            && let Err(trouble) = self.summarize()
        {
            self.fail(trouble);
        }
        let cut = self.cut.filter(|_| self.rest() > 0);
        match self.failed {
            Some(trouble) => Err(trouble),
            None => Ok(cut.map_or(self.outcome, Outcome::Interrupted)),
        }
    }

    fn rest(&self) -> usize {
        let sent = usize::try_from(self.tally.sent).unwrap_or(usize::MAX);
        self.total.saturating_sub(sent)
    }

    fn summarize(&self) -> Result<(), CliError> {
        let console = self.replay.world.console;
        if self.replay.args.json {
            console.json(&Line::new("summary", &self.tally).to_json()?)?;
        } else if self.total != 1 {
            console.talk(&report::summary(&self.tally, None));
        }
        if self.stale > 1 {
            let stale = self.stale;
            console.note(&format!(
                "{stale} were sent with a signature that is too old"
            ));
        }
        if self.rest() > 0 && self.total > 1 {
            console.note(&self.what_was_sent());
        }
        Ok(())
    }

    fn what_was_sent(&self) -> String {
        let how = if self.is_cut() {
            "interrupted"
        } else {
            "stopped"
        };
        let text = format!("{how}: {} of {} were sent", self.tally.sent, self.total);
        if self.is_resumable {
            text + "; the same command with `--resume` sends the rest"
        } else {
            text
        }
    }
}

/// What a person knows the delivery by.
fn label(plan: &Plan) -> String {
    let delivery = &plan.delivery;
    let known = [delivery.event.as_deref(), delivery.event_id.as_deref()];
    let known: Vec<_> = known.into_iter().flatten().collect();
    if known.is_empty() {
        delivery.id.clone()
    } else {
        known.join("  ")
    }
}
