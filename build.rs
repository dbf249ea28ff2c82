//! Embeds the definitions: their texts as they are, and beside them what is asked for more often than a
//! definition is read: the signature, and what is said of each event. Tests hold the two together.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=fixtures");
    let fixtures = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("fixtures");
    let mut code = String::from("pub static EMBEDDED: &[Embedded] = &[\n");
    for folder in files(&fixtures)? {
        provider(&folder, false, &mut code)?;
    }
    for folder in files(&fixtures.join("vendors"))? {
        provider(&folder, true, &mut code)?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}

/// Writes the provider whose folder this is; nothing where it is none.
fn provider(folder: &Path, is_vendor: bool, code: &mut String) -> Result<(), Box<dyn Error>> {
    let Ok(definition) = fs::read_to_string(folder.join("provider.json")) else {
        return Ok(());
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let value = serde_json::from_str::<Value>(&definition)?;
    let (signature, settings) = (&value["signature"], &value["settings"]);
    let settings = settings.as_array().map(|_| settings.to_string());
    let settings = settings.unwrap_or_default();
    let is_alone = signature["also_signed"].is_null();
    let header = signature["header"].as_str().filter(|_| is_alone);
    let signature = signature.to_string();
    writeln!(
        code,
        "Embedded {{ name: {name:?}, is_vendor: {is_vendor}, header: {header:?}, settings: {settings:?}, signature: {signature:?}, \
         definition: {definition:?}, events: &["
    )?;
    let root = folder.join("events");
    let mut events = Vec::new();
    if root.is_dir() {
        collect(&root, &root, &mut events)?;
    }
    events.sort();
    for (name, path) in events {
        event(&name, &fs::read_to_string(path)?, code)?;
    }
    code.push_str("] },\n");
    Ok(())
}

/// Adds the name and the file of every event below a folder; events such as `orders/create` lie in
/// folders, and a colon is `%3A` in the name of a file.
fn collect(
    root: &Path,
    folder: &Path,
    events: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    for path in files(folder)? {
        if path.is_dir() {
            collect(root, &path, events)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path.strip_prefix(root)?.with_extension("");
            let name = name.to_string_lossy().replace('\\', "/");
            events.push((name.replace("%3A", ":"), path));
        }
    }
    Ok(())
}

fn event(name: &str, text: &str, code: &mut String) -> Result<(), Box<dyn Error>> {
    let event: Value = serde_json::from_str(text)?;
    let fields: Vec<&str> = match &event["data"] {
        Value::Object(data) => data.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let (source, documented) = match event["source"].as_str().unwrap_or_default() {
        "documented" => ("Documented", fields.clone()),
        "documented-in-part" => {
            let listed = event["documented"].as_array();
            let listed = listed.into_iter().flatten().filter_map(Value::as_str);
            ("DocumentedInPart", listed.collect())
        }
        _ => ("Inferred", Vec::new()),
    };
    let texts: Vec<_> = documented.into_iter().map(borrowed).collect();
    let (documented, fields) = (texts.join(", "), fields.len());
    let description = borrowed(event["description"].as_str().unwrap_or_default());
    let trigger = event["trigger"].as_str().map(borrowed);
    let trigger = trigger.map_or_else(|| "None".into(), |text| format!("Some({text})"));
    writeln!(
        code,
        "EventFile {{ name: {}, text: {}, summary: Some(EventSummary {{ \
         description: {description}, trigger: {trigger}, source: Provenance::{source}, \
         documented: Cow::Borrowed(&[{documented}]), fields: {fields} }}), schema: None }},",
        borrowed(name),
        borrowed(text)
    )?;
    Ok(())
}

/// The code of a text that the program has in itself.
fn borrowed(text: &str) -> String {
    format!("Cow::Borrowed({text:?})")
}

/// What is in a folder, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    Ok(paths)
}
