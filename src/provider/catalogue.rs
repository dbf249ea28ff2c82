//! Which providers and events there are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::embedded::{EMBEDDED, Embedded, Lazy, known};
use super::event::EventFile;
use super::read::{event_file, event_name, list, read, read_definition, read_event};
use super::{CatalogueError, DEFINITION_FILE, Definition, EVENTS_FOLDER, Event, EventSummary};
use crate::delivery::Request;
use crate::signature::Scheme;

/// More events than any provider has: the folder may be a link to something else.
const MOST_EVENTS: usize = 10_000;

/// All providers: the user's and those that this program was made for by name, then the other vendors.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    providers: BTreeMap<Cow<'static, str>, Provider>,
    broken: BTreeMap<String, Arc<CatalogueError>>,
    undefined: BTreeMap<String, Arc<CatalogueError>>,
}

/// A provider with its events.
#[derive(Debug, Clone)]
pub struct Provider {
    name: Cow<'static, str>,
    /// How it signs, as its definition says.
    pub scheme: Arc<Lazy<Scheme>>,
    /// What its `provider.json` says; of what is built in, read when it is first asked for.
    pub definition: Arc<Lazy<Definition>>,
    /// Where it came from.
    pub origin: DefinitionOrigin,
    /// By name, in order.
    events: Cow<'static, [EventFile]>,
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
        let named = |it: &'static Embedded| (it.name.into(), Provider::embedded(it));
        Self {
            providers: EMBEDDED.iter().map(named).collect(),
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
                Ok(provider) => drop(self.providers.insert(provider.name.clone(), provider)),
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

    /// The folders that were passed over, by name, each with what is wrong with it.
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
            let mut all = self.iter();
            all.any(|provider| provider.scheme.is_presented(request, None))
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
    /// One that is built in.
    fn embedded(embedded: &'static Embedded) -> Self {
        Self {
            name: embedded.name.into(),
            scheme: embedded.scheme(),
            definition: embedded.definition(),
            origin: if embedded.is_vendor {
                DefinitionOrigin::Vendor
            } else {
                DefinitionOrigin::BuiltIn
            },
            events: embedded.events.into(),
        }
    }

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
        let mut events = Vec::new();
        if root.is_dir() {
            collect_events(&root, &root, &mut events)?;
        }
        events.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self {
            name: definition.name.clone().into(),
            scheme: known(definition.signature.clone()),
            definition: known(definition),
            origin: DefinitionOrigin::Folder(folder.to_path_buf()),
            events: events.into(),
        })
    }

    /// The name that flags, filters and captures use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its events, in order.
    pub fn event_names(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|event| &*event.name)
    }

    /// Whether it has an event of this name.
    pub fn has_event(&self, name: &str) -> bool {
        self.event_file(name).is_some()
    }

    /// Whether it has an event of this name, or one that begins with the same part where names are put
    /// together: of `issues.opened` and its like, few have a fixture.
    pub fn has_event_like(&self, name: &str) -> bool {
        let is_joined = self.definition.envelope.event.parts() > 1;
        let first = |name: &str| name.split('.').next().map(str::to_owned);
        let is_like = || self.event_names().any(|own| first(own) == first(name));
        self.has_event(name) || is_joined && is_like()
    }

    fn event_file(&self, name: &str) -> Option<&EventFile> {
        let found = self
            .events
            .binary_search_by(|event| (*event.name).cmp(name));
        self.events.get(found.ok()?)
    }

    /// What is said of its events, in order.
    pub fn events(&self) -> Result<Vec<(&str, EventSummary)>, CatalogueError> {
        let events = self.events.iter();
        let summaries = events.map(|event| Ok((&*event.name, self.summary_of(event)?)));
        summaries.collect()
    }

    /// What is said of an event; `None` where it has none of this name.
    pub fn summary(&self, name: &str) -> Option<Result<EventSummary, CatalogueError>> {
        self.event_file(name).map(|event| self.summary_of(event))
    }

    fn summary_of(&self, event: &EventFile) -> Result<EventSummary, CatalogueError> {
        match &event.summary {
            Some(summary) => Ok(summary.clone()),
            None => Ok(self.read_event(event)?.summary()),
        }
    }

    /// The fixture of an event; `None` where it has none of this name.
    pub fn event(&self, name: &str) -> Option<Result<Event, CatalogueError>> {
        self.event_file(name).map(|event| self.read_event(event))
    }

    fn read_event(&self, event: &EventFile) -> Result<Event, CatalogueError> {
        let path = match &self.origin {
            DefinitionOrigin::BuiltIn | DefinitionOrigin::Vendor => PathBuf::from(self.name()),
            DefinitionOrigin::Folder(folder) => folder.clone(),
        };
        read_event(
            event_file(&path.join(EVENTS_FOLDER), &event.name),
            &event.text,
        )
    }
}

/// Adds every `*.json` below `folder`; events such as `orders/create` lie in folders.
fn collect_events(
    root: &Path,
    folder: &Path,
    events: &mut Vec<EventFile>,
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
            events.push(EventFile {
                name: name.into(),
                text: read(&path)?.into(),
                summary: None,
            });
        }
    }
    Ok(())
}
