//! `mcp-codegen diff` and the way of a changed draft, as a maintainer goes it, on a copy of the workspace's schemas.

#[path = "drafts/changes.rs"]
mod changes;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

fn schema_crate() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema")
}

fn run(folder: &Path, arguments: &[&str]) -> Result<Output, std::io::Error> {
    Command::new(env!("CARGO_BIN_EXE_mcp-codegen"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("OUT_DIR")
        .output()
}

/// Runs what has to end with a code, and gives what it wrote to stdout and stderr.
fn expect(
    folder: &Path,
    code: i32,
    arguments: &[&str],
) -> Result<(String, String), Box<dyn Error>> {
    let output = run(folder, arguments)?;
    let (out, said) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{said}");
    Ok((out, said))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (from, to) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_dir() { copy(&from, &to)? } else { fs::copy(&from, &to).map(|_| ())? }
    }
    Ok(())
}

/// A folder with `mcp-schema` as far as the generator is concerned, and a few sources beside it.
fn workspace() -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for part in ["schemas", "docs", "src/generated"] {
        copy(&schema_crate().join(part), &folder.path().join("mcp-schema").join(part))?;
    }
    let sources = [
        ("mcp-runtime/src/tools.rs", "// no word\nuse x::{CallToolResult, TextContent};\n"),
        ("mcp-runtime/src/inner/roles.rs", "fn role() -> Role { Role::User }\n"),
        ("mcp-runtime/src/inner/method.rs", "const M: &str = \"completion/complete\";\n"),
        ("mcp-runtime/src/words.rs", "// RoleModel, my_Role and CallToolResultish are others.\n"),
        ("mcp-macros/src/lib.rs", "pub struct Tool;\n"),
        ("mcp-runtime/src/codes.rs", "const PARSE: i64 = -32_700;\n"),
        ("mcp-runtime/src/target/old.rs", "struct Role;\n"),
        ("mcp-runtime/src/notes.md", "Role\n"),
    ];
    for (path, text) in sources {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder"))?;
        fs::write(path, text)?;
    }
    Ok(folder)
}

fn schemas() -> PathBuf {
    schema_crate().join("schemas")
}

fn name(revision: &str) -> String {
    schemas().join(format!("{revision}.json")).to_string_lossy().into_owned()
}

