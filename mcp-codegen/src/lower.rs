//! From normalized definitions to the Rust items that they become.

use indexmap::{IndexMap, IndexSet};

use crate::discriminate::{self, Arm, Choice, Condition};
use crate::error::Problems;
use crate::model::{Const, Node, Object, Shape};
use crate::names;
use crate::normalize::{Kind, Normalized, circles, kind, resolve};
use crate::parse::Definitions;

/// A Rust item with its schema's name.
#[derive(Clone, Debug)]
pub struct Item {
    /// The definition.
    pub definition: String,
    /// The name in Rust.
    pub name: String,
    /// What it is.
    pub body: Body,
}

/// What a definition becomes.
#[derive(Clone, Debug)]
pub enum Body {
    /// A struct.
    Struct(Struct),
    /// A set of strings.
    Strings {
        /// Value and variant.
        values: Vec<(String, String)>,
        /// Whether others are kept.
        open: bool,
    },
    /// A union of objects.
    Union {
        /// Variants, with the type that each holds.
        variants: IndexMap<String, Variant>,
        /// How one is chosen.
        choice: Choice,
        /// Whether unknown tags are kept.
        open: bool,
    },
    /// A union of kinds of JSON values.
    Kinds(Vec<(Kind, String, Type)>),
    /// Another name for a type.
    Alias(Type),
}

/// A variant of a union of objects.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The definition that it holds.
    pub definition: String,
    /// The type, boxed where the union would hold itself.
    pub ty: String,
}

/// A struct.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    /// Constants: key, value, and whether the key must be there.
    pub constants: Vec<(String, Const, bool)>,
    /// Required fields, in the order of the constructor.
    pub required: Vec<Field>,
    /// Optional fields.
    pub optional: Vec<Field>,
    /// Whether unknown fields are refused.
    pub closed: bool,
    /// A union whose fields stand among these: field and type.
    pub embedded: Option<(String, String)>,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name on the wire.
    pub key: String,
    /// The name in Rust.
    pub name: String,
    /// The type, without the `Option` of an optional field.
    pub ty: Type,
    /// How it is read.
    pub by: &'static str,
    /// What stands in where a required field is absent.
    pub absent: Option<String>,
    /// The schema's own description.
    pub doc: Option<String>,
}

/// A type's text, and what has to be known about it.
#[derive(Clone, Debug)]
pub struct Type {
    /// The type.
    pub text: String,
    /// The type of a constructor's argument.
    pub argument: String,
    /// Whether `null` is one of its values.
    pub nullable: bool,
}

/// Lowers all definitions.
pub fn lower(normalized: &Normalized, support: &str, problems: &mut Problems) -> Vec<Item> {
    let known = &normalized.definitions;
    let held = held(known);
    let lowering = Lowering { known, support, held };
    check_names(known, problems);
    let items: Vec<Item> =
        known.iter().map(|(name, node)| lowering.item(name, node, problems)).collect();
    check_aliases(&items, known, problems);
    items
}

/// A container of nothing but itself would be an alias of itself, which Rust has no type for.
fn check_aliases(items: &[Item], known: &Definitions, problems: &mut Problems) {
    // A union is an alias only if it was refused.
    let is_alias = |item: &&Item| {
        matches!(item.body, Body::Alias(_))
            && !matches!(known[&item.definition].shape, Shape::Union(_))
    };
    let aliases = items.iter().filter(is_alias);
    let mut references: IndexMap<&str, IndexSet<String>> = IndexMap::new();
    for item in aliases {
        known[&item.definition].references(references.entry(&item.definition).or_default());
    }
    let edges =
        references.iter().map(|(name, to)| (*name, to.iter().map(String::as_str).collect()));
    for name in circles(&edges.collect()) {
        problems.report(
            &known[name].at,
            Some("$ref"),
            format!("`{name}` consists only of itself"),
            "let one of the definitions in the circle be an object, or a union with a primitive",
        );
    }
}

/// Two definitions must not become one type.
fn check_names(known: &Definitions, problems: &mut Problems) {
    let mut taken: IndexMap<String, &str> = IndexMap::new();
    for (definition, node) in known {
        if let Some(other) = taken.insert(names::type_name(definition), definition) {
            let help =
                format!("rename one of them: {}", problems.overriding(&node.at, "rename:NAME"));
            let what = format!("`{definition}` and `{other}` have the same name in Rust");
            problems.report(&node.at, None, what, help);
        }
    }
}

