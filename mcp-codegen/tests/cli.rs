//! The command line, as a maintainer and a build use it, on a copy of the workspace's schemas.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mcp_codegen::{Origin, Workspace};
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
        // A build script's folder of ours must not be theirs.
        .env_remove("OUT_DIR")
        .output()
}

/// Runs what must succeed, and gives what it said on stderr: stdout is left to others.
fn succeed(folder: &Path, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = run(folder, arguments)?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?} wrote to stdout");
    Ok(said)
}

/// Runs what must fail with exit code 1.
fn fail(folder: &Path, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = run(folder, arguments)?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?} wrote to stdout");
    Ok(said)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to)? } else { fs::copy(&from, &to).map(|_| ())? }
    }
    Ok(())
}

/// A folder with `mcp-schema` as far as the generator is concerned.
fn workspace() -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for part in ["schemas", "docs", "src/generated"] {
        copy(&schema_crate().join(part), &folder.path().join("mcp-schema").join(part))?;
    }
    Ok(folder)
}

/// All files below a folder, with their contents.
#[allow(clippy::type_complexity, reason = "a name would say less than the type")]
fn contents(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Box<dyn Error>> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path)?;
                all.push((path, bytes));
            }
        }
    }
    all.sort();
    Ok(all)
}

fn published() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {
            "Tool": {
                "description": "Definition for a tool.",
                "properties": {
                    "name": { "description": "Its name.", "type": "string", "examples": ["add"] },
                    "title": { "title": "A title", "type": "string" },
                    "description": { "type": "string", "description": "What the model is told." },
                    "level": { "enum": ["b", "a"], "type": "string", "$comment": "sorted" },
                    "default": { "type": "object", "default": { "description": "a value, no prose" } },
                },
                "required": ["name", "description"],
                "type": "object",
            },
            "Any": {},
        },
    })
}

#[test]
fn import_distils_and_says_where() -> Outcome {
    let folder = workspace()?;
    fs::write(folder.path().join("published.json"), published().to_string())?;
    let said = succeed(
        folder.path(),
        &[
            "import",
            "published.json",
            "--revision",
            "draft",
            "--source",
            "example/spec@abc:schema.json",
        ],
    )?;
    let path = folder.path().join("mcp-schema/schemas/draft.json");
    // As it is typed in this folder.
    assert!(said.starts_with("wrote mcp-schema/schemas/draft.json\n"), "{said}");
    let distilled: Value = serde_json::from_slice(&fs::read(&path)?)?;
    assert_eq!(distilled["$origin"]["revision"], "draft");
    assert_eq!(distilled["$origin"]["source"], "example/spec@abc:schema.json");
    let digest = distilled["$origin"]["sha256"].as_str().unwrap_or_default();
    assert!(digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()), "{digest}");
    let tool = &distilled["$defs"]["Tool"];
    assert_eq!(tool["description"], Value::Null);
    let properties = &tool["properties"];
    assert_eq!(properties["name"], json!({ "type": "string" }));
    // Properties that are called like prose are none, and neither are values.
    assert_eq!(properties["title"], json!({ "type": "string" }));
    assert_eq!(properties["description"], json!({ "type": "string" }));
    assert_eq!(properties["level"], json!({ "type": "string", "enum": ["a", "b"] }));
    assert_eq!(properties["default"]["default"], json!({ "description": "a value, no prose" }));
    assert_eq!(tool["required"], json!(["description", "name"]));

    // What was distilled generates what was published, but for the prose.
    let root = folder.path().join("mcp-schema");
    fs::remove_file(root.join("schemas/draft.json"))?;
    succeed(&root, &["import", "../published.json", "--revision", "draft", "--root", "."])?;
    assert!(root.join("schemas/draft.json").is_file());
    Ok(())
}

