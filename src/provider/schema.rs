//! The JSON Schemas of a provider's files, by which editors complete and check them, and the page that
//! tells their members. Both are made of the types that read the files; a test keeps these copies so.

use strum::{Display, VariantArray};

/// A kind of file in a provider's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Display, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum FolderFile {
    /// Its `provider.json`.
    #[default]
    Provider,
    /// An event.
    Event,
    /// Its `vectors.json`.
    Vectors,
}

/// The page that tells the members of a provider's files.
pub const REFERENCE: &str = include_str!("../../fixtures/README.md");

impl FolderFile {
    /// Its JSON Schema, of the draft 2020-12.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Provider => include_str!("../../fixtures/schema/provider.schema.json"),
            Self::Event => include_str!("../../fixtures/schema/event.schema.json"),
            Self::Vectors => include_str!("../../fixtures/schema/vectors.schema.json"),
        }
    }

    /// The name of the file in which its JSON Schema lies beside a definition.
    pub fn schema_name(self) -> String {
        format!("{self}.schema.json")
    }
}
