//! Building what `listen` needs, from what was typed and configured.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::printer::Style;
use super::ready::Ready;
use crate::cli::{self, ListenArgs};
use crate::command::World;
use crate::command::setup::{Setup, client, freshness, headers};
use crate::config::ListenSettings;
use crate::delivery::EventFilter;
use crate::dispatch::Dispatch;
use crate::exit::Trouble;
use crate::http::{Limits, Target, tls};
use crate::intake::{
    AnswerMode, Answers, Expectation, Feed, Forward, ForwardOptions, Happening, Intake,
    InvalidPolicy, Route, Seen,
};
use crate::provider::{Keyring, Policy, Provider};
use crate::report::BodyDetail;
use crate::store::{Log, StoreError, Writer};

/// How long a target may take to take a connection when `listen` starts, before it counts as down.
const PROBE_TIME: Duration = Duration::from_secs(1);

/// Everything that receiving needs, ready to run.
pub struct Parts {
    /// The front door.
    pub intake: Intake,
    /// What happens behind it.
    pub happenings: mpsc::Receiver<Happening>,
    /// The socket.
    pub listener: TcpListener,
    /// What serves HTTPS.
    pub tls: Option<TlsAcceptor>,
    /// What a connection may cost.
    pub limits: Limits,
    /// What is said when requests can come.
    pub ready: Ready,
    /// How happenings are printed.
    pub style: Style,
}

/// The log of this run, opened.
struct OpenLog {
    writer: Writer,
    path: PathBuf,
    seen: Seen,
}

impl Parts {
    /// Builds them; the socket is bound, the log is open.
    pub async fn build(args: ListenArgs, setup: Setup, world: &World) -> Result<Self, Trouble> {
        let settings = setup.config.listen_settings(&args)?;
        let filter = setup.event_filter(&settings.events.value)?;
        let routes = routes(&args, &settings, &setup)?;
        let expectation = expectation(&args, &setup)?;
        let provider = setup
            .chosen_provider(args.provider.as_deref())?
            .map(|p| p.name().to_owned());
        let keyring = setup.keyring_or_local(&args.secrets, world)?;
        let log = if args.no_log {
            None
        } else {
            Some(open_log(setup.config.log()?.value)?)
        };
        let listener = bind(SocketAddr::new(settings.host.value, settings.port.value)).await?;
        let (tls, certificate) = tls_of(&args, &listener)?;
        let targets: Vec<_> = routes.iter().map(|route| route.target.clone()).collect();
        for target in targets.clone() {
            tokio::spawn(probe(target, world.clone()));
        }
        let (feed, happenings) = Feed::new(args.output.json, filter.clone(), &expectation);
        let ready = Ready {
            address: listener
                .local_addr()
                .map_err(|error| Trouble::unreadable(error.to_string()))?,
            tls: tls.is_some(),
            certificate,
            log: log.as_ref().map(|log| log.path.clone()),
            targets: targets.iter().map(Target::to_string).collect(),
            secrets: named_secrets(&setup, &keyring),
            local: keyring.is_local(),
        };
        let style = Style {
            json: args.output.json,
            body: body_detail(settings.body.value),
            kept: log.is_some(),
        };
        let writer = log.as_ref().map(|log| log.writer.clone());
        let intake = Intake {
            keyring,
            policy: Policy {
                provider,
                freshness: freshness(&args.freshness),
            },
            answers: Answers::new(
                invalid_policy(settings.on_invalid.value),
                args.answer.respond.clone(),
            ),
            delay: args.answer.delay.map(|span| span.0),
            forward: forward(&args, &settings, routes, filter, writer.clone())?,
            log: writer,
            seen: Mutex::new(log.map(|log| log.seen).unwrap_or_default()),
            feed: Arc::new(feed),
            order: tokio::sync::Mutex::default(),
            catalogue: setup.catalogue,
        };
        let limits = limits(&args, &settings);
        Ok(Self {
            intake,
            happenings,
            listener,
            tls,
            limits,
            ready,
            style,
        })
    }
}

fn routes(
    args: &ListenArgs,
    settings: &ListenSettings,
    setup: &Setup,
) -> Result<Vec<Route>, Trouble> {
    let mut routes = Vec::new();
    for route in &args.forward.route {
        routes.push(Route {
            filter: setup.event_filter(std::slice::from_ref(&route.pattern))?,
            target: target(&route.url)?,
        });
    }
    for url in &settings.forward_to.value {
        routes.push(Route {
            filter: EventFilter::default(),
            target: target(url)?,
        });
    }
    Ok(routes)
}

