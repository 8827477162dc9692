//! The files below `mcp-schema/src/generated/`: what each holds, and for which features it is compiled.

use indexmap::{IndexMap, IndexSet};

use crate::conversions;
use crate::docs::Docs;
use crate::error::Error;
use crate::names;
use crate::pipeline::{self, Lowered, Module};
use crate::print::{self, Chunk};
use crate::sharing::{Group, Sharing};

/// The path of the crate in its own modules.
pub const SUPPORT: &str = "crate";

/// All modules of `mcp-schema`.
pub struct Modules<'a> {
    docs: &'a Docs,
    revisions: &'a IndexMap<&'a str, Lowered>,
    sharing: Sharing,
}

/// Files by their path in the folder.
type Files = IndexMap<String, String>;

impl<'a> Modules<'a> {
    /// The modules of these revisions, oldest first.
    pub fn new(docs: &'a Docs, revisions: &'a IndexMap<&'a str, Lowered>) -> Self {
        let lowered: Vec<&Lowered> = revisions.values().collect();
        Self { docs, revisions, sharing: Sharing::of(&lowered) }
    }

    /// All files; `tasks` is the extension, with the revision that it stands on.
    pub fn files(&self, (base, tasks): (&str, &Lowered)) -> Result<Files, Error> {
        let mut files = Files::new();
        for group in &self.sharing.groups {
            let name = self.module_of(group);
            files.insert(format!("shared/{name}.rs"), self.group(group, &name)?);
        }
        files.insert("shared/mod.rs".to_owned(), self.shared()?);
        for (index, (revision, lowered)) in self.revisions.iter().enumerate() {
            let external = self.sharing.of_revision(index);
            let external = external.map(|(name, group)| (name.clone(), self.path_of(group)));
            let name = module(revision);
            let note = format!("Revision {revision}.");
            let text = self.types(&note, &name, revision, lowered, external.collect())?;
            files.insert(format!("{name}.rs"), text);
        }
        let path = format!("crate::{}", module(base));
        let external = pipeline::same(&tasks.normalized, &self.revisions[base].normalized);
        let external = external.into_iter().map(|name| (name, path.clone())).collect();
        let note =
            format!("The extension `io.modelcontextprotocol/tasks`, on top of revision {base}.");
        files.insert("tasks.rs".to_owned(), self.types(&note, "tasks", "tasks", tasks, external)?);
        for older in 0..self.revisions.len().saturating_sub(1) {
            let (name, text) = self.conversions(older)?;
            files.insert(format!("conversions/{name}.rs"), text);
        }
        files.insert("mod.rs".to_owned(), self.index());
        Ok(files)
    }

    fn revision(&self, index: usize) -> (&'a str, &'a Lowered) {
        let (revision, lowered) = self.revisions.get_index(index).expect("an index from the list");
        (revision, lowered)
    }

    fn module(&self, index: usize) -> String {
        module(self.revision(index).0)
    }

    /// The module of what a group shares.
    fn module_of(&self, group: &Group) -> String {
        let all: Vec<String> = group.revisions.iter().map(|index| self.module(*index)).collect();
        let (first, last) = (&all[0], &all[all.len() - 1]);
        // One after the other, they are told by the first and the last.
        let steps = group.revisions.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        if steps && all.len() > 2 { format!("{first}_to_{last}") } else { all.join("_and_") }
    }

    /// Whether the newest revision is one of a group: then `shared` names what it shares.
    fn is_current(&self, group: &Group) -> bool {
        group.revisions.contains(&(self.revisions.len() - 1))
    }

    /// The path by which a revision's module takes what it shares.
    fn path_of(&self, group: &Group) -> String {
        match self.is_current(group) {
            true => "crate::shared".to_owned(),
            false => format!("crate::shared::{}", self.module_of(group)),
        }
    }

    /// The attribute of what is there with any of a group's revisions; all of them together are always there.
    fn condition(&self, group: &Group) -> String {
        if group.revisions.len() == self.revisions.len() {
            return String::new();
        }
        let features = group.revisions.iter().map(|index| feature(&self.module(*index)));
        format!("#[cfg(any({}))]\n", features.collect::<Vec<_>>().join(", "))
    }

