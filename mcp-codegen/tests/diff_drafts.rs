//! What is changed by hand in a draft is named by `diff`: each change once, none that was not made, with its class.

#[path = "diff_drafts/cases.rs"]
mod cases;
#[path = "drafts/changes.rs"]
mod changes;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use mcp_codegen::{Change, Class, Diff};
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn Error>>;

fn draft() -> Result<Value, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema/schemas/draft.json");
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// A change on one line: `kind subject path (before -> after): class`, the ends where they say more than the path.
fn line(change: &Change) -> String {
    let Change { subject, path, kind, before, after, class, .. } = change;
    let class = match *class {
        Class::READERS => "readers",
        Class::WRITERS => "writers",
        Class::COMPATIBLE => "compatible",
        _ => "both",
    };
    let at = if path.is_empty() { String::new() } else { format!(" {path}") };
    let ends = match (before, after) {
        (None, None) => String::new(),
        (before, after) => {
            let text = |end: &Option<String>| end.clone().unwrap_or_else(|| "-".to_owned());
            format!(" ({} -> {})", text(before), text(after))
        }
    };
    let kind = kind.name();
    let told = kind.starts_with("type-added") || kind.starts_with("type-removed");
    let ends = if told { String::new() } else { ends };
    format!("{kind} {subject}{at}{ends}: {class}")
}

fn told(diff: &Diff) -> BTreeSet<String> {
    diff.changes.iter().map(line).collect()
}

