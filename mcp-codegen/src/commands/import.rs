//! `mcp-codegen import`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use mcp_codegen::{Diff, Error, Origin, Workspace, distill, json};
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
    /// Where it was published: REPOSITORY@COMMIT:PATH.
    #[arg(long, value_parser = source)]
    source: Option<String>,
    /// Replaces the schema of a released revision although it says something else: only if the revision was corrected.
    #[arg(long)]
    replace_released: bool,
    /// The folder of the crate mcp-schema; found from here upwards unless given.
    #[arg(long)]
    root: Option<PathBuf>,
    /// A folder of Rust sources to search for what has changed; those of mcp-macros and mcp-runtime beside mcp-schema
    /// unless given. Can be given several times.
    #[arg(long, value_name = "DIR")]
    touches: Vec<PathBuf>,
}

/// Repository, commit and path: who reads the schema later finds the file again.
fn source(text: &str) -> Result<String, &'static str> {
    let parts = text.split_once('@').and_then(|(repository, rest)| {
        rest.split_once(':').map(|(commit, path)| [repository, commit, path])
    });
    match parts.is_some_and(|parts| parts.iter().all(|part| !part.is_empty())) {
        true => Ok(text.to_owned()),
        false => {
            Err("write REPOSITORY@COMMIT:PATH, like example/spec@0a1b2c3:schema/draft/schema.json")
        }
    }
}

/// Distils a published schema into the workspace, and tells what is different from before. Whatever is wrong is said before
/// anything is replaced: also what `generate`, or the build script of mcp-schema, would refuse.
pub fn run(arguments: Import) -> Result<(), Error> {
    let Import { file, revision, source, replace_released, root, touches } = arguments;
    let workspace = super::workspace(root)?;
    let path = workspace.schema(&revision)?;
    let bytes = fs::read(&file).map_err(|source| Error::File { path: file.clone(), source })?;
    let schema = json(&file, &bytes)?;
    let digest = Sha256::digest(&bytes);
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = distill(&schema, &Origin { revision: revision.clone(), source, sha256 })?;
    let name = file.display().to_string();
    let kept = json(&file, text.as_bytes())?;
    let notes = workspace.try_schema(&revision, &name, kept.clone())?;
    for folder in &touches {
        fs::read_dir(folder).map_err(|source| Error::File { path: folder.clone(), source })?;
    }
    // What was there may be missing or broken; it is replaced all the same.
    let before = fs::read(&path).ok().and_then(|before| json(&path, &before).ok());
    let mut told = String::new();
    if let Some(before) = before
        && let Ok(diff) = compare(&revision, before.clone(), schema)
    {
        if Workspace::is_released(&revision) && !replace_released && facts(before) != facts(kept) {
            return Err(Error::Usage(format!(
                "{revision} is released, and {name} says something else; if the revision was corrected, replace its schema \
                 with `--replace-released`. It would mean:\n\n{}",
                diff.to_text().trim_end()
            )));
        }
        told = tell(&diff, &path, &revision, &touches)?;
    }
    fs::write(&path, text).map_err(|source| Error::File { path: path.clone(), source })?;
    eprintln!("wrote {}", super::shown(&path));
    super::generate::tell(&notes);
    eprint!("{told}");
    Ok(())
}

fn compare(revision: &str, before: Value, schema: Value) -> Result<Diff, Error> {
    Diff::between((&format!("{revision}, as it was"), before), (revision, schema))
}

/// What a distilled schema says, wherever it comes from.
fn facts(mut schema: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        members.shift_remove("$origin");
    }
    schema
}

/// What is different from what was there, which of our sources know it, and what to do next.
fn tell(diff: &Diff, path: &Path, revision: &str, folders: &[PathBuf]) -> Result<String, Error> {
    let found = match folders {
        [] => beside(path),
        folders => folders.to_vec(),
    };
    let mut told = format!("\n{}", diff.to_text());
    if !diff.changes.is_empty() {
        told.push_str(&super::diff::touched_text(diff, &found)?);
        let module = match revision {
            // Only the build script makes its module.
            "draft" => "cargo build -p mcpwright-schema --features draft",
            _ => "mcp-codegen generate",
        };
        told.push_str(&format!(
            "\nnext:\n  {module}\n  cargo test -p mcpwright-codegen --test documentation\n  \
             UPDATE_DOCS=1 cargo test -p mcpwright-tests --test revisions_doc\n"
        ));
    }
    Ok(told)
}

/// The sources that handle messages, in a workspace like ours: `schemas/x.json` is below `mcp-schema`.
fn beside(schema: &Path) -> Vec<PathBuf> {
    let absolute = schema.canonicalize().unwrap_or_else(|_| schema.to_owned());
    let workspace = absolute.ancestors().nth(3).map(Path::to_owned).unwrap_or_default();
    let folders = ["mcp-macros/src", "mcp-runtime/src"].map(|folder| workspace.join(folder));
    // Below the current folder, they are named as they are typed there.
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    let typed = |folder: PathBuf| folder.strip_prefix(&here).map_or(folder.clone(), Path::to_owned);
    folders.into_iter().filter(|folder| folder.is_dir()).map(typed).collect()
}
