//! `mcp-codegen generate`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use mcp_codegen::{Builder, Error, Override, Written};

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
    /// rename:NAME or told-by:KEY, as in `/$defs/Shape=opaque`. docs/generator.md explains them. Can be given several times.
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
        let builder = Builder::new().schema(schema).out(&out).crate_path(crate_path);
        let mut builder = builder.for_command_line();
        if let Some(docs) = docs {
            builder = builder.docs(docs);
        }
        return one(overrides.into_iter().fold(builder, Builder::with_override), out, check);
    }
    let workspace = super::workspace(root)?;
    if check {
        return workspace.check();
    }
    let Written { changed, removed, same, notes, .. } = workspace.generate()?;
    for (what, paths) in [("wrote", &changed), ("removed", &removed)] {
        paths.iter().for_each(|path| eprintln!("{what} {}", super::shown(path)));
    }
    tell(&notes);
    let files = match changed.len() + removed.len() {
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    };
    eprintln!("{files} changed, {same} as they were");
    eprintln!(
        "the draft can be lowered; its module is made by `cargo build -p mcpwright-schema --features draft`, in the target folder"
    );
    Ok(())
}

/// One schema into one file.
fn one(builder: Builder, out: PathBuf, check: bool) -> Result<(), Error> {
    if check {
        let fresh = builder.text()?;
        tell(&fresh.notes);
        let current = fs::read_to_string(&out).unwrap_or_default();
        return if current == fresh.text { Ok(()) } else { Err(Error::Stale(vec![out])) };
    }
    let generated = builder.generate()?;
    tell(&generated.notes);
    match generated.written {
        true => eprintln!("wrote {}", super::shown(&out)),
        false => eprintln!("{} is as it was", super::shown(&out)),
    }
    Ok(())
}

/// What is worth knowing, though nothing is wrong for sure.
pub fn tell(notes: &[String]) {
    notes.iter().for_each(|note| eprintln!("note: {note}"));
}
