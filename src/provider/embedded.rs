//! The definitions that are embedded in the program.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::event::{EventFile, EventSummary, Provenance};
use super::lazy::{Lazy, later};
use super::read::{read_definition, read_signature};
use super::setting::fill;
use super::{DEFINITION_FILE, Definition, ProviderSetting, SettingValues};
use crate::signature::Scheme;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A provider that this program was made for, as `build.rs` has read it.
pub(super) struct Embedded {
    pub(super) name: &'static str,
    /// Whether it comes after the others.
    pub(super) is_vendor: bool,
    /// The header of its signature, where there is one and no other place.
    pub(super) header: Option<&'static str>,
    /// What its definition has as `settings`; empty where it has none.
    settings: &'static str,
    /// What its definition has as `signature`, to be read without the rest.
    signature: &'static str,
    definition: &'static str,
    /// Its events by name, in order.
    pub(super) events: &'static [EventFile],
}

/// The embedded definitions are valid: a test reads each, so another is never released.
const VALID: &str = "the embedded definitions are valid";

impl Embedded {
    /// Its settings.
    pub(super) fn settings(&self) -> Vec<ProviderSetting> {
        match self.settings {
            "" => Vec::new(),
            settings => serde_json::from_str(settings).expect(VALID),
        }
    }

    /// How it signs, with these values of its settings.
    pub(super) fn scheme(&'static self, values: SettingValues) -> Arc<Lazy<Scheme>> {
        let read = move || {
            let signature = fill(self.signature, &self.settings(), &values);
            read_signature(Path::new(self.name), &signature).expect(VALID)
        };
        later(read)
    }

    /// The embedded provider of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        EMBEDDED.iter().find(|embedded| embedded.name == name)
    }

    /// The text of the definition of this name.
    pub(super) fn text_of(name: &str) -> Option<&'static str> {
        Self::named(name).map(|embedded| embedded.definition)
    }

    /// The whole definition, with these values of its settings.
    pub(super) fn definition(&'static self, values: SettingValues) -> Arc<Lazy<Definition>> {
        let path = || Path::new(self.name).join(DEFINITION_FILE);
        let read = move || read_definition(&path(), self.definition, &values).expect(VALID);
        later(read)
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::{Catalogue, DefinitionOrigin, Provider};
    use crate::signature::ValueSource;

    #[test]
    fn what_is_embedded_is_what_its_folder_says() {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let catalogue = Catalogue::builtin();
        for embedded in catalogue.iter() {
            let name = embedded.name();
            let folder = match embedded.origin {
                DefinitionOrigin::Vendor => fixtures.join("vendors").join(name),
                _ => fixtures.join(name),
            };
            let read = Provider::read(&folder).unwrap();
            let shown = |provider: &Provider| {
                let (scheme, definition) = (&**provider.scheme, &**provider.definition);
                format!("{scheme:?} {definition:?}")
            };
            assert_eq!(shown(embedded), shown(&read), "{name}");
            let events = |of: &Provider| -> Vec<_> {
                let events = of.events();
                let events = events.map(|(name, event)| (name.to_owned(), event.unwrap()));
                events.collect()
            };
            assert_eq!(events(embedded), events(&read), "{name}");
            if let Some(header) = embedded.header {
                let mut proofs = read.scheme.proofs().map(ValueSource::header);
                assert!(proofs.all(|proof| proof == Some(header)), "{name}");
            }
        }
        // Beside them lie the vendors', the schemas and the page about the language.
        let mut folders = std::fs::read_dir(&fixtures).unwrap().count() - 3;
        folders += std::fs::read_dir(fixtures.join("vendors")).unwrap().count();
        assert_eq!(catalogue.iter().count(), folders);
    }
}
