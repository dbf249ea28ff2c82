//! A file of which every fault is told: what is wrong is replaced, and the rest is read on.

use std::path::Path as FilePath;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::json::Path;
use crate::provider::CatalogueError;

/// The most faults of one file that are told.
const MOST_FAULTS: usize = 50;

/// Reads a value, and all that is wrong in it: what is, is replaced by what stands at its place in
/// `sample`. `None` where that does not help.
pub(super) fn read_all<T: DeserializeOwned>(
    path: &FilePath,
    text: &str,
    sample: &Value,
) -> (Option<T>, Vec<CatalogueError>) {
    let fault = |problem| CatalogueError::Form {
        path: path.to_path_buf(),
        problem,
    };
    let mut value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return (None, vec![fault(error.to_string())]),
    };
    let mut faults = Vec::new();
    while faults.len() < MOST_FAULTS {
        let error = match serde_path_to_error::deserialize(value.clone()) {
            Ok(read) => return (Some(read), faults),
            Err(error) => error,
        };
        let (field, problem) = (error.path().to_string(), error.inner().to_string());
        let field = field.trim_start_matches('.');
        let told = match field {
            "" | "?" => problem.clone(),
            field => format!("`{field}`: {problem}{}", place(text, field)),
        };
        let example = example(&whole(field, &problem), &problem, sample);
        faults.push(fault(format!("{told}{example}")));
        if !repair(&mut value, field, &problem, sample) {
            break;
        }
    }
    (None, faults)
}

/// Line and column of a field, where it stands in the text.
fn place(text: &str, field: &str) -> String {
    let start = field
        .parse()
        .ok()
        .and_then(|path: Path| path.locate(text.as_bytes()));
    let before = start.and_then(|place| text.get(..place.start));
    before.map_or_else(String::new, |before| {
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        format!(" at line {line} column {column}")
    })
}

/// What a missing field may say, as `sample` does.
fn example(field: &str, problem: &str, sample: &Value) -> String {
    let name = missing(problem);
    let path = name.and_then(|_| field.parse::<Path>().ok());
    let value = path.and_then(|path| path.find(&mut sample.clone()).cloned());
    let example = name.zip(value);
    example.map_or_else(String::new, |(name, value)| {
        format!(", such as `\"{name}\": {value}`")
    })
}

/// The field that a problem calls missing.
fn missing(problem: &str) -> Option<&str> {
    let rest = problem.strip_prefix("missing field `")?;
    rest.split('`').next()
}

/// The place of what is wrong: within a field, the one that is missing there.
fn whole(field: &str, problem: &str) -> String {
    match (missing(problem), field) {
        (Some(name), "" | "?") => name.to_owned(),
        (Some(name), field) => format!("{field}.{name}"),
        (None, field) => field.to_owned(),
    }
}

/// Puts what stands in `sample` in the place of a field that is wrong, or of the object that it stands
/// in where that is no better; tells whether anything changed.
fn repair(value: &mut Value, field: &str, problem: &str, sample: &Value) -> bool {
    let whole = whole(field, problem);
    let mut field = whole.as_str();
    loop {
        let Ok(path) = field.parse::<Path>() else {
            return false;
        };
        let right = path.find(&mut sample.clone()).cloned();
        let wrong = path.find(value).cloned();
        match right {
            Some(right) if wrong.as_ref() != Some(&right) => {
                return path.set(value, right, true).is_ok();
            }
            None if wrong.is_some() => return path.unset(value).is_ok(),
            _ => {}
        }
        let Some(end) = field.rfind(['.', '[']) else {
            return false;
        };
        field = &field[..end];
    }
}
