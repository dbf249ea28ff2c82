//! The page that tells the members of a provider's files, made of their JSON Schemas and of what is built in.

use std::collections::VecDeque;
use std::fmt::Write as _;

use serde_json::Value;

use super::schema::{resolved, schema_of};
use crate::provider::{Catalogue, FolderFile};

const HEAD: &str = "\
# Reference of a provider's files

A provider is a folder of JSON files: `provider.json`, `events/NAME.json`, `vectors.json`. This page is made of the
types that read them, and so are the JSON Schemas in `schema/`; `webhook providers reference` and `webhook providers
schema` print them. `webhook providers new NAME` writes a folder to start from, `webhook providers check` tells all
that is wrong in one, and the folders here are examples.

In the strings of `envelope.template`, of an event's `data` and of `delivery.headers`, placeholders are filled:
`{{event}}` is the event's name and `{{event:1}}` its first part; `{{id:NAME}}`, `{{int:NAME}}` and `{{uuid:NAME}}` are
fresh ids, equal for equal names within a delivery; `{{time}}`, `{{date}}`, `{{unix}}` and `{{unix_ms}}` are the event's
time, also moved: `{{time-35m}}`, `{{date+2d}}`. In the template, `{{data}}` is the event's data.
";
/// The longest example, in characters.
const LONGEST: usize = 90;

/// An object that has a section of its own.
struct Section<'s> {
    schema: &'s Value,
    /// Where it stands in a file; of a list, `[]` is an item.
    places: Vec<Vec<String>>,
}

/// The page.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    let catalogue = Catalogue::builtin();
    let texts = catalogue.iter().map(|provider| {
        let text = provider.definition_text().unwrap();
        (
            provider.name().to_owned(),
            serde_json::from_str(&text).unwrap(),
        )
    });
    let definitions: Vec<(String, Value)> = texts.collect();
    for (file, name) in [
        (FolderFile::Provider, "provider.json"),
        (FolderFile::Event, "events/NAME.json"),
        (FolderFile::Vectors, "vectors.json"),
    ] {
        let schema = schema_of(file);
        let examples: &[_] = match file {
            FolderFile::Provider => &definitions,
            _ => &[],
        };
        writeln!(page, "\n## `{name}`").unwrap();
        for section in sections(&schema) {
            write_section(&section, &schema, examples, &mut page);
        }
    }
    page
}

/// The objects of a schema, each before those that stand in it.
fn sections(root: &Value) -> Vec<Section<'_>> {
    let mut sections: Vec<Section> = Vec::new();
    let mut queue = VecDeque::from([(root, Vec::<String>::new())]);
    while let Some((schema, place)) = queue.pop_front() {
        let schema = resolved(root, schema);
        if let Some(items) = schema.get("items") {
            queue.push_back((items, [place, vec!["[]".into()]].concat()));
            continue;
        }
        let Some(members) = schema["properties"].as_object() else {
            continue;
        };
        let mut same = sections
            .iter()
            .filter(|one| std::ptr::eq(one.schema, schema));
        // An object may hold others of its own form, and those theirs.
        let is_within_itself = same.any(|one| {
            let mut places = one.places.iter();
            places.any(|outer| place.starts_with(outer))
        });
        match sections
            .iter_mut()
            .find(|section| std::ptr::eq(section.schema, schema))
        {
            Some(section) => section.places.push(place.clone()),
            None => sections.push(Section {
                schema,
                places: vec![place.clone()],
            }),
        }
        if is_within_itself {
            continue;
        }
        let below = members.iter();
        queue.extend(
            below.map(|(name, member)| (member, [&place[..], std::slice::from_ref(name)].concat())),
        );
    }
    sections
}

/// A place as people write it: `handshakes[].request`.
fn written(place: &[String]) -> String {
    place.join(".").replace(".[]", "[]")
}

fn write_section(section: &Section, root: &Value, examples: &[(String, Value)], page: &mut String) {
    if !section.places[0].is_empty() {
        let places: Vec<_> = section
            .places
            .iter()
            .map(|place| format!("`{}`", written(place)))
            .collect();
        writeln!(page, "\n### {}", places.join(", ")).unwrap();
    }
    let about = section.schema["description"].as_str().unwrap_or_default();
    writeln!(
        page,
        "\n{about}\n\n| member | type | default | what it is | example |\n|---|---|---|---|---|"
    )
    .unwrap();
    for (name, member) in section.schema["properties"].as_object().unwrap() {
        let kind = type_of(
            root,
            member,
            &[&section.places[0][..], std::slice::from_ref(name)].concat(),
        );
        let about = description(root, section.schema, name, member);
        let default = default_of(section.schema, name, member);
        let example = example(section, name, member, examples);
        writeln!(
            page,
            "| `{name}` | {kind} | {default} | {about} | {example} |"
        )
        .unwrap();
    }
}

