//! docs/generator.md has a crate that can be copied whole. It is, and its test passes.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_crate_of_the_page_builds_and_its_test_passes() -> Result<(), Box<dyn Error>> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no parent")?;
    let page = fs::read_to_string(checkout.join("docs/generator.md"))?;
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n"))?;
        rest.split_once("```").map(|(text, _)| text)
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("generator-page");
    fs::create_dir_all(folder.join("src"))?;
    let dependencies = block("toml").ok_or("no dependencies")?;
    let manifest = format!(
        "[package]\nname = \"shapes\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{}\n\
         [profile.dev]\ndebug = false\n\n[workspace]\n",
        dependencies.replace("../mcpwright", &checkout.to_string_lossy().replace('\\', "/"))
    );
    for (path, text) in [
        ("Cargo.toml", Some(manifest.as_str())),
        ("schema.json", block("json")),
        ("build.rs", block("rust,no_run")),
        ("src/lib.rs", block("rust,ignore")),
    ] {
        fs::write(folder.join(path), text.ok_or_else(|| format!("the page has no {path}"))?)?;
    }
    // The versions that are there already, so that nothing is fetched; and what drafts.rs has built of them.
    fs::copy(checkout.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--color=never", "--target-dir"])
        .arg(folder.with_file_name("drafts").join("target"))
        .current_dir(&folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()?;
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("1 passed") && !stderr.contains("warning"), "{stdout}\n{stderr}");
    Ok(())
}
