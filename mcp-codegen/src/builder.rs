//! One schema into one file: for build scripts, and for the command line.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value;

use crate::docs::Docs;
use crate::error::{Error, Overriding};
use crate::load::Document;
use crate::overrides::Override;
use crate::pipeline::{self, Lowered, Module, Settings};

/// Generates the types of one schema.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    schema: Option<PathBuf>,
    base: Option<(PathBuf, String)>,
    docs: Option<PathBuf>,
    out: Option<PathBuf>,
    support: Option<String>,
    overrides: Vec<Override>,
    overriding: Overriding,
    revisions: &'static [&'static str],
}

/// What a [`Builder`] made.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The Rust file's text.
    pub text: String,
    /// What the caller may want to know, though nothing is wrong for sure: what is required but not described, and fixups of
    /// ours that this schema no longer needs.
    pub notes: Vec<String>,
    /// The files that were read.
    pub inputs: Vec<PathBuf>,
    /// Whether a file was written: it is left alone if it holds the text already.
    pub written: bool,
}

impl Builder {
    /// A builder that has yet to be told which schema to read.
    pub fn new() -> Self {
        Self::default()
    }

    /// The schema: a published `schema.json`, or one that `mcp-codegen import` distilled.
    #[must_use]
    pub fn schema(mut self, path: impl Into<PathBuf>) -> Self {
        self.schema = Some(path.into());
        self
    }

    /// Takes what is the same in the schema at `path` from `module` (such as `crate::v2026_07_28`) instead of generating it.
    #[must_use]
    pub fn same_as(mut self, path: impl Into<PathBuf>, module: impl Into<String>) -> Self {
        self.base = Some((path.into(), module.into()));
        self
    }

