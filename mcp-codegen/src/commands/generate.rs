//! `mcp-codegen generate`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use mcp_codegen::{Builder, Error, Override};

/// What `generate` can be told.
#[derive(Args)]
pub struct Generate {
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
}

/// Writes Rust, or looks whether it is fresh.
pub fn run(arguments: Generate) -> Result<(), Error> {
    let Generate { check, schema, out, docs, crate_path, overrides, root } = arguments;
    if let (Some(schema), Some(out)) = (schema, out) {
        let mut builder = Builder::new().schema(schema).out(&out).crate_path(crate_path);
        if let Some(docs) = docs {
            builder = builder.docs(docs);
        }
        return one(overrides.into_iter().fold(builder, Builder::with_override), out, check);
    }
    let workspace = super::workspace(root)?;
    if check {
        return workspace.check();
    }
    for path in workspace.generate()? {
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// One schema into one file.
fn one(builder: Builder, out: PathBuf, check: bool) -> Result<(), Error> {
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
