//! `mcp-codegen import`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use mcp_codegen::{Diff, Error, Origin, distill};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What `import` can be told.
#[derive(Args)]
pub struct Import {
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
    /// A folder of Rust sources to search for what has changed; those of mcp-macros and mcp-runtime beside mcp-schema
    /// unless given. Can be given several times.
    #[arg(long, value_name = "DIR")]
    touches: Vec<PathBuf>,
}

/// Distils a published schema into the workspace, and tells what is different from before.
pub fn run(arguments: Import) -> Result<(), Error> {
    let Import { file, revision, source, root, touches } = arguments;
    let workspace = super::workspace(root)?;
    let failed = |source| Error::File { path: file.clone(), source };
    let bytes = fs::read(&file).map_err(failed)?;
    let schema: Value = serde_json::from_slice(&bytes)
        .map_err(|source| Error::Json { path: file.clone(), source })?;
    let digest = Sha256::digest(&bytes);
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = workspace.schema(&revision);
    let text = distill(&schema, &Origin { revision: revision.clone(), source, sha256 })?;
    let before = fs::read(&path).ok();
    fs::write(&path, text).map_err(|source| Error::File { path: path.clone(), source })?;
    eprintln!("wrote {}", path.display());
    if let Some(before) = before {
        tell(&before, schema, &path, &revision, &touches)?;
    }
    Ok(())
}

/// What is different from what was there, and which of our sources know it.
fn tell(
    before: &[u8],
    schema: Value,
    path: &Path,
    revision: &str,
    folders: &[PathBuf],
) -> Result<(), Error> {
    // What was there may be broken; it is replaced all the same.
    let Ok(before) = serde_json::from_slice(before) else { return Ok(()) };
    let old = format!("{revision}, as it was");
    let Ok(diff) = Diff::between((&old, before), (revision, schema)) else { return Ok(()) };
    eprint!("\n{}", diff.to_text());
    let found = match folders {
        [] => beside(path),
        folders => folders.to_vec(),
    };
    if !diff.changes.is_empty() {
        eprint!("{}", super::diff::touched_text(&diff, &found)?);
        eprintln!("\nnext: mcp-codegen generate, and the tests");
    }
    Ok(())
}

/// The sources that handle messages, in a workspace like ours: `schemas/x.json` is below `mcp-schema`.
fn beside(schema: &Path) -> Vec<PathBuf> {
    let absolute = schema.canonicalize().unwrap_or_else(|_| schema.to_owned());
    let workspace = absolute.ancestors().nth(3).map(Path::to_owned).unwrap_or_default();
    let folders = ["mcp-macros/src", "mcp-runtime/src"].map(|folder| workspace.join(folder));
    folders.into_iter().filter(|folder| folder.is_dir()).collect()
}
