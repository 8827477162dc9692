//! Definitions as written to definitions as meant: references checked, `allOf` merged, inlined copies referred to again,
//! and every inline type given a name.

use indexmap::{IndexMap, IndexSet};

use crate::error::Problems;
use crate::inline::name_inline_types;
use crate::model::{Const, Node, Notes, Object, Shape};
use crate::parse::{Definitions, StandIn};

/// Definitions of which each is one Rust type: below a definition's own shape there are only references, containers and
/// primitives.
#[derive(Clone, Debug, Default)]
pub struct Normalized {
    /// All definitions, those of inline types included.
    pub definitions: Definitions,
    /// Where each inline type stood: `ServerCapabilities.tools`.
    pub paths: IndexMap<String, Vec<String>>,
}

/// Normalizes definitions. On any problem the result is only good for finding more of them.
pub fn normalize(
    mut definitions: Definitions,
    stand_in: StandIn,
    problems: &mut Problems,
) -> Normalized {
    refuse_dangling(&mut definitions, stand_in, problems);
    refuse_circles(&mut definitions, stand_in, problems);
    refer_to_copies(&mut definitions);
    merge_all(&mut definitions, stand_in, problems);
    for node in definitions.values_mut() {
        constants_to_sets(node, true);
    }
    let known = definitions.clone();
    for node in definitions.values_mut() {
        tidy_unions(node, &known, stand_in, problems);
    }
    refer_to_copies(&mut definitions);
    directions_to_unions(&mut definitions);
    name_inline_types(definitions, problems)
}

fn refuse_dangling(definitions: &mut Definitions, stand_in: StandIn, problems: &mut Problems) {
    fn check(
        node: &mut Node,
        names: &IndexSet<String>,
        stand_in: StandIn,
        problems: &mut Problems,
    ) {
        if let Shape::Ref(name) = &node.shape
            && !names.contains(name)
        {
            problems.report(
                &node.at,
                Some("$ref"),
                format!("there is no definition `{name}`"),
                "add the definition, or correct the name",
            );
            node.shape = stand_in.shape(&node.at);
        }
        for (_, child) in node.children_mut() {
            check(child, names, stand_in, problems);
        }
    }
    let names = definitions.keys().cloned().collect();
    definitions.values_mut().for_each(|node| check(node, &names, stand_in, problems));
}

/// Refuses definitions that are, in the end, only themselves.
fn refuse_circles(definitions: &mut Definitions, stand_in: StandIn, problems: &mut Problems) {
    fn collect<'a>(node: &'a Node, into: &mut IndexSet<&'a str>) {
        match &node.shape {
            Shape::Ref(name) => {
                into.insert(name);
            }
            Shape::Nullable(_) | Shape::Union(_) | Shape::AllOf(_) => {
                node.children().into_iter().for_each(|child| collect(child, into));
            }
            _ => {}
        }
    }
    let edges = definitions.iter().map(|(name, node)| {
        let mut into = IndexSet::new();
        collect(node, &mut into);
        (name.as_str(), into)
    });
    let circular: Vec<String> = circles(&edges.collect()).into_iter().map(str::to_owned).collect();
    for name in circular {
        let node = &mut definitions[&name];
        problems.report(
            &node.at,
            Some("$ref"),
            format!("`{name}` refers to itself without ever reaching a shape"),
            "let one of the definitions in the circle be an object, an array or a primitive",
        );
        node.shape = stand_in.shape(&node.at);
    }
}

