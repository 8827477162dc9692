//! `mcp-codegen new`.

mod ask;
mod name;
mod origin;
mod template;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use self::origin::Origin;
use self::template::Template;

/// What `new` can be told.
#[derive(Args)]
pub struct New {
    /// The folder to make; the crate is called like it. At a terminal, `new` asks for what is not said.
    name: Option<PathBuf>,
    /// What to begin with; `stdio` unless it is said.
    #[arg(long, value_enum)]
    template: Option<Template>,
    /// A checkout of mcpwright to depend on; the one that this command was built from unless it is said.
    #[arg(long, value_name = "DIR", conflicts_with = "git")]
    path: Option<PathBuf>,
    /// A repository of mcpwright to depend on instead.
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// The commit, tag or branch's head of `--git` to stay with.
    #[arg(long, requires = "git")]
    rev: Option<String>,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NewError {
    /// Nobody said how to call it.
    #[error("say how to call it: `mcp-codegen new hello-mcp`")]
    Nameless,
    /// Cargo, Rust or a template could not cope with it.
    #[error("`{name}` {why}: `{instead}` would do")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
        /// A name like it that can be used.
        instead: String,
    },
    /// Nothing is written into what is there.
    #[error("{} is there already: choose another name, or remove it first", .0.display())]
    Exists(PathBuf),
    /// The folder to make it in is not there.
    #[error("{} is no folder: make it first", .0.display())]
    Parent(PathBuf),
    /// The checkout that the command was built from is gone.
    #[error(
        "where is mcpwright? Say `--path DIR`, a checkout of it, or `--git URL`, its repository \
         (this command does not know: the checkout that it was built from is not there to stay)"
    )]
    Origin,
    /// `--path` is something else.
    #[error("{} is no checkout of mcpwright: there is no mcp-runtime in it", .0.display())]
    Checkout(PathBuf),
    /// `--git`, `--rev` or a path that Cargo would not read.
    #[error("`{0}` {1}")]
    Unreadable(String, &'static str),
    /// The file system's word.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A template that is broken.
    #[error("the template's {file} is broken: {source}")]
    Template {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        source: Box<upon::Error>,
    },
    /// The terminal did not answer.
    #[error("no answer: {0}")]
    Prompt(#[from] dialoguer::Error),
}

impl NewError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// Makes the folder, or nothing.
pub fn run(arguments: New) -> Result<(), NewError> {
    let New { name, template, path, git, rev } = arguments;
    let terminal = ask::is_possible();
    // What was said is checked before anything is asked.
    let origin = Origin::said(path, git, rev)?;
    if let Some(folder) = &name {
        place(folder)?;
    }
    let folder = match name {
        Some(folder) => folder,
        None if terminal => ask::folder()?,
        None => return Err(NewError::Nameless),
    };
    let name = place(&folder)?;
    let template = match template {
        Some(template) => template,
        None if terminal => ask::template()?,
        None => Template::Stdio,
    };
    let origin = match origin.or_else(Origin::built_from) {
        Some(origin) => origin,
        None if terminal => ask::origin()?,
        None => return Err(NewError::Origin),
    };
    write::write(&folder, &template.render(&name, &origin)?)?;
    eprintln!(
        "{}: the template {}, with mcpwright from {origin}\n",
        folder.display(),
        template.name()
    );
    eprintln!("  cd {}", quoted(&folder));
    for command in template.commands() {
        eprintln!("  {command}");
    }
    Ok(())
}

/// The crate's name, if the folder can be made.
fn place(folder: &Path) -> Result<String, NewError> {
    let name = folder.file_name().ok_or(NewError::Nameless)?.to_string_lossy().into_owned();
    name::check(&name)?;
    if folder.symlink_metadata().is_ok() {
        return Err(NewError::Exists(folder.to_owned()));
    }
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            Err(NewError::Parent(parent.to_owned()))
        }
        _ => Ok(name),
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-\\:".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
