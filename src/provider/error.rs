//! What can be wrong with a definition.

use std::path::PathBuf;

/// The file that makes a folder a provider.
pub const DEFINITION_FILE: &str = "provider.json";

/// Why a folder is no provider.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file does not say what it has to.
    #[error("`{path}` is not valid: {problem}")]
    Form {
        /// The file.
        path: PathBuf,
        /// The field, what is wrong with it, and where it is known, line and column.
        problem: String,
    },
    /// A file has a placeholder that nothing fills.
    #[error("`{path}` is not valid: `{field}`: unknown placeholder `{{{{{name}}}}}`")]
    Placeholder {
        /// The file.
        path: PathBuf,
        /// The field in which it stands.
        field: &'static str,
        /// What stands between the braces.
        name: String,
        /// The placeholder that is most like it, where one is.
        near: Option<&'static str>,
    },
    /// A folder among providers without the file that makes it one.
    #[error("`{}` has no `{DEFINITION_FILE}`{}", .folder.display(), similar_name(.similar.as_ref()))]
    NoDefinition {
        /// The folder.
        folder: PathBuf,
        /// A file in it whose name is nearly that.
        similar: Option<PathBuf>,
    },
    /// The definition's name is not the folder's.
    #[error("`{path}` names the provider `{name}`, but its folder has another name")]
    Name {
        /// The file.
        path: PathBuf,
        /// The name in it.
        name: String,
    },
}

impl CatalogueError {
    /// The first part of the field in which it is, `envelope`; empty where it is of none.
    pub(super) fn section(&self) -> &str {
        let field = match self {
            Self::Form { problem, .. } => problem.strip_prefix('`').unwrap_or_default(),
            Self::Placeholder { field, .. } => field,
            _ => "",
        };
        field.split(['.', '[', '`']).next().unwrap_or_default()
    }
}

/// What there is in place of a definition.
fn similar_name(file: Option<&PathBuf>) -> String {
    let name = file.and_then(|file| file.file_name());
    name.map_or(String::new(), |name| {
        format!(", but a `{}`", name.display())
    })
}
