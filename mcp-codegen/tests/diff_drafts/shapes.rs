//! Shapes that the draft has no example of: bounds beside references, closed objects, unions of alike shapes.

use serde_json::{Value, json};

use super::changes::reference;

/// The schema of a place before and after, and all that has to be told of it.
pub type Pair = (Value, Value, &'static [&'static str]);

/// What the places refer to.
pub fn others() -> Value {
    json!({
        "Duration": { "type": "integer" },
        "Text": { "type": "string" },
        "Key": { "type": ["integer", "string"] },
        "Names": { "type": "array", "items": { "type": "string" } },
        "Numbers": { "type": "array", "items": { "type": "integer" } },
    })
}

fn beside(name: &str, words: Value) -> Value {
    let mut schema = reference(name);
    if let (Value::Object(schema), Value::Object(words)) = (&mut schema, words) {
        schema.extend(words);
    }
    schema
}

/// Bounds that stand without their own `type`, and references beside which something stands.
pub fn bounds() -> Vec<Pair> {
    let integer = || json!({ "type": "integer" });
    let text = || json!({ "type": "string" });
    vec![
        (
            reference("Duration"),
            beside("Duration", json!({ "maximum": 100 })),
            &["bound-changed T a (- -> maximum: 100): writers"],
        ),
        (
            reference("Text"),
            beside("Text", json!({ "minLength": 1 })),
            &["bound-changed T a (- -> minLength: 1): writers"],
        ),
        (
            beside("Text", json!({ "pattern": "a" })),
            beside("Text", json!({ "pattern": "b" })),
            &["bound-changed T a (pattern: \"a\" -> pattern: \"b\"): both"],
        ),
        (
            beside("Text", json!({ "format": "uri" })),
            reference("Text"),
            &["bound-changed T a (format: \"uri\" -> -): readers"],
        ),
        (
            json!({ "allOf": [integer(), { "minimum": 0 }] }),
            json!({ "allOf": [integer(), { "minimum": 1 }] }),
            &["bound-changed T a (minimum: 0 -> minimum: 1): writers"],
        ),
        (
            json!({ "allOf": [{ "type": "integer", "minimum": 5 }, { "minimum": 0 }] }),
            json!({ "type": "integer", "minimum": 5 }),
            &[],
        ),
        (
            json!({ "allOf": [reference("Duration"), { "maximum": 1 }] }),
            json!({ "allOf": [reference("Duration"), { "maximum": 2 }] }),
            &["bound-changed T a (maximum: 1 -> maximum: 2): readers"],
        ),
        (
            json!({ "pattern": "a" }),
            json!({ "pattern": "b" }),
            &["bound-changed T a (pattern: \"a\" -> pattern: \"b\"): both"],
        ),
        (
            beside("Names", json!({ "maxItems": 5 })),
            beside("Numbers", json!({ "maxItems": 5 })),
            &["type-changed T a (`Names` -> `Numbers`): both"],
        ),
        (
            json!({ "allOf": [reference("Names"), { "type": "array", "maxItems": 5 }] }),
            json!({ "allOf": [reference("Numbers"), { "type": "array", "maxItems": 5 }] }),
            &["type-changed T a (`Names` -> `Numbers`): both"],
        ),
        (
            json!({ "allOf": [reference("Names"), { "type": "array", "maxItems": 5 }] }),
            json!({ "allOf": [reference("Names"), { "type": "array", "maxItems": 6 }] }),
            &["keyword-changed T a (allOf: \"([(*){\\\"maxItems\\\": Number(5)}])\" -> \
                 allOf: \"([(*){\\\"maxItems\\\": Number(6)}])\"): both"],
        ),
        (
            reference("Key"),
            beside("Key", json!({ "type": "string" })),
            &["bound-changed T a (- -> type: \"string\"): writers"],
        ),
        (reference("Duration"), beside("Duration", json!({ "type": "integer" })), &[]),
        (
            json!({ "anyOf": [integer(), text()] }),
            json!({ "anyOf": [integer(), text()], "type": "string" }),
            &["member-removed T a (integer -> -): writers"],
        ),
        (
            beside("Duration", json!({ "maximum": 100 })),
            json!({ "type": "integer", "maximum": 100 }),
            &[],
        ),
        (
            json!({ "allOf": [{ "not": { "const": 1 } }, { "not": { "const": 2 } }] }),
            json!({ "allOf": [{ "not": { "const": 3 } }, { "not": { "const": 2 } }] }),
            &[
                "keyword-changed T a (not: [{\"const\":1},{\"const\":2}] -> not: [{\"const\":3},{\"const\":2}]): both",
            ],
        ),
    ]
}

