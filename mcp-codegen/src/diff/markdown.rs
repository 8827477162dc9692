//! A diff for release notes.

use std::fmt::Write;

use super::Diff;
use super::change::{Change, Class, Rewriting};
use super::sections::{Block, Section, sections};

/// How many places are named.
const SHOWN: usize = 3;

/// Writes it, under a heading of a level.
pub fn write(diff: &Diff, level: usize) -> String {
    let mut out = String::new();
    let heading = "#".repeat(level.clamp(1, 5));
    let _ = writeln!(out, "{heading} {} → {}\n", diff.old, diff.new);
    if diff.changes.is_empty() && diff.mechanical.is_empty() {
        out.push_str("No difference.\n");
        return out;
    }
    out.push_str(&summary(diff));
    for section in sections(diff) {
        write_section(&mut out, &section, &format!("{heading}#"));
    }
    if !diff.mechanical.is_empty() {
        let _ = writeln!(out, "\n{heading}# In the text only\n\nNo document shows these.\n");
        write_mechanical(&mut out, diff);
    }
    out
}

/// How much changed, and for whom.
pub fn summary(diff: &Diff) -> String {
    let mut out = String::from(
        "| | breaking for both | for readers | for writers | compatible |\n| --- | --- | --- | --- | --- |\n",
    );
    for section in sections(diff) {
        let count = |class| {
            let group = diff.changes.iter().filter(|change| change.group == section.group);
            group.filter(|change| change.class == class).count()
        };
        let classes = [Class::BOTH, Class::READERS, Class::WRITERS, Class::COMPATIBLE].map(count);
        let cells =
            classes.map(|count| if count == 0 { "–".to_owned() } else { count.to_string() });
        let _ = writeln!(out, "| {} | {} |", section.title, cells.join(" | "));
    }
    out
}

fn write_section(out: &mut String, section: &Section<'_>, heading: &str) {
    let _ = writeln!(out, "\n{heading} {}\n", section.title);
    for block in &section.blocks {
        write_block(out, block);
    }
}

fn write_block(out: &mut String, block: &Block<'_>) {
    let names: Vec<String> = block.subjects.iter().map(|name| format!("`{name}`")).collect();
    match (names.as_slice(), block.changes.as_slice()) {
        ([one], [change]) => line(out, &format!("- **{one}**"), change),
        ([one], changes) => {
            let _ = writeln!(out, "- **{one}**");
            changes.iter().for_each(|change| line(out, "  -", change));
        }
        (all, changes) => {
            let _ = writeln!(out, "- **In {} of them**: {}", all.len(), all.join(", "));
            changes.iter().for_each(|change| line(out, "  -", change));
        }
    }
}

fn line(out: &mut String, start: &str, change: &Change) {
    let at = if change.path.is_empty() { String::new() } else { format!(" `{}`:", change.path) };
    let class = match change.class.is_breaking() {
        true => format!("**{}**", change.class),
        false => change.class.to_string(),
    };
    let _ = write!(out, "{start}{at} {} ({class}: {})", change.what, change.why);
    for (word, names) in [("inline at", &change.places), ("also in", &change.inherited_by)] {
        if !names.is_empty() {
            let shown: Vec<String> =
                names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
            let _ = write!(out, "; {word} {}", shown.join(", "));
            if names.len() > SHOWN {
                let _ = write!(out, " and {} more", names.len() - SHOWN);
            }
        }
    }
    out.push('\n');
}

fn write_mechanical(out: &mut String, diff: &Diff) {
    let mut last: Option<Rewriting> = None;
    for note in &diff.mechanical {
        if last != Some(note.rewriting) {
            let title = note.rewriting.title();
            let separator = if last.is_some() { "\n" } else { "" };
            let _ = write!(out, "{separator}- {title}: ");
        } else {
            out.push_str("; ");
        }
        last = Some(note.rewriting);
        let _ = write!(out, "`{}`", note.name);
        let places: Vec<String> = note.places.iter().map(|place| format!("`{place}`")).collect();
        match places.len() {
            0 => {}
            1..=3 => {
                let _ = write!(out, " ({})", places.join(", "));
            }
            many => {
                let _ = write!(out, " ({many} places)");
            }
        }
    }
    out.push('\n');
}
