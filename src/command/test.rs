//! `webhook test`: is a handler correct?

mod effects;
mod found;
mod guard;
mod machine;
mod output;

use rand::rngs::StdRng;

use super::World;
use super::setup::{Setup, Side, client_options};
use super::signal;
use crate::check::{Expect, Material, Planned, Runner, SelectionError, Sending, plan, select};
use crate::cli::{GlobalArgs, TestArgs};
use crate::delivery::{FailureKind, Trigger};
use crate::dispatch::{Dispatch, EndpointClient};
use crate::exit::{CliError, Outcome};
use crate::http::{Client, ClientOptions, Target};
use crate::provider::Provider;
use crate::report;
use crate::signature::Key;
use crate::store::{Log, Writer};
use effects::Effects;
use output::Output;

/// What a run has to do.
struct Work<'a> {
    args: &'a TestArgs,
    setup: &'a Setup,
    world: &'a World,
    provider: &'a Provider,
    planned: Vec<Planned>,
}

/// Runs the command.
pub fn run(args: &TestArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let setup = Setup::load(global, args.secrets.env_file.as_deref(), world)?;
    let provider = setup
        .chosen_provider(args.provider.as_deref())?
        .ok_or_else(|| {
            CliError::usage("no provider to play")
                .hint("say which: `--provider NAME`; `webhook providers` lists them")
        })?;
    let work = Work {
        planned: planned(args, &setup, provider)?,
        args,
        setup: &setup,
        world,
        provider,
    };
    if args.list {
        return output::list(&work);
    }
    let keyring = setup.keyring_or_local(&args.secrets, Side::Sender, world)?;
    let key = keyring.keys(provider.name()).first().ok_or_else(|| {
        CliError::usage(format!("no secret for `{}`", provider.name()))
            .hint(format!("give it: `--secret {}=…`", provider.name()))
    })?;
    let target = target(args, &setup)?;
    super::runtime()?.block_on(async {
        if !guard::is_allowed(args, &target, world).await? {
            return Ok(Outcome::Unreachable);
        }
        let effects = Effects::of(args, world)?;
        let endpoint = work.endpoint(target)?;
        work.check(key, &endpoint, effects.as_ref()).await
    })
}

fn planned(args: &TestArgs, setup: &Setup, provider: &Provider) -> Result<Vec<Planned>, CliError> {
    let event = args.event.as_deref();
    if let Some(event) = event.filter(|event| !provider.has_event(event)) {
        return Err(setup.unknown_event_of(provider, event));
    }
    let planned = plan(provider, event);
    select(planned, &args.only, &args.skip).map_err(|error| {
        let hint = match &error {
            SelectionError::Unknown {
                nearest: Some(near),
                ..
            } => format!("did you mean `{near}`?"),
            _ => format!(
                "`webhook test --provider {} --list` prints them",
                provider.name()
            ),
        };
        CliError::usage(error.to_string()).hint(hint)
    })
}

fn target(args: &TestArgs, setup: &Setup) -> Result<Target, CliError> {
    match setup.config.url(args.url.clone())?.value {
        Some(url) => Ok(Target::parse(&url)?),
        None => Err(CliError::usage("no handler to test")
            .hint("give `--url http://localhost:3000/webhooks`, or set WEBHOOK_URL")),
    }
}

