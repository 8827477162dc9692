//! Bounds of values: what each is about, and which of two is the closer one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::Class;

/// Keywords with their values: `minimum`, `pattern`, `format` and their like, as they stand.
pub type Words = BTreeMap<String, Value>;

/// Which shape a keyword is a bound of.
const BOUNDS: &[(&str, &[&str])] = &[
    (
        "string",
        &["contentEncoding", "contentMediaType", "format", "maxLength", "minLength", "pattern"],
    ),
    ("integer", NUMBERS),
    ("number", NUMBERS),
    (
        "array",
        &["contains", "maxItems", "minItems", "prefixItems", "unevaluatedItems", "uniqueItems"],
    ),
    (
        "object",
        &[
            "dependentRequired",
            "maxProperties",
            "minProperties",
            "patternProperties",
            "propertyNames",
        ],
    ),
];
const NUMBERS: &[&str] =
    &["exclusiveMaximum", "exclusiveMinimum", "format", "maximum", "minimum", "multipleOf"];

/// The bounds that values of a kind can have.
pub fn bounds_of(kind: &str) -> &'static [&'static str] {
    BOUNDS.iter().find(|(known, _)| *known == kind).map_or(&[], |(_, keywords)| keywords)
}

/// Whether a keyword is a bound of any kind of value.
pub fn is_bound(keyword: &str) -> bool {
    BOUNDS.iter().any(|(_, all)| all.contains(&keyword))
}

/// Whether a bound bounds nothing: JSON's keys are strings anyway, and an array may repeat itself anyway.
pub fn is_idle(keyword: &str, value: &Value) -> bool {
    match keyword {
        "propertyNames" => *value == serde_json::json!({ "type": "string" }),
        "uniqueItems" => *value == Value::Bool(false),
        _ => false,
    }
}

/// Adds bounds that hold as well: the closer of two, and both where that cannot be told.
pub fn bind(bounds: &mut Words, others: Words) {
    for (keyword, value) in others {
        let Some(before) = bounds.get(&keyword) else {
            bounds.insert(keyword, value);
            continue;
        };
        let class = tighter(&keyword, before, &value);
        if class == Class::WRITERS {
            bounds.insert(keyword, value);
        } else if class == Class::BOTH && !same(before, &value) {
            let both = Value::Array(vec![before.clone(), value]);
            bounds.insert(keyword, both);
        }
    }
}

/// Numbers are the same however they are written.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Whom a bound breaks that is another now.
pub fn tighter(keyword: &str, before: &Value, after: &Value) -> Class {
    let (Some(before), Some(after)) = (before.as_f64(), after.as_f64()) else { return Class::BOTH };
    let is_lower = keyword.to_ascii_lowercase().contains("min");
    let is_upper = keyword.to_ascii_lowercase().contains("max");
    match (is_lower, is_upper, after > before) {
        (true, _, true) | (_, true, false) => Class::WRITERS,
        (true, _, false) | (_, true, true) => Class::READERS,
        _ => Class::BOTH,
    }
}

/// Whom a change from some bounds to others breaks.
pub fn class(old: &Words, new: &Words) -> Class {
    let keywords = old.keys().chain(new.keys());
    keywords.fold(Class::COMPATIBLE, |class, keyword| {
        class.and(match (old.get(keyword), new.get(keyword)) {
            (Some(before), Some(after)) if same(before, after) => Class::COMPATIBLE,
            (Some(before), Some(after)) => tighter(keyword, before, after),
            (None, _) => Class::WRITERS,
            (_, None) => Class::READERS,
        })
    })
}
