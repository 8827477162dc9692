//! The steps between the revisions, compared a second time and in another way.
//!
//! Here each schema is taken apart into small facts ("at this place of this definition there may be a string"), straight
//! from its JSON and with nothing of the comparison's own reading. Whatever fact is in one schema alone has to be covered
//! by a change that `diff` tells, and each change by such a fact: every change named, none invented.

#[path = "diff_facts/facts.rs"]
mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use mcp_codegen::{Change, Diff, Kind, Rewriting};
use serde_json::Value;

use self::facts::{Fact, Schema};

type Outcome = Result<(), Box<dyn Error>>;

fn schema(revision: &str) -> Result<Value, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema/schemas");
    Ok(serde_json::from_slice(&fs::read(folder.join(format!("{revision}.json")))?)?)
}

/// Where a change says it is: in its definition, or wherever that stands inline, or is inherited.
fn locations(change: &Change) -> Vec<String> {
    let join = |name: &str, path: &str| match path {
        "" => name.to_owned(),
        path => format!("{name}.{path}"),
    };
    let mut all: Vec<String> = change.places.iter().cloned().collect();
    all.extend(change.inherited_by.iter().map(|heir| join(heir, &change.path)));
    if change.places.is_empty() {
        all.push(join(&change.definition, &change.path));
    }
    if let (Kind::FieldRenamed, Some(before), Some(after)) =
        (change.kind, &change.before, &change.after)
    {
        let renamed = all
            .iter()
            .filter_map(|at| Some(format!("{}{after}", at.strip_suffix(before.as_str())?)));
        all.extend(renamed.collect::<Vec<_>>());
    }
    all
}

/// Whether a fact that came or went is what a change is about.
fn explains(change: &Change, at: &str, fact: &Fact) -> bool {
    let text = fact.text.as_str();
    let ends = || [&change.before, &change.after].into_iter().flatten();
    match change.kind {
        Kind::TypeAdded | Kind::TypeRemoved | Kind::ErrorAdded | Kind::ErrorRemoved => {
            return fact.definition == change.definition;
        }
        // A method is there if its definition is, and if a union of messages names it.
        Kind::MethodAdded | Kind::MethodRemoved | Kind::DirectionChanged => {
            return fact.definition == change.definition
                || text == format!("lists {:?}", change.subject);
        }
        _ => {}
    }
    let place = fact.place();
    let here = place == at;
    let below = here || place.strip_prefix(at).is_some_and(|rest| rest.starts_with(['.', '[']));
    match change.kind {
        Kind::FieldRequired | Kind::FieldOptional => here && text == "required",
        Kind::NullAllowed | Kind::NullRefused => here && text == "kind null",
        Kind::ConstantChanged
        | Kind::ValueAdded
        | Kind::ValueRemoved
        | Kind::ValueReplaced
        | Kind::MethodRenamed
        | Kind::ErrorCodeChanged => here && ends().any(|value| text == format!("value {value}")),
        Kind::BoundChanged | Kind::DefaultChanged | Kind::KeywordChanged => {
            here && ends().any(|bound| text == *bound)
        }
        Kind::TypeRenamed => text.starts_with("name "),
        _ => below,
    }
}

