//! A schema to what it says about documents, and nothing else.
//!
//! The generator's model forgets what a type cannot say (bounds, patterns, formats, defaults), and refuses what it does not
//! understand. A comparison may do neither: what is not understood is kept as it stands, and differs if its text does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// A document's definitions.
pub type Definitions = BTreeMap<String, Node>;

/// What may stand at a place: any of the members, any of the values, or `null`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// What is not a single value, in one order. Nothing can stand where there is neither member nor value nor `null`.
    pub members: Vec<Member>,
    /// Constants, as JSON text.
    pub values: BTreeSet<String>,
    /// Whether `null` may stand here.
    pub null: bool,
    /// What is said beside the shape: a default, and keywords that are not understood.
    pub said: BTreeMap<String, Value>,
}

/// One of the shapes of a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// Any JSON value.
    Any,
    /// A definition.
    Ref(String),
    /// `boolean`, `integer`, `number`, or `string`, with its bounds.
    Simple(String, Limits),
    /// An array.
    Array(Box<Node>, Limits),
    /// An object.
    Object(Box<Object>),
}

/// Bounds: `minimum`, `pattern`, `format` and their like, as they stand.
pub type Limits = BTreeMap<String, Value>;

/// An object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// The named properties.
    pub properties: BTreeMap<String, Property>,
    /// All others.
    pub others: Others,
    /// Bounds on the whole: `minProperties`, `propertyNames` and their like.
    pub limits: Limits,
    /// Definitions that hold as well (`allOf`).
    pub bases: BTreeSet<String>,
    /// Alternatives of which one holds as well (`anyOf` beside `properties`, or in `allOf`).
    pub alternatives: Vec<Node>,
}

/// A named property.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Property {
    /// Its value.
    pub node: Node,
    /// Whether it must be there.
    pub required: bool,
}

/// The properties of an object that have no names.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Others {
    /// Any may stand there: so it is where nothing is said, too.
    #[default]
    Open,
    /// None may.
    Closed,
    /// Those whose values are of one shape.
    Shaped(Box<Node>),
}

/// Keywords that say nothing about documents.
const PROSE: &[&str] = &["$comment", "$id", "$schema", "description", "examples", "title"];
/// Keywords that are said about a place, whatever its shape.
const SAID: &[&str] = &["default", "deprecated", "readOnly", "writeOnly"];
/// Which shape a keyword is a bound of.
const LIMITS: &[(&str, &[&str])] = &[
    (
        "string",
        &["contentEncoding", "contentMediaType", "format", "maxLength", "minLength", "pattern"],
    ),
    ("integer", NUMBERS),
    ("number", NUMBERS),
    (
        "array",
        &["contains", "maxItems", "minItems", "prefixItems", "unevaluatedItems", "uniqueItems"],
    ),
    (
        "object",
        &[
            "dependentRequired",
            "maxProperties",
            "minProperties",
            "patternProperties",
            "propertyNames",
            "unevaluatedProperties",
        ],
    ),
];
const NUMBERS: &[&str] =
    &["exclusiveMaximum", "exclusiveMinimum", "format", "maximum", "minimum", "multipleOf"];

/// Reads all definitions.
pub fn definitions(schemas: &Map<String, Value>) -> Definitions {
    schemas.iter().map(|(name, schema)| (name.clone(), read(schema))).collect()
}

/// Reads the schema of a place.
pub fn read(schema: &Value) -> Node {
    match schema {
        Value::Object(schema) => read_object(schema),
        Value::Bool(false) => Node::default(),
        _ => Node::of(Member::Any),
    }
}

fn read_object(schema: &Map<String, Value>) -> Node {
    let mut said = BTreeMap::new();
    let mut own = Map::new();
    let mut parts = Vec::new();
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("$ref", Value::String(target)) => parts.push(Node::of(Member::Ref(name_of(target)))),
            ("allOf", Value::Array(all)) => parts.extend(all.iter().map(read)),
            ("anyOf" | "oneOf", Value::Array(any)) => parts.push(any_of(any.iter().map(read))),
            (keyword, value) if SAID.contains(&keyword) => {
                said.insert(keyword.to_owned(), value.clone());
            }
            (keyword, _) if PROSE.contains(&keyword) || keyword.starts_with("x-mcp-") => {}
            _ => {
                own.insert(keyword.clone(), value.clone());
            }
        }
    }
    // A bare `type` beside others says nothing that they do not.
    if parts.is_empty() || own.keys().any(|keyword| keyword != "type") {
        parts.push(plain(&own));
    }
    let mut node = all_of(parts);
    node.said.extend(said);
    node
}

