//! Shapes that hold together, or of which one holds.

use serde_json::Value;

use super::bounds::{Words, bind, bounds_of, is_bound, is_idle};
use super::describe::canonical;
use super::facts::{Member, Node, Object, Others, Property, SAID, kind_of, plain};

/// Any of some shapes.
pub fn any_of(parts: impl Iterator<Item = Node>) -> Node {
    let mut node = Node::default();
    for part in parts {
        node.members.extend(part.members);
        node.values.extend(part.values);
        node.null |= part.null;
        add(&mut node.said, part.said);
    }
    node.settle()
}

/// Two shapes that hold at one place.
fn both(one: Node, other: Node) -> Node {
    if one == other { one } else { all_of(vec![one, other]) }
}

/// All of some shapes.
pub fn all_of(mut parts: Vec<Node>) -> Node {
    parts.retain(|part| !part.is_any() || !part.said.is_empty());
    match parts.len() {
        0 => return Node::of(Member::Any),
        1 => return parts.remove(0),
        _ => {}
    }
    let combines = |part: &Node| {
        let objects =
            part.members.iter().all(|member| matches!(member, Member::Ref(_) | Member::Object(_)));
        objects && part.values.is_empty() && !part.null && !part.members.is_empty()
    };
    if !parts.iter().all(combines) {
        return parts.into_iter().reduce(Node::intersect).unwrap_or_default();
    }
    let mut whole = Object::default();
    let mut said = Words::new();
    for mut part in parts {
        add(&mut said, std::mem::take(&mut part.said));
        match part.members.as_mut_slice() {
            [Member::Ref(name)] => {
                whole.bases.insert(std::mem::take(name));
            }
            [Member::Object(object)] => whole.merge(std::mem::take(&mut **object), both),
            _ => whole.alternatives.push(part),
        }
    }
    Node { said, ..Node::of(Member::Object(Box::new(whole))) }
}

/// Adds what is said as well; of two that differ both are kept.
fn add(said: &mut Words, others: Words) {
    for (keyword, value) in others {
        let both = match said.remove(&keyword) {
            Some(before) if before != value => Value::Array(vec![before, value]),
            _ => value,
        };
        said.insert(keyword, both);
    }
}

impl Node {
    fn refers(&self) -> bool {
        self.members.iter().any(|member| matches!(member, Member::Ref(_)))
    }

    /// What both allow. What a reference leads to is not known here: what holds as well is kept beside it, as text.
    fn intersect(mut self, mut other: Self) -> Self {
        let mut said = std::mem::take(&mut self.said);
        add(&mut said, std::mem::take(&mut other.said));
        let shape = if self == other || self.is_any() {
            other
        } else if other.is_any() {
            self
        } else if self.refers() || other.refers() {
            let (kept, beside) = if self.refers() { (self, other) } else { (other, self) };
            let text = Value::String(canonical(&beside, &str::to_owned));
            add(&mut said, [("allOf".to_owned(), text)].into());
            kept
        } else {
            self.shared(&other)
        };
        Self { said, ..shape }
    }

    /// What an heir says about a place of which its base has spoken: a closer word about the same, so that it counts
    /// alone where the two cannot be combined. The base's word is compared at the base.
    pub fn refine(self, other: Self) -> Self {
        if self.refers() || other.refers() {
            let mut said = self.said;
            said.extend(other.said);
            return Self { said, ..other };
        }
        let refined = self.intersect(other.clone());
        if refined.is_nothing() { other } else { refined }
    }

    fn shared(&self, other: &Self) -> Self {
        let mut both = Self { null: self.null && other.null, ..Self::default() };
        for member in &self.members {
            both.members.extend(other.members.iter().filter_map(|other| member.shared(other)));
        }
        for (one, other) in [(self, other), (other, self)] {
            let stays = |value: &&String| {
                let kind = kind_of(value);
                let known = |member: &Member| match member {
                    Member::Simple(known, _) if known == "number" => {
                        kind == "integer" || kind == "number"
                    }
                    member => member.is_of(&[kind]),
                };
                other.values.contains(*value) || other.members.iter().any(known)
            };
            both.values.extend(one.values.iter().filter(stays).cloned());
        }
        both.settle()
    }

