//! `docs/revisions.md`: what changed from revision to revision, made by the generator's own comparison.

use std::fs;
use std::path::{Path, PathBuf};

use mcp_codegen::{Class, Diff};

const RENEW: &str = "UPDATE_DOCS=1 cargo test -p mcpwright-tests --test revisions_doc";

const REVISIONS: [&str; 6] =
    ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "draft"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn step(old: &str, new: &str) -> Diff {
    let read = |revision: &str| {
        let path = root().join(format!("mcp-schema/schemas/{revision}.json"));
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    Diff::between((old, read(old)), (new, read(new))).unwrap_or_else(|error| panic!("{error}"))
}

fn page() -> String {
    let mut page = format!(
        "# What changed between the revisions\n\n\
         <!-- Made by `mcp-codegen diff` of mcp-schema/schemas. Renew it: {RENEW} -->\n\n\
         Each step compares two schemas as they were published. A change is *breaking for readers* if who was built for the\n\
         older revision may meet a document that it refuses or misreads, *breaking for writers* if what it writes may be\n\
         refused or misread, and *compatible* otherwise; [keeping-up.md](keeping-up.md) has the exact rules. What is written\n\
         in another way and means the same is counted apart, as *text only*. Where one change is the same in several types it\n\
         is told once, and counted for each.\n\n\
         The draft moves: its step is what has changed since the last release, in the copy that this project keeps.\n\n\
         | step | changes | breaking for readers and writers | for readers | for writers | compatible | text only |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    let steps: Vec<(&str, &str, Diff)> =
        REVISIONS.windows(2).map(|pair| (pair[0], pair[1], step(pair[0], pair[1]))).collect();
    for (old, new, diff) in &steps {
        let count = |class| diff.count(class);
        page.push_str(&format!(
            "| [{old} → {new}](#{old}--{new}) | {} | {} | {} | {} | {} | {} |\n",
            diff.changes.len(),
            count(Class::BOTH),
            count(Class::READERS),
            count(Class::WRITERS),
            count(Class::COMPATIBLE),
            diff.mechanical.len(),
        ));
    }
    for (_, _, diff) in &steps {
        page.push('\n');
        page.push_str(&folded(&diff.to_markdown(2)));
    }
    page
}

/// The sections below a step's own heading, each folded behind its title.
fn folded(text: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    for line in text.lines() {
        match line.strip_prefix("### ") {
            Some(title) => {
                if open {
                    out.truncate(out.trim_end().len());
                    out.push_str("\n\n</details>\n\n");
                }
                out.push_str(&format!("<details><summary>{title}</summary>\n"));
                open = true;
            }
            None => {
                // The blank line before a heading is made above.
                if !(line.is_empty() && out.ends_with("\n\n")) {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
    }
    if open {
        out.push_str("\n</details>\n");
    }
    out
}

#[test]
fn the_page_of_revisions_is_fresh() {
    let (path, written) = (root().join("docs/revisions.md"), page());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &written).expect("the page can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let same = found.lines().zip(written.lines()).take_while(|(found, new)| found == new).count();
    assert!(found == written, "docs/revisions.md is out of date at line {}: {RENEW}", same + 1);
}

/// What everybody knows of the steps is on the page.
#[test]
fn the_page_tells_what_is_known() {
    let page = page();
    for (old, new, line) in [
        ("2024-11-05", "2025-03-26", "alternative `AudioContent` added"),
        ("2025-03-26", "2025-06-18", "- **`elicitation/create`** added: server → client request"),
        ("2025-06-18", "2025-11-25", "- **`tasks/get`** added"),
        ("2025-11-25", "2026-07-28", "- **`initialize`** removed"),
    ] {
        let start = page.find(&format!("\n## {old} → {new}\n")).expect("the step has a heading");
        let rest = &page[start + 1..];
        let end = rest.find("\n## ").unwrap_or(rest.len());
        assert!(rest[..end].contains(line), "{old} -> {new} does not tell `{line}`");
    }
}
