//! Conversions between the types of two revisions: `From` where nothing can be lost, `TryFrom` where it depends on the
//! value, and none where a value of one can never be one of the other.

mod structure;
mod value;

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};

use crate::lower::{Body, Item, Variant};
use crate::model::{Node, Object, Shape};
use crate::pipeline::Lowered;

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

/// The impls between two revisions' types, in both directions. `conditions` are attributes for those of some definitions.
pub fn between(
    (old_module, old): (&str, &Lowered),
    (new_module, new): (&str, &Lowered),
    shared: &IndexSet<String>,
    conditions: &IndexMap<String, String>,
) -> String {
    let mut text = String::new();
    for (from, from_module, into, into_module) in
        [(old, old_module, new, new_module), (new, new_module, old, old_module)]
    {
        let sure = IndexMap::new();
        let mut direction =
            Conversions { from, into, from_module, into_module, shared, conditions, sure };
        direction.settle();
        direction.write(&mut text);
    }
    let used = ["ConversionError", "codec"].into_iter().filter(|name| text.contains(name));
    let used: Vec<&str> = used.chain([old_module, new_module]).collect();
    format!("use crate::{{{}}};\n{text}", used.join(", "))
}

struct Conversions<'a> {
    from: &'a Lowered,
    into: &'a Lowered,
    from_module: &'a str,
    into_module: &'a str,
    shared: &'a IndexSet<String>,
    conditions: &'a IndexMap<String, String>,
    /// What is known so far of each pair of definitions; it only becomes less sure.
    sure: IndexMap<(String, String), Certainty>,
}

impl<'a> Conversions<'a> {
    /// The definitions that both revisions have, each with a type of its own; and parameters that go by another name in the
    /// other revision.
    fn pairs(&self) -> Vec<(&'a Item, &'a Item)> {
        let item =
            |of: &'a Lowered, name: &str| of.items.iter().find(|item| item.definition == name);
        let own = |item: &&Item| !self.shared.contains(&item.definition);
        let pairs = self.from.items.iter().filter(own);
        let mut pairs: Vec<_> =
            pairs.filter_map(|from| Some((from, item(self.into, &from.definition)?))).collect();
        for index in 0..pairs.len() {
            let (from, into) = pairs[index];
            let params = |of, item: &Item| match &self
                .object(of, &item.definition)?
                .properties
                .get("params")?
                .shape
            {
                Shape::Ref(name) => Some(name),
                _ => None,
            };
            let Some((one, other)) = params(self.from, from).zip(params(self.into, into)) else {
                continue;
            };
            if one == other {
                continue;
            }
            let renamed = item(self.from, one).zip(item(self.into, other));
            let is_new = |(one, _): &(&Item, &Item)| {
                pairs
                    .iter()
                    .all(|(known, into)| known.name != one.name || into.definition != *other)
            };
            pairs.extend(renamed.filter(is_new));
        }
        pairs
    }

    fn settle(&mut self) {
        let pairs = self.pairs();
        let key =
            |(from, into): &(&Item, &Item)| (from.definition.clone(), into.definition.clone());
        self.sure = pairs.iter().map(|pair| (key(pair), Always)).collect();
        loop {
            let mut changed = false;
            for pair in &pairs {
                let sure = self.body(pair.0, pair.1).map_or(Never, |(_, sure)| sure);
                changed |= self.sure.insert(key(pair), sure) != Some(sure);
            }
            if !changed {
                return;
            }
        }
    }

    fn write(&self, out: &mut String) {
        for (from, into) in self.pairs() {
            let Some((body, sure)) = self.body(from, into) else { continue };
            if sure != Never {
                let condition = self.conditions.get(&from.definition);
                out.push_str(condition.map_or("", String::as_str));
            }
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
            (Body::Struct(one), Body::Struct(other)) => self.structure((from, one), (into, other)),
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
                let boxed = (held.ty.starts_with("Box<"), other.ty.starts_with("Box<"));
                let (value, sure) = unboxed(boxed, "value", |value| {
                    self.reference(&held.definition, &other.definition, value)
                })?;
                Some((format!("Self::{name}({value})"), sure))
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

    /// A reference to a definition that both have, or that the other revision has under another name.
    fn reference(&self, from: &str, into: &str, value: &str) -> Converted {
        if from == into && self.shared.contains(from) {
            return Some((value.to_owned(), Always));
        }
        match self.sure.get(&(from.to_owned(), into.to_owned()))? {
            Never => None,
            Depends => Some((format!("{value}.try_into()?"), Depends)),
            Always => Some((format!("{value}.into()"), Always)),
        }
    }
}

/// Converts what stands in a box, or has to, through a conversion that knows nothing of boxes.
fn unboxed(
    (from, into): (bool, bool),
    value: &str,
    convert: impl FnOnce(&str) -> Converted,
) -> Converted {
    let inner = if from { format!("(*{value})") } else { value.to_owned() };
    let (converted, sure) = convert(&inner)?;
    let text = match (converted == inner, from, into) {
        (true, true, true) => value.to_owned(),
        (true, true, false) => format!("*{value}"),
        (_, _, true) => format!("Box::new({converted})"),
        (_, _, false) => converted,
    };
    Some((text, sure))
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
