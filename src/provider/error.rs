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
    /// The definition's name is not the folder's.
    #[error("`{path}` names the provider `{name}`, but its folder has another name")]
    Name {
        /// The file.
        path: PathBuf,
        /// The name in it.
        name: String,
    },
}
