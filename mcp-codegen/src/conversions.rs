//! Conversions between the types of two revisions: `From` where nothing can be lost, `TryFrom` where it depends on the
//! value, and none where a value of one can never be one of the other.

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};

use crate::error::Error;
use crate::lower::{Body, Item, Struct, Variant};
use crate::model::{Const, Node, Object, Shape};
use crate::normalize::resolve;
use crate::parse::Definitions;
use crate::pipeline::Lowered;
use crate::print::{self, Chunk};

/// How sure a conversion is, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    Never,
    Depends,
    Always,
}

use Certainty::{Always, Depends, Never};

/// An expression that converts a value, and how sure it is.
type Converted = Option<(String, Certainty)>;

/// The impls between two revisions' types, in both directions.
pub fn between(
    (old_module, old): (&str, &Lowered),
    (new_module, new): (&str, &Lowered),
    shared: &IndexSet<String>,
) -> String {
    let mut text = String::new();
    for (from, from_module, into, into_module) in
        [(old, old_module, new, new_module), (new, new_module, old, old_module)]
    {
        let mut direction =
            Conversions { from, into, from_module, into_module, shared, sure: IndexMap::new() };
        direction.settle();
        direction.write(&mut text);
    }
    format!(
        "#[cfg(all(feature = {old_module:?}, feature = {new_module:?}))]\nmod {old_module}_and_{new_module} {{\nuse crate::{{ConversionError, codec, {old_module}, {new_module}}};\n{text}\n}}\n"
    )
}

/// The file that holds them.
pub fn file(text: &str, preamble: &str) -> Result<String, Error> {
    print::file("conversions", preamble, &[Chunk::Items(text.to_owned())])
}

struct Conversions<'a> {
    from: &'a Lowered,
    into: &'a Lowered,
    from_module: &'a str,
    into_module: &'a str,
    shared: &'a IndexSet<String>,
    /// What is known so far of each definition; it only becomes less sure.
    sure: IndexMap<String, Certainty>,
}

impl<'a> Conversions<'a> {
    /// The definitions that both revisions have, each with a type of its own.
    fn pairs(&self) -> Vec<(&'a Item, &'a Item)> {
        let own = |item: &&Item| !self.shared.contains(&item.definition);
        let pairs = self.from.items.iter().filter(own).filter_map(|from| {
            let into = self.into.items.iter().find(|into| into.definition == from.definition)?;
            Some((from, into))
        });
        pairs.collect()
    }

    fn settle(&mut self) {
        for (from, _) in self.pairs() {
            self.sure.insert(from.definition.clone(), Always);
        }
        loop {
            let mut changed = false;
            for (from, into) in self.pairs() {
                let sure = self.body(from, into).map_or(Never, |(_, sure)| sure);
                changed |= self.sure.insert(from.definition.clone(), sure) != Some(sure);
            }
            if !changed {
                return;
            }
        }
    }

    fn write(&self, out: &mut String) {
        for (from, into) in self.pairs() {
            let Some((body, sure)) = self.body(from, into) else { continue };
            let from = format!("{}::{}", self.from_module, from.name);
            let into = format!("{}::{}", self.into_module, into.name);
            let _ = match sure {
                Never => Ok(()),
                Always => writeln!(
                    out,
                    "impl From<{from}> for {into} {{ fn from(from: {from}) -> Self {{ {body} }} }}"
                ),
                Depends => writeln!(
                    out,
                    "impl TryFrom<{from}> for {into} {{ type Error = ConversionError; \
                     fn try_from(from: {from}) -> Result<Self, ConversionError> {{ Ok({{ {body} }}) }} }}"
                ),
            };
        }
    }

    fn body(&self, from: &Item, into: &Item) -> Converted {
        match (&from.body, &into.body) {
            (Body::Struct(one), Body::Struct(other)) => self.structure(from, one, other),
            (Body::Strings { values, open }, Body::Strings { values: known, open: keeps }) => {
                strings(self.from_module, from, values, *open, known, *keeps)
            }
            (
                Body::Union { variants, open, .. },
                Body::Union { variants: known, open: keeps, .. },
            ) => self.union(from, variants, *open, known, *keeps),
            (Body::Kinds(one), Body::Kinds(other)) => {
                let mut arms = String::new();
                let mut sure = Always;
                let from_members = members(self.node(self.from, &from.definition)?)?;
                let into_members = members(self.node(self.into, &into.definition)?)?;
                for ((kind, variant, _), node) in one.iter().zip(from_members) {
                    let place = other.iter().position(|(other, _, _)| other == kind)?;
                    let (value, certainty) =
                        self.value(node, into_members.get(place)?, "value", "")?;
                    sure = sure.min(certainty);
                    let name = &other[place].1;
                    let _ = writeln!(
                        arms,
                        "{}::{}::{variant}(value) => Self::{name}({value}),",
                        self.from_module, from.name
                    );
                }
                Some((format!("match from {{ {arms} }}"), sure))
            }
            _ => None,
        }
    }

