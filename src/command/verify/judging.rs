//! The judgement of one capture or one bare body.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::time::Duration;

use crate::cli::VerifyArgs;
use crate::command::World;
use crate::command::setup::{Setup, freshness, moment};
use crate::delivery::{Headers, Request, Timestamp, Verdict};
use crate::exit::CliError;
use crate::formats::Reading;
use crate::provider::{Keyring, Policy, RequestVerdict, observe, verify_request, verify_stream};

/// The largest bare body that is held, and so looked into and diagnosed; a larger one passes through
/// the MAC in pieces. Well above the 25 MiB that `listen` takes by default.
const HELD_BODY: u64 = 32 * 1024 * 1024;

/// All that a judgement rests on besides the capture.
pub struct Judging<'a> {
    setup: &'a Setup,
    world: &'a World,
    keyring: Keyring,
    policy: Policy,
    at: Option<Timestamp>,
    /// The headers of bare bodies, where the inputs are such.
    headers: Option<Headers>,
}

/// What was made of a capture.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The id that the capture's writer gave it.
    pub id: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// The event's name.
    pub event: Option<String>,
    /// The provider's id of the event.
    pub event_id: Option<String>,
    /// Whether it is genuine.
    pub verdict: Verdict,
    /// What stands out in the payload.
    pub observations: Vec<String>,
    /// How long the judgement took.
    pub time: Duration,
}

impl<'a> Judging<'a> {
    /// Gathers secrets and settings. Without a secret there is nothing to check with, and the local
    /// development secret is never assumed.
    pub fn new(args: &VerifyArgs, setup: &'a Setup, world: &'a World) -> Result<Self, CliError> {
        let provider = setup.chosen_provider(args.provider.as_deref())?;
        let keyring = setup.keyring(&args.secrets)?;
        if keyring.is_empty() {
            return Err(no_secret(setup));
        }
        let header = provider.map(|provider| provider.definition.signature.header.as_str());
        Ok(Self {
            setup,
            world,
            keyring,
            policy: Policy {
                provider: provider.map(|provider| provider.name().to_owned()),
                freshness: freshness(&args.freshness),
                ..Policy::default()
            },
            at: args.at.map(|at| moment(at, world.now())),
            headers: headers(args, header),
        })
    }

    /// Whether the inputs are bare bodies rather than captures.
    pub const fn takes_bodies(&self) -> bool {
        self.headers.is_some()
    }

    /// Judges a capture. What it says itself of provider and verdict is not believed.
    pub fn capture(&self, reading: &Reading) -> Judgement {
        let capture = &reading.capture;
        let mut judgement = self.request(&capture.request, capture.received_at);
        judgement.id.clone_from(&capture.id);
        let notes = &mut judgement.verdict.notes;
        notes.extend(reading.notes.iter().map(ToString::to_string));
        if !capture.request.body_complete && reading.notes.is_empty() {
            notes.push("the body was not captured to its end".into());
        }
        judgement
    }

    /// Judges a bare body with the headers of the command line.
    pub fn body(&self, mut reader: impl Read) -> io::Result<Judgement> {
        let headers = self.headers.clone().unwrap_or_default();
        let mut held = Vec::new();
        reader.by_ref().take(HELD_BODY + 1).read_to_end(&mut held)?;
        if held.len() as u64 > HELD_BODY {
            return self.large_body(&headers, &mut held.chain(reader));
        }
        Ok(self.request(&Request::post("/", headers, held), None))
    }

    fn request(&self, request: &Request, received_at: Option<Timestamp>) -> Judgement {
        let begun = self.world.now();
        let at = self.at.or(received_at).unwrap_or(begun);
        let catalogue = &self.setup.catalogue;
        let judged = verify_request(catalogue, &self.keyring, &self.policy, request, at);
        let provider = judged.provider;
        let observations = provider.map_or_else(Vec::new, |provider| observe(provider, request));
        self.judgement(judged, observations, begun)
    }

    fn large_body(&self, headers: &Headers, body: &mut dyn Read) -> io::Result<Judgement> {
        let begun = self.world.now();
        let at = self.at.unwrap_or(begun);
        let catalogue = &self.setup.catalogue;
        let judged = verify_stream(catalogue, &self.keyring, &self.policy, headers, body, at)?;
        let limit = HELD_BODY / 1024 / 1024;
        let unseen = format!("the body is larger than {limit} MiB: only its signature was checked");
        Ok(self.judgement(judged, vec![unseen], begun))
    }

    fn judgement(
        &self,
        judged: RequestVerdict<'_>,
        observations: Vec<String>,
        begun: Timestamp,
    ) -> Judgement {
        let micros = self.world.now().micros().saturating_sub(begun.micros());
        Judgement {
            id: None,
            provider: judged.provider.map(|provider| provider.name().to_owned()),
            event: judged.event,
            event_id: judged.event_id,
            verdict: judged.verdict,
            observations,
            time: Duration::from_micros(u64::try_from(micros).unwrap_or_default()),
        }
    }
}

/// What to give where nothing is configured; for what `send` signs without a secret, that is the
/// file of the local development secret, once there is one.
fn no_secret(setup: &Setup) -> CliError {
    let mut hint = String::from(
        "give `--secret VALUE`, `--secret-file PATH` or `--env-file PATH`, or set WEBHOOK_SECRET",
    );
    let local = setup.config.paths.local_secret_file();
    if let Some(path) = local.filter(|path| path.is_file()) {
        let path = path.display();
        let _ = write!(
            hint,
            "; for deliveries of `send` without a secret: `--secret-file {path}`"
        );
    }
    CliError::usage("no secret to check with").hint(hint)
}

/// The headers of bare bodies: those of `-H`, and the value of `--signature` under the header of the
/// provider; `None` where neither was given.
fn headers(args: &VerifyArgs, signature_header: Option<&str>) -> Option<Headers> {
    let typed = args.header.iter();
    let typed = typed.map(|header| (header.name.clone(), header.value.clone()));
    let mut headers: Headers = typed.collect();
    if let (Some(name), Some(value)) = (signature_header, &args.signature) {
        headers.push(name, value.clone());
    }
    (!headers.is_empty()).then_some(headers)
}