/// Objects of which the schema says what else may stand in them.
pub fn closed() -> Vec<Pair> {
    let object = |properties: Value, keyword: &str, others: Value| {
        let mut object = json!({ "type": "object", "properties": properties });
        object[keyword] = others;
        object
    };
    let strict = |properties| object(properties, "unevaluatedProperties", json!(false));
    let texts =
        |properties| object(properties, "additionalProperties", json!({ "type": "string" }));
    let one = |kind: &str| json!({ "b": { "type": kind } });
    vec![
        (strict(json!({})), strict(one("string")), &["field-added T a.b (- -> string): readers"]),
        (strict(one("string")), strict(json!({})), &["field-removed T a.b (string -> -): writers"]),
        (strict(json!({})), object(json!({}), "additionalProperties", json!(false)), &[]),
        (
            json!({ "type": "object" }),
            strict(json!({})),
            &["others-changed T a.* (any -> none): writers"],
        ),
        (texts(json!({})), texts(one("integer")), &["field-added T a.b (- -> integer): both"]),
        (texts(json!({})), texts(one("string")), &["field-added T a.b (- -> string): compatible"]),
        (
            texts(json!({})),
            texts(json!({ "b": { "type": "string", "maxLength": 5 } })),
            &["field-added T a.b (- -> string): writers"],
        ),
        (texts(one("integer")), texts(json!({})), &["field-removed T a.b (integer -> -): both"]),
        (
            texts(one("string")),
            texts(json!({})),
            &["field-removed T a.b (string -> -): compatible"],
        ),
    ]
}

/// Unions whose members are alike, or stand in another order.
pub fn unions() -> Vec<Pair> {
    let array = |kind: &str| json!({ "type": "array", "items": { "type": kind } });
    let text = || json!({ "type": "string" });
    let field =
        |name: &str| json!({ "properties": { name: { "type": "string" } }, "required": [name] });
    let or = |one: Value, other: Value| json!({ "anyOf": [one, other] });
    let all = |one: Value, other: Value| json!({ "type": "object", "properties": { "x": { "type": "integer" } }, "allOf": [one, other] });
    vec![
        (
            json!({ "type": "integer", "minimum": 0 }),
            json!({ "type": "number", "minimum": 0 }),
            &["type-changed T a (integer -> number): readers"],
        ),
        (
            json!({ "type": "integer", "minimum": 0 }),
            json!({ "type": "number", "minimum": 1 }),
            &["type-changed T a (integer -> number): both"],
        ),
        (
            or(text(), json!({ "const": "a" })),
            or(text(), json!({ "const": "b" })),
            &["value-replaced T a (\"a\" -> \"b\"): compatible"],
        ),
        (
            json!({ "anyOf": [text(), { "enum": [1, 2] }] }),
            json!({ "anyOf": [text(), { "enum": [1, "x"] }] }),
            &["value-replaced T a (2 -> \"x\"): writers"],
        ),
        (
            or(array("string"), array("integer")),
            json!({ "anyOf": [array("boolean"), array("integer"), array("string")] }),
            &["member-added T a (- -> array of boolean): readers"],
        ),
        (
            all(or(field("a"), field("b")), or(field("c"), field("d"))),
            all(or(field("c"), field("d")), or(field("b"), field("a"))),
            &[],
        ),
    ]
}