/// Compares what is told with what was done, and tells every difference of all cases at once.
fn check(cases: &[cases::Case]) -> Outcome {
    let before = draft()?;
    let mut wrong = String::new();
    for (name, apply, expected) in cases {
        let mut after = before.clone();
        apply(&mut after["$defs"]);
        let diff = Diff::between(("old", before.clone()), ("new", after.clone()))?;
        let (told, expected) =
            (told(&diff), expected.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>());
        for line in expected.difference(&told) {
            writeln!(wrong, "{name}: not told: {line}")?;
        }
        for line in told.difference(&expected) {
            writeln!(wrong, "{name}: not done: {line}")?;
        }
        if told.len() != diff.changes.len() {
            writeln!(wrong, "{name}: told twice: {:#?}", diff.changes)?;
        }
        for change in &diff.changes {
            if change.what.is_empty() || change.why.is_empty() {
                writeln!(wrong, "{name}: without a reason: {change:?}")?;
            }
        }
        // The way back has the classes turned round, but for what is told by direction.
        let back = Diff::between(("new", after), ("old", before.clone()))?;
        if back.changes.is_empty() != diff.changes.is_empty() {
            writeln!(wrong, "{name}: nothing is told of the way back, or of nothing")?;
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    Ok(())
}

#[test]
fn changes_that_must_generate_are_named() -> Outcome {
    let cases: Vec<_> = changes::CHANGES
        .iter()
        .map(|changes::Change(name, apply)| {
            let expected = cases::GENERATED.iter().find(|(known, _)| known == name);
            let expected = expected.unwrap_or_else(|| panic!("nothing is expected of {name}"));
            (*name, *apply, expected.1)
        })
        .collect();
    check(&cases)
}

#[test]
fn fields_are_named() -> Outcome {
    check(cases::FIELDS)
}

#[test]
fn values_and_members_are_named() -> Outcome {
    check(cases::VALUES)
}

#[test]
fn methods_and_errors_are_named() -> Outcome {
    check(cases::METHODS)
}

#[test]
fn bounds_and_defaults_are_named() -> Outcome {
    check(cases::BOUNDS)
}

#[test]
fn several_at_once_are_named() -> Outcome {
    check(cases::SEVERAL)
}

/// A document of one definition.
fn one(schema: Value) -> Value {
    json!({ "$defs": { "T": schema } })
}

fn field(schema: Value) -> Value {
    one(json!({ "type": "object", "properties": { "a": schema } }))
}

/// What the draft has no example of.
#[test]
fn what_the_draft_does_not_have_is_named() -> Outcome {
    let closed = |properties: Value| {
        one(json!({ "type": "object", "properties": properties, "additionalProperties": false }))
    };
    let text = || json!({ "type": "string" });
    let cases = [
        (
            field(json!({ "type": "integer", "default": 1 })),
            field(json!({ "type": "integer", "default": 2 })),
            "default-changed T a (default: 1 -> default: 2): both",
        ),
        (
            field(json!({ "type": "integer", "default": 1 })),
            field(json!({ "type": "integer" })),
            "default-changed T a (default: 1 -> -): compatible",
        ),
        (
            field(json!({ "type": "string", "maxLength": 5 })),
            field(json!({ "type": "string", "maxLength": 9 })),
            "bound-changed T a (maxLength: 5 -> maxLength: 9): readers",
        ),
        (
            field(json!({ "type": "string", "minLength": 5 })),
            field(json!({ "type": "string", "minLength": 9 })),
            "bound-changed T a (minLength: 5 -> minLength: 9): writers",
        ),
        (
            field(json!({ "type": "string", "pattern": "a" })),
            field(json!({ "type": "string", "pattern": "b" })),
            "bound-changed T a (pattern: \"a\" -> pattern: \"b\"): both",
        ),
        (
            closed(json!({})),
            closed(json!({ "a": text() })),
            "field-added T a (- -> string): readers",
        ),
        (
            closed(json!({ "a": text() })),
            closed(json!({})),
            "field-removed T a (string -> -): writers",
        ),
        (
            closed(json!({})),
            one(json!({ "type": "object" })),
            "others-changed T * (none -> any): readers",
        ),
        (
            field(json!({ "type": ["string", "null"] })),
            field(text()),
            "null-refused T a (null -> -): writers",
        ),
        (
            field(json!({ "const": 1 })),
            field(json!({ "const": 2 })),
            "constant-changed T a (1 -> 2): both",
        ),
        (
            field(json!({ "const": 1 })),
            field(json!({ "type": "integer" })),
            "type-changed T a (`1` -> integer): readers",
        ),
        (
            field(json!({ "type": "array", "items": text(), "minItems": 1 })),
            field(json!({ "type": "array", "items": text() })),
            "bound-changed T a (minItems: 1 -> -): readers",
        ),
        (
            field(json!({ "anyOf": [{ "type": "string" }, { "const": 1 }] })),
            field(json!({ "anyOf": [{ "type": "string" }, { "const": 1 }, { "const": "x" }] })),
            "value-added T a (- -> \"x\"): compatible",
        ),
        (
            field(json!({ "anyOf": [
                { "properties": { "t": { "const": "a" }, "x": text() }, "required": ["t"] },
                { "properties": { "t": { "const": "b" } }, "required": ["t"] },
            ] })),
            field(json!({ "anyOf": [
                { "properties": { "t": { "const": "b" } }, "required": ["t"] },
                { "properties": { "t": { "const": "a" }, "x": { "type": "integer" } }, "required": ["t"] },
            ] })),
            "type-changed T a.x (string -> integer): both",
        ),
        (
            field(json!({ "not": { "type": "string" } })),
            field(json!({ "not": { "type": "null" } })),
            "keyword-changed T a (not: {\"type\":\"string\"} -> not: {\"type\":\"null\"}): both",
        ),
    ];
    for (before, after, expected) in cases {
        let diff = Diff::between(("old", before), ("new", after))?;
        let lines: Vec<String> = diff.changes.iter().map(line).collect();
        assert_eq!(lines, [expected]);
    }
    Ok(())
}

/// The lines of a step between two revisions.
fn step(old: &str, new: &str) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema/schemas");
    let diff =
        Diff::read(&folder.join(format!("{old}.json")), &folder.join(format!("{new}.json")))?;
    Ok(told(&diff))
}

/// A response that has a definition now is compared with the result that answered before.
#[test]
fn another_answer_to_a_request_breaks_who_asks() -> Outcome {
    let (there, back) = (step("2025-11-25", "2026-07-28")?, step("2026-07-28", "2025-11-25")?);
    for result in ["CallToolResult", "GetPromptResult", "ReadResourceResult"] {
        let at = format!("{result}Response result");
        let added = format!("member-added {at} (- -> `InputRequiredResult`): readers");
        assert!(there.contains(&added), "no {added} in {there:#?}");
        let removed = format!("member-removed {at} (`InputRequiredResult` -> -): writers");
        assert!(back.contains(&removed), "no {removed} in {back:#?}");
    }
    assert!(!there.iter().any(|line| line.contains("CompleteResultResponse result")), "{there:#?}");
    Ok(())
}

/// A type that is gone breaks where it stood; a result stands nowhere, and breaks if its request is still there.
#[test]
fn a_type_that_is_gone_breaks_where_it_stood() -> Outcome {
    for (old, new, line) in [
        ("2024-11-05", "2025-03-26", "type-removed Annotated: compatible"),
        ("2025-11-25", "2026-07-28", "type-removed CreateTaskResult: writers"),
        ("2025-11-25", "2026-07-28", "type-removed InitializeResult: compatible"),
    ] {
        let told = step(old, new)?;
        assert!(told.contains(line), "no {line} in {told:#?}");
    }
    Ok(())
}

/// Compares a field of each shape before with the same of the shape after.
fn check_shapes(pairs: Vec<cases::shapes::Pair>) -> Outcome {
    let schema = |shape: &Value| {
        let mut schema = field(shape.clone());
        if let (Value::Object(all), Value::Object(others)) =
            (&mut schema["$defs"], cases::shapes::others())
        {
            all.extend(others);
        }
        schema
    };
    let mut wrong = String::new();
    for (before, after, expected) in pairs {
        let diff = Diff::between(("old", schema(&before)), ("new", schema(&after)))?;
        let lines: Vec<String> = diff.changes.iter().map(line).collect();
        if lines != expected {
            writeln!(wrong, "{before} -> {after}: {lines:#?}")?;
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    Ok(())
}

#[test]
fn bounds_without_their_own_type_are_named() -> Outcome {
    check_shapes(cases::shapes::bounds())
}

#[test]
fn fields_of_closed_objects_are_refused_by_who_does_not_know_them() -> Outcome {
    check_shapes(cases::shapes::closed())
}

#[test]
fn unions_are_compared_as_sets() -> Outcome {
    check_shapes(cases::shapes::unions())
}

/// What is only written in another way is told apart: no change, but a note that says what was done.
#[test]
fn what_is_only_mechanical_is_no_change() -> Outcome {
    let before = draft()?;
    let mut wrong = String::new();
    for (name, apply, expected) in cases::MECHANICAL {
        let mut after = before.clone();
        apply(&mut after["$defs"]);
        let diff = Diff::between(("old", before.clone()), ("new", after))?;
        for change in &diff.changes {
            writeln!(wrong, "{name}: not done: {}", line(change))?;
        }
        let notes: BTreeSet<String> = diff
            .mechanical
            .iter()
            .map(|note| {
                let places: Vec<&str> = note.places.iter().map(String::as_str).collect();
                format!("{} {} at {}", note.rewriting.name(), note.name, places.join(", "))
            })
            .map(|note| note.trim_end_matches(" at ").to_owned())
            .collect();
        let expected: BTreeSet<String> = expected.iter().map(|note| (*note).to_owned()).collect();
        if notes != expected {
            writeln!(wrong, "{name}: noted {notes:#?}")?;
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    Ok(())
}

/// Every definition, renamed: one change, and none elsewhere.
#[test]
fn every_definition_can_be_renamed() -> Outcome {
    let before = draft()?;
    let names: Vec<String> =
        before["$defs"].as_object().into_iter().flat_map(|defs| defs.keys().cloned()).collect();
    let mut wrong = String::new();
    let directions = [
        "ClientRequest",
        "ClientNotification",
        "ServerRequest",
        "ServerNotification",
        "InputRequest",
    ];
    for name in names.iter().filter(|name| !directions.contains(&name.as_str())) {
        let mut after = before.clone();
        changes::rename(&mut after["$defs"], name, "Renamed");
        let diff = Diff::between(("old", before.clone()), ("new", after))?;
        let lines: Vec<String> = diff.changes.iter().map(line).collect();
        let one = matches!(lines.as_slice(), [one] if one.starts_with("type-renamed ")
            && one.ends_with(&format!("({name} -> Renamed): compatible")));
        // What nobody refers to and says next to nothing is not known again.
        let slight = ["EmptyResult", "ClientResult", "Cursor"].contains(&name.as_str());
        if !one && !slight {
            writeln!(wrong, "{name}: {lines:#?}")?;
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    Ok(())
}

/// Order, prose and dialect say nothing.
#[test]
fn the_same_in_other_words_is_no_difference() -> Outcome {
    fn turn(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let turned = members.iter().rev().map(|(key, value)| {
                    let value = match key.as_str() {
                        "$ref" => {
                            json!(value.as_str().map(|to| to.replace("$defs", "definitions")))
                        }
                        "enum" | "required" | "type" | "anyOf" => match turn(value) {
                            Value::Array(items) => items.into_iter().rev().collect(),
                            value => value,
                        },
                        _ => turn(value),
                    };
                    (key.clone(), value)
                });
                Value::Object(turned.collect())
            }
            Value::Array(items) => items.iter().map(turn).collect(),
            value => value.clone(),
        }
    }
    let before = draft()?;
    let mut after = json!({ "$schema": "http://json-schema.org/draft-07/schema#" });
    after["definitions"] = turn(&before["$defs"]);
    after["definitions"]["Tool"]["description"] = json!("Prose.");
    after["definitions"]["Tool"]["properties"]["name"]["title"] = json!("Prose.");
    let diff = Diff::between(("old", before), ("new", after))?;
    assert!(diff.changes.is_empty() && diff.mechanical.is_empty(), "{}", diff.to_text());
    assert!(diff.to_text().ends_with("no difference\n"));
    Ok(())
}