/// A reference's definition; one that leads elsewhere is kept as it stands.
fn name_of(target: &str) -> String {
    let local = target.strip_prefix("#/");
    let name = local
        .and_then(|path| path.strip_prefix("$defs/").or_else(|| path.strip_prefix("definitions/")));
    name.map_or_else(|| target.to_owned(), |name| name.replace("~1", "/").replace("~0", "~"))
}

/// A schema without references and combinations.
fn plain(schema: &Map<String, Value>) -> Node {
    let constants = match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => Some(vec![value]),
        (None, Some(Value::Array(values))) => Some(values.iter().collect()),
        _ => None,
    };
    if let Some(constants) = constants {
        let mut node = Node::default();
        for value in constants {
            match value {
                Value::Null => node.null = true,
                value => {
                    node.values.insert(value.to_string());
                }
            }
        }
        node.keep_unknown(schema, &["const", "enum", "type"]);
        return node;
    }
    if schema.get("not").is_some_and(|not| not == &Value::Object(Map::new())) {
        return Node::default();
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => implied(schema),
    };
    let mut node = Node::default();
    if kinds.is_empty() {
        node.members.push(Member::Any);
    }
    let mut known = vec!["type", "items", "properties", "required", "additionalProperties"];
    for kind in kinds {
        known.extend(limits_of(kind));
        match kind {
            "null" => node.null = true,
            kind => node.members.push(typed(schema, kind)),
        }
    }
    node.keep_unknown(schema, &known);
    node.settle()
}

/// The kind that keywords without a `type` are about.
fn implied(schema: &Map<String, Value>) -> Vec<&'static str> {
    let has = |keywords: &[&str]| keywords.iter().any(|keyword| schema.contains_key(*keyword));
    if has(&["properties", "required", "additionalProperties"]) || has(limits_of("object")) {
        return vec!["object"];
    }
    if schema.contains_key("items") || has(limits_of("array")) { vec!["array"] } else { Vec::new() }
}

fn limits_of(kind: &str) -> &'static [&'static str] {
    LIMITS.iter().find(|(known, _)| *known == kind).map_or(&[], |(_, keywords)| keywords)
}

fn typed(schema: &Map<String, Value>, kind: &str) -> Member {
    let limits = limits_of(kind).iter().filter_map(|&keyword| {
        let value = schema.get(keyword)?;
        // JSON's keys are strings anyway, and an array may repeat itself anyway.
        let idle = match keyword {
            "propertyNames" => *value == serde_json::json!({ "type": "string" }),
            "uniqueItems" => *value == Value::Bool(false),
            _ => false,
        };
        (!idle).then(|| (keyword.to_owned(), value.clone()))
    });
    let limits = limits.collect();
    match kind {
        "array" => {
            let items = schema.get("items").map_or_else(|| Node::of(Member::Any), read);
            Member::Array(Box::new(items), limits)
        }
        "object" => Member::Object(Box::new(object(schema, limits))),
        kind => Member::Simple(kind.to_owned(), limits),
    }
}

fn object(schema: &Map<String, Value>, limits: Limits) -> Object {
    let mut object = Object { limits, ..Object::default() };
    for (name, property) in
        schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        let property = Property { node: read(property), required: false };
        object.properties.insert(name.clone(), property);
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        let unnamed = || Property { node: Node::of(Member::Any), required: true };
        object.properties.entry(name.to_owned()).or_insert_with(unnamed).required = true;
    }
    object.others = match schema.get("additionalProperties").map(read) {
        None => Others::Open,
        Some(node) if node.is_nothing() => Others::Closed,
        Some(node) if node.is_any() => Others::Open,
        Some(node) => Others::Shaped(Box::new(node)),
    };
    object
}

/// Any of some shapes.
fn any_of(parts: impl Iterator<Item = Node>) -> Node {
    let mut node = Node::default();
    for part in parts {
        node.members.extend(part.members);
        node.values.extend(part.values);
        node.null |= part.null;
        node.said.extend(part.said);
    }
    node.settle()
}

