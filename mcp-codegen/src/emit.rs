//! Items as Rust text: plain types that can be read, each followed by the table from which a macro makes its impls.

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};

use crate::discriminate::Choice;
use crate::docs::Docs;
use crate::lower::{Body, Field, Item, Struct, Variant, condition};
use crate::messages::{Method, methods};
use crate::model::{Const, Node, Shape};
use crate::names;
use crate::normalize::{Kind, Normalized, resolve};
use crate::print::Chunk;

/// What the text of a module depends on besides its items.
pub struct Context<'a> {
    /// The definitions, for what an item does not say itself.
    pub normalized: &'a Normalized,
    /// The path of `mcp_schema` from the generated code.
    pub support: &'a str,
    /// Our documentation.
    pub docs: &'a Docs,
    /// The revision's name, for documentation of its own.
    pub revision: Option<&'a str>,
    /// Definitions that are taken from elsewhere, with the path of their module.
    pub external: &'a IndexMap<String, String>,
    /// The definitions that the module holds, if not all.
    pub only: Option<&'a IndexSet<String>>,
}

/// The text of a module.
pub fn module(items: &[Item], context: &Context<'_>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    if let Some(uses) = context.uses() {
        chunks.push(Chunk::Items(uses));
    }
    for item in items.iter().filter(|item| !context.external.contains_key(&item.definition)) {
        context.item(item, &mut chunks);
    }
    chunks
}

/// The modules `method`, `error_code` and `meta_key`.
pub fn registry(context: &Context<'_>) -> Vec<Chunk> {
    let known = &context.normalized.definitions;
    let parts = [context.methods(&methods(known)), context.error_codes(), context.meta_keys()];
    parts.into_iter().flatten().map(Chunk::Items).collect()
}

/// A macro that hands the list of a module's types to another: for tests that go over all of them.
pub fn definitions(items: &[Item], module: &str) -> Chunk {
    let (mut types, mut variants) = (String::new(), String::new());
    for item in items {
        let _ = writeln!(types, "                {} = {:?};", item.name, item.definition);
        if let Body::Union { variants: held, .. } = &item.body {
            for (variant, held) in held {
                let name = &item.name;
                let _ = writeln!(
                    variants,
                    "                {name}::{variant} = {:?};",
                    held.definition
                );
            }
        }
    }
    Chunk::Table(format!(
        "#[doc(hidden)]\n#[macro_export]\nmacro_rules! __definitions_of_{module} {{\n    ($with:ident) => {{\n        \
         $with! {{\n            types {{\n{types}            }}\n            variants {{\n{variants}            }}\n        \
         }}\n    }};\n}}\n"
    ))
}