/// A schema of which no module is made is neither taken in nor passed over.
#[test]
fn revisions_without_a_module_are_refused() -> Outcome {
    let folder = workspace()?;
    fs::write(folder.path().join("published.json"), published().to_string())?;
    let before = contents(folder.path())?;
    let said = fail(folder.path(), &["import", "published.json", "--revision", "2027-01-20"])?;
    let mistyped = fail(folder.path(), &["import", "published.json", "--revision", "darft"])?;
    for part in ["`darft`", "2024-11-05, 2025-03-26", "tasks, draft"] {
        assert!(mistyped.contains(part), "no `{part}` in {mistyped}");
    }
    for part in ["`2027-01-20`", "mcp-codegen/src/workspace.rs", "docs/keeping-up.md"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    assert_eq!(contents(folder.path())?, before);

    fs::copy(
        folder.path().join("mcp-schema/schemas/draft.json"),
        folder.path().join("mcp-schema/schemas/2027-01-20.json"),
    )?;
    let before = contents(folder.path())?;
    for arguments in [["generate"].as_slice(), &["generate", "--check"]] {
        let said = fail(folder.path(), arguments)?;
        assert!(said.contains("2027-01-20.json") && said.contains("docs/keeping-up.md"), "{said}");
    }
    assert_eq!(contents(folder.path())?, before);
    Ok(())
}

/// A union whose alternative holds the union again is converted through its box.
#[test]
fn unions_that_hold_themselves_are_converted() -> Outcome {
    let folder = workspace()?;
    for revision in ["2025-11-25", "2026-07-28"] {
        let path = folder.path().join(format!("mcp-schema/schemas/{revision}.json"));
        let mut schema: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let object = |kind: &str, field: &str, value: Value| {
            json!({
                "type": "object",
                "properties": { "kind": { "type": "string", "const": kind }, field: value },
                "required": ["kind", field],
            })
        };
        let rule = || json!({ "$ref": "#/$defs/Rule" });
        schema["$defs"]["Rule"] =
            json!({ "anyOf": [{ "$ref": "#/$defs/LeafRule" }, { "$ref": "#/$defs/NotRule" }] });
        schema["$defs"]["NotRule"] = object("not", "rule", rule());
        schema["$defs"]["LeafRule"] = object("leaf", "name", json!({ "type": "string" }));
        if revision == "2026-07-28" {
            schema["$defs"]["LeafRule"]["properties"]["mark"] = json!({ "type": "string" });
        }
        fs::write(&path, schema.to_string())?;
    }
    succeed(folder.path(), &["generate"])?;
    let conversions = folder.path().join("mcp-schema/src/generated/conversions");
    let text = fs::read_to_string(conversions.join("v2025_11_25_and_v2026_07_28.rs"))?;
    let text = text.split_whitespace().collect::<String>();
    for (from, into) in [("v2025_11_25", "v2026_07_28"), ("v2026_07_28", "v2025_11_25")] {
        let conversion = format!("TryFrom<{from}::Rule>for{into}::Rule");
        let arm =
            format!("{from}::Rule::Not(value)=>{{Self::Not(Box::new((*value).try_into()?))}}");
        let field = "rule:Box::new((*from.rule).try_into()?)";
        assert!(
            text.contains(&conversion) && text.contains(&arm) && text.contains(field),
            "{from} to {into}: {text}"
        );
    }
    Ok(())
}

/// Whatever is wrong is told before anything is replaced.
#[test]
fn import_writes_last() -> Outcome {
    let folder = workspace()?;
    fs::write(folder.path().join("published.json"), published().to_string())?;
    let before = contents(folder.path())?;
    let import = ["import", "published.json", "--revision", "draft", "--touches", "typo"];
    let said = fail(folder.path(), &import)?;
    assert!(said.contains("typo") && !said.contains("wrote"), "{said}");
    assert_eq!(contents(folder.path())?, before);
    Ok(())
}

#[test]
fn import_refuses_what_is_no_schema() -> Outcome {
    let folder = workspace()?;
    fs::write(folder.path().join("broken.json"), "{")?;
    fs::write(folder.path().join("empty.json"), "{}")?;
    let before = contents(folder.path())?;
    let said = fail(folder.path(), &["import", "broken.json", "--revision", "draft"])?;
    assert!(said.contains("broken.json: not JSON"), "{said}");
    let said = fail(folder.path(), &["import", "empty.json", "--revision", "draft"])?;
    assert!(said.contains("no definitions") && said.contains("help:"), "{said}");
    let said = fail(folder.path(), &["import", "missing.json", "--revision", "draft"])?;
    assert!(said.contains("missing.json"), "{said}");
    assert_eq!(contents(folder.path())?, before);
    Ok(())
}

#[test]
fn distilling_again_changes_nothing_but_the_head() -> Outcome {
    let inputs =
        ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "draft", "tasks"];
    for name in inputs {
        let before = fs::read_to_string(schema_crate().join(format!("schemas/{name}.json")))?;
        let after = mcp_codegen::distill(&serde_json::from_str(&before)?, &Origin::default())?;
        let body = |text: &str| {
            let start = text.find("\n  \"$schema\"").or_else(|| text.find("\n  \"$defs\""));
            start.map(|start| text[start..].to_owned())
        };
        assert!(body(&before).is_some(), "{name}: no body");
        assert_eq!(body(&after), body(&before), "{name}");
        assert_ne!(after, before, "{name}: the head names another revision");
    }
    Ok(())
}