/// All of some shapes.
fn all_of(mut parts: Vec<Node>) -> Node {
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
    let mut said = BTreeMap::new();
    for mut part in parts {
        said.append(&mut part.said);
        match part.members.as_mut_slice() {
            [Member::Ref(name)] => {
                whole.bases.insert(std::mem::take(name));
            }
            [Member::Object(object)] => whole.merge(std::mem::take(&mut **object)),
            _ => whole.alternatives.push(part),
        }
    }
    Node { said, ..Node::of(Member::Object(Box::new(whole))) }
}

impl Node {
    /// A place with one shape.
    pub fn of(member: Member) -> Self {
        Self { members: vec![member], ..Self::default() }
    }

    /// Whether any JSON may stand here.
    pub fn is_any(&self) -> bool {
        self.members == [Member::Any]
    }

    /// Whether nothing may stand here.
    pub fn is_nothing(&self) -> bool {
        self.members.is_empty() && self.values.is_empty() && !self.null
    }

    /// The only shape, if there is but one.
    pub fn only(&self) -> Option<&Member> {
        match self.members.as_slice() {
            [member] if self.values.is_empty() && !self.null => Some(member),
            _ => None,
        }
    }

    /// The only constant, if there is but one.
    pub fn constant(&self) -> Option<&str> {
        let alone = self.members.is_empty() && !self.null && self.values.len() == 1;
        self.values.first().filter(|_| alone).map(String::as_str)
    }

    fn keep_unknown(&mut self, schema: &Map<String, Value>, known: &[&str]) {
        // A bound of another kind of value bounds nothing.
        let idle = |keyword: &str| LIMITS.iter().any(|(_, all)| all.contains(&keyword));
        for (keyword, value) in schema {
            if !known.contains(&keyword.as_str()) && !idle(keyword) {
                self.said.insert(keyword.clone(), value.clone());
            }
        }
    }

    /// Each shape once, in one order.
    fn settle(mut self) -> Self {
        if self.members.contains(&Member::Any) {
            return Self { said: self.said, ..Self::of(Member::Any) };
        }
        self.members.sort_by_cached_key(|member| format!("{member:?}"));
        self.members.dedup();
        if ["true", "false"].iter().all(|value| self.values.contains(*value)) {
            self.values.retain(|value| value != "true" && value != "false");
            self.members.push(Member::Simple("boolean".to_owned(), Limits::new()));
            return self.settle();
        }
        self
    }

    /// What both say, where one is a closer word about the other; otherwise the second word.
    fn intersect(self, other: Self) -> Self {
        if self == other || other.is_any() {
            return self;
        }
        let mut said = self.said.clone();
        said.extend(other.said.clone());
        let null = self.null && other.null;
        let shape = match (self.only(), other.only()) {
            (Some(Member::Any), _) => other,
            (Some(Member::Object(one)), Some(Member::Object(two))) => {
                let mut whole = one.clone();
                whole.merge((**two).clone());
                Self::of(Member::Object(whole))
            }
            (Some(Member::Simple(kind, one)), Some(Member::Simple(other, two))) => {
                let narrow = if [kind, other].iter().any(|kind| *kind == "integer") {
                    "integer"
                } else {
                    other
                };
                let mut limits = one.clone();
                limits.extend(two.clone());
                Self::of(Member::Simple(narrow.to_owned(), limits))
            }
            (None, Some(Member::Simple(..))) if self.members.is_empty() => self,
            (None, None) if self.members.is_empty() && other.members.is_empty() => {
                let values = self.values.intersection(&other.values).cloned().collect();
                Self { values, ..Self::default() }
            }
            _ => other,
        };
        Self { said, null, ..shape }
    }
}

impl Object {
    /// Adds what holds as well.
    pub fn merge(&mut self, other: Self) {
        for (name, property) in other.properties {
            let before = self.properties.remove(&name);
            let both = match before {
                None => property,
                Some(before) => Property {
                    required: before.required || property.required,
                    node: before.node.intersect(property.node),
                },
            };
            self.properties.insert(name, both);
        }
        if other.others != Others::Open && self.others != Others::Closed {
            self.others = other.others;
        }
        self.limits.extend(other.limits);
        self.bases.extend(other.bases);
        self.alternatives.extend(other.alternatives);
    }

    /// The value that marks this object: a required property with one constant.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let required = self.properties.iter().filter(|(_, property)| property.required);
        required.filter_map(|(name, property)| Some((name.as_str(), property.node.constant()?)))
    }
}
