//! The tables from which the macros make the impls of a type.

use indexmap::IndexMap;

use super::Context;
use crate::discriminate::Choice;
use crate::lower::{Field, Item, Struct, Variant, condition};
use crate::model::{Const, Shape};
use crate::names;
use crate::normalize::resolve;

pub(super) fn table(support: &str, name: &str, rows: &[String]) -> String {
    let rows: String = rows.iter().map(|row| format!("    {row}\n")).collect();
    format!("{support}::{name}! {{\n{rows}}}\n")
}

pub(super) fn object_rows(item: &Item, body: &Struct) -> Vec<String> {
    let needed = body.constants.iter().enumerate().filter(|(_, (_, _, needed))| *needed);
    let need: u32 = needed.map(|(index, _)| 1 << index).sum();
    let mut rows = vec![format!("{} = {:?}, need {need};", item.name, item.definition)];
    for (index, (key, value, _)) in body.constants.iter().enumerate() {
        rows.push(match value {
            Const::String(value) => format!("constant {index} {key:?} = {value:?}, constant;"),
            Const::Integer(value) => {
                format!("constant {index} {key:?} = {value}_i64, constant_value;")
            }
            Const::Boolean(value) => format!("constant {index} {key:?} = {value}, constant_value;"),
        });
    }
    let mut index = body.constants.len();
    for Field { key, name, ty, by, absent, .. } in &body.required {
        let absent = absent.as_ref().map_or(String::new(), |absent| format!(", else {absent}"));
        rows.push(format!(
            "required {index} {key:?} {name}: {}, {}, {by}{absent};",
            ty.text, ty.argument
        ));
        index += 1;
    }
    for Field { key, name, ty, by, .. } in &body.optional {
        let setter = names::setter(name);
        rows.push(format!(
            "optional {index} {key:?} {name} {setter}: {}, {}, {by};",
            ty.text, ty.argument
        ));
        index += 1;
    }
    if let Some((field, ty)) = &body.embedded {
        rows.push(format!("embed {field}: {ty};"));
    } else if body.closed {
        rows.push("closed unknown_field;".to_owned());
    } else {
        rows.push("rest extra;".to_owned());
    }
    rows
}

pub(super) fn union_rows(
    item: &Item,
    variants: &IndexMap<String, Variant>,
    choice: &Choice,
    open: bool,
    context: &Context<'_>,
) -> (&'static str, Vec<String>) {
    let held =
        |index: usize| variants.get_index(index).map(|(name, held)| format!("{name}({})", held.ty));
    let variant = |index: usize| held(index).unwrap_or_default();
    let head = format!("{} = {:?}", item.name, item.definition);
    match choice {
        Choice::Tag { key, values, absent } => {
            let mut rows = vec![format!("{head} by {key:?};")];
            let mut otherwise = None;
            for (index, (value, arm)) in values.iter().enumerate() {
                let again = if has_field(&arm.definition, key, context) { " again" } else { "" };
                rows.push(format!("{index} {value:?} {}{again};", variant(index)));
                if absent.as_ref().is_some_and(|absent| absent.definition == arm.definition) {
                    otherwise = Some(format!("absent {};", variant(index)));
                }
            }
            rows.extend(otherwise);
            rows.extend(open.then(|| "open Unknown;".to_owned()));
            ("__tagged", rows)
        }
        Choice::Key { keys, absent } => {
            let mut rows = vec![format!("{head};")];
            let mut otherwise = None;
            for (index, (key, arm)) in keys.iter().enumerate() {
                rows.push(format!("{index} {key:?} {};", variant(index)));
                if absent.as_ref().is_some_and(|absent| absent.definition == arm.definition) {
                    otherwise = Some(format!("absent {};", variant(index)));
                }
            }
            rows.extend(otherwise);
            ("__keyed", rows)
        }
        Choice::Rules(rules) => {
            let mut rows = vec![format!("{head};")];
            for (index, (_, conditions)) in rules.iter().enumerate() {
                let conditions: Vec<_> = conditions.iter().map(condition).collect();
                let conditions = if conditions.is_empty() {
                    "Any()".to_owned()
                } else {
                    conditions.join(" and ")
                };
                rows.push(format!("{} if {conditions};", variant(index)));
            }
            ("__ruled", rows)
        }
    }
}

/// Whether a definition holds `key` as a field, not as a constant.
fn has_field(definition: &str, key: &str, context: &Context<'_>) -> bool {
    let known = &context.normalized.definitions;
    known.get(definition).is_some_and(|node| match &resolve(node, known).shape {
        Shape::Object(object) => {
            object.properties.get(key).is_some_and(|node| !matches!(node.shape, Shape::Const(_)))
        }
        _ => false,
    })
}
