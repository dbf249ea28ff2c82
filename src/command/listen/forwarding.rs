//! Where deliveries go on to, as flags and settings say.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::parts::Plan;
use crate::cli;
use crate::command::World;
use crate::command::setup::{client, headers};
use crate::delivery::{EventFilter, Timestamp};
use crate::dispatch::Dispatch;
use crate::exit::CliError;
use crate::http::Target;
use crate::receive::{AnswerMode, Forward, ForwardOptions, Route};
use crate::store::Writer;

/// How long a target may take to take a connection when `listen` starts, before it counts as down.
const PROBE_TIME: Duration = Duration::from_secs(1);

impl Plan {
    /// The routes by event, then those that take everything.
    pub fn routes(&self) -> Result<Vec<Route>, CliError> {
        let by_event = self.args.forward.route.iter().map(|route| {
            Ok(Route {
                filter: self
                    .setup
                    .event_filter(std::slice::from_ref(&route.pattern))?,
                target: Target::parse(&route.url)?,
            })
        });
        let of_all = self.settings.forward_to.value.iter().map(|url| {
            Ok(Route {
                filter: EventFilter::default(),
                target: Target::parse(url)?,
            })
        });
        by_event.chain(of_all).collect()
    }

    /// What forwards along `routes`; `None` where there are none.
    pub fn forward(
        &self,
        routes: Vec<Route>,
        filter: EventFilter,
        log: Option<Writer>,
    ) -> Result<Option<Forward>, CliError> {
        if routes.is_empty() {
            return Ok(None);
        }
        let args = &self.args.forward;
        let options = ForwardOptions {
            answer: match args.answer {
                Some(cli::AnswerMode::Now) => AnswerMode::Now,
                Some(cli::AnswerMode::App) | None => AnswerMode::App,
            },
            concurrency: usize::from(args.concurrency.unwrap_or(1)),
            timeout: self.settings.timeout.value,
            headers: headers(&args.header),
            filter,
        };
        let dispatch = Dispatch::new(client(&self.args.connect)?, log, Timestamp::now);
        Ok(Some(Forward::new(routes, dispatch, options)))
    }
}

/// Fails where a target is the listener's own `address`: each delivery would be one more, for ever.
pub fn refuse_itself(routes: &[Route], address: SocketAddr) -> Result<(), CliError> {
    let is_here = |target: &&Target| {
        let port = format!(":{}", address.port());
        let local = address.ip().is_loopback() || address.ip().is_unspecified();
        local && target.is_loopback() && target.authority().ends_with(&port)
    };
    match routes.iter().map(|route| &route.target).find(is_here) {
        None => Ok(()),
        Some(target) => {
            let message = format!("`{target}` is this listener itself");
            let hint = "give the application's port, or listen on another one: `--port 0`";
            Err(CliError::usage(message).hint(hint))
        }
    }
}

/// Warns, once the answer is there, of each target at which nothing takes connections: the first
/// delivery would be the one to find out.
pub fn probe(routes: &[Route], world: &World) {
    for route in routes {
        tokio::spawn(probe_one(route.target.clone(), world.clone()));
    }
}

async fn probe_one(target: Target, world: World) {
    let connecting = TcpStream::connect(target.authority());
    let reached = tokio::time::timeout(PROBE_TIME, connecting).await;
    if !matches!(reached, Ok(Ok(_))) {
        world.console.warn(
            &format!("nothing listens on `{}` yet", target.authority()),
            Some("start the application; until then senders are answered 502, and every delivery is kept"),
        );
    }
}
