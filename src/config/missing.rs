//! Secrets that configuration files name and that are not there: an error for the commands that
//! need them, a row for the one that shows what is in force.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Config, ConfigError, SecretsForm};

/// A secret that cannot be fetched.
#[derive(Debug)]
pub struct MissingSecret {
    /// The key in the configuration file: a provider, or `default`.
    pub key: String,
    /// The configuration file.
    pub file: PathBuf,
    /// Why not.
    pub error: ConfigError,
}

impl Config {
    /// Leaves out the secrets of configuration files that cannot be fetched, and returns them. A
    /// farther file's secrets for a key that a nearer one has are in force no more than before.
    pub fn leave_out_missing_secrets(&mut self) -> Vec<MissingSecret> {
        let mut files = std::mem::take(&mut self.files);
        let mut keys = BTreeSet::new();
        let mut missing = Vec::new();
        for (path, file) in &mut files {
            file.secrets.retain(|key, _| keys.insert(key.clone()));
            for (key, sources) in &mut file.secrets {
                let mut found = sources.as_slice().to_vec();
                found.retain(|source| match self.fetch(path, key, source) {
                    Ok(_) => true,
                    Err(error) => {
                        missing.push(MissingSecret {
                            key: key.clone(),
                            file: path.clone(),
                            error,
                        });
                        false
                    }
                });
                *sources = SecretsForm::Many(found);
            }
        }
        self.files = files;
        missing
    }
}
