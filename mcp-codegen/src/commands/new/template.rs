//! The templates, which are part of this program.
//!
//! They are written in what Liquid and the engine here have in common, so that `cargo generate` can use the same files.

use std::collections::BTreeMap;

use clap::ValueEnum;
use upon::{Engine, Value};

use super::{NewError, Origin};

/// What a new crate begins with.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Template {
    /// Tools for a client that starts the program: two functions, one file
    Stdio,
    /// The same tools over Streamable HTTP, with the console and a Dockerfile
    Http,
    /// A call that takes long: a task that survives its process and asks in the middle
    Tasks,
    /// An extension of your own: types from its schema, and a method of its own
    Draft,
}

/// The files of a template, by their paths in it.
type Files = &'static [(&'static str, &'static str)];

macro_rules! files {
    ($template:literal: $($file:literal)*) => {
        &[$(($file, include_str!(concat!("../../../templates/", $template, "/", $file)))),*]
    };
}

const STDIO: Files = files!("stdio":
    ".github/workflows/ci.yml" ".gitignore" "Cargo.toml.liquid" "README.md" "src/main.rs");

const HTTP: Files = files!("http":
    ".dockerignore" ".github/workflows/ci.yml" ".gitignore" "Cargo.toml.liquid" "Dockerfile"
    "README.md" "src/main.rs");

const TASKS: Files = files!("tasks":
    ".github/workflows/ci.yml" ".gitignore" "Cargo.toml.liquid" "README.md" "src/main.rs");

const DRAFT: Files = files!("draft":
    ".github/workflows/ci.yml" ".gitignore" "Cargo.toml.liquid" "README.md" "build.rs"
    "schema/shelf.json" "src/main.rs");

impl Template {
    pub const ALL: [Self; 4] = [Self::Stdio, Self::Http, Self::Tasks, Self::Draft];

    pub fn name(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::Tasks => "tasks",
            Self::Draft => "draft",
        }
    }

    /// What it is, in one line.
    pub fn about(self) -> String {
        let value = self.to_possible_value();
        value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
    }

    /// What to do next, in its folder.
    pub fn commands(self) -> [&'static str; 2] {
        match self {
            Self::Http => [
                "cargo test                # calls its tools, through a client in memory",
                "cargo run -- --console    # serves them, and itself to a browser",
            ],
            _ => [
                "cargo test                # calls its tools, through a client in memory",
                "cargo build --release     # README.md says how clients start it",
            ],
        }
    }

    /// The files of a new crate.
    pub fn render(
        self,
        name: &str,
        origin: &Origin,
    ) -> Result<Vec<(&'static str, String)>, NewError> {
        let engine = Engine::new();
        let values = values(name, origin);
        let render = |(file, text): &(&'static str, &str)| {
            // No identifier for the engine, and the one name that cargo-generate has for it.
            let text = text.replace("{{project-name}}", "{{project_name}}");
            let rendered = engine
                .compile(text)
                .and_then(|compiled| compiled.render_from(&engine, &values).to_string());
            match rendered {
                Ok(text) => Ok((file.trim_end_matches(".liquid"), text)),
                Err(source) => Err(NewError::Template { file, source: Box::new(source) }),
            }
        };
        self.files().iter().map(render).collect()
    }

    fn files(self) -> Files {
        match self {
            Self::Stdio => STDIO,
            Self::Http => HTTP,
            Self::Tasks => TASKS,
            Self::Draft => DRAFT,
        }
    }
}

/// What the templates can say. `cargo-generate.toml` has the same names.
fn values(name: &str, origin: &Origin) -> Value {
    let (git, mcpwright, rev) = match origin {
        // A backslash would have to be doubled in TOML; Cargo takes both.
        Origin::Path(path) => (false, path.replace('\\', "/"), String::new()),
        Origin::Git { url, rev } => (true, url.clone(), rev.clone().unwrap_or_default()),
    };
    Value::Map(BTreeMap::from([
        ("project_name".to_owned(), Value::String(name.to_owned())),
        ("crate_name".to_owned(), Value::String(name.replace('-', "_"))),
        ("git".to_owned(), Value::Bool(git)),
        ("mcpwright".to_owned(), Value::String(mcpwright)),
        ("rev".to_owned(), Value::String(rev)),
    ]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::{Origin, Template};

    /// What Liquid and the engine here mean the same by.
    const COMMON: [&str; 8] = [
        "{{project-name}}",
        "{{crate_name}}",
        "{{mcpwright}}",
        "{{rev}}",
        "{% if git %}",
        "{% if rev %}",
        "{% else %}",
        "{% endif %}",
    ];

    fn list(folder: &Path, below: &str, all: &mut BTreeSet<String>) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                list(&entry.path(), &format!("{name}/"), all)?;
            } else {
                all.insert(name);
            }
        }
        Ok(())
    }

    #[test]
    fn every_file_is_part_of_the_program() -> std::io::Result<()> {
        for template in Template::ALL {
            let folder =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(template.name());
            let mut there = BTreeSet::new();
            list(&folder, "", &mut there)?;
            assert!(there.remove("cargo-generate.toml"), "{}", template.name());
            let ours: BTreeSet<_> =
                template.files().iter().map(|(file, _)| (*file).to_owned()).collect();
            assert_eq!(ours, there, "{}", template.name());
        }
        Ok(())
    }

    #[test]
    fn they_are_written_in_what_both_engines_know() {
        for (file, text) in Template::ALL.iter().flat_map(|template| template.files()) {
            let rest = COMMON.iter().fold((*text).to_owned(), |text, tag| text.replace(tag, ""));
            for begin in ["{{", "{%", "{#"] {
                assert!(!rest.contains(begin), "{file} has `{begin}` where nothing is filled in");
            }
        }
    }

    #[test]
    fn dependencies_are_never_by_a_name_alone() -> Result<(), super::NewError> {
        let path = Origin::Path("/src/mcp wright".to_owned());
        let git = Origin::Git { url: "https://example.com/m".to_owned(), rev: None };
        let pinned = Origin::git("https://example.com/m".to_owned(), Some("c0ffee".to_owned()))?;
        for (origin, written) in [
            (path, "path = \"/src/mcp wright/mcp-"),
            (git, "git = \"https://example.com/m\""),
            (pinned, "git = \"https://example.com/m\", rev = \"c0ffee\""),
        ] {
            for template in Template::ALL {
                let files = template.render("my-server", &origin)?;
                let manifest = files.iter().find(|(file, _)| *file == "Cargo.toml");
                let (_, manifest) = manifest.expect("a crate has one");
                assert!(manifest.contains("name = \"my-server\""), "{manifest}");
                let ours: Vec<_> =
                    manifest.lines().filter(|line| line.starts_with("mcp-")).collect();
                assert!(ours.len() >= 2, "{manifest}");
                for line in ours {
                    assert!(
                        line.contains("package = \"mcpwright-") && line.contains(written),
                        "{line}"
                    );
                }
                assert!(files.iter().all(|(_, text)| !text.contains("{{")));
            }
        }
        Ok(())
    }
}
