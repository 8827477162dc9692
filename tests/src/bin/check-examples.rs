//! Decodes published examples and says what became of them.
//!
//! `check-examples DIR [REVISION]`: `DIR/<Definition>/*.json`, the layout of the specification's repository. Each file is
//! decoded into the type of that name, and into each union that holds it, where the right variant must be chosen.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mcpwright_tests::compare::differences;
use mcpwright_tests::registry::{Revision, revisions};
use serde_json::Value;

#[derive(Default)]
struct Tally {
    files: usize,
    exact: usize,
    unions: usize,
    failures: Vec<String>,
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: check-examples DIR [REVISION]   (DIR holds <Definition>/*.json)");
        return ExitCode::from(2);
    };
    let wanted = arguments.next().unwrap_or_else(|| "2026-07-28".to_owned());
    let known: Vec<&str> = revisions().iter().map(|revision| revision.name).collect();
    let Some(revision) = revisions().into_iter().find(|revision| revision.name == wanted) else {
        eprintln!("there is no revision `{wanted}`: known are {}", known.join(", "));
        return ExitCode::from(2);
    };
    let mut tally = Tally::default();
    if let Err(error) = check_folder(&folder, &revision, &mut tally) {
        eprintln!("{}: {error}", folder.display());
        return ExitCode::from(2);
    }
    for failure in &tally.failures {
        eprintln!("{failure}");
    }
    eprintln!(
        "{} examples: {} exact, {} decodings through unions, {} findings",
        tally.files,
        tally.exact,
        tally.unions,
        tally.failures.len()
    );
    if tally.files == 0 {
        eprintln!("no example was found: is this a folder of <Definition>/*.json?");
        return ExitCode::from(2);
    }
    if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check_folder(folder: &Path, revision: &Revision, tally: &mut Tally) -> std::io::Result<()> {
    let mut definitions: Vec<PathBuf> = entries(folder)?;
    definitions.retain(|path| path.is_dir());
    for definition in definitions {
        let name = definition.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in entries(&definition)? {
            if file.extension().is_some_and(|extension| extension == "json") {
                tally.files += 1;
                let shown =
                    format!("{name}/{}", file.file_name().unwrap_or_default().to_string_lossy());
                check(&name, &shown, &fs::read_to_string(&file)?, revision, tally);
            }
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

fn check(definition: &str, shown: &str, text: &str, revision: &Revision, tally: &mut Tally) {
    let before = tally.failures.len();
    let original: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return tally.failures.push(format!("{shown}: not JSON: {error}")),
    };
    let Some(round_trip) = revision.round_trip(definition) else {
        return tally.failures.push(format!("{shown}: there is no type {definition}"));
    };
    match round_trip(text) {
        Err(error) => tally.failures.push(format!("{shown}: refused: {error}")),
        Ok(after) => {
            let found = differences(&original, &after);
            tally.failures.extend(found.iter().map(|difference| format!("{shown}: {difference}")));
        }
    }
    for alternative in revision.alternatives.iter().filter(|one| one.holds == definition) {
        tally.unions += 1;
        let variant = alternative.variant;
        match (alternative.round_trip)(text) {
            Err(error) => tally.failures.push(format!("{shown} as {variant}: refused: {error}")),
            Ok((_, false)) => tally.failures.push(format!("{shown}: is not {variant}")),
            Ok((after, true)) => {
                let found = differences(&original, &after);
                let found =
                    found.iter().map(|difference| format!("{shown} as {variant}: {difference}"));
                tally.failures.extend(found);
            }
        }
    }
    if tally.failures.len() == before {
        tally.exact += 1;
    }
}
