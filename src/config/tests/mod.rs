//! Layers, origins and secrets, in a home of each test's own.

mod layers;
mod secrets;
mod trouble;

use std::io;
use std::path::PathBuf;

use clap::Parser as _;
use tempfile::TempDir;

use super::{Ask, Config, ConfigError, Environment, GivenSecret};
use crate::cli::{Cli, Command, GlobalArgs, SecretArgs};

/// A home and a project folder, with the variables of one imagined user.
struct Place {
    root: TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::create_dir_all(root.path().join("project")).unwrap();
        let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let variables = vec![
            ("HOME".into(), text(&home)),
            ("TMPDIR".into(), text(root.path())),
        ];
        Self { root, variables }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file below the root; returns its path.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The project's configuration file.
    fn project(&self, text: &str) -> PathBuf {
        self.file("project/webhook.toml", text)
    }

    /// The user's configuration file.
    fn user(&self, text: &str) -> PathBuf {
        self.file("home/.config/webhook/config.toml", text)
    }

    fn environment(&self) -> Environment {
        self.variables.iter().cloned().collect()
    }

    fn load(&self, flags: &[&str]) -> Result<Config, ConfigError> {
        let (global, args) = parse(flags);
        let environment = match &args.env_file {
            Some(path) => self.environment().with_file(path)?,
            None => self.environment(),
        };
        Config::load(&global, environment, &self.path("project"))
    }

    fn config(&self) -> Config {
        self.load(&[]).unwrap()
    }

    /// The secrets that these flags make with what there is.
    fn secrets(&self, flags: &[&str], ask: &mut Answers) -> Result<Vec<GivenSecret>, ConfigError> {
        let (_, args) = parse(flags);
        let config = self.load(flags)?;
        config.secrets(&args, &["cimplify", "olympus", "own-one"], None, ask)
    }

    /// The secrets as `provider=text`, `*` for everyone.
    fn shown(&self, flags: &[&str]) -> Vec<String> {
        let given = self.secrets(flags, &mut Answers::default()).unwrap();
        let shown = |secret: &GivenSecret| {
            let provider = secret.provider.as_deref().unwrap_or("*");
            format!("{provider}={}", String::from_utf8_lossy(&secret.bytes))
        };
        given.iter().map(shown).collect()
    }
}

/// What a terminal and stdin answer.
#[derive(Default)]
struct Answers {
    password: Option<&'static str>,
    stdin: &'static [u8],
    asked: usize,
}

impl Ask for Answers {
    fn password(&mut self, _: &str) -> Option<io::Result<String>> {
        self.asked += 1;
        self.password.map(|text| Ok(text.to_owned()))
    }

    fn stdin(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.stdin.to_vec())
    }
}

fn parse(flags: &[&str]) -> (GlobalArgs, SecretArgs) {
    let all = ["webhook", "replay"].iter().chain(flags);
    let cli = Cli::try_parse_from(all).unwrap();
    let Command::Replay(args) = cli.command else {
        panic!("not replay");
    };
    (cli.global, args.secrets)
}
