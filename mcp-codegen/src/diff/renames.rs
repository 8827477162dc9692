//! Definitions that have another name now.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::describe::canonical;
use super::facts::{Member, Node};
use super::side::Side;

/// New names by old ones.
pub type Renames = BTreeMap<String, String>;

/// Finds definitions that are gone and stand under another name now.
///
/// Recognized is what has the same shape, or the same method, and nothing else like it. A shape that says little, such as
/// a plain string, also has to be used where the old one was. What is used in all places where another was, and has
/// most of its fields, is its successor even if it was changed on the way.
pub fn renames(old: &Side, new: &Side) -> Renames {
    let mut renames = Renames::new();
    loop {
        let gone =
            unmatched(old, |name| new.definitions.contains_key(name) || renames.contains_key(name));
        let taken: BTreeSet<&String> = renames.values().collect();
        let come = unmatched(new, |name| {
            old.definitions.contains_key(name) || taken.contains(&name.to_owned())
        });
        let found = by_method(old, new, &gone, &come)
            .or_else(|| by_shape(old, new, &gone, &come, &renames))
            .or_else(|| by_parameters(old, new, &gone, &come, &renames))
            .or_else(|| by_use(old, new, &gone, &come, &renames));
        let Some(found) = found.filter(|found| !found.is_empty()) else { return renames };
        renames.extend(found);
    }
}

fn unmatched(side: &Side, matched: impl Fn(&str) -> bool) -> Vec<&str> {
    side.definitions.keys().map(String::as_str).filter(|name| !matched(name)).collect()
}

fn by_method(old: &Side, new: &Side, gone: &[&str], come: &[&str]) -> Option<Renames> {
    let of = |side: &Side, names: &[&str]| {
        let mut by_method: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in names {
            if let Some(method) = side.methods.get(*name) {
                by_method.entry(method.clone()).or_default().push((*name).to_owned());
            }
        }
        by_method
    };
    let come = of(new, come);
    let pairs = of(old, gone).into_iter().filter_map(|(method, before)| {
        match (before.as_slice(), come.get(&method)?.as_slice()) {
            ([before], [after]) => Some((before.clone(), after.clone())),
            _ => None,
        }
    });
    some(pairs.collect())
}

fn some(renames: Renames) -> Option<Renames> {
    (!renames.is_empty()).then_some(renames)
}

fn by_shape(
    old: &Side,
    new: &Side,
    gone: &[&str],
    come: &[&str],
    renames: &Renames,
) -> Option<Renames> {
    if gone.is_empty() || come.is_empty() {
        return None;
    }
    let rounds = gone.len().max(come.len()).min(32);
    let before = colours(old, gone, renames, rounds);
    let after = colours(new, come, &Renames::new(), rounds);
    let mut shapes: BTreeMap<u64, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    gone.iter().for_each(|name| shapes.entry(before[*name]).or_default().0.push(name));
    come.iter().for_each(|name| shapes.entry(after[*name]).or_default().1.push(name));
    let (used, uses) = (places(old, renames), places(new, &Renames::new()));
    let moved = |before: &str, after: &str| match (used.get(before), uses.get(after)) {
        (Some(before), Some(after)) => !before.is_disjoint(after),
        (before, after) => before.is_none() && after.is_none(),
    };
    let mut found = Renames::new();
    for (gone, come) in shapes.values() {
        if let ([before], [after]) = (gone.as_slice(), come.as_slice())
            && (is_telling(&old.definitions[*before]) || moved(before, after))
        {
            found.insert((*before).to_owned(), (*after).to_owned());
            continue;
        }
        pair(gone, come, moved, &mut found);
    }
    some(found)
}

