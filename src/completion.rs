//! What the arguments of a command line can be: what is built in, what is configured, what is in
//! the log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap_complete::engine::CompletionCandidate;

use strum::VariantArray as _;

use crate::check::plan;
use crate::cli::completion::{self, Candidates};
use crate::cli::{ALL_SOURCES, GlobalArgs};
use crate::config::Setup;
use crate::delivery::{DeliverySource, Status, Timestamp};
use crate::provider::{Catalogue, Provider};
use crate::report;
use crate::report::sanitize::escape;
use crate::store::Log;

/// How many of the newest deliveries are offered.
const RECENT: usize = 20;
/// The name of the newest delivery.
const LAST: &str = "@last";

/// Answers a shell that asks for completions, and ends; does nothing where none asks.
pub fn complete_from_environment() {
    completion::complete_from_environment(if completion::closes_every_value() {
        of_argument
    } else {
        |command, argument| match argument {
            "secret" => Some(|| Typing::of_process().secret_names()),
            _ => of_argument(command, argument),
        }
    });
}

/// What an argument of a command can be.
fn of_argument(command: &str, argument: &str) -> Option<Candidates> {
    Some(match (command, argument) {
        (" webhook replay" | " webhook log show", "id")
        | (" webhook log diff", "left" | "right") => || Typing::of_process().deliveries(),
        (" webhook test", "only" | "skip") => || Typing::of_process().checks(),
        (" webhook send", "handshake") => || Typing::of_process().handshakes(),
        (_, "provider") | (" webhook events", "of") | (" webhook providers show", "name") => {
            || Typing::of_process().providers()
        }
        (_, "event" | "events" | "expect") => || Typing::of_process().events(),
        (_, "verdict") => || {
            Status::VARIANTS
                .iter()
                .map(|status| status.as_str().into())
                .collect()
        },
        (_, "source") => Typing::sources,
        _ => return None,
    })
}

/// What is known while a line is being typed: its words, and what they say about the places of
/// configuration and log.
struct Typing {
    words: Vec<String>,
    setup: Option<Setup>,
    now: Timestamp,
}

impl Typing {
    /// Of the line that the shell hands over behind `--`.
    fn of_process() -> Self {
        let words = std::env::args().skip_while(|word| word != "--").skip(1);
        let words: Vec<_> = words.collect();
        let global = GlobalArgs {
            config: flag(&words, &["--config"]).map(PathBuf::from),
            log: flag(&words, &["--log"]).map(PathBuf::from),
            ..GlobalArgs::default()
        };
        Self {
            // A configuration that cannot be read offers what is built in.
            setup: Setup::load(&global, None, Path::new(".")).ok(),
            now: Timestamp::now(),
            words,
        }
    }

    /// The providers.
    fn providers(&self) -> Vec<CompletionCandidate> {
        let candidate = |provider: &Provider| {
            let name = provider.name().to_owned();
            offer(name, &provider.definition.title)
        };
        self.catalogue().iter().filter_map(candidate).collect()
    }

    /// `NAME=` for each provider.
    fn secret_names(&self) -> Vec<CompletionCandidate> {
        let candidate = |provider: &Provider| {
            let name = format!("{}=", provider.name());
            offer(name, &format!("a secret of {}", provider.definition.title))
        };
        self.catalogue().iter().filter_map(candidate).collect()
    }

    /// The events of the provider that the line names, else of all, each once.
    fn events(&self) -> Vec<CompletionCandidate> {
        let catalogue = self.catalogue();
        let named = flag(&self.words, &["--provider", "-p"]);
        let chosen = named.and_then(|name| catalogue.get(name));
        let mut owners: BTreeMap<&str, Vec<&Provider>> = BTreeMap::new();
        for provider in catalogue.iter() {
            if chosen.is_some_and(|chosen| chosen.name() != provider.name()) {
                continue;
            }
            for event in provider.event_names() {
                owners.entry(event).or_default().push(provider);
            }
        }
        let candidate = |(event, owners): (&str, Vec<&Provider>)| {
            offer(event.to_owned(), &about_event(event, &owners))
        };
        owners.into_iter().filter_map(candidate).collect()
    }

    /// The handshakes of the provider that the line names, else of all, each once.
    fn handshakes(&self) -> Vec<CompletionCandidate> {
        let catalogue = self.catalogue();
        let named = flag(&self.words, &["--provider", "-p"]);
        let mut titles = BTreeMap::new();
        for provider in catalogue.iter() {
            if named.is_none_or(|name| name == provider.name()) {
                let handshakes = provider.definition.handshakes.iter();
                let title = || provider.definition.title.clone();
                titles.extend(handshakes.map(|it| (it.name.clone(), title())));
            }
        }
        let candidate = |(name, title): (String, String)| offer(name, &title);
        titles.into_iter().filter_map(candidate).collect()
    }

