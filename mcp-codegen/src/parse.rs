//! JSON Schema to the schema model, keyword by keyword.
//!
//! Every keyword is either understood, or known to say nothing about types, or an error: a schema that uses what we do
//! not know must not become types that accept something else.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::error::Problems;
use crate::load::{Document, escape};
use crate::model::{Const, Node, Notes, Object, Shape};

/// A document's definitions as shapes.
pub type Definitions = IndexMap<String, Node>;

/// Schemas nested deeper than this are refused; those of the protocol stay below ten.
const DEPTH: usize = 64;

/// Keywords without a say in the types: prose, and bounds that are documented but not enforced.
const SILENT: &[&str] = &[
    "$comment",
    "$id",
    "$schema",
    "default",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];
const OF_STRINGS: &[&str] =
    &["contentEncoding", "contentMediaType", "format", "maxLength", "minLength", "pattern"];
const OF_NUMBERS: &[&str] =
    &["exclusiveMaximum", "exclusiveMinimum", "format", "maximum", "minimum", "multipleOf"];
const OF_ARRAYS: &[&str] = &["items", "maxItems", "minItems", "uniqueItems"];
const OF_OBJECTS: &[&str] = &[
    "additionalProperties",
    "maxProperties",
    "minProperties",
    "properties",
    "propertyNames",
    "required",
];
const FORMATS: &[&str] = &[
    "byte",
    "date",
    "date-time",
    "double",
    "email",
    "float",
    "hostname",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "json-pointer",
    "regex",
    "time",
    "uint32",
    "uint64",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// What takes the place of what was refused, so that the rest can be looked at: what is wrong whatever stands in is no
/// consequence of the refusal.
#[derive(Clone, Copy, Debug)]
pub enum StandIn {
    /// Any JSON.
    Any,
    /// A string.
    Text,
    /// An object that is like no other.
    Object,
}

impl StandIn {
    /// The shape in place of the one at `at`.
    pub fn shape(self, at: &str) -> Shape {
        match self {
            Self::Any => Shape::Any,
            Self::Text => Shape::String,
            Self::Object => {
                let key = "x-mcp-refused".to_owned();
                let mark = node(Shape::Const(Const::String(at.to_owned())), at);
                Shape::Object(Object {
                    properties: [(key.clone(), mark)].into_iter().collect(),
                    required: [key].into_iter().collect(),
                    ..Object::default()
                })
            }
        }
    }
}

/// Reads all definitions of a document.
pub fn definitions(document: &Document, stand_in: StandIn, problems: &mut Problems) -> Definitions {
    let mut parser = Parser { stand_in, problems };
    let read = document.definitions.iter().map(|(name, schema)| {
        let node = parser.node(schema, &document.pointer(name), 0);
        (name.clone(), node)
    });
    read.collect()
}

struct Parser<'a> {
    stand_in: StandIn,
    problems: &'a mut Problems,
}

