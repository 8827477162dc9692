//! The schema model: what a JSON Schema says about shapes, with the many ways to say the same reduced to one.

use indexmap::{IndexMap, IndexSet};

/// A shape at a place, with what the schema says about it in prose.
#[derive(Clone, Debug)]
pub struct Node {
    /// What values look like.
    pub shape: Shape,
    /// JSON pointer to the place.
    pub at: String,
    /// The schema's own description, where it has one.
    pub doc: Option<String>,
    /// What was said about it beyond JSON Schema.
    pub notes: Notes,
}

/// Annotations (`x-mcp-*`) that fixups and overrides put into a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The name of an inline type, or of a union's variant.
    pub name: Option<String>,
    /// A closed set that is read openly.
    pub open: bool,
    /// A required field's value when it is absent.
    pub absent: Option<String>,
    /// A negative integer is read as 0.
    pub clamp: bool,
    /// The key by which a definition is told from others in a union.
    pub told_by: Option<String>,
}

/// What values look like.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Any JSON value.
    Any,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// An integer; the bound decides whether it is signed.
    Integer {
        /// The least value.
        minimum: Option<i64>,
    },
    /// Any number.
    Number,
    /// A string.
    String,
    /// A protocol version.
    Version,
    /// One value.
    Const(Const),
    /// One of some strings.
    Strings(IndexSet<String>),
    /// An array.
    Array(Box<Node>),
    /// An object whose values have one shape.
    Map(Box<Node>),
    /// An object with named properties.
    Object(Object),
    /// One of several shapes.
    Union(Vec<Node>),
    /// A shape, or `null`.
    Nullable(Box<Node>),
    /// All of several shapes; gone after normalization.
    AllOf(Vec<Node>),
    /// A definition.
    Ref(String),
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Const {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
}

/// An object with named properties.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// The properties.
    pub properties: IndexMap<String, Node>,
    /// The names of those that must be there.
    pub required: IndexSet<String>,
    /// Whether no others are allowed.
    pub closed: bool,
    /// Whether the schema says that any others are allowed, which it means even where it does not say so.
    pub expects_others: bool,
    /// A union whose properties stand among these: the field's name and the union.
    pub embedded: Option<(String, Box<Node>)>,
}

impl Object {
    /// Whether it says nothing: then it is a plain JSON object.
    pub fn is_free(&self) -> bool {
        self.properties.is_empty()
            && self.required.is_empty()
            && !self.closed
            && self.embedded.is_none()
    }
}

impl Node {
    /// Any JSON value.
    pub fn any(at: &str) -> Self {
        Self { shape: Shape::Any, at: at.to_owned(), doc: None, notes: Notes::default() }
    }

    /// A text that is the same for the same shape, whatever the order of properties and the prose.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        self.write_canonical(&mut text);
        text
    }

    /// [`Node::canonical`] without what was noted about the node itself: notes are put on definitions, not on copies.
    pub fn canonical_shape(&self) -> String {
        let mut text = String::new();
        self.write_shape(&mut text);
        text
    }

    fn write_canonical(&self, out: &mut String) {
        // Names are no part of a shape; what changes reading is.
        let notes = &self.notes;
        if notes.open {
            out.push('~');
        }
        if notes.clamp {
            out.push('^');
        }
        if let Some(absent) = &notes.absent {
            out.push_str(&format!("absent({absent})"));
        }
        self.write_shape(out);
    }

    fn write_shape(&self, out: &mut String) {
        match &self.shape {
            Shape::Any => out.push('*'),
            Shape::Null => out.push_str("null"),
            Shape::Boolean => out.push_str("bool"),
            Shape::Integer { minimum } => {
                out.push_str(if minimum.is_some_and(|least| least >= 0) { "u64" } else { "i64" });
            }
            Shape::Number => out.push_str("number"),
            Shape::String => out.push_str("string"),
            Shape::Version => out.push_str("version"),
            Shape::Const(value) => out.push_str(&format!("={value:?}")),
            Shape::Strings(values) => {
                let mut values: Vec<_> = values.iter().collect();
                values.sort();
                out.push_str(&format!("{values:?}"));
            }
            Shape::Array(items) => wrap(out, "array", [&**items]),
            Shape::Map(values) => wrap(out, "map", [&**values]),
            Shape::Nullable(inner) => wrap(out, "nullable", [&**inner]),
            Shape::Union(members) => {
                // The order of alternatives says nothing.
                let mut members: Vec<_> = members.iter().map(Node::canonical).collect();
                members.sort();
                out.push_str(&format!("union({})", members.join("|")));
            }
            Shape::AllOf(parts) => wrap(out, "all", parts),
            Shape::Ref(name) => out.push_str(&format!("&{name}")),
            Shape::Object(object) => {
                let mut properties: Vec<_> = object.properties.iter().collect();
                properties.sort_by_key(|(name, _)| *name);
                out.push_str(if object.closed { "closed{" } else { "{" });
                for (name, node) in properties {
                    let mark = if object.required.contains(name) { "!" } else { "?" };
                    out.push_str(&format!("{name:?}{mark}"));
                    node.write_canonical(out);
                    out.push(',');
                }
                if let Some((field, node)) = &object.embedded {
                    out.push_str(&format!("..{field}"));
                    node.write_canonical(out);
                }
                out.push('}');
            }
        }
    }

    /// All nodes directly below this one.
    pub fn children(&self) -> Vec<&Node> {
        match &self.shape {
            Shape::Array(node) | Shape::Map(node) | Shape::Nullable(node) => vec![node],
            Shape::Union(nodes) | Shape::AllOf(nodes) => nodes.iter().collect(),
            Shape::Object(object) => object
                .properties
                .values()
                .chain(object.embedded.iter().map(|(_, node)| &**node))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// All nodes directly below this one, with the property that each is the value of.
    pub fn children_mut(&mut self) -> Vec<(Option<String>, &mut Node)> {
        match &mut self.shape {
            Shape::Array(node) | Shape::Nullable(node) => vec![(None, node)],
            Shape::Map(node) => vec![(Some("*".to_owned()), node)],
            Shape::Union(nodes) | Shape::AllOf(nodes) => {
                nodes.iter_mut().map(|node| (None, node)).collect()
            }
            Shape::Object(object) => object
                .properties
                .iter_mut()
                .map(|(name, node)| (Some(name.clone()), node))
                .chain(
                    object
                        .embedded
                        .iter_mut()
                        .map(|(field, node)| (Some(field.clone()), &mut **node)),
                )
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The names of the definitions that this shape refers to, anywhere in it.
    pub fn references(&self, into: &mut IndexSet<String>) {
        if let Shape::Ref(name) = &self.shape {
            into.insert(name.clone());
        }
        for child in self.children() {
            child.references(into);
        }
    }
}

fn wrap<'a>(out: &mut String, name: &str, nodes: impl IntoIterator<Item = &'a Node>) {
    out.push_str(name);
    out.push('(');
    for node in nodes {
        node.write_canonical(out);
        out.push(';');
    }
    out.push(')');
}
