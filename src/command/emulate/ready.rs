//! What is said when an emulator can be called.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use crate::command::World;
use crate::command::listen::ready::url;
use crate::emulate::{Emulator, Speed};
use crate::exit::CliError;
use crate::report::{self, EmulatorFacts};

/// What a caller has to know. Serialised, it is the `ready` line, whose fields are a contract.
#[derive(Debug, Clone, Serialize)]
pub struct EmulatorReady {
    /// The URL of the API.
    pub url: String,
    /// The address that is bound.
    pub host: IpAddr,
    /// The port.
    pub port: u16,
    /// The key of the API.
    pub api_key: String,
    /// The provider's name.
    pub provider: String,
    /// How fast its time runs.
    pub speed: String,
    /// The file of its state; null where nothing is kept.
    pub state: Option<String>,
    /// The registered endpoints.
    pub endpoints: Vec<ReadyEndpoint>,
    /// How many deliveries are to come from before.
    pub pending: usize,
}

/// A registered endpoint.
#[derive(Debug, Clone, Serialize)]
pub struct ReadyEndpoint {
    /// Its id.
    pub id: String,
    /// Its URL, without user name and password.
    pub url: String,
    /// The events that it gets.
    pub events: Vec<String>,
}

impl EmulatorReady {
    /// Of an emulator at an address.
    pub fn new(emulator: &Emulator, address: SocketAddr, api_key: &str, no_state: bool) -> Self {
        let state = emulator.state_path().display().to_string();
        let endpoint = |endpoint: &crate::emulate::WebhookEndpoint| ReadyEndpoint {
            id: endpoint.id.clone(),
            url: endpoint.target.to_string(),
            events: endpoint.events.clone(),
        };
        Self {
            url: url(address, false),
            host: address.ip(),
            port: address.port(),
            api_key: api_key.to_owned(),
            provider: emulator.provider().name().to_owned(),
            speed: emulator.clock().speed.to_string(),
            state: (!no_state).then_some(state),
            endpoints: emulator.endpoints().iter().map(|it| endpoint(it)).collect(),
            pending: emulator.backlog().1,
        }
    }

    /// Says it, as a line of JSON or to a person.
    pub fn print(&self, emulator: &Emulator, json: bool, world: &World) -> Result<(), CliError> {
        if json {
            return Ok(world.console.line("ready", self)?);
        }
        let endpoints = self.endpoints.iter();
        let endpoints = endpoints.map(|it| (it.url.clone(), events(&it.events)));
        let speed = match emulator.clock().speed {
            Speed::Instant => Some("instant: time goes on to what is due next".into()),
            Speed::Times(factor) if (factor - 1.0).abs() > f64::EPSILON => {
                Some(format!("{factor} times as fast as the real time"))
            }
            Speed::Times(_) => None,
        };
        let facts = EmulatorFacts {
            title: &emulator.provider().definition.title,
            url: &self.url,
            api_key: &self.api_key,
            endpoints: endpoints.collect(),
            speed,
            state: self.state.clone(),
            pending: self.pending,
            program: &world.program,
        };
        let text = report::emulator(&facts, world.console.detail());
        Ok(world.console.data(&text)?)
    }
}

/// The events of an endpoint, for people.
pub fn events(events: &[String]) -> String {
    match events {
        [all] if all == "*" => "all events".into(),
        events => events.join(", "),
    }
}
