//! The settings of `listen`: flag, then configuration file, then default.

use std::time::Duration;

use clap::ValueEnum;
use url::Url;

use super::{Config, ConfigError, ConfigForm, ListenForm, Setting};
use crate::cli::value::{self, ListenHost};
use crate::cli::{BodyDetail, InvalidPolicy, ListenArgs, UnsignedPolicy};

/// The port where none is chosen.
pub const DEFAULT_PORT: u16 = 4400;
/// The largest body in bytes where no limit is chosen: 25 MiB.
pub const DEFAULT_MAX_BODY: u64 = 25 << 20;
/// How long a target may take where nothing is chosen.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What `listen` works with, each value with its origin.
#[derive(Debug, Clone)]
pub struct ListenSettings {
    /// The address to listen on.
    pub host: Setting<ListenHost>,
    /// The port; 0 picks a free one.
    pub port: Setting<u16>,
    /// The targets to forward to.
    pub forward_to: Setting<Vec<String>>,
    /// How long a target may take; `None` for no limit.
    pub timeout: Setting<Option<Duration>>,
    /// The largest body in bytes.
    pub max_body: Setting<u64>,
    /// What is done with invalid deliveries.
    pub on_invalid: Setting<InvalidPolicy>,
    /// What is done with deliveries that nobody can have verified.
    pub on_unsigned: Setting<UnsignedPolicy>,
    /// The provider of all deliveries; `None` detects it.
    pub provider: Setting<Option<String>>,
    /// Further names of the listener.
    pub allow_host: Setting<Vec<String>>,
    /// The URL by which senders reach the listener.
    pub public_url: Setting<Option<Url>>,
    /// The patterns of the events that are printed and forwarded; none means all.
    pub events: Setting<Vec<String>>,
    /// How much of each body is printed.
    pub body: Setting<BodyDetail>,
}

impl Config {
    /// What `listen` works with when it is given these flags. Fails where a configuration file
    /// holds a value that is not of its kind.
    pub fn listen_settings(&self, args: &ListenArgs) -> Result<ListenSettings, ConfigError> {
        let port = args.port.map(|port| ("--port", port));
        Ok(ListenSettings {
            host: self.parsed(
                ("--host", args.host),
                ("listen.host", |file| &file.listen.host),
                str::parse,
                ListenHost::Localhost,
            )?,
            port: self.setting(port, None, |file| file.listen.port, DEFAULT_PORT)?,
            forward_to: self.list(("--forward-to", &args.forward_to), |file| &file.forward_to)?,
            timeout: self
                .parsed(
                    ("--timeout", args.timeout),
                    ("listen.timeout", |file| &file.listen.timeout),
                    value::span,
                    DEFAULT_TIMEOUT,
                )?
                .map(|span| Some(span).filter(|span| !span.is_zero())),
            max_body: self.parsed(
                ("--max-body", args.max_body),
                ("listen.max-body", |file| &file.listen.max_body),
                value::size,
                DEFAULT_MAX_BODY,
            )?,
            on_invalid: self.parsed(
                ("--on-invalid", args.on_invalid),
                ("listen.on-invalid", |file| &file.listen.on_invalid),
                choice,
                InvalidPolicy::Reject,
            )?,
            on_unsigned: self.parsed(
                ("--on-unsigned", args.on_unsigned),
                ("listen.on-unsigned", |file| &file.listen.on_unsigned),
                choice,
                UnsignedPolicy::Reject,
            )?,
            provider: {
                let flag = args.provider.clone().map(|name| ("--provider", Some(name)));
                let field = |file: &ConfigForm| file.listen.provider.clone().map(Some);
                self.setting(flag, None, field, None)?
            },
            allow_host: self.list(("--allow-host", &args.allow_host), |file| &file.allow_host)?,
            public_url: self.parsed(
                ("--public-url", args.public_url.clone().map(Some)),
                ("listen.public-url", |file| &file.listen.public_url),
                |text| value::public_url(text).map(Some),
                None,
            )?,
            events: self.list(("--events", &args.events), |file| &file.events)?,
            body: self.parsed(
                ("--body", args.body),
                ("listen.body", |file| &file.listen.body),
                choice,
                BodyDetail::Short,
            )?,
        })
    }

