//! `webhook emulate`: plays a provider until it is told to end, or tells the one that runs what to do.

mod api_client;
mod client;
mod countdown;
mod port_file;
mod printer;
mod ready;
mod unread;

use std::future;
use std::path::PathBuf;
use std::sync::Arc;

use hyper_util::service::TowerToHyperService;
use rand::TryRng as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn, spawn_blocking};

use super::listen::socket::open_port;
use super::setup::{self, first_key, keyring_or_local};
use super::{World, shape, signal};
use crate::cli::{ApiKey, EmulateArgs, GlobalArgs};
use crate::config::{ConfigError, Setup};
use crate::dispatch::Dispatch;
use crate::emulate::{
    self, EmulateOptions, Emulator, EventRequest, InjectedFaults, NewEndpoint, Observer, Scenario,
};
use crate::exit::{CliError, Outcome};
use crate::http::{self, Limits, Target};
use crate::provider::Provider;
use crate::store::StoreError;
use port_file::PortFile;
use printer::StoryPrinter;
use ready::EmulatorReady;

/// Runs the command.
pub fn run(args: &EmulateArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let setup = setup::load_for(global, args.secrets.env_file.as_deref(), world, |config| {
        config.provider(args.provider.clone()).value
    })?;
    let runtime = super::runtime()?;
    let outcome = match &args.command {
        Some(command) => runtime.block_on(client::run(command, &setup, world)),
        None => runtime.block_on(serve(args, &setup, world)),
    };
    // Its threads are not waited for: one may hang at an output that nobody reads.
    runtime.shutdown_background();
    outcome
}

/// Plays the provider.
async fn serve(args: &EmulateArgs, setup: &Setup, world: &World) -> Result<Outcome, CliError> {
    let provider = provider(args, setup)?;
    let first = first_events(args, provider)?;
    let options = options(args, setup, provider, world)?;
    let api_key = options.api_key.clone();
    let (path, _temporary) = state(args, setup, provider)?;
    let dispatch = Dispatch::new(setup::client(&args.connect)?, None, world.clock);
    // A script needs every line; a person can ask for the deliveries.
    let (observer, told) = Observer::new(args.json);
    let (listeners, addresses) = open_port(args.host, args.port).await?;
    world.begin();
    let emulator = Emulator::open(options, &path, dispatch, observer).await?;
    let ready = EmulatorReady::new(&emulator, addresses[0], &api_key, args.no_state);
    // Before it is said: who reads that may look for it at once.
    let _found = PortFile::write(setup, &ready, world);
    ready.print(&emulator, args.json, world)?;
    if let Some(path) = &args.ready_file {
        super::listen::ready::write(path, &ready)?;
    }
    let bar = countdown::bar(args.json, world);
    let shown = (world.console, args.json);
    let printer = StoryPrinter::new(shown, emulator.now(), provider, bar.clone());
    let printing = spawn_blocking(move || printer.run(told));
    let counting = spawn(countdown::run(Arc::clone(&emulator), bar.clone()));
    let warning = spawn(unread::warn_of_stall(Arc::clone(&emulator), world.console));
    for request in &first {
        emulator.emit(request, None).await?;
    }
    let played = play(args, &emulator, listeners, printing, world).await;
    counting.abort();
    warning.abort();
    bar.finish_and_clear();
    let (ended, totals) = (played?, emulator.observer().totals());
    let pending = emulator.backlog().1;
    printer::summarize(world, args.json, &totals, pending)?;
    if args.until_idle && ended {
        return Ok(Outcome::of(totals.failed == 0));
    }
    Ok(Outcome::Yes)
}

/// Serves the API and makes attempts until a signal, or the end of the work where that is asked for; says
/// whether it was that.
async fn play(
    args: &EmulateArgs,
    emulator: &Arc<Emulator>,
    listeners: Vec<TcpListener>,
    mut printing: JoinHandle<Result<(), CliError>>,
    world: &World,
) -> Result<bool, CliError> {
    let signals = signal::stop()?;
    let (ask, asked) = watch::channel(false);
    let (mut unprinted, mut is_done) = (None, false);
    let until_idle = async {
        if !args.until_idle {
            future::pending::<()>().await;
        }
        emulator.until_done().await;
    };
    let end = async {
        tokio::select! {
            _ = signals => {}
            () = until_idle => is_done = true,
            // A printer that panicked has said so on stderr.
            printed = &mut printing => unprinted = Some(printed.unwrap_or(Ok(()))),
        }
        ask.send_replace(true);
        future::pending().await
    };
    let ran = tokio::select! {
        ran = run_both(emulator, listeners, &ask, &asked) => ran,
        never = end => never,
    };
    emulator.observer().close();
    let printed = match unprinted {
        Some(printed) => printed,
        None => unread::read_to_end(printing, emulator.observer()).await,
    };
    ran.map_err(|error| CliError::from(error).of_state())?;
    let running = emulator.backlog().0;
    if running > 0 {
        let message =
            format!("{running} attempts are under way: they are made again at the next start");
        world.console.warn(&message, None);
    }
    printed.map(|()| is_done)
}

