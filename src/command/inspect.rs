//! `webhook inspect`: serves a page on the log until it is told to end.

use std::process::{Command, Stdio};
use std::sync::Arc;

use hyper_util::service::TowerToHyperService;
use rand::TryRng as _;
use serde::Serialize;
use tokio::net::TcpListener;

use super::listen::ready::url;
use super::listen::socket::open_port;
use super::setup::{self, client, keyring_or_local};
use super::{World, select, signal};
use crate::cli::value::ListenHost;
use crate::cli::{GlobalArgs, INSPECT_PORT, InspectArgs};
use crate::config::Setup;
use crate::dispatch::Dispatch;
use crate::exit::{CliError, Outcome};
use crate::http::{self, Limits, Target};
use crate::inspect::{AccessToken, InspectOptions, Inspector, router};
use crate::provider::{Catalogue, Keyring};
use crate::store::Log;

/// How many ports behind the usual one are tried where that is taken.
const MORE_PORTS: u16 = 20;

/// What a caller has to know. Serialised, it is the `ready` line, whose fields are a contract.
#[derive(Debug, Serialize)]
struct InspectorReady {
    /// The page, with what lets a browser in.
    url: String,
    /// The port.
    port: u16,
    /// The log that is shown.
    log: String,
}

/// Runs the command.
pub fn run(args: &InspectArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let setup = setup::load(global, args.secrets.env_file.as_deref(), world)?;
    let runtime = super::runtime()?;
    let outcome = runtime.block_on(inspect(args, setup, world));
    // Its threads are not waited for: one may hang at an endpoint that does not answer.
    runtime.shutdown_background();
    outcome
}

async fn inspect(args: &InspectArgs, setup: Setup, world: &World) -> Result<Outcome, CliError> {
    let options = options(args, setup, world)?;
    let log = options.log.path().display().to_string();
    let page = InspectorPage::open(options, args.host, args.port).await?;
    world.begin();
    let (url, port) = (page.url.clone(), page.port);
    tell(&InspectorReady { url, port, log }, args, world)?;
    let signals = signal::stop()?;
    page.serve(async { _ = signals.await }).await;
    // To be ended is how it ends well.
    Ok(Outcome::Yes)
}

fn options(args: &InspectArgs, setup: Setup, world: &World) -> Result<InspectOptions, CliError> {
    let keyring = keyring_or_local(None, &setup, &args.secrets, world)?;
    let log = Log::open(setup.config.log()?.value)?;
    let endpoint = setup.config.url(args.url.clone()).value;
    let endpoint = endpoint.map(|url| Target::parse(&url)).transpose()?;
    let dispatch = Dispatch::new(client(&args.connect)?, Some(log.writer()?), world.clock);
    let is_public = match args.host {
        ListenHost::Localhost => false,
        ListenHost::Address(address) => !address.is_loopback(),
    };
    if is_public {
        let message = "other machines that have the URL can look into the log and send, too";
        world.console.warn(message, None);
    }
    let providers = (setup.catalogue, keyring);
    let mut options = of_log(log, providers, dispatch, endpoint, world);
    options.is_public = is_public;
    Ok(options)
}

/// The options of a page on a log, for this machine alone.
pub fn of_log(
    log: Log,
    (catalogue, keyring): (Catalogue, Keyring),
    dispatch: Dispatch,
    endpoint: Option<Target>,
    world: &World,
) -> InspectOptions {
    InspectOptions {
        log,
        catalogue,
        keyring,
        dispatch,
        endpoint,
        token: new_token(),
        is_public: false,
        clock: world.clock,
        random: rand::make_rng,
        filter: select::filter_line,
    }
}

fn new_token() -> AccessToken {
    let mut random = [0; 16];
    // The system's source fails only where the system itself is broken.
    rand::rngs::SysRng
        .try_fill_bytes(&mut random)
        .expect("the system gives random bytes");
    AccessToken::of(random)
}

/// A page whose port is open.
pub struct InspectorPage {
    /// Where it is, with what lets a browser in.
    pub url: String,
    port: u16,
    inspector: Arc<Inspector>,
    listeners: Vec<TcpListener>,
}

impl InspectorPage {
    /// Opens the port that was chosen, else the usual one or the next that is free.
    pub async fn open(
        options: InspectOptions,
        host: ListenHost,
        port: Option<u16>,
    ) -> Result<Self, CliError> {
        let usual = INSPECT_PORT..INSPECT_PORT + MORE_PORTS;
        let ports: Vec<_> = port.map_or_else(|| usual.chain([0]).collect(), |port| vec![port]);
        let mut opened = open_port(host, ports[0]).await;
        for port in ports.into_iter().skip(1) {
            if opened.is_err() {
                opened = open_port(host, port).await;
            }
        }
        let (listeners, addresses) = opened?;
        let token = options.token.as_str();
        Ok(Self {
            url: format!("{}/?token={token}", url(addresses[0], false)),
            port: addresses[0].port(),
            inspector: Inspector::new(options),
            listeners,
        })
    }

    /// Serves it until `stop`.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let service = TowerToHyperService::new(router(&self.inspector));
        let (limits, notice) = (Limits::default(), Arc::new(|_, _| {}));
        http::serve(self.listeners, None, service, limits, notice, stop).await;
    }
}

fn tell(ready: &InspectorReady, args: &InspectArgs, world: &World) -> Result<(), CliError> {
    if args.json {
        world.console.line("ready", ready)?;
    } else {
        world.console.data(&ready.url)?;
        world
            .console
            .note(&format!("shows `{}`; Ctrl-C ends it", ready.log));
    }
    if args.open {
        browse(&ready.url, world);
    }
    Ok(())
}

/// Opens the page in the user's browser.
fn browse(url: &str, world: &World) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(opener);
    let quiet = command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Err(error) = quiet.spawn() {
        let message = format!("cannot start `{opener}`: {error}");
        world.console.warn(&message, Some("open the URL yourself"));
    }
}
