//! The parts that most commands build: configuration, providers, secrets, the log.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use rand::TryRngCore as _;

use super::World;
use crate::cli::{FreshnessArgs, GlobalArgs, SecretArgs, value};
use crate::config::{Ask, Config, Environment};
use crate::delivery::Timestamp;
use crate::exit::Trouble;
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
}

impl Setup {
    /// Reads configuration and providers.
    pub fn load(
        global: &GlobalArgs,
        env_file: Option<&Path>,
        world: &World,
    ) -> Result<Self, Trouble> {
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
        Ok(Self { config, catalogue })
    }

    /// The provider of this name; an unknown one is an error that suggests a near name.
    pub fn provider(&self, name: &str) -> Result<&Provider, Trouble> {
        self.catalogue.get(name).ok_or_else(|| {
            let known = self.catalogue.iter().map(Provider::name);
            let hint = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`webhook providers` lists them".into(),
            };
            Trouble::usage(format!("unknown provider `{name}`")).hint(hint)
        })
    }

    /// The provider that is configured, where one is.
    pub fn chosen_provider(&self, flag: Option<&str>) -> Result<Option<&Provider>, Trouble> {
        let setting = self.config.provider(flag.map(str::to_owned))?;
        setting.value.map(|name| self.provider(&name)).transpose()
    }

    /// The secrets that were configured; the ring is empty where there are none.
    pub fn keyring(&self, args: &SecretArgs) -> Result<Keyring, Trouble> {
        let names: Vec<_> = self.catalogue.iter().map(Provider::name).collect();
        let given = self.config.secrets(args, &names, &mut Terminal)?;
        for secret in &given {
            if let Some(name) = &secret.provider {
                self.provider(name)?;
            }
        }
        let entries: Vec<_> = given
            .into_iter()
            .map(|secret| SecretEntry {
                provider: secret.provider,
                bytes: secret.bytes,
            })
            .collect();
        Keyring::new(&self.catalogue, &entries)
            .map_err(|(name, error)| Trouble::usage(format!("secret of `{name}`: {error}")))
    }

    /// The secrets that were configured, else the local development secret, which is named on
    /// stderr.
    pub fn keyring_or_local(&self, args: &SecretArgs, world: &World) -> Result<Keyring, Trouble> {
        let keyring = self.keyring(args)?;
        if !keyring.is_empty() {
            return Ok(keyring);
        }
        let local = self.config.local_secret(random_bytes)?;
        world.console.note(&format!(
            "no secret given: using the local development secret of {}, which `listen` and `send` share",
            local.path.display()
        ));
        let secret = Secret::new("local development secret", local.bytes);
        Ok(Keyring::local(&self.catalogue, &secret))
    }

    /// The log as a place to read from.
    pub fn existing_log(&self) -> Result<Log, Trouble> {
        Ok(Log::open_existing(self.config.log()?.value)?)
    }
}

/// Random bytes of the system.
fn random_bytes(bytes: &mut [u8]) {
    // The system's source fails only where the system itself is broken; the secret is then random
    // by address layout and time no more, so better no secret.
    rand::rngs::OsRng
        .try_fill_bytes(bytes)
        .expect("the system gives random bytes");
}

/// How signed times are judged, as flags say.
pub fn freshness(args: &FreshnessArgs) -> Freshness {
    match (args.tolerance, args.strict) {
        (Some(value::Tolerance::None), _) => Freshness::Ignored,
        (Some(value::Tolerance::Span(span)), strict) => Freshness::Within {
            seconds: span.as_secs(),
            strict,
        },
        (None, true) => Freshness::Strict,
        (None, false) => Freshness::Documented,
    }
}

/// A moment that was typed, as seen from `now`.
pub fn moment(moment: value::Moment, now: Timestamp) -> Timestamp {
    match moment {
        value::Moment::At(micros) => Timestamp::from_micros(micros),
        value::Moment::Ago(span) => {
            let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
            Timestamp::from_micros(now.micros().saturating_sub(micros))
        }
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
pub fn describe(trouble: &Trouble) -> String {
    report::error(&trouble.message, trouble.hint.as_deref())
}