/// The names that lie on a circle, or between two of them. No recursion: a chain of references can be of any length.
pub(crate) fn circles<'a>(edges: &IndexMap<&'a str, IndexSet<&'a str>>) -> IndexSet<&'a str> {
    let mut reversed: IndexMap<&str, IndexSet<&str>> = IndexMap::new();
    for (from, targets) in edges {
        for to in targets.iter().filter(|to| edges.contains_key(*to)) {
            reversed.entry(to).or_default().insert(from);
        }
    }
    let mut left: IndexSet<&str> = edges.keys().copied().collect();
    // Who leads nowhere is on no circle, and neither is who is not led to.
    for (ahead, back) in [(edges, &reversed), (&reversed, edges)] {
        let ways = |name: &str, left: &IndexSet<&str>| {
            ahead.get(name).map_or(0, |all| all.iter().filter(|to| left.contains(*to)).count())
        };
        let mut open: IndexMap<&str, usize> =
            left.iter().map(|&name| (name, ways(name, &left))).collect();
        let mut ends: Vec<&str> =
            open.iter().filter(|(_, ways)| **ways == 0).map(|(&name, _)| name).collect();
        while let Some(end) = ends.pop() {
            left.swap_remove(end);
            for &before in back.get(end).into_iter().flatten() {
                if let Some(ways) = open.get_mut(before).filter(|ways| **ways > 0) {
                    *ways -= 1;
                    if *ways == 0 {
                        ends.push(before);
                    }
                }
            }
        }
    }
    edges.keys().copied().filter(|name| left.contains(name)).collect()
}

/// Some generators of schemas write out what they could refer to. An inline shape that is the same as one definition's
/// becomes a reference to it.
fn refer_to_copies(definitions: &mut Definitions) {
    // A copy may hold copies; each round finds those whose parts were found in the round before.
    loop {
        let mut originals: IndexMap<String, Option<String>> = IndexMap::new();
        for (name, node) in definitions.iter().filter(|(_, node)| is_telling(node)) {
            // Two definitions of one shape: which of them was meant cannot be known.
            originals
                .entry(node.canonical_shape())
                .and_modify(|original| *original = None)
                .or_insert_with(|| Some(name.clone()));
        }
        let mut changed = false;
        for node in definitions.values_mut() {
            for (_, child) in node.children_mut() {
                refer_within(child, &originals, &mut changed);
            }
        }
        if !changed {
            return;
        }
    }
}

/// Whether a shape says enough about itself that an equal one is a copy and no coincidence.
fn is_telling(node: &Node) -> bool {
    match &node.shape {
        Shape::Object(object) => {
            let constant = |(name, property): (&String, &Node)| {
                object.required.contains(name) && matches!(property.shape, Shape::Const(_))
            };
            object.properties.len() >= 3 || object.properties.iter().any(constant)
        }
        Shape::Union(members) => {
            members.iter().all(|member| matches!(member.shape, Shape::Ref(_) | Shape::Object(_)))
        }
        Shape::Strings(values) => values.len() > 1,
        _ => false,
    }
}

fn refer_within(node: &mut Node, originals: &IndexMap<String, Option<String>>, changed: &mut bool) {
    for (_, child) in node.children_mut() {
        refer_within(child, originals, changed);
    }
    if is_telling(node)
        && let Some(Some(original)) = originals.get(&node.canonical_shape())
    {
        node.shape = Shape::Ref(original.clone());
        *changed = true;
    }
}

fn merge_all(definitions: &mut Definitions, stand_in: StandIn, problems: &mut Problems) {
    let known = definitions.clone();
    let mut merger = Merger { known: &known, stand_in, problems, depth: 0, steps: 0 };
    for node in definitions.values_mut() {
        merger.within(node);
    }
}

/// Merges the parts of `allOf`.
struct Merger<'a> {
    known: &'a Definitions,
    stand_in: StandIn,
    problems: &'a mut Problems,
    depth: usize,
    steps: usize,
}

