//! The command with a part of its features: what is left out is listed, and says how to have it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

type Outcome = Result<(), Box<dyn Error>>;

const INSTALL: &str = "cargo install --locked --debug --path mcp-codegen";

/// The command, built with these features alone.
fn build(features: &str) -> Result<PathBuf, Box<dyn Error>> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("features");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--color=never", "--no-default-features"])
        .args(["--bin", "mcp-codegen", "--features", features, "--target-dir"])
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()?;
    assert!(output.status.success(), "{features}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(target.join("debug").join(format!("mcp-codegen{}", std::env::consts::EXE_SUFFIX)))
}

fn run(program: &Path, arguments: &[&str]) -> Result<(Output, String), Box<dyn Error>> {
    let output = Command::new(program).args(arguments).output()?;
    let said = String::from_utf8(output.stderr.clone())?;
    Ok((output, said))
}

#[test]
fn what_is_left_out_says_how_to_have_it() -> Outcome {
    for (features, absent) in [
        (
            "new",
            [
                ["diff", "--help", "new.json"].as_slice(),
                &["import", "schema.json", "--revision", "draft"],
                &["generate"],
            ]
            .as_slice(),
        ),
        ("cli", &[["new", "hello", "--template", "http"].as_slice()]),
    ] {
        let program = build(features)?;
        let (output, _) = run(&program, &["--help"])?;
        let help = String::from_utf8(output.stdout)?;
        for arguments in absent {
            let command = arguments[0];
            let (output, said) = run(&program, arguments)?;
            assert_eq!(output.status.code(), Some(2), "{features}: {arguments:?}: {said}");
            let start = format!("error: `{command}` is not built into this mcp-codegen");
            assert!(said.starts_with(&start) && said.contains(INSTALL), "{said}");
            let listed = help.lines().find(|line| line.trim_start().starts_with(command));
            assert!(listed.is_some_and(|line| line.contains("Not built in")), "{help}");
        }
        let (_, said) = run(&program, &["nonsense"])?;
        assert!(said.contains("unrecognized subcommand"), "{said}");
    }
    Ok(())
}
