//! Names for inline types: each becomes a definition of its own.

use indexmap::{IndexMap, IndexSet};

use crate::error::Problems;
use crate::model::{Node, Notes, Shape};
use crate::names;
use crate::normalize::Normalized;
use crate::parse::Definitions;

/// One place of an inline type.
struct Place {
    at: String,
    definition: String,
    path: Vec<String>,
    name: Option<String>,
}

impl Place {
    /// The property that holds it.
    fn property(&self) -> &str {
        self.path.iter().rev().find(|segment| *segment != "*").map_or("value", String::as_str)
    }

    /// The name that the place gives, if the type stands nowhere else.
    fn own_name(&self) -> String {
        // The result of a response that has several kinds is the outcome of its request.
        if let Some(base) = self.definition.strip_suffix("ResultResponse")
            && self.path == ["result"]
        {
            return format!("{base}Outcome");
        }
        let path = self.path.iter().map(|segment| match segment.as_str() {
            "*" => "Value".to_owned(),
            segment => names::variant(segment),
        });
        format!("{}{}", self.definition, path.collect::<String>())
    }
}

/// Whether an inline shape needs a type of its own.
fn needs_name(node: &Node) -> bool {
    match &node.shape {
        Shape::Object(object) => {
            !object.properties.is_empty() || object.closed || object.embedded.is_some()
        }
        Shape::Strings(_) | Shape::Union(_) => true,
        _ => false,
    }
}

/// What makes two inline shapes one type: unions and sets by their shape, objects by the property's name as well, for
/// two small objects can be alike by chance.
fn identity(node: &Node, definition: &str, path: &[String]) -> String {
    match &node.shape {
        // Parameters belong to their method, though many methods take the same.
        Shape::Object(_) if path == ["params"] => format!("{definition}.params"),
        Shape::Object(_) => {
            let property = path.last().map_or("", String::as_str);
            format!("{property}:{}", node.canonical())
        }
        _ => node.canonical(),
    }
}

pub(crate) fn name_inline_types(
    mut definitions: Definitions,
    problems: &mut Problems,
) -> Normalized {
    let mut groups: IndexMap<String, Vec<Place>> = IndexMap::new();
    for (name, node) in &mut definitions {
        let mut path = Vec::new();
        find_places(node, name, &mut path, &mut groups);
    }
    let named = choose_names(&groups, &definitions, problems);
    let mut normalized = Normalized::default();
    for (identity, name) in &named {
        let places = groups[identity].iter();
        let paths = places.map(|place| format!("{}.{}", place.definition, place.path.join(".")));
        normalized.paths.insert(name.clone(), paths.collect());
    }
    for (name, mut node) in definitions {
        let mut path = Vec::new();
        extract(&mut node, &name, &mut path, &named, &mut normalized.definitions);
        normalized.definitions.insert(name, node);
    }
    normalized
}

fn find_places(
    node: &mut Node,
    definition: &str,
    path: &mut Vec<String>,
    groups: &mut IndexMap<String, Vec<Place>>,
) {
    for (property, child) in node.children_mut() {
        let pushed = property.is_some();
        path.extend(property);
        if needs_name(child) {
            groups.entry(identity(child, definition, path)).or_default().push(Place {
                at: child.at.clone(),
                definition: definition.to_owned(),
                path: path.clone(),
                name: child.notes.name.clone(),
            });
        }
        find_places(child, definition, path, groups);
        if pushed {
            path.pop();
        }
    }
}

fn choose_names(
    groups: &IndexMap<String, Vec<Place>>,
    definitions: &Definitions,
    problems: &mut Problems,
) -> IndexMap<String, String> {
    // A property's name alone is a name only where it means one type.
    let mut claims: IndexMap<&str, usize> = IndexMap::new();
    for places in groups.values().filter(|places| places.len() > 1) {
        *claims.entry(places[0].property()).or_default() += 1;
    }
    let mut taken: IndexSet<String> =
        definitions.keys().map(|name| names::type_name(name)).collect();
    let mut chosen = IndexMap::new();
    for (identity, places) in groups {
        let first = &places[0];
        let property = first.property();
        let everywhere = places.iter().all(|place| place.property() == property);
        let given = places.iter().find_map(|place| place.name.clone());
        let short = names::type_name(property);
        let candidates = [
            given,
            (places.len() > 1 && everywhere && claims[property] == 1).then_some(short),
            Some(first.own_name()),
            Some(format!("{}Inline", first.own_name())),
        ];
        let free =
            candidates.into_iter().flatten().find(|name| !taken.contains(&names::type_name(name)));
        match free {
            Some(name) => {
                taken.insert(names::type_name(&name));
                chosen.insert(identity.clone(), name);
            }
            None => {
                let help = format!("name it: {}", problems.overriding(&first.at, "name:NAME"));
                problems.report(&first.at, None, "no name is free for this inline type", help);
            }
        }
    }
    chosen
}

fn extract(
    node: &mut Node,
    definition: &str,
    path: &mut Vec<String>,
    named: &IndexMap<String, String>,
    definitions: &mut Definitions,
) {
    for (property, child) in node.children_mut() {
        let pushed = property.is_some();
        path.extend(property);
        // The identity is that of the shape before its own parts were taken out.
        let needed = needs_name(child);
        let name = needed.then(|| named.get(&identity(child, definition, path))).flatten();
        extract(child, definition, path, named, definitions);
        if needed && name.is_none() {
            // It was refused for want of a name, and nothing more is to be said about it.
            child.shape = Shape::Any;
        }
        if let Some(name) = name {
            let shape = std::mem::replace(&mut child.shape, Shape::Ref(name.clone()));
            let inner = Node {
                shape,
                at: child.at.clone(),
                doc: child.doc.clone(),
                notes: child.notes.clone(),
            };
            child.notes = Notes { absent: inner.notes.absent.clone(), ..Notes::default() };
            definitions.entry(name.clone()).or_insert(inner);
        }
        if pushed {
            path.pop();
        }
    }
}