impl Context<'_> {
    /// Re-exports of what is defined elsewhere.
    fn uses(&self) -> Option<String> {
        let mut by_module: IndexMap<&str, Vec<String>> = IndexMap::new();
        for (definition, module) in self.external {
            by_module.entry(module).or_default().push(names::type_name(definition));
        }
        let mut text = String::new();
        for (module, mut types) in by_module {
            types.sort();
            let _ = writeln!(text, "pub use {module}::{{{}}};", types.join(", "));
        }
        (!text.is_empty()).then_some(text)
    }

    fn item(&self, item: &Item, chunks: &mut Vec<Chunk>) {
        let docs = self.type_doc(item);
        let name = &item.name;
        let wire = &item.definition;
        let support = self.support;
        match &item.body {
            Body::Alias(ty) => {
                let text =
                    if ty.text == *name { format!("{support}::{name}") } else { ty.text.clone() };
                chunks.push(Chunk::Items(format!("{docs}pub type {name} = {text};\n")));
            }
            Body::Struct(body) => {
                chunks.push(Chunk::Items(self.structure(item, body, &docs)));
                chunks.push(Chunk::Table(table(support, "__object", &object_rows(item, body))));
            }
            Body::Strings { values, open } => {
                let derives = if *open { "" } else { "Copy, " };
                let mut text = format!(
                    "{docs}#[derive(Clone, {derives}Debug, PartialEq, Eq, Hash)]\npub enum {name} {{\n"
                );
                for (value, variant) in values {
                    let _ = writeln!(text, "{}{variant},", self.field_doc(item, value, None));
                }
                if *open {
                    text.push_str("/// A value that the schema does not name, as it came.\nOther(Box<str>),\n");
                }
                text.push_str("}\n");
                chunks.push(Chunk::Items(text));
                let mut rows = vec![format!("{name} = {wire:?};")];
                for (index, (value, variant)) in values.iter().enumerate() {
                    rows.push(format!("{index} {value:?} {variant};"));
                }
                rows.extend(open.then(|| "open Other;".to_owned()));
                chunks.push(Chunk::Table(table(support, "__strings", &rows)));
            }
            Body::Kinds(kinds) => {
                let simple = kinds.iter().all(|(kind, _, ty)| {
                    matches!(kind, Kind::Boolean | Kind::Integer) || ty.text == "String"
                });
                let derives = if simple { ", Eq, PartialOrd, Ord, Hash" } else { "" };
                let mut text = format!(
                    "{docs}#[derive(Clone, Debug, PartialEq{derives})]\npub enum {name} {{\n"
                );
                let mut rows = vec![format!("{name} = {wire:?};")];
                for (kind, variant, ty) in kinds {
                    let article = if matches!(kind, Kind::Array | Kind::Integer | Kind::Object) {
                        "An"
                    } else {
                        "A"
                    };
                    let _ =
                        writeln!(text, "/// {article} {}.\n{variant}({}),", kind.name(), ty.text);
                    // A set of strings is read like a string, but is not made from any.
                    let kind = if *kind == Kind::String && ty.text != "String" {
                        "name"
                    } else {
                        kind.name()
                    };
                    rows.push(format!("{kind} {variant}({});", ty.text));
                }
                text.push_str("}\n");
                chunks.push(Chunk::Items(text));
                chunks.push(Chunk::Table(table(support, "__kinds", &rows)));
            }
            Body::Union { variants, choice, open } => {
                chunks.push(Chunk::Items(self.union(item, variants, choice, *open, &docs)));
                let (macro_name, rows) = union_rows(item, variants, choice, *open, self);
                chunks.push(Chunk::Table(table(support, macro_name, &rows)));
            }
        }
    }

    fn structure(&self, item: &Item, body: &Struct, docs: &str) -> String {
        let default = body.required.is_empty() && body.embedded.is_none();
        let derives = if default { ", Default" } else { "" };
        let mut text = format!(
            "{docs}#[derive(Clone, Debug, PartialEq{derives})]\npub struct {} {{\n",
            item.name
        );
        for field in &body.required {
            let doc = self.field_doc(item, &field.key, field.doc.as_deref());
            let _ = writeln!(text, "{doc}pub {}: {},", field.name, field.ty.text);
        }
        for field in &body.optional {
            let doc = self.field_doc(item, &field.key, field.doc.as_deref());
            let _ = writeln!(text, "{doc}pub {}: Option<{}>,", field.name, field.ty.text);
        }
        if let Some((field, ty)) = &body.embedded {
            let _ = writeln!(
                text,
                "/// Its fields stand among the others on the wire.\npub {field}: {ty},"
            );
        } else if !body.closed {
            let _ = writeln!(
                text,
                "/// Fields that the schema does not name.\npub extra: {}::Extra,",
                self.support
            );
        }
        text.push_str("}\n");
        text
    }

    fn union(
        &self,
        item: &Item,
        variants: &IndexMap<String, Variant>,
        choice: &Choice,
        open: bool,
        docs: &str,
    ) -> String {
        let mut text = format!(
            "{docs}#[allow(clippy::large_enum_variant)]\n#[derive(Clone, Debug, PartialEq)]\npub enum {} {{\n",
            item.name
        );
        for (index, (variant, held)) in variants.iter().enumerate() {
            let told = match choice {
                Choice::Tag { key, values, .. } => {
                    values.get(index).map(|(value, _)| format!("`{key}` is `{value}`."))
                }
                Choice::Key { keys, .. } => {
                    keys.get(index).map(|(key, _)| format!("It has `{key}`."))
                }
                Choice::Rules(_) => None,
            };
            let told =
                told.unwrap_or_else(|| format!("A [`{}`].", names::type_name(&held.definition)));
            let _ = writeln!(text, "/// {}\n{variant}({}),", one_line(&told), held.ty);
        }
        if open && let Choice::Tag { key, .. } = choice {
            let support = self.support;
            let shown = one_line(key);
            let _ = writeln!(
                text,
                "/// A kind that the schema does not name.\nUnknown {{\n/// The value of `{shown}`.\ntag: String,\n\
                 /// The whole object, `{shown}` included.\nraw: {support}::JsonObject,\n}},"
            );
        }
        text.push_str("}\n");
        text
    }

    fn names_of<'a>(&'a self, item: &'a Item) -> Vec<&'a str> {
        let paths = self.normalized.paths.get(&item.definition);
        let paths = paths.into_iter().flatten().map(String::as_str);
        [item.definition.as_str()].into_iter().chain(paths).collect()
    }

    fn type_doc(&self, item: &Item) -> String {
        let names = self.names_of(item);
        let schema = self.normalized.definitions.get(&item.definition);
        let text = self.docs.get(&names, None, self.revision).map(str::to_owned);
        let text =
            text.or_else(|| schema.and_then(|node| node.doc.clone())).unwrap_or_else(|| match self
                .normalized
                .paths
                .get(&item.definition)
            {
                Some(paths) => format!("What the schema has inline at `{}`.", paths.join("`, `")),
                None => format!("The schema's `{}`.", item.definition),
            });
        self.comment(&text)
    }

    fn field_doc(&self, item: &Item, key: &str, doc: Option<&str>) -> String {
        let names = self.names_of(item);
        let text = self.docs.get(&names, Some(key), self.revision).or(doc);
        match text {
            Some(text) => self.comment(text),
            None => self.comment(&format!("`{key}` on the wire.")),
        }
    }

    /// A documentation comment. Names of definitions in links become those in Rust.
    fn comment(&self, text: &str) -> String {
        let mut out = String::new();
        for line in plain_links(text).lines() {
            let mut rest = line;
            let mut linked = String::new();
            while let Some((before, after)) = rest.split_once("[`") {
                linked.push_str(before);
                let Some((name, after)) = after.split_once("`]") else {
                    linked.push_str("[`");
                    rest = after;
                    continue;
                };
                let here = self.only.is_none_or(|only| only.contains(name));
                if here && self.normalized.definitions.contains_key(name) {
                    let _ = write!(linked, "[`{}`]", names::type_name(name));
                } else {
                    let _ = write!(linked, "`{name}`");
                }
                rest = after;
            }
            linked.push_str(rest);
            let _ = writeln!(out, "/// {}", one_line(linked.trim_end()));
        }
        out
    }

    fn methods(&self, methods: &IndexMap<String, Method>) -> Option<String> {
        let support = self.support;
        let mut text = String::new();
        let mut taken = IndexSet::new();
        for method in methods.values().filter(|method| taken.insert(method.name.clone())) {
            let Method { name, method: wire, direction, .. } = method;
            let params = match &method.params {
                None => "()".to_owned(),
                Some((node, true)) => self.path(node),
                Some((node, false)) => format!("Option<{}>", self.path(node)),
            };
            let (kind, result) = match &method.result {
                Some(result) => {
                    ("Request", format!("type Result = super::{};", names::type_name(result)))
                }
                None => ("Notification", String::new()),
            };
            let _ = write!(
                text,
                "/// `{shown}`: see [`{message}`](super::{message}).\n\
                 #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]\n\
                 pub struct {name};\n\
                 impl {support}::{kind} for {name} {{\n\
                 const METHOD: &'static str = {wire:?};\n\
                 const DIRECTION: {support}::Direction = {support}::Direction::{direction};\n\
                 type Params = {params};\n{result}\n}}\n",
                shown = one_line(wire),
                message = names::type_name(&method.definition),
            );
        }
        (!text.is_empty()).then(|| {
            format!("/// The methods: a unit type for each, which ties parameters and result together.\npub mod method {{\n{text}}}\n")
        })
    }

    /// The type of parameters, as seen from the module `method`.
    fn path(&self, node: &Node) -> String {
        match &node.shape {
            Shape::Ref(name) => format!("super::{}", names::type_name(name)),
            _ => format!("{}::JsonObject", self.support),
        }
    }

    fn error_codes(&self) -> Option<String> {
        let known = &self.normalized.definitions;
        let mut text = String::new();
        for (definition, node) in known {
            let Some(base) = definition.strip_suffix("Error").filter(|base| !base.is_empty())
            else {
                continue;
            };
            let Some(code) = error_code(node, known) else { continue };
            let _ = writeln!(
                text,
                "/// See [`{}`](super::{}).\npub const {}: i64 = {code};",
                names::type_name(definition),
                names::type_name(definition),
                names::constant(&names::type_name(base)),
            );
        }
        (!text.is_empty()).then(|| format!("/// The codes of the errors that have one of their own.\npub mod error_code {{\n{text}}}\n"))
    }

    fn meta_keys(&self) -> Option<String> {
        let mut keys: IndexMap<String, String> = IndexMap::new();
        for node in self.normalized.definitions.values() {
            if let Shape::Object(object) = &node.shape {
                for key in object
                    .properties
                    .keys()
                    .filter(|key| key.starts_with("io.modelcontextprotocol/"))
                {
                    keys.insert(names::constant(key), key.clone());
                }
            }
        }
        keys.sort_keys();
        let text: String = keys
            .iter()
            .map(|(name, key)| {
                format!("/// `{}`.\npub const {name}: &str = {key:?};\n", one_line(key))
            })
            .collect();
        (!text.is_empty()).then(|| format!("/// The keys of `_meta` that the protocol reserves and the schema names.\npub mod meta_key {{\n{text}}}\n"))
    }
}

