//! The API of an emulator that runs: it is found, and called.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::api_key;
use super::port_file::{self, EmulatorPlace};
use crate::cli::ApiArgs;
use crate::config::Setup;
use crate::delivery::{FailureKind, Headers, Request};
use crate::emulate::EventRequest;
use crate::emulate::api::EventForm;
use crate::exit::CliError;
use crate::http::{Client, ClientOptions, Target};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The API of an emulator.
pub struct EmulatorClient {
    client: Client,
    /// Where it is.
    pub place: EmulatorPlace,
}

/// The emulator that is meant: the one that is named, else the only one that runs.
pub async fn find(args: &ApiArgs, setup: &Setup) -> Result<EmulatorClient, CliError> {
    let folder = setup.config.paths.emulators();
    let known = folder
        .map(|folder| port_file::places(&folder))
        .unwrap_or_default();
    let key = api_key(args.api_key.as_ref(), setup);
    let client = Client::new(&ClientOptions::default())?;
    if let Some(url) = &args.api {
        let target = Target::parse(url)?;
        let is_same = |place: &EmulatorPlace| {
            Target::parse(&place.url).is_ok_and(|known| known.origin() == target.origin())
        };
        let known = known.into_iter().find(|(_, place)| is_same(place));
        let mut place = known.map_or_else(
            || EmulatorPlace {
                url: target.origin(),
                api_key: String::new(),
                provider: String::new(),
            },
            |(_, place)| place,
        );
        place.api_key = key.unwrap_or(place.api_key);
        return Ok(EmulatorClient { client, place });
    }
    let mut running = Vec::new();
    for (path, mut place) in known {
        place.api_key = key.clone().unwrap_or(place.api_key);
        let found = EmulatorClient {
            client: Client::new(&ClientOptions::default())?,
            place,
        };
        if found.is_there().await {
            running.push(found);
        } else {
            // Its emulator was killed.
            let _ = std::fs::remove_file(path);
        }
    }
    match (running.pop(), running.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(one), false) => {
            running.push(one);
            let urls = running
                .iter()
                .map(|it| format!("{} ({})", it.place.url, it.place.provider));
            let urls: Vec<_> = urls.collect();
            let message = format!("several emulators run: {}", urls.join(", "));
            Err(CliError::usage(message).hint("say which: `--api URL`"))
        }
        (None, _) => Err(CliError::usage("no emulated provider runs")
            .hint("start one: `webhook emulate NAME`, or name it: `--api URL`")),
    }
}

impl EmulatorClient {
    fn request(&self, method: &str, path: &str, body: String) -> Request {
        let mut headers = Headers::new();
        headers.push("Authorization", format!("Bearer {}", self.place.api_key));
        headers.push("Content-Type", "application/json");
        Request {
            method: method.into(),
            ..Request::post(path, headers, body)
        }
    }

    /// Whether anybody answers there.
    async fn is_there(&self) -> bool {
        let Ok(target) = Target::parse(&self.place.url) else {
            return false;
        };
        let request = self.request("GET", "/_control/clock", String::new());
        let target = target.at("/_control/clock");
        let answer = self.client.send(&target, &request, Some(PATIENCE)).await;
        !answer.is_err_and(|failure| failure.kind == FailureKind::Refused)
    }

    /// What a call comes to.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Value, CliError> {
        let target = Target::parse(&self.place.url)?.at(path);
        let body = body.map(serde_json::to_string).transpose();
        let body = body.map_err(std::io::Error::from)?.unwrap_or_default();
        let request = self.request(method, path, body);
        let answer = self.client.send(&target, &request, Some(PATIENCE)).await;
        let answer = answer.map_err(|failure| {
            let message = format!("`{}` does not answer: {failure}", self.place.url);
            CliError::unreachable(message).hint("start it: `webhook emulate NAME`")
        })?;
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.is_success() {
            return Ok(value);
        }
        let error = &value["error"];
        let message = error["message"].as_str().map(str::to_owned);
        let message = message.unwrap_or_else(|| format!("it answered {}", answer.status));
        let hint = match error["code"].as_str() {
            Some("unauthorized") => Some("give the key that it printed: `--api-key KEY`".into()),
            _ => error["hint"].as_str().map(str::to_owned),
        };
        // What it could not do for its own sake is nobody's wrong usage.
        let error = if answer.status < 500 {
            CliError::usage(message)
        } else {
            CliError::unreadable(message)
        };
        Err(error.maybe_hint(hint))
    }

    /// Lets an event happen.
    pub async fn emit(&self, request: &EventRequest) -> Result<Value, CliError> {
        let body = EventForm::from(request);
        self.call("POST", "/v1/events", Some(&body)).await
    }

    /// The rows of a list, the oldest first, at most so many of the newest.
    pub async fn list(&self, path: &str, most: usize) -> Result<Vec<Value>, CliError> {
        let mut rows = Vec::new();
        let mut cursor = None::<String>;
        let join = if path.contains('?') { '&' } else { '?' };
        loop {
            let behind = cursor.as_ref().map(|cursor| {
                let cursor = utf8_percent_encode(cursor, NON_ALPHANUMERIC);
                format!("&cursor={cursor}")
            });
            let limit = most.saturating_sub(rows.len()).min(100);
            let path = format!("{path}{join}limit={limit}{}", behind.unwrap_or_default());
            let mut page = self.call("GET", &path, None::<&Value>).await?;
            if let Some(data) = page["data"].as_array_mut() {
                rows.append(data);
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() || rows.len() >= most {
                rows.reverse();
                return Ok(rows);
            }
        }
    }
}
