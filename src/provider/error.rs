//! What can be wrong with a definition.

use std::path::PathBuf;

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
    /// A file does not say what it has to.
    #[error("`{path}` is not valid: {source}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A file has a placeholder that nothing fills.
    #[error("`{path}` is not valid: unknown placeholder `{{{{{name}}}}}`")]
    Placeholder {
        /// The file.
        path: PathBuf,
        /// What stands between the braces.
        name: String,
        /// The placeholder that is most like it, where one is.
        near: Option<&'static str>,
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
