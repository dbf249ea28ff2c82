//! A provider with its events: one that is embedded, or a folder of the user's.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::embedded::Embedded;
use super::event::EventFile;
use super::lazy::{Lazy, known, later};
use super::payload_schema::PayloadSchema;
use super::read::{
    event_file, event_name, list, payload_schema_file, read, read_definition, read_event,
    read_payload_schema,
};
use super::{
    CatalogueError, DEFINITION_FILE, Definition, EVENTS_FOLDER, Event, EventSummary,
    ProviderSetting, SettingValues, payload,
};
use crate::delivery::{Headers, Misfit, Request};
use crate::json::JsonFields;
use crate::signature::{Scheme, signed_bytes};

/// More events than any provider has: the folder may be a link to something else.
const MOST_EVENTS: usize = 10_000;

/// A provider with its events.
#[derive(Debug, Clone)]
pub struct Provider {
    name: Cow<'static, str>,
    /// The header of its signature, where that is known without reading how it signs.
    pub(super) header: Option<&'static str>,
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

impl Provider {
    /// One that is built in.
    pub(super) fn embedded(embedded: &'static Embedded, values: &SettingValues) -> Self {
        Self {
            name: embedded.name.into(),
            header: embedded.header,
            scheme: embedded.scheme(values.clone()),
            definition: embedded.definition(values.clone()),
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
        Self::read_with(folder, &SettingValues::new())
    }

    /// The same provider with these values of its settings.
    pub(super) fn with_settings(&self, values: &SettingValues) -> Result<Self, CatalogueError> {
        match (&self.origin, Embedded::named(&self.name)) {
            (DefinitionOrigin::Folder(folder), _) => Self::read_with(folder, values),
            (_, Some(embedded)) => Ok(Self::embedded(embedded, values)),
            (_, None) => Ok(self.clone()),
        }
    }

    /// Its settings.
    pub fn settings(&self) -> Vec<ProviderSetting> {
        match (&self.origin, Embedded::named(&self.name)) {
            (DefinitionOrigin::Folder(_), _) | (_, None) => self.definition.settings.clone(),
            (_, Some(embedded)) => embedded.settings(),
        }
    }

    fn read_with(folder: &Path, values: &SettingValues) -> Result<Self, CatalogueError> {
        let path = folder.join(DEFINITION_FILE);
        let definition = read_definition(&path, &read(&path)?, values)?;
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
            header: None,
            scheme: known(definition.signature.clone()),
            definition: known(definition),
            origin: DefinitionOrigin::Folder(folder.to_path_buf()),
            events: events.into(),
        })
    }

    /// The text of its definition.
    pub fn definition_text(&self) -> Result<Cow<'static, str>, CatalogueError> {
        match &self.origin {
            DefinitionOrigin::Folder(folder) => Ok(read(&folder.join(DEFINITION_FILE))?.into()),
            _ => Ok(Embedded::text_of(&self.name).unwrap_or_default().into()),
        }
    }

    /// The name that flags, filters and captures use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a request presents its proof, right or not; `fields` are those of its body.
    pub fn is_presented(&self, request: &Request, fields: Option<&JsonFields<'_>>) -> bool {
        let mut header = self.header.iter();
        header.all(|header| request.headers.contains(header))
            && self.scheme.is_presented(request, fields)
    }

    /// What the signature of a request is over: the template, and the bytes that come of it, without the
    /// secret; `None` where the request has no signature that can be read.
    pub fn signed(&self, request: &Request) -> Option<(String, Vec<u8>)> {
        let decides = self.scheme.deciding(request, None);
        let scheme = self.scheme.all().nth(decides)?;
        Some((scheme.signed.to_string(), signed_bytes(scheme, request)?))
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

    /// What is said of its events, in order; one that cannot be read is its own error alone.
    pub fn events(&self) -> impl Iterator<Item = (&str, Result<EventSummary, CatalogueError>)> {
        let events = self.events.iter();
        events.map(|event| (&*event.name, self.summary_of(event)))
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

    /// Where the payload of an event is not as the event is described; nothing where it has no schema, or the
    /// payload is no JSON.
    pub fn misfits(&self, event: &str, headers: &Headers, body: &[u8]) -> Vec<Misfit> {
        let schema = self.event_file(event).and_then(|file| file.schema.as_ref());
        let Some(schema) = schema.and_then(|schema| schema.as_ref().as_ref()) else {
            return Vec::new();
        };
        let value = serde_json::from_slice(&payload(headers, body));
        value.map_or_else(|_| Vec::new(), |value| schema.check(&value))
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

/// The schema in a file, where there is one. What is wrong with it is what `check_folder` tells.
fn payload_schema(path: PathBuf) -> Option<Arc<Lazy<Option<PayloadSchema>>>> {
    path.is_file()
        .then(|| later(move || read_payload_schema(&path).ok()))
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
                schema: payload_schema(payload_schema_file(&path)),
            });
        }
    }
    Ok(())
}
