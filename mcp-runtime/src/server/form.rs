//! Forms: a Rust struct as the flat schema that elicitation allows.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::definition::schema_of;

/// The schema of a form for `T` (2025-11-25 and 2026-07-28, Elicitation, Requested Schema): an object of text, numbers,
/// truth values, and choices.
///
/// # Errors
///
/// The field that a form cannot have.
pub(crate) fn requested_schema<T: JsonSchema>() -> Result<Value, String> {
    let schema = schema_of(|generator| T::json_schema(generator), SchemaSettings::draft2020_12());
    let name = std::any::type_name::<T>();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        // A struct without fields asks for a bare confirmation.
        if schema.get("type").and_then(Value::as_str) == Some("object") {
            return Ok(json!({ "type": "object", "properties": {} }));
        }
        return Err(format!("`{name}` is no form: it must be a struct with named fields"));
    };
    let mut fields = Map::new();
    let mut optional = Vec::new();
    for (field, schema) in properties {
        let (schema, nullable) = without_null(schema);
        if nullable {
            optional.push(field.as_str());
        }
        let schema = primitive(&schema).ok_or_else(|| {
            format!(
                "field `{field}` of `{name}` cannot be in a form: take text, a number, `bool`, an enum of unit variants, or a list of such an enum"
            )
        })?;
        fields.insert(field.clone(), schema);
    }
    let required: Vec<&Value> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|field| field.as_str().is_some_and(|field| !optional.contains(&field)))
        .collect();
    let mut form = json!({ "type": "object", "properties": fields });
    if !required.is_empty() {
        form["required"] = json!(required);
    }
    Ok(form)
}

/// `Option`s allow `null`; forms leave the field out instead.
fn without_null(schema: &Value) -> (Value, bool) {
    let mut schema = schema.clone();
    if let Some(types) = schema.get("type").and_then(Value::as_array) {
        let kinds: Vec<Value> = types.iter().filter(|kind| *kind != "null").cloned().collect();
        let nullable = kinds.len() < types.len();
        if let [one] = &kinds[..] {
            schema["type"] = one.clone();
        }
        if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            values.retain(|value| !value.is_null());
        }
        return (schema, nullable);
    }
    if let Some(kinds) = schema.get("anyOf").and_then(Value::as_array) {
        let others: Vec<&Value> = kinds
            .iter()
            .filter(|kind| kind.get("type").and_then(Value::as_str) != Some("null"))
            .collect();
        if let ([one], true) = (&others[..], others.len() < kinds.len()) {
            let mut one = (*one).clone();
            for key in ["title", "description", "default"] {
                if let Some(value) = schema.get(key) {
                    one[key] = value.clone();
                }
            }
            return (one, true);
        }
    }
    (schema, false)
}

fn primitive(schema: &Value) -> Option<Value> {
    let mut plain = Map::new();
    for key in ["title", "description"] {
        if let Some(text) = schema.get(key) {
            plain.insert(key.into(), text.clone());
        }
    }
    let mut copy = |keys: &[&str]| {
        for key in keys {
            if let Some(value) = schema.get(*key).filter(|value| !value.is_null()) {
                plain.insert((*key).into(), value.clone());
            }
        }
    };
    let kind = schema.get("type").and_then(Value::as_str);
    match kind {
        Some("string") if schema.get("enum").is_some() => copy(&["type", "enum", "default"]),
        Some("string") => {
            copy(&["type", "minLength", "maxLength", "default"]);
            // Others are no formats of the protocol.
            if let Some(format @ ("email" | "uri" | "date" | "date-time")) =
                schema.get("format").and_then(Value::as_str)
            {
                plain.insert("format".into(), format.into());
            }
        }
        Some("number" | "integer") => copy(&["type", "minimum", "maximum", "default"]),
        Some("boolean") => copy(&["type", "default"]),
        Some("array") => {
            copy(&["type", "minItems", "maxItems", "default"]);
            let items = schema.get("items")?;
            let items = match choices(items)? {
                Choices::Plain(values) => json!({ "type": "string", "enum": values }),
                Choices::Titled(values) => json!({ "anyOf": values }),
            };
            plain.insert("items".into(), items);
        }
        _ => match choices(schema)? {
            Choices::Plain(values) => {
                plain.insert("type".into(), "string".into());
                plain.insert("enum".into(), values.into());
                if let Some(default) = schema.get("default") {
                    plain.insert("default".into(), default.clone());
                }
            }
            Choices::Titled(values) => {
                plain.insert("type".into(), "string".into());
                plain.insert("oneOf".into(), values.into());
                if let Some(default) = schema.get("default") {
                    plain.insert("default".into(), default.clone());
                }
            }
        },
    }
    Some(Value::Object(plain))
}

/// What is wrong with the content of a form, if anything is: forms are flat, so that this is all of JSON Schema that they
/// can mean (I11: an answer is checked before it counts).
pub(crate) fn misfit(schema: &Value, content: &Value) -> Option<String> {
    let content = content.as_object()?;
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let missing = required.filter_map(Value::as_str).find(|field| !content.contains_key(*field));
    if let Some(field) = missing {
        return Some(format!("`{field}` is missing"));
    }
    let fields = schema.get("properties").and_then(Value::as_object)?;
    content.iter().find_map(|(name, value)| {
        let why = field_misfit(fields.get(name)?, value)?;
        Some(format!("`{name}` {why}"))
    })
}