/// The published schemas' prose is not ours to keep.
#[test]
fn distilled_schemas_hold_no_prose() -> Outcome {
    fn look(value: &Value, at: &str, names: bool, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    let at = format!("{at}/{key}");
                    let prose = ["description", "title", "$comment", "examples", "$id"];
                    if !names && prose.contains(&key.as_str()) {
                        found.push(at.clone());
                    }
                    let names =
                        !names && matches!(key.as_str(), "properties" | "$defs" | "definitions");
                    look(value, &at, names, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| look(item, at, false, found)),
            _ => {}
        }
    }
    for entry in fs::read_dir(schema_crate().join("schemas"))? {
        let path = entry?.path();
        let schema: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let mut found = Vec::new();
        look(&schema, "", false, &mut found);
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
    Ok(())
}

#[test]
fn one_schema_into_one_file() -> Outcome {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("schema.json"), published().to_string())?;
    let generate = ["generate", "--schema", "schema.json", "--out", "out/protocol.rs"];
    let check = [generate.as_slice(), &["--check"]].concat();

    // Not there yet: stale, and not written by a check.
    let said = fail(folder.path(), &check)?;
    assert!(said.contains("stale") && said.contains("out/protocol.rs"), "{said}");
    assert!(!folder.path().join("out").exists());

    let said = succeed(folder.path(), &generate)?;
    assert!(said.contains("wrote out/protocol.rs"), "{said}");
    let said = succeed(folder.path(), &generate)?;
    assert_eq!(said, "out/protocol.rs is as it was\n");
    let path = folder.path().join("out/protocol.rs");
    let text = fs::read_to_string(&path)?;
    assert!(
        text.starts_with("// Generated by mcp-codegen") && text.contains("pub struct Tool"),
        "{text}"
    );
    assert!(
        !text.contains(&*folder.path().to_string_lossy()),
        "the machine's paths are in the text"
    );
    succeed(folder.path(), &check)?;

    fs::write(&path, text.replace("pub struct Tool", "pub struct Edited"))?;
    let said = fail(folder.path(), &check)?;
    assert!(
        said.contains("stale, run `mcp-codegen generate") && said.contains("out/protocol.rs"),
        "{said}"
    );
    assert!(fs::read_to_string(&path)?.contains("pub struct Edited"));

    succeed(folder.path(), &generate)?;
    assert_eq!(fs::read_to_string(&path)?, text);
    let named = [generate.as_slice(), &["--crate-path", "crate::types"]].concat();
    succeed(folder.path(), &named)?;
    assert!(fs::read_to_string(&path)?.contains("crate::types::__object!"));
    Ok(())
}

