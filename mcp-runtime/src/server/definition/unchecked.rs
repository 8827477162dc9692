//! What a schema says and nothing holds calls to: without the feature `validation`, arguments are only as good as their
//! types make them.

use mcp_schema::JsonObject;
use serde_json::Value;

/// Keywords that come from attributes of schemars more often than from types.
const BOUNDS: [&str; 12] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// Adds the places of `schema` that have such bounds; `place` is where it stands itself. The schema still has schemars'
/// formats of numbers, which tell what a type bounds by itself.
pub(super) fn find(schema: &Value, place: &str, found: &mut Vec<String>) {
    let Value::Object(schema) = schema else { return };
    let bounds: Vec<&str> = BOUNDS
        .into_iter()
        .filter(|bound| schema.get(*bound).is_some_and(|value| !of_the_type(schema, bound, value)))
        .collect();
    if !bounds.is_empty() {
        let place = if place.is_empty() { "the arguments" } else { &format!("`{place}`") };
        let found_here = format!("{place} ({})", bounds.join(", "));
        // Variants of one place may have the same.
        if !found.contains(&found_here) {
            found.push(found_here);
        }
    }
    let below =
        |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    for keyword in ["properties", "$defs"] {
        if let Some(Value::Object(named)) = schema.get(keyword) {
            named.iter().for_each(|(name, schema)| find(schema, &below(name), found));
        }
    }
    if let Some(values) = schema.get("additionalProperties") {
        find(values, &below("*"), found);
    }
    if let Some(items) = schema.get("items") {
        find(items, &format!("{place}[]"), found);
    }
    for keyword in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        if let Some(Value::Array(schemas)) = schema.get(keyword) {
            schemas.iter().for_each(|schema| find(schema, place, found));
        }
    }
}

/// Whether a type says so by itself, and refuses anything else. Where that cannot be told, it is taken for an attribute: 1 as
/// the minimum of an unsigned number may also be a `NonZero`, and a pattern that of a `semver::Version`.
fn of_the_type(schema: &JsonObject, bound: &str, value: &Value) -> bool {
    let same = |a: &str, b: &str| schema.get(a) == schema.get(b);
    match bound {
        "minimum" | "maximum" => {
            let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
            let (least, most) = match format {
                "int8" => (i64::from(i8::MIN), i64::from(i8::MAX)),
                "int16" => (i64::from(i16::MIN), i64::from(i16::MAX)),
                "uint8" => (0, i64::from(u8::MAX)),
                "uint16" => (0, i64::from(u16::MAX)),
                "uint" | "uint32" | "uint64" | "uint128" => (0, i64::MAX),
                _ => return false,
            };
            value
                .as_i64()
                .is_some_and(|value| value == if bound == "minimum" { least } else { most })
        }
        // A `char`.
        "minLength" | "maxLength" => {
            same("minLength", "maxLength") && value.as_u64().is_some_and(|length| length == 1)
        }
        // A tuple, or an array.
        "minItems" | "maxItems" => same("minItems", "maxItems"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use schemars::generate::SchemaSettings;
    use schemars::{JsonSchema, SchemaGenerator};

    use super::super::schema::generated;

    fn found<T: JsonSchema>(place: &str) -> Vec<String> {
        let schema = |generator: &mut SchemaGenerator| generator.subschema_for::<T>();
        let schema = generated(schema, SchemaSettings::draft2020_12());
        let mut found = Vec::new();
        super::find(&schema, place, &mut found);
        found
    }

    #[test]
    fn types_bound_themselves() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "the schema is what counts")]
        struct Plain {
            numbers: (i8, u8, i16, u16, i32, u32, i64, u64, i128, u128, isize, usize, f32, f64),
            letter: char,
            three: [u8; 3],
            maybe: Option<HashMap<u32, Vec<Plain>>>,
            time: std::time::Duration,
        }
        assert_eq!(found::<Plain>(""), [""; 0]);
    }

    #[test]
    fn attributes_are_found_wherever_they_stand() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "the schema is what counts")]
        struct Line {
            #[schemars(range(min = 1, max = 100))]
            count: u8,
            #[schemars(regex(pattern = "^[a-z]+$"), length(max = 8))]
            code: String,
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "the schema is what counts")]
        struct Order {
            lines: Vec<Line>,
            #[schemars(length(min = 1))]
            names: Option<Vec<String>>,
            prices: HashMap<String, Line>,
            #[schemars(range(min = 0.5))]
            factor: f64,
        }
        let expected = [
            "`order.lines[].count` (minimum, maximum)",
            "`order.lines[].code` (pattern, maxLength)",
            "`order.names` (minItems)",
            "`order.prices.*.count` (minimum, maximum)",
            "`order.prices.*.code` (pattern, maxLength)",
            "`order.factor` (minimum)",
        ];
        assert_eq!(found::<Order>("order"), expected);
    }
}
