//! Two schemas, told apart by meaning.

mod bounds;
mod change;
mod combine;
mod compare;
mod describe;
mod facts;
mod json;
mod markdown;
mod objects;
mod presence;
mod references;
mod renames;
mod rewritten;
mod sections;
mod side;
mod text;
mod touches;
mod unions;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use self::compare::{Place, Walk};
use self::facts::{Member, Node};
use self::presence::{come_and_gone, responses};
use self::renames::renames;
use self::rewritten::rewritten;
use self::side::{DIRECTIONS, Side};
use crate::error::Error;
use crate::load::Document;

pub use self::change::{Change, Class, Group, Kind, Mechanical, Rewriting};
pub use self::touches::{Hits, Touch, touches};

/// The differences between two schemas.
///
/// Schemas are compared as they were published or distilled, before any correction of ours. What is compared is what they
/// say about documents: prose, order and notation are not seen.
///
/// # Classes
///
/// A *reader built for the old schema* takes documents that follow it, keeps fields that it does not know where the schema
/// does not forbid them, and refuses everything else. A *writer built for the old schema* writes any document that follows
/// it, and no fields that the schema neither names nor gives a shape. Then a change is
///
/// - **breaking for readers** if somebody who follows the new schema may write a document that a reader built for the old
///   one refuses or misreads;
/// - **breaking for writers** if a writer built for the old schema may write a document that a reader of the new one
///   refuses or misreads;
/// - **compatible** if neither is the case.
///
/// A change can be breaking for both. What is unknown is breaking: a closed set with a new value, a keyword that we do not
/// understand. What has an answer in the protocol is not: a method that is not known is answered by -32601 or ignored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diff {
    /// What the old schema is called.
    pub old: String,
    /// What the new schema is called.
    pub new: String,
    /// What a document, or the list of definitions, can show: methods first, then errors, then types, each by name and place.
    pub changes: Vec<Change>,
    /// What only the text of the schemas shows.
    pub mechanical: Vec<Mechanical>,
    documents: [Document; 2],
}

impl Diff {
    /// Compares two files, published or distilled.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Json`], or [`Error::Schema`] for a document without definitions.
    pub fn read(old: &Path, new: &Path) -> Result<Self, Error> {
        Ok(Self::of(&Document::read(old)?, &Document::read(new)?))
    }

    /// Compares two documents that are in memory already; the names stand in what is told.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] for a document without definitions.
    pub fn between(
        (old, before): (&str, Value),
        (new, after): (&str, Value),
    ) -> Result<Self, Error> {
        Ok(Self::of(&Document::new(old, before)?, &Document::new(new, after)?))
    }

    fn of(before: &Document, after: &Document) -> Self {
        let read = |document: &Document| Side::new(facts::definitions(&document.definitions));
        let (mut old, mut new) = (read(before), read(after));
        let mut mechanical = Vec::new();
        match (old.leaves_out_envelopes(), new.leaves_out_envelopes()) {
            (true, false) => mechanical.extend(envelopes(&mut old, &new)),
            (false, true) => mechanical.extend(envelopes(&mut new, &old)),
            _ => {}
        }
        let renames = renames(&old, &new);
        let mut walk = Walk::new(&old, &new, &renames);
        definitions(&mut walk);
        responses(&mut walk);
        mechanical.append(&mut walk.found.mechanical);
        let mut changes = std::mem::take(&mut walk.found.changes);
        changes.extend(come_and_gone(&walk, &mechanical));
        let changes = settle(changes, &new, &old);
        rewritten(&mut mechanical, &changes, (before, after), &renames);
        Self {
            old: before.name.clone(),
            new: after.name.clone(),
            changes,
            mechanical: merge_notes(mechanical),
            documents: [before.clone(), after.clone()],
        }
    }

    /// Whether a document can show a difference that breaks somebody.
    pub fn is_breaking(&self) -> bool {
        self.changes.iter().any(|change| change.class.is_breaking())
    }

    /// How many changes are of a class.
    pub fn count(&self, class: Class) -> usize {
        self.changes.iter().filter(|change| change.class == class).count()
    }

    /// For people, in a terminal.
    pub fn to_text(&self) -> String {
        text::write(self)
    }

    /// For programs: see `docs/keeping-up.md` for the format.
    pub fn to_json(&self) -> Value {
        json::write(self)
    }

    /// For release notes; `level` is that of its headings.
    pub fn to_markdown(&self, level: usize) -> String {
        markdown::write(self, level)
    }
}