impl Merger<'_> {
    /// How deep objects may be merged in each other.
    const DEPTH: usize = 64;
    /// How many parts may be merged in one document; the tasks extension's has some two hundred.
    const STEPS: usize = 10_000;

    fn within(&mut self, node: &mut Node) {
        if let Shape::AllOf(parts) = &node.shape {
            let mut merged = Object::default();
            let before = self.problems.len();
            for part in parts {
                self.merge(&mut merged, part);
            }
            let refused = self.problems.len() > before;
            node.shape =
                if refused { self.stand_in.shape(&node.at) } else { Shape::Object(merged) };
        }
        // What was merged may hold what is to be merged, as it stands in the definition that it comes from.
        self.depth += 1;
        for (_, child) in node.children_mut() {
            self.within(child);
        }
        self.depth -= 1;
    }

    /// Whether to go on. What parts say about each other's properties can refer back to the parts.
    fn goes_on(&mut self, at: &str) -> bool {
        self.steps += 1;
        if self.depth <= Self::DEPTH && self.steps < Self::STEPS {
            return true;
        }
        // Once is enough: from here on everything is too much.
        if self.steps < usize::MAX / 2 {
            self.steps = usize::MAX / 2;
            self.problems.report(
                at,
                Some("allOf"),
                "what is combined here refers to itself without end, or is too large",
                "write the combined objects out as definitions of their own",
            );
        }
        false
    }

    fn merge(&mut self, merged: &mut Object, part: &Node) {
        if !self.goes_on(&part.at) {
            return;
        }
        let known = self.known;
        let target = resolve(part, known);
        match &target.shape {
            Shape::Any => {}
            Shape::Map(values) if matches!(values.shape, Shape::Any) => {}
            Shape::AllOf(parts) => {
                parts.iter().for_each(|part| self.merge(merged, part));
            }
            Shape::Object(object) => {
                for (name, property) in &object.properties {
                    match merged.properties.get_mut(name) {
                        None => {
                            merged.properties.insert(name.clone(), property.clone());
                        }
                        Some(before) => {
                            let other = property.clone();
                            self.intersect(before, other);
                        }
                    }
                }
                merged.required.extend(object.required.iter().cloned());
                merged.closed |= object.closed;
                if let Some((field, node)) = &object.embedded {
                    self.embed(merged, field.clone(), node, &part.at);
                }
            }
            Shape::Union(_) if kind(target, known) == Some(Kind::Object) => {
                let name = part.notes.name.clone().or_else(|| match &part.shape {
                    Shape::Ref(name) => Some(name.clone()),
                    _ => None,
                });
                let field = name.unwrap_or_else(|| "alternatives".to_owned());
                self.embed(merged, field, part, &part.at);
            }
            _ => {
                let help = self.problems.opaque(&part.at);
                self.problems.report(
                    &part.at,
                    Some("allOf"),
                    "only objects, and unions of objects, can be combined",
                    help,
                );
            }
        }
    }

    fn embed(&mut self, merged: &mut Object, field: String, node: &Node, at: &str) {
        if merged.embedded.is_some() {
            self.problems.report(
                at,
                Some("allOf"),
                "a second union in one `allOf` cannot be told from the first",
                "write out the combinations as one `anyOf`",
            );
        }
        merged.embedded = Some((field, Box::new(node.clone())));
    }

    /// Narrows a property to what both parts of an `allOf` say about it.
    fn intersect(&mut self, before: &mut Node, other: Node) {
        let known = self.known;
        if before.canonical() == other.canonical() {
            return;
        }
        let narrower = match (&resolve(before, known).shape, &resolve(&other, known).shape) {
            (_, Shape::Any) => return,
            (Shape::Any, _) => true,
            (Shape::String, Shape::Const(Const::String(_)) | Shape::Strings(_)) => true,
            (Shape::Const(Const::String(_)) | Shape::Strings(_), Shape::String) => return,
            (Shape::Integer { .. }, Shape::Const(Const::Integer(_))) => true,
            (Shape::Const(Const::Integer(_)), Shape::Integer { .. }) => return,
            (Shape::Boolean, Shape::Const(Const::Boolean(_))) => true,
            (Shape::Strings(_), Shape::Const(Const::String(_)))
                if resolve(before, known).notes.open =>
            {
                true
            }
            (Shape::Strings(all), Shape::Const(Const::String(one))) => all.contains(one),
            (Shape::Strings(all), Shape::Strings(some)) => some.iter().all(|one| all.contains(one)),
            (Shape::Map(values), Shape::Object(_) | Shape::AllOf(_)) => {
                matches!(values.shape, Shape::Any)
            }
            (Shape::Object(_) | Shape::AllOf(_), Shape::Object(_) | Shape::AllOf(_)) => {
                let mut merged = Object::default();
                self.depth += 1;
                self.merge(&mut merged, before);
                self.merge(&mut merged, &other);
                self.depth -= 1;
                before.shape = Shape::Object(merged);
                return;
            }
            _ => false,
        };
        if narrower {
            *before = other;
        } else {
            self.problems.report(
                &other.at,
                Some("allOf"),
                format!("this property cannot be combined with the one at {}", before.at),
                "let one of the two be narrower than the other in a way that a type can say",
            );
        }
    }
}

