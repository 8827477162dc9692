//! What can go wrong, said so that the reader knows where and what to do.

use std::fmt;
use std::path::PathBuf;

use serde_json::error::Category;

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
    /// A file is not JSON, or has a key twice in one object.
    #[error("{}: {}{source}", path.display(), if source.classify() == Category::Data { "" } else { "not JSON: " })]
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

/// How the help of a problem puts an override: as its reader can give it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Overriding {
    /// A build script, or another program.
    #[default]
    Program,
    /// The command `mcp-codegen generate --schema`.
    Command,
    /// The draft of `mcp-schema`.
    Draft,
    /// What else `mcp-schema` keeps: its corrections have names.
    Kept,
}

/// All problems of one schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    found: Vec<Problem>,
    overriding: Overriding,
}

impl Problems {
    pub(crate) fn new(overriding: Overriding) -> Self {
        Self { found: Vec::new(), overriding }
    }

    /// An override of the place, in the words of who is to give it.
    pub(crate) fn overriding(&self, at: &str, kind: &str) -> String {
        match self.overriding {
            Overriding::Program => format!("`.with_override(\"{at}={kind}\".parse()?)`"),
            Overriding::Command => format!("`--override {at}={kind}`"),
            Overriding::Draft => {
                format!("`\"{at}={kind}\"` in `DRAFT_OVERRIDES` in mcp-codegen/src/workspace.rs")
            }
            Overriding::Kept => {
                format!("`{at}={kind}`, by a correction of its own in mcp-codegen/src/fixups")
            }
        }
    }

    /// What to do where any JSON will do.
    pub(crate) fn opaque(&self, at: &str) -> String {
        format!("if any JSON will do here, override it: {}", self.overriding(at, "opaque"))
    }

    pub(crate) fn report(
        &mut self,
        pointer: &str,
        keyword: Option<&str>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.found.push(Problem {
            pointer: pointer.to_owned(),
            keyword: keyword.map(str::to_owned),
            what: what.into(),
            help: help.into(),
        });
    }

    /// The problems, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.found.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Leaves those that others found as well, each once.
    pub(crate) fn keep_common(&mut self, others: &Self) {
        let mut kept: Vec<Problem> = Vec::new();
        for problem in self.found.drain(..) {
            if others.found.contains(&problem) && !kept.contains(&problem) {
                kept.push(problem);
            }
        }
        self.found = kept;
    }

    /// Brings them into the order of the document; those of one place stay as they were found.
    pub(crate) fn sort_by<K: Ord>(&mut self, place: impl Fn(&str) -> K) {
        self.found.sort_by_key(|problem| place(&problem.pointer));
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
        let plural = if self.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{plural}", self.len())?;
        self.found.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
