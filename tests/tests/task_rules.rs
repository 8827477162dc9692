//! `docs/task-rules.md`: every rule of tasks, and the tests that cite it.
//!
//! A test cites a rule by its number in a comment above it or inside, or at the beginning of an assertion's message. This
//! test fails when one cites a rule that does not exist, when a rule has neither test nor reason, whether it binds servers or
//! clients, and when the page is out of date.

#[path = "task_rules/rules.rs"]
mod rules;
#[path = "task_rules/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use self::rules::{Binds, Number, Part, Rule};

const RENEW: &str = "UPDATE_DOCS=1 cargo test -p mcpwright-tests --test task_rules";

/// The contract kit: its cases are plain functions that `cases!` lists, and run in the tests of each store.
const KIT: &str = "mcp-runtime/src/task/kit";

/// Scripts that drive other people's programs against ours.
const SCRIPTS: [&str; 2] = ["tests/conformance", "tests/clients"];

/// Where a rule is cited: a file and a test in it, or a script.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: String,
    test: Option<String>,
}

impl Place {
    /// As a link from `docs/`.
    fn link(&self) -> String {
        let file = &self.file;
        let roots = ["mcp-runtime/tests/", "mcp-runtime/src/", "tests/tests/"];
        let short = roots.iter().find_map(|root| file.strip_prefix(root)).unwrap_or(file);
        let test = self.test.as_ref().map_or(String::new(), |test| format!("::{test}"));
        format!("[`{short}{test}`](../{file})")
    }
}

