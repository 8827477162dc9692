//! Which revisions share a type: each shape of a name is one type, however many revisions have it.

use indexmap::{IndexMap, IndexSet};

use crate::pipeline::{self, Lowered};

/// Definitions that the same revisions share.
#[derive(Clone, Debug)]
pub struct Group {
    /// The revisions' places in their order, oldest first: two at least.
    pub revisions: Vec<usize>,
    /// The definitions.
    pub names: IndexSet<String>,
}

/// Who shares what.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// All groups. What a group's definitions refer to is shared by at least the same revisions.
    pub groups: Vec<Group>,
    same: IndexMap<(usize, usize), IndexSet<String>>,
}

impl Sharing {
    /// Compares all revisions, oldest first.
    pub fn of(revisions: &[&Lowered]) -> Self {
        let mut same = IndexMap::new();
        for (newer, lowered) in revisions.iter().enumerate() {
            for (older, before) in revisions[..newer].iter().enumerate() {
                let names = pipeline::same(&before.normalized, &lowered.normalized);
                same.insert((older, newer), names);
            }
        }
        let mut sharing = Self { groups: Vec::new(), same };
        let mut groups: IndexMap<Vec<usize>, IndexSet<String>> = IndexMap::new();
        for (revision, lowered) in revisions.iter().enumerate() {
            for name in lowered.normalized.definitions.keys() {
                let members: Vec<usize> = (0..revisions.len())
                    .filter(|&other| sharing.is_shared(name, revision, other))
                    .collect();
                if members.len() > 1 {
                    groups.entry(members).or_default().insert(name.clone());
                }
            }
        }
        groups.sort_keys();
        sharing.groups =
            groups.into_iter().map(|(revisions, names)| Group { revisions, names }).collect();
        sharing
    }

    /// Whether `name` is one type in both revisions. To be the same is transitive: shapes are equal, and references equal
    /// names.
    pub fn is_shared(&self, name: &str, one: usize, other: usize) -> bool {
        let pair = (one.min(other), one.max(other));
        one == other || self.same.get(&pair).is_some_and(|names| names.contains(name))
    }

    /// What both revisions share.
    pub fn between(&self, older: usize, newer: usize) -> IndexSet<String> {
        self.same.get(&(older, newer)).cloned().unwrap_or_default()
    }

    /// The group of each definition that a revision shares.
    pub fn of_revision(&self, revision: usize) -> impl Iterator<Item = (&String, &Group)> {
        let groups = self.groups.iter().filter(move |group| group.revisions.contains(&revision));
        groups.flat_map(|group| group.names.iter().map(move |name| (name, group)))
    }

    /// Definitions whose two types were next to each other before: a conversion between `revision` and the one after it
    /// would be written twice. Each is given with the older of the two revisions where it stands already.
    pub fn repeated(&self, revision: usize) -> IndexMap<String, usize> {
        let mut repeated = IndexMap::new();
        for (name, _) in self.of_revision(revision).chain(self.of_revision(revision + 1)) {
            let before = (0..revision).find(|&before| {
                let is = |one, other| self.is_shared(name, one, other);
                !is(revision, revision + 1)
                    && (is(before, revision) && is(before + 1, revision + 1)
                        || is(before, revision + 1) && is(before + 1, revision))
            });
            repeated.extend(before.map(|before| (name.clone(), before)));
        }
        repeated
    }
}