fn check(old: &str, new: &str) -> Outcome {
    let (before, after) = (schema(old)?, schema(new)?);
    let diff = Diff::between((old, before.clone()), (new, after.clone()))?;
    let renames: BTreeMap<String, String> = diff
        .changes
        .iter()
        .filter(|change| change.kind == Kind::TypeRenamed)
        .filter_map(|change| change.before.clone().zip(change.after.clone()))
        .collect();
    let noted = |kinds: &[Rewriting]| -> BTreeSet<String> {
        let notes = diff.mechanical.iter().filter(|note| kinds.contains(&note.rewriting));
        notes.flat_map(|note| note.places.iter().cloned()).collect()
    };
    // Where a reference is said to be the same as what stands there otherwise, both are written out and held against
    // each other.
    let expand: BTreeSet<(String, String)> = diff
        .mechanical
        .iter()
        .filter(|note| {
            matches!(
                note.rewriting,
                Rewriting::Copied | Rewriting::Referred | Rewriting::Retargeted
            )
        })
        .flat_map(|note| {
            let names = note.name.split(" -> ");
            names.flat_map(|name| note.places.iter().map(|at| (at.clone(), name.to_owned())))
        })
        .collect();
    let named: BTreeSet<&String> = diff
        .mechanical
        .iter()
        .filter(|note| matches!(note.rewriting, Rewriting::Named | Rewriting::Inlined))
        .map(|note| &note.name)
        .collect();
    let envelopes = noted(&[Rewriting::Envelope]);
    let one = Schema::new(&before, &after, &renames, &expand);
    let other = Schema::reversed(&after, &before, &renames, &expand);
    let (one, other) = (one.facts(), other.facts());
    let differing: Vec<&Fact> = one.symmetric_difference(&other).collect();
    let mut wrong = String::new();
    for fact in &differing {
        // Said of all messages at once: the envelope is written out, or was.
        let envelope =
            envelopes.contains(&fact.definition) && ["id", "jsonrpc"].contains(&fact.path.as_str());
        let told = diff
            .changes
            .iter()
            .any(|change| locations(change).iter().any(|at| explains(change, at, fact)));
        if !told && !envelope && !named.contains(&fact.definition) {
            writeln!(wrong, "not named: {} {}", fact.place(), fact.text)?;
        }
    }
    for change in &diff.changes {
        let found = change.kind == Kind::TypeRenamed
            || locations(change)
                .iter()
                .all(|at| differing.iter().any(|fact| explains(change, at, fact)));
        if !found {
            writeln!(wrong, "invented: {} {}: {}", change.definition, change.path, change.what)?;
        }
    }
    for (before, after) in &renames {
        let has = |schema: &Value, name: &str| {
            ["$defs", "definitions"].iter().any(|key| schema[*key].get(name).is_some())
        };
        if !has(&schema(old)?, before) || has(&schema(new)?, before) || has(&schema(old)?, after) {
            writeln!(wrong, "no renaming: {before} -> {after}")?;
        }
    }
    assert!(wrong.is_empty(), "{old} -> {new}\n{wrong}");
    assert_eq!(differing.is_empty(), diff.changes.is_empty() && envelopes.is_empty());
    Ok(())
}

#[test]
fn step_to_2025_03_26() -> Outcome {
    check("2024-11-05", "2025-03-26")
}

#[test]
fn step_to_2025_06_18() -> Outcome {
    check("2025-03-26", "2025-06-18")
}

#[test]
fn step_to_2025_11_25() -> Outcome {
    check("2025-06-18", "2025-11-25")
}

#[test]
fn step_to_2026_07_28() -> Outcome {
    check("2025-11-25", "2026-07-28")
}

#[test]
fn step_to_the_draft() -> Outcome {
    check("2026-07-28", "draft")
}

/// The way back is as good a step, and no step is taken there.
#[test]
fn steps_back() -> Outcome {
    check("2025-03-26", "2024-11-05")?;
    check("2025-06-18", "2025-03-26")?;
    check("2025-11-25", "2025-06-18")?;
    check("2026-07-28", "2025-11-25")
}

/// What is left out of a diff is found here, so that the tests above can fail.
#[test]
fn the_second_comparison_sees() -> Outcome {
    let before = schema("2026-07-28")?;
    let mut after = before.clone();
    after["$defs"]["Tool"]["properties"]["colour"] = serde_json::json!({ "type": "string" });
    let (renames, expand) = (BTreeMap::new(), BTreeSet::new());
    let one = Schema::new(&before, &after, &renames, &expand).facts();
    let other = Schema::reversed(&after, &before, &renames, &expand).facts();
    let differing: Vec<String> = one
        .symmetric_difference(&other)
        .map(|fact| format!("{} {}", fact.place(), fact.text))
        .collect();
    assert_eq!(differing, ["Tool.colour kind string"]);
    Ok(())
}
