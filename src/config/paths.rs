//! Where the user's files lie, by the XDG base directories.

use std::path::PathBuf;

use super::Environment;

/// The folder of this program in each base directory.
const FOLDER: &str = "webhook";

/// The name of the local development secret's file.
pub(super) const LOCAL_SECRET: &str = "local-secret";

/// The name of the local development pair's file.
pub(super) const LOCAL_PAIR: &str = "local-key.pem";

/// The base directories; `None` where there is no home.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    home: Option<PathBuf>,
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    /// For what lasts as long as the user is logged in.
    runtime: Option<PathBuf>,
    /// The folder of temporary files.
    temporary: PathBuf,
}

impl Paths {
    /// The base directories that an environment names. Relative paths count as not set, as the
    /// specification says.
    pub fn of(environment: &Environment) -> Self {
        let absolute = |name: &str| {
            let (text, _) = environment.get(name)?;
            Some(PathBuf::from(text)).filter(|path| path.is_absolute())
        };
        let home = absolute("HOME");
        let base = |name, below: &str| {
            let base = absolute(name).or_else(|| Some(home.clone()?.join(below)))?;
            Some(base.join(FOLDER))
        };
        Self {
            config: base("XDG_CONFIG_HOME", ".config"),
            data: base("XDG_DATA_HOME", ".local/share"),
            runtime: absolute("XDG_RUNTIME_DIR").map(|folder| folder.join(FOLDER)),
            temporary: absolute("TMPDIR").unwrap_or_else(|| "/tmp".into()),
            home,
        }
    }

    /// A path whose `~`, as it stands in a file, is the home.
    pub fn expand(&self, path: PathBuf) -> PathBuf {
        match (&self.home, path.strip_prefix("~")) {
            (Some(home), Ok(below)) => home.join(below),
            _ => path,
        }
    }

    /// The folder of the user's configuration.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.config.clone()
    }

    /// The user's configuration file.
    pub fn config_file(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join("config.toml"))
    }

    /// The file of the local development secret.
    pub fn local_secret_file(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join(LOCAL_SECRET))
    }

    /// The folder of the local development secret where the user's cannot have it.
    pub fn temporary_folder(&self) -> PathBuf {
        let user = rustix::process::geteuid().as_raw();
        self.temporary.join(format!("{FOLDER}-{user}"))
    }

    /// The file of the certificate that a listener on this port made for itself, for clients to trust.
    pub fn certificate_file(&self, port: u16) -> Option<PathBuf> {
        Some(self.data.as_ref()?.join(format!("listen-{port}.pem")))
    }

    /// The state of an emulated provider.
    pub fn emulator_state(&self, provider: &str) -> Option<PathBuf> {
        Some(self.data.as_ref()?.join(format!("emulate-{provider}.db")))
    }

    /// The folder in which emulators that run say where they are.
    pub fn emulators(&self) -> Option<PathBuf> {
        self.runtime.clone().or_else(|| self.data.clone())
    }

    /// The log file.
    pub fn log_file(&self) -> Option<PathBuf> {
        Some(self.data.as_ref()?.join("log.db"))
    }
}
