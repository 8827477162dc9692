//! A value that a server wants, as its schema describes it: an argument of a tool, a field of a form.

use mcp_schema::Value;
use serde_json::json;

use crate::format;

/// One property of an object's schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its key.
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub kind: Kind,
    pub default: Option<Value>,
    pub required: bool,
}

/// What may be typed.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Text {
        shortest: Option<u64>,
        longest: Option<u64>,
        format: Option<String>,
    },
    Number {
        integer: bool,
        least: Option<f64>,
        most: Option<f64>,
    },
    Boolean,
    Choice(Vec<Choice>),
    /// Several of a list.
    Choices {
        of: Vec<Choice>,
        fewest: Option<u64>,
        most: Option<u64>,
    },
    /// Items of one kind.
    List(Box<Kind>),
    /// JSON; `text` if what is no JSON may be meant as a string.
    Json {
        text: bool,
    },
}

/// One of a few values, and what people call it.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub value: Value,
    pub label: String,
}

/// How deep references may lead. A schema is somebody else's, and may go round in circles.
const DEPTH: usize = 16;

impl Field {
    /// The properties of an object's schema, in their order.
    pub fn all(schema: &Value) -> Vec<Self> {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object().into_iter().flatten();
        let field = |(name, property): (&String, &Value)| {
            let resolved = resolve(schema, property, DEPTH);
            let text = |key: &str| {
                let found = property[key].as_str().or(resolved[key].as_str());
                found.map(str::to_owned)
            };
            Self {
                name: name.clone(),
                title: text("title"),
                description: text("description"),
                kind: Kind::of(schema, property, DEPTH),
                default: property.get("default").filter(|value| !value.is_null()).cloned(),
                required: required.contains(&name.as_str()),
            }
        };
        properties.map(field).collect()
    }

    /// Reads one that was typed.
    pub fn read(&self, typed: &str) -> Result<Value, String> {
        self.kind.read(typed)
    }

    /// What may be typed, in a word or two.
    pub fn hint(&self) -> String {
        self.kind.hint()
    }
}

/// Follows references within a document, and passes over what allows `null` besides something else.
fn resolve<'a>(document: &'a Value, schema: &'a Value, depth: usize) -> &'a Value {
    if depth == 0 {
        return &Value::Null;
    }
    if let Some(pointer) = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        let target = document.pointer(pointer).unwrap_or(&Value::Null);
        return resolve(document, target, depth - 1);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        let parts = schema[key].as_array().into_iter().flatten();
        let mut parts = parts.filter(|part| part["type"] != "null" && part.get("const").is_none());
        if let (Some(only), None) = (parts.next(), parts.next()) {
            return resolve(document, only, depth - 1);
        }
    }
    schema
}

