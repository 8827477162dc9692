//! All modules of `mcp-schema`, from the schemas that it keeps.

use std::fs;
use std::path::{self, Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value;

use crate::builder::{Builder, write};
use crate::docs::Docs;
use crate::error::{Error, Overriding};
use crate::fixups::{self, Fixup};
use crate::load::Document;
use crate::modules::{Modules, SUPPORT};
use crate::pipeline::{self, Lowered, Settings};

/// The released revisions that `mcp-schema` has a module for, oldest first.
const REVISIONS: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
/// The revision that the tasks extension stands on.
const TASKS_BASE: &str = "2026-07-28";
const TASKS: &str = "tasks";
/// What the build script of `mcp-schema` generates.
const DRAFT: &str = "draft";
/// The revision that the draft shares its types with, and its module.
const DRAFT_BASE: (&str, &str) = ("2026-07-28", "crate::v2026_07_28");
/// What the draft cannot be lowered without, until it is put right where it is published: `"/$defs/Shape=opaque"`.
const DRAFT_OVERRIDES: &[&str] = &[];
/// What to do about a schema that no module is made of.
const UNKNOWN: &str = "a new revision begins with its date in `REVISIONS` in mcp-codegen/src/workspace.rs; the other steps \
                       are in docs/keeping-up.md, \"A new revision\"";

/// The folder of the crate `mcp-schema`, with its `schemas/`, `docs/` and `src/generated/`.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

/// What [`Workspace::generate`] did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Written {
    /// The files that were written.
    pub changed: Vec<PathBuf>,
    /// The files that were taken away, since nothing is generated into them any more.
    pub removed: Vec<PathBuf>,
    /// How many files were as they would have been written.
    pub same: usize,
    /// What the caller may want to know about the draft, though nothing is wrong for sure.
    pub notes: Vec<String>,
}

impl Workspace {
    /// The environment variable that names another file to generate the draft's module from.
    pub const DRAFT_SCHEMA: &str = "MCP_DRAFT_SCHEMA";

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