#[test]
fn a_broken_schema_is_told_with_its_place() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut schema = published();
    schema["$defs"]["Tool"]["properties"]["name"]["format"] = json!("isbn");
    fs::write(folder.path().join("schema.json"), schema.to_string())?;
    let generate = ["generate", "--schema", "schema.json", "--out", "protocol.rs"];
    let said = fail(folder.path(), &generate)?;
    for part in [
        "error: schema.json: 1 problem",
        "at /$defs/Tool/properties/name, keyword `format`",
        "help: ",
        "override it: `--override /$defs/Tool/properties/name=opaque`",
    ] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    assert!(!folder.path().join("protocol.rs").exists());

    let overridden =
        [generate.as_slice(), &["--override", "/$defs/Tool/properties/name=opaque"]].concat();
    succeed(folder.path(), &overridden)?;
    assert!(
        fs::read_to_string(folder.path().join("protocol.rs"))?
            .contains("pub name: ::mcp_schema::Value")
    );

    fs::write(folder.path().join("schema.json"), published().to_string())?;
    let said = fail(folder.path(), &overridden)?;
    assert!(said.contains("no longer applies"), "{said}");

    // Clap's own refusals are of another kind.
    let output = run(folder.path(), &[generate.as_slice(), &["--override", "nonsense"]].concat())?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr)?.contains("POINTER=KIND"));
    let output = run(folder.path(), &["generate", "--schema", "schema.json"])?;
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}

#[test]
fn the_workspace_is_fresh_and_a_check_changes_nothing() -> Outcome {
    let folder = workspace()?;
    let generated = folder.path().join("mcp-schema/src/generated");
    let before = contents(folder.path())?;
    succeed(folder.path(), &["generate", "--check"])?;
    // From below, and by name.
    succeed(&generated, &["generate", "--check"])?;
    succeed(
        Path::new("/"),
        &["generate", "--check", "--root", &folder.path().join("mcp-schema").to_string_lossy()],
    )?;
    assert_eq!(contents(folder.path())?, before);

    fs::write(generated.join("shared/mod.rs"), "// edited by hand\n")?;
    fs::remove_file(generated.join("tasks.rs"))?;
    fs::write(generated.join("v2023_01_01.rs"), "// left over\n")?;
    fs::write(generated.join("conversions/of_nobody.rs"), "// left over\n")?;
    let stale = contents(folder.path())?;
    let said = fail(folder.path(), &["generate", "--check"])?;
    for name in ["shared/mod.rs", "tasks.rs", "v2023_01_01.rs", "conversions/of_nobody.rs"] {
        assert!(said.contains(name), "no `{name}` in {said}");
    }
    assert!(!said.contains("v2025_11_25.rs"), "{said}");
    assert_eq!(contents(folder.path())?, stale);

    let said = succeed(folder.path(), &["generate"])?;
    assert_eq!(contents(folder.path())?, before);
    let told: Vec<&str> = said.lines().collect();
    let generated = "mcp-schema/src/generated";
    assert_eq!(
        told[..5],
        [
            &format!("wrote {generated}/shared/mod.rs"),
            &format!("wrote {generated}/tasks.rs"),
            &format!("removed {generated}/conversions/of_nobody.rs"),
            &format!("removed {generated}/v2023_01_01.rs"),
            "4 files changed, 20 as they were",
        ],
        "{said}"
    );
    assert!(told[5].contains("cargo build -p mcpwright-schema --features draft"), "{said}");
    assert_eq!(told.len(), 6, "{said}");
    let said = succeed(folder.path(), &["generate"])?;
    assert!(said.starts_with("0 files changed, 22 as they were\n"), "{said}");
    Ok(())
}