impl Kind {
    fn of(document: &Value, schema: &Value, depth: usize) -> Self {
        let schema = resolve(document, schema, depth);
        if let Some(choices) = choices(schema) {
            return Self::Choice(choices);
        }
        let count = |key: &str| schema[key].as_u64();
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => {
                several.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect()
            }
            _ => Vec::new(),
        };
        match *types {
            ["string"] => Self::Text {
                shortest: count("minLength"),
                longest: count("maxLength"),
                format: schema["format"].as_str().map(str::to_owned),
            },
            ["number" | "integer"] => Self::Number {
                integer: types == ["integer"],
                least: schema["minimum"].as_f64(),
                most: schema["maximum"].as_f64(),
            },
            ["boolean"] => Self::Boolean,
            ["array"] if depth > 0 => {
                let items = &schema["items"];
                match choices(resolve(document, items, depth - 1)) {
                    Some(of) => {
                        Self::Choices { of, fewest: count("minItems"), most: count("maxItems") }
                    }
                    None => Self::List(Box::new(Self::of(document, items, depth - 1))),
                }
            }
            [] => Self::Json { text: schema.get("properties").is_none() },
            _ => Self::Json { text: types.contains(&"string") },
        }
    }

    /// Reads one that was typed.
    pub fn read(&self, typed: &str) -> Result<Value, String> {
        match self {
            Self::Text { shortest, longest, format } => {
                let length = typed.chars().count() as u64;
                if shortest.is_some_and(|shortest| length < shortest) {
                    return Err(format!("at least {} characters", shortest.unwrap_or_default()));
                }
                if longest.is_some_and(|longest| length > longest) {
                    return Err(format!("at most {} characters", longest.unwrap_or_default()));
                }
                format::fits(typed, format.as_deref())?;
                Ok(typed.into())
            }
            Self::Number { integer, least, most } => {
                let number: serde_json::Number =
                    typed.trim().parse().map_err(|_| format!("`{typed}` is no number"))?;
                let value = number.as_f64().unwrap_or(f64::NAN);
                if *integer && value.fract() != 0.0 {
                    return Err(format!("`{typed}` is no whole number"));
                }
                if let Some(least) = least.filter(|least| value < *least) {
                    return Err(format!("at least {least}"));
                }
                if let Some(most) = most.filter(|most| value > *most) {
                    return Err(format!("at most {most}"));
                }
                Ok(Value::Number(number))
            }
            Self::Boolean => match typed.trim().to_lowercase().as_str() {
                "true" | "yes" | "y" => Ok(true.into()),
                "false" | "no" | "n" => Ok(false.into()),
                _ => Err(format!("`{typed}` is neither true (yes) nor false (no)")),
            },
            Self::Choice(of) => choose(of, typed),
            Self::Choices { of, fewest, most } => {
                let chosen: Vec<Value> = match serde_json::from_str(typed) {
                    Ok(Value::Array(values)) => values
                        .iter()
                        .map(|value| choose(of, value.as_str().unwrap_or_default()))
                        .collect::<Result<_, _>>()?,
                    _ => {
                        let words = typed.split(',').map(str::trim).filter(|word| !word.is_empty());
                        words.map(|word| choose(of, word)).collect::<Result<_, _>>()?
                    }
                };
                let count = chosen.len() as u64;
                if let Some(fewest) = fewest.filter(|fewest| count < *fewest) {
                    return Err(format!("at least {fewest} of them"));
                }
                if let Some(most) = most.filter(|most| count > *most) {
                    return Err(format!("at most {most} of them"));
                }
                Ok(chosen.into())
            }
            Self::List(item) => match serde_json::from_str::<Value>(typed) {
                Ok(list @ Value::Array(_)) => Ok(list),
                _ if typed.trim_start().starts_with('[') => {
                    Err(format!("`{typed}` is no JSON: write a list as [1, 2]"))
                }
                _ => Ok(json!([item.read(typed)?])),
            },
            Self::Json { text } => match serde_json::from_str(typed) {
                Ok(value) => Ok(value),
                Err(_) if *text => Ok(typed.into()),
                Err(error) => Err(format!("`{typed}` is no JSON: {error}")),
            },
        }
    }

    /// What may be typed, in a word or two.
    pub fn hint(&self) -> String {
        match self {
            Self::Text { format: Some(format), .. } => format.clone(),
            Self::Text { .. } => "text".to_owned(),
            Self::Number { integer, least, most } => {
                let name = if *integer { "integer" } else { "number" };
                match (least, most) {
                    (None, None) => name.to_owned(),
                    (Some(least), None) => format!("{name}, from {least}"),
                    (None, Some(most)) => format!("{name}, up to {most}"),
                    (Some(least), Some(most)) => format!("{name}, {least} to {most}"),
                }
            }
            Self::Boolean => "true or false".to_owned(),
            Self::Choice(of) => one_of(of),
            Self::Choices { of, .. } => format!("any of {}", one_of(of)),
            Self::List(item) => format!("list of {}", item.hint()),
            Self::Json { .. } => "JSON".to_owned(),
        }
    }
}

fn one_of(choices: &[Choice]) -> String {
    let words: Vec<String> = choices.iter().map(Choice::word).collect();
    words.join("|")
}