    fn node(&self, of: &'a Lowered, definition: &str) -> Option<&'a Node> {
        of.normalized.definitions.get(definition)
    }

    fn object(&self, of: &'a Lowered, definition: &str) -> Option<&'a Object> {
        match &self.node(of, definition)?.shape {
            Shape::Object(object) => Some(object),
            _ => None,
        }
    }

    fn structure(&self, item: &Item, from: &Struct, into: &Struct) -> Converted {
        if from.embedded.is_some() || into.embedded.is_some() || from.closed || into.closed {
            return None;
        }
        let name = &item.definition;
        let (from_object, into_object) =
            (self.object(self.from, name)?, self.object(self.into, name)?);
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
                Const::String(value) if into_object.expects_others => {
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
                match (&field.absent, required) {
                    (Some(absent), _) => {
                        let absent = absent.replace(
                            &field.ty.text,
                            &format!("{}::{}", self.into_module, field.ty.text),
                        );
                        extra.push(format!("let {} = codec::unname(&mut extra, {name:?}, {key:?})?.unwrap_or({absent});", field.name));
                        let _ = writeln!(fields, "{},", field.name);
                    }
                    (None, false) => {
                        extra.push(format!(
                            "let {} = codec::unname(&mut extra, {name:?}, {key:?})?;",
                            field.name
                        ));
                        let _ = writeln!(fields, "{},", field.name);
                    }
                    (None, true) => return None,
                }
                continue;
            };
            let nodes = (from_object.properties.get(key)?, into_object.properties.get(key)?);
            let place = format!("{name:?}, {key:?}");
            let source = format!("from.{}", source.name);
            let input = match (always, required) {
                (true, _) => source.as_str(),
                (false, true) => field.name.as_str(),
                (false, false) => "value",
            };
            let (value, certainty) = self.value(nodes.0, nodes.1, input, &place)?;
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
            if into_object.expects_others {
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

    fn union(
        &self,
        item: &Item,
        from: &IndexMap<String, Variant>,
        open: bool,
        into: &IndexMap<String, Variant>,
        keeps: bool,
    ) -> Converted {
        let path = format!("{}::{}", self.from_module, item.name);
        let mut sure = Always;
        let mut arms = String::new();
        let mut any = false;
        for (variant, held) in from {
            let place = into.iter().find(|(_, other)| other.definition == held.definition);
            let converted = place.and_then(|(name, other)| {
                // A boxed value is unpacked; which of the two is boxed makes no difference to what it says.
                let boxed = held.ty.starts_with("Box<") || other.ty.starts_with("Box<");
                let (value, sure) = self.reference(&held.definition, "value")?;
                (!boxed).then(|| (format!("Self::{name}({value})"), sure))
            });
            match converted {
                Some((value, certainty)) => {
                    any = true;
                    sure = sure.min(certainty);
                    let _ = writeln!(arms, "{path}::{variant}(value) => {value},");
                }
                None => {
                    sure = sure.min(Depends);
                    let _ = writeln!(
                        arms,
                        "{path}::{variant}(_) => return Err(ConversionError::NoSuchVariant {{ ty: {:?}, variant: {variant:?} }}),",
                        item.definition
                    );
                }
            }
        }
        if open {
            sure = sure.min(Depends);
            let text = if keeps {
                // The other revision may know the tag.
                format!(
                    "{path}::Unknown {{ raw, .. }} => codec::read_value(crate::Value::Object(raw), {:?}, \"\")?,",
                    item.definition
                )
            } else {
                format!(
                    "{path}::Unknown {{ .. }} => return Err(ConversionError::NoSuchVariant {{ ty: {:?}, variant: \"Unknown\" }}),",
                    item.definition
                )
            };
            arms.push_str(&text);
        }
        any.then(|| (format!("match from {{ {arms} }}"), sure))
    }

    /// A reference to a definition that both have.
    fn reference(&self, definition: &str, value: &str) -> Converted {
        if self.shared.contains(definition) {
            return Some((value.to_owned(), Always));
        }
        match self.sure.get(definition)? {
            Never => None,
            Depends => Some((format!("{value}.try_into()?"), Depends)),
            Always => Some((format!("{value}.into()"), Always)),
        }
    }

    /// Converts `value` from one shape into another; `place` is the type and field, for messages.
    fn value(&self, from: &Node, into: &Node, value: &str, place: &str) -> Converted {
        if let (Shape::Ref(one), Shape::Ref(other)) = (&from.shape, &into.shape)
            && one == other
            && let Some(converted) = self.reference(one, value)
        {
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

fn members(node: &Node) -> Option<&Vec<Node>> {
    match &node.shape {
        Shape::Union(members) => Some(members),
        _ => None,
    }
}

fn strings(
    module: &str,
    item: &Item,
    from: &[(String, String)],
    open: bool,
    into: &[(String, String)],
    keeps: bool,
) -> Converted {
    let mut arms = String::new();
    let mut sure = Always;
    let name = &item.definition;
    let refuse = |variant: &str| {
        format!(
            "return Err(ConversionError::NoSuchVariant {{ ty: {name:?}, variant: {variant:?} }})"
        )
    };
    let _ = writeln!(arms, "let text = from.as_str();");
    let _ = writeln!(arms, "match text {{");
    for (value, variant) in into {
        let _ = writeln!(arms, "{value:?} => Self::{variant},");
    }
    if keeps {
        arms.push_str("_ => Self::Other(text.into()),");
    } else {
        let lost = from.iter().any(|(value, _)| into.iter().all(|(known, _)| known != value));
        if open || lost {
            sure = Depends;
            let _ = writeln!(arms, "_ => {},", refuse("Other"));
        } else {
            // A set that became larger: each value by its variant, so that none can be missing.
            let path = from.iter().filter_map(|(value, variant)| {
                let (_, target) = into.iter().find(|(known, _)| known == value)?;
                Some(format!("{module}::{}::{variant} => Self::{target},", item.name))
            });
            let arms: String = path.collect();
            return Some((format!("match from {{ {arms} }}"), Always));
        }
    }
    arms.push('}');
    Some((arms, sure))
}
