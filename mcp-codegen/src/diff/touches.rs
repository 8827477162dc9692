//! Which sources know what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{Change, Diff, Group, Kind};
use crate::error::{Error, Overriding};
use crate::load::Document;
use crate::modules::SUPPORT;
use crate::names;
use crate::pipeline::{self, Settings};

/// What has changed, and the sources that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Touch {
    /// The method, or the definition.
    pub subject: String,
    /// What was looked for: the method in quotes, the names of generated types, the code of an error.
    pub words: BTreeSet<String>,
    /// The files that hold one of them.
    pub files: BTreeMap<PathBuf, Hits>,
}

/// Where a file holds what was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Hits {
    /// The first line.
    pub line: usize,
    /// How many there are.
    pub count: usize,
    /// Whether it is surely what was meant: a method, a code, or a name that the file takes from a module of the schema's
    /// types. Another type can have the same name.
    pub sure: bool,
}

/// Searches folders of Rust sources for all that a diff tells about: methods as they are written on the wire, types by their
/// generated names, also those of what stands inline in a definition, and of what has the change from another. Fields are not
/// looked for: their names stand for many things.
///
/// # Errors
///
/// [`Error::File`] for a folder or a file that cannot be read.
pub fn touches(diff: &Diff, folders: &[PathBuf]) -> Result<Vec<Touch>, Error> {
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let inline = Inline::of(diff);
    for change in &diff.changes {
        let words = words(change).into_iter().chain(inline.words(change));
        wanted.entry(&change.subject).or_default().extend(words);
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
        let taken = taken_from_schema(&text);
        for touch in &mut found {
            let hits = touch.words.iter().filter_map(|word| match word.starts_with('"') {
                true => {
                    let line = text.lines().position(|line| line.contains(word.as_str()))? + 1;
                    Some(Hits { line, count: text.matches(word.as_str()).count(), sure: true })
                }
                false => {
                    let (line, count) = *index.get(word.as_str())?;
                    let is_code = word.starts_with(|c: char| c.is_ascii_digit());
                    Some(Hits { line, count, sure: is_code || taken.contains(word.as_str()) })
                }
            });
            let all = hits.reduce(|one, other| Hits {
                line: one.line.min(other.line),
                count: one.count + other.count,
                sure: one.sure || other.sure,
            });
            if let Some(hits) = all {
                touch.files.insert(path.clone(), hits);
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

/// The generated types of what stands inline in definitions.
struct Inline {
    /// Their names by the places: definition and path.
    names: BTreeMap<String, BTreeSet<String>>,
    /// Old names of definitions by new ones.
    renamed: BTreeMap<String, String>,
}

impl Inline {
    fn of(diff: &Diff) -> Self {
        let renames = diff.changes.iter().filter(|change| change.kind == Kind::TypeRenamed);
        let renamed =
            renames.filter_map(|change| change.after.clone().zip(change.before.clone())).collect();
        let mut inline = Self { names: BTreeMap::new(), renamed };
        diff.documents.iter().for_each(|document| inline.add(document));
        inline
    }

    /// A schema that cannot be generated has no types: `generate` tells why.
    fn add(&mut self, document: &Document) {
        let settings = Settings {
            fixups: &pipeline::core_fixups(document),
            overrides: &[],
            overriding: Overriding::Kept,
            support: SUPPORT,
        };
        let Ok(lowered) = pipeline::run(document, &settings) else { return };
        for (name, places) in lowered.normalized.paths {
            for place in places {
                self.names.entry(place).or_default().insert(names::type_name(&name));
            }
        }
    }

    /// The types at the places of a change, and around them up to the definition, which is among them.
    fn words(&self, change: &Change) -> BTreeSet<String> {
        let below = |name: &str| match change.path.as_str() {
            "" => name.to_owned(),
            path => format!("{name}.{path}"),
        };
        let heirs = change.inherited_by.iter().map(|heir| below(heir));
        let mut places: BTreeSet<String> = change.places.iter().cloned().chain(heirs).collect();
        places.insert(below(&change.definition));
        places.extend(self.renamed.get(&change.definition).map(|before| below(before)));
        let mut words = BTreeSet::new();
        for place in places {
            let plain = place.replace("[]", "");
            let ends = plain.match_indices('.').map(|(end, _)| end).chain([plain.len()]);
            words.extend(plain.split('.').next().map(names::type_name));
            let all = ends.filter_map(|end| self.names.get(&plain[..end]));
            words.extend(all.flatten().cloned());
        }
        words
    }
}

/// The first line of each word, and how often it stands there. Digits count without the marks between them.
fn index(text: &str) -> BTreeMap<String, (usize, usize)> {
    let mut index = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        for word in line.split(|c: char| !is_of_word(c)) {
            let plain = match word.starts_with(|c: char| c.is_ascii_digit()) {
                true => word.replace('_', ""),
                false => word.to_owned(),
            };
            index.entry(plain).or_insert((number + 1, 0)).1 += 1;
        }
    }
    index
}

/// The names that follow a module of the schema's types in a path, and those in braces after it.
fn taken_from_schema(text: &str) -> BTreeSet<&str> {
    let mut taken = BTreeSet::new();
    for (at, _) in text.match_indices("::") {
        let before = text[..at].rsplit(|c| !is_of_word(c)).next().unwrap_or_default();
        let after = &text[at + 2..];
        if !is_module_of_types(before) {
            continue;
        }
        let names = match after.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => after.split(|c| !is_of_word(c)).next().unwrap_or_default(),
        };
        taken.extend(names.split(|c| !is_of_word(c)).filter(|name| !name.is_empty()));
    }
    taken
}

/// `mcp_schema`, its modules, and what a crate of its own may call the like.
fn is_module_of_types(name: &str) -> bool {
    let is_revision = || {
        let digits = name.strip_prefix('v').map(|date| date.replace('_', ""));
        digits.is_some_and(|date| date.len() == 8 && date.bytes().all(|c| c.is_ascii_digit()))
    };
    matches!(name, "mcp_schema" | "schema" | "protocol" | "shared" | "tasks" | "draft")
        || is_revision()
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// All Rust files below some folders, in one order. What a build or an editor leaves behind is not looked at.
fn sources(folders: &[PathBuf]) -> Result<BTreeSet<PathBuf>, Error> {
    let mut files = BTreeSet::new();
    let mut next: Vec<PathBuf> = folders.to_vec();
    while let Some(folder) = next.pop() {
        let failed = |source| Error::File { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, name) = (entry.path(), entry.file_name());
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            // A link could lead back to where it stands, or nowhere.
            if entry.file_type().map_err(failed)?.is_dir() {
                if name != "target" {
                    next.push(path);
                }
            } else if Path::new(&name).extension().is_some_and(|end| end == "rs") && path.is_file()
            {
                files.insert(path);
            }
        }
    }
    Ok(files)
}