    /// The revisions that modules are made of: the released ones, oldest first, and what moves.
    pub fn revisions() -> impl Iterator<Item = &'static str> {
        REVISIONS.iter().copied().chain([TASKS, DRAFT])
    }

    /// Whether a revision is released: its schema is not to change any more.
    pub fn is_released(revision: &str) -> bool {
        REVISIONS.contains(&revision)
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
        if is_date(revision) {
            return Err(Error::Usage(format!("no module is made of `{revision}`: {UNKNOWN}")));
        }
        let known: Vec<&str> = Self::revisions().collect();
        Err(Error::Usage(format!(
            "there is no revision `{revision}`: known are {}",
            known.join(", ")
        )))
    }

    /// What generates the module of the draft, but for the file to write: for the build script of `mcp-schema`, and for whoever
    /// wants to know before whether it will. `instead` is what [`Workspace::DRAFT_SCHEMA`] holds; a relative path starts at the
    /// folder above `mcp-schema`, wherever the variable was set.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if `instead` is no file.
    pub fn draft(&self, instead: Option<&Path>) -> Result<Builder, Error> {
        let mut builder = Builder::new()
            .schema(self.kept(DRAFT))
            .same_as(self.kept(DRAFT_BASE.0), DRAFT_BASE.1)
            .docs(self.root.join("docs"))
            .crate_path(SUPPORT)
            .revisions(&[DRAFT, DRAFT_BASE.0])
            .overriding(Overriding::Draft);
        if let Some(instead) = instead {
            builder = builder.schema(self.named(instead)?);
        }
        for text in DRAFT_OVERRIDES {
            builder = builder.with_override(text.parse()?);
        }
        Ok(builder)
    }

    fn named(&self, instead: &Path) -> Result<PathBuf, Error> {
        let root = path::absolute(&self.root)
            .map_err(|source| Error::File { path: self.root.clone(), source })?;
        let start = root.parent().unwrap_or(&root);
        let path = start.join(instead);
        if path.is_file() {
            return Ok(path);
        }
        let relative = match instead.is_relative() {
            true => format!(": a relative path starts at {}", start.display()),
            false => String::new(),
        };
        Err(Error::Usage(format!(
            "{} names {}, which is no file{relative}",
            Self::DRAFT_SCHEMA,
            instead.display()
        )))
    }

    /// Whether a module could be made of a schema, if it were that of the revision: as [`Workspace::generate`] and, for the
    /// draft, the build script of `mcp-schema` would make it. `name` stands in messages. Gives what is worth knowing.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] with all that cannot be lowered; [`Error::Usage`] for a revision that no module is made of, or for a
    /// correction of ours that has nothing to do in a schema that is not the draft's.
    pub fn try_schema(
        &self,
        revision: &str,
        name: &str,
        schema: Value,
    ) -> Result<Vec<String>, Error> {
        self.schema(revision)?;
        if revision == DRAFT {
            return Ok(self.draft(None)?.text_of(name, schema)?.notes);
        }
        let document = Document::new(name, schema)?;
        if revision == TASKS {
            let core = Document::read(&self.kept(TASKS_BASE))?;
            return Ok(tasks(document, &core)?.notes());
        }
        let lowered = kept(&document, &pipeline::core_fixups(&document))?;
        if revision == TASKS_BASE {
            tasks(Document::read(&self.kept(TASKS))?, &document)?;
        }
        Ok(lowered.notes())
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

    /// Writes the generated files that are not what they should be, and takes away those that are no longer generated. The
    /// draft's module is not among them, since the build script of `mcp-schema` makes it; but its schema is lowered, too.
    ///
    /// # Errors
    ///
    /// What is wrong with a schema, a text or a file; [`Error::Usage`] for a schema that no module is made of.
    pub fn generate(&self) -> Result<Written, Error> {
        let files = self.files()?;
        let mut written = Written { notes: self.draft(None)?.text()?.notes, ..Written::default() };
        let leftovers = self.leftovers(&files)?;
        for (path, text) in files {
            match write(&path, &text)? {
                true => written.changed.push(path),
                false => written.same += 1,
            }
        }
        for path in leftovers {
            fs::remove_file(&path).map_err(|source| Error::File { path: path.clone(), source })?;
            written.removed.push(path);
        }
        Ok(written)
    }

    /// Changes nothing, and fails if a generated file is not what would be written.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] with the files' names; otherwise as [`Workspace::generate`].
    pub fn check(&self) -> Result<(), Error> {
        let files = self.files()?;
        self.draft(None)?.text()?;
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
            let lowered = kept(&document, &pipeline::core_fixups(&document))?;
            revisions.insert(revision, lowered);
            documents.insert(*revision, document);
        }
        let tasks = tasks(Document::read(&self.kept(TASKS))?, &documents[TASKS_BASE])?;
        let files = Modules::new(&docs, &revisions).files((TASKS_BASE, &tasks))?;
        let folder = self.folder();
        Ok(files.into_iter().map(|(path, text)| (folder.join(path), text)).collect())
    }
}

/// The extension's schema, completed by those definitions of the core that it builds upon.
fn tasks(mut document: Document, core: &Document) -> Result<Lowered, Error> {
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
    kept(&document, &[fixups::TASKS])
}

/// Lowers a schema that is kept with its corrections, each of which has to have something to do.
fn kept(document: &Document, fixups: &[&'static [Fixup]]) -> Result<Lowered, Error> {
    let (overrides, overriding) = (&[], Overriding::Kept);
    let settings = Settings { fixups, overrides, overriding, support: SUPPORT };
    let lowered = pipeline::run(document, &settings)?;
    refuse_stale(document, &lowered)?;
    Ok(lowered)
}

fn is_known(revision: &str) -> bool {
    Workspace::revisions().any(|known| known == revision)
}

/// Whether it could be the name of a revision to come.
fn is_date(revision: &str) -> bool {
    let form = |c: char| if c.is_ascii_digit() { '0' } else { c };
    revision.chars().map(form).eq("0000-00-00".chars())
}

/// Names of the definitions that a schema refers to.
fn references(schema: &Value, into: &mut Vec<String>) {
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
