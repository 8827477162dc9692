//! All modules of `mcp-schema`, from the schemas that it keeps.

use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::builder::write;
use crate::docs::Docs;
use crate::error::Error;
use crate::fixups;
use crate::load::Document;
use crate::modules::{Modules, SUPPORT};
use crate::pipeline::{self, Lowered};

/// The released revisions that `mcp-schema` has a module for, oldest first.
const REVISIONS: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
/// The revision that the tasks extension stands on.
const TASKS_BASE: &str = "2026-07-28";
const TASKS: &str = "tasks";
/// What the build script of `mcp-schema` generates.
const DRAFT: &str = "draft";
/// What to do about a schema that no module is made of.
const UNKNOWN: &str = "a new revision begins with its date in `REVISIONS` in mcp-codegen/src/workspace.rs; the other steps \
                       are in docs/keeping-up.md, \"A new revision\"";

/// The folder of the crate `mcp-schema`, with its `schemas/`, `docs/` and `src/generated/`.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The folder at `root`.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if it holds no schemas.
    pub fn new(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        if root.join("schemas").is_dir() {
            return Ok(Self { root });
        }
        Err(Error::Usage(format!(
            "{} holds no `schemas` folder: name the folder of the crate mcp-schema with `--root`",
            root.display()
        )))
    }

    /// The folder `mcp-schema` below `start` or one of the folders above it.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if there is none.
    pub fn find(start: &Path) -> Result<Self, Error> {
        let found = start.ancestors().map(|folder| folder.join("mcp-schema"));
        match found.map(Self::new).find_map(Result::ok) {
            Some(workspace) => Ok(workspace),
            None => Err(Error::Usage(
                "no folder `mcp-schema` here or above: run this in the workspace, name the folder with `--root`, or \
                 generate one file with `--schema FILE --out PATH`"
                    .to_owned(),
            )),
        }
    }

    /// Where the distilled schema of a revision is kept.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a revision that no module is made of.
    pub fn schema(&self, revision: &str) -> Result<PathBuf, Error> {
        if is_known(revision) {
            return Ok(self.kept(revision));
        }
        Err(Error::Usage(format!("no module is made of `{revision}`: {UNKNOWN}")))
    }

    fn kept(&self, revision: &str) -> PathBuf {
        self.root.join("schemas").join(format!("{revision}.json"))
    }

    /// A schema that is not looked at would seem to be taken in.
    fn refuse_unknown_schemas(&self) -> Result<(), Error> {
        let folder = self.root.join("schemas");
        let failed = |source| Error::File { path: folder.clone(), source };
        let mut unknown = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let is_schema = path.extension().is_some_and(|end| end == "json");
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
            if is_schema && !name.is_some_and(|name| is_known(&name)) {
                unknown.push(path.display().to_string());
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort();
        Err(Error::Usage(format!("no module is made of {}: {UNKNOWN}", unknown.join(", "))))
    }

    /// Writes all generated files, and takes away those that are no longer generated.
    ///
    /// # Errors
    ///
    /// What is wrong with a schema, a text or a file; [`Error::Usage`] for a schema that no module is made of.
    pub fn generate(&self) -> Result<Vec<PathBuf>, Error> {
        let files = self.files()?;
        for (path, text) in &files {
            write(path, text)?;
        }
        for path in self.leftovers(&files)? {
            fs::remove_file(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        }
        Ok(files.into_keys().collect())
    }

    /// Changes nothing, and fails if a generated file is not what would be written.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] with the files' names; otherwise as [`Workspace::generate`].
    pub fn check(&self) -> Result<(), Error> {
        let files = self.files()?;
        let mut stale = self.leftovers(&files)?;
        for (path, text) in files {
            if fs::read_to_string(&path).map_or(true, |before| before != text) {
                stale.push(path);
            }
        }
        if stale.is_empty() { Ok(()) } else { Err(Error::Stale(stale)) }
    }

    fn folder(&self) -> PathBuf {
        self.root.join("src").join("generated")
    }

    /// Files in the folder that are no longer generated.
    fn leftovers(&self, files: &IndexMap<PathBuf, String>) -> Result<Vec<PathBuf>, Error> {
        let mut leftovers = Vec::new();
        let mut folders = vec![self.folder()];
        while let Some(folder) = folders.pop().filter(|folder| folder.is_dir()) {
            let failed = |source| Error::File { path: folder.clone(), source };
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !files.contains_key(&path) {
                    leftovers.push(path);
                }
            }
        }
        leftovers.sort();
        Ok(leftovers)
    }

    fn files(&self) -> Result<IndexMap<PathBuf, String>, Error> {
        self.refuse_unknown_schemas()?;
        let (docs, _) = Docs::read(&self.root.join("docs"))?;
        let mut documents = IndexMap::new();
        let mut revisions: IndexMap<&str, Lowered> = IndexMap::new();
        for revision in REVISIONS {
            let document = Document::read(&self.kept(revision))?;
            let lowered =
                pipeline::run(&document, &pipeline::core_fixups(&document), &[], SUPPORT)?;
            refuse_stale(&document, &lowered)?;
            revisions.insert(revision, lowered);
            documents.insert(*revision, document);
        }
        let tasks = self.tasks(&documents[TASKS_BASE])?;
        let files = Modules::new(&docs, &revisions).files((TASKS_BASE, &tasks))?;
        let folder = self.folder();
        Ok(files.into_iter().map(|(path, text)| (folder.join(path), text)).collect())
    }

    /// The extension's schema, completed by those definitions of the core that it builds upon.
    fn tasks(&self, core: &Document) -> Result<Lowered, Error> {
        let mut document = Document::read(&self.kept(TASKS))?;
        let mut core = core.clone();
        for fixup in pipeline::core_fixups(&core).into_iter().flatten() {
            (fixup.apply)(&mut core);
        }
        let mut wanted: Vec<String> =
            fixups::TASKS_BORROW.iter().map(|&name| name.to_owned()).collect();
        while let Some(name) = wanted.pop() {
            if document.definitions.contains_key(&name) {
                continue;
            }
            let Some(schema) = core.definitions.get(&name) else { continue };
            references(schema, &mut wanted);
            document.definitions.insert(name, schema.clone());
        }
        let lowered = pipeline::run(&document, &[fixups::TASKS], &[], SUPPORT)?;
        refuse_stale(&document, &lowered)?;
        Ok(lowered)
    }
}

fn is_known(revision: &str) -> bool {
    REVISIONS.contains(&revision) || revision == TASKS || revision == DRAFT
}

/// Names of the definitions that a schema refers to.
fn references(schema: &serde_json::Value, into: &mut Vec<String>) {
    use serde_json::Value;
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                into.extend(name.rsplit('/').next().map(str::to_owned));
            }
            members.values().for_each(|value| references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, into)),
        _ => {}
    }
}

fn refuse_stale(document: &Document, lowered: &Lowered) -> Result<(), Error> {
    if lowered.stale.is_empty() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{}: these fixups no longer apply, take them out of the revision's list: {}",
        document.name,
        lowered.stale.join(", ")
    )))
}
