//! Which providers and events there are.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::embedded::EMBEDDED;
use super::folder::{DefinitionOrigin, Provider};
use super::read::list;
use super::{CatalogueError, DEFINITION_FILE, SettingValues};
use crate::delivery::Request;
use crate::json::JsonFields;

/// All providers: the user's and those that this program was made for by name, then the other vendors.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// In order.
    providers: Vec<Provider>,
    broken: BTreeMap<String, Arc<CatalogueError>>,
    undefined: BTreeMap<String, Arc<CatalogueError>>,
    proofs: OnceLock<ProofIndex>,
}

/// The places of the providers in the catalogue: by the header of their proof in lower case, and of those
/// that are known by no header alone.
#[derive(Debug, Clone, Default)]
struct ProofIndex {
    by_header: HashMap<Box<[u8]>, Vec<usize>>,
    others: Vec<usize>,
}

impl ProofIndex {
    fn of(providers: &[Provider]) -> Self {
        let mut index = Self::default();
        for (place, provider) in providers.iter().enumerate() {
            let places = match provider.header {
                Some(header) => {
                    let name = header.to_ascii_lowercase().into_bytes();
                    index.by_header.entry(name.into()).or_default()
                }
                None => &mut index.others,
            };
            places.push(place);
        }
        index
    }

    /// The providers of the proof that may stand in a header of this name.
    fn of_header(&self, name: &str) -> Option<&Vec<usize>> {
        // No header of those that are built in has a longer name.
        let mut lower = [0; 64];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        self.by_header.get(&*lower)
    }
}

impl Catalogue {
    /// The providers that are embedded in the program.
    pub fn builtin() -> Self {
        let embedded = EMBEDDED.iter();
        let embedded = embedded.map(|it| Provider::embedded(it, &SettingValues::new()));
        Self {
            // In order already.
            providers: embedded.collect(),
            ..Self::default()
        }
    }

    /// Whether the program has a provider of this name in itself.
    pub fn is_builtin(name: &str) -> bool {
        EMBEDDED.iter().any(|embedded| embedded.name == name)
    }

    /// The same without the vendors.
    #[cfg(test)]
    pub(crate) fn without_vendors(mut self) -> Self {
        let is_own = |provider: &Provider| provider.origin != DefinitionOrigin::Vendor;
        self.providers.retain(is_own);
        self.proofs = OnceLock::new();
        self
    }

    /// Adds every provider folder below `folder`; one of a known name takes its place. One that
    /// cannot be used takes it, too, and is among the broken ones; one without a definition takes
    /// nobody's, as other programs have folders of this name. A folder that is not there adds nothing.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), CatalogueError> {
        if !folder.is_dir() {
            return Ok(());
        }
        for path in list(folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !path.join(DEFINITION_FILE).is_file() {
                if path.is_dir() {
                    let error = CatalogueError::undefined(&path);
                    self.undefined.insert(name.into_owned(), Arc::new(error));
                }
                continue;
            }
            self.providers.retain(|known| known.name() != name);
            self.broken.remove(&*name);
            match Provider::read(&path) {
                Ok(provider) => self.providers.push(provider),
                Err(error) => drop(self.broken.insert(name.into_owned(), Arc::new(error))),
            }
        }
        let place = |provider: &Provider| {
            let is_vendor = provider.origin == DefinitionOrigin::Vendor;
            (is_vendor, provider.name().to_owned())
        };
        self.providers.sort_by_cached_key(place);
        self.proofs = OnceLock::new();
        Ok(())
    }

    /// Gives the settings of a provider these values.
    pub fn set(&mut self, name: &str, values: &SettingValues) -> Result<(), CatalogueError> {
        let mut providers = self.providers.iter_mut();
        if let Some(provider) = providers.find(|provider| provider.name() == name) {
            *provider = provider.with_settings(values)?;
        }
        Ok(())
    }

    /// The providers in order.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter()
    }

    /// The folders that were skipped, by name, each with what is wrong with it.
    pub const fn broken(&self) -> &BTreeMap<String, Arc<CatalogueError>> {
        &self.broken
    }

    /// The folders without a definition, by name.
    pub const fn undefined(&self) -> &BTreeMap<String, Arc<CatalogueError>> {
        &self.undefined
    }

    /// Whether a request delivers nothing and nobody has signed it: a readiness check, a handshake, a
    /// browser's own asking.
    pub fn is_probe(&self, request: &Request) -> bool {
        ["GET", "HEAD", "OPTIONS"].contains(&request.method.as_str())
            && request.body.is_empty()
            && request.body_complete
            && !self.is_signed(request, None)
    }

    /// Whether a request has a signature of any provider's, right or wrong; `fields` are those of its body.
    pub fn is_signed(&self, request: &Request, fields: Option<&JsonFields<'_>>) -> bool {
        self.presented(request, fields).next().is_some()
    }

    /// The providers whose proof a request presents, right or not, in order; `fields` are those of its body.
    pub(super) fn presented<'a>(
        &'a self,
        request: &Request,
        fields: Option<&JsonFields<'_>>,
    ) -> impl Iterator<Item = &'a Provider> {
        let index = self.proofs.get_or_init(|| ProofIndex::of(&self.providers));
        let names = request.headers.iter().map(|(name, _)| name);
        let known = names.filter_map(|name| index.of_header(name));
        let mut places: Vec<_> = known.chain([&index.others]).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let providers = places
            .into_iter()
            .filter_map(|place| self.providers.get(place));
        providers.filter(move |provider| provider.is_presented(request, fields))
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.iter().find(|provider| provider.name() == name)
    }

    /// The providers that have an event of this name.
    pub fn with_event<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Provider> {
        self.iter()
            .filter(move |provider| provider.has_event(event))
    }
}

impl CatalogueError {
    /// That a folder has no definition, and what it has that may have been meant to be one.
    fn undefined(folder: &Path) -> Self {
        let is_similar = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.to_lowercase().replace("providers", "provider") == DEFINITION_FILE
        };
        // Whose folder cannot be read is nobody's concern as long as nobody names it.
        let similar = list(folder)
            .unwrap_or_default()
            .into_iter()
            .find(is_similar);
        let folder = folder.to_path_buf();
        Self::NoDefinition { folder, similar }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::ValueSource;

    #[test]
    fn who_is_presented_is_found_by_the_name_of_a_header_in_any_case() {
        let catalogue = Catalogue::builtin();
        let proofs = catalogue.iter().flat_map(|one| one.scheme.proofs());
        let headers: Vec<_> = proofs.filter_map(ValueSource::header).collect();
        assert!(headers.len() > 50);
        for (header, other) in headers.iter().zip(headers.iter().cycle().skip(7)) {
            for name in [header.to_ascii_uppercase(), header.to_ascii_lowercase()] {
                let fields = [(name.as_str(), "x"), (other, "y"), (other, "z"), ("A", "")];
                let request = Request::post("/", fields.into_iter().collect(), "");
                let found = catalogue.presented(&request, None).map(Provider::name);
                let all = catalogue.iter();
                let presented = all.filter(|one| one.is_presented(&request, None));
                let expected: Vec<_> = presented.map(Provider::name).collect();
                assert!(!expected.is_empty());
                assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
            }
        }
    }
}
