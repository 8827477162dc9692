//! What the command line can be asked for, one module each.

#[cfg(feature = "cli")]
pub mod diff;
#[cfg(feature = "cli")]
pub mod generate;
#[cfg(feature = "cli")]
pub mod import;
#[cfg(feature = "new")]
pub mod new;

#[cfg(feature = "cli")]
use std::path::PathBuf;

#[cfg(feature = "cli")]
use mcp_codegen::{Error, Workspace};

/// The folder of the crate mcp-schema, named or found.
#[cfg(feature = "cli")]
fn workspace(root: Option<PathBuf>) -> Result<Workspace, Error> {
    match root {
        Some(root) => Workspace::new(root),
        None => {
            let here = std::env::current_dir()
                .map_err(|source| Error::File { path: PathBuf::from("."), source })?;
            Workspace::find(&here)
        }
    }
}
