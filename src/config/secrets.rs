//! Gathering the signing secrets from all places.

use std::path::{Path, PathBuf};

use super::{Config, ConfigError, Origin, SecretForm, SecretsForm};
use crate::cli::{ASK, SecretArgs};
use crate::delivery::text;
use crate::provider::read_file;

/// The variable of a secret for all providers; `_OLYMPUS` and the like behind it for one.
const VARIABLE: &str = "WEBHOOK_SECRET";
/// The key of a secret for all providers in a configuration file.
const DEFAULT_KEY: &str = "default";

/// A secret, for whom, and where it came from.
#[derive(Clone)]
pub struct GivenSecret {
    /// The provider; `None` for all.
    pub provider: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it came from.
    pub origin: Origin,
    /// The file that it stands in, which only its owner should read.
    pub file: Option<PathBuf>,
    /// How near that place is: 0 for flags, 1 for variables, then the configuration files. Where a
    /// nearer place has a secret for a provider, those of further ones are not tried for it.
    pub rank: usize,
}

/// The ranks of the places of secrets.
const FLAGS: usize = 0;
const VARIABLES: usize = 1;
const FILES: usize = 2;

impl GivenSecret {
    /// Those of `given` that are in force for a provider: the ones of the nearest place that has any.
    pub fn in_force<'a>(given: &'a [Self], provider: &str) -> Vec<&'a Self> {
        let meant = |secret: &&Self| {
            secret
                .provider
                .as_deref()
                .is_none_or(|name| name == provider)
        };
        let nearest = given.iter().filter(meant).map(|secret| secret.rank).min();
        let all = given.iter().filter(meant);
        all.filter(|secret| Some(secret.rank) == nearest).collect()
    }
}

/// Where secrets are asked for: the terminal and stdin.
pub trait Ask {
    /// Asks a person, without echo; `None` where there is no terminal.
    fn password(&mut self, prompt: &str) -> Option<std::io::Result<String>>;
    /// All of stdin.
    fn stdin(&mut self) -> std::io::Result<Vec<u8>>;
}

impl Config {
    /// The secrets in their order: flags, then variables, then configuration files, the nearest
    /// first. `providers` are the names that may stand before `=`; `played` are the only ones whose
    /// secrets are needed, `None` for all.
    pub fn secrets(
        &self,
        args: &SecretArgs,
        providers: &[&str],
        played: Option<&[&str]>,
        ask: &mut dyn Ask,
    ) -> Result<Vec<GivenSecret>, ConfigError> {
        let mut given = Vec::new();
        let flag = |name, provider, bytes, file| GivenSecret {
            provider,
            bytes,
            origin: Origin::Flag(name),
            file,
            rank: FLAGS,
        };
        for text in &args.secret {
            let (provider, value) = split_name(text, providers);
            let bytes = if text == ASK {
                password(ask)?
            } else {
                value.as_bytes().to_vec()
            };
            given.push(flag("--secret", provider, bytes, None));
        }
        for text in &args.secret_file {
            let (provider, path) = split_name(text, providers);
            let (bytes, file) = match path {
                "-" => (ask.stdin().map_err(ConfigError::read("stdin"))?, None),
                path => {
                    let bytes = read_file(Path::new(path)).map_err(ConfigError::read(path))?;
                    (bytes, Some(path.into()))
                }
            };
            given.push(flag("--secret-file", provider, of_file(&bytes), file));
        }
        given.extend(self.variable_secrets(providers));
        self.add_file_secrets(&mut given, played)?;
        match given.iter().find(|secret| secret.bytes.is_empty()) {
            Some(empty) => Err(ConfigError::EmptySecret(empty.origin.clone())),
            None => Ok(given),
        }
    }

    /// The environment variables that hold secrets, which no program has to see that is started here.
    pub fn secret_variables(&self) -> impl Iterator<Item = &str> {
        let own = self.environment.names();
        let own = own.filter(|name| name.starts_with(VARIABLE));
        let sources = self.files().flat_map(|(_, file)| file.secrets.values());
        let sources = sources.flat_map(SecretsForm::as_slice);
        own.chain(sources.filter_map(|source| match source {
            SecretForm::Env(name) => Some(name.as_str()),
            SecretForm::File(_) => None,
        }))
    }