/// Follows references to a shape. Circles were refused before.
pub(crate) fn resolve<'a>(node: &'a Node, known: &'a Definitions) -> &'a Node {
    let mut node = node;
    let mut steps = 0;
    while let Shape::Ref(name) = &node.shape {
        match known.get(name) {
            Some(target) if steps <= known.len() => node = target,
            _ => return node,
        }
        steps += 1;
    }
    node
}

/// A constant is checked as a required property. Elsewhere it needs a type, which is a set of one.
fn constants_to_sets(node: &mut Node, root: bool) {
    if let Shape::Const(Const::String(text)) = &node.shape
        && root
    {
        node.shape = Shape::Strings([text.clone()].into());
    }
    let required = match &node.shape {
        Shape::Object(object) => object.required.clone(),
        _ => IndexSet::new(),
    };
    for (property, child) in node.children_mut() {
        let held = property.is_some_and(|property| required.contains(&property));
        constants_to_sets(child, !held);
    }
}

/// What a shape is in JSON's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A string.
    String,
    /// A truth value.
    Boolean,
    /// An integer.
    Integer,
    /// Any number.
    Number,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// The kind's name, as the macros know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The kind of a shape; `None` where it may be of several.
pub(crate) fn kind(node: &Node, known: &Definitions) -> Option<Kind> {
    // Unions of unions of the same unions: each definition is looked at once.
    let mut seen = IndexSet::new();
    let mut next = vec![node];
    let mut found = None;
    while let Some(node) = next.pop() {
        match &node.shape {
            Shape::Ref(name) => {
                if seen.insert(name) {
                    next.push(known.get(name)?);
                }
            }
            Shape::Union(members) => next.extend(members),
            shape => {
                let kind = kind_of(shape)?;
                if *found.get_or_insert(kind) != kind {
                    return None;
                }
            }
        }
    }
    found
}

/// The kind of a shape that is neither a reference nor a union.
fn kind_of(shape: &Shape) -> Option<Kind> {
    Some(match shape {
        Shape::Boolean | Shape::Const(Const::Boolean(_)) => Kind::Boolean,
        Shape::Integer { .. } | Shape::Const(Const::Integer(_)) => Kind::Integer,
        Shape::Number => Kind::Number,
        Shape::String | Shape::Version | Shape::Strings(_) | Shape::Const(Const::String(_)) => {
            Kind::String
        }
        Shape::Array(_) => Kind::Array,
        Shape::Map(_) | Shape::Object(_) | Shape::AllOf(_) => Kind::Object,
        Shape::Any | Shape::Null | Shape::Nullable(_) | Shape::Union(_) | Shape::Ref(_) => {
            return None;
        }
    })
}

/// Brings unions into one of two forms: all members are objects, or each is of another kind.
fn tidy_unions(node: &mut Node, known: &Definitions, stand_in: StandIn, problems: &mut Problems) {
    for (_, child) in node.children_mut() {
        tidy_unions(child, known, stand_in, problems);
    }
    let Shape::Union(members) = &mut node.shape else { return };
    let mut nullable = false;
    let mut flat = Vec::new();
    for member in members.drain(..) {
        match member.shape {
            Shape::Union(inner) => flat.extend(inner),
            Shape::Nullable(inner) => {
                nullable = true;
                match inner.shape {
                    Shape::Union(inner) => flat.extend(inner),
                    _ => flat.push(*inner),
                }
            }
            _ => flat.push(member),
        }
    }
    let mut seen = IndexSet::new();
    flat.retain(|member| seen.insert(member.canonical()));
    let tidy = match by_kind(flat, &node.at, known) {
        Ok(shape) => shape,
        Err((at, what)) => {
            let help = format!(
                "give the members a shape that tells them apart, or override the union: {}",
                problems.overriding(&node.at, "opaque")
            );
            problems.report(&at, Some("anyOf"), what, help);
            stand_in.shape(&node.at)
        }
    };
    node.shape = if nullable {
        let inner = Node { shape: tidy, doc: None, notes: Notes::default(), at: node.at.clone() };
        Shape::Nullable(Box::new(inner))
    } else {
        tidy
    };
}

