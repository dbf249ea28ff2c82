//! What has to hold of a layout before it is one.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::super::super::layout::{PartVariable, ValuePart, is_visible};
use super::super::super::{PartOrder, ValueLayout};

impl<'de> Deserialize<'de> for ValueLayout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let layout = Self::deserialize(deserializer)?;
        check_layout(&layout).map_err(D::Error::custom)?;
        Ok(layout)
    }
}

fn check_layout(layout: &ValueLayout) -> Result<(), String> {
    check_parts(&layout.parts)?;
    let value = layout.fill(Some("0"), "0");
    match layout.separator.as_deref() {
        None if layout.parts.len() > 1 => {
            Err("`parts` are several, but no `separator` stands between them".into())
        }
        Some(separator) if !separates(layout, separator) => {
            Err("`separator` may stand within a part, so that parts could not be told apart".into())
        }
        _ if layout.reading == PartOrder::AnyOrder && layout.parts.iter().any(is_spaced) => {
            Err("a part begins or ends with a space, which is no part of it in any order".into())
        }
        _ if value.trim() != value => {
            Err("the value begins or ends with a space, which gets lost on the way".into())
        }
        _ => Ok(()),
    }
}

fn is_spaced(part: &ValuePart) -> bool {
    let text = part.fill("0");
    text.trim() != text
}

fn check_parts(parts: &[ValuePart]) -> Result<(), String> {
    let is = |variable| move |part: &&ValuePart| part.variable == variable;
    if !parts.iter().any(|part| part.variable.is_proof()) {
        return Err("no part of `parts` has `{signature}`".into());
    }
    if parts.iter().filter(is(PartVariable::Timestamp)).count() > 1 {
        return Err("`parts` has `{timestamp}` twice".into());
    }
    let mut rest = parts;
    while let Some((part, others)) = rest.split_first() {
        if others.contains(part) {
            return Err(format!("`parts` has `{}` twice", part.fill("{signature}")));
        }
        rest = others;
    }
    Ok(())
}

/// Whether a value falls into its parts again at `separator`, whatever timestamp and signature they
/// hold: those are digits, letters and the other characters of base64.
fn separates(layout: &ValueLayout, separator: &str) -> bool {
    let may_be_held = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    if separator.is_empty() || !is_visible(separator) || separator.contains(may_be_held) {
        return false;
    }
    let value = layout.fill(Some("0"), "0");
    let parts = layout.parts.iter().map(|part| part.fill("0"));
    value.split(separator).eq(parts)
}
