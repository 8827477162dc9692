//! A published schema to its facts: names, types, requiredness, constants and references, without prose, in one order.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::error::{Error, Problems};

/// Where a schema comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The revision, as it is named on the wire or by its project.
    pub revision: String,
    /// Where the file was published: repository, commit and path.
    pub source: Option<String>,
    /// The SHA-256 of the published file.
    pub sha256: String,
}

/// What is prose, or about the document and not the protocol.
const PROSE: &[&str] = &["$comment", "$id", "$schema", "description", "examples", "title"];

/// The keys of a schema, most telling first.
const ORDER: &[&str] =
    &["type", "const", "enum", "$ref", "allOf", "anyOf", "oneOf", "required", "properties"];

/// Distils a published schema into the text that the project keeps.
///
/// # Errors
///
/// [`Error::Schema`] if the document has no definitions.
pub fn distill(schema: &Value, origin: &Origin) -> Result<String, Error> {
    let definitions = ["$defs", "definitions"].into_iter().find_map(|keyword| {
        schema.get(keyword).and_then(Value::as_object).map(|definitions| (keyword, definitions))
    });
    let Some((keyword, definitions)) = definitions else {
        let mut problems = Problems::default();
        problems.report(
            "",
            Some("$defs"),
            "the document has no definitions",
            "give a published schema.json of the Model Context Protocol",
        );
        return Err(Error::Schema { name: origin.revision.clone(), problems });
    };
    let mut head = Map::new();
    head.insert("revision".to_owned(), origin.revision.clone().into());
    if let Some(source) = &origin.source {
        head.insert("source".to_owned(), source.clone().into());
    }
    head.insert("sha256".to_owned(), origin.sha256.clone().into());
    let mut distilled = Map::new();
    for name in sorted(definitions) {
        distilled.insert(name.clone(), facts(&definitions[name]));
    }
    let mut out = String::new();
    let _ = write!(out, "{{\n  \"$origin\": ");
    write_value(&mut out, &Value::Object(head), 2);
    if let Some(dialect) = schema.get("$schema") {
        let _ = write!(out, ",\n  \"$schema\": {dialect}");
    }
    let _ = write!(out, ",\n  \"{keyword}\": ");
    write_value(&mut out, &Value::Object(distilled), 2);
    out.push_str("\n}\n");
    Ok(out)
}

/// A schema without its prose.
fn facts(schema: &Value) -> Value {
    match schema {
        Value::Object(schema) => {
            let mut keys: Vec<&String> =
                schema.keys().filter(|key| !is_prose(key, &schema[*key])).collect();
            keys.sort_by_key(|key| {
                (ORDER.iter().position(|known| key == known).unwrap_or(ORDER.len()), *key)
            });
            let kept = keys.into_iter().map(|key| {
                let value = &schema[key];
                let value = match key.as_str() {
                    "properties" | "$defs" | "definitions" | "patternProperties" => named(value),
                    // Data, not schemas: what looks like prose in it is a value.
                    "const" | "default" => value.clone(),
                    "enum" | "required" | "type" => ordered(value),
                    _ => facts(value),
                };
                (key.clone(), value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(facts).collect()),
        _ => schema.clone(),
    }
}

/// Only texts are prose: a schema could have a `title` that is a schema, if it were one of `properties`.
fn is_prose(key: &str, value: &Value) -> bool {
    PROSE.contains(&key) && (value.is_string() || key == "examples")
}

/// Schemas under names of their own.
fn named(schemas: &Value) -> Value {
    match schemas {
        Value::Object(schemas) => {
            let kept =
                sorted(schemas).into_iter().map(|name| (name.clone(), facts(&schemas[name])));
            Value::Object(kept.collect())
        }
        _ => schemas.clone(),
    }
}

/// Sets of names, of which the order says nothing.
fn ordered(names: &Value) -> Value {
    let mut names = names.clone();
    if let Value::Array(names) = &mut names {
        names.sort_by_key(Value::to_string);
    }
    names
}

fn sorted(map: &Map<String, Value>) -> Vec<&String> {
    let mut names: Vec<_> = map.keys().collect();
    names.sort();
    names
}

/// Writes JSON with short parts on one line, so that a change is a change of few lines.
fn write_value(out: &mut String, value: &Value, indent: usize) {
    const WIDTH: usize = 110;
    let flat = flat(value);
    let is_leaf = !value.is_object() && !value.is_array();
    if is_leaf || (indent > 2 && flat.len() + indent <= WIDTH) {
        out.push_str(&flat);
        return;
    }
    let pad = " ".repeat(indent + 2);
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    out.push(open);
    let mut first = true;
    let mut line = |out: &mut String, key: Option<&String>, value: &Value| {
        out.push_str(if first { "\n" } else { ",\n" });
        first = false;
        out.push_str(&pad);
        if let Some(key) = key {
            let _ = write!(out, "{}: ", Value::from(key.as_str()));
        }
        write_value(out, value, indent + 2);
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| line(out, Some(key), value))
        }
        Value::Array(items) => items.iter().for_each(|value| line(out, None, value)),
        _ => {}
    }
    let _ = write!(out, "\n{}{close}", " ".repeat(indent));
}

/// JSON on one line, with spaces where people put them.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), flat(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}
