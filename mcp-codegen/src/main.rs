//! The command `mcp-codegen`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mcp_codegen::{Builder, Error, Origin, Override, Workspace, distill};
use sha2::{Digest, Sha256};

/// Turns the Model Context Protocol's schema into typed Rust.
#[derive(Parser)]
#[command(name = "mcp-codegen", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes a published schema into the workspace, distilled to its facts.
    Import {
        /// The published schema.json.
        file: PathBuf,
        /// The revision: its date, `draft`, or `tasks` for the extension.
        #[arg(long)]
        revision: String,
        /// Where it was published: repository, commit and path.
        #[arg(long)]
        source: Option<String>,
        /// The folder of the crate mcp-schema; found from here upwards unless given.
        #[arg(long)]
        root: Option<PathBuf>,
    },
    /// Writes Rust: all modules of mcp-schema, or one schema into one file.
    Generate {
        /// Changes nothing, and fails if a file is stale.
        #[arg(long)]
        check: bool,
        /// A schema of your own, published or distilled.
        #[arg(long, requires = "out")]
        schema: Option<PathBuf>,
        /// The file to write.
        #[arg(long, requires = "schema")]
        out: Option<PathBuf>,
        /// A folder of Markdown files with documentation for `--schema`.
        #[arg(long, requires = "schema")]
        docs: Option<PathBuf>,
        /// The path of the crate mcp_schema in the generated code.
        #[arg(long, requires = "schema", default_value = "::mcp_schema")]
        crate_path: String,
        /// A word about a place that cannot be lowered: POINTER=KIND, where KIND is opaque, open, skip, name:NAME,
        /// rename:NAME or told-by:KEY.
        #[arg(long = "override", value_name = "POINTER=KIND", requires = "schema")]
        overrides: Vec<Override>,
        /// The folder of the crate mcp-schema; found from here upwards unless given.
        #[arg(long, conflicts_with = "schema")]
        root: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Import { file, revision, source, root } => {
            import(&file, revision, source, &workspace(root)?)
        }
        Command::Generate {
            check,
            schema: Some(schema),
            out: Some(out),
            docs,
            crate_path,
            overrides,
            ..
        } => {
            let mut builder = Builder::new().schema(schema).out(&out).crate_path(crate_path);
            if let Some(docs) = docs {
                builder = builder.docs(docs);
            }
            let builder = overrides.into_iter().fold(builder, Builder::with_override);
            if check {
                let fresh = builder.text()?.text;
                let current = fs::read_to_string(&out).unwrap_or_default();
                return if current == fresh { Ok(()) } else { Err(Error::Stale(vec![out])) };
            }
            let generated = builder.generate()?;
            for note in generated.notes {
                eprintln!("note: {note}");
            }
            eprintln!("wrote {}", out.display());
            Ok(())
        }
        Command::Generate { check: true, root, .. } => workspace(root)?.check(),
        Command::Generate { root, .. } => {
            for path in workspace(root)?.generate()? {
                eprintln!("wrote {}", path.display());
            }
            Ok(())
        }
    }
}

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

fn import(
    file: &PathBuf,
    revision: String,
    source: Option<String>,
    workspace: &Workspace,
) -> Result<(), Error> {
    let failed = |source| Error::File { path: file.clone(), source };
    let bytes = fs::read(file).map_err(failed)?;
    let schema = serde_json::from_slice(&bytes)
        .map_err(|source| Error::Json { path: file.clone(), source })?;
    let digest = Sha256::digest(&bytes);
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = workspace.schema(&revision);
    let text = distill(&schema, &Origin { revision, source, sha256 })?;
    fs::write(&path, text).map_err(|source| Error::File { path: path.clone(), source })?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