    fn variable_secrets(&self, providers: &[&str]) -> Vec<GivenSecret> {
        let named = providers
            .iter()
            .map(|name| (Some((*name).to_owned()), variable_of(name)));
        named
            .chain([(None, VARIABLE.to_owned())])
            .filter_map(|(provider, name)| {
                let (value, origin) = self.environment.get_even_empty(&name)?;
                let bytes = value.as_bytes().to_vec();
                Some(GivenSecret {
                    provider,
                    bytes,
                    file: origin.env_file().map(Path::to_path_buf),
                    origin,
                    rank: VARIABLES,
                })
            })
            .collect()
    }

    /// Adds the secrets of configuration files. One that cannot be fetched is no error where it would
    /// not be tried, as a nearer place has one or it is of a provider that is not played.
    fn add_file_secrets(
        &self,
        given: &mut Vec<GivenSecret>,
        played: Option<&[&str]>,
    ) -> Result<(), ConfigError> {
        for (index, (path, file)) in self.files().enumerate() {
            for (key, sources) in &file.secrets {
                let provider = (key != DEFAULT_KEY).then(|| key.clone());
                let is_nearer = |one: &GivenSecret| {
                    one.rank < FILES + index && (one.provider.is_none() || one.provider == provider)
                };
                let is_played = key == DEFAULT_KEY
                    || played.is_none_or(|played| played.contains(&key.as_str()));
                let is_tried = is_played && !given.iter().any(is_nearer);
                for source in sources.as_slice() {
                    let bytes = match self.fetch(path, key, source) {
                        Ok(bytes) => bytes,
                        Err(error) if is_tried => return Err(error),
                        Err(_) => continue,
                    };
                    given.push(GivenSecret {
                        provider: provider.clone(),
                        bytes,
                        file: self.file_of(path, source),
                        origin: Origin::File(path.to_path_buf()),
                        rank: FILES + index,
                    });
                }
            }
        }
        Ok(())
    }

    /// The file of a source that `config` names: its own, or the environment file.
    fn file_of(&self, config: &Path, source: &SecretForm) -> Option<PathBuf> {
        match source {
            SecretForm::Env(name) => {
                let (_, origin) = self.environment.get_even_empty(name)?;
                origin.env_file().map(Path::to_path_buf)
            }
            SecretForm::File(file) => Some(self.beside(config, file)),
        }
    }

    /// A path that `config` names: relative ones begin where it lies.
    fn beside(&self, config: &Path, file: &Path) -> PathBuf {
        let folder = config.parent().unwrap_or(Path::new("."));
        folder.join(self.paths.expand(file.to_path_buf()))
    }

    /// The bytes of a source that `config` names under `key`.
    pub(super) fn fetch(
        &self,
        config: &Path,
        key: &str,
        source: &SecretForm,
    ) -> Result<Vec<u8>, ConfigError> {
        match source {
            SecretForm::Env(name) => match self.environment.get_even_empty(name) {
                Some((value, _)) => Ok(value.as_bytes().to_vec()),
                None => Err(ConfigError::NoVariable {
                    path: config.to_path_buf(),
                    name: name.clone(),
                }),
            },
            SecretForm::File(file) => {
                let path = self.beside(config, file);
                match read_file(&path) {
                    Ok(bytes) => Ok(of_file(&bytes)),
                    Err(source) => Err(ConfigError::SecretFile {
                        path,
                        config: config.to_path_buf(),
                        whom: key.to_owned(),
                        source,
                    }),
                }
            }
        }
    }
}

/// The variable of a provider's secret: `WEBHOOK_SECRET_OLYMPUS`.
fn variable_of(provider: &str) -> String {
    let name = provider
        .to_ascii_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("{VARIABLE}_{name}")
}

/// `NAME=REST` where NAME is a provider; any other text is itself the rest.
fn split_name<'t>(text: &'t str, providers: &[&str]) -> (Option<String>, &'t str) {
    match text.split_once('=') {
        Some((name, rest)) if providers.contains(&name) => (Some(name.to_owned()), rest),
        _ => (None, text),
    }
}

fn password(ask: &mut dyn Ask) -> Result<Vec<u8>, ConfigError> {
    let answer = ask.password("signing secret: ");
    match answer.ok_or(ConfigError::NoTerminal)? {
        Ok(text) => Ok(text.into_bytes()),
        Err(error) => Err(ConfigError::Value {
            origin: Origin::Flag("--secret"),
            message: error.to_string(),
        }),
    }
}

/// The secret in a file: editors and `echo` end it with a newline, some put a mark before it, and
/// Windows' `PowerShell` writes UTF-16.
fn of_file(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = text::decode(bytes).0.into_owned();
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}
