//! Changes in the order and the groups in which people read them.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Group};
use super::{Class, Diff};

/// Changes of one group.
pub struct Section<'a> {
    /// `Methods`, `Errors` or `Types`.
    pub title: &'static str,
    /// The group.
    pub group: Group,
    /// How many changes there are in it.
    pub count: usize,
    /// First what is the same in several, then one after another.
    pub blocks: Vec<Block<'a>>,
}

/// Changes of one subject, or the same changes of several.
pub struct Block<'a> {
    /// Whose they are.
    pub subjects: Vec<String>,
    /// The changes; those of the first subject, if there are several.
    pub changes: Vec<&'a Change>,
}

/// In how many subjects a change has to be the same to be told once for all of them.
const SEVERAL: usize = 3;

/// All changes of a diff.
pub fn sections(diff: &Diff) -> Vec<Section<'_>> {
    let titles = [(Group::Method, "Methods"), (Group::Error, "Errors"), (Group::Type, "Types")];
    let all = titles.into_iter().map(|(group, title)| {
        let changes: Vec<&Change> =
            diff.changes.iter().filter(|change| change.group == group).collect();
        Section { title, group, count: changes.len(), blocks: blocks(&changes) }
    });
    all.filter(|section| section.count > 0).collect()
}

fn blocks<'a>(changes: &[&'a Change]) -> Vec<Block<'a>> {
    let alike = |change: &Change| {
        let Change { path, kind, before, after, class, what, .. } = change;
        (path.clone(), *kind, before.clone(), after.clone(), *class, what.clone())
    };
    let mut subjects: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.places.is_empty()) {
        // Things that come and go have nothing in common but that.
        if !change.path.is_empty() {
            subjects.entry(alike(change)).or_default().insert(subject(change));
        }
    }
    let mut common: BTreeMap<Vec<String>, Vec<&'a Change>> = BTreeMap::new();
    let mut single: BTreeMap<String, Vec<&'a Change>> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for change in changes {
        let key = alike(change);
        match subjects.get(&key).filter(|all| all.len() >= SEVERAL && change.places.is_empty()) {
            Some(all) => {
                if told.insert(key) {
                    common.entry(all.iter().cloned().collect()).or_default().push(change);
                }
            }
            None => single.entry(subject(change)).or_default().push(change),
        }
    }
    let common = common.into_iter().map(|(subjects, changes)| Block { subjects, changes });
    let single =
        single.into_iter().map(|(subject, changes)| Block { subjects: vec![subject], changes });
    common.chain(single).collect()
}

fn subject(change: &Change) -> String {
    change.subject.clone()
}

/// How many changes there are of each class, in words.
pub fn counts(diff: &Diff) -> String {
    let number = |class| diff.count(class);
    let mechanical = diff.mechanical.len();
    format!(
        "{} changes: {} breaking ({} for readers, {} for writers, {} for both), {} compatible; {} in the text only",
        diff.changes.len(),
        diff.changes.len() - number(Class::COMPATIBLE),
        number(Class::READERS),
        number(Class::WRITERS),
        number(Class::BOTH),
        number(Class::COMPATIBLE),
        mechanical,
    )
    .replacen("1 changes", "1 change", usize::from(diff.changes.len() == 1))
}
