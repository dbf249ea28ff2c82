//! The form of a header's value: its parts, as `t={timestamp}`, and what joins them.

use serde::Deserialize;
use strum::Display;

use super::MacEncoding;
use super::template::{split, unknown};

/// The layout of a header's value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct ValueLayout {
    /// The parts, each with one variable: `{timestamp}`, `{signature}` or, of a token, `{secret}`. At least one is
    /// what proves.
    #[cfg_attr(test, schemars(extend("contains" = {"pattern": r"\{(signature|secret)\}"})))]
    pub parts: Vec<ValuePart>,
    /// What joins the parts, where there are several.
    pub separator: Option<String>,
    /// How the parts are found in a value.
    #[serde(default)]
    pub reading: PartOrder,
}

/// How the parts of a value are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Display)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PartOrder {
    /// The n-th part at the n-th place; parts after the last are skipped.
    #[default]
    Positional,
    /// In any order, repeated, among parts of other forms: several signatures serve rotation.
    AnyOrder,
}

/// A layout that is accepted though the provider does not send it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The layout.
    pub value: ValueLayout,
    /// What is to be said when it is met.
    pub note: String,
}

/// A part of a header's value: one variable with text around it, as `v1={signature}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^[ -z|-~]*\{(timestamp|signature|secret)\}[ -z|-~]*$")))]
#[serde(try_from = "String")]
pub struct ValuePart {
    /// What stands before the variable, `v1=`.
    pub prefix: String,
    /// What it holds.
    pub variable: PartVariable,
    /// What stands after it.
    pub suffix: String,
}

/// What a part of a header's value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartVariable {
    /// `{timestamp}`: the signing time in unix seconds, as text.
    Timestamp,
    /// `{signature}`: the encoded MAC.
    Signature,
    /// `{secret}`: the secret itself, of a token.
    Secret,
}

impl PartVariable {
    /// Whether it is what proves.
    pub fn is_proof(self) -> bool {
        self != Self::Timestamp
    }
}

impl ValueLayout {
    /// The parts of a value, as this layout splits it.
    pub fn split<'v>(&'v self, value: &'v str) -> impl Iterator<Item = &'v str> {
        value.split(self.splitter())
    }

    /// What stands between the parts of a value that is read. In any order parts are trimmed, so a blank
    /// that is sent beside a separator need not be there.
    pub(super) fn splitter(&self) -> &str {
        // NUL cannot stand in a header's value, so it splits nothing.
        let separator = self.separator.as_deref().unwrap_or("\0");
        let bare = separator.trim_matches(' ');
        let is_bare = self.reading == PartOrder::AnyOrder && !bare.is_empty();
        if is_bare { bare } else { separator }
    }

    /// The value of these texts. Without a timestamp, the parts that would hold it are left out, as
    /// only a fault does.
    pub fn fill(&self, timestamp: Option<&str>, signature: &str) -> String {
        let parts = self.parts.iter().filter_map(|part| {
            let text = match part.variable {
                PartVariable::Timestamp => timestamp?,
                PartVariable::Signature | PartVariable::Secret => signature,
            };
            Some(part.fill(text))
        });
        let parts: Vec<_> = parts.collect();
        parts.join(self.separator.as_deref().unwrap_or_default())
    }

    /// Whether the value holds the timestamp.
    pub fn has_timestamp(&self) -> bool {
        let mut variables = self.parts.iter().map(|part| part.variable);
        variables.any(|variable| variable == PartVariable::Timestamp)
    }

    /// A short name: the parts' own names, or the encoding where they have none.
    pub fn name(&self, encoding: MacEncoding) -> String {
        let names: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.prefix.trim_end_matches(['=', ',', ':']))
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            encoding.to_string()
        } else {
            names.join(",")
        }
    }
}

impl ValuePart {
    /// The part with its variable filled.
    pub fn fill(&self, text: &str) -> String {
        format!("{}{text}{}", self.prefix, self.suffix)
    }

    /// What stands at the variable of a filled part; `None` where the text is not of this form.
    pub fn read<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(self.prefix.as_str())?
            .strip_suffix(self.suffix.as_str())
    }
}

impl TryFrom<String> for ValuePart {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let pieces = split(&text)?;
        let [(prefix, Some(name)), (suffix, None)] = pieces[..] else {
            let count = pieces.len() - 1;
            return Err(format!(
                "{count} variables in the part `{text}`: each part has one, and `separator` joins them"
            ));
        };
        if !is_visible(prefix) || !is_visible(suffix) {
            let text = text.escape_debug();
            return Err(format!(
                "`{text}` is not visible ASCII, so no header can hold it"
            ));
        }
        Ok(Self {
            prefix: prefix.into(),
            variable: match name {
                "timestamp" => PartVariable::Timestamp,
                "signature" => PartVariable::Signature,
                "secret" => PartVariable::Secret,
                other => {
                    return Err(unknown(other, "`{timestamp}`, `{signature}` or `{secret}`"));
                }
            },
            suffix: suffix.into(),
        })
    }
}

/// Whether a text can stand in a header as it is.
pub(super) fn is_visible(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> ValuePart {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn a_part_is_filled_and_read_back() {
        let found = part("t={timestamp};");
        assert_eq!(found.variable, PartVariable::Timestamp);
        assert_eq!(found.fill("17"), "t=17;");
        assert_eq!(found.read("t=17;"), Some("17"));
        assert_eq!(found.read("v1=17;"), None);
        assert_eq!(part("{signature}").read("ab"), Some("ab"));
    }

    #[test]
    fn a_prefix_and_suffix_that_overlap_do_not_match() {
        assert_eq!(part("aa{signature}aa").read("aaa"), None);
    }
}
