//! Where deliveries go on to, as flags and settings say.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::cli::ListenArgs;
use crate::command::World;
use crate::config::Setup;
use crate::delivery::EventFilter;
use crate::exit::CliError;
use crate::http::{Target, is_of_this_machine};
use crate::receive::{AnswerMode, Route};
use crate::report::Attempts;

/// How long a target may take to be found, and to take a connection, when `listen` starts.
const PROBE_TIME: Duration = Duration::from_secs(1);

/// The routes by event, then those that take everything.
pub fn routes(args: &ListenArgs, setup: &Setup) -> Result<Vec<Route>, CliError> {
    let by_event = args.route.iter().map(|(pattern, url)| {
        Ok(Route {
            filter: setup.event_filter(std::slice::from_ref(pattern))?,
            target: Target::parse(url)?,
        })
    });
    let of_all = args.forward_to.iter().map(|url| {
        Ok(Route {
            filter: EventFilter::default(),
            target: Target::parse(url)?,
        })
    });
    by_event.chain(of_all).collect()
}

/// Fails where a target is the listener's own `address`: each delivery would be one more, for ever.
pub async fn refuse_itself(routes: &[Route], address: SocketAddr) -> Result<(), CliError> {
    let port = format!(":{}", address.port());
    for Route { target, .. } in routes {
        let authority = target.authority();
        if !authority.ends_with(&port) {
            continue;
        }
        // A name that is not found, or too slowly, is told of by the probe and by each attempt.
        let Ok(Ok(mut found)) = timeout(PROBE_TIME, lookup_host(authority)).await else {
            continue;
        };
        if found.any(|found| reaches(found.ip(), address.ip())) {
            let message = format!("`{target}` is this listener itself");
            let hint = "give the application's port, or listen on another one: `--port 0`";
            return Err(CliError::usage(message).hint(hint));
        }
    }
    Ok(())
}

/// Whether a connection to `target` comes out at a socket that is bound to `bound`.
fn reaches(target: IpAddr, bound: IpAddr) -> bool {
    let (target, bound) = (target.to_canonical(), bound.to_canonical());
    // A connection to "any address" goes to this machine's loopback address, and a socket that is
    // bound to it takes what comes for every address of this machine.
    match (target.is_unspecified(), bound.is_unspecified()) {
        (true, _) => bound.is_loopback() || bound.is_unspecified(),
        (false, true) => is_of_this_machine(target),
        (false, false) => target == bound,
    }
}

/// Warns, once the answer is there, of each target at which nothing takes connections: the first
/// delivery would be the one to find out. Who sees that beside the deliveries is not told again.
pub fn probe(
    routes: &[Route],
    args: &ListenArgs,
    is_kept: bool,
    attempts: &Arc<Mutex<Attempts>>,
    world: &World,
) {
    let console = world.console;
    let hint = meanwhile(args.answer, is_kept);
    let is_beside = !args.json && console.prints_to_terminal() && console.talks_to_terminal();
    for route in routes {
        let attempts = is_beside.then(|| Arc::clone(attempts));
        tokio::spawn(probe_one(
            route.target.clone(),
            attempts,
            hint,
            world.clone(),
        ));
    }
}

/// What becomes of deliveries until a target is there.
const fn meanwhile(answer: AnswerMode, is_kept: bool) -> &'static str {
    match (answer, is_kept) {
        (AnswerMode::App, true) => {
            "start the application; until then senders are answered 502, and every delivery is kept"
        }
        (AnswerMode::App, false) => {
            "start the application; until then senders are answered 502, and nothing is kept"
        }
        (AnswerMode::Now, true) => {
            "start the application; until then every delivery is answered and kept, and reaches nobody"
        }
        (AnswerMode::Now, false) => {
            "start the application; until then every delivery is answered and lost"
        }
    }
}

async fn probe_one(
    target: Target,
    attempts: Option<Arc<Mutex<Attempts>>>,
    hint: &str,
    world: World,
) {
    let connecting = TcpStream::connect(target.authority());
    let reached = timeout(PROBE_TIME, connecting).await;
    let reason = format!("nothing listens on `{}`", target.authority());
    let is_new = |attempts: Arc<Mutex<Attempts>>| {
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.is_down(&target.authority(), &reason)
    };
    if !matches!(reached, Ok(Ok(_))) && attempts.is_none_or(is_new) {
        world.console.warn(&format!("{reason} yet"), Some(hint));
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    /// An address of this machine that is not a loopback one, where it has one. Choosing a route
    /// sends nothing.
    fn own_address() -> Option<IpAddr> {
        let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
        socket.connect("198.51.100.1:9").ok()?;
        let address = socket.local_addr().ok()?.ip();
        (!address.is_loopback() && !address.is_unspecified()).then_some(address)
    }

    fn route(target: &str) -> [Route; 1] {
        [Route {
            filter: EventFilter::default(),
            target: Target::parse(target).unwrap(),
        }]
    }

    #[tokio::test]
    async fn every_address_of_this_machine_is_a_listener_that_takes_any() {
        let mut own = vec!["127.0.0.1:4400".to_owned(), "0.0.0.0:4400".to_owned()];
        own.extend(own_address().map(|address| format!("{address}:4400")));
        own.push("localhost:4400/x".into());
        for target in own {
            let refused = refuse_itself(&route(&target), "0.0.0.0:4400".parse().unwrap()).await;
            assert!(refused.is_err(), "{target}");
        }
    }

    #[tokio::test]
    async fn another_port_or_address_is_no_listener_of_ours() {
        for (target, address) in [
            ("127.0.0.1:4401", "0.0.0.0:4400"),
            ("198.51.100.1:4400", "0.0.0.0:4400"),
            ("[2001:db8::1]:4400", "[::]:4400"),
            ("198.51.100.1:4400", "127.0.0.1:4400"),
            ("127.0.0.2:4400", "127.0.0.1:4400"),
            ("0.0.0.0:4400", "198.51.100.1:4400"),
        ] {
            let refused = refuse_itself(&route(target), address.parse().unwrap()).await;
            assert!(refused.is_ok(), "{target} at {address}");
        }
    }
}
