//! The definitions that are embedded in the program.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};

use super::read::{event_name, read_definition};
use super::{DEFINITION_FILE, Definition, EVENTS_FOLDER};

static FIXTURES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// The folder of those that come after the others.
const VENDORS: &str = "vendors";

/// A definition that is read at its first use: there are many, and a command needs few.
pub type LazyDefinition = LazyLock<Definition, Box<dyn FnOnce() -> Definition + Send>>;

/// The text of each event's file, by the event's name.
pub(super) type EventFiles = BTreeMap<String, Cow<'static, str>>;

/// The name, the definition and the events of each provider that this program was made for.
pub(super) fn own() -> impl Iterator<Item = (String, Arc<LazyDefinition>, EventFiles)> {
    FIXTURES.dirs().filter_map(provider)
}

/// The same of all others.
pub(super) fn vendors() -> impl Iterator<Item = (String, Arc<LazyDefinition>, EventFiles)> {
    let vendors = FIXTURES.get_dir(VENDORS).into_iter();
    vendors.flat_map(Dir::dirs).filter_map(provider)
}

/// `None` of a folder that is no provider.
///
/// # Panics
///
/// The definition, where it is not valid: a test reads each, so none is ever released.
fn provider(dir: &'static Dir<'static>) -> Option<(String, Arc<LazyDefinition>, EventFiles)> {
    let file = dir.get_file(dir.path().join(DEFINITION_FILE))?;
    let read = move || {
        let text = file.contents_utf8().unwrap_or_default();
        let definition = read_definition(file.path(), text);
        definition.expect("the embedded definitions are valid")
    };
    let root = dir.path().join(EVENTS_FOLDER);
    let mut events = BTreeMap::new();
    if let Some(folder) = dir.get_dir(&root) {
        collect_events(&root, folder, &mut events);
    }
    let name = dir.path().file_name()?.to_str()?.to_owned();
    Some((name, Arc::new(LazyLock::new(Box::new(read))), events))
}

/// Adds every `*.json` below a folder; events such as `orders/create` lie in folders.
fn collect_events(root: &Path, folder: &'static Dir<'static>, events: &mut EventFiles) {
    for file in folder.files() {
        if let (Some(name), Some(text)) = (event_name(root, file.path()), file.contents_utf8()) {
            events.insert(name, text.into());
        }
    }
    for folder in folder.dirs() {
        collect_events(root, folder, events);
    }
}

/// A definition that was read.
pub(super) fn known(definition: Definition) -> Arc<LazyDefinition> {
    let known: LazyDefinition = LazyLock::new(Box::new(|| definition));
    // Its function holds the definition, which is not to be kept twice.
    LazyLock::force(&known);
    Arc::new(known)
}