/// A change, its line in what `import` tells, and the sources that it touches.
type Step = (&'static str, &'static [&'static str], &'static [&'static str]);

const STEPS: &[Step] = &[
    (
        "new_type",
        &["compatible receipt: optional field added: `Receipt`"],
        &["CallToolResult tools.rs:2"],
    ),
    ("enum_value_added", &["breaks readers value `\"system\"` added"], &["Role roles.rs:1"]),
    ("field_made_required", &["breaks writers description: required now"], &["Tool lib.rs:1"]),
    (
        "type_of_a_field",
        &[
            "breaks both version: string became integer",
            "breaks readers text: alternative integer added",
        ],
        &["TextContent tools.rs:2", "Tool lib.rs:1"],
    ),
    ("new_method", &["compatible added: client → server request"], &["named nowhere"]),
    (
        "new_kind_of_content",
        &["breaks readers alternative `VideoContent` added"],
        &["named nowhere"],
    ),
    (
        "renamed_result_of_a_call",
        &["compatible renamed from `CallToolResult`"],
        &["ToolOutput tools.rs:2"],
    ),
    (
        "new_kind_of_input",
        &["breaks readers added: server → client request inside a result"],
        &["named nowhere"],
    ),
];

/// From a changed draft to a reviewed change: `import` tells what changed and which sources know it, `generate` needs
/// nobody's help, and everything is fresh afterwards.
#[test]
fn a_changed_draft_is_taken_in() -> Outcome {
    let published: Value = serde_json::from_slice(&fs::read(schemas().join("draft.json"))?)?;
    for (change, lines, touched) in STEPS {
        let folder = workspace()?;
        let mut draft = published.clone();
        let apply = changes::CHANGES.iter().find(|known| known.0 == *change);
        (apply.unwrap_or_else(|| panic!("there is no change {change}")).1)(&mut draft["$defs"]);
        fs::write(folder.path().join("schema.json"), draft.to_string())?;

        let (out, said) =
            expect(folder.path(), 0, &["import", "schema.json", "--revision", "draft"])?;
        assert!(out.is_empty() && said.starts_with("wrote "), "{change}: {out}{said}");
        // Columns and line breaks are for the eye.
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for line in *lines {
            assert!(words.contains(line), "{change}: no `{line}` in {said}");
        }
        for touch in *touched {
            let found = match touch.split_once(' ') {
                Some((subject, place)) if place.contains(':') => {
                    let section =
                        words.split_once("SOURCES THAT NAME").map_or("", |(_, rest)| rest);
                    section.contains(&format!(" {subject} mcp-")) && section.contains(place)
                }
                _ => words.contains(touch),
            };
            assert!(found, "{change}: no `{touch}` in {said}");
        }
        assert!(!said.contains("words.rs") && !said.contains("old.rs"), "{change}: {said}");
        let next = "\nnext:\n  cargo build -p mcpwright-schema --features draft\n  \
                    cargo test -p mcpwright-codegen --test documentation\n  \
                    UPDATE_DOCS=1 cargo test -p mcpwright-tests --test revisions_doc\n";
        assert!(said.ends_with(next), "{change}: {said}");

        expect(folder.path(), 0, &["generate"])?;
        expect(folder.path(), 0, &["generate", "--check"])?;
        let draft = "mcp-schema/schemas/draft.json";
        let one = ["generate", "--schema", draft, "--out", "draft.rs", "--docs", "mcp-schema/docs"];
        expect(folder.path(), 0, &one)?;
        expect(folder.path(), 0, &[one.as_slice(), &["--check"]].concat())?;

        // The same once more is no change.
        let (_, said) =
            expect(folder.path(), 0, &["import", "schema.json", "--revision", "draft"])?;
        assert!(said.contains("no difference") && !said.contains("next:"), "{change}: {said}");
    }
    Ok(())
}

#[test]
fn breaking_changes_have_an_exit_code_of_their_own() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (old, new) = (name("2025-11-25"), name("2026-07-28"));
    expect(folder.path(), 0, &["diff", &old, &new])?;
    let (out, said) = expect(folder.path(), 3, &["diff", &old, &new, "--fail-on", "breaking"])?;
    assert!(out.contains("breaks readers"), "{out}");
    assert!(
        said.ends_with(" breaking changes, which `--fail-on breaking` is to fail on\n"),
        "{said}"
    );
    let (out, said) = expect(folder.path(), 0, &["diff", &old, &old, "--fail-on", "breaking"])?;
    assert!(out.ends_with("no difference\n") && said.is_empty(), "{out}{said}");

    // A compatible change is none to fail on.
    let mut draft: Value = serde_json::from_slice(&fs::read(&new)?)?;
    draft["$defs"]["Tool"]["properties"]["colour"] = json!({ "type": "string" });
    fs::write(folder.path().join("new.json"), draft.to_string())?;
    expect(folder.path(), 0, &["diff", &new, "new.json", "--fail-on", "breaking"])?;

    // Errors are others.
    fs::write(folder.path().join("broken.json"), "{")?;
    fs::write(folder.path().join("empty.json"), "{}")?;
    for (file, what) in [
        ("missing.json", "missing.json"),
        ("broken.json", "not JSON"),
        ("empty.json", "no definitions"),
    ] {
        let (out, said) = expect(folder.path(), 1, &["diff", &old, file, "--fail-on", "breaking"])?;
        assert!(out.is_empty() && said.contains(what), "{file}: {said}");
    }
    let (_, said) = expect(folder.path(), 1, &["diff", &old, &new, "--touches", "nowhere"])?;
    assert!(said.contains("nowhere"), "{said}");
    expect(folder.path(), 2, &["diff", &old])?;
    expect(folder.path(), 2, &["diff", &old, &new, "--fail-on", "anything"])?;
    Ok(())
}

#[test]
fn programs_read_json() -> Outcome {
    let folder = workspace()?;
    let mut draft: Value = serde_json::from_slice(&fs::read(schemas().join("draft.json"))?)?;
    draft["$defs"]["Role"]["enum"] = json!(["assistant", "system", "user"]);
    draft["$defs"]["Completion"] =
        draft["$defs"]["CompleteResult"]["properties"]["completion"].take();
    draft["$defs"]["CompleteResult"]["properties"]["completion"] =
        json!({ "$ref": "#/$defs/Completion" });
    fs::write(folder.path().join("new.json"), draft.to_string())?;
    let arguments =
        ["diff", &name("draft"), "new.json", "--format", "json", "--touches", "mcp-runtime"];
    let (out, said) = expect(folder.path(), 0, &arguments)?;
    assert!(said.is_empty(), "{said}");
    let told: Value = serde_json::from_str(&out)?;
    assert_eq!(told["format"], 1);
    assert_eq!(
        told["summary"],
        json!({
            "changes": 1, "breaking": 1, "breakingForReaders": 1, "breakingForWriters": 0, "breakingForBoth": 0,
            "compatible": 0, "mechanical": 1,
        })
    );
    assert_eq!(
        told["changes"],
        json!([{
            "group": "type", "subject": "Role", "definition": "Role", "path": "", "kind": "value-added",
            "before": null, "after": "\"system\"", "class": "breaking for readers",
            "breaksReaders": true, "breaksWriters": false, "what": "value `\"system\"` added",
            "why": "who reads a closed set of values refuses one that it does not know",
            "places": [], "inheritedBy": [],
        }])
    );
    assert_eq!(
        told["mechanical"],
        json!([{ "kind": "named", "name": "Completion", "places": ["CompleteResult.completion"] }])
    );
    assert_eq!(
        told["touches"],
        json!([{ "subject": "Role", "words": ["Role"], "files": [{ "file": "mcp-runtime/src/inner/roles.rs", "line": 1 }] }])
    );
    // Twice the same is the same text.
    assert_eq!(expect(folder.path(), 0, &arguments)?.0, out);
    Ok(())
}

#[test]
fn release_notes_are_markdown() -> Outcome {
    let folder = tempfile::tempdir()?;
    let arguments = ["diff", &name("2025-11-25"), &name("2026-07-28"), "--format", "markdown"];
    let (out, _) = expect(folder.path(), 0, &arguments)?;
    for part in [
        "# ",
        "\n## Methods\n",
        "\n## Errors\n",
        "\n## Types\n",
        "\n## In the text only\n",
        "- **`ping`** ",
    ] {
        assert!(out.contains(part), "no `{part}` in {out}");
    }
    assert_eq!(expect(folder.path(), 0, &arguments)?.0, out);
    Ok(())
}

/// Methods are looked for as they stand on the wire, errors by their codes.
#[test]
fn methods_and_codes_are_found_in_sources() -> Outcome {
    let folder = workspace()?;
    let mut draft: Value = serde_json::from_slice(&fs::read(schemas().join("draft.json"))?)?;
    draft["$defs"]["CompleteRequest"]["properties"]["method"]["const"] = json!("completion/run");
    draft["$defs"]["ParseError"]["properties"]["code"]["const"] = json!(-32701);
    fs::write(folder.path().join("new.json"), draft.to_string())?;
    let (out, _) = expect(
        folder.path(),
        0,
        &["diff", &name("draft"), "new.json", "--touches", "mcp-runtime"],
    )?;
    assert!(out.contains("\ncompletion/run\n  mcp-runtime/src/inner/method.rs:1\n"), "{out}");
    assert!(out.contains("\nParseError\n  mcp-runtime/src/codes.rs:1\n"), "{out}");
    Ok(())
}

/// What stands inline in a definition has a type of its own, and so has who inherits.
#[test]
fn types_without_a_definition_are_found_in_sources() -> Outcome {
    let folder = workspace()?;
    let sources = folder.path().join("sources");
    fs::create_dir_all(&sources)?;
    for (name, text) in [
        ("contents.rs", "use x::TextOrBlobResourceContents;\n"),
        ("params.rs", "use x::CompleteRequestParamsRef;\n"),
        ("scope.rs", "use x::CacheScope;\n"),
        ("heir.rs", "use x::BrewResult;\n"),
        ("completion.rs", "use x::CompleteResultCompletion;\n"),
        (".#hidden.rs", "use x::CacheScope;\n"),
    ] {
        fs::write(sources.join(name), text)?;
    }
    #[cfg(unix)]
    for name in [".#scope.rs", "nowhere.rs"] {
        std::os::unix::fs::symlink("somebody@somewhere.1", sources.join(name))?;
    }
    let mut draft: Value = serde_json::from_slice(&fs::read(schemas().join("draft.json"))?)?;
    draft["$defs"]["BrewResult"] = json!({ "allOf": [
        changes::reference("CacheableResult"),
        changes::object(json!({ "cups": { "type": "integer" } }), &["cups"]),
    ] });
    fs::write(folder.path().join("old.json"), draft.to_string())?;
    let defs = &mut draft["$defs"];
    changes::member(
        &mut defs["ReadResourceResult"]["properties"]["contents"]["items"],
        "ResourceLink",
    );
    changes::member(&mut defs["CompleteRequestParams"]["properties"]["ref"], "ResourceLink");
    defs["CacheableResult"]["properties"]["cacheScope"]["enum"] =
        json!(["none", "private", "public"]);
    defs["CompleteResult"]["properties"]["completion"]["required"] = json!(["total", "values"]);
    fs::write(folder.path().join("new.json"), draft.to_string())?;
    let (out, _) =
        expect(folder.path(), 0, &["diff", "old.json", "new.json", "--touches", "sources"])?;
    let (_, found) = out.split_once("SOURCES THAT NAME").expect("sources are named");
    for (subject, file) in [
        ("ReadResourceResult", "contents.rs"),
        ("CompleteRequestParams", "params.rs"),
        ("CompleteResult", "completion.rs"),
        ("CacheableResult", "heir.rs:1\n  sources/scope.rs"),
    ] {
        let touch = format!("\n{subject}\n  sources/{file}:1\n");
        assert!(found.contains(&touch), "no {touch} in {out}");
    }
    assert!(!out.contains(".#hidden.rs"), "{out}");
    Ok(())
}

/// A file that takes the type from a module of the schema tells more than one that has a type of that name.
#[test]
fn sources_that_surely_mean_it_come_alone() -> Outcome {
    let folder = workspace()?;
    let sources = folder.path().join("sources");
    fs::create_dir_all(&sources)?;
    for (name, text) in [
        ("list.rs", "use mcp_schema::v2026_07_28::{\n    Prompt,\n    Tool,\n};\n"),
        ("one.rs", "use crate::schema::v2026_07_28::Tool;\n"),
        ("path.rs", "type Mine = protocol::Tool;\n"),
        ("other.rs", "enum Kind { Tool }\nuse mcp_schema::v2026_07_28::Prompt;\n"),
    ] {
        fs::write(sources.join(name), text)?;
    }
    for number in 0..12 {
        // The higher the number, the more of them.
        let text = "struct Role;\n".repeat(number + 1);
        fs::write(sources.join(format!("role{number:02}.rs")), text)?;
    }
    let mut draft: Value = serde_json::from_slice(&fs::read(schemas().join("draft.json"))?)?;
    draft["$defs"]["Tool"]["properties"]["colour"] = json!({ "type": "string" });
    draft["$defs"]["Role"]["enum"] = json!(["assistant", "system", "user"]);
    fs::write(folder.path().join("new.json"), draft.to_string())?;
    let arguments = ["diff", &name("draft"), "new.json", "--touches", "sources"];
    let (out, _) = expect(folder.path(), 0, &arguments)?;
    let tool = "\nTool\n  sources/list.rs:3\n  sources/one.rs:1\n  sources/path.rs:1\n  \
                +1 more that have the name, of something else perhaps\n";
    assert!(out.contains(tool), "{out}");
    let role = "\nRole\n  sources/role02.rs:1\n  sources/role03.rs:1\n";
    assert!(out.contains(role) && out.contains("  sources/role11.rs:1\n  +2 more"), "{out}");

    // Programs get all of them, and choose themselves.
    let (out, _) = expect(folder.path(), 0, &[&arguments[..], &["--format", "json"]].concat())?;
    let told: Value = serde_json::from_str(&out)?;
    let counts: Vec<usize> = told["touches"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|touch| Some(touch["files"].as_array()?.len()))
        .collect();
    assert_eq!(counts, [12, 4], "{out}");
    Ok(())
}