/// Serves the API and makes attempts until both have come to the end that is asked for. Where no attempt can
/// be kept any more, nothing is served either.
async fn run_both(
    emulator: &Arc<Emulator>,
    listeners: Vec<TcpListener>,
    ask: &watch::Sender<bool>,
    asked: &watch::Receiver<bool>,
) -> Result<(), StoreError> {
    let stop = |mut asked: watch::Receiver<bool>| async move {
        // Ends with an error where nobody can ask any more, which is as good.
        let _ = asked.wait_for(|asked| *asked).await;
    };
    let service = TowerToHyperService::new(emulate::api::router(emulator));
    let (limits, notice) = (Limits::default(), Arc::new(|_, _| {}));
    let until = stop(asked.clone());
    let serving = http::serve(listeners, None, service, limits, notice, until);
    let running = async {
        let ran = emulator.run(stop(asked.clone())).await;
        if ran.is_err() {
            ask.send_replace(true);
        }
        ran
    };
    let (ran, ()) = tokio::join!(running, serving);
    ran
}

fn provider<'s>(args: &EmulateArgs, setup: &'s Setup) -> Result<&'s Provider, CliError> {
    let chosen = setup.chosen_provider(args.provider.as_deref())?;
    chosen.ok_or_else(|| {
        CliError::usage("no provider to play")
            .hint("name one: `webhook emulate NAME`; `webhook providers` lists them")
    })
}

/// What is to happen at the start.
fn first_events(args: &EmulateArgs, provider: &Provider) -> Result<Vec<EventRequest>, CliError> {
    let event = |event: &String| EventRequest {
        event: event.clone(),
        ..EventRequest::default()
    };
    let mut events: Vec<_> = args.trigger.iter().map(event).collect();
    if let Some(path) = &args.scenario {
        events.extend(scenario(path, provider)?.events);
    }
    Ok(events)
}

/// The scenario of a file, of which every event is one of the provider's.
fn scenario(path: &std::path::Path, provider: &Provider) -> Result<Scenario, CliError> {
    let bytes = shape::try_read(path).map_err(|error| CliError::unread(path.display(), &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CliError::unreadable(format!("`{}` is not text", path.display())))?;
    let read = Scenario::read(&text).and_then(|scenario| {
        Scenario::check(&text, provider)?;
        Ok(scenario)
    });
    read.map_err(|error| {
        let mut error = CliError::from(error);
        error.message = format!("`{}`, {}", path.display(), error.message);
        error
    })
}

fn options(
    args: &EmulateArgs,
    setup: &Setup,
    provider: &Provider,
    world: &World,
) -> Result<EmulateOptions, CliError> {
    let keyring = keyring_or_local(Some(&[provider.name()]), setup, &args.secrets, world)?;
    let seed = args.seed.unwrap_or_else(rand::random);
    Ok(EmulateOptions {
        provider: provider.clone(),
        key: first_key(&keyring, provider)?.clone(),
        api_key: api_key(args.api_key.as_ref(), setup).unwrap_or_else(new_key),
        timeout: args.timeout,
        speed: args.speed,
        faults: InjectedFaults {
            duplicate: args.duplicate.unwrap_or_default(),
            drop: args.drop.unwrap_or_default(),
            delay: args.delay.unwrap_or_default(),
            reorder: args.reorder,
            rotate_secret: args.rotate_secret,
            seed,
        },
        seed,
        clock: world.clock,
        endpoints: endpoints(args)?,
    })
}

/// The key that a flag or the environment gives.
fn api_key(flag: Option<&ApiKey>, setup: &Setup) -> Option<String> {
    let environment = &setup.config.environment;
    let variable = || Some(environment.get("WEBHOOK_API_KEY")?.0.to_owned());
    flag.map(|ApiKey(key)| key.clone()).or_else(variable)
}

/// A key that nobody can guess.
fn new_key() -> String {
    let mut bytes = [0; 24];
    // The system's source fails only where the system itself is broken.
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the system gives random bytes");
    format!("key_{}", hex::encode(bytes))
}

/// The endpoints of the flags.
fn endpoints(args: &EmulateArgs) -> Result<Vec<NewEndpoint>, CliError> {
    let events = match args.events.as_slice() {
        [] => vec!["*".to_owned()],
        events => events.to_vec(),
    };
    let one = |text: &String| {
        Ok(NewEndpoint {
            url: full_url(text)?,
            events: events.clone(),
            secret: None,
        })
    };
    args.endpoint.iter().map(one).collect()
}

/// The whole URL of an endpoint as people type it.
fn full_url(text: &str) -> Result<String, CliError> {
    let target = Target::parse(text)?;
    let is_whole = text.contains("://") || target.has_user_info();
    Ok(if is_whole {
        text.to_owned()
    } else {
        target.to_string()
    })
}

/// Where the state is; with none to keep, in a folder that goes with the guard.
fn state(
    args: &EmulateArgs,
    setup: &Setup,
    provider: &Provider,
) -> Result<(PathBuf, Option<TempDir>), CliError> {
    if args.no_state {
        let folder = tempfile::tempdir();
        let folder = folder.map_err(|error| {
            CliError::unreadable(format!("cannot make a temporary folder: {error}"))
        })?;
        return Ok((folder.path().join("state.db"), Some(folder)));
    }
    let own = || setup.config.paths.emulator_state(provider.name());
    let path = args.state.clone().or_else(own);
    let path = path.ok_or(ConfigError::NoHome("the state"))?;
    Ok((path, None))
}
