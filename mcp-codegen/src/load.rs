//! Reading a schema file: which dialect it is, and where its definitions are.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Problems};

/// A schema document: its definitions under their names, in the order of the file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name for messages: the file's path.
    pub name: String,
    /// The keyword that holds the definitions; it is part of every JSON pointer.
    pub keyword: &'static str,
    /// The definitions, as they stand in the file.
    pub definitions: Map<String, Value>,
}

impl Document {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text =
            fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let value: Value = serde_json::from_slice(&text)
            .map_err(|source| Error::Json { path: path.to_owned(), source })?;
        Self::new(name, value)
    }

    /// Takes a document that has been parsed already.
    pub fn new(name: impl Into<String>, value: Value) -> Result<Self, Error> {
        let name = name.into();
        let mut problems = Problems::default();
        let Value::Object(mut root) = value else {
            problems.report(
                "",
                None,
                "the document is no JSON object",
                "give a JSON Schema document",
            );
            return Err(Error::Schema { name, problems });
        };
        // Each dialect is one arm: the rest of the pipeline knows only definitions.
        for keyword in ["$defs", "definitions"] {
            match root.remove(keyword) {
                Some(Value::Object(definitions)) => return Ok(Self { name, keyword, definitions }),
                Some(_) => problems.report(
                    &format!("/{keyword}"),
                    Some(keyword),
                    "the definitions are no JSON object",
                    "give a JSON Schema whose definitions have names",
                ),
                None => {}
            }
        }
        if problems.is_empty() {
            problems.report(
                "",
                Some("$defs"),
                "the document has no definitions",
                "give a JSON Schema that holds its types under `$defs` (2020-12) or `definitions` (draft-07)",
            );
        }
        Err(Error::Schema { name, problems })
    }

    /// The JSON pointer of a definition.
    pub fn pointer(&self, definition: &str) -> String {
        format!("/{}/{}", self.keyword, escape(definition))
    }
}

/// Escapes a name as a JSON pointer's segment.
pub(crate) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
