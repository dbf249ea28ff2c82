//! What is said when requests can come.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use colored::Colorize as _;
use serde_json::json;

use super::socket::Socket;
use crate::command::line::Line;
use crate::provider::Provider;
use crate::receive::Rules;

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
    /// Whether the only secret is the local development secret.
    pub local: bool,
}

impl Ready {
    /// What is said of a listener with these rules.
    pub fn new(socket: &Socket, log: Option<PathBuf>, rules: &Rules) -> Self {
        let (keyring, targets) = (&rules.keyring, rules.routes.iter());
        let providers = rules.catalogue.iter().map(Provider::name);
        let has_secret = |name: &&str| !keyring.is_local() && !keyring.secrets(name).is_empty();
        Self {
            address: socket.address,
            tls: socket.tls.is_some(),
            certificate: socket.certificate.clone(),
            log,
            targets: targets.map(|route| route.target.to_string()).collect(),
            secrets: providers.filter(has_secret).map(str::to_owned).collect(),
            local: keyring.is_local(),
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
            "local_secret": self.local,
        });
        Line::new("ready", fields).to_json()
    }

    /// The same for people.
    pub fn to_text(&self) -> String {
        let mut lines = vec![format!(
            "{} {}",
            "listening on".bold(),
            self.url().green().bold()
        )];
        let mut add = |name: &str, value: &str| {
            lines.push(format!("  {} {value}", format!("{name:<9}").dimmed()));
        };
        for target in &self.targets {
            add("forwards", &format!("to {target}"));
        }
        if !self.secrets.is_empty() {
            add("secrets", &self.secrets.join(", "));
        }
        match &self.log {
            Some(path) => add("log", &path.display().to_string()),
            None => add("log", "none: nothing is kept"),
        }
        if self.certificate.is_some() {
            add(
                "tls",
                "generated, self-signed certificate: `curl -k`, or `send --insecure`",
            );
        }
        if self.local {
            let trust = if self.certificate.is_some() {
                " --insecure"
            } else {
                ""
            };
            let url = self.url();
            add(
                "try",
                &format!("webhook send order.created --url {url}{trust}"),
            );
        }
        add("end", "Ctrl-C");
        lines.join("\n")
    }
}
