//! What a caller says about places of a schema that cannot be lowered as they are.

use std::str::FromStr;

use serde_json::{Value, json};

use crate::error::Error;
use crate::load::Document;

/// One word about one place, `POINTER=KIND`: `/$defs/Shape/properties/of=opaque`. A definition can also be named: `Shape=opaque`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pointer: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Opaque,
    Open,
    Skip,
    Name(String),
    Rename(String),
    ToldBy(String),
}

impl FromStr for Override {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::Usage(format!(
                "`{text}` is no override: {why}; write POINTER=KIND with KIND one of opaque, open, skip, name:NAME, \
                 rename:NAME, told-by:KEY"
            ))
        };
        let (pointer, kind) = text.split_once('=').ok_or_else(|| refuse("it has no `=`"))?;
        if pointer.is_empty() {
            return Err(refuse("it names no place"));
        }
        if !pointer.starts_with('/') && pointer.contains('/') {
            let place = pointer.trim_start_matches(['#', '/']);
            return Err(refuse(&format!("a pointer begins with a slash, like `/{place}`")));
        }
        let kind = match kind.split_once(':') {
            None if kind == "opaque" => Kind::Opaque,
            None if kind == "open" => Kind::Open,
            None if kind == "skip" => Kind::Skip,
            Some(("name", name)) if !name.is_empty() => Kind::Name(name.to_owned()),
            Some(("rename", name)) if !name.is_empty() => Kind::Rename(name.to_owned()),
            Some(("told-by", key)) if !key.is_empty() => Kind::ToldBy(key.to_owned()),
            _ => return Err(refuse(&format!("there is no kind `{kind}`"))),
        };
        Ok(Self { pointer: pointer.to_owned(), kind })
    }
}

impl Override {
    /// Whether it is there to make a schema usable at all, so that it is stale once the schema is usable without it.
    pub(crate) fn is_remedy(&self) -> bool {
        !matches!(self.kind, Kind::Open | Kind::Name(_))
    }

    /// The error for one that changes nothing.
    pub(crate) fn stale(&self) -> Error {
        Error::Usage(format!(
            "the override of {} no longer applies: the schema can be lowered without it; take it away",
            self.pointer
        ))
    }

    /// Puts it into the document.
    pub(crate) fn apply(&self, document: &mut Document) -> Result<(), Error> {
        let pointer = match self.pointer.starts_with('/') {
            true => self.pointer.clone(),
            false => document.pointer(&self.pointer),
        };
        let what = format!(
            "the override of {} no longer applies: {} has no such place",
            self.pointer, document.name
        );
        let missing = || Error::Usage(what);
        let prefix = format!("/{}/", document.keyword);
        let Some(inner) = pointer.strip_prefix(&prefix).map(str::to_owned) else {
            return Err(missing());
        };
        let definition = || inner.replace("~1", "/").replace("~0", "~");
        let (key, value) = match &self.kind {
            Kind::Skip => {
                return document
                    .definitions
                    .shift_remove(&definition())
                    .map(|_| ())
                    .ok_or_else(missing);
            }
            Kind::Rename(name) if document.definitions.contains_key(name) => {
                return Err(Error::Usage(format!(
                    "the override of {} cannot be applied: there is a definition `{name}` already",
                    self.pointer
                )));
            }
            Kind::Rename(name) => return rename(document, &definition(), name).ok_or_else(missing),
            Kind::Opaque => ("x-mcp-opaque", json!(true)),
            Kind::Open => ("x-mcp-open", json!(true)),
            Kind::Name(name) => ("x-mcp-name", json!(name)),
            Kind::ToldBy(key) => ("x-mcp-told-by", json!(key)),
        };
        let (name, rest) = inner
            .split_once('/')
            .map_or((inner.as_str(), String::new()), |(name, rest)| (name, format!("/{rest}")));
        let name = name.replace("~1", "/").replace("~0", "~");
        let place =
            document.definitions.get_mut(&name).and_then(|schema| schema.pointer_mut(&rest));
        match place {
            Some(Value::Object(schema)) => {
                schema.insert(key.to_owned(), value);
                Ok(())
            }
            _ => Err(missing()),
        }
    }
}

fn rename(document: &mut Document, old: &str, new: &str) -> Option<()> {
    fn visit(value: &mut Value, old: &str, new: &str) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get_mut("$ref")
                    && reference == old
                {
                    new.clone_into(reference);
                }
                members.values_mut().for_each(|value| visit(value, old, new));
            }
            Value::Array(items) => items.iter_mut().for_each(|value| visit(value, old, new)),
            _ => {}
        }
    }
    let schema = document.definitions.shift_remove(old)?;
    document.definitions.insert(new.to_owned(), schema);
    let (old, new) = (document.pointer(old), document.pointer(new));
    let (old, new) = (format!("#{old}"), format!("#{new}"));
    document.definitions.values_mut().for_each(|schema| visit(schema, &old, &new));
    Some(())
}
