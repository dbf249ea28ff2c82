//! The JSON Schemas of a provider's files and the page about them are those of the types that read them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use strum::VariantArray as _;

use super::reference::reference;
use crate::provider::lint::SAMPLE;
use crate::provider::vector::VectorsForm;
use crate::provider::{Catalogue, Definition, Event, FolderFile, Provider, REFERENCE};

/// The variable with which the copies are written anew.
const WRITE: &str = "WRITE_COPIES";

/// The schema of a type, its descriptions in one line each and without what only Rust's documents link.
pub(super) fn schema_of(file: FolderFile) -> Value {
    fn of<T: JsonSchema>(title: &str) -> Value {
        let in_words = |schema: &mut schemars::Schema| {
            schema.remove("format");
            if let Some(Value::String(text)) = schema.get_mut("description") {
                *text = text
                    .replace('\n', " ")
                    .replace("[`", "`")
                    .replace("`]", "`");
            }
        };
        let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(in_words));
        let mut schema = settings.into_generator().into_root_schema_for::<T>();
        schema.insert("title".into(), title.into());
        schema.to_value()
    }
    match file {
        FolderFile::Provider => of::<Definition>("A provider of `webhook`: provider.json"),
        FolderFile::Event => of::<Event>("An event of a provider of `webhook`: events/NAME.json"),
        FolderFile::Vectors => {
            of::<VectorsForm>("Signatures of a provider of `webhook`: vectors.json")
        }
    }
}

fn validator(file: FolderFile) -> Validator {
    jsonschema::draft202012::new(&schema_of(file)).unwrap()
}

/// Holds a copy against what it is one of.
fn assert_current(file: &str, text: &str, copy: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(file);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let (path, is_current) = (path.display(), text == copy);
    assert!(
        is_current,
        "`{path}` is old: `{WRITE}=1 cargo test --lib schema` writes it anew"
    );
}

#[test]
fn the_copies_are_current() {
    for file in FolderFile::VARIANTS {
        let text = serde_json::to_string_pretty(&schema_of(*file)).unwrap() + "\n";
        assert_current(
            &format!("schema/{}", file.schema_name()),
            &text,
            file.schema(),
        );
    }
    assert_current("README.md", &reference(), REFERENCE);
}

/// The files of this kind of all that is built in.
fn fixtures(file: FolderFile) -> Vec<(PathBuf, Value)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let kind_of = |path: &PathBuf| match path.file_name()?.to_str()? {
        name if name.ends_with(".schema.json") => None,
        "provider.json" => Some(FolderFile::Provider),
        "vectors.json" => Some(FolderFile::Vectors),
        _ => Some(FolderFile::Event),
    };
    files.retain(|path| kind_of(path) == Some(file));
    files.sort();
    let read = |path: PathBuf| {
        let value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        (path, value)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn everything_that_is_built_in_fits_its_schema() {
    for file in FolderFile::VARIANTS {
        let (validator, fixtures) = (validator(*file), fixtures(*file));
        assert!(
            fixtures.len() >= Catalogue::builtin().iter().count() - 1,
            "{file}"
        );
        for (path, value) in fixtures {
            if let Err(error) = validator.validate(&value) {
                panic!("{}: `{}`: {error}", path.display(), error.instance_path());
            }
        }
    }
}

/// How deep places are told apart: below, all is an event's data.
const DEEPEST: usize = 6;

/// A place within a value, its steps, and what was done to it, which has not been there before.
fn is_new(place: &[&str], what: &str, seen: &mut BTreeSet<String>) -> bool {
    place.len() < DEEPEST && seen.insert(format!("{} {what}", place.join(".")))
}

/// The values that differ from a value in one place: a member too many, one too few, another text,
/// another type. What was done at a place before, of whatever value, is left out.
fn spoiled<'v>(
    value: &'v Value,
    place: &mut Vec<&'v str>,
    seen: &mut BTreeSet<String>,
) -> Vec<Value> {
    let others = [
        json!("nonsense"),
        json!(17),
        json!([]),
        json!({}),
        Value::Null,
    ];
    // Serde reads a list as an object's members in their order, which nobody writes.
    let others = others
        .into_iter()
        .filter(|other| !(value.is_object() && other.is_array()));
    let mut all: Vec<_> = others
        .filter(|other| is_new(place, &other.to_string(), seen))
        .collect();
    match value {
        Value::Object(members) => {
            let with = |key: &str, item: Value| {
                let mut members = members.clone();
                members.insert(key.into(), item);
                Value::Object(members)
            };
            if is_new(place, "+", seen) {
                all.push(with("nonsense", json!("nonsense")));
            }
            for (key, item) in members {
                if is_new(place, &format!("-{key}"), seen) {
                    let mut members = members.clone();
                    members.shift_remove(key);
                    all.push(Value::Object(members));
                }
                place.push(key);
                let below = spoiled(item, place, seen).into_iter();
                all.extend(below.map(|item| with(key, item)));
                place.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let with = |item: Value| {
                    let mut items = items.clone();
                    items[index] = item;
                    Value::Array(items)
                };
                place.push("[]");
                all.extend(spoiled(item, place, seen).into_iter().map(with));
                place.pop();
            }
        }
        _ => {}
    }
    all
}

