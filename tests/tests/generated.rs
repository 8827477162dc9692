//! What holds for the generated code as text.

use std::fs;
use std::path::{Path, PathBuf};

use mcp_codegen::Workspace;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-schema")
}

/// Renewed by `cargo run -p mcpwright-codegen -- generate`.
#[test]
fn generated_code_is_fresh() {
    let workspace = Workspace::new(root()).expect("the workspace holds its schemas");
    workspace.check().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn nothing_is_decoded_by_trial() {
    let folder = root().join("src");
    let mut read = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources are there") {
            let path = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("the sources can be read");
            read += 1;
            for word in ["untagged", "flatten)"] {
                assert!(!text.contains(word), "{} has `{word}`", path.display());
            }
        }
    }
    assert!(read > 10, "only {read} files");
}

#[test]
fn schemas_are_distilled() {
    for entry in fs::read_dir(root().join("schemas")).expect("the schemas are there") {
        let path = entry.expect("the schemas can be listed").path();
        let text = fs::read_to_string(&path).expect("the schemas can be read");
        assert!(!text.contains("\"description\": \""), "{} holds prose", path.display());
        for fact in ["\"sha256\"", "\"source\"", "\"revision\""] {
            assert!(text.contains(fact), "{} lacks {fact}", path.display());
        }
    }
}
