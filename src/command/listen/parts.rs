//! Building what `listen` needs, from what was typed and configured.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use super::forwarding;
use super::printer::Style;
use super::ready::Ready;
use super::socket::Socket;
use crate::cli::{self, ListenArgs};
use crate::command::World;
use crate::command::setup::{Setup, Side, freshness};
use crate::config::ListenSettings;
use crate::exit::CliError;
use crate::http::{Limits, Target};
use crate::provider::{Keyring, Policy, Provider};
use crate::receive::{
    Answers, Expectation, Feed, InvalidPolicy, REMEMBERED, Receiver, Route, Seen, Told,
};
use crate::report::BodyDetail;
use crate::signature::Allowance;
use crate::store::{Log, StoreError, Writer};

/// The longest stall that can be chosen: more than a clock can count must not come to one.
const LONGEST_STALL: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything that receiving needs, ready to run.
pub struct Parts {
    /// The front door.
    pub receiver: Receiver,
    /// What happens behind it.
    pub happenings: mpsc::Receiver<Told>,
    /// Where requests come in.
    pub socket: Socket,
    /// What a connection may cost.
    pub limits: Limits,
    /// What is said when requests can come.
    pub ready: Ready,
    /// How happenings are printed.
    pub style: Style,
}

/// What was typed and configured.
pub struct Plan {
    /// The flags.
    pub args: ListenArgs,
    /// The settings that may also stand in a file.
    pub settings: ListenSettings,
    /// Configuration and providers.
    pub setup: Setup,
}

/// The log of this run, opened.
struct OpenLog {
    writer: Writer,
    path: PathBuf,
    seen: Seen,
}

impl Parts {
    /// Builds them; the socket is bound, the log is open.
    pub async fn build(args: ListenArgs, setup: Setup, world: &World) -> Result<Self, CliError> {
        let settings = setup.config.listen_settings(&args)?;
        let plan = Plan {
            args,
            settings,
            setup,
        };
        let filter = plan.setup.event_filter(&plan.settings.events.value)?;
        let routes = plan.routes()?;
        let expectation = plan.expectation()?;
        let policy = plan.policy()?;
        let secrets = &plan.args.secrets;
        let keyring = plan
            .setup
            .keyring_or_local(secrets, Side::Receiver, world)?;
        let log = plan.open_log()?;
        let socket = Socket::open(plan.address(), &plan.args.tls).await?;
        forwarding::refuse_itself(&routes, socket.address)?;
        forwarding::probe(&routes, world);
        let ready = plan.ready(&socket, log.as_ref(), &routes, &keyring);
        let (feed, happenings) = Feed::new(plan.args.output.json, filter.clone(), &expectation);
        let writer = log.as_ref().map(|log| log.writer.clone());
        Ok(Self {
            limits: plan.limits(),
            style: plan.style(),
            receiver: Receiver {
                keyring,
                policy,
                answers: plan.answers(),
                delay: plan.args.answer.delay.map(|span| span.0),
                forward: plan.forward(routes, filter, writer.clone())?,
                log: writer,
                seen: Mutex::new(log.map(|log| log.seen).unwrap_or_default()),
                feed: Arc::new(feed),
                order: tokio::sync::Mutex::default(),
                catalogue: plan.setup.catalogue,
            },
            happenings,
            socket,
            ready,
        })
    }
}

impl Plan {
    fn expectation(&self) -> Result<Expectation, CliError> {
        let until = &self.args.until;
        for event in &until.expect {
            refuse_pattern(event)?;
            self.setup.known_event(event)?;
        }
        Ok(Expectation {
            count: until.count.or(until.once.then_some(1)),
            events: until.expect.clone(),
        })
    }

    fn policy(&self) -> Result<Policy, CliError> {
        let provider = self.setup.chosen_provider(self.args.provider.as_deref())?;
        Ok(Policy {
            provider: provider.map(|provider| provider.name().to_owned()),
            freshness: freshness(&self.args.freshness),
            allowance: Allowance::PROMPT,
        })
    }

    fn answers(&self) -> Answers {
        let on_invalid = match self.settings.on_invalid.value {
            cli::InvalidPolicy::Reject => InvalidPolicy::Reject,
            cli::InvalidPolicy::Forward => InvalidPolicy::Forward,
        };
        Answers::new(on_invalid, self.args.answer.respond.clone())
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::new(self.settings.host.value, self.settings.port.value)
    }

    fn limits(&self) -> Limits {
        let max_body = self.settings.max_body.value;
        let mut limits = Limits {
            max_body: usize::try_from(max_body).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        if let Some(stall) = self.args.answer.read_timeout {
            // 0 is no limit, as with `--timeout`.
            let stall = Some(stall.0).filter(|stall| !stall.is_zero());
            let stall = stall.unwrap_or(LONGEST_STALL).min(LONGEST_STALL);
            limits.head_time = stall;
            limits.body_idle = stall;
        }
        limits
    }

    fn style(&self) -> Style {
        Style {
            json: self.args.output.json,
            body: match self.settings.body.value {
                cli::BodyDetail::Full => BodyDetail::Full,
                cli::BodyDetail::Short => BodyDetail::Short,
                cli::BodyDetail::None => BodyDetail::None,
            },
            kept: !self.args.no_log,
        }
    }

    /// The log of this run; `None` where nothing is to be kept.
    fn open_log(&self) -> Result<Option<OpenLog>, CliError> {
        if self.args.no_log {
            return Ok(None);
        }
        let path = self.setup.config.log()?.value;
        Ok(Some(OpenLog::open(path)?))
    }

    fn ready(
        &self,
        socket: &Socket,
        log: Option<&OpenLog>,
        routes: &[Route],
        keyring: &Keyring,
    ) -> Ready {
        let providers = self.setup.catalogue.iter().map(Provider::name);
        let has_secret = |name: &&str| !keyring.is_local() && !keyring.secrets(name).is_empty();
        let targets = routes.iter().map(|route| &route.target);
        Ready {
            address: socket.address,
            tls: socket.tls.is_some(),
            certificate: socket.certificate.clone(),
            log: log.map(|log| log.path.clone()),
            targets: targets.map(Target::to_string).collect(),
            secrets: providers.filter(has_secret).map(str::to_owned).collect(),
            local: keyring.is_local(),
        }
    }
}

/// Fails where a pattern stands in place of the one event that is awaited.
fn refuse_pattern(event: &str) -> Result<(), CliError> {
    if !event.contains('*') && !event.starts_with('!') {
        return Ok(());
    }
    let hint = format!("name the event; `--events '{event}'` prints what fits a pattern");
    Err(CliError::usage("`--expect` awaits one event, not a pattern").hint(hint))
}

impl OpenLog {
    /// Opens the log and recalls the events in it, so that a retry of yesterday's is seen as one.
    fn open(path: PathBuf) -> Result<Self, StoreError> {
        let log = Log::open(&path)?;
        let mut seen = Seen::default();
        for known in log.reader()?.recent_events(REMEMBERED)?.iter().rev() {
            seen.remember(&known.provider, &known.event_id, &known.delivery_id);
        }
        Ok(Self {
            writer: log.writer()?,
            path,
            seen,
        })
    }
}
