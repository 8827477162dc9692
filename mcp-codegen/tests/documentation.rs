//! The documentation of the generated types: none is missing, and none only repeats a name.
//!
//! What is read is the generated code itself, as a reader of the crate has it. A sentence repeats a name if nothing is left
//! of it without the words of that name, the words of the type around it, and words that every documentation has.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use heck::ToSnakeCase;
use mcp_codegen::Workspace;
use serde_json::{Value, json};
use syn::{Attribute, Expr, ExprLit, Fields, Item, Lit, Meta};

/// Words that say nothing about the thing that they stand with.
const EMPTY: &[&str] = &[
    "a",
    "about",
    "all",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "by",
    "can",
    "contain",
    "contains",
    "definition",
    "describe",
    "describes",
    "field",
    "for",
    "from",
    "given",
    "has",
    "have",
    "hold",
    "holds",
    "in",
    "inline",
    "is",
    "it",
    "its",
    "kind",
    "list",
    "member",
    "name",
    "named",
    "object",
    "of",
    "on",
    "or",
    "property",
    "represent",
    "represents",
    "schema",
    "see",
    "set",
    "some",
    "such",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "type",
    "used",
    "value",
    "values",
    "which",
    "what",
    "whose",
    "wire",
    "with",
];

/// A name with its documentation.
struct Entry {
    /// `module: Type::field`.
    place: String,
    /// What the name and the one around it say already.
    names: Vec<String>,
    doc: String,
}

fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
}