type Cited = BTreeMap<Number, BTreeSet<Place>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_rule_is_tested_or_says_why_not() {
    let list = read(&root().join("tests/task-rules.txt"));
    let parts = rules::parse(&list).unwrap_or_else(|wrong| panic!("{wrong}"));
    let known: BTreeSet<Number> = rules_of(&parts).map(|rule| rule.number).collect();
    let mut problems = Vec::new();
    let cited = citations(&known, &mut problems);
    for rule in rules_of(&parts) {
        let Rule { number, level, sentence, .. } = rule;
        match (cited.get(number).and_then(BTreeSet::first), rule.untested) {
            (None, None) => problems.push(format!(
                "{number} ({level}) has no test, and `tests/task-rules.txt` does not say why: {sentence}"
            )),
            (Some(place), Some(_)) => problems.push(format!(
                "{number} is said not to be tested, and {} tests it",
                place.link()
            )),
            _ => {}
        }
    }
    let (page, written) = (root().join("docs/task-rules.md"), page(&parts, &cited));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&page, &written).expect("the page can be written");
    }
    let found = fs::read_to_string(&page).unwrap_or_default();
    if found != written {
        let line =
            found.lines().zip(written.lines()).take_while(|(found, new)| found == new).count();
        problems.push(format!("docs/task-rules.md is out of date at line {}: {RENEW}", line + 1));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn rules_of<'a>(parts: &'a [Part<'a>]) -> impl Iterator<Item = &'a Rule<'a>> {
    parts.iter().flat_map(|part| &part.rules)
}

/// What the tests of the workspace cite. That comments elsewhere cite what exists is seen to on the way.
fn citations(known: &BTreeSet<Number>, problems: &mut Vec<String>) -> Cited {
    let mut cited = Cited::new();
    let kit = read(&root().join(KIT).with_extension("rs"));
    let cases = kit.split_once("\ncases! {").and_then(|(_, cases)| cases.split_once("\n}"));
    let cases: BTreeSet<&str> = cases
        .map_or("", |(cases, _)| cases)
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    assert!(cases.len() > 10, "the cases of the contract kit are not where they were");
    for file in files() {
        let text = read(&root().join(&file));
        let mut cite = |number, test: Option<&str>| {
            let place = Place { file: file.clone(), test: test.map(str::to_owned) };
            cited.entry(number).or_default().insert(place);
        };
        if !file.ends_with(".rs") {
            source::script(&text).into_iter().for_each(|number| cite(number, None));
            continue;
        }
        for (line, comment) in source::comments(&text) {
            for number in source::cited(comment).iter().filter(|number| !known.contains(number)) {
                problems.push(format!("{file}:{line} cites {number}, and there is no such rule"));
            }
        }
        let is_case = |name: &str| file.starts_with(KIT) && cases.contains(name);
        for test in source::tests(&text, is_case) {
            test.cites.iter().for_each(|number| cite(*number, Some(test.name)));
        }
    }
    for (number, places) in cited.iter().filter(|(number, _)| !known.contains(number)) {
        let places: Vec<String> = places.iter().map(Place::link).collect();
        problems.push(format!("{} cites {number}, and there is no such rule", places.join(", ")));
    }
    cited
}

/// Rust files of those who know tasks and the scripts, by their paths below its root, sorted.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders: Vec<String> =
        ["mcp-macros", "mcp-runtime", "examples", "tests"].map(str::to_owned).into();
    while let Some(folder) = folders.pop() {
        let is_script = |name: &str| {
            let known = [".mjs", ".js", ".ts", ".py", ".sh"].iter().any(|end| name.ends_with(end));
            SCRIPTS.contains(&folder.as_str()) && (known || name == "run")
        };
        for entry in fs::read_dir(root().join(&folder)).expect("the workspace can be listed") {
            let entry = entry.expect("the workspace can be listed");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}");
            let skipped =
                ["target", "node_modules", "fuzz", "ui", "peers"].contains(&name.as_str());
            // These files cite what they mean as an example.
            let this = path.starts_with("tests/tests/task_rules");
            if skipped || this || name.starts_with('.') {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if name.ends_with(".rs") || is_script(&name) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn page(parts: &[Part<'_>], cited: &Cited) -> String {
    let tested = |rule: &&Rule<'_>| cited.contains_key(&rule.number);
    let of = |binds: &[Binds]| rules_of(parts).filter(|rule| binds.contains(&rule.binds)).count();
    let mut page = format!(
        "# The rules of tasks, and their tests\n\n\
         <!-- Made of tests/task-rules.txt and of the tests. Renew it: {RENEW} -->\n\n\
         What the specification asks of whoever runs tasks and of whoever asks for them, numbered, and the tests that prove\n\
         it. Comments in the code cite the same numbers. Part L is from the 2025-11-25 revision, part X from the extension\n\
         `io.modelcontextprotocol/tasks`, part C from the core of 2026-07-28; part D is what follows from them for an\n\
         implementation. Tests in `task/kit` are cases of the contract kit, and run against each store.\n\n\
         {} rules, {} of which bind servers and {} clients; {} have tests, and [the others](#not-covered) a reason.\n",
        rules_of(parts).count(),
        of(&[Binds::Server, Binds::Both]),
        of(&[Binds::Client, Binds::Both, Binds::Host]),
        rules_of(parts).filter(tested).count(),
    );
    for part in parts {
        write_line(&mut page, &format!("\n## Part {}\n", part.title.replacen(' ', ": ", 1)));
        write_line(&mut page, "| rule | level | what it asks | tests |\n| --- | --- | --- | --- |");
        for rule in &part.rules {
            let Rule { number, level, sentence, .. } = rule;
            write_line(
                &mut page,
                &format!("| {number} | {level} | {sentence} | {} |", tests(rule, cited)),
            );
        }
    }
    write_line(&mut page, "\n## Not covered\n\nRules that no test cites.\n");
    write_line(
        &mut page,
        "| rule | level | whom it binds | what it asks | why there is no test |\n| --- | --- | --- | --- | --- |",
    );
    for rule in rules_of(parts).filter(|rule| !tested(rule)) {
        let Rule { number, level, binds, sentence, untested } = rule;
        write_line(
            &mut page,
            &format!(
                "| {number} | {level} | {} | {sentence} | {} |",
                binds.as_str(),
                untested.unwrap_or("**no reason**")
            ),
        );
    }
    page
}

fn write_line(page: &mut String, line: &str) {
    writeln!(page, "{line}").expect("a string takes everything");
}

/// The last cell of a rule.
fn tests(rule: &Rule<'_>, cited: &Cited) -> String {
    let whose = match rule.binds {
        Binds::Server | Binds::Both => None,
        Binds::Client => Some("the client's".to_owned()),
        Binds::Host => Some("the host's".to_owned()),
    };
    let mut places: Vec<String> =
        cited.get(&rule.number).into_iter().flatten().map(Place::link).collect();
    if places.is_empty() {
        places.push("[none](#not-covered)".to_owned());
    }
    let cell: Vec<String> = whose.into_iter().chain(places).collect();
    cell.join("<br>")
}

#[test]
fn citations_are_found_where_they_count() {
    let text = r##"
//! L1 of the file is nobody's.

/// L2: above a helper.
fn helper() {}

// X3 stands apart.

/// L4, D5.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_test() -> [u8; 3] {
    // C6: inside, with L7 to L9 in between.
    same(1, '"', r#"X11" "#, "L12: it is so", "see L13", "L14");
    let brace = "} X15";
    [0; 3] // X16
}

pub async fn a_case(_: &'a str) { /* D17 /* nested */ U+00C1, I18, P19, C20-ish */ }
"##;
    let tests = source::tests(text, |name| name == "a_case");
    let found: Vec<(&str, String)> = tests
        .iter()
        .map(|test| (test.name, test.cites.iter().map(|rule| format!("{rule} ")).collect()))
        .collect();
    assert_eq!(
        found,
        [("a_test", "L12 L14 L4 D5 C6 L7 L8 L9 X16 ".to_owned()), ("a_case", "D17 ".to_owned())]
    );
}
