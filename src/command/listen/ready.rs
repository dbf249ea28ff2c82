//! What is said when requests can come.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use colored::Colorize as _;
use serde_json::json;

use super::socket::Socket;
use crate::command::catalog::name_of;
use crate::command::line::Line;
use crate::provider::Provider;
use crate::receive::{InvalidPolicy, Rules, UnsignedPolicy};
use crate::report::{Detail, sanitize::escape, style};

/// Columns kept for the names of the facts.
const LABEL_COLUMNS: usize = 9;

/// What a sender has to know, and what a person wants to.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where requests are received.
    pub address: SocketAddr,
    /// The certificate in PEM, where one was generated.
    pub certificate: Option<String>,
    /// Whether it is HTTPS.
    pub tls: bool,
    /// The log; `None` keeps nothing.
    pub log: Option<PathBuf>,
    /// Where deliveries go on to.
    pub targets: Vec<String>,
    /// The providers that secrets are configured for; none where the local one is used.
    pub secrets: Vec<String>,
    /// How many providers are known.
    pub providers: usize,
    /// Whether all deliveries are of one provider.
    pub one_provider: bool,
    /// Whether the only secret is the local development secret.
    pub local: bool,
    /// What is done with deliveries that are not valid.
    pub on_invalid: InvalidPolicy,
    /// What is done with deliveries that nobody has signed.
    pub on_unsigned: UnsignedPolicy,
}

impl Ready {
    /// What is said of a listener with these rules.
    pub fn new(socket: &Socket, log: Option<PathBuf>, rules: &Rules) -> Self {
        let (keyring, targets) = (&rules.keyring, rules.routes.iter());
        let providers = rules.catalogue.iter().map(Provider::name);
        let is_fixed = rules.policy.provider.is_some();
        let has_secret = |name: &&str| !keyring.is_local() && !keyring.secrets(name).is_empty();
        let secrets: Vec<_> = providers.filter(has_secret).map(str::to_owned).collect();
        Self {
            providers: rules.catalogue.iter().count(),
            one_provider: is_fixed || secrets.len() == 1,
            address: socket.addresses[0],
            tls: socket.tls.is_some(),
            certificate: socket.certificate.clone(),
            log,
            targets: targets.map(|route| route.target.to_string()).collect(),
            secrets,
            local: keyring.is_local(),
            on_invalid: rules.on_invalid,
            on_unsigned: rules.on_unsigned,
        }
    }

    /// The URL that a sender uses.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let port = self.address.port();
        // Nobody can connect to "any address"; a browser or curl on this machine can to localhost.
        if self.address.ip().is_unspecified()
            || self.address.ip().is_loopback() && self.address.is_ipv4()
        {
            return format!("{scheme}://localhost:{port}");
        }
        format!("{scheme}://{}", self.address)
    }

    /// The `ready` line.
    pub fn to_json(&self) -> io::Result<String> {
        let fields = json!({
            "url": self.url(), "host": self.address.ip().to_string(),
            "port": self.address.port(), "tls": self.tls, "certificate": self.certificate,
            "log": self.log.as_ref().map(|path| path.to_string_lossy()), "forward_to": self.targets, "secrets": self.secrets,
            "local_secret": self.local, "on_invalid": name_of(self.on_invalid), "on_unsigned": name_of(self.on_unsigned),
        });
        Line::new("ready", fields).to_json()
    }

    /// The same for people; the URL alone where little is to be said.
    pub fn to_text(&self, detail: Detail) -> String {
        let first = format!("{} {}", "listening on".bold(), self.url().green().bold());
        if detail == Detail::Little {
            return first;
        }
        let facts = self.facts().into_iter();
        let facts = facts.map(|(name, value)| {
            format!(
                "  {} {value}",
                style::pad(&name.dimmed().to_string(), LABEL_COLUMNS)
            )
        });
        let lines: Vec<_> = std::iter::once(first).chain(facts).collect();
        lines.join("\n")
    }

    /// What a person wants to know besides the URL. Paths and names may come from a folder that somebody
    /// else has made, and are escaped.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if !self.address.ip().is_loopback() {
            facts.push((
                "reached",
                "by whoever is on the network of this address".into(),
            ));
        }
        let targets = self.targets.iter();
        facts.extend(targets.map(|target| ("forwards", format!("to {}", escape(target)))));
        if !self.secrets.is_empty() {
            let names = match self.secrets.len() {
                all if all == self.providers && all > 1 => format!("for all {all} providers"),
                _ => escape(&self.secrets.join(", ")).into_owned(),
            };
            facts.push(("secrets", names));
        }
        let open = match (self.on_invalid, self.on_unsigned) {
            (InvalidPolicy::Forward, _) => Some("what is not valid (`--on-invalid forward`)"),
            (_, UnsignedPolicy::Accept) => Some("what nobody has signed (`--on-unsigned accept`)"),
            _ => None,
        };
        facts.extend(open.map(|what| ("accepts", what.yellow().to_string())));
        facts.push((
            "log",
            match &self.log {
                Some(path) => escape(&path.display().to_string()).into_owned(),
                None => "none: nothing is kept".into(),
            },
        ));
        let is_generated = self.certificate.is_some();
        if is_generated {
            let trust = "generated, self-signed certificate: `curl -k`, or `send --insecure`";
            facts.push(("tls", trust.into()));
        }
        if self.local {
            let trust = if is_generated { " --insecure" } else { "" };
            let url = self.url();
            // `cargo run` says so to what it runs.
            let program = match std::env::var_os("CARGO") {
                Some(_) => "cargo run -- ",
                None => "webhook ",
            };
            facts.push((
                "try",
                format!("{program}send order.created --url {url}{trust}"),
            ));
        }
        facts.push(("stop", "Ctrl-C".into()));
        facts
    }
}