/// For each definition, those that a value of it holds in itself, without a container between.
fn held(known: &Definitions) -> IndexMap<&str, IndexSet<&str>> {
    fn collect<'a>(node: &'a Node, into: &mut IndexSet<&'a str>) {
        match &node.shape {
            Shape::Ref(name) => {
                into.insert(name);
            }
            Shape::Array(_) | Shape::Map(_) => {}
            _ => node.children().into_iter().for_each(|child| collect(child, into)),
        }
    }
    let mut held = IndexMap::new();
    for (name, node) in known {
        let mut into = IndexSet::new();
        collect(node, &mut into);
        held.insert(name.as_str(), into);
    }
    held
}

struct Lowering<'a> {
    known: &'a Definitions,
    support: &'a str,
    held: IndexMap<&'a str, IndexSet<&'a str>>,
}

impl Lowering<'_> {
    fn item(&self, definition: &str, node: &Node, problems: &mut Problems) -> Item {
        let body = match &node.shape {
            Shape::Object(object) if !object.is_free() => {
                Body::Struct(self.structure(definition, object, problems))
            }
            Shape::Strings(values) => Body::Strings {
                values: variants_of(values, node.notes.open),
                open: node.notes.open,
            },
            Shape::Union(members) => self.union(definition, node, members, problems),
            _ => Body::Alias(self.ty(node, definition, problems)),
        };
        Item { definition: definition.to_owned(), name: names::type_name(definition), body }
    }

    fn structure(&self, of: &str, object: &Object, problems: &mut Problems) -> Struct {
        let mut lowered = Struct { closed: object.closed, ..Struct::default() };
        let mut taken = IndexSet::new();
        let mut fields: Vec<(String, Node)> =
            object.properties.iter().map(|(key, node)| (key.clone(), node.clone())).collect();
        for key in object.required.iter().filter(|key| !object.properties.contains_key(*key)) {
            fields.push((key.clone(), Node::any(&self.known[of].at)));
        }
        fields.sort_by_cached_key(|(key, _)| place(key));
        for (key, node) in fields {
            let required = object.required.contains(&key);
            if let Shape::Const(value) = &node.shape
                && required
            {
                lowered.constants.push((key, value.clone(), node.notes.absent.is_none()));
                continue;
            }
            let ty = self.ty(&node, of, problems);
            let by = match () {
                () if node.notes.clamp && ty.text == "u64" => "not_negative",
                () if required || ty.nullable => "field",
                () => "optional",
            };
            let absent = node.notes.absent.as_ref().and_then(|absent| {
                self.value(absent, &node, &ty).or_else(|| {
                    problems.report(
                        &node.at,
                        Some("x-mcp-absent"),
                        format!("{absent} is no value of this field"),
                        "give a value of the field's type",
                    );
                    None
                })
            });
            let name = unique(names::field(&key), "_", &mut taken);
            let field = Field { key, name, ty, by, absent, doc: node.doc.clone() };
            if required { lowered.required.push(field) } else { lowered.optional.push(field) }
        }
        if let Some((field, node)) = &object.embedded
            && let Shape::Ref(union) = &node.shape
        {
            let target = resolve(node, self.known);
            if !matches!(&target.shape, Shape::Union(_))
                && !matches!(&target.shape, Shape::Object(object) if !object.is_free())
            {
                let help = problems.opaque(&node.at);
                problems.report(
                    &node.at,
                    Some("allOf"),
                    "only objects with named properties, and unions of them, can be combined",
                    help,
                );
            }
            let field = unique(names::field(field), "_", &mut taken);
            lowered.embedded = Some((field, names::type_name(union)));
        }
        if lowered.constants.len() > 32 {
            problems.report(
                &self.known[of].at,
                Some("const"),
                "more than 32 constants in one object",
                "split the object",
            );
        }
        lowered
    }

    /// A default as a Rust expression.
    fn value(&self, json: &str, node: &Node, ty: &Type) -> Option<String> {
        match &resolve(node, self.known).shape {
            Shape::Integer { .. } if ty.text == "u64" => {
                json.parse::<u64>().ok().map(|_| json.to_owned())
            }
            Shape::Integer { .. } => json.parse::<i64>().ok().map(|_| json.to_owned()),
            Shape::Boolean => matches!(json, "true" | "false").then(|| json.to_owned()),
            Shape::Array(_) => (json == "[]").then(|| "Vec::new()".to_owned()),
            Shape::Strings(values) => {
                let value: String = serde_json::from_str(json).ok()?;
                let variants = variants_of(values, resolve(node, self.known).notes.open);
                let (_, variant) = variants.into_iter().find(|(known, _)| *known == value)?;
                Some(format!("{}::{variant}", ty.text))
            }
            Shape::String => {
                serde_json::from_str::<String>(json).ok().map(|text| format!("{text:?}.to_owned()"))
            }
            _ => None,
        }
    }

    fn union(
        &self,
        definition: &str,
        node: &Node,
        members: &[Node],
        problems: &mut Problems,
    ) -> Body {
        if kind(node, self.known) != Some(Kind::Object) {
            return Body::Kinds(self.kinds(definition, members, problems));
        }
        let Some(choice) = discriminate::choose(definition, node, members, self.known, problems)
        else {
            return Body::Alias(self.ty(&Node::any(&node.at), definition, problems));
        };
        let arms: Vec<Arm> = match &choice {
            Choice::Tag { values, .. } => values.iter().map(|(_, arm)| arm.clone()).collect(),
            Choice::Key { keys, .. } => keys.iter().map(|(_, arm)| arm.clone()).collect(),
            Choice::Rules(rules) => rules.iter().map(|(arm, _)| arm.clone()).collect(),
        };
        let short: Vec<String> = match &choice {
            // A method's name is a path; its message's name says the same in a word.
            Choice::Tag { key, .. } if key == "method" => arms.iter().map(message).collect(),
            Choice::Tag { values, .. } => {
                shorten(values.iter().map(|(value, _)| value.as_str()).collect())
            }
            _ => shorten(arms.iter().map(|arm| arm.definition.as_str()).collect()),
        };
        let open = node.notes.open;
        let mut taken: IndexSet<String> = open.then(|| "Unknown".to_owned()).into_iter().collect();
        let mut variants = IndexMap::new();
        for (arm, short) in arms.into_iter().zip(short) {
            let ty = self.boxed(definition, &arm.definition);
            let name = names::variant(&arm.name.unwrap_or(short));
            let held = Variant { definition: arm.definition, ty };
            variants.insert(unique(name, "", &mut taken), held);
        }
        if open && !matches!(choice, Choice::Tag { .. }) {
            problems.report(
                &node.at,
                Some("x-mcp-open"),
                "only a union that is told by a tag can be open",
                "take the override away",
            );
        }
        Body::Union { variants, choice, open }
    }

    fn kinds(
        &self,
        definition: &str,
        members: &[Node],
        problems: &mut Problems,
    ) -> Vec<(Kind, String, Type)> {
        let one_or_many = match members {
            [one, Node { shape: Shape::Array(items), .. }] => one.canonical() == items.canonical(),
            _ => false,
        };
        let variants = members.iter().filter_map(|member| {
            let kind = kind(member, self.known)?;
            let name = match (kind, one_or_many) {
                (Kind::Array, true) => "Many".to_owned(),
                (_, true) => "One".to_owned(),
                _ => names::variant(kind.name()),
            };
            Some((kind, name, self.ty(member, definition, problems)))
        });
        variants.collect()
    }

    /// The type that `node` has inside `of`.
    fn ty(&self, node: &Node, of: &str, problems: &mut Problems) -> Type {
        let support = self.support;
        let plain = |text: String| Type { argument: text.clone(), text, nullable: false };
        let into =
            |text: String| Type { argument: format!("impl Into<{text}>"), text, nullable: false };
        match &node.shape {
            Shape::Any => Type { nullable: true, ..into(format!("{support}::Value")) },
            Shape::Null => {
                let by = problems.overriding(&node.at, "opaque");
                problems.report(
                    &node.at,
                    Some("type"),
                    "a value that can only be null has no type of use",
                    format!("leave it out, or override it: {by}"),
                );
                plain("()".to_owned())
            }
            Shape::Const(Const::Boolean(_) | Const::Integer(_)) => {
                let by = problems.overriding(&node.at, "opaque");
                problems.report(
                    &node.at,
                    Some("const"),
                    "a constant that is no string is kept as a required property of an object, and nowhere else",
                    format!("require it, or override it: {by}"),
                );
                plain("()".to_owned())
            }
            Shape::Boolean => plain("bool".to_owned()),
            Shape::Integer { minimum } if minimum.is_some_and(|least| least >= 0) => {
                plain("u64".to_owned())
            }
            Shape::Integer { .. } => plain("i64".to_owned()),
            Shape::Number => into(format!("{support}::Number")),
            Shape::String | Shape::Const(Const::String(_)) => into("String".to_owned()),
            Shape::Version => into(format!("{support}::ProtocolVersion")),
            Shape::Array(items) => into(format!("Vec<{}>", self.ty(items, "", problems).text)),
            Shape::Map(values) => match &resolve(values, self.known).shape {
                Shape::Any => into(format!("{support}::JsonObject")),
                _ => into(format!("{support}::Map<{}>", self.ty(values, "", problems).text)),
            },
            Shape::Nullable(inner) => {
                let inner = self.ty(inner, of, problems);
                Type { nullable: true, ..into(format!("Option<{}>", inner.text)) }
            }
            Shape::Ref(name) => {
                let nullable =
                    matches!(resolve(node, self.known).shape, Shape::Any | Shape::Nullable(_));
                let text = self.boxed(of, name);
                // An alias of a number takes literals, as the number itself does.
                let scalar = matches!(
                    resolve(node, self.known).shape,
                    Shape::Boolean | Shape::Integer { .. }
                );
                if scalar { plain(text) } else { Type { nullable, ..into(text) } }
            }
            Shape::Object(_) => into(format!("{support}::JsonObject")),
            Shape::Strings(_) | Shape::Union(_) | Shape::AllOf(_) => {
                problems.report(
                    &node.at,
                    None,
                    "an inline type was left without a name",
                    "this is a defect of mcp-codegen: please report it with the schema",
                );
                plain("()".to_owned())
            }
        }
    }

    /// The type `inner` inside `outer`: boxed if `inner` holds `outer` again.
    fn boxed(&self, outer: &str, inner: &str) -> String {
        let mut seen = IndexSet::new();
        let mut next = vec![inner];
        while let Some(name) = next.pop() {
            if name == outer {
                return format!("Box<{}>", names::type_name(inner));
            }
            if seen.insert(name) {
                next.extend(self.held.get(name).into_iter().flatten());
            }
        }
        names::type_name(inner)
    }
}