fn by_use(
    old: &Side,
    new: &Side,
    gone: &[&str],
    come: &[&str],
    renames: &Renames,
) -> Option<Renames> {
    let (used, uses) = (places(old, renames), places(new, &Renames::new()));
    let succeeds = |before: &str, after: &str| {
        let Some((before_at, after_at)) = used.get(before).zip(uses.get(after)) else {
            return false;
        };
        // What all messages and results have tells nothing.
        let fields = |side: &Side, name: &str| -> Option<BTreeSet<String>> {
            let common = ["_meta", "id", "jsonrpc", "method", "params", "resultType"];
            let mut fields = side.object(side.target(name)?)?.properties;
            fields.retain(|name, _| !common.contains(&name.as_str()));
            Some(fields.into_keys().collect())
        };
        let Some((one, two)) = fields(old, before).zip(fields(new, after)) else { return false };
        (before_at.is_subset(after_at) || after_at.is_subset(before_at))
            && one.intersection(&two).count() * 2 > one.union(&two).count()
    };
    let mut found = Renames::new();
    pair(gone, come, succeeds, &mut found);
    some(found)
}

/// Those that fit each other, and nothing else.
fn pair(gone: &[&str], come: &[&str], fits: impl Fn(&str, &str) -> bool, found: &mut Renames) {
    for before in gone {
        let candidates: Vec<_> = come.iter().filter(|after| fits(before, after)).collect();
        if let [after] = candidates.as_slice()
            && gone.iter().filter(|before| fits(before, after)).count() == 1
        {
            found.insert((*before).to_owned(), (**after).to_owned());
        }
    }
}

/// A method that has another name now, with its definition: the rest is the same, and its parameters are nobody else's.
fn by_parameters(
    old: &Side,
    new: &Side,
    gone: &[&str],
    come: &[&str],
    renames: &Renames,
) -> Option<Renames> {
    let of = |side: &Side, names: &[&str], renames: &Renames| {
        let places = places(side, renames);
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in names.iter().filter(|name| side.methods.contains_key(**name)) {
            let Some(mut object) = side.object(&side.definitions[*name]) else { continue };
            let params = object.properties.get("params").and_then(|params| params.node.only());
            let own = match params {
                Some(Member::Ref(params)) => {
                    places.get(params).is_some_and(|places| places.len() == 1)
                }
                Some(Member::Object(params)) => {
                    params.properties.keys().any(|name| name != "_meta")
                }
                _ => false,
            };
            object.properties.remove("method");
            if own {
                let node = Node::of(Member::Object(Box::new(object)));
                let text = canonical(&node, &|target| {
                    renames.get(target).cloned().unwrap_or_else(|| target.to_owned())
                });
                found.entry(text).or_default().push((*name).to_owned());
            }
        }
        found
    };
    let come = of(new, come, &Renames::new());
    let pairs = of(old, gone, renames).into_iter().filter_map(|(shape, before)| {
        match (before.as_slice(), come.get(&shape)?.as_slice()) {
            ([before], [after]) => Some((before.clone(), after.clone())),
            _ => None,
        }
    });
    some(pairs.collect())
}

/// Where each definition is used: definitions by their new names, and paths.
fn places(side: &Side, renames: &Renames) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let mut places: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for (user, path, target) in side.uses() {
        let user = renames.get(&user).cloned().unwrap_or(user);
        places.entry(target).or_default().insert((user, path));
    }
    places
}

/// A number for each definition without a counterpart: equal numbers, equal shapes, whatever they are called. References
/// to others without a counterpart count by what those are in turn, so that circles are no obstacle.
fn colours(side: &Side, names: &[&str], renames: &Renames, rounds: usize) -> HashMap<String, u64> {
    let mut colours: HashMap<String, u64> =
        names.iter().map(|name| ((*name).to_owned(), 0)).collect();
    for _ in 0..rounds {
        let next = names.iter().map(|name| {
            let text = canonical(&side.definitions[*name], &|target| match colours.get(target) {
                Some(_) if target == *name => "itself".to_owned(),
                Some(colour) => format!("#{colour}"),
                None => renames.get(target).cloned().unwrap_or_else(|| target.to_owned()),
            });
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            ((*name).to_owned(), hasher.finish())
        });
        colours = next.collect();
    }
    colours
}

/// Whether a shape says enough about itself that an equal one is no coincidence.
fn is_telling(node: &Node) -> bool {
    match node.only() {
        Some(Member::Object(object)) => {
            object.properties.len() + object.bases.len() > 1 || object.tags().next().is_some()
        }
        Some(_) => false,
        None => node.members.len() + node.values.len() > 2,
    }
}
