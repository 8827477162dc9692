//! Objects, and what is said about values beside their shape: bounds, defaults.

use std::collections::BTreeSet;

use serde_json::Value;

use super::bounds::{Words, is_bound, same, tighter};
use super::change::{Class, Kind};
use super::compare::{Found, Place, Walk};
use super::describe::short;
use super::facts::{Node, Object, Others, Property};
use super::side::Side;

impl Walk<'_> {
    /// Two objects, with all that they have from others.
    pub(super) fn objects(&mut self, old: &Object, new: &Object, place: &Place) {
        let (flat_old, flat_new) = (self.old.flat(old), self.new.flat(new));
        let before = std::mem::take(&mut self.found);
        self.flat_objects(&flat_old, &flat_new, place);
        let mut found = std::mem::replace(&mut self.found, before);
        // What both have from the same definition is told there, once.
        for base in &old.bases {
            let renamed = self.renamed(base).to_owned();
            let both = self.old.target(base).zip(self.new.target(&renamed));
            if let Some((old, new)) = both.filter(|_| new.bases.contains(&renamed)) {
                let told = self.between(old, new, &Place::of(&renamed));
                inherit(&mut found, &told, place);
            }
        }
        self.found.changes.extend(found.changes);
        self.found.mechanical.extend(found.mechanical);
    }

    fn flat_objects(&mut self, old: &Object, new: &Object, place: &Place) {
        let gone: Vec<&String> =
            old.properties.keys().filter(|name| !new.properties.contains_key(*name)).collect();
        let come: Vec<&String> =
            new.properties.keys().filter(|name| !old.properties.contains_key(*name)).collect();
        let renamed = self.renamed_fields((old, &gone), (new, &come));
        for (name, property) in &old.properties {
            match new.properties.get(name) {
                Some(other) => {
                    self.requiredness(property.required, other.required, &place.field(name));
                    self.nodes(&property.node, &other.node, &place.field(name));
                }
                None => match renamed.iter().find(|(before, _)| before == name) {
                    Some((_, after)) => self.field_renamed(name, after, property, place),
                    None => self.field_removed(name, property, new, place),
                },
            }
        }
        for name in come.into_iter().filter(|name| !renamed.iter().any(|(_, new)| new == *name)) {
            self.field_added(name, &new.properties[name], old, place);
        }
        self.others(&old.others, &new.others, place);
        self.limits(&old.limits, &new.limits, place);
        self.embedded(&old.alternatives, &new.alternatives, place);
    }

    fn requiredness(&mut self, before: bool, after: bool, place: &Place) {
        match (before, after) {
            (false, true) => {
                let why = "who was built before may leave it out";
                self.tell(
                    place,
                    (Kind::FieldRequired, Class::WRITERS),
                    (None, None),
                    "required now",
                    why,
                );
            }
            (true, false) => {
                let why = "who was built before relies on it, and it may be left out now";
                self.tell(
                    place,
                    (Kind::FieldOptional, Class::READERS),
                    (None, None),
                    "optional now",
                    why,
                );
            }
            _ => {}
        }
    }

    fn field_added(&mut self, name: &str, property: &Property, old: &Object, place: &Place) {
        // As one of the others, who was built before reads it, and may have written it.
        let unnamed = match &old.others {
            Others::Open => Class::COMPATIBLE,
            Others::Closed => Class::READERS,
            Others::Shaped(others) => Class {
                readers: !self.all_in(&property.node, false, others, true),
                writers: !self.all_in(others, true, &property.node, false),
            },
        };
        let class = unnamed.and(Class { writers: property.required, readers: false });
        let why = match (property.required, old.others == Others::Closed, unnamed.is_breaking()) {
            (true, true, _) => {
                "who was built before leaves it out, and refuses fields that it does not know"
            }
            (false, true, _) => "who was built before refuses fields that it does not know",
            (_, false, true) => {
                "who was built before knows another shape for fields without a name"
            }
            (true, false, false) => "who was built before leaves it out",
            (false, false, false) => "who does not know it does without it, and keeps it",
        };
        let shape = short(&property.node);
        let what = format!("{} field added: {shape}", word(property.required));
        self.tell(&place.field(name), (Kind::FieldAdded, class), (None, Some(shape)), what, why);
    }

    fn field_removed(&mut self, name: &str, property: &Property, new: &Object, place: &Place) {
        let unnamed = match &new.others {
            Others::Open => Class::COMPATIBLE,
            Others::Closed => Class::WRITERS,
            Others::Shaped(others) => Class {
                readers: !self.all_in(others, false, &property.node, true),
                writers: !self.all_in(&property.node, true, others, false),
            },
        };
        let class = unnamed.and(Class { readers: property.required, writers: false });
        let why = match (property.required, new.others == Others::Closed, unnamed.is_breaking()) {
            (true, true, _) => {
                "who was built before relies on it when reading, and is refused when writing it"
            }
            (false, true, _) => "who still writes it is refused, since no other fields are allowed",
            (_, false, true) => "fields without a name have another shape than it had",
            (true, false, false) => "who was built before relies on it",
            (false, false, false) => {
                "it could be left out before; who still writes it is read as before, without it"
            }
        };
        let shape = short(&property.node);
        let what = format!("{} field removed: {shape}", word(property.required));
        self.tell(&place.field(name), (Kind::FieldRemoved, class), (Some(shape), None), what, why);
    }

    fn field_renamed(&mut self, before: &str, after: &str, property: &Property, place: &Place) {
        let what = format!(
            "{} field renamed to `{after}`: {}",
            word(property.required),
            short(&property.node)
        );
        let why = "what is written under one name is looked for under the other";
        let ends = (Some(before.to_owned()), Some(after.to_owned()));
        self.tell(&place.field(before), (Kind::FieldRenamed, Class::BOTH), ends, what, why);
    }

    /// Fields that are gone and stand under another name: of the same shape, as required as before, and without a rival.
    fn renamed_fields(
        &self,
        (old, gone): (&Object, &[&String]),
        (new, come): (&Object, &[&String]),
    ) -> Vec<(String, String)> {
        if self.strangers > 0 {
            return Vec::new();
        }
        let shape =
            |property: &Property, is_old| (property.required, self.text(&property.node, is_old));
        let before: Vec<_> =
            gone.iter().map(|name| (name, shape(&old.properties[*name], true))).collect();
        let after: Vec<_> =
            come.iter().map(|name| (name, shape(&new.properties[*name], false))).collect();
        let mut renamed = Vec::new();
        for (name, one) in &before {
            let candidates: Vec<_> = after.iter().filter(|(_, other)| other == one).collect();
            let rivals = before.iter().filter(|(_, other)| other == one).count();
            if let ([(successor, _)], 1) = (candidates.as_slice(), rivals) {
                renamed.push(((**name).clone(), (**successor).clone()));
            }
        }
        renamed
    }

    fn others(&mut self, old: &Others, new: &Others, place: &Place) {
        let text = |others: &Others| match others {
            Others::Open => "any".to_owned(),
            Others::Closed => "none".to_owned(),
            Others::Shaped(node) => short(node),
        };
        let (class, what, why) = match (old, new) {
            (Others::Shaped(before), Others::Shaped(after)) => {
                return self.nodes(before, after, &place.field("*"));
            }
            (Others::Open, Others::Open) | (Others::Closed, Others::Closed) => return,
            (_, Others::Closed) => (
                Class::WRITERS,
                "no other fields are allowed now".to_owned(),
                "who writes fields of its own is refused",
            ),
            (Others::Closed, _) => {
                let what = format!("other fields are allowed now: {}", text(new));
                (Class::READERS, what, "who was built before refuses fields that it does not know")
            }
            (Others::Open, Others::Shaped(node)) => {
                let what = format!("other fields have to be {} now", short(node));
                (Class::WRITERS, what, "who writes other values there is refused")
            }
            (Others::Shaped(_), Others::Open) => (
                Class::READERS,
                "other fields may be any JSON now".to_owned(),
                "who was built before knows one shape for them",
            ),
        };
        let place = place.field("*");
        self.tell(
            &place,
            (Kind::OthersChanged, class),
            (Some(text(old)), Some(text(new))),
            what,
            why,
        );
    }

    /// Unions that hold beside the properties.
    fn embedded(&mut self, old: &[Node], new: &[Node], place: &Place) {
        let (mut old, mut new): (Vec<&Node>, Vec<&Node>) =
            (old.iter().collect(), new.iter().collect());
        // All of them hold, in whatever order they stand.
        old.retain(|one| {
            let same = new.iter().position(|other| {
                self.text(one, true) == self.text(other, false)
                    || self.between(one, other, place).changes.is_empty()
            });
            same.map(|at| self.nodes(one, new.remove(at), place)).is_none()
        });
        for (old, new) in old.iter().zip(&new) {
            self.nodes(old, new, place);
        }
        for node in old.iter().skip(new.len()) {
            let why = "who was built before relies on one of the alternatives";
            let text = short(node);
            let what = format!("need no longer be {text} as well");
            self.tell(place, (Kind::MemberRemoved, Class::READERS), (Some(text), None), what, why);
        }
        for node in new.iter().skip(old.len()) {
            let why = "who was built before need not write any of the alternatives";
            let text = short(node);
            let what = format!("has to be {text} as well");
            self.tell(place, (Kind::MemberAdded, Class::WRITERS), (None, Some(text)), what, why);
        }
    }

    /// Bounds of values.
    pub(super) fn limits(&mut self, old: &Words, new: &Words, place: &Place) {
        let keywords: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for keyword in keywords {
            let (before, after) = (old.get(keyword), new.get(keyword));
            let (class, what) = match (before, after) {
                (Some(before), Some(after)) if same(before, after) => continue,
                (None, Some(after)) => (Class::WRITERS, format!("`{keyword}` added: `{after}`")),
                (Some(before), None) => {
                    (Class::READERS, format!("`{keyword}` removed: it was `{before}`"))
                }
                (Some(before), Some(after)) => (
                    tighter(keyword, before, after),
                    format!("`{keyword}` changed from `{before}` to `{after}`"),
                ),
                (None, None) => continue,
            };
            let why = match (class.readers, class.writers) {
                (false, _) => "not all that was written before is allowed now",
                (true, false) => "more is written now than was allowed before",
                (true, true) => "neither is sure to allow what the other does",
            };
            let ends = (before.map(Value::to_string), after.map(Value::to_string));
            let ends = (
                ends.0.map(|text| format!("{keyword}: {text}")),
                ends.1.map(|text| format!("{keyword}: {text}")),
            );
            self.tell(place, (Kind::BoundChanged, class), ends, what, why);
        }
    }

    /// What is said about a place beside its shape.
    pub(super) fn said(&mut self, old: &Node, new: &Node, place: &Place) {
        let bounds = |side: &Side, node: &Node| -> Words {
            let bounds = node.said.iter().filter(|(keyword, value)| match keyword.as_str() {
                "type" => !side.is_of(node, value),
                keyword => is_bound(keyword),
            });
            bounds.map(|(keyword, value)| (keyword.clone(), value.clone())).collect()
        };
        self.limits(&bounds(self.old, old), &bounds(self.new, new), place);
        let keywords: BTreeSet<&String> = old.said.keys().chain(new.said.keys()).collect();
        for keyword in
            keywords.into_iter().filter(|keyword| *keyword != "type" && !is_bound(keyword))
        {
            let (before, after) = (old.said.get(keyword), new.said.get(keyword));
            if before == after {
                continue;
            }
            let what = match (before, after) {
                (None, Some(after)) => format!("`{keyword}` added: `{after}`"),
                (Some(before), None) => format!("`{keyword}` removed: it was `{before}`"),
                (before, after) => {
                    let text =
                        |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
                    format!("`{keyword}` changed from `{}` to `{}`", text(before), text(after))
                }
            };
            let both = before.is_some() && after.is_some();
            let (kind, class, why) = match (keyword.as_str(), both) {
                ("default", true) => (
                    Kind::DefaultChanged,
                    Class::BOTH,
                    "who leaves it out means something else now than before",
                ),
                ("default", false) => (
                    Kind::DefaultChanged,
                    Class::COMPATIBLE,
                    "it says what an absent value means, which was or is left open",
                ),
                ("deprecated" | "readOnly" | "writeOnly", _) => (
                    Kind::KeywordChanged,
                    Class::COMPATIBLE,
                    "it is advice, and changes no document",
                ),
                _ => (
                    Kind::KeywordChanged,
                    Class::BOTH,
                    "what this keyword means for documents is not known: to be judged by people",
                ),
            };
            let text = |value: Option<&Value>| value.map(|value| format!("{keyword}: {value}"));
            self.tell(place, (kind, class), (text(before), text(after)), what, why);
        }
    }
}

fn word(required: bool) -> &'static str {
    if required { "required" } else { "optional" }
}

/// What a base has told already is told there, with the name of who has it from there.
fn inherit(found: &mut Found, told: &Found, place: &Place) {
    let heir = place.name();
    for change in &mut found.changes {
        // Below a definition without a counterpart: told there, wherever it was met.
        if change.definition != place.definition {
            continue;
        }
        let below = change.path.strip_prefix(&place.path).unwrap_or(&change.path);
        let below = below.trim_start_matches('.');
        if let Some(base) = told.changes.iter().find(|base| change.rest_is_at(below, base)) {
            *change = base.clone();
            change.inherited_by.insert(heir.clone());
        }
    }
}
