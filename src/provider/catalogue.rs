//! Which providers and events there are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::embedded::EMBEDDED;
use super::folder::{DefinitionOrigin, Provider};
use super::read::list;
use super::{CatalogueError, DEFINITION_FILE};
use crate::delivery::Request;
use crate::json::JsonFields;

/// All providers: the user's and those that this program was made for by name, then the other vendors.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// In order.
    providers: Vec<Provider>,
    broken: BTreeMap<String, Arc<CatalogueError>>,
    undefined: BTreeMap<String, Arc<CatalogueError>>,
}

impl Catalogue {
    /// The providers that are embedded in the program.
    pub fn builtin() -> Self {
        Self {
            // In order already.
            providers: EMBEDDED.iter().map(Provider::embedded).collect(),
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
        let mut all = self.iter();
        all.any(|provider| provider.is_presented(request, fields))
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