/// What neither `generate` nor the build script could make a module of is not taken in; and if it came in by another way,
/// `generate` says so, though it does not write the draft's module.
#[test]
fn a_broken_draft_is_refused_and_the_old_one_kept() -> Outcome {
    let folder = workspace()?;
    let path = folder.path().join("mcp-schema/schemas/draft.json");
    let draft: Value = serde_json::from_slice(&fs::read(&path)?)?;
    let object = || json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let refer = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    let broken = [
        (json!({ "A1": refer("Gone") }), "there is no definition `Gone`"),
        (json!({ "A1": refer("A2"), "A2": refer("A1") }), "without ever reaching a shape"),
        (json!({ "A1": { "$ref": "https://example.com/a.json" } }), "does not name a definition"),
        (json!({ "A1": { "type": "strng" } }), "there is no type `strng`"),
        (json!({ "A1": { "type": "object", "propertyOrder": [] } }), "keyword `propertyOrder`"),
        (json!({ "A1": { "type": "object", "if": {}, "then": {} } }), "keyword `then`"),
        (
            json!({ "A1": { "anyOf": [refer("A2"), refer("A3")] }, "A2": object(), "A3": object() }),
            "cannot be told apart",
        ),
    ];
    let mut all = draft.clone();
    for (number, (definitions, says)) in broken.into_iter().enumerate() {
        let mut schema = draft.clone();
        for (name, definition) in definitions.as_object().into_iter().flatten() {
            schema["$defs"][name] = definition.clone();
            let apart = definition.to_string().replace("/A", &format!("/X{number}"));
            let name = name.replace('A', &format!("X{number}"));
            all["$defs"][name] = serde_json::from_str(&apart)?;
        }
        fs::write(folder.path().join("schema.json"), schema.to_string())?;
        let before = contents(folder.path())?;
        let said = fail(folder.path(), &["import", "schema.json", "--revision", "draft"])?;
        assert!(said.contains("/$defs/A1") && said.contains(says), "no `{says}` in {said}");
        assert!(!said.contains("--override") && !said.contains("POINTER"), "{said}");
        assert_eq!(contents(folder.path())?, before);

        fs::write(&path, schema.to_string())?;
        let before = contents(folder.path())?;
        for arguments in [["generate"].as_slice(), &["generate", "--check"]] {
            let said = fail(folder.path(), arguments)?;
            assert!(said.contains("draft.json") && said.contains(says), "no `{says}` in {said}");
        }
        assert_eq!(contents(folder.path())?, before);
        fs::write(&path, draft.to_string())?;
    }
    fs::write(folder.path().join("schema.json"), all.to_string())?;
    let said = fail(folder.path(), &["import", "schema.json", "--revision", "draft"])?;
    // A circle is two places, and so are `if` and `then`.
    assert!(said.contains("schema.json: 9 problems"), "{said}");
    assert!(
        said.contains("DRAFT_OVERRIDES") && said.contains("mcp-codegen/src/workspace.rs"),
        "{said}"
    );
    Ok(())
}

