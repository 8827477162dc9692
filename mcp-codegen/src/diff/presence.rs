//! Definitions that are in one of the two schemas only.

use std::collections::BTreeSet;

use super::change::{Change, Class, Kind, Mechanical, Rewriting};
use super::compare::{Place, Walk};
use super::describe::short;
use super::facts::{Member, Node};
use super::is_list;
use super::side::Side;

/// Definitions without a counterpart, unless they are only a name for what has stood there.
pub fn come_and_gone(walk: &Walk<'_>, mechanical: &[Mechanical]) -> Vec<Change> {
    let is_only = |rewriting, name: &str| {
        mechanical.iter().any(|note| note.rewriting == rewriting && note.name == name)
    };
    let mut told = Walk::new(walk.old, walk.new, walk.renames);
    for (name, node) in &walk.old.definitions {
        if walk.new.definitions.contains_key(walk.renamed(name))
            || is_only(Rewriting::Inlined, name)
        {
            continue;
        }
        let place = Place::of(name);
        if let Some(method) = walk.old.methods.get(name) {
            let what = format!("removed: it was a {}", sent(walk.old, name));
            let why = "who still sends it is answered that there is no such method, or not heard";
            let ends = (Some(method.clone()), None);
            told.tell(&place, (Kind::MethodRemoved, Class::WRITERS), ends, what, why);
        } else if let Some(code) = walk.old.codes.get(name) {
            let why = "who still sends it is read as an error with a code of its own";
            let ends = (Some(code.clone()), None);
            told.tell(
                &place,
                (Kind::ErrorRemoved, Class::COMPATIBLE),
                ends,
                format!("code {code} removed"),
                why,
            );
        } else if is_list(walk.old, name) {
            let why = "what it lists is told by itself";
            let change = (Kind::TypeRemoved, Class::COMPATIBLE);
            told.tell(&place, change, (Some(short(node)), None), "removed: it was a list", why);
        } else {
            let what = format!("removed: it was {}", facts_of(node));
            let (class, why) = removed(walk, name);
            let ends = (Some(short(node)), None);
            told.tell(&place, (Kind::TypeRemoved, class), ends, what, why);
        }
    }
    let taken: BTreeSet<&String> = walk.renames.values().collect();
    for (name, node) in &walk.new.definitions {
        if walk.old.definitions.contains_key(name)
            || taken.contains(name)
            || is_only(Rewriting::Named, name)
        {
            continue;
        }
        let place = Place::of(name);
        if let Some(method) = walk.new.methods.get(name) {
            let directions = walk.new.directions(name);
            let inside = |direction: &&str| direction.ends_with("inside a result");
            let (class, why) = match !directions.is_empty() && directions.iter().all(inside) {
                true => (
                    Class::READERS,
                    "who does not know it cannot answer the result that asks for it",
                ),
                false => (Class::COMPATIBLE, "who does not know it says so, or ignores it"),
            };
            let ends = (None, Some(method.clone()));
            told.tell(
                &place,
                (Kind::MethodAdded, class),
                ends,
                format!("added: {}", sent(walk.new, name)),
                why,
            );
        } else if let Some(code) = walk.new.codes.get(name) {
            let why = "who does not know the code reads an error all the same";
            let ends = (None, Some(code.clone()));
            told.tell(
                &place,
                (Kind::ErrorAdded, Class::COMPATIBLE),
                ends,
                format!("code {code} added"),
                why,
            );
        } else {
            let why = "a type breaks nobody by itself: where it stands now is told there";
            let ends = (None, Some(short(node)));
            told.tell(
                &place,
                (Kind::TypeAdded, Class::COMPATIBLE),
                ends,
                format!("added: {}", facts_of(node)),
                why,
            );
        }
    }
    told.found.changes
}

/// Whom it breaks that a type is gone. A result stands nowhere but in a list, and is read by its request.
fn removed(walk: &Walk<'_>, name: &str) -> (Class, &'static str) {
    let stands =
        |user: &str, target: &str| target == name && user != name && !is_list(walk.old, user);
    if !name.ends_with("Result")
        || walk.old.uses().iter().any(|(user, _, target)| stands(user, target))
    {
        return (Class::COMPATIBLE, "a type breaks nobody by itself: where it stood is told there");
    }
    let request = name.strip_suffix("Result").map(|base| format!("{base}Request"));
    match request.filter(|request| walk.old.methods.contains_key(request)) {
        Some(request) if walk.is_gone(&request) => {
            (Class::COMPATIBLE, "it answered a request that is gone, which is told there")
        }
        _ => (Class::WRITERS, "who still answers with it is not understood"),
    }
}

/// Responses that have a definition in one of the two schemas only. In the other the answer to a request is the result of
/// that name alone.
pub fn responses(walk: &mut Walk<'_>) {
    let (old, new) = (walk.old, walk.new);
    let of = |side: &Side, name: &str| -> Option<Node> {
        side.object(side.target(name)?)?.properties.remove("result").map(|result| result.node)
    };
    let result = |name: &str| {
        let result = name.strip_suffix("Response").filter(|result| result.ends_with("Result"))?;
        Some((result.to_owned(), Node::of(Member::Ref(result.to_owned()))))
    };
    for name in new.definitions.keys().filter(|name| walk.has_come(name)).collect::<Vec<_>>() {
        if let Some((_, before)) = result(name).filter(|(name, _)| old.target(name).is_some())
            && let Some(after) = of(new, name)
        {
            walk.nodes(&before, &after, &Place::of(name).field("result"));
        }
    }
    for name in old.definitions.keys().filter(|name| walk.is_gone(name)).collect::<Vec<_>>() {
        if let Some((_, after)) = result(name).filter(|(name, _)| new.target(name).is_some())
            && let Some(before) = of(old, name)
        {
            walk.nodes(&before, &after, &Place::of(name).field("result"));
        }
    }
}

fn facts_of(node: &Node) -> String {
    match node.only() {
        Some(Member::Ref(name)) => format!("another name of `{name}`"),
        _ => short(node),
    }
}

fn sent(side: &Side, name: &str) -> String {
    let directions: Vec<&str> = side.directions(name).into_iter().collect();
    match directions.as_slice() {
        [] => "message of which the schema does not say who sends it".to_owned(),
        all => all.join(" and "),
    }
}
