//! Conversions of what a field, an item or a variant holds.

use std::fmt::Write;

use indexmap::IndexSet;

use super::Certainty::{self, Always, Depends};
use super::{Conversions, Converted, members};
use crate::lower::Body;
use crate::model::{Node, Shape};
use crate::normalize::resolve;
use crate::parse::Definitions;
use crate::pipeline::Lowered;

impl<'a> Conversions<'a> {
    /// Converts `value` from one shape into another; `place` is the type and field, for messages.
    pub(super) fn value(&self, from: &Node, into: &Node, value: &str, place: &str) -> Converted {
        if let (Shape::Ref(one), Shape::Ref(other)) = (&from.shape, &into.shape)
            && let Some(converted) = self.reference(one, other, value)
        {
            return Some(converted);
        }
        if let Some(converted) = self.one_kind(from, into, value) {
            return Some(converted);
        }
        let from_known = &self.from.normalized.definitions;
        let into_known = &self.into.normalized.definitions;
        let (one, other) = (resolve(from, from_known), resolve(into, into_known));
        match (&one.shape, &other.shape) {
            (Shape::Array(one), Shape::Array(other)) => {
                let (inner, sure) = self.value(one, other, "value", place)?;
                Some((each(value, &inner, sure, "value"), sure))
            }
            (Shape::Map(one), Shape::Map(other)) => {
                let (inner, sure) = self.value(one, other, "value", place)?;
                if inner == "value" {
                    return Some((value.to_owned(), sure));
                }
                Some((each(value, &format!("(key, {inner})"), sure, "(key, value)"), sure))
            }
            (Shape::Nullable(one), Shape::Nullable(other)) => {
                let (inner, sure) = self.value(one, other, "value", place)?;
                let text =
                    format!("match {value} {{ Some(value) => Some({inner}), None => None }}");
                Some((if inner == "value" { value.to_owned() } else { text }, sure))
            }
            _ if is_free(one) && is_free(other) => Some((value.to_owned(), Always)),
            (Shape::Any, Shape::Any) => Some((value.to_owned(), Always)),
            (_, Shape::Any) if is_free(one) => {
                Some((format!("crate::Value::Object({value})"), Always))
            }
            (Shape::Any, _) if is_free(other) => {
                Some((format!("codec::read_value({value}, {})?", comma(place)), Depends))
            }
            // An object without names, and the same with some of its members named.
            (_, Shape::Object(_)) if is_free(one) => {
                let text =
                    format!("codec::read_value(crate::Value::Object({value}), {})?", comma(place));
                Some((text, Depends))
            }
            (Shape::Object(_), _) if is_free(other) => {
                Some((format!("codec::write_value(&{value}, {})?", comma(place)), Depends))
            }
            _ if references_nothing(one)
                && one.canonical() == other.canonical()
                && !is_named(from, from_known) =>
            {
                Some((value.to_owned(), Always))
            }
            _ => None,
        }
    }

    /// Converts a definition into a union of kinds that has it as one of them, or takes it out of such a union.
    fn one_kind(&self, from: &Node, into: &Node, value: &str) -> Converted {
        let (Shape::Ref(one), Shape::Ref(other)) = (&from.shape, &into.shape) else { return None };
        // The union's Rust name, and for each variant its name and the definition that it holds.
        let kinds = |of: &'a Lowered, definition: &str| {
            let item = of.items.iter().find(|item| item.definition == definition)?;
            let Body::Kinds(kinds) = &item.body else { return None };
            let held = members(self.node(of, definition)?)?;
            let held =
                kinds.iter().zip(held).filter_map(|((_, variant, _), node)| match &node.shape {
                    Shape::Ref(name) => Some((variant, name)),
                    _ => None,
                });
            let all: Vec<&String> = kinds.iter().map(|(_, variant, _)| variant).collect();
            Some((&item.name, held.collect::<Vec<_>>(), all))
        };
        match (kinds(self.from, one), kinds(self.into, other)) {
            (None, Some((name, held, _))) => held.into_iter().find_map(|(variant, held)| {
                let (value, sure) = self.reference(one, held, value)?;
                Some((format!("{}::{name}::{variant}({value})", self.into_module), sure))
            }),
            (Some((name, held, all)), None) => held.into_iter().find_map(|(variant, held)| {
                let (inner, _) = self.reference(held, other, "value")?;
                let path = format!("{}::{name}", self.from_module);
                let mut arms = format!("{path}::{variant}(value) => {inner},");
                for refused in all.iter().filter(|known| **known != variant) {
                    let _ = write!(
                        arms,
                        "{path}::{refused}(_) => return Err(ConversionError::NoSuchVariant {{ ty: {other:?}, variant: {refused:?} }}),"
                    );
                }
                Some((format!("match {value} {{ {arms} }}"), Depends))
            }),
            _ => None,
        }
    }
}

fn comma(place: &str) -> &str {
    if place.is_empty() { "\"\", \"\"" } else { place }
}

/// Converts all items of a container.
fn each(value: &str, inner: &str, sure: Certainty, pattern: &str) -> String {
    if inner == pattern {
        return value.to_owned();
    }
    match (sure, inner.strip_suffix(".try_into()?")) {
        (Always, _) => format!("{value}.into_iter().map(|{pattern}| {inner}).collect()"),
        (_, Some("value")) => {
            format!(
                "{value}.into_iter().map(TryInto::try_into).collect::<Result<_, ConversionError>>()?"
            )
        }
        _ => format!(
            "{value}.into_iter().map(|{pattern}| Ok({inner})).collect::<Result<_, ConversionError>>()?"
        ),
    }
}

/// A plain JSON object.
fn is_free(node: &Node) -> bool {
    match &node.shape {
        Shape::Object(object) => {
            object.properties.is_empty()
                && object.required.is_empty()
                && !object.closed
                && object.embedded.is_none()
        }
        Shape::Map(values) => matches!(values.shape, Shape::Any),
        _ => false,
    }
}

fn references_nothing(node: &Node) -> bool {
    let mut references = IndexSet::new();
    node.references(&mut references);
    references.is_empty()
}

/// Whether a place has a type of its own, which is another one in another revision.
fn is_named(node: &Node, known: &Definitions) -> bool {
    let target = resolve(node, known);
    let structured = matches!(target.shape, Shape::Object(_) | Shape::Strings(_) | Shape::Union(_));
    matches!(node.shape, Shape::Ref(_)) && structured
}
