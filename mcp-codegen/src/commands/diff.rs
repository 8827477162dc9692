//! `mcp-codegen diff`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mcp_codegen::{Diff, Error, Hits, Touch, touches};
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
    let found = fail_on.is_some() && diff.is_breaking();
    if found {
        let breaking = diff.changes.iter().filter(|change| change.class.is_breaking()).count();
        let changes = if breaking == 1 { "change" } else { "changes" };
        eprintln!("{breaking} breaking {changes}, which `--fail-on breaking` is to fail on");
    }
    Ok(found)
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
        let (files, more) = telling(&touch);
        for (path, hits) in files {
            out.push_str(&format!("  {}:{}\n", super::shown(path), hits.line));
        }
        out.extend(more.map(|more| format!("  {more}\n")));
    }
    if folders.is_empty() || (out.is_empty() && idle.is_empty()) {
        return Ok(String::new());
    }
    if !idle.is_empty() {
        out.push_str(&format!("\nnamed nowhere: {}\n", idle.join(", ")));
    }
    Ok(format!("\nSOURCES THAT NAME WHAT HAS CHANGED\n{out}"))
}

/// How many files are named.
const NAMED: usize = 10;

/// The files that tell the most: those that surely mean it, or, if none does, those that have the name; the first by number of
/// hits. And how many are left out. JSON has all of them.
fn telling(touch: &Touch) -> (Vec<(&PathBuf, &Hits)>, Option<String>) {
    let is_sure = touch.files.values().any(|hits| hits.sure);
    let (mut told, other): (Vec<_>, Vec<_>) =
        touch.files.iter().partition(|(_, hits)| hits.sure == is_sure);
    told.sort_by_key(|(_, hits)| std::cmp::Reverse(hits.count));
    let cut = told.len().saturating_sub(NAMED);
    told.truncate(NAMED);
    told.sort();
    const ELSE: &str = "the name, of something else perhaps";
    let more = match (is_sure, cut, other.len()) {
        (false, 0, _) => Some(format!("these have {ELSE}")),
        (false, cut, _) => Some(format!("+{cut} more; these have {ELSE}")),
        (true, 0, 0) => None,
        (true, cut, 0) => Some(format!("+{cut} more")),
        (true, 0, other) => Some(format!("+{other} more that have {ELSE}")),
        (true, cut, other) => Some(format!("+{cut} more, and {other} that have {ELSE}")),
    };
    (told, more)
}

fn touched_markdown(diff: &Diff, folders: &[PathBuf]) -> Result<String, Error> {
    if folders.is_empty() {
        return Ok(String::new());
    }
    let mut out = String::from("\n## Sources that name what has changed\n\n");
    for touch in touches(diff, folders)? {
        let (files, more) = telling(&touch);
        let files = files.into_iter().map(|(path, _)| format!("`{}`", super::shown(path)));
        let files: Vec<String> = files.chain(more).collect();
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
            .map(|(path, hits)| json!({ "file": path.display().to_string(), "line": hits.line }))
            .collect();
        json!({ "subject": touch.subject, "words": touch.words, "files": files })
    });
    Ok(all.collect())
}