    /// The types that a group shares, as its newest revision has them.
    fn group(&self, group: &Group, name: &str) -> Result<String, Error> {
        let newest = *group.revisions.last().expect("two revisions at least");
        let (revision, lowered) = self.revision(newest);
        let mut referred = IndexSet::new();
        for name in &group.names {
            lowered.normalized.definitions[name].references(&mut referred);
        }
        let elsewhere = self.sharing.of_revision(newest);
        let external = elsewhere
            .filter(|(name, other)| referred.contains(*name) && other.revisions != group.revisions)
            .map(|(name, other)| (name.clone(), format!("super::{}", self.module_of(other))));
        let revisions: Vec<&str> =
            group.revisions.iter().map(|index| self.revision(*index).0).collect();
        let note = format!(
            "Types that are the same in {}, with all that they refer to.",
            revisions.join(", ")
        );
        let text = Module {
            lowered,
            support: SUPPORT,
            docs: self.docs,
            revisions: &[revision],
            external: external.collect(),
            registry: false,
            listed: None,
            only: Some(&group.names),
        };
        text.print(name, &preamble(&format!("schemas/{revision}.json"), &note))
    }

    /// `shared/mod.rs`: where what the newest revision shares has its name.
    fn shared(&self) -> Result<String, Error> {
        let mut text = String::new();
        for group in &self.sharing.groups {
            let (condition, name) = (self.condition(group), self.module_of(group));
            text.push_str(&format!("{condition}pub(crate) mod {name};\n"));
        }
        for group in self.sharing.groups.iter().filter(|group| self.is_current(group)) {
            let (condition, name) = (self.condition(group), self.module_of(group));
            let mut types: Vec<String> =
                group.names.iter().map(|name| names::type_name(name)).collect();
            types.sort();
            text.push_str(&format!("{condition}pub use self::{name}::{{{}}};\n", types.join(", ")));
        }
        let note = "Types that are the same in several revisions, with all that they refer to.\n//!\n\
                    //! Here stand those of the newest revision. What only older revisions share is in their modules.";
        print::file("shared", &preamble("schemas/*.json", note), &[Chunk::Items(text)])
    }

    fn types(
        &self,
        note: &str,
        module: &str,
        revision: &str,
        lowered: &Lowered,
        external: IndexMap<String, String>,
    ) -> Result<String, Error> {
        let text = Module {
            lowered,
            support: SUPPORT,
            docs: self.docs,
            revisions: &[revision],
            external,
            registry: true,
            listed: Some(module),
            only: None,
        };
        text.print(module, &preamble(&format!("schemas/{revision}.json"), note))
    }

    /// The conversions between a revision and the next.
    fn conversions(&self, older: usize) -> Result<(String, String), Error> {
        let newer = older + 1;
        let (old, new) = (self.module(older), self.module(newer));
        // The same two types may be neighbours twice; their conversions stand where they are neighbours first.
        let repeated = self.sharing.repeated(older).into_iter().map(|(name, before)| {
            let before = [feature(&self.module(before)), feature(&self.module(before + 1))];
            (name, format!("#[cfg(not(all({})))]\n", before.join(", ")))
        });
        let text = conversions::between(
            (&old, self.revision(older).1),
            (&new, self.revision(newer).1),
            &self.sharing.between(older, newer),
            &repeated.collect(),
        );
        let (one, other) = (self.revision(older).0, self.revision(newer).0);
        let note = format!("Between {one} and {other}, as far as nothing is lost.");
        let name = format!("{old}_and_{new}");
        let preamble = preamble("schemas/*.json", &note);
        Ok((name.clone(), print::file(&name, &preamble, &[Chunk::Items(text)])?))
    }

    /// `generated/mod.rs`.
    fn index(&self) -> String {
        let mut text =
            "// Generated by `mcp-codegen generate` from schemas/*.json. Do not edit.\n\n\
                        // What is left out by a feature is not even read by the compiler.\n\
                        mod conversions {\n"
                .to_owned();
        let modules: Vec<String> = self.revisions.keys().map(|revision| module(revision)).collect();
        for pair in modules.windows(2) {
            let (old, new) = (&pair[0], &pair[1]);
            text.push_str(&format!(
                "    #[cfg(all({}, {}))]\n    #[rustfmt::skip]\n    mod {old}_and_{new};\n",
                feature(old),
                feature(new)
            ));
        }
        text.push_str("}\n#[rustfmt::skip]\npub mod shared;\n");
        for module in modules.iter().map(String::as_str).chain(["tasks"]) {
            text.push_str(&format!(
                "#[cfg({})]\n#[rustfmt::skip]\npub mod {module};\n",
                feature(module)
            ));
        }
        text
    }
}

/// A revision's module, and its feature.
fn module(revision: &str) -> String {
    format!("v{}", revision.replace('-', "_"))
}

fn feature(module: &str) -> String {
    format!("feature = {module:?}")
}

fn preamble(input: &str, note: &str) -> String {
    format!("// Generated by `mcp-codegen generate` from {input}. Do not edit.\n\n//! {note}\n")
}
