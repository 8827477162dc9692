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
    let path = super::workspace(root)?.schema(&revision)?;
    let failed = |source| Error::File { path: file.clone(), source };
    let bytes = fs::read(&file).map_err(failed)?;
    let schema: Value = serde_json::from_slice(&bytes)
        .map_err(|source| Error::Json { path: file.clone(), source })?;
    let digest = Sha256::digest(&bytes);
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = distill(&schema, &Origin { revision: revision.clone(), source, sha256 })?;
    // What cannot be told is found out before anything is replaced.
    for folder in &touches {
        fs::read_dir(folder).map_err(|source| Error::File { path: folder.clone(), source })?;
    }
    let told = match fs::read(&path) {
        Ok(before) => tell(&before, schema, &path, &revision, &touches)?,
        Err(_) => String::new(),
    };
    fs::write(&path, text).map_err(|source| Error::File { path: path.clone(), source })?;
    eprint!("wrote {}\n{told}", path.display());
    Ok(())
}

/// What is different from what was there, and which of our sources know it.
fn tell(
    before: &[u8],
    schema: Value,
    path: &Path,
    revision: &str,
    folders: &[PathBuf],
) -> Result<String, Error> {
    // What was there may be broken; it is replaced all the same.
    let Ok(before) = serde_json::from_slice(before) else { return Ok(String::new()) };
    let old = format!("{revision}, as it was");
    let Ok(diff) = Diff::between((&old, before), (revision, schema)) else {
        return Ok(String::new());
    };
    let found = match folders {
        [] => beside(path),
        folders => folders.to_vec(),
    };
    let mut told = format!("\n{}", diff.to_text());
    if !diff.changes.is_empty() {
        told.push_str(&super::diff::touched_text(&diff, &found)?);
        told.push_str("\nnext: mcp-codegen generate, and the tests\n");
    }
    Ok(told)
}

/// The sources that handle messages, in a workspace like ours: `schemas/x.json` is below `mcp-schema`.
fn beside(schema: &Path) -> Vec<PathBuf> {
    let absolute = schema.canonicalize().unwrap_or_else(|_| schema.to_owned());
    let workspace = absolute.ancestors().nth(3).map(Path::to_owned).unwrap_or_default();
    let folders = ["mcp-macros/src", "mcp-runtime/src"].map(|folder| workspace.join(folder));
    folders.into_iter().filter(|folder| folder.is_dir()).collect()
}
