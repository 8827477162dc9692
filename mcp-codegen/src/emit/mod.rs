//! Items as Rust text: plain types that can be read, each followed by the table from which a macro makes its impls.

mod docs;
mod registry;
mod rows;

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};

use self::docs::one_line;
pub use self::registry::registry;
use self::rows::{object_rows, table, union_rows};
use crate::discriminate::Choice;
use crate::docs::Docs;
use crate::lower::{Body, Item, Struct, Variant};
use crate::names;
use crate::normalize::{Kind, Normalized};
use crate::print::Chunk;

/// What the text of a module depends on besides its items.
pub struct Context<'a> {
    /// The definitions, for what an item does not say itself.
    pub normalized: &'a Normalized,
    /// The path of `mcp_schema` from the generated code.
    pub support: &'a str,
    /// Our documentation.
    pub docs: &'a Docs,
    /// The names of revisions whose documentation comes first.
    pub revisions: &'a [&'a str],
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
                    let _ = writeln!(text, "{}{variant}({}),", self.kind_doc(item, *kind), ty.text);
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
                    values.get(index).map(|(value, _)| format!("`{key}` is `{value}`"))
                }
                Choice::Key { keys, .. } => {
                    keys.get(index).map(|(key, _)| format!("it has `{key}`"))
                }
                Choice::Rules(_) => None,
            };
            let doc = self.variant_doc(&held.definition, told);
            let _ = writeln!(text, "{doc}{variant}({}),", held.ty);
        }
        if open && let Choice::Tag { key, .. } = choice {
            let support = self.support;
            let shown = one_line(key);
            let _ = writeln!(
                text,
                "/// A kind that the schema does not name.\nUnknown {{\n/// What stands in `{shown}`, as it came.\ntag: String,\n\
                 /// The whole object, `{shown}` included.\nraw: {support}::JsonObject,\n}},"
            );
        }
        text.push_str("}\n");
        text
    }
}