/// The order of fields: what identifies comes first, what is about the message itself last.
fn place(key: &str) -> (usize, String) {
    const FIRST: &[&str] =
        &["jsonrpc", "id", "type", "method", "mode", "role", "taskId", "name", "uri", "code"];
    let place = match key {
        "_meta" => FIRST.len() + 1,
        _ => FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len()),
    };
    (place, key.to_owned())
}

/// The variants of a set of strings.
fn variants_of(values: &IndexSet<String>, open: bool) -> Vec<(String, String)> {
    let mut taken = open.then(|| "Other".to_owned()).into_iter().collect();
    let variants =
        values.iter().map(|value| (value.clone(), unique(names::variant(value), "", &mut taken)));
    variants.collect()
}

/// A name that is not taken: a number is appended until it is not.
fn unique(name: String, separator: &str, taken: &mut IndexSet<String>) -> String {
    let mut candidate = name.clone();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        let base = name.trim_start_matches("r#").trim_end_matches('_');
        candidate = format!("{base}{separator}{number}");
        number += 1;
    }
    candidate
}

/// A message's name without the word for its kind.
fn message(arm: &Arm) -> String {
    let name = &arm.definition;
    let short = name.strip_suffix("Request").or_else(|| name.strip_suffix("Notification"));
    short.filter(|short| !short.is_empty()).unwrap_or(name).to_owned()
}

