//! What `listen` says when requests can come.

use std::net::IpAddr;

use colored::Colorize as _;
use serde::Serialize;

use super::payload::Detail;
use super::sanitize::escape;
use super::style::{join_lines, pad};

/// Columns kept for the names of the facts.
const LABEL_COLUMNS: usize = 9;

/// What a sender has to know, and what a person wants to. Serialised, it is the `ready` line, whose
/// fields are a contract.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// The URL that a sender uses.
    pub url: String,
    /// The address that is bound.
    pub host: IpAddr,
    /// The port.
    pub port: u16,
    /// Whether it is HTTPS.
    pub tls: bool,
    /// The certificate in PEM, where one was generated.
    pub certificate: Option<String>,
    /// The file that holds it, where one could be written.
    pub certificate_file: Option<String>,
    /// The log; `None` keeps nothing.
    pub log: Option<String>,
    /// The inspector's page, with what lets a browser in; `None` where there is none.
    pub inspect: Option<String>,
    /// Where deliveries go on to.
    pub forward_to: Vec<String>,
    /// Of each of these, the events that go there; empty for all.
    #[serde(skip)]
    pub patterns: Vec<String>,
    /// The providers that secrets are configured for; none where the local one is used.
    pub secrets: Vec<String>,
    /// Whether the only secret is the local development secret.
    pub local_secret: bool,
    /// What is done with deliveries that are not valid, as the flag names it.
    pub on_invalid: Option<String>,
    /// What is done with deliveries that nobody has signed, as the flag names it.
    pub on_unsigned: Option<String>,
    /// What is taken that should be refused, where anything is.
    #[serde(skip)]
    pub accepts: Option<&'static str>,
    /// What it answers, where that is not what the delivery deserves.
    #[serde(skip)]
    pub answers: Option<&'static str>,
    /// How many providers are known.
    #[serde(skip)]
    pub providers: usize,
    /// Whether all deliveries are of one provider.
    #[serde(skip)]
    pub one_provider: bool,
    /// How this program is called: `webhook`.
    #[serde(skip)]
    pub program: String,
}

/// The first lines of a listener; the URL alone where little is to be said. Paths and names may come
/// from a folder that somebody else has made, and are escaped.
pub fn ready(ready: &Ready, detail: Detail) -> String {
    let first = format!("{} {}", "listening on".bold(), ready.url.green().bold());
    if detail == Detail::Little {
        return first;
    }
    let reached = "by whoever is on the network of this address";
    let reached = (!ready.host.is_loopback()).then(|| reached.to_owned());
    let log = ready.log.as_deref().map(escape);
    let targets = ready.patterns.iter().zip(&ready.forward_to);
    let targets = targets.map(|(events, target)| {
        let text = format!("{} to {}", escape(events), escape(target));
        fact("forwards", text.trim_start())
    });
    let lines = [
        vec![first, known("reached", reached)],
        targets.collect(),
        vec![
            known("secrets", secrets(ready)),
            known("answers", ready.answers.map(str::to_owned)),
            known("accepts", ready.accepts.map(|it| it.yellow().to_string())),
            fact("log", &log.unwrap_or("none: nothing is kept".into())),
            known("inspect", ready.inspect.clone()),
            known("tls", trust(ready)),
            known("try", example(ready)),
            fact("stop", "Ctrl-C"),
        ],
    ];
    join_lines(lines.into_iter().flatten())
}

/// So many providers are named; a secret for whoever sends is one for most.
const MOST_NAMED: usize = 8;

fn secrets(ready: &Ready) -> Option<String> {
    Some(match ready.secrets.len() {
        0 => return None,
        all if all == ready.providers && all > 1 => "for all providers".into(),
        many if many > MOST_NAMED && many * 2 > ready.providers => {
            "for nearly all providers".into()
        }
        _ => escape(&ready.secrets.join(", ")).into_owned(),
    })
}

fn trust(ready: &Ready) -> Option<String> {
    ready.certificate.as_ref()?;
    let text = "generated, self-signed certificate: `curl -k`, `send --insecure`";
    let trust = ready.certificate_file.as_ref();
    let trust = trust.map(|file| format!("; or trust it: NODE_EXTRA_CA_CERTS={file}, `--cacert`"));
    Some(format!("{text}{}", trust.unwrap_or_default()))
}

/// A delivery that this listener takes, where whoever sends without a secret has its own.
fn example(ready: &Ready) -> Option<String> {
    let trust = ready.certificate.as_ref().map(|_| " --insecure");
    let (program, url, trust) = (&ready.program, &ready.url, trust.unwrap_or_default());
    let command = format!("{program} send order.created --url {url}{trust}");
    ready.local_secret.then_some(command)
}

fn known(name: &str, text: Option<String>) -> String {
    text.map_or_else(String::new, |text| fact(name, &text))
}

/// A fact behind its label.
pub(super) fn fact(name: &str, text: &str) -> String {
    format!(
        "  {} {text}",
        pad(&name.dimmed().to_string(), LABEL_COLUMNS)
    )
}
