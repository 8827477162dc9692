//! The draft moves: types come, go and change. What a maintainer changes by hand in a draft must generate, compile without
//! a warning and behave, with nobody teaching the generator about it.
//!
//! All changed drafts are modules of one crate, which is compiled once. What they do is checked by `drafts/behaviour.rs`,
//! which is a part of that crate.

#[path = "drafts/changes.rs"]
mod changes;

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mcp_codegen::Builder;
use serde_json::Value;

use self::changes::{CHANGES, Change, rename};

type Outcome = Result<(), Box<dyn Error>>;

fn schema_crate() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema")
}

fn draft() -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(schema_crate().join("schemas/draft.json"))?)?)
}

/// The generated text, by way of a file, as in a build script.
fn generate(draft: &Value, folder: &Path) -> Result<String, Box<dyn Error>> {
    let path = folder.join("schema.json");
    fs::write(&path, draft.to_string())?;
    Ok(Builder::new().schema(path).crate_path("mcp_schema").text()?.text)
}

#[test]
fn changes_by_hand_generate_compile_and_behave() -> Outcome {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("drafts");
    let sources = folder.join("src");
    fs::create_dir_all(&sources)?;
    let mut modules = String::from("#![deny(warnings, missing_docs)]\n//! Changed drafts.\n\n");
    for Change(name, apply) in CHANGES {
        let mut draft = draft()?;
        apply(&mut draft["$defs"]);
        let text = generate(&draft, &folder).map_err(|error| format!("{name}: {error}"))?;
        fs::write(sources.join(format!("{name}.rs")), text)?;
        writeln!(modules, "/// The draft, changed.\npub mod {name};")?;
    }
    modules.push_str("#[cfg(test)]\nmod behaviour;\n");
    fs::write(sources.join("lib.rs"), modules)?;
    fs::write(sources.join("behaviour.rs"), include_str!("drafts/behaviour.rs"))?;
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"changed-drafts\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [lib]\ndoctest = false\n\n\
             [dependencies]\nmcp-schema = {{ package = \"mcpwright-schema\", path = {:?}, default-features = false }}\n\
             serde_json = {{ version = \"1\", features = [\"preserve_order\"] }}\n\n\
             [profile.dev]\ndebug = false\nincremental = false\n\n\
             # A package of its own, wherever the target folder is.\n[workspace]\n",
            schema_crate().canonicalize()?,
        ),
    )?;
    // The versions that are there already, so that nothing is fetched.
    fs::copy(schema_crate().join("../Cargo.lock"), folder.join("Cargo.lock"))?;
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--color=never", "--target-dir"])
        .arg(folder.join("target"))
        .current_dir(&folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()?;
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("test result: ok"), "no test ran:\n{stdout}\n{stderr}");
    Ok(())
}

/// Whatever the name of a type, ours or theirs, nothing depends on it so much that another name could not be lowered.
#[test]
fn every_type_can_be_renamed() -> Outcome {
    let draft = draft()?;
    let names: Vec<String> =
        draft["$defs"].as_object().into_iter().flat_map(|defs| defs.keys().cloned()).collect();
    assert!(names.len() > 100, "{names:?}");
    let mut wrong = String::new();
    for name in &names {
        let mut draft = draft.clone();
        rename(&mut draft["$defs"], name, "Renamed");
        if let Err(error) = Builder::new().text_of("draft.json", draft) {
            writeln!(wrong, "{name}: {error}")?;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}
