//! Definitions that say the same in other words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::change::{Change, Mechanical, Rewriting};
use super::renames::Renames;
use super::side::DIRECTIONS;
use crate::load::Document;

/// Definitions whose text is another although nothing was found in them.
pub fn rewritten(
    mechanical: &mut Vec<Mechanical>,
    changes: &[Change],
    (before, after): (&Document, &Document),
    renames: &Renames,
) {
    let told: BTreeSet<&String> = changes.iter().map(|change| &change.definition).collect();
    let explained: BTreeSet<String> = mechanical
        .iter()
        .flat_map(|note| {
            note.places
                .iter()
                .map(|place| place.split(['.', '[']).next().unwrap_or(place).to_owned())
        })
        .collect();
    let names = before.definitions.iter().filter_map(|(name, schema)| {
        let new = renames.get(name).unwrap_or(name);
        let other = after.definitions.get(new)?;
        let messages = DIRECTIONS.iter().any(|(union, _)| union == new);
        let silent = !messages && !told.contains(new) && !explained.contains(new);
        (silent && plain(schema, renames) != plain(other, &Renames::new())).then(|| new.clone())
    });
    let notes: Vec<Mechanical> = names
        .map(|name| Mechanical { rewriting: Rewriting::Rewritten, name, places: BTreeSet::new() })
        .collect();
    mechanical.extend(notes);
}

/// A schema's text, but for what distilling takes away.
fn plain(schema: &Value, renames: &Renames) -> Value {
    match schema {
        Value::Object(members) => {
            let silent = ["$comment", "$id", "$schema", "description", "examples", "title"];
            let kept: BTreeMap<String, Value> = members
                .iter()
                .filter(|(key, value)| !silent.contains(&key.as_str()) || value.is_object())
                .map(|(key, value)| (key.clone(), plain_member(key, value, renames)))
                .collect();
            Value::Object(kept.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| plain(item, renames)).collect())
        }
        value => value.clone(),
    }
}

fn plain_member(key: &str, value: &Value, renames: &Renames) -> Value {
    match (key, value) {
        ("$ref", Value::String(target)) => {
            let name = target.rsplit('/').next().unwrap_or(target);
            Value::String(renames.get(name).cloned().unwrap_or_else(|| name.to_owned()))
        }
        ("enum" | "required" | "type" | "anyOf", Value::Array(items)) => {
            let mut items: Vec<Value> = items.iter().map(|item| plain(item, renames)).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        ("properties", Value::Object(members)) => {
            let all: BTreeMap<_, _> = members
                .iter()
                .map(|(name, schema)| (name.clone(), plain(schema, renames)))
                .collect();
            Value::Object(all.into_iter().collect())
        }
        _ => plain(value, renames),
    }
}