    /// What `--source` takes.
    fn sources() -> Vec<CompletionCandidate> {
        let known = DeliverySource::ALL;
        let names = known
            .iter()
            .map(DeliverySource::as_ref)
            .chain([ALL_SOURCES]);
        names.map(|name| name.to_owned().into()).collect()
    }

    /// The groups and ids of the checks that apply to the provider that the line names, else to
    /// any.
    fn checks(&self) -> Vec<CompletionCandidate> {
        let catalogue = self.catalogue();
        let named = flag(&self.words, &["--provider", "-p"]);
        let chosen = named.and_then(|name| catalogue.get(name));
        let providers = catalogue
            .iter()
            .filter(|provider| chosen.is_none_or(|chosen| chosen.name() == provider.name()));
        let mut known = BTreeMap::new();
        for planned in providers.flat_map(|provider| plan(provider, None)) {
            known.insert(planned.check.group().to_owned(), "all of this group");
            known.insert(planned.id, planned.check.title);
        }
        let candidate = |(name, help): (String, &str)| offer(name, help);
        known.into_iter().filter_map(candidate).collect()
    }

    /// `@last` and the newest deliveries of the log; nothing where there is none.
    fn deliveries(&self) -> Vec<CompletionCandidate> {
        let recent = self.recent().unwrap_or_default();
        let last = recent.first().into_iter().map(|(_, about)| {
            let help = format!("the newest: {about}");
            offer(LAST.to_owned(), &help)
        });
        // Zsh puts values with the same description on one line, so each says its place.
        let by_id = recent.iter().enumerate().map(|(place, (id, about))| {
            let help = format!("{about}, {LAST}~{place}");
            offer(id.clone(), &help)
        });
        last.chain(by_id).flatten().collect()
    }

    /// Ids and events of the newest deliveries.
    fn recent(&self) -> Option<Vec<(String, String)>> {
        let path = self.setup.as_ref()?.config.log().ok()?.value;
        let recent = Log::open_existing(path).ok()?.reader().ok()?.recent(RECENT);
        let about = |(id, event, received_at): (String, Option<String>, Timestamp)| {
            let event = event.as_deref().unwrap_or("unknown event");
            let about = format!("{event}, {}", report::age(received_at, self.now));
            (id, about)
        };
        Some(recent.ok()?.into_iter().map(about).collect())
    }

    fn catalogue(&self) -> Catalogue {
        let own = self.setup.as_ref().map(|setup| setup.catalogue.clone());
        own.unwrap_or_else(Catalogue::builtin)
    }
}

/// A candidate with its help. A value that a shell would take for more than a word is not offered:
/// some shells insert it as it is, and ids of imported deliveries come from elsewhere.
fn offer(value: String, help: &str) -> Option<CompletionCandidate> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@~".contains(c);
    let help = escape(help).into_owned();
    value
        .chars()
        .all(is_plain)
        .then(|| CompletionCandidate::new(value).help(Some(help.into())))
}

/// The description that the first provider gives, and whose event it is.
fn about_event(event: &str, owners: &[&Provider]) -> String {
    let summary = owners.first().and_then(|owner| owner.summary(event)?.ok());
    let description = summary.map_or_else(Default::default, |summary| summary.description);
    let names: Vec<_> = owners.iter().map(|owner| owner.name()).collect();
    format!("{description} ({})", names.join(", "))
}

/// The value of a flag on a line. Shells that break words at `=` hand it over as a word.
fn flag<'w>(words: &'w [String], names: &[&str]) -> Option<&'w str> {
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if names.contains(&word) {
            return words.find(|word| *word != "=");
        }
        let joined = word
            .split_once('=')
            .filter(|(name, _)| names.contains(name));
        if let Some((_, value)) = joined {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_in_every_spelling() {
        for line in [
            "send --provider olympus ord",
            "send --provider=olympus ord",
            "send --provider = olympus ord",
            "send -p olympus ord",
        ] {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            let found = flag(&words, &["--provider", "-p"]);
            assert_eq!(found, Some("olympus"), "{line}");
        }
        assert_eq!(flag(&["--provider".into()], &["--provider"]), None);
    }

    #[test]
    fn what_a_shell_would_run_is_not_offered() {
        assert!(offer("dlv_01JD".into(), "").is_some());
        for value in ["$(reboot)", "a b", "a;b", "a\nb", "`x`", "a'b"] {
            assert!(offer(value.into(), "").is_none(), "{value}");
        }
    }
}