/// The type of a value at a place, in words.
fn type_of(root: &Value, schema: &Value, place: &[String]) -> String {
    let schema = resolved(root, schema);
    if let Some(choices) = schema["anyOf"].as_array() {
        // A list of a choice may have items of the same choice.
        let choices = choices.iter().map(|choice| match choice["type"].as_str() {
            Some("array") => "list".into(),
            _ => type_of(root, choice, place),
        });
        let choices: Vec<_> = choices.collect();
        return choices.join(" or ");
    }
    if schema
        .get("oneOf")
        .is_some_and(|all| all[0].get("const").is_some())
    {
        return "one of these".into();
    }
    let name = match &schema["type"] {
        Value::Array(names) => &names[0],
        name => name,
    };
    match name.as_str() {
        Some("array") if schema.get("prefixItems").is_some() => "pair of texts".into(),
        Some("array") => {
            let item = schema.get("items").map(|items| type_of(root, items, place));
            format!("list: {}", item.unwrap_or_else(|| "any".into()))
        }
        Some("object") if !place.is_empty() && is_section(schema) => "object, below".into(),
        Some("object") if schema.get("properties").is_some() => {
            let members = schema["properties"].as_object().unwrap().keys();
            let members: Vec<_> = members.map(|name| format!("`{name}`")).collect();
            format!("object with {}", members.join(", "))
        }
        Some("object") => "object of texts".into(),
        Some("string") => "text".into(),
        Some("integer") => "whole number".into(),
        Some("boolean") => "true or false".into(),
        Some("null") => "`null`".into(),
        _ => "any".into(),
    }
}

/// Whether an object at a place has a section, which of a choice none has.
fn is_section(schema: &Value) -> bool {
    schema["properties"]
        .as_object()
        .is_some_and(|members| members.len() > 1)
}

fn default_of(owner: &Value, name: &str, member: &Value) -> String {
    let is_required = owner["required"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one == name));
    match member.get("default").filter(|default| !default.is_null()) {
        _ if is_required => "required".into(),
        Some(default) => format!("`{default}`"),
        None => "–".into(),
    }
}

/// What a member is, of which kinds, and the values that it can have.
fn description(root: &Value, owner: &Value, name: &str, member: &Value) -> String {
    let schema = resolved(root, member);
    let texts = [member, schema];
    let text = texts
        .iter()
        .find_map(|schema| schema["description"].as_str());
    let mut about = text.unwrap_or_default().to_owned();
    let own = schema["description"]
        .as_str()
        .filter(|own| *own != about && schema["type"] == "string");
    if let Some(own) = own.filter(|own| own.contains('`')) {
        write!(about, " {own}").unwrap();
    }
    if let Some(kinds) = kinds_of(owner, name) {
        write!(about, " Of the kinds {kinds}.").unwrap();
    }
    let items = schema.get("items").map(|items| resolved(root, items));
    for schema in std::iter::once(schema).chain(items) {
        let choices = ["oneOf", "anyOf"]
            .iter()
            .filter_map(|choice| schema[*choice].as_array());
        for choice in choices.flatten() {
            let choice_about = choice["description"]
                .as_str()
                .or_else(|| resolved(root, choice)["description"].as_str());
            let Some(text) = choice_about else { continue };
            let name = match choice.get("const") {
                Some(value) => format!("`{value}`"),
                None if choice["type"] == "array" => "list".into(),
                None => type_of(root, choice, &[]),
            };
            write!(about, "<br>{name}: {text}").unwrap();
        }
    }
    about.replace('|', "\\|")
}

/// The kinds of signatures that have use for a member, where not all have.
fn kinds_of(owner: &Value, name: &str) -> Option<String> {
    let conditions = owner["allOf"].as_array()?;
    let member = format!("/then/properties/{name}/type");
    let condition = conditions
        .iter()
        .find(|one| one.pointer(&member).is_some_and(|kind| kind == "null"))?;
    let kinds = condition["if"]["not"]["properties"]["kind"]["enum"].as_array()?;
    let kinds: Vec<_> = kinds
        .iter()
        .filter_map(Value::as_str)
        .map(|kind| format!("`{kind}`"))
        .collect();
    Some(kinds.join(", "))
}

/// The shortest value that a built-in definition has there, and not only the default.
fn example(section: &Section, name: &str, member: &Value, examples: &[(String, Value)]) -> String {
    fn collect<'v>(value: &'v Value, place: &[String], found: &mut Vec<&'v Value>) {
        match (place.split_first(), value) {
            (None, value) => found.push(value),
            (Some((step, rest)), Value::Array(items)) if step == "[]" => {
                for item in items {
                    collect(item, rest, found);
                }
            }
            (Some((step, rest)), Value::Object(members)) => {
                members
                    .get(step)
                    .iter()
                    .for_each(|member| collect(member, rest, found));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    for (provider, definition) in examples {
        let mut found = Vec::new();
        for place in &section.places {
            collect(
                definition,
                &[&place[..], &[name.to_owned()]].concat(),
                &mut found,
            );
        }
        let found = found
            .into_iter()
            .filter(|value| !value.is_null() && Some(*value) != member.get("default"));
        all.extend(found.map(|value| (value.to_string(), provider)));
    }
    let shortest = all.iter().min_by_key(|(text, _)| text.chars().count());
    match shortest {
        Some((text, provider)) if text.chars().count() <= LONGEST => {
            format!("`{}` ({provider})", text.replace('|', "\\|"))
        }
        Some((_, provider)) => format!("in {provider}"),
        None => "–".into(),
    }
}