/// Text that a comment can hold on one line: a schema's names may have anything in them.
fn one_line(text: &str) -> String {
    // Characters that turn the direction of text are refused by the compiler, comments included.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

/// `{@link A | text}`, as the published schemas write it.
fn plain_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{@link ") {
        out.push_str(before);
        let Some((link, after)) = after.split_once('}') else {
            out.push_str("{@link ");
            rest = after;
            continue;
        };
        match link.split_once('|') {
            Some((_, shown)) => out.push_str(shown.trim()),
            None => {
                let _ = write!(out, "[`{}`]", link.trim());
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The code of an error, or of a message that holds one.
fn error_code(node: &Node, known: &crate::parse::Definitions) -> Option<i64> {
    let code = |node: &Node| match &node.shape {
        Shape::Object(object) => match object.properties.get("code").map(|node| &node.shape) {
            Some(Shape::Const(Const::Integer(code))) => Some(*code),
            _ => None,
        },
        _ => None,
    };
    let held = match &node.shape {
        Shape::Object(object) => object.properties.get("error"),
        _ => None,
    };
    code(node).or_else(|| code(resolve(held?, known)))
}

fn table(support: &str, name: &str, rows: &[String]) -> String {
    let rows: String = rows.iter().map(|row| format!("    {row}\n")).collect();
    format!("{support}::{name}! {{\n{rows}}}\n")
}

fn object_rows(item: &Item, body: &Struct) -> Vec<String> {
    let needed = body.constants.iter().enumerate().filter(|(_, (_, _, needed))| *needed);
    let need: u32 = needed.map(|(index, _)| 1 << index).sum();
    let mut rows = vec![format!("{} = {:?}, need {need};", item.name, item.definition)];
    for (index, (key, value, _)) in body.constants.iter().enumerate() {
        rows.push(match value {
            Const::String(value) => format!("constant {index} {key:?} = {value:?}, constant;"),
            Const::Integer(value) => {
                format!("constant {index} {key:?} = {value}_i64, constant_value;")
            }
            Const::Boolean(value) => format!("constant {index} {key:?} = {value}, constant_value;"),
        });
    }
    let mut index = body.constants.len();
    for Field { key, name, ty, by, absent, .. } in &body.required {
        let absent = absent.as_ref().map_or(String::new(), |absent| format!(", else {absent}"));
        rows.push(format!(
            "required {index} {key:?} {name}: {}, {}, {by}{absent};",
            ty.text, ty.argument
        ));
        index += 1;
    }
    for Field { key, name, ty, by, .. } in &body.optional {
        let setter = names::setter(name);
        rows.push(format!(
            "optional {index} {key:?} {name} {setter}: {}, {}, {by};",
            ty.text, ty.argument
        ));
        index += 1;
    }
    if let Some((field, ty)) = &body.embedded {
        rows.push(format!("embed {field}: {ty};"));
    } else if body.closed {
        rows.push("closed unknown_field;".to_owned());
    } else {
        rows.push("rest extra;".to_owned());
    }
    rows
}

fn union_rows(
    item: &Item,
    variants: &IndexMap<String, Variant>,
    choice: &Choice,
    open: bool,
    context: &Context<'_>,
) -> (&'static str, Vec<String>) {
    let held =
        |index: usize| variants.get_index(index).map(|(name, held)| format!("{name}({})", held.ty));
    let variant = |index: usize| held(index).unwrap_or_default();
    let head = format!("{} = {:?}", item.name, item.definition);
    match choice {
        Choice::Tag { key, values, absent } => {
            let mut rows = vec![format!("{head} by {key:?};")];
            let mut otherwise = None;
            for (index, (value, arm)) in values.iter().enumerate() {
                let again = if has_field(&arm.definition, key, context) { " again" } else { "" };
                rows.push(format!("{index} {value:?} {}{again};", variant(index)));
                if absent.as_ref().is_some_and(|absent| absent.definition == arm.definition) {
                    otherwise = Some(format!("absent {};", variant(index)));
                }
            }
            rows.extend(otherwise);
            rows.extend(open.then(|| "open Unknown;".to_owned()));
            ("__tagged", rows)
        }
        Choice::Key { keys, absent } => {
            let mut rows = vec![format!("{head};")];
            let mut otherwise = None;
            for (index, (key, arm)) in keys.iter().enumerate() {
                rows.push(format!("{index} {key:?} {};", variant(index)));
                if absent.as_ref().is_some_and(|absent| absent.definition == arm.definition) {
                    otherwise = Some(format!("absent {};", variant(index)));
                }
            }
            rows.extend(otherwise);
            ("__keyed", rows)
        }
        Choice::Rules(rules) => {
            let mut rows = vec![format!("{head};")];
            for (index, (_, conditions)) in rules.iter().enumerate() {
                let conditions: Vec<_> = conditions.iter().map(condition).collect();
                let conditions = if conditions.is_empty() {
                    "Any()".to_owned()
                } else {
                    conditions.join(" and ")
                };
                rows.push(format!("{} if {conditions};", variant(index)));
            }
            ("__ruled", rows)
        }
    }
}

/// Whether a definition holds `key` as a field, not as a constant.
fn has_field(definition: &str, key: &str, context: &Context<'_>) -> bool {
    let known = &context.normalized.definitions;
    known.get(definition).is_some_and(|node| match &resolve(node, known).shape {
        Shape::Object(object) => {
            object.properties.get(key).is_some_and(|node| !matches!(node.shape, Shape::Const(_)))
        }
        _ => false,
    })
}
