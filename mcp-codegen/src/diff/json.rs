//! A diff for programs. The format has a number, which is raised when something is taken away or means something else.

use serde_json::{Value, json};

use super::Diff;
use super::change::{Change, Class, Mechanical};

const FORMAT: u32 = 1;

/// Writes it.
pub fn write(diff: &Diff) -> Value {
    let breaking = diff.changes.iter().filter(|change| change.class.is_breaking()).count();
    json!({
        "format": FORMAT,
        "old": diff.old,
        "new": diff.new,
        "summary": {
            "changes": diff.changes.len(),
            "breaking": breaking,
            "breakingForReaders": diff.count(Class::READERS),
            "breakingForWriters": diff.count(Class::WRITERS),
            "breakingForBoth": diff.count(Class::BOTH),
            "compatible": diff.count(Class::COMPATIBLE),
            "mechanical": diff.mechanical.len(),
        },
        "changes": diff.changes.iter().map(change).collect::<Vec<_>>(),
        "mechanical": diff.mechanical.iter().map(mechanical).collect::<Vec<_>>(),
    })
}

fn change(change: &Change) -> Value {
    json!({
        "group": change.group.name(),
        "subject": change.subject,
        "definition": change.definition,
        "path": change.path,
        "kind": change.kind.name(),
        "before": change.before,
        "after": change.after,
        "class": change.class.to_string(),
        "breaksReaders": change.class.readers,
        "breaksWriters": change.class.writers,
        "what": change.what,
        "why": change.why,
        "places": change.places,
        "inheritedBy": change.inherited_by,
    })
}

fn mechanical(note: &Mechanical) -> Value {
    json!({
        "kind": note.rewriting.name(),
        "name": note.name,
        "places": note.places,
    })
}
