//! `mcp-codegen diff`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mcp_codegen::{Diff, Error, touches};
use serde_json::{Value, json};

/// What `diff` can be told.
#[derive(Args)]
pub struct Compare {
    /// The schema before, published or distilled.
    old: PathBuf,
    /// The schema after, published or distilled.
    new: PathBuf,
    /// For people, programs, or release notes.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Ends with exit code 3 if there is such a change.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// A folder of Rust sources to search for what has changed. Can be given several times.
    #[arg(long, value_name = "DIR")]
    touches: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// For programs; the format is described in docs/keeping-up.md.
    Json,
    /// For release notes.
    Markdown,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    /// A change that breaks readers or writers.
    Breaking,
}

/// Compares, and says whether there is what the caller wants to fail on.
pub fn run(arguments: Compare) -> Result<bool, Error> {
    let Compare { old, new, format, fail_on, touches: folders } = arguments;
    let diff = Diff::read(&old, &new)?;
    let text = match format {
        Format::Text => format!("{}{}", diff.to_text(), touched_text(&diff, &folders)?),
        Format::Markdown => {
            format!("{}{}", diff.to_markdown(1), touched_markdown(&diff, &folders)?)
        }
        Format::Json => {
            let mut json = diff.to_json();
            if !folders.is_empty() {
                json["touches"] = touched_json(&diff, &folders)?;
            }
            format!("{json:#}\n")
        }
    };
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    // Who has read enough of it closes the pipe.
    if let Err(source) = written
        && source.kind() != std::io::ErrorKind::BrokenPipe
    {
        return Err(Error::File { path: PathBuf::from("standard output"), source });
    }
    Ok(fail_on.is_some() && diff.is_breaking())
}

/// The sources that know what has changed, for a terminal. Nothing, if no folders were given.
pub fn touched_text(diff: &Diff, folders: &[PathBuf]) -> Result<String, Error> {
    let mut out = String::new();
    let mut idle = Vec::new();
    for touch in touches(diff, folders)? {
        if touch.files.is_empty() {
            idle.push(touch.subject);
            continue;
        }
        out.push_str(&format!("\n{}\n", touch.subject));
        for (path, line) in touch.files {
            out.push_str(&format!("  {}:{line}\n", path.display()));
        }
    }
    if folders.is_empty() || (out.is_empty() && idle.is_empty()) {
        return Ok(String::new());
    }
    if !idle.is_empty() {
        out.push_str(&format!("\nnamed nowhere: {}\n", idle.join(", ")));
    }
    Ok(format!("\nSOURCES THAT NAME WHAT HAS CHANGED\n{out}"))
}

fn touched_markdown(diff: &Diff, folders: &[PathBuf]) -> Result<String, Error> {
    if folders.is_empty() {
        return Ok(String::new());
    }
    let mut out = String::from("\n## Sources that name what has changed\n\n");
    for touch in touches(diff, folders)? {
        let files: Vec<String> =
            touch.files.keys().map(|path| format!("`{}`", path.display())).collect();
        let files = if files.is_empty() { "none".to_owned() } else { files.join(", ") };
        out.push_str(&format!("- **`{}`**: {files}\n", touch.subject));
    }
    Ok(out)
}

fn touched_json(diff: &Diff, folders: &[PathBuf]) -> Result<Value, Error> {
    let all = touches(diff, folders)?.into_iter().map(|touch| {
        let files: Vec<Value> = touch
            .files
            .iter()
            .map(|(path, line)| json!({ "file": path.display().to_string(), "line": line }))
            .collect();
        json!({ "subject": touch.subject, "words": touch.words, "files": files })
    });
    Ok(all.collect())
}
