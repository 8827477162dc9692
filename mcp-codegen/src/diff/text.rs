//! A diff for the terminal.

use super::Diff;
use super::change::{Change, Class};
use super::sections::{counts, sections};

const WIDTH: usize = 110;
/// How many places are named.
const SHOWN: usize = 4;

/// Writes it.
pub fn write(diff: &Diff) -> String {
    let mut out = format!("{} -> {}\n", diff.old, diff.new);
    if diff.changes.is_empty() && diff.mechanical.is_empty() {
        out.push_str("no difference\n");
        return out;
    }
    out.push_str(&format!("{}\n", counts(diff)));
    for section in sections(diff) {
        out.push_str(&format!("\n{}\n", section.title.to_uppercase()));
        for block in section.blocks {
            out.push('\n');
            let names = match block.subjects.as_slice() {
                [one] => one.clone(),
                all => format!("the same in {}: {}", all.len(), all.join(", ")),
            };
            wrapped(&mut out, &names, 0);
            block.changes.iter().for_each(|change| one(&mut out, change));
        }
    }
    if !diff.mechanical.is_empty() {
        out.push_str("\nIN THE TEXT ONLY: no document shows these\n\n");
    }
    for note in &diff.mechanical {
        let places: Vec<&str> = note.places.iter().map(String::as_str).collect();
        let line = match places.is_empty() {
            true => format!("{:<10} {}", note.rewriting.name(), note.name),
            false => format!("{:<10} {}: {}", note.rewriting.name(), note.name, places.join(", ")),
        };
        wrapped(&mut out, &line, 2);
    }
    out
}

fn one(out: &mut String, change: &Change) {
    let Change { path, what, why, class, places, inherited_by, .. } = change;
    let mark = match *class {
        Class::COMPATIBLE => "compatible",
        Class::READERS => "breaks readers",
        Class::WRITERS => "breaks writers",
        _ => "breaks both",
    };
    let at = if path.is_empty() { String::new() } else { format!("{path}: ") };
    wrapped(out, &format!("{mark:<15} {at}{what}"), 2);
    wrapped(out, why, 18);
    for (word, names) in [("inline at", places), ("also in", inherited_by)] {
        if !names.is_empty() {
            let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
            let more = names.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            wrapped(out, &format!("{word}: {}{more}", shown.join(", ")), 18);
        }
    }
}

/// Writes a paragraph, indented, in lines of a readable width.
fn wrapped(out: &mut String, text: &str, indent: usize) {
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 && indent + column + 1 + width > WIDTH {
            out.push('\n');
            column = 0;
        }
        if column == 0 {
            out.push_str(&" ".repeat(indent));
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}