impl Parser<'_> {
    fn node(&mut self, schema: &Value, at: &str, depth: usize) -> Node {
        if depth > DEPTH {
            let what = format!("the schema is nested deeper than {DEPTH} levels");
            self.problems.report(at, None, what, "name the inner part as a definition of its own");
            return node(self.stand_in.shape(at), at);
        }
        match schema {
            Value::Bool(true) => node(Shape::Any, at),
            Value::Object(schema) => {
                let notes = self.notes(schema, at);
                let doc = schema.get("description").and_then(Value::as_str).map(str::trim);
                let doc = doc.filter(|doc| !doc.is_empty()).map(str::to_owned);
                let shape = self.shape(schema, at, depth);
                Node { shape, at: at.to_owned(), doc, notes }
            }
            _ => {
                self.problems.report(
                    at,
                    None,
                    "a schema must be an object or `true`",
                    "write `true` if any JSON will do here, or leave it out",
                );
                node(self.stand_in.shape(at), at)
            }
        }
    }

    fn notes(&mut self, schema: &Map<String, Value>, at: &str) -> Notes {
        let mut notes = Notes::default();
        for (keyword, value) in schema {
            let Some(note) = keyword.strip_prefix("x-mcp-") else { continue };
            let text = value.as_str().map(str::to_owned);
            match (note, text) {
                ("name", Some(name)) => notes.name = Some(name),
                ("absent", _) => notes.absent = Some(value.to_string()),
                ("told-by", Some(key)) => notes.told_by = Some(key),
                ("open", _) => notes.open = true,
                ("clamp", _) => notes.clamp = true,
                ("opaque" | "type", _) => {}
                _ => self.problems.report(
                    at,
                    Some(keyword),
                    "no such annotation",
                    "known are x-mcp-absent, -clamp, -name, -opaque, -open, -told-by, -type",
                ),
            }
        }
        notes
    }

    fn shape(&mut self, schema: &Map<String, Value>, at: &str, depth: usize) -> Shape {
        if schema.contains_key("x-mcp-opaque") {
            return Shape::Any;
        }
        if schema.get("x-mcp-type").is_some_and(|name| name == "ProtocolVersion") {
            return Shape::Version;
        }
        if let Some(reference) = schema.get("$ref") {
            self.audit(schema, &["$ref"], "beside `$ref`", at);
            return self.reference(reference, at);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            if let Some(members) = schema.get(keyword) {
                return self.combined(schema, keyword, members, at, depth);
            }
        }
        if let Some(value) = schema.get("const") {
            self.audit(schema, &["const", "type"], "beside `const`", at);
            self.check_type(schema, [value], "const", at);
            return self.constant(value, "const", at);
        }
        if let Some(values) = schema.get("enum") {
            self.audit(schema, &["enum", "type"], "beside `enum`", at);
            self.check_type(schema, values.as_array().into_iter().flatten(), "enum", at);
            return self.enumeration(values, at);
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.typed(schema, kind, at, depth),
            Some(Value::Array(kinds)) => self.several(schema, kinds, at, depth),
            Some(_) => self.fail(at, "type", "`type` must be a string or an array of strings"),
            None => match schema.keys().find(|key| !is_silent(key)) {
                None => Shape::Any,
                Some(key) if OF_OBJECTS.contains(&key.as_str()) => {
                    self.typed(schema, "object", at, depth)
                }
                Some(key) if OF_ARRAYS.contains(&key.as_str()) => {
                    self.typed(schema, "array", at, depth)
                }
                Some(key) => self.fail(at, &key.clone(), "this keyword is not understood here"),
            },
        }
    }

    fn fail(&mut self, at: &str, keyword: &str, what: impl Into<String>) -> Shape {
        let help = self.problems.opaque(at);
        self.problems.report(at, Some(keyword), what, help);
        self.stand_in.shape(at)
    }

    /// Reports keywords that are neither silent nor in `known`.
    fn audit(&mut self, schema: &Map<String, Value>, known: &[&str], place: &str, at: &str) {
        for keyword in schema.keys() {
            if !known.contains(&keyword.as_str()) && !is_silent(keyword) {
                self.fail(at, keyword, format!("this keyword is not understood {place}"));
            }
        }
    }

    /// Reports values that a `type` beside them forbids.
    fn check_type<'a>(
        &mut self,
        schema: &Map<String, Value>,
        values: impl IntoIterator<Item = &'a Value>,
        keyword: &str,
        at: &str,
    ) {
        let allowed = match schema.get("type") {
            None => return,
            Some(Value::Array(kinds)) => kinds.as_slice(),
            Some(kind) => std::slice::from_ref(kind),
        };
        for value in values {
            let kinds: &[&str] = match value {
                Value::Null => &["null"],
                Value::Bool(_) => &["boolean"],
                Value::Number(number) if number.is_f64() => &["number"],
                Value::Number(_) => &["integer", "number"],
                Value::String(_) => &["string"],
                Value::Array(_) => &["array"],
                Value::Object(_) => &["object"],
            };
            if !allowed.iter().any(|kind| kinds.iter().any(|known| kind == known)) {
                self.fail(at, keyword, format!("{value} is not of type {}", schema["type"]));
            }
        }
    }

    fn reference(&mut self, reference: &Value, at: &str) -> Shape {
        let name = reference.as_str().and_then(|text| {
            let text = text.strip_prefix("#/")?;
            let name = text.strip_prefix("$defs/").or_else(|| text.strip_prefix("definitions/"))?;
            (!name.contains('/')).then(|| name.replace("~1", "/").replace("~0", "~"))
        });
        match name {
            Some(name) => Shape::Ref(name),
            None => self.fail(
                at,
                "$ref",
                format!("{reference} does not name a definition of this document"),
            ),
        }
    }

    fn combined(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        members: &Value,
        at: &str,
        depth: usize,
    ) -> Shape {
        let Some(members) = members.as_array().filter(|members| !members.is_empty()) else {
            return self.fail(at, keyword, "this keyword needs an array with at least one schema");
        };
        let mut nodes = Vec::new();
        for (index, member) in members.iter().enumerate() {
            nodes.push(self.node(member, &format!("{at}/{keyword}/{index}"), depth + 1));
        }
        let combined = if keyword == "allOf" { Shape::AllOf(nodes) } else { union(nodes, at) };
        // What stands beside holds as well; a bare `type` says nothing that the members do not.
        let mut beside = schema.clone();
        beside.shift_remove(keyword);
        if beside.keys().all(|key| is_silent(key) || key == "type") {
            return combined;
        }
        beside.retain(|key, _| !key.starts_with("x-mcp-") && key != "description");
        let beside = self.node(&Value::Object(beside), at, depth + 1);
        let mut parts = vec![beside];
        match combined {
            Shape::AllOf(nodes) => parts.extend(nodes),
            shape => parts.push(node(shape, at)),
        }
        Shape::AllOf(parts)
    }

    fn constant(&mut self, value: &Value, keyword: &str, at: &str) -> Shape {
        match value {
            Value::String(text) => Shape::Const(Const::String(text.clone())),
            Value::Bool(value) => Shape::Const(Const::Boolean(*value)),
            Value::Null => Shape::Null,
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Shape::Const(Const::Integer(integer)),
                None => self.fail(at, keyword, format!("{number} is no integer of 64 bits")),
            },
            _ => self.fail(
                at,
                keyword,
                "only strings, integers, truth values and null can be constants",
            ),
        }
    }

    fn enumeration(&mut self, values: &Value, at: &str) -> Shape {
        let Some(values) = values.as_array().filter(|values| !values.is_empty()) else {
            return self.fail(at, "enum", "`enum` needs an array with at least one value");
        };
        if let [value] = values.as_slice() {
            return match self.constant(value, "enum", at) {
                Shape::Const(Const::String(text)) => Shape::Strings([text].into()),
                shape => shape,
            };
        }
        let strings = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let others: Vec<_> = values.iter().filter(|value| !value.is_string()).collect();
        match others.as_slice() {
            [] => Shape::Strings(strings),
            [Value::Null] => Shape::Nullable(Box::new(node(Shape::Strings(strings), at))),
            _ => self.fail(at, "enum", "only strings, and null beside them, can be enumerated"),
        }
    }

    fn several(
        &mut self,
        schema: &Map<String, Value>,
        kinds: &[Value],
        at: &str,
        depth: usize,
    ) -> Shape {
        let mut nodes = Vec::new();
        for (index, kind) in kinds.iter().enumerate() {
            if kinds[..index].contains(kind) {
                self.fail(at, "type", format!("the type {kind} is named twice"));
                continue;
            }
            let Some(kind) = kind.as_str() else {
                return self.fail(at, "type", "`type` must be a string or an array of strings");
            };
            // Each kind has a view of its own: keywords of the other kinds do not apply to it.
            let other_kinds = |key: &str| {
                [OF_STRINGS, OF_NUMBERS, OF_ARRAYS, OF_OBJECTS].iter().any(|set| set.contains(&key))
                    && !of_kind(kind).contains(&key)
            };
            let mut view = schema.clone();
            view.retain(|key, _| key != "type" && !other_kinds(key));
            let shape = self.typed(&view, kind, at, depth + 1);
            nodes.push(node(shape, at));
        }
        if nodes.is_empty() {
            return self.fail(at, "type", "`type` names no type");
        }
        union(nodes, at)
    }

    fn typed(&mut self, schema: &Map<String, Value>, kind: &str, at: &str, depth: usize) -> Shape {
        let known: Vec<_> = of_kind(kind).iter().copied().chain(["type"]).collect();
        self.audit(schema, &known, &format!("for type `{kind}`"), at);
        if let Some(format) = schema.get("format")
            && !format.as_str().is_some_and(|format| FORMATS.contains(&format))
        {
            self.fail(at, "format", format!("the format {format} is not known"));
        }
        match kind {
            "null" => Shape::Null,
            "boolean" => Shape::Boolean,
            "number" => Shape::Number,
            "string" => Shape::String,
            "integer" => {
                let minimum = schema.get("minimum").and_then(Value::as_i64);
                let above = schema.get("exclusiveMinimum").and_then(Value::as_i64);
                Shape::Integer { minimum: minimum.or(above) }
            }
            "array" => {
                let at = format!("{at}/items");
                let items = match schema.get("items") {
                    Some(items) => self.node(items, &at, depth + 1),
                    None => node(Shape::Any, &at),
                };
                Shape::Array(Box::new(items))
            }
            "object" => self.object(schema, at, depth),
            _ => self.fail(at, "type", format!("there is no type `{kind}`")),
        }
    }

    fn object(&mut self, schema: &Map<String, Value>, at: &str, depth: usize) -> Shape {
        let mut object = Object::default();
        match schema.get("properties") {
            None => {}
            Some(Value::Object(properties)) => {
                for (name, property) in properties {
                    let at = format!("{at}/properties/{}", escape(name));
                    object.properties.insert(name.clone(), self.node(property, &at, depth + 1));
                }
            }
            Some(_) => return self.fail(at, "properties", "`properties` must be an object"),
        }
        match schema.get("required") {
            None => {}
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
                let names = names.iter().filter_map(Value::as_str);
                object.required = names.map(str::to_owned).collect();
            }
            Some(_) => return self.fail(at, "required", "`required` must be an array of strings"),
        }
        // JSON's keys are strings anyway; any other condition on them we could not keep.
        if let Some(names) = schema.get("propertyNames")
            && *names != serde_json::json!({ "type": "string" })
        {
            return self.fail(at, "propertyNames", "conditions on names cannot be kept");
        }
        match schema.get("additionalProperties") {
            None => {}
            Some(Value::Bool(true)) => object.expects_others = true,
            Some(Value::Bool(false)) => object.closed = true,
            Some(Value::Object(none)) if is_nothing(none) => object.closed = true,
            Some(values) => {
                let at = format!("{at}/additionalProperties");
                let values = self.node(values, &at, depth + 1);
                if object.properties.is_empty() && object.required.is_empty() {
                    return Shape::Map(Box::new(values));
                }
                if !matches!(values.shape, Shape::Any) {
                    return self.fail(
                        &at,
                        "additionalProperties",
                        "a shape for further properties beside named ones cannot be kept",
                    );
                }
                object.expects_others = true;
            }
        }
        Shape::Object(object)
    }
}

