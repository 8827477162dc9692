//! What the command line can be asked for, one module each.

#[cfg(not(all(feature = "cli", feature = "new")))]
pub mod absent;
#[cfg(feature = "cli")]
pub mod diff;
#[cfg(feature = "cli")]
pub mod generate;
#[cfg(feature = "cli")]
pub mod import;
#[cfg(feature = "new")]
pub mod new;

#[cfg(feature = "cli")]
use std::path::{Path, PathBuf};

#[cfg(feature = "cli")]
use mcp_codegen::{Error, Workspace};

/// The folder of the crate mcp-schema, named or found.
#[cfg(feature = "cli")]
fn workspace(root: Option<PathBuf>) -> Result<Workspace, Error> {
    match root {
        Some(root) => Workspace::new(root),
        None => {
            // Below the current folder, paths are shown as they are typed there.
            Workspace::new("mcp-schema").or_else(|_| Workspace::find(&current_folder()?))
        }
    }
}

#[cfg(feature = "cli")]
fn current_folder() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::File { path: PathBuf::from("."), source })
}

/// A path as it is typed in the current folder, if it is below that.
#[cfg(feature = "cli")]
fn shown(path: &Path) -> String {
    let here = current_folder().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.as_deref().unwrap_or(path).display().to_string()
}
