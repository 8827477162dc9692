//! The modules `method`, `error_code` and `meta_key`.

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};

use super::Context;
use super::docs::{as_comment, one_line, unlinked, wrapped};
use crate::messages::{Method, methods};
use crate::model::{Const, Node, Shape};
use crate::names;
use crate::normalize::resolve;
use crate::parse::Definitions;
use crate::print::Chunk;

/// The modules `method`, `error_code` and `meta_key`.
pub fn registry(context: &Context<'_>) -> Vec<Chunk> {
    let known = &context.normalized.definitions;
    let parts = [context.methods(&methods(known)), context.error_codes(), context.meta_keys()];
    parts.into_iter().flatten().map(Chunk::Items).collect()
}

impl Context<'_> {
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
            let told = match self.summary(&method.definition) {
                Some(summary) => format!("{} The method is ", unlinked(&summary)),
                None => String::new(),
            };
            let message = names::type_name(&method.definition);
            let told = format!("{told}`{}`: see [`{message}`](super::{message}).", one_line(wire));
            let doc = as_comment(&wrapped(&told));
            let _ = write!(
                text,
                "{doc}#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]\n\
                 pub struct {name};\n\
                 impl {support}::{kind} for {name} {{\n\
                 const METHOD: &'static str = {wire:?};\n\
                 const DIRECTION: {support}::Direction = {support}::Direction::{direction};\n\
                 type Params = {params};\n{result}\n}}\n",
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
            let name = names::type_name(definition);
            let told = self.summary(definition).map_or(String::new(), |text| unlinked(&text) + " ");
            let doc = as_comment(&wrapped(&format!("{told}See [`{name}`](super::{name}).")));
            let _ = writeln!(
                text,
                "{doc}pub const {}: i64 = {code};",
                names::constant(&names::type_name(base)),
            );
        }
        (!text.is_empty()).then(|| format!("/// The codes of the errors that have one of their own.\npub mod error_code {{\n{text}}}\n"))
    }

    fn meta_keys(&self) -> Option<String> {
        let mut keys: IndexMap<String, (String, Option<String>)> = IndexMap::new();
        for (definition, node) in &self.normalized.definitions {
            let Shape::Object(object) = &node.shape else { continue };
            let reserved = |key: &&String| key.starts_with("io.modelcontextprotocol/");
            for key in object.properties.keys().filter(reserved) {
                let told = self.field_summary(definition, key);
                let known = keys.entry(names::constant(key)).or_insert((key.clone(), None));
                known.1 = known.1.take().or(told);
            }
        }
        keys.sort_keys();
        let text: String = keys
            .iter()
            .map(|(name, (key, told))| {
                let told = told.as_ref().map_or(String::new(), |told| unlinked(told) + " ");
                let doc = as_comment(&wrapped(&format!("{told}`{}`.", one_line(key))));
                format!("{doc}pub const {name}: &str = {key:?};\n")
            })
            .collect();
        (!text.is_empty()).then(|| format!("/// The keys of `_meta` that the protocol reserves and the schema names.\npub mod meta_key {{\n{text}}}\n"))
    }
}

/// The code of an error, or of a message that holds one.
fn error_code(node: &Node, known: &Definitions) -> Option<i64> {
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