/// A union; with `null` among its members, what is left of it or `null`.
fn union(nodes: Vec<Node>, at: &str) -> Shape {
    let constants = nodes.iter().map(|node| match &node.shape {
        Shape::Const(Const::String(text)) => Some(text.clone()),
        _ => None,
    });
    if let Some(constants) = constants.collect() {
        return Shape::Strings(constants);
    }
    let (nulls, mut members): (Vec<_>, Vec<_>) =
        nodes.into_iter().partition(|node| matches!(node.shape, Shape::Null));
    let inner = match members.len() {
        0 => return Shape::Null,
        1 => members.remove(0),
        _ => node(Shape::Union(members), at),
    };
    if nulls.is_empty() { inner.shape } else { Shape::Nullable(Box::new(inner)) }
}

fn node(shape: Shape, at: &str) -> Node {
    Node { shape, at: at.to_owned(), doc: None, notes: Notes::default() }
}

fn is_silent(keyword: &str) -> bool {
    SILENT.contains(&keyword) || keyword.starts_with("x-mcp-")
}

fn of_kind(kind: &str) -> &'static [&'static str] {
    match kind {
        "string" => OF_STRINGS,
        "integer" | "number" => OF_NUMBERS,
        "array" => OF_ARRAYS,
        "object" => OF_OBJECTS,
        _ => &[],
    }
}

/// `{"not": {}}`, which some generators write for "no others".
fn is_nothing(schema: &Map<String, Value>) -> bool {
    schema.len() == 1 && schema.get("not") == Some(&Value::Object(Map::new()))
}