impl Work<'_> {
    fn endpoint(&self, target: Target) -> Result<EndpointClient, CliError> {
        let (log, clock) = (self.log()?, self.world.clock);
        let options = ClientOptions {
            fresh_connections: true,
            ..client_options(&self.args.connect)
        };
        let lower_case = ClientOptions {
            lower_case_names: true,
            ..options.clone()
        };
        let documented = self.provider.definition.delivery.timeout();
        let timeout = self.args.timeout.map_or(documented, |span| span.0);
        Ok(EndpointClient::new(
            Dispatch::new(Client::new(&options)?, log.clone(), clock),
            Dispatch::new(Client::new(&lower_case)?, log, clock),
            target,
            Trigger::Test,
            (!timeout.is_zero()).then_some(timeout),
        ))
    }

    fn log(&self) -> Result<Option<Writer>, CliError> {
        if self.args.no_log {
            return Ok(None);
        }
        let log = Log::open(self.setup.config.log()?.value)?;
        Ok(Some(log.writer()?))
    }

    /// Runs the checks, once it is known that anybody is there.
    async fn check(
        &self,
        key: &Key,
        endpoint: &EndpointClient,
        effects: Option<&Effects>,
    ) -> Result<Outcome, CliError> {
        let target = endpoint.request_target().to_owned();
        let random = rand::make_rng::<StdRng>();
        let material = Material::new(self.provider, key, target, self.world.clock, random);
        let counter = effects.map(|effects| effects as _);
        let mut runner = Runner::new(material, endpoint, counter);
        let mut output = Output::new(self, endpoint.url());
        let refused = match self.greet(&mut runner, &mut output).await? {
            Greeting::Welcome => None,
            Greeting::Refused(status) => Some(status),
            Greeting::Ended(outcome) => {
                endpoint.settle().await?;
                output.finish()?;
                return Ok(outcome);
            }
        };
        if let Some(effects) = effects {
            effects.try_out().await?;
        }
        let mut signals = signal::first()?;
        for planned in self.planned.clone() {
            let finished = tokio::select! {
                finished = runner.run(planned) => finished.map_err(|e| unmakeable(&e))?,
                Ok(signal) = &mut signals => {
                    output.finish()?;
                    return Ok(Outcome::Interrupted(signal));
                }
            };
            endpoint.settle().await?;
            output.add(&finished)?;
        }
        let outcome = output.finish()?;
        if let Some(status) = refused {
            // Said again at the end, as it may be the cause of all that stands above.
            self.warn_of_refusal(status);
        }
        let is_lost = runner.is_gone() && outcome == Outcome::Yes;
        Ok(if is_lost {
            Outcome::Unreachable
        } else {
            outcome
        })
    }

    /// Sends one genuine delivery, so that a dead endpoint is told once and not by every check, and
    /// that one which refuses everything does not pass for one that refuses forgeries.
    async fn greet(
        &self,
        runner: &mut Runner<'_>,
        output: &mut Output<'_>,
    ) -> Result<Greeting, CliError> {
        let event = self.planned.first().map_or("", |first| &first.event);
        let greeting = runner.greet(event).await.map_err(|e| unmakeable(&e))?;
        let Some(Sending { attempt, .. }) = greeting else {
            return Ok(Greeting::Welcome);
        };
        match &attempt.outcome {
            Ok(answer) if !answer.is_success() => Ok(self.refused(answer.status, output)),
            // A handler that drops the connection is there.
            Err(failure) if !is_there(failure.kind) => {
                output.unreachable(failure);
                let hint = if failure.kind == FailureKind::Timeout {
                    "it has to answer a genuine delivery first: is it busy, or does it work before it answers?"
                } else {
                    "start the handler, or mend `--url`"
                };
                let text = report::error(&failure.message, Some(hint));
                self.world.console.talk(&text);
                Ok(Greeting::Ended(Outcome::Unreachable))
            }
            _ => Ok(Greeting::Welcome),
        }
    }

    /// A refusal of what is genuine. Where nothing that is planned has to be accepted, every check
    /// would pass, so none is run.
    fn refused(&self, status: u16, output: &mut Output<'_>) -> Greeting {
        let accepts = |planned: &Planned| {
            !matches!(planned.check.expect, Expect::Rejected | Expect::NotCrashed)
        };
        if self.planned.iter().any(accepts) {
            self.warn_of_refusal(status);
            return Greeting::Refused(status);
        }
        let message = format!(
            "the handler answers {status} to a genuine delivery, so that no refusal proves anything"
        );
        output.refused(&message);
        let text = report::error(&message, hint_for(status));
        self.world.console.talk(&text);
        Greeting::Ended(Outcome::No)
    }

    fn warn_of_refusal(&self, status: u16) {
        let message = format!("the handler answers {status} to a genuine delivery");
        self.world.console.warn(&message, hint_for(status));
    }
}

/// What came of the first genuine delivery.
enum Greeting {
    /// It was accepted, or there is nothing to greet with.
    Welcome,
    /// It was refused, and the checks will say of what kind the refusal is.
    Refused(u16),
    /// There is nothing to check.
    Ended(Outcome),
}

const fn is_there(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Reset | FailureKind::Protocol | FailureKind::TooLarge
    )
}

const fn hint_for(status: u16) -> Option<&'static str> {
    match status {
        401 | 403 => Some("is `--secret` the handler's own? Else it refuses what is genuine"),
        404 | 405 => Some("is the path of `--url` the handler's?"),
        300..=399 => Some("no provider follows a redirect: give the URL that answers itself"),
        _ => None,
    }
}

fn unmakeable(error: &crate::check::Unmakeable) -> CliError {
    CliError::usage(error.to_string())
}
