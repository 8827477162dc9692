//! Shapes as text: in full, to be compared, and in short, for people.

use super::bounds::Words;
use super::facts::{Member, Node, Object, Others};

/// All that a node says, with its references by other names. Equal texts mean the same.
pub fn canonical(node: &Node, name: &dyn Fn(&str) -> String) -> String {
    let mut parts: Vec<String> = node.members.iter().map(|one| member(one, name)).collect();
    parts.extend(node.values.iter().map(|value| format!("={value}")));
    parts.extend(node.null.then(|| "null".to_owned()));
    parts.sort();
    let mut text = parts.join("|");
    if !node.said.is_empty() {
        text.push_str(&format!("{:?}", node.said));
    }
    format!("({text})")
}

fn member(one: &Member, name: &dyn Fn(&str) -> String) -> String {
    match one {
        Member::Any => "*".to_owned(),
        Member::Ref(target) => format!("&{}", name(target)),
        Member::Simple(kind, limits) => format!("{kind}{}", bounds(limits)),
        Member::Array(items, limits) => format!("[{}{}]", canonical(items, name), bounds(limits)),
        Member::Object(object) => in_full(object, name),
    }
}

fn in_full(object: &Object, name: &dyn Fn(&str) -> String) -> String {
    let mut text = String::from("{");
    for (key, property) in &object.properties {
        let mark = if property.required { "!" } else { "?" };
        text.push_str(&format!("{key:?}{mark}{},", canonical(&property.node, name)));
    }
    match &object.others {
        Others::Open => {}
        Others::Closed => text.push_str("closed"),
        Others::Shaped(node) => text.push_str(&format!("*:{}", canonical(node, name))),
    }
    object.bases.iter().for_each(|base| text.push_str(&format!("+{}", name(base))));
    object.alternatives.iter().for_each(|node| text.push_str(&canonical(node, name)));
    format!("{text}{}}}", bounds(&object.limits))
}

fn bounds(limits: &Words) -> String {
    if limits.is_empty() { String::new() } else { format!("{limits:?}") }
}

/// A node in a few words.
pub fn short(node: &Node) -> String {
    let mut parts: Vec<String> = node.values.iter().map(|value| format!("`{value}`")).collect();
    parts.extend(node.members.iter().map(|one| match one {
        Member::Any => "any JSON".to_owned(),
        Member::Ref(name) => format!("`{name}`"),
        Member::Simple(kind, _) => kind.clone(),
        Member::Array(items, _) if items.is_any() => "array".to_owned(),
        Member::Array(items, _) => match items.members.len() + items.values.len() {
            0 | 1 if !items.null => format!("array of {}", short(items)),
            _ => format!("array of ({})", short(items)),
        },
        Member::Object(object) => short_object(object),
    }));
    parts.extend(node.null.then(|| "`null`".to_owned()));
    match parts.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => {
            const SHOWN: usize = 6;
            match first.len().checked_sub(SHOWN) {
                Some(more) if more > 0 => {
                    format!("{} or {} others", first[..SHOWN].join(", "), more + 1)
                }
                _ => format!("{} or {last}", first.join(", ")),
            }
        }
    }
}

fn short_object(object: &Object) -> String {
    const SHOWN: usize = 4;
    if object.properties.is_empty() && object.bases.is_empty() {
        return match &object.others {
            Others::Shaped(values) => format!("map of {}", short(values)),
            Others::Closed => "empty object".to_owned(),
            Others::Open => "object".to_owned(),
        };
    }
    let bases = object.bases.iter().map(|base| format!("`{base}`"));
    let mut names: Vec<String> = bases.collect();
    let fields = object.properties.iter();
    names.extend(fields.map(|(name, property)| match property.required {
        true => format!("`{name}`"),
        false => format!("`{name}?`"),
    }));
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    format!("object of {}", names.join(", "))
}
