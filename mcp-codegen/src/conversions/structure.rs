//! Conversions of objects, field by field.

use std::fmt::Write;

use super::Certainty::{Always, Depends};
use super::{Conversions, Converted, unboxed};
use crate::lower::{Field, Item, Struct};
use crate::model::{Const, Object, Shape};
use crate::pipeline::Lowered;

impl Conversions<'_> {
    pub(super) fn structure(
        &self,
        (item, from): (&Item, &Struct),
        (target, into): (&Item, &Struct),
    ) -> Converted {
        if from.embedded.is_some() || into.embedded.is_some() || from.closed || into.closed {
            return None;
        }
        let name = &target.definition;
        let from_object = self.object(self.from, &item.definition)?;
        let into_object = self.object(self.into, name)?;
        let leaves = |of: &Lowered, object: &Object, key: &str| {
            object.expects_others
                || is_envelope(key) && object.properties.contains_key("method") && is_bare(of)
        };
        let from_leaves = |key: &str| leaves(self.from, from_object, key);
        let into_keeps = |key: &str| leaves(self.into, into_object, key);
        let mut sure = Always;
        let (mut before, mut fields) = (String::new(), String::new());
        // A value of the older type may carry, unnamed, what the newer one names.
        let mut extra = Vec::new();
        for (key, value, needed) in &into.constants {
            match from.constants.iter().find(|(other, _, _)| other == key) {
                Some((_, other, _)) if other == value => {}
                Some(_) => return None,
                None => match value {
                    Const::String(value) => {
                        // Where others are expected, this one may be among them, or not.
                        let needed = *needed && from_object.expects_others;
                        extra.push(format!(
                            "codec::unname_constant(&mut extra, {name:?}, {key:?}, {value:?}, {needed})?;"
                        ));
                    }
                    _ => return None,
                },
            }
        }
        for (key, value, needed) in &from.constants {
            let kept = into.constants.iter().any(|(other, _, _)| other == key);
            match value {
                _ if kept || !needed => {}
                Const::String(value) if into_keeps(key) => {
                    extra.push(format!("extra.insert({key:?}, {value:?});"));
                }
                // Without its envelope a message is another message.
                _ => return None,
            }
        }
        let theirs = |key: &str| {
            let required = from.required.iter().map(|field| (field, true));
            let optional = from.optional.iter().map(|field| (field, false));
            required.chain(optional).find(|(field, _)| field.key == key)
        };
        let targets = into.required.iter().map(|field| (field, true));
        for (field, required) in targets.chain(into.optional.iter().map(|field| (field, false))) {
            let key = &field.key;
            let Some((source, always)) = theirs(key) else {
                let unname = match field.by {
                    "not_negative" => "unname_not_negative",
                    "field" => "unname_field",
                    _ => "unname",
                };
                match (&field.absent, required) {
                    (Some(absent), _) => {
                        let absent = absent.replace(
                            &field.ty.text,
                            &format!("{}::{}", self.into_module, field.ty.text),
                        );
                        extra.push(format!("let {} = codec::{unname}(&mut extra, {name:?}, {key:?})?.unwrap_or({absent});", field.name));
                        let _ = writeln!(fields, "{},", field.name);
                    }
                    (None, false) => {
                        extra.push(format!(
                            "let {} = codec::{unname}(&mut extra, {name:?}, {key:?})?;",
                            field.name
                        ));
                        let _ = writeln!(fields, "{},", field.name);
                    }
                    // The message was read whole, or it was never one.
                    (None, true) if is_envelope(key) && from_leaves(key) => {
                        let missing = format!(
                            "ConversionError::FieldIsRequired {{ ty: {name:?}, field: {key:?} }}"
                        );
                        extra.push(format!("let {} = codec::{unname}(&mut extra, {name:?}, {key:?})?.ok_or({missing})?;", field.name));
                        let _ = writeln!(fields, "{},", field.name);
                    }
                    (None, true) => return None,
                }
                continue;
            };
            let nodes = (from_object.properties.get(key)?, into_object.properties.get(key)?);
            let place = format!("{name:?}, {key:?}");
            let is_boxed = |field: &Field| field.ty.text.starts_with("Box<");
            let boxed = (is_boxed(source), is_boxed(field));
            let source = format!("from.{}", source.name);
            let input = match (always, required) {
                (true, _) => source.as_str(),
                (false, true) => field.name.as_str(),
                (false, false) => "value",
            };
            let (value, certainty) =
                unboxed(boxed, input, |input| self.value(nodes.0, nodes.1, input, &place))?;
            sure = sure.min(certainty);
            let text = match (always, required) {
                (true, true) => value,
                (true, false) => format!("Some({value})"),
                (false, true) => {
                    sure = sure.min(Depends);
                    let _ = writeln!(
                        before,
                        "let {} = {source}.ok_or(ConversionError::FieldIsRequired {{ ty: {name:?}, field: {key:?} }})?;",
                        field.name
                    );
                    value
                }
                (false, false) if value == input => source,
                (false, false) if certainty == Always => match value.strip_suffix("(value)") {
                    Some(function) => format!("{source}.map({function})"),
                    None => format!("{source}.map(|value| {value})"),
                },
                (false, false) => {
                    format!("match {source} {{ Some(value) => Some({value}), None => None }}")
                }
            };
            let _ = match text == field.name {
                true => writeln!(fields, "{text},"),
                false => writeln!(fields, "{}: {text},", field.name),
            };
        }
        for (source, always) in from
            .required
            .iter()
            .map(|field| (field, true))
            .chain(from.optional.iter().map(|field| (field, false)))
        {
            let key = &source.key;
            if into.required.iter().chain(&into.optional).any(|field| field.key == *key) {
                continue;
            }
            // It goes among the others, where they are expected: in JSON it stands where it stood.
            if into_keeps(key) {
                let write = |value: &str| {
                    format!(
                        "extra.insert({key:?}, codec::write_value::<_, crate::Value>({value}, {name:?}, {key:?})?);"
                    )
                };
                extra.push(match always {
                    true => write(&format!("&from.{}", source.name)),
                    false => format!(
                        "if let Some(value) = &from.{} {{ {} }}",
                        source.name,
                        write("value")
                    ),
                });
                continue;
            }
            // What is always there would always be lost.
            if always {
                return None;
            }
            sure = sure.min(Depends);
            let _ = writeln!(
                before,
                "if from.{}.is_some() {{ return Err(ConversionError::FieldHasNoPlace {{ ty: {name:?}, field: {key:?} }}); }}",
                source.name
            );
        }
        if extra.is_empty() {
            fields.push_str("extra: from.extra,");
        } else {
            sure = sure.min(Depends);
            let _ = writeln!(before, "let mut extra = from.extra;\n{}", extra.join("\n"));
            fields.push_str("extra,");
        }
        Some((format!("{before} Self {{ {fields} }}"), sure))
    }
}

/// What JSON-RPC adds to a message.
fn is_envelope(key: &str) -> bool {
    matches!(key, "jsonrpc" | "id")
}

/// Whether a schema describes messages without their envelope, as all did up to 2025-06-18: what is read of it is kept
/// among what the schema does not name.
fn is_bare(of: &Lowered) -> bool {
    of.normalized.definitions.values().all(|node| match &node.shape {
        Shape::Object(object) => {
            let method = object.properties.get("method").map(|node| &node.shape);
            !matches!(method, Some(Shape::Const(_))) || !object.properties.contains_key("jsonrpc")
        }
        _ => true,
    })
}
