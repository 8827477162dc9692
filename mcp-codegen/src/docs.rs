//! Our documentation of the types, kept apart from the schema: Markdown files whose headings name definitions and fields.
//!
//! ```markdown
//! # Tool
//! What a server offers.
//! ## inputSchema
//! The arguments' schema.
//! # ServerCapabilities.tools
//! An inline type, by the path of properties that leads to it.
//! # CallToolResult @2026-07-28
//! Only for one revision. The draft takes what is written for itself, and then what is for the newest revision.
//! # *
//! ## _meta
//! For every field of that name without a text of its own.
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::error::Error;

/// Documentation texts by definition, field and revision.
#[derive(Clone, Debug, Default)]
pub struct Docs {
    texts: IndexMap<(String, Option<String>), String>,
}

impl Docs {
    /// Reads all Markdown files of a folder, by name. A folder that is not there holds none.
    pub fn read(folder: &Path) -> Result<(Self, Vec<PathBuf>), Error> {
        let mut docs = Self::default();
        let mut files = Vec::new();
        let failed = |source| Error::File { path: folder.to_owned(), source };
        if folder.is_dir() {
            for entry in fs::read_dir(folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.extension().is_some_and(|extension| extension == "md") {
                    files.push(path);
                }
            }
        }
        files.sort();
        for path in &files {
            let text = fs::read_to_string(path)
                .map_err(|source| Error::File { path: path.clone(), source })?;
            docs.add(&text).map_err(|(line, what)| Error::Docs {
                path: path.clone(),
                line,
                what,
            })?;
        }
        Ok((docs, files))
    }

    fn add(&mut self, text: &str) -> Result<(), (usize, String)> {
        let mut owners: Vec<String> = Vec::new();
        let mut field: Option<String> = None;
        let mut body = String::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            if let Some(name) = line.strip_prefix("## ") {
                self.put(&owners, &field, &mut body, index)?;
                if owners.is_empty() {
                    return Err((line_number, "a field needs a definition above it".to_owned()));
                }
                field = Some(name.trim().to_owned());
            } else if let Some(names) = line.strip_prefix("# ") {
                self.put(&owners, &field, &mut body, index)?;
                let (names, revision) = match names.split_once('@') {
                    Some((names, revision)) => (names, format!("@{}", revision.trim())),
                    None => (names, String::new()),
                };
                owners =
                    names.split(',').map(|name| format!("{}{revision}", name.trim())).collect();
                field = None;
            } else {
                body.push_str(line);
                body.push('\n');
            }
        }
        let lines = text.lines().count();
        self.put(&owners, &field, &mut body, lines)
    }

    fn put(
        &mut self,
        owners: &[String],
        field: &Option<String>,
        body: &mut String,
        line: usize,
    ) -> Result<(), (usize, String)> {
        let text = std::mem::take(body).trim().to_owned();
        if text.is_empty() {
            return Ok(());
        }
        for owner in owners {
            let key = (owner.clone(), field.clone());
            if self.texts.insert(key, text.clone()).is_some() {
                let what = match field {
                    Some(field) => format!("`{owner}`, field `{field}`, is documented twice"),
                    None => format!("`{owner}` is documented twice"),
                };
                return Err((line, what));
            }
        }
        Ok(())
    }

    /// The text for a definition, or for one of its fields, under any of its names; that for one of `revisions` comes first.
    pub fn get(&self, names: &[&str], field: Option<&str>, revisions: &[&str]) -> Option<&str> {
        let field = field.map(str::to_owned);
        let suffixes = revisions.iter().map(|revision| format!("@{revision}"));
        for suffix in suffixes.chain([String::new()]) {
            for name in names {
                if let Some(text) = self.texts.get(&(format!("{name}{suffix}"), field.clone())) {
                    return Some(text);
                }
            }
        }
        let fallback = ("*".to_owned(), field);
        fallback.1.is_some().then(|| self.texts.get(&fallback)).flatten().map(String::as_str)
    }
}
