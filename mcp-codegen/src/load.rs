//! Reading a schema file: which dialect it is, and where its definitions are.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

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
        Self::new(name, json(path, &text)?)
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

/// Reads what a file holds. A key that stands twice in one object is refused: which of the two was meant nobody can tell.
///
/// # Errors
///
/// [`Error::Json`], with the line.
pub fn json(path: &Path, text: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(text)
        .map(|Unambiguous(value)| value)
        .map_err(|source| Error::Json { path: path.to_owned(), source })
}

/// JSON in whose objects each key stands once.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(UnambiguousVisitor).map(Self)
    }
}

struct UnambiguousVisitor;

impl<'de> Visitor<'de> for UnambiguousVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key `{key}` stands twice in one object"
                )));
            }
            let Unambiguous(value) = entries.next_value()?;
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}