    /// The same, with bounds that hold as well, and whatever else is said beside it.
    pub fn within(mut self, words: Words) -> Self {
        let (mut bounds, said): (Words, Words) =
            words.into_iter().partition(|(keyword, _)| keyword == "type" || is_bound(keyword));
        let (said, others): (Words, Words) =
            said.into_iter().partition(|(keyword, _)| SAID.contains(&keyword.as_str()));
        if self.refers() {
            bind(&mut self.said, bounds);
        } else if self.is_any() {
            let said = std::mem::take(&mut self.said);
            self = plain(&bounds);
            add(&mut self.said, said);
        } else {
            if let Some(kinds) = bounds.remove("type") {
                self = self.intersect(plain(&[("type".to_owned(), kinds)].into()));
            }
            match self.values.is_empty() {
                true => self.members.iter_mut().for_each(|member| member.bind(&bounds)),
                false => bind(&mut self.said, bounds),
            }
        }
        add(&mut self.said, others);
        // The word at a place counts, not that at the definition.
        self.said.extend(said);
        self
    }
}

impl Member {
    fn shared(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Simple(kind, one), Self::Simple(other, two)) => {
                let narrow = match (kind.as_str(), other.as_str()) {
                    (kind, other) if kind == other => kind,
                    ("integer", "number") | ("number", "integer") => "integer",
                    _ => return None,
                };
                let mut bounds = one.clone();
                bind(&mut bounds, two.clone());
                Some(Self::Simple(narrow.to_owned(), bounds))
            }
            (Self::Array(items, one), Self::Array(others, two)) => {
                let mut bounds = one.clone();
                bind(&mut bounds, two.clone());
                let items = both((**items).clone(), (**others).clone());
                Some(Self::Array(Box::new(items), bounds))
            }
            (Self::Object(one), Self::Object(two)) => {
                let mut whole = one.clone();
                whole.merge((**two).clone(), both);
                Some(Self::Object(whole))
            }
            _ => None,
        }
    }

    /// Adds those bounds that are about its kind.
    fn bind(&mut self, bounds: &Words) {
        let (kind, own) = match self {
            Self::Any | Self::Ref(_) => return,
            Self::Simple(kind, own) => (kind.as_str(), own),
            Self::Array(_, own) => ("array", own),
            Self::Object(object) => ("object", &mut object.limits),
        };
        let about = bounds.iter().filter(|(keyword, value)| {
            bounds_of(kind).contains(&keyword.as_str()) && !is_idle(keyword, value)
        });
        bind(own, about.map(|(keyword, value)| (keyword.clone(), value.clone())).collect());
    }
}

impl Object {
    /// Adds what holds as well; `both` says what a value is of which both say something.
    pub fn merge(&mut self, other: Self, both: fn(Node, Node) -> Node) {
        for (name, property) in other.properties {
            let before = self.properties.remove(&name);
            let property = match before {
                None => property,
                Some(before) => Property {
                    required: before.required || property.required,
                    node: both(before.node, property.node),
                },
            };
            self.properties.insert(name, property);
        }
        self.others = match (std::mem::take(&mut self.others), other.others) {
            (Others::Closed, _) | (_, Others::Closed) => Others::Closed,
            (Others::Shaped(one), Others::Shaped(two)) => {
                Others::Shaped(Box::new(both(*one, *two)))
            }
            (Others::Open, others) | (others, Others::Open) => others,
        };
        bind(&mut self.limits, other.limits);
        self.bases.extend(other.bases);
        self.alternatives.extend(other.alternatives);
    }
}