impl Choice {
    /// What is typed for it.
    pub fn word(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// By its value, or by what people call it.
fn choose(of: &[Choice], typed: &str) -> Result<Value, String> {
    let typed = typed.trim();
    let found = of
        .iter()
        .find(|choice| choice.word() == typed)
        .or_else(|| of.iter().find(|choice| choice.label.eq_ignore_ascii_case(typed)));
    match found {
        Some(choice) => Ok(choice.value.clone()),
        None => Err(format!("`{typed}` is none of {}", one_of(of))),
    }
}

/// The values of an enumeration, in any of the ways that forms have for one (2025-11-25, Elicitation, Enum Schema).
fn choices(schema: &Value) -> Option<Vec<Choice>> {
    let label = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(values) = schema["enum"].as_array() {
        let names = &schema["enumNames"];
        let named = values.iter().enumerate().map(|(at, value)| Choice {
            value: value.clone(),
            label: names[at].as_str().map_or_else(|| label(value), str::to_owned),
        });
        return Some(named.collect());
    }
    let titled = schema["oneOf"].as_array().or(schema["anyOf"].as_array())?;
    let choice = |one: &Value| {
        let value = one.get("const")?.clone();
        let label = one["title"].as_str().map_or_else(|| label(&value), str::to_owned);
        Some(Choice { value, label })
    };
    titled.iter().map(choice).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(property: Value) -> Field {
        let schema = json!({
            "properties": { "it": property },
            "$defs": { "Colour": { "enum": ["red", "green"] }, "Loop": { "$ref": "#/$defs/Loop" } },
        });
        Field::all(&schema).remove(0)
    }

    #[test]
    fn what_is_typed_is_read_as_the_schema_says() {
        for (property, typed, expected) in [
            (json!({ "type": "string" }), "1", json!("1")),
            (json!({ "type": "integer" }), "1", json!(1)),
            (json!({ "type": "integer" }), "2.0", json!(2.0)),
            (json!({ "type": ["number", "null"] }), "-1.5e3", json!(-1500.0)),
            (json!({ "type": "boolean" }), "yes", json!(true)),
            (
                json!({ "anyOf": [{ "type": "boolean" }, { "type": "null" }] }),
                "false",
                json!(false),
            ),
            (json!({ "$ref": "#/$defs/Colour" }), "green", json!("green")),
            (json!({ "enum": [1, 2] }), "2", json!(2)),
            (json!({ "enum": ["a", "b"], "enumNames": ["Ann", "Bob"] }), "bob", json!("b")),
            (json!({ "oneOf": [{ "const": "x", "title": "The X" }] }), "the x", json!("x")),
            (json!({ "type": "array", "items": { "type": "integer" } }), "[1, 2]", json!([1, 2])),
            (json!({ "type": "array", "items": { "type": "integer" } }), "1", json!([1])),
            (
                json!({ "type": "array", "items": { "anyOf": [{ "const": "a" }, { "const": "b" }] } }),
                "a, b",
                json!(["a", "b"]),
            ),
            (json!({ "type": "object" }), r#"{"a":1}"#, json!({ "a": 1 })),
            (json!({}), "1", json!(1)),
            (json!({}), "one", json!("one")),
            (json!({ "$ref": "#/$defs/Loop" }), "anything", json!("anything")),
        ] {
            let field = only(property.clone());
            assert_eq!(field.read(typed), Ok(expected), "{typed} for {property}");
        }
    }

    #[test]
    fn what_does_not_fit_says_why() {
        for (property, typed, why) in [
            (json!({ "type": "integer" }), "1.5", "whole"),
            (json!({ "type": "integer" }), "one", "no number"),
            (json!({ "type": "number", "minimum": 3 }), "2", "at least 3"),
            (json!({ "type": "string", "maxLength": 2 }), "abc", "at most 2"),
            (json!({ "type": "string", "minLength": 2 }), "ä", "at least 2"),
            (json!({ "type": "string", "format": "email" }), "ada", "ada@example.org"),
            (json!({ "type": "string", "format": "date" }), "2026-02-31", "date"),
            (json!({ "type": "string", "format": "date-time" }), "2026-01-31", "time"),
            (json!({ "type": "string", "format": "uri" }), "example", "https"),
            (json!({ "type": "boolean" }), "perhaps", "neither"),
            (json!({ "enum": ["a"] }), "b", "none of a"),
            (json!({ "type": "object" }), "a", "no JSON"),
            (json!({ "type": "array", "items": {} }), "[1", "list"),
            (
                json!({ "type": "array", "items": { "enum": ["a", "b"] }, "minItems": 1 }),
                "",
                "at least 1",
            ),
        ] {
            let problem = only(property.clone()).read(typed).expect_err(typed);
            assert!(problem.contains(why), "{typed} for {property}: {problem}");
        }
    }

    #[test]
    fn times_with_a_zone_fit() {
        let field = only(json!({ "type": "string", "format": "date-time" }));
        for typed in ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+02:00"] {
            assert_eq!(field.read(typed), Ok(json!(typed)));
        }
    }
}