    /// A list: the flag's where it has any, else a file's, which may be empty on purpose.
    fn list(
        &self,
        (name, values): (&'static str, &[String]),
        field: fn(&ListenForm) -> &Option<Vec<String>>,
    ) -> Result<Setting<Vec<String>>, ConfigError> {
        let flag = (!values.is_empty()).then(|| (name, values.to_vec()));
        self.setting(flag, None, |file| field(&file.listen).clone(), Vec::new())
    }
}

/// Reads a value of an enum that the command line knows.
pub(super) fn choice<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let known: Vec<_> = T::value_variants()
            .iter()
            .filter_map(|variant| Some(format!("`{}`", variant.to_possible_value()?.get_name())))
            .collect();
        format!("`{text}` is none of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command, GlobalArgs};
    use crate::config::{Environment, Origin};

    /// The settings that a `webhook.toml` and a command line make.
    fn resolve(toml: &str, flags: &[&str]) -> Result<ListenSettings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("webhook.toml"), toml).unwrap();
        let all = ["webhook", "listen"].iter().chain(flags);
        let cli = Cli::try_parse_from(all).unwrap();
        let config = load(&cli.global, folder.path());
        let Command::Listen(args) = cli.command else {
            panic!("not listen");
        };
        config.listen_settings(&args)
    }

    fn load(global: &GlobalArgs, folder: &Path) -> Config {
        Config::load(global, Environment::default(), folder).unwrap()
    }

    #[test]
    fn without_anything_the_documented_defaults_hold() {
        let settings = resolve("", &[]).unwrap();
        assert_eq!(settings.host.value.to_string(), "localhost");
        assert_eq!(settings.port.value, 4400);
        assert!(settings.forward_to.value.is_empty());
        assert_eq!(settings.timeout.value, Some(Duration::from_secs(30)));
        assert_eq!(settings.max_body.value, 26_214_400);
        assert_eq!(settings.on_invalid.value, InvalidPolicy::Reject);
        assert_eq!(settings.body.value, BodyDetail::Short);
        assert_eq!(settings.body.origin, Origin::Default);
    }

    #[test]
    fn a_file_stands_behind_the_flags() {
        let toml = "[listen]\nport = 5000\ntimeout = '0'\nmax-body = '1KiB'\n\
            on-invalid = 'forward'\nforward-to = ['3000']\nbody = 'none'\n";
        let flags = ["--port", "6000", "--body", "short"];
        let settings = resolve(toml, &flags).unwrap();
        assert_eq!(settings.port.value, 6000);
        assert_eq!(settings.port.origin, Origin::Flag("--port"));
        assert_eq!(settings.body.value, BodyDetail::Short);
        assert_eq!(settings.timeout.value, None);
        assert_eq!(settings.max_body.value, 1024);
        assert_eq!(settings.on_invalid.value, InvalidPolicy::Forward);
        assert_eq!(settings.forward_to.value, ["3000"]);
        assert!(matches!(settings.forward_to.origin, Origin::File(_)));
    }

    #[test]
    fn a_value_of_another_kind_names_file_and_key() {
        for (toml, key) in [
            ("timeout = 'soon'", "`listen.timeout`: `soon` is not a span"),
            ("max-body = 'much'", "`listen.max-body`: `much` is not a"),
            (
                "on-invalid = 'ask'",
                "`listen.on-invalid`: `ask` is none of `reject`, `forward`",
            ),
            ("body = 'all'", "`listen.body`: `all` is none of `full`"),
        ] {
            let error = resolve(&format!("[listen]\n{toml}\n"), &[]).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(key), "{message}");
            assert!(message.contains("webhook.toml"), "{message}");
        }
    }

    #[test]
    fn a_flag_hides_a_broken_value_of_a_file() {
        let settings = resolve("[listen]\nbody = 'all'\n", &["--body", "none"]).unwrap();
        assert_eq!(settings.body.value, BodyDetail::None);
    }
}