/// What the reader says where a schema can say it, too.
const SAYABLE: [&str; 13] = [
    "unknown field",
    "unknown variant",
    "missing field",
    "invalid type",
    "invalid length",
    "did not match any variant",
    "expected the name of a header",
    "is given, which this kind",
    "a token signs nothing",
    "is no name of a header",
    "is not a status",
    "no part of `parts`",
    "are given for one value",
];

fn assert_alike<T: DeserializeOwned>(file: FolderFile) {
    let validator = validator(file);
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, value) in fixtures(file) {
        let seen = seen
            .entry(value["signature"]["kind"].to_string())
            .or_default();
        for value in spoiled(&value, &mut Vec::new(), seen) {
            let read = serde_json::from_value::<T>(value.clone())
                .map(drop)
                .map_err(|e| e.to_string());
            let fits = validator
                .validate(&value)
                .map_err(|error| error.to_string());
            let place = format!("{}: {value}", path.display());
            match (read, fits) {
                (Ok(()), Err(error)) => panic!("{place}: only the schema refuses it: {error}"),
                (Err(error), Ok(())) => {
                    let is_sayable = SAYABLE.iter().any(|part| error.contains(part));
                    assert!(!is_sayable, "{place}: the schema takes it: {error}");
                }
                _ => {}
            }
        }
    }
    let tried: usize = seen.values().map(BTreeSet::len).sum();
    assert!(tried > 50, "{tried}");
}

#[test]
fn a_schema_takes_what_is_read_and_refuses_what_is_not() {
    assert_alike::<Definition>(FolderFile::Provider);
    assert_alike::<Event>(FolderFile::Event);
    assert_alike::<VectorsForm>(FolderFile::Vectors);
}

/// Puts into every object of a value the defaults that its schema names.
fn with_defaults(root: &Value, schema: &Value, value: &mut Value) {
    let schema = resolved(root, schema);
    let members = schema["properties"].as_object().into_iter().flatten();
    let Value::Object(own) = value else { return };
    for (name, member) in members {
        if let Some(default) = member.get("default") {
            own.entry(name.clone()).or_insert_with(|| default.clone());
        }
        if let Some(value) = own.get_mut(name) {
            with_defaults(root, member, value);
        }
    }
}

/// What a schema refers to, without the null that may stand in its place.
pub(super) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let is_null = |choice: &&Value| choice["type"] == "null";
    let choices = schema["anyOf"]
        .as_array()
        .filter(|all| all.iter().any(|choice| is_null(&choice)));
    let others: Vec<_> = choices
        .into_iter()
        .flatten()
        .filter(|choice| !is_null(choice))
        .collect();
    if let [only] = others[..] {
        return resolved(root, only);
    }
    match schema["$ref"].as_str() {
        Some(target) => resolved(root, root.pointer(&target[1..]).unwrap()),
        None => schema,
    }
}

#[test]
fn the_defaults_are_what_is_read_where_nothing_stands() {
    let schema = schema_of(FolderFile::Provider);
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let mut bare = json!({
        "name": "acme", "signature": sample["signature"], "envelope": sample["envelope"],
        "delivery": {"retry": {}}, "answer": {}, "handler": {}, "handshakes": [],
    });
    bare["signature"]["timestamp"] = json!({});
    bare["signature"]["secret"] = json!({});
    bare["signature"]["value"]
        .as_object_mut()
        .unwrap()
        .shift_remove("reading");
    bare["signature"]["value"]["separator"] = ";".into();
    let shown = |value: &Value| {
        format!(
            "{:?}",
            serde_json::from_value::<Definition>(value.clone()).unwrap()
        )
    };
    let mut full = bare.clone();
    with_defaults(&schema, &schema, &mut full);
    assert_eq!(full["delivery"]["success"], json!(["2xx"]));
    assert_eq!(full["signature"]["value"]["reading"], json!("positional"));
    assert_eq!(shown(&bare), shown(&full));
}

#[test]
fn a_new_folder_names_schemas_that_lie_in_it() {
    let catalogue = Catalogue::builtin();
    let like: Vec<&Provider> = catalogue
        .iter()
        .filter(|one| one.name() == "shopify")
        .collect();
    for like in std::iter::once(None).chain(like.into_iter().map(Some)) {
        let files = crate::provider::draft("acme", like, super::AT).unwrap();
        for (path, text) in &files {
            let value: Value = serde_json::from_str(text).unwrap();
            if path.to_str().unwrap().ends_with(".schema.json") {
                continue;
            }
            let named = value["$schema"]
                .as_str()
                .unwrap_or_else(|| panic!("{}", path.display()));
            let up = named.matches("../").count();
            assert_eq!(up, path.components().count() - 1, "{}", path.display());
            let name = named.rsplit('/').next().unwrap();
            let (_, schema) = files
                .iter()
                .find(|(path, _)| *path == Path::new(name))
                .unwrap();
            let schema: Value = serde_json::from_str(schema).unwrap();
            assert!(jsonschema::is_valid(&schema, &value), "{}", path.display());
        }
    }
}