fn by_kind(members: Vec<Node>, at: &str, known: &Definitions) -> Result<Shape, (String, String)> {
    let mut kinds: IndexMap<Kind, Vec<Node>> = IndexMap::new();
    for member in members {
        let Some(kind) = kind(&member, known) else {
            let what = "this member may be of several kinds of JSON value, or of any";
            return Err((member.at.clone(), what.to_owned()));
        };
        kinds.entry(kind).or_default().push(member);
    }
    // Every integer is a number.
    if kinds.contains_key(&Kind::Number) {
        kinds.shift_remove(&Kind::Integer);
    }
    let mut tidy = Vec::new();
    for (kind, mut members) in kinds {
        tidy.push(match (kind, members.len()) {
            (_, 1) => members.remove(0),
            (Kind::Object, _) => {
                let (doc, notes) = (None, Notes::default());
                Node { shape: Shape::Union(members), at: at.to_owned(), doc, notes }
            }
            (Kind::String, _) => strings(members, known),
            (Kind::Integer | Kind::Boolean | Kind::Number, _) => widest(members, known)?,
            (Kind::Array, _) => {
                return Err((
                    members[1].at.clone(),
                    format!("this array cannot be told from the one at {}", members[0].at),
                ));
            }
        });
    }
    match tidy.len() {
        1 => Ok(tidy.remove(0).shape),
        _ => Ok(Shape::Union(tidy)),
    }
}

/// Sets of strings, joined; with a free string among them, any string.
fn strings(mut members: Vec<Node>, known: &Definitions) -> Node {
    let mut all = IndexSet::new();
    for member in &members {
        match &resolve(member, known).shape {
            Shape::Strings(values) => all.extend(values.iter().cloned()),
            Shape::Const(Const::String(value)) => {
                all.insert(value.clone());
            }
            _ => return member.clone(),
        }
    }
    let mut joined = members.remove(0);
    joined.shape = Shape::Strings(all);
    joined
}

/// The widest of some numbers or truth values.
fn widest(mut members: Vec<Node>, known: &Definitions) -> Result<Node, (String, String)> {
    let reach = |node: &Node| match &resolve(node, known).shape {
        Shape::Const(_) => None,
        // Without a bound it reaches further than with any.
        Shape::Integer { minimum } => Some(minimum.map_or(i128::MAX, |least| -i128::from(least))),
        _ => Some(i128::MAX),
    };
    if let Some(widest) =
        members.iter().filter(|node| reach(node).is_some()).max_by_key(|node| reach(node))
    {
        return Ok(widest.clone());
    }
    let value = |node: &Node| match &resolve(node, known).shape {
        Shape::Const(value) => Some(value.clone()),
        _ => None,
    };
    let first = value(&members[0]);
    if let Some(other) = members.iter().position(|node| value(node) != first) {
        if !matches!(first, Some(Const::Boolean(_))) {
            let what = "constants that are not strings cannot be enumerated".to_owned();
            return Err((members[other].at.clone(), what));
        }
        members[0].shape = Shape::Boolean;
    }
    Ok(members.remove(0))
}

/// The unions of the messages that a side sends. A schema may write one with a single member as that member.
pub(crate) const DIRECTIONS: [&str; 4] =
    ["ClientRequest", "ClientNotification", "ServerRequest", "ServerNotification"];

fn directions_to_unions(definitions: &mut Definitions) {
    for direction in DIRECTIONS {
        let Some(node) = definitions.get(direction) else { continue };
        let message = match &node.shape {
            Shape::Ref(name) => Some(name.clone()),
            Shape::Object(_) => {
                let shape = node.canonical();
                let same = |(name, other): &(&String, &Node)| {
                    *name != direction && other.canonical() == shape
                };
                definitions.iter().find(same).map(|(name, _)| name.clone())
            }
            _ => None,
        };
        if let Some(message) = message
            && definitions.get(&message).and_then(|node| kind(node, definitions))
                == Some(Kind::Object)
            && let Some(node) = definitions.get_mut(direction)
        {
            let member = Node {
                shape: Shape::Ref(message),
                at: node.at.clone(),
                doc: None,
                notes: Notes::default(),
            };
            node.shape = Shape::Union(vec![member]);
        }
    }
}
