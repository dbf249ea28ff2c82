//! The parts that most commands build: configuration, providers, secrets, the log.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use rand::TryRng as _;

use super::World;
use crate::cli::{ConnectArgs, FreshnessArgs, GlobalArgs, SecretArgs};
use crate::config::{Ask, Config, Environment, GivenSecret};
use crate::console::Console;
use crate::delivery::EventFilter;
use crate::exit::CliError;
use crate::http::{Client, ClientOptions};
use crate::provider::{Catalogue, Keyring, Provider, SecretEntry, nearest};
use crate::report;
use crate::signature::{Freshness, Secret};
use crate::store::Log;

/// Configuration and providers, read.
pub struct Setup {
    /// What is in force.
    pub config: Config,
    /// The providers, the user's own included.
    pub catalogue: Catalogue,
    console: Console,
}

/// What a command does with secrets.
#[derive(Debug, Clone, Copy)]
pub enum Side {
    /// It signs.
    Sender,
    /// It checks.
    Receiver,
}

impl Setup {
    /// Reads configuration and providers.
    pub fn load(
        global: &GlobalArgs,
        env_file: Option<&Path>,
        world: &World,
    ) -> Result<Self, CliError> {
        let environment = Environment::of_process();
        let environment = match env_file {
            Some(path) => environment.with_file(path)?,
            None => environment,
        };
        let config = Config::load(global, environment, &world.folder)?;
        let mut catalogue = Catalogue::builtin();
        for folder in config.provider_folders() {
            catalogue.add_folder(&folder)?;
        }
        Ok(Self {
            config,
            catalogue,
            console: world.console,
        })
    }

