//! How the alternatives of a union of objects are told apart: by a tag, by a key, or by rules. Never by trial.

use indexmap::{IndexMap, IndexSet};

use crate::error::Problems;
use crate::model::{Const, Node, Object, Shape};
use crate::normalize::resolve;
use crate::parse::Definitions;

/// One alternative: a definition.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The definition's name.
    pub definition: String,
    /// The variant's name, where one was given.
    pub name: Option<String>,
}

/// How to choose.
#[derive(Clone, Debug)]
pub enum Choice {
    /// By the value of a key that is a constant in every alternative.
    Tag {
        /// The key.
        key: String,
        /// The constant of each alternative.
        values: Vec<(String, Arm)>,
        /// The alternative that may leave the key out.
        absent: Option<Arm>,
    },
    /// By the presence of a key that only one alternative knows, and requires.
    Key {
        /// The key of each alternative.
        keys: Vec<(String, Arm)>,
        /// The alternative whose key may be absent all the same.
        absent: Option<Arm>,
    },
    /// By conditions on the whole object; the first alternative whose conditions hold.
    Rules(Vec<(Arm, IndexSet<Condition>)>),
}

/// A condition of [`Choice::Rules`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// The key is there.
    Has(String),
    /// The key holds one of these strings.
    Is(String, Vec<String>),
    /// The key holds an object that has the other key.
    Within(String, String),
}

/// Keys that the protocol tells messages and blocks by, before any other that would do.
const PREFERRED: &[&str] = &["method", "type", "resultType", "mode", "status"];

/// The alternatives of a union, with those of unions among them in their place.
pub fn arms(members: &[Node], known: &Definitions) -> Vec<Arm> {
    let mut arms = Vec::new();
    let mut seen = IndexSet::new();
    let mut next: Vec<&Node> = members.iter().rev().collect();
    while let Some(member) = next.pop() {
        let Shape::Ref(definition) = &member.shape else { continue };
        if !seen.insert(definition) {
            continue;
        }
        match &resolve(member, known).shape {
            Shape::Union(members) => next.extend(members.iter().rev()),
            _ => {
                let name = member.notes.name.clone();
                arms.push(Arm { definition: definition.clone(), name });
            }
        }
    }
    arms
}

/// Decides how to tell the members of the union `name` apart.
pub fn choose(
    name: &str,
    union: &Node,
    members: &[Node],
    known: &Definitions,
    problems: &mut Problems,
) -> Option<Choice> {
    // A map, or any object, has no name that an alternative could go by.
    if let Some(member) = members.iter().find(|node| !matches!(node.shape, Shape::Ref(_))) {
        let by = problems.overriding(&union.at, "opaque");
        problems.report(
            &member.at,
            Some("anyOf"),
            "this member is no object with named properties, so nothing tells it",
            format!("name a property of it, or override `{name}`: {by}"),
        );
        return None;
    }
    let arms = arms(members, known);
    let mut objects = Vec::new();
    for arm in &arms {
        let target = known.get(&arm.definition).map(|node| resolve(node, known));
        match target.map(|node| (&node.shape, node)) {
            Some((Shape::Object(object), node)) if !object.is_free() => {
                objects.push((arm.clone(), object, node))
            }
            _ => {
                let by = problems.overriding(&union.at, "opaque");
                problems.report(
                    &union.at,
                    Some("anyOf"),
                    format!(
                        "`{}` is no object with named properties, so nothing tells it",
                        arm.definition
                    ),
                    format!("give it a constant property, or override `{name}`: {by}"),
                );
                return None;
            }
        }
    }
    by_tag(&objects, known).or_else(|| by_key(&objects)).or_else(|| {
        by_rules(&objects, known).map_err(|(one, other)| {
            let arm = known.get(&one).map_or("", |node| node.at.as_str());
            let help = format!(
                "say which key tells one of them: {}, or read the union as any JSON: {}, or leave it out: {}",
                problems.overriding(arm, "told-by:KEY"),
                problems.overriding(&union.at, "opaque"),
                problems.overriding(&union.at, "skip"),
            );
            let what = format!("`{one}` and `{other}` cannot be told apart");
            problems.report(&union.at, Some("anyOf"), what, help);
        }).ok()
    })
}

