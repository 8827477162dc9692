//! One schema through all phases.

use indexmap::{IndexMap, IndexSet};

use crate::docs::Docs;
use crate::emit::{self, Context};
use crate::error::{Error, Overriding, Problems};
use crate::fixups::{self, Fixup};
use crate::load::{Document, escape};
use crate::lower::{Item, lower};
use crate::model::{Node, Shape};
use crate::normalize::{Normalized, normalize};
use crate::overrides::Override;
use crate::parse::{self, StandIn};
use crate::print::{self, Chunk};

/// A schema that has been lowered, and can be printed.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The definitions.
    pub normalized: Normalized,
    /// What they become.
    pub items: Vec<Item>,
    /// Names of fixups that had nothing to do.
    pub stale: Vec<&'static str>,
}

impl Lowered {
    /// What is probably a mistake of the schema, though it can be lowered.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for node in self.normalized.definitions.values() {
            let Shape::Object(object) = &node.shape else { continue };
            // What is embedded may have it.
            if object.embedded.is_some() {
                continue;
            }
            for name in object.required.iter().filter(|name| !object.properties.contains_key(*name))
            {
                notes.push(format!(
                    "{} requires `{name}`, which is none of its properties: it can be any JSON",
                    node.at
                ));
            }
        }
        notes
    }
}

/// What one schema is lowered with.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Corrections of ours.
    pub fixups: &'a [&'static [Fixup]],
    /// Words of the caller about single places.
    pub overrides: &'a [Override],
    /// How the caller can give more of them.
    pub overriding: Overriding,
    /// The path of `mcp_schema` from the generated code.
    pub support: &'a str,
}

/// Applies fixups and overrides, and lowers the document.
pub fn run(document: &Document, settings: &Settings<'_>) -> Result<Lowered, Error> {
    let lowered = attempt(document, settings)?;
    let overrides = settings.overrides;
    for (index, one) in overrides.iter().enumerate().filter(|(_, one)| one.is_remedy()) {
        let mut others = overrides.to_vec();
        others.remove(index);
        if attempt(document, &Settings { overrides: &others, ..*settings }).is_ok() {
            return Err(one.stale());
        }
    }
    Ok(lowered)
}

fn attempt(document: &Document, settings: &Settings<'_>) -> Result<Lowered, Error> {
    let mut document = document.clone();
    let mut stale = Vec::new();
    for fixup in settings.fixups.iter().copied().flatten() {
        if !(fixup.apply)(&mut document) {
            stale.push(fixup.name);
        }
    }
    for one in settings.overrides {
        one.apply(&mut document)?;
    }
    let look = |stand_in| {
        let mut problems = Problems::new(settings.overriding);
        let definitions = parse::definitions(&document, stand_in, &mut problems);
        let normalized = normalize(definitions, stand_in, &mut problems);
        let items = lower(&normalized, settings.support, &mut problems);
        (normalized, items, problems)
    };
    let (normalized, items, mut problems) = look(StandIn::Any);
    if !problems.is_empty() {
        // A later phase also complains about what only follows from an earlier refusal: but not whatever stands in for it.
        for other in [StandIn::Text, StandIn::Object] {
            problems.keep_common(&look(other).2);
        }
        let places: Vec<String> = document.definitions.keys().map(|name| escape(name)).collect();
        problems.sort_by(|pointer| {
            let definition = pointer.split('/').nth(2);
            places.iter().position(|place| Some(place.as_str()) == definition)
        });
    }
    problems.into_result(&document.name)?;
    Ok(Lowered { normalized, items, stale })
}

/// The fixups for a core schema: those of its lifecycle are told by what it holds, not by a name that a draft may change.
pub fn core_fixups(document: &Document) -> Vec<&'static [Fixup]> {
    fixups::of_core(document)
}

/// Names of definitions that are the same in both, with all that they refer to.
pub fn same(one: &Normalized, other: &Normalized) -> IndexSet<String> {
    let mut same: IndexSet<String> = one
        .definitions
        .iter()
        .filter(|(name, node)| {
            other.definitions.get(*name).is_some_and(|other| meaning(node) == meaning(other))
        })
        .map(|(name, _)| name.clone())
        .collect();
    loop {
        let before = same.len();
        let kept = same.iter().filter(|name| {
            let mut references = IndexSet::new();
            one.definitions[*name].references(&mut references);
            references.iter().all(|name| same.contains(name))
        });
        same = kept.cloned().collect();
        if same.len() == before {
            return same;
        }
    }
}

/// A definition's shape, with what else decides how it is read.
fn meaning(node: &Node) -> String {
    let members = match &node.shape {
        Shape::Union(members) => members.iter().map(|member| member.notes.name.clone()).collect(),
        _ => Vec::new(),
    };
    format!("{}{:?}{members:?}", node.canonical(), node.notes.told_by)
}

/// Everything that a module's text is made from.
pub struct Module<'a> {
    /// The schema.
    pub lowered: &'a Lowered,
    /// The path of `mcp_schema` from the generated code.
    pub support: &'a str,
    /// Our documentation.
    pub docs: &'a Docs,
    /// The names of revisions whose documentation comes first.
    pub revisions: &'a [&'a str],
    /// What stands elsewhere.
    pub external: IndexMap<String, String>,
    /// Whether methods and constants are part of the module.
    pub registry: bool,
    /// The module's name, if it is to have a macro that lists its types.
    pub listed: Option<&'a str>,
    /// Only these definitions, if given.
    pub only: Option<&'a IndexSet<String>>,
}

impl Module<'_> {
    /// The module's text.
    pub fn print(&self, name: &str, preamble: &str) -> Result<String, Error> {
        print::file(name, preamble, &self.chunks())
    }

    fn chunks(&self) -> Vec<Chunk> {
        let context = Context {
            normalized: &self.lowered.normalized,
            support: self.support,
            docs: self.docs,
            revisions: self.revisions,
            external: &self.external,
            only: self.only,
        };
        let wanted = |item: &&Item| self.only.is_none_or(|only| only.contains(&item.definition));
        let mut items: Vec<Item> = self.lowered.items.iter().filter(wanted).cloned().collect();
        items.sort_by(|one, other| one.name.cmp(&other.name));
        let mut chunks = emit::module(&items, &context);
        if self.registry {
            chunks.extend(emit::registry(&context));
        }
        chunks.extend(self.listed.map(|module| emit::definitions(&items, module)));
        chunks
    }
}
