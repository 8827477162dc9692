//! Which sources know what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{Change, Diff, Group};
use crate::error::Error;
use crate::names;

/// What has changed, and the sources that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Touch {
    /// The method, or the definition.
    pub subject: String,
    /// What was looked for: the method in quotes, the names of generated types, the code of an error.
    pub words: BTreeSet<String>,
    /// The files that hold one of them, with the first line that does.
    pub files: BTreeMap<PathBuf, usize>,
}

/// Searches folders of Rust sources for all that a diff tells about: methods as they are written on the wire, types by their
/// generated names. Fields are not looked for: their names stand for many things.
///
/// # Errors
///
/// [`Error::File`] for a folder or a file that cannot be read.
pub fn touches(diff: &Diff, folders: &[PathBuf]) -> Result<Vec<Touch>, Error> {
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for change in &diff.changes {
        wanted.entry(&change.subject).or_default().extend(words(change));
    }
    let mut found: Vec<Touch> = wanted
        .into_iter()
        .map(|(subject, words)| Touch {
            subject: subject.to_owned(),
            words,
            files: BTreeMap::new(),
        })
        .collect();
    for path in sources(folders)? {
        let failed = |source| Error::File { path: path.clone(), source };
        let text = String::from_utf8_lossy(&fs::read(&path).map_err(failed)?).into_owned();
        let index = index(&text);
        for touch in &mut found {
            let first = touch.words.iter().filter_map(|word| match word.starts_with('"') {
                true => text.lines().position(|line| line.contains(word.as_str())).map(|at| at + 1),
                false => index.get(word.as_str()).copied(),
            });
            if let Some(line) = first.min() {
                touch.files.insert(path.clone(), line);
            }
        }
    }
    Ok(found)
}

/// What a source that knows the changed thing has to say somewhere.
fn words(change: &Change) -> BTreeSet<String> {
    let mut names: BTreeSet<&str> = [change.definition.as_str()].into();
    let mut words = BTreeSet::new();
    let ends = [&change.before, &change.after].into_iter().flatten();
    match (change.group, change.kind.name()) {
        (_, "type-renamed") => names.extend(ends.map(String::as_str)),
        (Group::Method, "method-renamed") => words.extend(ends.cloned()),
        (Group::Error, "error-code-changed" | "error-added" | "error-removed") => {
            words.extend(ends.map(|code| code.trim_start_matches('-').to_owned()));
        }
        _ => {}
    }
    if change.group == Group::Method {
        words.insert(format!("\"{}\"", change.subject));
        let short = ["Request", "Notification"].map(|end| change.definition.strip_suffix(end));
        names.extend(short.into_iter().flatten());
    }
    words.extend(names.into_iter().map(names::type_name));
    words
}

/// The first line of each word. Digits count without the marks between them.
fn index(text: &str) -> BTreeMap<String, usize> {
    let mut index = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        for word in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let plain = match word.starts_with(|c: char| c.is_ascii_digit()) {
                true => word.replace('_', ""),
                false => word.to_owned(),
            };
            index.entry(plain).or_insert(number + 1);
        }
    }
    index
}

/// All Rust files below some folders, in one order. What a build leaves behind is not looked at.
fn sources(folders: &[PathBuf]) -> Result<BTreeSet<PathBuf>, Error> {
    let mut files = BTreeSet::new();
    let mut next: Vec<PathBuf> = folders.to_vec();
    while let Some(folder) = next.pop() {
        let failed = |source| Error::File { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.to_string_lossy().starts_with('.');
            // A link could lead back to where it stands.
            if entry.file_type().map_err(failed)?.is_dir() {
                if !hidden && name != "target" {
                    next.push(path);
                }
            } else if Path::new(&name).extension().is_some_and(|end| end == "rs") {
                files.insert(path);
            }
        }
    }
    Ok(files)
}