/// Takes from names what all of them have in common, word by word, at the front and at the back.
fn shorten(all: Vec<&str>) -> Vec<String> {
    use heck::ToSnakeCase;
    let mut words: Vec<Vec<String>> = all
        .iter()
        .map(|name| {
            let snake = names::variant(name).to_snake_case();
            snake.split('_').map(str::to_owned).collect()
        })
        .collect();
    if words.len() == 1 {
        // Alone, a name has everything in common with itself.
        return words.into_iter().map(|words| words.join("_")).collect();
    }
    for back in [true, false] {
        loop {
            let ends: IndexSet<Option<String>> = words
                .iter()
                .map(|words| if back { words.last() } else { words.first() }.cloned())
                .collect();
            if ends.len() != 1 || words.iter().any(|words| words.len() < 2) {
                break;
            }
            for words in &mut words {
                if back {
                    words.pop();
                } else {
                    words.remove(0);
                }
            }
        }
    }
    words.into_iter().map(|words| words.join("_")).collect()
}

/// A condition as a row of the macro's table.
pub(crate) fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Has(key) => format!("Has({key:?})"),
        Condition::Is(key, values) => format!("Is({key:?}, &{values:?})"),
        Condition::Within(key, inner) => format!("Within({key:?}, {inner:?})"),
    }
}