    /// The provider of this name; an unknown one is an error that suggests a near name.
    pub fn provider(&self, name: &str) -> Result<&Provider, CliError> {
        self.catalogue.get(name).ok_or_else(|| {
            let known = self.catalogue.iter().map(Provider::name);
            let hint = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`webhook providers` lists them".into(),
            };
            CliError::usage(format!("unknown provider `{name}`")).hint(hint)
        })
    }

    /// The provider that is configured, where one is.
    pub fn chosen_provider(&self, flag: Option<&str>) -> Result<Option<&Provider>, CliError> {
        let setting = self.config.provider(flag.map(str::to_owned))?;
        setting.value.map(|name| self.provider(&name)).transpose()
    }

    /// The secrets that were configured, in their order, each with its origin.
    pub fn secrets(&self, args: &SecretArgs) -> Result<Vec<GivenSecret>, CliError> {
        let names: Vec<_> = self.catalogue.iter().map(Provider::name).collect();
        let given = self.config.secrets(args, &names, &mut Terminal)?;
        for secret in &given {
            if let Some(name) = &secret.provider {
                self.provider(name)?;
            }
        }
        Ok(given)
    }

    /// The secrets that were configured; the ring is empty where there are none.
    pub fn keyring(&self, args: &SecretArgs) -> Result<Keyring, CliError> {
        self.note_names_as_secrets(args);
        let given = self.secrets(args)?;
        let of_provider = |provider: &Provider| {
            let name = provider.name().to_owned();
            let in_force = GivenSecret::in_force(&given, &name);
            let entry = move |secret: &GivenSecret| SecretEntry {
                provider: Some(name.clone()),
                bytes: secret.bytes.clone(),
                is_named: secret.provider.is_some(),
            };
            in_force.into_iter().map(entry).collect::<Vec<_>>()
        };
        let entries: Vec<_> = self.catalogue.iter().flat_map(of_provider).collect();
        Keyring::new(&self.catalogue, &entries)
            .map_err(|(name, error)| CliError::usage(format!("secret of `{name}`: {error}")))
    }

    /// Says where a provider's name was taken for a secret: its value was forgotten. Any other text
    /// is a secret and not repeated.
    fn note_names_as_secrets(&self, args: &SecretArgs) {
        let is_name = |text: &&String| self.catalogue.get(text).is_some();
        for name in args.secret.iter().filter(is_name) {
            self.console.note(&format!(
                "took `{name}` itself as the secret; for the provider: `--secret {name}=VALUE`"
            ));
        }
    }

    /// The secrets that were configured, else the local development secret, which is said on
    /// stderr.
    pub fn keyring_or_local(
        &self,
        args: &SecretArgs,
        side: Side,
        world: &World,
    ) -> Result<Keyring, CliError> {
        let keyring = self.keyring(args)?;
        if !keyring.is_empty() {
            return Ok(keyring);
        }
        let local = self.config.local_secret(random_bytes)?;
        let (done, other) = match side {
            Side::Sender => ("signed", "listen"),
            Side::Receiver => ("checked", "send"),
        };
        world.console.note(&format!(
            "{done} with the local development secret, which `{other}` shares (`webhook config` tells where it is)"
        ));
        let secret = Secret::new("local development secret", local.bytes);
        Ok(Keyring::local(&self.catalogue, &secret))
    }

    /// A filter of these patterns. Each has to mean an event that some provider has, so that a slip
    /// of the keyboard is not a silent nothing.
    pub fn event_filter(&self, patterns: &[String]) -> Result<EventFilter, CliError> {
        let mut filter = EventFilter::default();
        for pattern in patterns {
            filter.add(pattern)?;
            self.meets_events(pattern)?;
        }
        Ok(filter)
    }

    /// Fails where a pattern means no event that some provider has.
    fn meets_events(&self, pattern: &str) -> Result<(), CliError> {
        for name in pattern
            .split(',')
            .map(|name| name.trim().trim_start_matches('!'))
        {
            if !name.contains('*') {
                self.known_event(name)?;
                continue;
            }
            let meant: EventFilter = name.parse()?;
            let mut known = self.catalogue.iter().flat_map(Provider::event_names);
            if !known.any(|event| meant.matches(event)) {
                let trouble = CliError::usage(format!("no provider has an event like `{name}`"));
                return Err(trouble.hint("`webhook events` lists them"));
            }
        }
        Ok(())
    }

    /// Fails with a near name where no provider has this event.
    pub fn known_event(&self, event: &str) -> Result<(), CliError> {
        if self.catalogue.with_event(event).next().is_some() {
            return Ok(());
        }
        Err(self.unknown_event(event))
    }

    /// The error for an event that no provider has, with a near name.
    pub fn unknown_event(&self, event: &str) -> CliError {
        let known = self.catalogue.iter().flat_map(Provider::event_names);
        let hint = match nearest(event, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`webhook events` lists them".into(),
        };
        CliError::usage(format!("unknown event `{event}`")).hint(hint)
    }

    /// The error for an event that a provider does not have: a near name, or who has it.
    pub fn unknown_event_of(&self, provider: &Provider, event: &str) -> CliError {
        let trouble = CliError::usage(format!("`{}` has no event `{event}`", provider.name()));
        let elsewhere = self.catalogue.with_event(event).next();
        match (nearest(event, provider.event_names()), elsewhere) {
            (_, Some(other)) => {
                trouble.hint(format!("it is one of {}: `--provider {0}`", other.name()))
            }
            (Some(near), None) => trouble.hint(format!("did you mean `{near}`?")),
            (None, None) => {
                trouble.hint(format!("`webhook events {}` lists them", provider.name()))
            }
        }
    }

    /// The log as a place to read from.
    pub fn existing_log(&self) -> Result<Log, CliError> {
        Ok(Log::open_existing(self.config.log()?.value)?)
    }
}

/// Random bytes of the system.
fn random_bytes(bytes: &mut [u8]) {
    // The system's source fails only where the system itself is broken; the secret is then random
    // by address layout and time no more, so better no secret.
    rand::rngs::SysRng
        .try_fill_bytes(bytes)
        .expect("the system gives random bytes");
}

/// How signed times are judged, as flags say.
pub fn freshness(args: &FreshnessArgs) -> Freshness {
    match (args.tolerance, args.strict) {
        (Some(Freshness::Within { seconds, .. }), strict) => Freshness::Within { seconds, strict },
        (Some(given), _) => given,
        (None, true) => Freshness::Strict,
        (None, false) => Freshness::Documented,
    }
}

/// The client that flags describe.
pub fn client(args: &ConnectArgs) -> Result<Client, CliError> {
    Ok(Client::new(&client_options(args))?)
}

/// What flags say of a client.
pub fn client_options(args: &ConnectArgs) -> ClientOptions {
    ClientOptions {
        ca_file: args.cacert.clone(),
        insecure: args.insecure,
        ..ClientOptions::default()
    }
}

/// The terminal and stdin of the process.
struct Terminal;

impl Ask for Terminal {
    fn password(&mut self, prompt: &str) -> Option<io::Result<String>> {
        let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        terminal.then(|| rpassword::prompt_password(prompt))
    }

    fn stdin(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The error's two lines, as a person reads them.
pub fn describe(trouble: &CliError) -> String {
    report::error(&trouble.message, trouble.hint.as_deref())
}