fn target(url: &str) -> Result<Target, Trouble> {
    Ok(Target::parse(url)?)
}

fn expectation(args: &ListenArgs, setup: &Setup) -> Result<Expectation, Trouble> {
    for event in &args.until.expect {
        setup.known_event(event)?;
    }
    Ok(Expectation {
        count: args.until.count.or(args.until.once.then_some(1)),
        events: args.until.expect.clone(),
    })
}

/// Opens the log and recalls the events in it, so that a retry of yesterday's is seen as one.
fn open_log(path: PathBuf) -> Result<OpenLog, StoreError> {
    let log = Log::open(&path)?;
    let mut seen = Seen::default();
    for known in log.reader()?.recent_events(crate::intake::REMEMBERED)? {
        seen.remember(&known.provider, &known.event_id, &known.delivery_id);
    }
    Ok(OpenLog {
        writer: log.writer()?,
        path,
        seen,
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Trouble> {
    TcpListener::bind(address).await.map_err(|error| {
        let trouble = Trouble::usage(format!("cannot listen on `{address}`: {error}"));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => trouble.hint(format!(
                "another program listens on port {}; `--port 0` picks a free one",
                address.port()
            )),
            _ => trouble,
        }
    })
}

/// What serves HTTPS, and the certificate in PEM where it was made on the spot.
fn tls_of(
    args: &ListenArgs,
    listener: &TcpListener,
) -> Result<(Option<TlsAcceptor>, Option<String>), Trouble> {
    let tls = &args.tls;
    if let (Some(cert), Some(key)) = (&tls.cert, &tls.key) {
        return Ok((Some(tls::from_pem_files(cert, key)?), None));
    }
    if !tls.tls {
        return Ok((None, None));
    }
    let host = listener
        .local_addr()
        .map(|address| address.ip().to_string())
        .unwrap_or_default();
    let made = tls::self_signed(&host)?;
    Ok((Some(made.acceptor), Some(made.certificate_pem)))
}

/// Warns when nothing takes connections at a target yet: the first delivery would be the one to
/// find out.
async fn probe(target: Target, world: World) {
    let connecting = TcpStream::connect(target.authority());
    let reached = tokio::time::timeout(PROBE_TIME, connecting).await;
    if !matches!(reached, Ok(Ok(_))) {
        world.console.warn(
            &format!("nothing listens on `{}` yet", target.authority()),
            Some("start the application; until then senders are answered 502, and every delivery is kept"),
        );
    }
}

fn forward(
    args: &ListenArgs,
    settings: &ListenSettings,
    routes: Vec<Route>,
    filter: EventFilter,
    log: Option<Writer>,
) -> Result<Option<Forward>, Trouble> {
    if routes.is_empty() {
        return Ok(None);
    }
    let options = ForwardOptions {
        answer: match args.forward.answer {
            Some(cli::AnswerMode::Now) => AnswerMode::Now,
            Some(cli::AnswerMode::App) | None => AnswerMode::App,
        },
        concurrency: usize::from(args.forward.concurrency.unwrap_or(1)),
        timeout: settings.timeout.value,
        headers: headers(&args.forward.header),
        filter,
    };
    let dispatch = Dispatch::new(client(&args.connect)?, log);
    Ok(Some(Forward::new(routes, dispatch, options)))
}

fn named_secrets(setup: &Setup, keyring: &Keyring) -> Vec<String> {
    let providers = setup.catalogue.iter().map(Provider::name);
    let with_secret =
        providers.filter(|name| !keyring.is_local() && !keyring.secrets(name).is_empty());
    with_secret.map(str::to_owned).collect()
}

fn limits(args: &ListenArgs, settings: &ListenSettings) -> Limits {
    let mut limits = Limits {
        max_body: usize::try_from(settings.max_body.value).unwrap_or(usize::MAX),
        ..Limits::default()
    };
    if let Some(stall) = args.answer.read_timeout {
        limits.head_time = stall.0;
        limits.body_idle = stall.0;
    }
    limits
}

const fn invalid_policy(policy: cli::InvalidPolicy) -> InvalidPolicy {
    match policy {
        cli::InvalidPolicy::Reject => InvalidPolicy::Reject,
        cli::InvalidPolicy::Forward => InvalidPolicy::Forward,
    }
}

const fn body_detail(detail: cli::BodyDetail) -> BodyDetail {
    match detail {
        cli::BodyDetail::Full => BodyDetail::Full,
        cli::BodyDetail::Short => BodyDetail::Short,
        cli::BodyDetail::None => BodyDetail::None,
    }
}