    /// A folder of Markdown files with documentation. Descriptions in the schema are used where it has none.
    #[must_use]
    pub fn docs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.docs = Some(folder.into());
        self
    }

    /// The file to write: relative paths start at `OUT_DIR`, where it is set.
    #[must_use]
    pub fn out(mut self, path: impl Into<PathBuf>) -> Self {
        self.out = Some(path.into());
        self
    }

    /// The path of the crate `mcp_schema` in the generated code; `::mcp_schema` unless told otherwise.
    #[must_use]
    pub fn crate_path(mut self, path: impl Into<String>) -> Self {
        self.support = Some(path.into());
        self
    }

    /// A word about one place of the schema: `.with_override("/$defs/Shape=opaque".parse()?)`. See [`Override`].
    #[must_use]
    pub fn with_override(mut self, one: Override) -> Self {
        self.overrides.push(one);
        self
    }

    /// Lets the help of a refusal speak to somebody at a command line: of `--override`, where it speaks of
    /// [`Builder::with_override`] to the author of a build script.
    #[must_use]
    pub fn for_command_line(self) -> Self {
        self.overriding(Overriding::Command)
    }

    /// Texts of the documentation that are only for these revisions hold, too; those for the first come first.
    pub(crate) fn revisions(mut self, revisions: &'static [&'static str]) -> Self {
        self.revisions = revisions;
        self
    }

    pub(crate) fn overriding(mut self, overriding: Overriding) -> Self {
        self.overriding = overriding;
        self
    }

    /// Generates the text without writing it.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] with all that cannot be lowered; [`Error::File`], [`Error::Json`] and [`Error::Docs`] for the
    /// files; [`Error::Usage`] when no schema was given, or when an override no longer applies.
    pub fn text(&self) -> Result<Generated, Error> {
        let path = self.schema.as_ref().ok_or_else(|| {
            Error::Usage("no schema was given: call `Builder::schema` with its path".to_owned())
        })?;
        let document = Document::read(path)?;
        let mut inputs = vec![path.clone()];
        let mut generated = self.lower(&document, &mut inputs)?;
        generated.inputs = inputs;
        Ok(generated)
    }

    /// Generates the text from a schema that is in memory already; `name` stands in messages.
    ///
    /// # Errors
    ///
    /// As [`Builder::text`].
    pub fn text_of(&self, name: &str, schema: Value) -> Result<Generated, Error> {
        self.lower(&Document::new(name, schema)?, &mut Vec::new())
    }

    fn lower(&self, document: &Document, inputs: &mut Vec<PathBuf>) -> Result<Generated, Error> {
        let support = self.support.as_deref().unwrap_or("::mcp_schema");
        let settings = Settings {
            fixups: &pipeline::core_fixups(document),
            overrides: &self.overrides,
            overriding: self.overriding,
            support,
        };
        let lowered = pipeline::run(document, &settings)?;
        let mut docs = Docs::default();
        if let Some(folder) = &self.docs {
            let (read, files) = Docs::read(folder)?;
            docs = read;
            inputs.push(folder.clone());
            inputs.extend(files);
        }
        let external = self.external(&lowered, support, inputs)?;
        let module = Module {
            lowered: &lowered,
            support,
            docs: &docs,
            revisions: self.revisions,
            external,
            registry: true,
            listed: None,
            only: None,
        };
        let preamble = preamble(&document.name, support);
        let text = module.print(&document.name, &preamble)?;
        let stale = lowered
            .stale
            .iter()
            .map(|name| format!("the fixup `{name}` has nothing to do in {}", document.name));
        let notes = lowered.notes().into_iter().chain(stale).collect();
        Ok(Generated { text, notes, inputs: Vec::new(), written: false })
    }

    fn external(
        &self,
        lowered: &Lowered,
        support: &str,
        inputs: &mut Vec<PathBuf>,
    ) -> Result<IndexMap<String, String>, Error> {
        let Some((path, module)) = &self.base else { return Ok(IndexMap::new()) };
        let base = Document::read(path)?;
        inputs.push(path.clone());
        let settings = Settings {
            fixups: &pipeline::core_fixups(&base),
            overrides: &[],
            overriding: self.overriding,
            support,
        };
        let base = pipeline::run(&base, &settings)?;
        let same = pipeline::same(&lowered.normalized, &base.normalized);
        Ok(same.into_iter().map(|name| (name, module.clone())).collect())
    }

    /// Generates and writes the file, and tells cargo what the build depends on.
    ///
    /// # Errors
    ///
    /// As [`Builder::text`], and [`Error::Usage`] when no file to write was given.
    #[expect(clippy::print_stdout, reason = "a build script talks to cargo there")]
    pub fn generate(&self) -> Result<Generated, Error> {
        let out = self.out.as_ref().ok_or_else(|| {
            Error::Usage("no file to write was given: call `Builder::out`".to_owned())
        })?;
        let out_dir = env::var_os("OUT_DIR").map(PathBuf::from);
        let in_build_script = out_dir.is_some();
        let out = out_dir.unwrap_or_default().join(out);
        if in_build_script && let Some(schema) = &self.schema {
            // Said before anything can fail: a schema that is mended must start the build again.
            println!("cargo::rerun-if-changed={}", schema.display());
        }
        let mut generated = self.text()?;
        if in_build_script {
            for input in &generated.inputs {
                println!("cargo::rerun-if-changed={}", input.display());
            }
        }
        generated.written = write(&out, &generated.text)?;
        Ok(generated)
    }
}

/// Ends a build script with an error that reads well in cargo's output.
#[expect(clippy::print_stdout, reason = "a build script talks to cargo there")]
pub fn fail(error: &Error) -> ! {
    for line in error.to_string().lines() {
        println!("cargo::error={line}");
    }
    std::process::exit(1);
}

/// Writes a file unless it is the same already, so that nothing is rebuilt for nothing. Says whether it was written.
pub(crate) fn write(path: &Path, text: &str) -> Result<bool, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)?;
    Ok(true)
}

fn preamble(input: &str, support: &str) -> String {
    // The path may be anybody's; the name says which file it was.
    let input = Path::new(input).file_name().map_or(input.into(), |name| name.to_string_lossy());
    format!(
        "// Generated by mcp-codegen {} from {input}. Do not edit: change the schema, and generate again.\n\
         // Needs `{}` (package `mcpwright-schema`) and nothing else.\n",
        env!("CARGO_PKG_VERSION"),
        support.trim_start_matches("::"),
    )
}
