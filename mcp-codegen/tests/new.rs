//! `mcp-codegen new`, without a terminal: what it makes, and what it refuses. What it makes is built by `tests/commands/run`.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

type Outcome = Result<(), Box<dyn Error>>;

fn new(folder: &Path, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_mcp-codegen"))
        .arg("new")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let names =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

#[test]
fn a_name_is_enough() -> Outcome {
    let parent = tempfile::tempdir()?;
    let output = new(parent.path(), &["hello"])?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{said}");
    assert!(output.stdout.is_empty());
    assert_eq!(names(parent.path())?, ["hello"]);

    let folder = parent.path().join("hello");
    let files = [".github", ".gitignore", "Cargo.toml", "README.md", "src"];
    assert_eq!(names(&folder)?, files);
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    assert!(manifest.contains("name = \"hello\""), "{manifest}");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no parent")?;
    let runtime = format!("path = \"{}/mcp-runtime\"", checkout.display());
    assert!(manifest.contains(&runtime), "{manifest}");

    let next: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let [cd, test, build] = next[..] else { panic!("three commands: {said}") };
    assert_eq!(cd, "cd hello");
    assert!(test.starts_with("cargo test") && build.starts_with("cargo build"), "{said}");
    Ok(())
}

#[test]
fn every_template_and_origin_can_be_said() -> Outcome {
    let parent = tempfile::tempdir()?;
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no parent")?;
    let checkout = checkout.to_string_lossy();
    for template in ["stdio", "http", "tasks", "draft"] {
        let by_path = format!("{template}-by-path");
        let output = new(parent.path(), &[&by_path, "--template", template, "--path", &checkout])?;
        assert!(output.status.success(), "{output:?}");
        let by_git = format!("{template}_by_git");
        let git = ["--git", "https://example.com/mcpwright", "--rev", "c0ffee"];
        let output = new(parent.path(), &[&[&*by_git, "--template", template][..], &git].concat())?;
        assert!(output.status.success(), "{output:?}");
        let manifest = fs::read_to_string(parent.path().join(by_git).join("Cargo.toml"))?;
        let pinned = "git = \"https://example.com/mcpwright\", rev = \"c0ffee\"";
        assert!(manifest.contains(pinned) && !manifest.contains("path ="), "{manifest}");
    }
    assert_eq!(names(parent.path())?.len(), 8);
    Ok(())
}

#[test]
fn mistakes_are_said_and_leave_nothing() -> Outcome {
    let parent = tempfile::tempdir()?;
    fs::create_dir(parent.path().join("there"))?;
    fs::write(parent.path().join("file"), "mine")?;
    for (arguments, code, message) in [
        (&[][..], 1, "say how to call it: `mcp-codegen new hello-mcp`"),
        (&["there"], 1, "there is there already: choose another name, or remove it first"),
        (&["file"], 1, "file is there already"),
        (&["not/here"], 1, "not is no folder: make it first"),
        (&[".."], 1, "say how to call it"),
        (&["2fast"], 1, "`2fast` does not begin with a letter: `mcp-2fast` would do"),
        (
            &["Big"],
            1,
            "`Big` has other characters than a to z, 0 to 9, `-` and `_`: `big` would do",
        ),
        (&["match"], 1, "`match` is a word of Rust: `match-server` would do"),
        (&["core"], 1, "`core` is a crate that comes with Rust: `core-server` would do"),
        (&["mcp-runtime"], 1, "`mcp-runtime` is a crate that the new one depends on"),
        (&["x", "--template", "sse"], 2, "[possible values: stdio, http, tasks, draft]"),
        (&["x", "--path", "there"], 1, "there is no checkout of mcpwright"),
        (&["x", "--git", "git@example.com:m"], 1, "`git@example.com:m` is no URL that Cargo takes"),
        (&["x", "--git", "https://x/\"y"], 1, "is no URL that Cargo takes"),
        (&["x", "--git", "https://x/y", "--rev", ""], 1, "`` is no revision of a repository"),
        (&["x", "--git", "https://x/y", "--path", "there"], 2, "cannot be used with"),
        (&["x", "--rev", "main"], 2, "--git <URL>"),
    ] {
        let output = new(parent.path(), arguments)?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
        assert_eq!(names(parent.path())?, ["file", "there"], "{arguments:?}");
    }
    assert_eq!(names(&parent.path().join("there"))?.len(), 0);
    assert_eq!(fs::read_to_string(parent.path().join("file"))?, "mine");
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_named() -> Outcome {
    let output = new(Path::new("/"), &["proc/hello"])?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("proc/"), "{said}");
    Ok(())
}
