//! What the command line can be asked for, one module each.

pub mod diff;
pub mod generate;
pub mod import;

use std::path::PathBuf;

use mcp_codegen::{Error, Workspace};

/// The folder of the crate mcp-schema, named or found.
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