/// A released revision says the same for ever, unless somebody says that it was corrected.
#[test]
fn a_released_schema_is_replaced_only_on_purpose() -> Outcome {
    let folder = workspace()?;
    let kept = folder.path().join("mcp-schema/schemas/2026-07-28.json");
    let mut schema: Value = serde_json::from_slice(&fs::read(&kept)?)?;
    let import = ["import", "schema.json", "--revision", "2026-07-28"];
    fs::write(folder.path().join("schema.json"), schema.to_string())?;
    succeed(folder.path(), &import)?;

    schema["$defs"]["Tool"]["properties"]["colour"] = json!({ "type": "string" });
    fs::write(folder.path().join("schema.json"), schema.to_string())?;
    let before = contents(folder.path())?;
    let said = fail(folder.path(), &import)?;
    for part in ["2026-07-28 is released", "--replace-released", "colour: optional field added"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    assert_eq!(contents(folder.path())?, before);
    let said = succeed(folder.path(), &[import.as_slice(), &["--replace-released"]].concat())?;
    assert!(said.contains("\n  mcp-codegen generate\n"), "{said}");
    assert!(fs::read_to_string(&kept)?.contains("colour"));

    // What its module, or the extension that stands on it, cannot do without.
    schema["$defs"].as_object_mut().ok_or("no definitions")?.shift_remove("RequestParams");
    fs::write(folder.path().join("schema.json"), schema.to_string())?;
    let before = contents(folder.path())?;
    let said = fail(folder.path(), &[import.as_slice(), &["--replace-released"]].concat())?;
    assert!(said.contains("there is no definition `RequestParams`"), "{said}");
    assert!(said.contains("mcp-codegen/src/fixups") || !said.contains("override"), "{said}");
    assert_eq!(contents(folder.path())?, before);
    Ok(())
}

#[test]
fn a_source_can_be_found_again() -> Outcome {
    let folder = workspace()?;
    fs::write(folder.path().join("published.json"), published().to_string())?;
    let before = contents(folder.path())?;
    for source in ["hello", "example/spec@abc", "@abc:schema.json", "example/spec@:schema.json"] {
        let import = ["import", "published.json", "--revision", "draft", "--source", source];
        let output = run(folder.path(), &import)?;
        assert_eq!(output.status.code(), Some(2), "{source}");
        assert!(String::from_utf8(output.stderr)?.contains("REPOSITORY@COMMIT:PATH"), "{source}");
    }
    assert_eq!(contents(folder.path())?, before);
    Ok(())
}

/// Which of two members was meant nobody can tell.
#[test]
fn a_key_that_stands_twice_is_refused() -> Outcome {
    let folder = workspace()?;
    let schema = published().to_string();
    let twice = schema.replacen("\"Any\":", "\"Tool\":", 1);
    fs::write(folder.path().join("schema.json"), &twice)?;
    fs::write(folder.path().join("other.json"), &schema)?;
    let before = contents(folder.path())?;
    for arguments in [
        ["import", "schema.json", "--revision", "draft"].as_slice(),
        &["generate", "--schema", "schema.json", "--out", "protocol.rs"],
        &["diff", "other.json", "schema.json"],
    ] {
        let said = fail(folder.path(), arguments)?;
        let start = "error: schema.json: the key `Tool` stands twice in one object at line 1";
        assert!(said.starts_with(start), "{said}");
    }
    assert_eq!(contents(folder.path())?, before);
    Ok(())
}

/// Probably a slip of the pen; but a schema may say it.
#[test]
fn a_requirement_without_a_property_is_noted() -> Outcome {
    let folder = workspace()?;
    let mut schema = published();
    schema["$defs"]["Tool"]["required"] = json!(["name", "nmae"]);
    fs::write(folder.path().join("schema.json"), schema.to_string())?;
    let note = "note: /$defs/Tool requires `nmae`, which is none of its properties";
    let generate = ["generate", "--schema", "schema.json", "--out", "protocol.rs"];
    for arguments in [
        ["import", "schema.json", "--revision", "draft"].as_slice(),
        &["generate"],
        &generate,
        &[generate.as_slice(), &["--check"]].concat(),
    ] {
        let said = succeed(folder.path(), arguments)?;
        assert!(said.contains(note), "{arguments:?}: {said}");
    }
    Ok(())
}

/// Where the variable of the build script may point to.
#[test]
fn another_draft_is_named_from_the_folder_above() -> Outcome {
    let folder = workspace()?;
    let workspace = Workspace::new(folder.path().join("mcp-schema"))?;
    let other = folder.path().join("other.json");
    fs::write(&other, published().to_string())?;
    for path in [Path::new("other.json"), &other] {
        let text = workspace.draft(Some(path))?.text()?.text;
        assert!(text.contains("pub struct Tool") && !text.contains("CallTool"), "{text}");
    }
    let said = workspace.draft(Some(Path::new("../no.json"))).map(|_| ()).expect_err("no file");
    let said = said.to_string();
    let start = format!("a relative path starts at {}", folder.path().display());
    for part in ["MCP_DRAFT_SCHEMA names ../no.json, which is no file", &start] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    Ok(())
}

#[test]
fn a_schema_of_the_workspace_that_changes_makes_its_modules_stale() -> Outcome {
    let folder = workspace()?;
    let path = folder.path().join("mcp-schema/schemas/2026-07-28.json");
    let mut schema: Value = serde_json::from_slice(&fs::read(&path)?)?;
    schema["$defs"]["Tool"]["properties"]["colour"] = json!({ "type": "string" });
    fs::write(&path, schema.to_string())?;
    let said = fail(folder.path(), &["generate", "--check"])?;
    assert!(said.contains("v2026_07_28.rs") && !said.contains("v2025_11_25.rs"), "{said}");
    Ok(())
}

#[test]
fn a_folder_without_schemas_is_told_what_to_do() -> Outcome {
    let folder = tempfile::tempdir()?;
    let said = fail(folder.path(), &["generate", "--root", "."])?;
    assert!(said.contains("holds no `schemas` folder"), "{said}");
    let said = fail(folder.path(), &["generate"])?;
    assert!(said.contains("--root") && said.contains("--schema"), "{said}");
    Ok(())
}
