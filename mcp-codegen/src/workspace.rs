//! All modules of `mcp-schema`, from the schemas that it keeps.

use std::fs;
use std::path::{Path, PathBuf};

use indexmap::{IndexMap, IndexSet};

use crate::builder::write;
use crate::conversions;
use crate::docs::Docs;
use crate::error::Error;
use crate::fixups;
use crate::load::Document;
use crate::pipeline::{self, Lowered, Module};

/// The released revisions that `mcp-schema` has a module for, oldest first.
const REVISIONS: &[&str] = &["2025-11-25", "2026-07-28"];
/// The revision that the tasks extension stands on.
const TASKS_BASE: &str = "2026-07-28";
const TASKS: &str = "tasks";
const SUPPORT: &str = "crate";

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
    pub fn schema(&self, revision: &str) -> PathBuf {
        self.root.join("schemas").join(format!("{revision}.json"))
    }

    /// Writes all generated files, and takes away those that are no longer generated.
    ///
    /// # Errors
    ///
    /// What is wrong with a schema, a text or a file.
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

    fn leftovers(&self, files: &IndexMap<PathBuf, String>) -> Result<Vec<PathBuf>, Error> {
        let folder = self.folder();
        let failed = |source| Error::File { path: folder.clone(), source };
        let mut leftovers = Vec::new();
        if folder.is_dir() {
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if !files.contains_key(&path) {
                    leftovers.push(path);
                }
            }
        }
        leftovers.sort();
        Ok(leftovers)
    }

    fn files(&self) -> Result<IndexMap<PathBuf, String>, Error> {
        let (docs, _) = Docs::read(&self.root.join("docs"))?;
        let mut documents = IndexMap::new();
        let mut revisions: IndexMap<&str, Lowered> = IndexMap::new();
        for revision in REVISIONS {
            let document = Document::read(&self.schema(revision))?;
            let lowered =
                pipeline::run(&document, &pipeline::core_fixups(&document), &[], SUPPORT)?;
            refuse_stale(&document, &lowered)?;
            revisions.insert(revision, lowered);
            documents.insert(*revision, document);
        }
        let shared = shared(&revisions);
        let mut files = Files { docs: &docs, folder: self.folder(), files: IndexMap::new() };
        let (newest, lowered) = revisions.last().expect("there is at least one revision");
        let note = "Types that are the same in several revisions, with all that they refer to.";
        let only = Some(&shared);
        files.add(note, "shared", newest, lowered, IndexMap::new(), false, only)?;
        for (revision, lowered) in &revisions {
            let external = shared.iter().map(|name| (name.clone(), "crate::shared".to_owned()));
            let note = format!("Revision {revision}.");
            files.add(
                &note,
                &module(revision),
                revision,
                lowered,
                external.collect(),
                true,
                None,
            )?;
        }
        let tasks = self.tasks(&documents[TASKS_BASE])?;
        let base = &revisions[TASKS_BASE];
        let external = pipeline::same(&tasks.normalized, &base.normalized);
        let path = format!("crate::{}", module(TASKS_BASE));
        let external = external.into_iter().map(|name| (name, path.clone()));
        let note = "The extension `io.modelcontextprotocol/tasks`, on top of revision 2026-07-28.";
        files.add(note, TASKS, TASKS, &tasks, external.collect(), true, None)?;
        let pairs: Vec<_> = revisions.iter().collect();
        let mut conversions = String::new();
        for (index, (old, from)) in pairs.iter().enumerate() {
            for (new, into) in &pairs[index + 1..] {
                conversions.push_str(&conversions::between(
                    (&module(old), from),
                    (&module(new), into),
                    &shared,
                ));
            }
        }
        let text = conversions::file(&conversions, &preamble("schemas/*.json"))?;
        let path = files.folder.join("conversions.rs");
        files.files.insert(path, text);
        let text = index(&revisions);
        let path = files.folder.join("mod.rs");
        files.files.insert(path, text);
        Ok(files.files)
    }

    /// The extension's schema, completed by those definitions of the core that it builds upon.
    fn tasks(&self, core: &Document) -> Result<Lowered, Error> {
        let mut document = Document::read(&self.schema(TASKS))?;
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

/// Definitions that are one type in all revisions that have them, and stand in more than one.
fn shared(revisions: &IndexMap<&str, Lowered>) -> IndexSet<String> {
    let all: Vec<&Lowered> = revisions.values().collect();
    let mut shared: Option<IndexSet<String>> = None;
    for pair in all.windows(2) {
        let same = pipeline::same(&pair[0].normalized, &pair[1].normalized);
        shared = Some(match shared {
            None => same,
            Some(before) => before.intersection(&same).cloned().collect(),
        });
    }
    shared.unwrap_or_default()
}

/// A revision's module.
fn module(revision: &str) -> String {
    format!("v{}", revision.replace('-', "_"))
}

struct Files<'a> {
    docs: &'a Docs,
    folder: PathBuf,
    files: IndexMap<PathBuf, String>,
}

impl Files<'_> {
    #[expect(clippy::too_many_arguments, reason = "one call a module, each argument another thing")]
    fn add(
        &mut self,
        note: &str,
        module: &str,
        revision: &str,
        lowered: &Lowered,
        external: IndexMap<String, String>,
        registry: bool,
        only: Option<&IndexSet<String>>,
    ) -> Result<(), Error> {
        let revision = Some(revision);
        let text = Module {
            lowered,
            support: SUPPORT,
            docs: self.docs,
            revision,
            external,
            registry,
            listed: registry.then_some(module),
            only,
        };
        let schema = revision.map_or(String::new(), |revision| format!("schemas/{revision}.json"));
        let preamble = format!("{}\n//! {note}\n", preamble(&schema));
        let text = text.print(module, &preamble)?;
        self.files.insert(self.folder.join(format!("{module}.rs")), text);
        Ok(())
    }
}

fn preamble(input: &str) -> String {
    format!("// Generated by `mcp-codegen generate` from {input}. Do not edit.\n")
}

/// `generated/mod.rs`.
fn index(revisions: &IndexMap<&str, Lowered>) -> String {
    let mut text = preamble("schemas/*.json");
    let modules: Vec<String> = revisions.keys().map(|revision| module(revision)).collect();
    // What is left out here is not even read by the compiler.
    let pairs = modules.iter().enumerate().flat_map(|(index, old)| {
        let later = modules.iter().skip(index + 1);
        later.map(move |new| format!("all(feature = \"{old}\", feature = \"{new}\")"))
    });
    let pairs: Vec<String> = pairs.collect();
    let any = match pairs.as_slice() {
        [pair] => pair.clone(),
        pairs => format!("any({})", pairs.join(", ")),
    };
    text.push_str(&format!("\n#[cfg({any})]\n#[rustfmt::skip]\nmod conversions;\n"));
    text.push_str("#[rustfmt::skip]\npub mod shared;\n");
    for module in modules {
        text.push_str(&format!(
            "#[cfg(feature = \"{module}\")]\n#[rustfmt::skip]\npub mod {module};\n"
        ));
    }
    text.push_str("#[cfg(feature = \"tasks\")]\n#[rustfmt::skip]\npub mod tasks;\n");
    text
}