fn words(text: &str) -> Vec<String> {
    // Before the cases are told apart, so that `inputSchema` and `InputSchema` are the same two words.
    let spaced = text.split(|c: char| !c.is_ascii_alphanumeric()).map(|word| word.to_snake_case());
    let words: Vec<String> = spaced.collect();
    words
        .iter()
        .flat_map(|word| word.split('_'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether one word is a form of the other.
fn alike(one: &str, other: &str) -> bool {
    let common = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    one == other || common >= 5 || (common >= 3 && one.len().abs_diff(other.len()) == 1)
}

/// The words of a text that say something beyond the names.
fn telling(text: &str, names: &[String]) -> BTreeSet<String> {
    let says = |word: &String| {
        !EMPTY.contains(&word.as_str()) && !names.iter().any(|name| alike(word, name))
    };
    words(text).into_iter().filter(says).collect()
}

fn sentences(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    let split = |text: String| text.split(". ").map(str::to_owned).collect::<Vec<_>>();
    paragraphs.flat_map(split).filter(|sentence| !sentence.trim().is_empty()).collect()
}

fn collect(items: &[Item], module: &str, entries: &mut Vec<Entry>) {
    let mut add = |owner: &str, name: &str, attributes: &[Attribute]| {
        let place = match owner {
            "" => format!("{module}: {name}"),
            _ => format!("{module}: {owner}::{name}"),
        };
        entries.push(Entry {
            place,
            names: words(&format!("{owner} {name}")),
            doc: doc(attributes),
        });
    };
    for item in items {
        match item {
            Item::Struct(item) => {
                let owner = item.ident.to_string();
                add("", &owner, &item.attrs);
                for field in &item.fields {
                    if let Some(name) = &field.ident {
                        add(&owner, &name.to_string(), &field.attrs);
                    }
                }
            }
            Item::Enum(item) => {
                let owner = item.ident.to_string();
                add("", &owner, &item.attrs);
                for variant in &item.variants {
                    add(&owner, &variant.ident.to_string(), &variant.attrs);
                    if let Fields::Named(fields) = &variant.fields {
                        for field in &fields.named {
                            let name =
                                field.ident.as_ref().map_or(String::new(), ToString::to_string);
                            add(&owner, &format!("{}::{name}", variant.ident), &field.attrs);
                        }
                    }
                }
            }
            Item::Type(item) => add("", &item.ident.to_string(), &item.attrs),
            Item::Const(item) => add("", &item.ident.to_string(), &item.attrs),
            _ => {}
        }
    }
    for item in items {
        if let Item::Mod(inner) = item
            && let Some((_, items)) = &inner.content
        {
            collect(items, &format!("{module}::{}", inner.ident), entries);
        }
    }
}

/// All generated files with types.
fn entries() -> Result<Vec<Entry>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema/src/generated");
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in [root.clone(), root.join("shared")] {
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    let mut entries = Vec::new();
    for path in files {
        let file = syn::parse_file(&fs::read_to_string(&path)?)?;
        let module =
            path.file_stem().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        collect(&file.items, &module, &mut entries);
    }
    Ok(entries)
}

/// What is wrong with a text.
fn defect(entry: &Entry) -> Option<String> {
    if entry.doc.is_empty() {
        return Some("is not documented".to_owned());
    }
    let all = telling(&entry.doc, &entry.names);
    if all.len() < 2 {
        return Some(format!("only repeats its name: {:?}", entry.doc));
    }
    let repeats = |sentence: &&String| telling(sentence, &entry.names).is_empty();
    let sentences = sentences(&entry.doc);
    sentences.iter().find(repeats).map(|sentence| format!("has an empty sentence: {sentence:?}"))
}

#[test]
fn everything_is_documented_and_no_sentence_only_repeats_a_name() -> Result<(), Box<dyn Error>> {
    let entries = entries()?;
    assert!(entries.len() > 2_000, "only {} places were found", entries.len());
    let defects: Vec<String> = entries
        .iter()
        .filter_map(|entry| Some(format!("{} {}", entry.place, defect(entry)?)))
        .collect();
    assert!(defects.is_empty(), "{} defects:\n{}", defects.len(), defects.join("\n"));
    Ok(())
}

/// The module of the draft is generated by the build script, and therefore apart from the others.
#[test]
fn the_draft_is_documented() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema");
    let draft: Value = serde_json::from_slice(&fs::read(root.join("schemas/draft.json"))?)?;
    let lacks = lacks(&root, draft)?;
    assert!(
        lacks.is_empty(),
        "the draft has {} places without words; write them, and run this again:\n{}",
        lacks.len(),
        lacks.join("\n")
    );
    Ok(())
}

/// A type, or a field, without words is named, with the place where they are looked for.
#[test]
fn what_a_draft_lacks_is_named() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema");
    let mut draft: Value = serde_json::from_slice(&fs::read(root.join("schemas/draft.json"))?)?;
    let defs = &mut draft["$defs"];
    defs["Tool"]["properties"]["ownerName"] = json!({ "type": "string" });
    defs["JSONReceipt"] = json!({
        "type": "object",
        "properties": { "total": { "type": "integer" }, "_meta": { "type": "object" } },
    });
    let lacks = lacks(&root, draft)?;
    let wanted = [
        "JsonReceipt: `# JSONReceipt` in a file of mcp-schema/docs",
        "JsonReceipt::total: `# JSONReceipt`, `## total` in a file of mcp-schema/docs",
        "Tool::owner_name: `# Tool`, `## ownerName` in mcp-schema/docs/tools.md",
    ];
    assert_eq!(lacks, wanted);
    Ok(())
}

/// The places of the draft without words, and where to write them.
fn lacks(root: &Path, draft: Value) -> Result<Vec<String>, Box<dyn Error>> {
    let names: Vec<String> =
        draft["$defs"].as_object().into_iter().flat_map(|defs| defs.keys().cloned()).collect();
    let text = Workspace::new(root)?.draft(None)?.text_of("draft.json", draft)?.text;
    let mut entries = Vec::new();
    collect(&syn::parse_file(&text)?.items, "draft", &mut entries);
    let files = headings(&root.join("docs"))?;
    let lacks = entries.iter().filter(|entry| defect(entry).is_some()).map(|entry| {
        let place = entry.place.trim_start_matches("draft: ");
        let owner = place.split("::").next().unwrap_or_default();
        // As the schema has it: the generated name differs in its case at most, if it is not that of an inline type.
        let definition = names.iter().find(|name| name.eq_ignore_ascii_case(owner));
        let definition = definition.map_or(owner, String::as_str);
        // What stands in for a text names what it stands for.
        let said = entry.doc.split('`').nth(1).unwrap_or_default();
        let heading = match place == owner {
            true if said.contains('.') => format!("`# {said}`"),
            true => format!("`# {definition}`"),
            false => format!("`# {definition}`, `## {said}`"),
        };
        let file = files.iter().find(|(name, _)| name == definition);
        let file = file.map_or("a file of mcp-schema/docs".to_owned(), |(_, file)| {
            format!("mcp-schema/docs/{file}")
        });
        format!("{place}: {heading} in {file}")
    });
    Ok(lacks.collect())
}

/// The definitions that have a heading, and the names of the files.
fn headings(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        for line in fs::read_to_string(&path)?.lines() {
            let names = line.strip_prefix("# ").unwrap_or_default().split('@').next();
            for name in names.unwrap_or_default().split(',') {
                all.push((name.trim().to_owned(), file.clone().unwrap_or_default()));
            }
        }
    }
    all.sort();
    Ok(all)
}

/// The test can tell a text from an empty one.
#[test]
fn a_repetition_is_known_from_a_text() {
    let entry = |owner: &str, name: &str, doc: &str| Entry {
        place: String::new(),
        names: words(&format!("{owner} {name}")),
        doc: doc.to_owned(),
    };
    for (owner, name, text) in [
        ("Tool", "input_schema", ""),
        ("Tool", "input_schema", "`inputSchema` on the wire."),
        ("Tool", "input_schema", "The input schema of the tool."),
        ("", "ListToolsResult", "The schema's `ListToolsResult`."),
        (
            "ServerCapabilities",
            "tools",
            "What the schema has inline at `ServerCapabilities.tools`.",
        ),
        ("ContentBlock", "Text", "A [`TextContent`]."),
        (
            "Tool",
            "description",
            "For the model to read: when to call it. The description of this tool.",
        ),
    ] {
        assert!(defect(&entry(owner, name, text)).is_some(), "{owner}::{name}: {text:?}");
    }
    for (owner, name, text) in [
        ("Tool", "input_schema", "JSON Schema of the arguments; its root is an object."),
        (
            "ListToolsResult",
            "ttl_ms",
            "How long the answer stays fresh, in milliseconds; 0 means not at all.",
        ),
        ("Role", "User", "The person who sits at the client."),
    ] {
        assert_eq!(defect(&entry(owner, name, text)), None, "{owner}::{name}: {text:?}");
    }
}
