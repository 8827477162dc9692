//! Where the new crate gets mcpwright from: a checkout or a repository, since a name in the registry may be a stranger's.

use std::fmt;
use std::path::{Path, PathBuf};

use super::NewError;

/// What stands in the new crate's `Cargo.toml`.
#[derive(Debug, PartialEq)]
pub enum Origin {
    /// A checkout, as an absolute path.
    Path(String),
    /// A repository.
    Git {
        /// Its address.
        url: String,
        /// The commit to stay with.
        rev: Option<String>,
    },
}

impl Origin {
    /// What was asked for, if it was.
    pub fn said(
        path: Option<PathBuf>,
        git: Option<String>,
        rev: Option<String>,
    ) -> Result<Option<Self>, NewError> {
        match (path, git) {
            (Some(path), _) => Self::path(&path).map(Some),
            (None, Some(url)) => Self::git(url, rev).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The checkout that this command was built from, if it is there to stay.
    pub fn built_from() -> Option<Self> {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
        // What `cargo install --git` has fetched is Cargo's to throw away.
        let parts: Vec<_> = checkout.components().map(|part| part.as_os_str()).collect();
        let fetched = parts.windows(2).any(|two| two[0] == "git" && two[1] == "checkouts");
        if fetched { None } else { Self::path(checkout).ok() }
    }

    /// A checkout.
    pub fn path(path: &Path) -> Result<Self, NewError> {
        let manifest = path.join("mcp-runtime/Cargo.toml");
        let ours = std::fs::read_to_string(manifest)
            .is_ok_and(|text| text.contains("name = \"mcpwright-runtime\""));
        if !ours {
            return Err(NewError::Checkout(path.to_owned()));
        }
        let absolute = std::path::absolute(path).map_err(NewError::file(path))?;
        let text = absolute.to_string_lossy();
        match absolute.to_str() {
            Some(text) if is_readable(text) => Ok(Self::Path(text.to_owned())),
            _ => {
                Err(NewError::Unreadable(text.into_owned(), "is no path that Cargo.toml can hold"))
            }
        }
    }

    /// A repository.
    pub fn git(url: String, rev: Option<String>) -> Result<Self, NewError> {
        if !url.contains("://") || !is_readable(&url) {
            let why = "is no URL that Cargo takes: write https://.., ssh://git@.. or file:///..";
            return Err(NewError::Unreadable(url, why));
        }
        match rev {
            Some(rev) if rev.is_empty() || !is_readable(&rev) => {
                Err(NewError::Unreadable(rev, "is no revision of a repository"))
            }
            rev => Ok(Self::Git { url, rev }),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Git { url, rev: None } => f.write_str(url),
            Self::Git { url, rev: Some(rev) } => write!(f, "{url} at {rev}"),
        }
    }
}

/// Whether it can stand between quotes in TOML, in YAML and in a Dockerfile, as it is.
fn is_readable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '"' | '`' | '$'))
}
