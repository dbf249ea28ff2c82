//! Where an event's name and its id stand in a request.

use serde::Deserialize;

use crate::delivery::Headers;
use crate::json::{JsonFields, Path, PathError};
use crate::signature::check_token;

/// Where a value stands in a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "SourceForm"))]
#[serde(try_from = "SourceForm")]
pub enum FieldSource {
    /// In a header of this name.
    Header {
        /// The header's name.
        header: String,
    },
    /// In the body, at this dotted path.
    Path(Path),
    /// In several places: what stands there, joined by dots, as far as there is something.
    Joined(Vec<Self>),
    /// Nowhere: the vendor's deliveries have none. A definition says `null`.
    Absent,
}

impl FieldSource {
    /// The paths, of what stands in the body.
    pub(super) fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Header { .. } | Self::Absent => Vec::new(),
            Self::Path(path) => vec![path],
            Self::Joined(parts) => parts.iter().flat_map(Self::paths).collect(),
        }
    }

    /// The header without which nothing stands here.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header { header } => Some(header),
            Self::Joined(parts) => parts.first()?.header(),
            Self::Path(_) | Self::Absent => None,
        }
    }

    /// Of how many parts a text here is put together, at most.
    pub(super) const fn parts(&self) -> usize {
        match self {
            Self::Joined(parts) => parts.len(),
            _ => 1,
        }
    }

    /// The text that stands at this place; of a number its digits.
    pub fn find(&self, headers: &Headers, fields: Option<&JsonFields<'_>>) -> Option<String> {
        match self {
            Self::Header { header } => headers.text(header).map(str::to_owned),
            Self::Path(path) => fields?.string_or_number(path),
            Self::Joined(parts) => {
                let mut parts = parts.iter().map(|part| part.find(headers, fields));
                let first = parts.next()??;
                let all = std::iter::once(first).chain(parts.map_while(|part| part));
                Some(all.collect::<Vec<_>>().join("."))
            }
            Self::Absent => None,
        }
    }
}

/// A source as a definition writes it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, deny_unknown_fields)]
enum SourceForm {
    /// In a header.
    Header {
        /// The header's name.
        #[cfg_attr(test, schemars(regex(pattern = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")))]
        header: String,
    },
    /// In the body, at this path: `data.items[0].id`.
    #[cfg_attr(test, schemars(with = "Path"))]
    Path(String),
    /// In several places: what stands there, joined by dots, as far as there is something.
    #[cfg_attr(test, schemars(with = "Vec<FieldSource>", extend("minItems" = 1)))]
    Joined(Vec<Self>),
    /// Nowhere: the vendor's deliveries have none.
    Absent(()),
}

impl TryFrom<SourceForm> for FieldSource {
    type Error = String;

    fn try_from(form: SourceForm) -> Result<Self, String> {
        match form {
            SourceForm::Header { header } => {
                check_token("name of a header", &header).map(|()| Self::Header { header })
            }
            SourceForm::Path(path) => {
                let path = path.parse().map_err(|error: PathError| error.to_string())?;
                Ok(Self::Path(path))
            }
            SourceForm::Joined(parts) if parts.is_empty() => Err("no place is named".into()),
            SourceForm::Joined(parts) => {
                let parts = parts.into_iter().map(Self::try_from);
                parts.collect::<Result<_, _>>().map(Self::Joined)
            }
            SourceForm::Absent(()) => Ok(Self::Absent),
        }
    }
}