fn field_misfit(schema: &Value, value: &Value) -> Option<String> {
    let fits = match schema.get("type").and_then(Value::as_str) {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("array") => value.is_array(),
        _ => true,
    };
    if !fits {
        return Some(format!("must be of type {}", schema["type"]));
    }
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let size = match value {
        Value::Number(number) => number.as_f64().map(|size| (size, "minimum", "maximum")),
        Value::String(text) => Some((text.chars().count() as f64, "minLength", "maxLength")),
        Value::Array(values) => Some((values.len() as f64, "minItems", "maxItems")),
        _ => None,
    };
    if let Some((size, min, max)) = size {
        if bound(min).is_some_and(|min| size < min) {
            return Some(format!("is below `{min}`, which is {}", schema[min]));
        }
        if bound(max).is_some_and(|max| size > max) {
            return Some(format!("is above `{max}`, which is {}", schema[max]));
        }
    }
    if let (Value::Array(values), Some(items)) = (value, schema.get("items")) {
        return values.iter().find_map(|value| field_misfit(items, value));
    }
    let listed = |choice: &Value| choice.get("const") == Some(value);
    let chosen = match (schema.get("enum"), schema.get("oneOf").or_else(|| schema.get("anyOf"))) {
        (Some(Value::Array(values)), _) => values.contains(value),
        (_, Some(Value::Array(choices))) => choices.iter().any(listed),
        _ => true,
    };
    (!chosen).then(|| "is none of the choices".to_owned())
}

enum Choices {
    Plain(Vec<Value>),
    Titled(Vec<Value>),
}

/// The values of an enum; with titles, if its variants have titles or descriptions.
fn choices(schema: &Value) -> Option<Choices> {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().all(Value::is_string).then(|| Choices::Plain(values.clone()));
    }
    let mut titled = Vec::new();
    for variant in schema.get("oneOf")?.as_array()? {
        // Variants without a text of their own are collected in one `enum`.
        if let Some(values) = variant.get("enum").and_then(Value::as_array) {
            for value in values {
                let value = value.as_str()?;
                titled.push(json!({ "const": value, "title": value }));
            }
            continue;
        }
        let value = variant.get("const")?.as_str()?;
        let title = variant.get("title").or_else(|| variant.get("description"));
        titled.push(
            json!({ "const": value, "title": title.and_then(Value::as_str).unwrap_or(value) }),
        );
    }
    Some(Choices::Titled(titled))
}

#[cfg(test)]
mod tests {
    #![allow(dead_code)]

    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[derive(Deserialize, JsonSchema)]
    enum Plan {
        /// Costs nothing.
        Free,
        #[schemars(title = "For teams")]
        Team,
        Other,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Form {
        /// As on the card.
        name: String,
        #[schemars(range(min = 18))]
        age: Option<u32>,
        #[serde(default)]
        score: f64,
        size: Size,
        plan: Option<Plan>,
        sizes: Vec<Size>,
    }

    #[test]
    fn a_struct_becomes_a_flat_form() {
        let form = requested_schema::<Form>().expect("a form");
        assert_eq!(
            form,
            json!({
                "type": "object",
                "properties": {
                    "name": { "description": "As on the card.", "type": "string" },
                    "age": { "type": "integer", "minimum": 18 },
                    "score": { "type": "number", "default": 0.0 },
                    "size": { "type": "string", "enum": ["small", "large"] },
                    "plan": { "type": "string", "oneOf": [
                        // Those without a text of their own come first: that is how schemars lists them.
                        { "const": "Other", "title": "Other" },
                        { "const": "Free", "title": "Costs nothing." },
                        { "const": "Team", "title": "For teams" },
                    ] },
                    "sizes": { "type": "array", "items": { "type": "string", "enum": ["small", "large"] } },
                },
                "required": ["name", "size", "sizes"],
            })
        );
    }

    #[test]
    fn content_that_does_not_fit_is_named() {
        let schema = json!({
            "type": "object",
            "properties": {
                "age": { "type": "integer", "minimum": 18 },
                "name": { "type": "string", "maxLength": 3 },
                "plan": { "type": "string", "oneOf": [{ "const": "a", "title": "A" }] },
                "many": { "type": "array", "maxItems": 2, "items": { "type": "string", "enum": ["x", "y"] } },
                "sure": { "type": "boolean" },
            },
            "required": ["age"],
        });
        for (content, problem) in [
            (
                json!({ "age": 18, "name": "äöü", "plan": "a", "many": ["x", "y"], "sure": true }),
                None,
            ),
            (json!({ "age": 18.0, "unknown": {} }), None),
            (json!({}), Some("`age` is missing")),
            (json!({ "age": 17 }), Some("`age` is below")),
            (json!({ "age": 18.5 }), Some("`age` must be of type")),
            (json!({ "age": 20, "name": "long" }), Some("`name` is above")),
            (json!({ "age": 20, "plan": "b" }), Some("`plan` is none of")),
            (json!({ "age": 20, "many": ["x", "z"] }), Some("`many` is none of")),
            (json!({ "age": 20, "many": ["x", "x", "x"] }), Some("`many` is above")),
            (json!({ "age": 20, "sure": "yes" }), Some("`sure` must be of type")),
        ] {
            let found = misfit(&schema, &content);
            assert_eq!(found.is_some(), problem.is_some(), "{content}: {found:?}");
            if let (Some(found), Some(problem)) = (found, problem) {
                assert!(found.starts_with(problem), "{found}");
            }
        }
    }

    #[test]
    fn what_a_form_cannot_have_is_named() {
        #[derive(Deserialize, JsonSchema)]
        struct Nested {
            inner: Form,
        }
        let problem = requested_schema::<Nested>().expect_err("no form");
        assert!(problem.contains("`inner`") && problem.contains("Nested"), "{problem}");
        assert!(requested_schema::<String>().is_err());
    }
}