/// Completes the messages of a schema that leaves out what all have.
fn envelopes(bare: &mut Side, full: &Side) -> Option<Mechanical> {
    let places = bare.write_envelopes(full);
    let name = "JSONRPCRequest".to_owned();
    (!places.is_empty()).then_some(Mechanical { rewriting: Rewriting::Envelope, name, places })
}

/// All definitions that are in both, by their new names.
fn definitions(walk: &mut Walk<'_>) {
    let (old, new) = (walk.old, walk.new);
    for (name, node) in &old.definitions {
        let after = walk.renamed(name).to_owned();
        let Some(other) = new.definitions.get(&after) else { continue };
        let place = Place::of(&after);
        if after != *name {
            let why = "a definition's name is not written in documents";
            let what = format!("renamed from `{name}`");
            let ends = (Some(name.clone()), Some(after.clone()));
            walk.tell(&place, (Kind::TypeRenamed, Class::COMPATIBLE), ends, what, why);
        }
        if is_list(old, name) || is_list(new, &after) {
            walk.lists(node, other, &place);
        } else {
            walk.nodes(node, other, &place);
        }
        directions(walk, name, &after);
    }
}

/// Whether a definition only lists messages or results.
fn is_list(side: &Side, name: &str) -> bool {
    let refers = |node: &Node| node.members.iter().all(|one| matches!(one, Member::Ref(_)));
    let messages = DIRECTIONS.iter().any(|(union, _)| *union == name);
    (messages && side.target(name).is_some_and(refers)) || side.lists_results(name)
}

/// Who sends a message, before and now.
fn directions(walk: &mut Walk<'_>, before: &str, after: &str) {
    if !walk.old.methods.contains_key(before) || !walk.new.methods.contains_key(after) {
        return;
    }
    let (old, new) = (walk.old.directions(before), walk.new.directions(after));
    if old == new {
        return;
    }
    let text = |directions: &BTreeSet<&str>| match directions.len() {
        0 => "message of nobody".to_owned(),
        _ => directions.iter().copied().collect::<Vec<_>>().join(" and "),
    };
    let class = Class {
        readers: new.difference(&old).next().is_some(),
        writers: old.difference(&new).next().is_some(),
    };
    let why = match (class.readers, class.writers) {
        (true, true) => {
            "who received it before does no longer, and who receives it now does not expect it"
        }
        (true, false) => "it comes from a side from which it did not come before",
        _ => "who still sends it from that side is no longer understood",
    };
    let what = format!("was a {}; is a {} now", text(&old), text(&new));
    let ends = (Some(text(&old)), Some(text(&new)));
    walk.tell(&Place::of(after), (Kind::DirectionChanged, class), ends, what, why);
}

/// Each change once, under the method or the error that it is about, in one order.
fn settle(changes: Vec<Change>, new: &Side, old: &Side) -> Vec<Change> {
    let mut settled: Vec<Change> = Vec::new();
    for mut change in changes {
        let name = &change.definition;
        let method = new.methods.get(name).or_else(|| old.methods.get(name));
        if let Some(method) = method {
            (change.group, change.subject) = (Group::Method, method.clone());
            if change.path == "method" && change.kind == Kind::ConstantChanged {
                change.kind = Kind::MethodRenamed;
                change.why = "who was built before knows it by its old name only".to_owned();
            }
        } else if new.codes.contains_key(name) || old.codes.contains_key(name) {
            change.group = Group::Error;
            let code = change.path == "code" || change.path == "error.code";
            if code && change.kind == Kind::ConstantChanged {
                change.kind = Kind::ErrorCodeChanged;
                change.why = "a code is how the one side knows what the other means".to_owned();
            }
        }
        settled.push(change);
    }
    settled.sort_by(|one, other| one.key().cmp(&other.key()));
    settled.dedup_by(|later, first| {
        let same = later.key() == first.key();
        if same {
            first.class = first.class.and(later.class);
            first.places.append(&mut later.places);
            first.inherited_by.append(&mut later.inherited_by);
        }
        same
    });
    settled
}

/// What was done to one definition in several places, as one note.
fn merge_notes(mut notes: Vec<Mechanical>) -> Vec<Mechanical> {
    notes.sort();
    notes.dedup_by(|later, first| {
        let same = (later.rewriting, &later.name) == (first.rewriting, &first.name);
        if same {
            first.places.append(&mut later.places);
        }
        same
    });
    notes
}
