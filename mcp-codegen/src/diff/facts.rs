//! A schema to what it says about documents, and nothing else.
//!
//! The generator's model forgets what a type cannot say (bounds, patterns, formats, defaults), and refuses what it does not
//! understand. A comparison may do neither: what is not understood is kept as it stands, and differs if its text does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::bounds::{Words, bind, bounds_of, is_bound, is_idle};
use super::combine::{all_of, any_of};

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
    pub said: Words,
}

/// One of the shapes of a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// Any JSON value.
    Any,
    /// A definition.
    Ref(String),
    /// `boolean`, `integer`, `number`, or `string`, with its bounds.
    Simple(String, Words),
    /// An array.
    Array(Box<Node>, Words),
    /// An object.
    Object(Box<Object>),
}

/// An object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// The named properties.
    pub properties: BTreeMap<String, Property>,
    /// All others.
    pub others: Others,
    /// Bounds on the whole: `minProperties`, `propertyNames` and their like.
    pub limits: Words,
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
pub const SAID: &[&str] = &["default", "deprecated", "readOnly", "writeOnly"];
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
    let (mut said, mut own, mut bounds) = (Words::new(), Words::new(), Words::new());
    let mut parts = Vec::new();
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("$ref", Value::String(target)) => parts.push(Node::of(Member::Ref(name_of(target)))),
            ("allOf", Value::Array(all)) => {
                for part in all {
                    match only_bounds(part) {
                        Some(part) => bind(&mut bounds, part),
                        None => parts.push(read(part)),
                    }
                }
            }
            ("anyOf" | "oneOf", Value::Array(any)) => parts.push(any_of(any.iter().map(read))),
            (keyword, value) if SAID.contains(&keyword) => {
                said.insert(keyword.to_owned(), value.clone());
            }
            (keyword, _) if is_prose(keyword) => {}
            _ => {
                own.insert(keyword.clone(), value.clone());
            }
        }
    }
    if parts.is_empty() {
        bind(&mut own, std::mem::take(&mut bounds));
        parts.push(plain(&own));
    } else if own.keys().all(|keyword| keyword == "type" || is_bound(keyword)) {
        bind(&mut bounds, own);
    } else {
        parts.push(plain(&own));
    }
    let mut node = all_of(parts).within(bounds);
    node.said.extend(said);
    node
}

fn is_prose(keyword: &str) -> bool {
    PROSE.contains(&keyword) || keyword.starts_with("x-mcp-")
}

/// Bounds that stand alone. They say nothing about the kind of what they are combined with.
fn only_bounds(schema: &Value) -> Option<Words> {
    let words = schema.as_object()?.iter().filter(|(keyword, _)| !is_prose(keyword));
    let words: Words = words.map(|(keyword, value)| (keyword.clone(), value.clone())).collect();
    (!words.is_empty() && words.keys().all(|keyword| is_bound(keyword))).then_some(words)
}

/// A reference's definition; one that leads elsewhere is kept as it stands.
fn name_of(target: &str) -> String {
    let local = target.strip_prefix("#/");
    let name = local
        .and_then(|path| path.strip_prefix("$defs/").or_else(|| path.strip_prefix("definitions/")));
    name.map_or_else(|| target.to_owned(), |name| name.replace("~1", "/").replace("~0", "~"))
}

/// A schema without references and combinations.
pub fn plain(schema: &Words) -> Node {
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
        Some(kinds) => kinds_in(kinds),
        None => implied(schema),
    };
    let mut node = Node::default();
    if kinds.is_empty() {
        node.members.push(Member::Any);
    }
    let mut known = vec!["type", "items"];
    known.extend(FIELDS);
    for kind in kinds {
        known.extend(bounds_of(kind));
        match kind {
            "null" => node.null = true,
            kind => node.members.push(typed(schema, kind)),
        }
    }
    node.keep_unknown(schema, &known);
    node.settle()
}

/// Keywords that are about fields.
const FIELDS: &[&str] =
    &["properties", "required", "additionalProperties", "unevaluatedProperties"];

/// The kinds that keywords without a `type` are about.
fn implied(schema: &Words) -> Vec<&'static str> {
    let has = |keywords: &[&str]| keywords.iter().any(|keyword| schema.contains_key(*keyword));
    let mut kinds = Vec::new();
    for (kind, others) in
        [("object", FIELDS), ("array", &["items"]), ("string", &[]), ("number", &[])]
    {
        let own =
            bounds_of(kind).iter().filter(|keyword| kind != "number" || **keyword != "format");
        if has(others) || has(&own.copied().collect::<Vec<_>>()) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The kinds that a `type` names.
pub fn kinds_in(kinds: &Value) -> Vec<&str> {
    match kinds {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kinds => kinds.as_str().into_iter().collect(),
    }
}

/// The kind of a constant.
pub fn kind_of(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'{') => "object",
        Some(b'[') => "array",
        _ if value.parse::<i64>().is_ok() => "integer",
        _ => "number",
    }
}

fn typed(schema: &Words, kind: &str) -> Member {
    let limits = bounds_of(kind).iter().filter_map(|&keyword| {
        let value = schema.get(keyword)?;
        (!is_idle(keyword, value)).then(|| (keyword.to_owned(), value.clone()))
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

fn object(schema: &Words, limits: Words) -> Object {
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
    // What is no additional property has been evaluated: beside the one, the other says nothing.
    let others = schema.get("additionalProperties").or_else(|| schema.get("unevaluatedProperties"));
    object.others = match others.map(read) {
        None => Others::Open,
        Some(node) if node.is_nothing() => Others::Closed,
        Some(node) if node.is_any() => Others::Open,
        Some(node) => Others::Shaped(Box::new(node)),
    };
    object
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

    fn keep_unknown(&mut self, schema: &Words, known: &[&str]) {
        for (keyword, value) in schema {
            // A bound of another kind of value bounds nothing.
            if !known.contains(&keyword.as_str()) && !is_bound(keyword) {
                self.said.insert(keyword.clone(), value.clone());
            }
        }
    }

    /// Each shape once, in one order.
    pub fn settle(mut self) -> Self {
        if self.members.contains(&Member::Any) {
            return Self { said: self.said, ..Self::of(Member::Any) };
        }
        self.members.sort_by_cached_key(|member| format!("{member:?}"));
        self.members.dedup();
        if ["true", "false"].iter().all(|value| self.values.contains(*value)) {
            self.values.retain(|value| value != "true" && value != "false");
            self.members.push(Member::Simple("boolean".to_owned(), Words::new()));
            return self.settle();
        }
        self
    }
}

impl Member {
    /// Whether it is sure to be of some kinds of JSON, as far as can be seen here.
    pub fn is_of(&self, kinds: &[&str]) -> bool {
        match self {
            Self::Any | Self::Ref(_) => false,
            Self::Simple(kind, _) => {
                kinds.contains(&kind.as_str()) || (kind == "integer" && kinds.contains(&"number"))
            }
            Self::Array(..) => kinds.contains(&"array"),
            Self::Object(_) => kinds.contains(&"object"),
        }
    }
}

impl Object {
    /// The value that marks this object: a required property with one constant.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let required = self.properties.iter().filter(|(_, property)| property.required);
        required.filter_map(|(name, property)| Some((name.as_str(), property.node.constant()?)))
    }
}