type Objects<'a> = [(Arm, &'a Object, &'a Node)];

fn by_tag(objects: &Objects<'_>, known: &Definitions) -> Option<Choice> {
    let (_, first, _) = objects.first()?;
    let mut keys: Vec<&String> = first.properties.keys().collect();
    keys.sort_by_key(|key| {
        PREFERRED.iter().position(|known| key == known).unwrap_or(PREFERRED.len())
    });
    keys.into_iter().find_map(|key| {
        let mut values: IndexMap<String, Arm> = IndexMap::new();
        let mut absent = None;
        for (arm, object, _) in objects {
            let node = object.properties.get(key)?;
            let required = object.required.contains(key);
            let value = match &node.shape {
                Shape::Const(Const::String(value)) => value.clone(),
                // An optional constant became a set of one.
                Shape::Ref(_) if !required => match &resolve(node, known).shape {
                    Shape::Strings(values) if values.len() == 1 => values[0].clone(),
                    _ => return None,
                },
                _ => return None,
            };
            if values.insert(value, arm.clone()).is_some() {
                return None;
            }
            if (!required || node.notes.absent.is_some()) && absent.replace(arm.clone()).is_some() {
                return None;
            }
        }
        Some(Choice::Tag { key: key.clone(), values: values.into_iter().collect(), absent })
    })
}

fn by_key(objects: &Objects<'_>) -> Option<Choice> {
    let mut keys = Vec::new();
    let mut absent = None;
    for (arm, object, _) in objects {
        let telling = object.required.iter().find(|key| {
            let known =
                objects.iter().filter(|(_, object, _)| object.properties.contains_key(*key));
            known.count() == 1
        })?;
        let may_lack =
            object.properties.get(telling).is_some_and(|node| node.notes.absent.is_some());
        if may_lack && absent.replace(arm.clone()).is_some() {
            return None;
        }
        keys.push((telling.clone(), arm.clone()));
    }
    Some(Choice::Key { keys, absent })
}

fn by_rules(objects: &Objects<'_>, known: &Definitions) -> Result<Choice, (String, String)> {
    let mut rules: Vec<(Arm, IndexSet<Condition>)> = objects
        .iter()
        .map(|(arm, object, node)| {
            let mut conditions = conditions(object, known);
            if let Some(key) = &node.notes.told_by {
                conditions.insert(Condition::Has(key.clone()));
            }
            (arm.clone(), conditions)
        })
        .collect();
    for (index, (arm, conditions)) in rules.iter().enumerate() {
        let alike = rules[index + 1..].iter().find(|(_, others)| {
            conditions.len() == others.len() && conditions.iter().all(|one| others.contains(one))
        });
        if let Some((other, _)) = alike {
            return Err((arm.definition.clone(), other.definition.clone()));
        }
    }
    // The most demanding first, so that who demands less does not take what was meant for another.
    rules.sort_by_key(|(_, conditions)| usize::MAX - conditions.len());
    // Two that demand different things, with nothing that excludes one from the other, are both right for an object that
    // has all of it. Such an object is read as the one that demands more.
    Ok(Choice::Rules(rules))
}

/// What an object of this shape must have.
fn conditions(object: &Object, known: &Definitions) -> IndexSet<Condition> {
    let mut conditions = IndexSet::new();
    for key in &object.required {
        let Some(node) = object.properties.get(key) else {
            conditions.insert(Condition::Has(key.clone()));
            continue;
        };
        if node.notes.absent.is_some() {
            continue;
        }
        match &resolve(node, known).shape {
            Shape::Const(Const::String(value)) => {
                conditions.insert(Condition::Is(key.clone(), vec![value.clone()]));
            }
            Shape::Strings(values) => {
                let values = values.iter().cloned().collect();
                conditions.insert(Condition::Is(key.clone(), values));
            }
            Shape::Object(inner) if !inner.required.is_empty() => {
                for inner in &inner.required {
                    conditions.insert(Condition::Within(key.clone(), inner.clone()));
                }
            }
            _ => {
                conditions.insert(Condition::Has(key.clone()));
            }
        }
    }
    conditions
}
