//! JSON Schema, checked by a crate that does nothing else: arguments before a tool runs, structured output after.

use std::fmt::Write as _;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Validator};
use mcp_schema::{JsonObject, Value};

#[cfg(feature = "client")]
mod bounds;

/// How many mistakes are told at once.
const TOLD: usize = 8;

/// A schema that is ready to check with. References stay inside the schema: nothing is fetched.
pub(crate) struct Schema {
    validator: Validator,
    /// Of a schema that a peer sent: what checking may cost is bounded.
    #[cfg(feature = "client")]
    bounded: Option<bounds::Bounded>,
}

impl Schema {
    /// Reads a schema; without `$schema` it is one of 2020-12 (2025-11-25 and 2026-07-28, Schema Dialect).
    pub fn new(schema: &JsonObject) -> Result<Self, String> {
        let mut options = jsonschema::options().offline();
        if !schema.contains_key("$schema") {
            options = options.with_draft(Draft::Draft202012);
        }
        let validator = options.build(&Value::Object(schema.clone()));
        Ok(Self {
            validator: validator.map_err(|error| error.to_string())?,
            #[cfg(feature = "client")]
            bounded: None,
        })
    }

    /// Reads a schema that a peer sent: it and what it asks for are bounded.
    #[cfg(feature = "client")]
    pub fn of_a_stranger(schema: &JsonObject) -> Result<Self, String> {
        let bounded = bounds::Bounded::new(schema)?;
        Ok(Self { bounded: Some(bounded), ..Self::new(schema)? })
    }

    /// What is wrong with a value as text, if anything is.
    pub fn problems(&self, json: &str) -> Option<String> {
        match serde_json::from_str(json) {
            Ok(value) => self.check(&value),
            Err(error) => Some(error.to_string()),
        }
    }

    /// What is wrong with a value, if anything is.
    pub fn check(&self, value: &Value) -> Option<String> {
        #[cfg(feature = "client")]
        if let Some(bounded) = &self.bounded
            && let Err(problem) = bounded.affords(value)
        {
            return Some(format!("it cannot be checked: {problem}"));
        }
        let mut text = String::new();
        for (count, error) in self.validator.iter_errors(value).enumerate() {
            if count == TOLD {
                text.push_str("; and more");
                break;
            }
            let separator = if text.is_empty() { "" } else { "; " };
            let path = path_of(&error.instance_path().to_string());
            let written = match error.kind() {
                // The words of the decoder, which says it without this feature.
                ValidationErrorKind::Required { property } => {
                    let name = property.as_str().unwrap_or_default();
                    let dot = if path.is_empty() { "" } else { "." };
                    write!(text, "{separator}`{path}{dot}{name}` is missing")
                }
                // A schema without properties does not say at which one it stopped.
                ValidationErrorKind::FalseSchema if path.is_empty() => {
                    write!(text, "{separator}no properties are expected")
                }
                _ if path.is_empty() => write!(text, "{separator}{error}"),
                _ => write!(text, "{separator}`{path}`: {error}"),
            };
            if written.is_err() {
                break;
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

/// A JSON pointer in the form that mismatches have everywhere else: `orders[3].price`.
fn path_of(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&part);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(schema: Value) -> Result<Schema, String> {
        match schema {
            Value::Object(schema) => Schema::new(&schema),
            _ => Err("no object".into()),
        }
    }

    #[test]
    fn all_mistakes_are_told_with_their_paths() {
        let schema = schema(json!({
            "type": "object",
            "properties": { "age": { "type": "integer", "minimum": 18 }, "name": { "type": "string" } },
            "required": ["name"],
            "additionalProperties": false,
        }))
        .expect("a schema");
        assert_eq!(schema.problems(r#"{"name":"a","age":18}"#), None);
        let problems = schema.problems(r#"{"age":3,"nam":1}"#).expect("mistakes");
        for part in ["`age`", "18", "`name` is missing", "nam"] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
    }

    #[test]
    fn a_schema_without_properties_says_that_there_are_none() {
        let schema = schema(json!({ "type": "object", "additionalProperties": false }));
        let schema = schema.expect("a schema");
        assert_eq!(schema.problems("{}"), None);
        let problems = schema.problems(r#"{"text":"hi"}"#);
        assert_eq!(problems.as_deref(), Some("no properties are expected"));
    }

    #[test]
    fn nothing_is_fetched() {
        let error =
            schema(json!({ "$ref": "http://127.0.0.1:9/schema.json" })).err().expect("refused");
        assert!(error.contains("127.0.0.1"), "{error}");
        assert!(schema(json!({ "$ref": "file:///etc/passwd" })).is_err());
    }

    #[test]
    fn recursion_is_bounded_by_the_value() {
        let schema = schema(json!({
            "$defs": { "node": { "properties": { "next": { "$ref": "#/$defs/node" } } } },
            "$ref": "#/$defs/node",
        }))
        .expect("a schema");
        let deep = format!("{}{}", r#"{"next":"#.repeat(100), "{}") + &"}".repeat(100);
        assert_eq!(schema.problems(&deep), None);
        let deeper = format!("{}{}", r#"{"next":"#.repeat(10_000), "{}") + &"}".repeat(10_000);
        assert!(
            schema.problems(&deeper).is_some(),
            "nesting beyond 128 is refused when it is read"
        );
    }
}
