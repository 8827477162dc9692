//! Schemas: of Rust types, and written by hand.

use mcp_schema::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use super::Argument;

/// A schema that somebody wrote by hand: an object, a `serde_json::Value`, a `schemars::Schema`, a function that returns
/// one, or JSON text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no JSON Schema",
    label = "expected a schema",
    note = "give a `serde_json::Value` that is an object, a `schemars::Schema`, a function that returns one, or JSON text"
)]
pub trait IntoSchema {
    /// The schema as an object, or what is wrong with it.
    ///
    /// # Errors
    ///
    /// When it is no JSON object.
    fn into_schema(self) -> Result<JsonObject, String>;
}

impl IntoSchema for JsonObject {
    fn into_schema(self) -> Result<JsonObject, String> {
        Ok(self)
    }
}

impl IntoSchema for Value {
    fn into_schema(self) -> Result<JsonObject, String> {
        match self {
            Value::Object(schema) => Ok(schema),
            other => Err(format!("expected a JSON object, found {other}")),
        }
    }
}

impl IntoSchema for Schema {
    fn into_schema(self) -> Result<JsonObject, String> {
        Value::from(self).into_schema()
    }
}

impl IntoSchema for &str {
    fn into_schema(self) -> Result<JsonObject, String> {
        serde_json::from_str::<Value>(self).map_err(|error| error.to_string())?.into_schema()
    }
}

#[diagnostic::do_not_recommend]
impl<S: IntoSchema, F: FnOnce() -> S> IntoSchema for F {
    fn into_schema(self) -> Result<JsonObject, String> {
        self().into_schema()
    }
}

/// How a type says its schema.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

pub(super) fn property(root: &mut JsonObject, argument: Argument, optional: bool, schema: Value) {
    let mut value = match schema {
        Value::Object(schema) => schema,
        // `true`: any value.
        _ => JsonObject::new(),
    };
    for (keyword, bound) in argument.keywords {
        value.insert(keyword.into(), bound);
    }
    if let Some(text) = argument.description {
        value.insert("description".into(), text.into());
    }
    if let Some(default) = argument.default {
        value.insert("default".into(), default);
    }
    if let Some(header) = argument.header {
        value.insert("x-mcp-header".into(), header.into());
    }
    // Recursive types refer to definitions, which stand at the root.
    if let Some(Value::Object(definitions)) = value.shift_remove("$defs")
        && let Value::Object(all) =
            root.entry("$defs").or_insert_with(|| Value::Object(JsonObject::new()))
    {
        all.extend(definitions);
    }
    if let Value::Object(properties) =
        root.entry("properties").or_insert_with(|| Value::Object(JsonObject::new()))
    {
        properties.insert(argument.name.to_owned(), Value::Object(value));
    }
    if !optional
        && let Value::Array(required) =
            root.entry("required").or_insert_with(|| Value::Array(vec![]))
    {
        required.push(argument.name.into());
    }
}

/// The schema of a type, without what only schemars or Rust care about.
pub(crate) fn schema_of(schema: SchemaOf, settings: SchemaSettings) -> Value {
    plain(schema, settings)
}

pub(super) fn plain(schema: SchemaOf, settings: SchemaSettings) -> Value {
    let mut root = generated(schema, settings);
    without_number_formats(&mut root);
    root
}

/// The schema of a type, with schemars' own formats of numbers.
pub(super) fn generated(schema: SchemaOf, mut settings: SchemaSettings) -> Value {
    // Most clients hand schemas on to models that do not follow references; recursive types keep theirs.
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut root = Value::from(schema(&mut generator));
    let definitions = generator.take_definitions(true);
    if let Value::Object(root) = &mut root {
        root.shift_remove("$schema");
        root.shift_remove("title");
        if !definitions.is_empty() {
            root.insert("$defs".into(), Value::Object(definitions));
        }
    }
    root
}

/// `uint32` and the like are no formats of JSON Schema; validators warn about them.
pub(super) fn without_number_formats(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let of_a_number = object.get("format").and_then(Value::as_str).is_some_and(|format| {
                format == "float"
                    || format == "double"
                    || format
                        .trim_start_matches("uint")
                        .trim_start_matches("int")
                        .parse::<u32>()
                        .is_ok()
                    || format == "uint"
                    || format == "int"
            });
            if of_a_number && object.contains_key("type") {
                object.shift_remove("format");
            }
            for (key, value) in object.iter_mut() {
                // Examples and defaults are data, not schemas.
                if !matches!(key.as_str(), "default" | "const" | "enum" | "examples") {
                    without_number_formats(value);
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(without_number_formats),
        _ => {}
    }
}

pub(super) fn is_object(schema: &JsonObject) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}
