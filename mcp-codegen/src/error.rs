//! What can go wrong, said so that the reader knows where and what to do.

use std::fmt;
use std::path::PathBuf;

/// Why no code was generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not JSON.
    #[error("{}: not JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// A schema that cannot be lowered: everything that is wrong with it, in the order of the document.
    #[error("{name}: {problems}")]
    Schema {
        /// The file, or the name that the caller gave the schema.
        name: String,
        /// All that was found.
        problems: Problems,
    },
    /// A documentation file that is not in the format that `docs` takes.
    #[error("{}:{line}: {what}", path.display())]
    Docs {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The command or the builder was given something that does not fit.
    #[error("{0}")]
    Usage(String),
    /// Generated files that do not match their schemas (`generate --check`).
    #[error("stale, run `mcp-codegen generate`: {}", list(.0))]
    Stale(Vec<PathBuf>),
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// One thing in a schema that cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer to the place, starting at the document's root.
    pub pointer: String,
    /// The keyword at fault, if it is one.
    pub keyword: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}", if self.pointer.is_empty() { "the root" } else { &self.pointer })?;
        if let Some(keyword) = &self.keyword {
            write!(f, ", keyword `{keyword}`")?;
        }
        write!(f, ": {}\n    help: {}", self.what, self.help)
    }
}

/// All problems of one schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn report(
        &mut self,
        pointer: &str,
        keyword: Option<&str>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.0.push(Problem {
            pointer: pointer.to_owned(),
            keyword: keyword.map(str::to_owned),
            what: what.into(),
            help: help.into(),
        });
    }

    /// The problems, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` if nothing was found.
    pub(crate) fn into_result(self, name: &str) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Error::Schema { name: name.to_owned(), problems: self })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{plural}", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
