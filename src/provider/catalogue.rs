//! Which providers and events there are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::embedded::{self, EventFiles, LazyDefinition, known};
use super::read::{event_file, event_name, list, read, read_definition, read_event};
use super::{CatalogueError, DEFINITION_FILE, EVENTS_FOLDER, Event};
use crate::delivery::Request;

/// More events than any provider has: the folder may be a link to something else.
const MOST_EVENTS: usize = 10_000;

/// All providers: the user's and those that this program was made for by name, then the other vendors.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    providers: BTreeMap<String, Provider>,
    broken: BTreeMap<String, Arc<CatalogueError>>,
    undefined: BTreeMap<String, Arc<CatalogueError>>,
}

/// A provider with its events.
#[derive(Debug, Clone)]
pub struct Provider {
    name: String,
    /// What its `provider.json` says; of what is built in, read when it is first asked for.
    pub definition: Arc<LazyDefinition>,
    /// Where it came from.
    pub origin: DefinitionOrigin,
    events: EventFiles,
}

/// Where a definition came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefinitionOrigin {
    /// Embedded in the program.
    BuiltIn,
    /// Embedded, among the vendors that come after the others.
    Vendor,
    /// A folder of the user's.
    Folder(PathBuf),
}

impl Catalogue {
    /// The providers that are embedded in the program.
    pub fn builtin() -> Self {
        let own = embedded::own().map(|it| (DefinitionOrigin::BuiltIn, it));
        let vendors = embedded::vendors().map(|it| (DefinitionOrigin::Vendor, it));
        let provider = |(origin, (name, definition, events)): (_, (String, _, _))| {
            let provider = Provider {
                name: name.clone(),
                definition,
                origin,
                events,
            };
            (name, provider)
        };
        Self {
            providers: own.chain(vendors).map(provider).collect(),
            ..Self::default()
        }
    }

    /// The same without the vendors.
    #[cfg(test)]
    pub(crate) fn without_vendors(mut self) -> Self {
        let is_own = |provider: &Provider| provider.origin != DefinitionOrigin::Vendor;
        self.providers.retain(|_, provider| is_own(provider));
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
            self.providers.remove(&*name);
            self.broken.remove(&*name);
            match Provider::read(&path) {
                Ok(provider) => drop(self.providers.insert(name.into_owned(), provider)),
                Err(error) => drop(self.broken.insert(name.into_owned(), Arc::new(error))),
            }
        }
        Ok(())
    }

    /// The providers in order.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        let of = |is_vendor| {
            let all = self.providers.values();
            all.filter(move |provider| (provider.origin == DefinitionOrigin::Vendor) == is_vendor)
        };
        of(false).chain(of(true))
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
        let is_signed = || {
            let mut schemes = self.iter().map(|provider| &provider.definition.signature);
            schemes.any(|scheme| scheme.is_presented(request, None))
        };
        ["GET", "HEAD", "OPTIONS"].contains(&request.method.as_str())
            && request.body.is_empty()
            && request.body_complete
            && !is_signed()
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.providers.get(name)
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

impl Provider {
    /// Reads a provider's folder.
    pub fn read(folder: &Path) -> Result<Self, CatalogueError> {
        let path = folder.join(DEFINITION_FILE);
        let definition = read_definition(&path, &read(&path)?)?;
        if folder
            .file_name()
            .is_none_or(|name| *name != *definition.name)
        {
            return Err(CatalogueError::Name {
                path,
                name: definition.name,
            });
        }
        let root = folder.join(EVENTS_FOLDER);
        let mut events = BTreeMap::new();
        if root.is_dir() {
            collect_events(&root, &root, &mut events)?;
        }
        Ok(Self {
            name: definition.name.clone(),
            definition: known(definition),
            origin: DefinitionOrigin::Folder(folder.to_path_buf()),
            events,
        })
    }

    /// The name that flags, filters and captures use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its events, in order.
    pub fn event_names(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
    }

    /// Whether it has an event of this name.
    pub fn has_event(&self, name: &str) -> bool {
        self.events.contains_key(name)
    }

    /// Its events with their fixtures, in order; one that cannot be read is its own error alone.
    pub fn events(&self) -> impl Iterator<Item = (&str, Result<Event, CatalogueError>)> {
        let names = self.event_names();
        names.filter_map(|name| Some((name, self.event(name)?)))
    }

    /// The fixture of an event; `None` where it has none of this name.
    pub fn event(&self, name: &str) -> Option<Result<Event, CatalogueError>> {
        let text = self.events.get(name)?;
        let path = match &self.origin {
            DefinitionOrigin::BuiltIn | DefinitionOrigin::Vendor => PathBuf::from(self.name()),
            DefinitionOrigin::Folder(folder) => folder.clone(),
        };
        let path = event_file(&path.join(EVENTS_FOLDER), name);
        Some(read_event(path, text))
    }
}

/// Adds every `*.json` below `folder`; events such as `orders/create` lie in folders.
fn collect_events(
    root: &Path,
    folder: &Path,
    events: &mut EventFiles,
) -> Result<(), CatalogueError> {
    for path in list(folder)? {
        // A folder behind a link may be one above, or the whole disk; a pipe is read for ever.
        let is_elsewhere = path.is_dir() && path.is_symlink();
        let is_device = path.exists() && !path.is_dir() && !path.is_file();
        if is_elsewhere || is_device {
            continue;
        }
        if path.is_dir() {
            collect_events(root, &path, events)?;
        } else if let Some(name) = event_name(root, &path) {
            if events.len() == MOST_EVENTS {
                return Err(CatalogueError::Form {
                    path: root.to_path_buf(),
                    problem: format!("more than {MOST_EVENTS} events"),
                });
            }
            events.insert(name, read(&path)?.into());
        }
    }
    Ok(())
}
