//! Which servers are measured, and where they come from.

use super::calls::Shape;
use crate::Result;
use std::path::Path;
use std::{env, process};

/// How the names of rows begin, which is how the bars find what they are about.
pub const OURS: &str = "ours";
pub const RMCP: &str = "rmcp";
pub const BARE: &str = "bare hyper";

/// What the command line says.
pub struct Options {
    /// The command line of our server, without what says how it is reached.
    pub ours: Option<String>,
    rmcp: String,
    bare: String,
    pub runtime: String,
    pub rounds: usize,
    only: Option<String>,
}

impl Options {
    pub const USAGE: &str = "serve-report [--ours COMMAND] [--rmcp COMMAND] [--bare COMMAND] \
        [--runtime multi|current] [--rounds N] [--only stdio|http|tools|tasks|instructions]";

    /// Reads the arguments, and builds those servers that live here if no other is named.
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            ours: None,
            rmcp: String::new(),
            bare: String::new(),
            runtime: "multi".to_owned(),
            rounds: 15,
            only: None,
        };
        let mut rest = arguments.iter();
        while let Some(&name) = rest.next() {
            let value = rest.next().ok_or_else(|| format!("{name} wants a value"))?.to_string();
            match name {
                "--ours" => options.ours = Some(value),
                "--rmcp" => options.rmcp = value,
                "--bare" => options.bare = value,
                "--runtime" => options.runtime = value,
                "--rounds" => options.rounds = value.parse()?,
                "--only" => options.only = Some(value),
                _ => return Err(format!("usage: {}", Self::USAGE).into()),
            }
        }
        if options.rounds == 0 {
            return Err("no rounds have no median".into());
        }
        // Tasks are compared with calls of the same server, and nobody else's.
        let alone = options.only.as_deref() == Some("tasks");
        if !alone && (options.rmcp.is_empty() || options.bare.is_empty()) {
            build()?;
        }
        for (command, binary) in
            [(&mut options.rmcp, "rmcp-echo"), (&mut options.bare, "bare-http")]
        {
            if command.is_empty() {
                *command = folder()?.join(binary).display().to_string();
            }
        }
        Ok(options)
    }

    /// Valgrind takes minutes, so instructions are counted only when asked for.
    pub fn wants(&self, section: &str) -> bool {
        match &self.only {
            Some(only) => only == section,
            None => section != "instructions",
        }
    }

    pub fn stdio_servers(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if let Some(ours) = &self.ours {
            found.push((OURS.to_owned(), format!("{ours} --stdio")));
        }
        for (name, flag) in [("stdio()", "--stdio"), ("stdio_pipes()", "--pipes")] {
            for runtime in ["multi", "current"] {
                found.push((
                    format!("{RMCP}, `{name}`, {runtime}"),
                    format!("{} {flag} --runtime {runtime}", self.rmcp),
                ));
            }
        }
        found
    }

    /// The bare server comes first, so that each other row can be read against it.
    pub fn http_servers(&self) -> Vec<(String, String, Shape)> {
        let mut found = Vec::new();
        for shape in [Shape::Modern, Shape::Stateless] {
            let command = format!("{} --runtime {}", self.bare, self.runtime);
            found.push((format!("{BARE}, {}", shape.shown()), command, shape));
        }
        if let Some(ours) = &self.ours {
            for shape in [Shape::Modern, Shape::Session] {
                found.push((format!("{OURS}, {}", shape.shown()), ours.clone(), shape));
            }
        }
        for runtime in ["multi", "current"] {
            for shape in [Shape::Modern, Shape::Stateless] {
                found.push((
                    format!("{RMCP}, best, {runtime}, {}", shape.shown()),
                    format!("{} --best --runtime {runtime}", self.rmcp),
                    shape,
                ));
            }
        }
        for (name, flag) in [("out of the box", ""), ("the same with nodelay", " --nodelay")] {
            for shape in [Shape::Modern, Shape::Session] {
                found.push((
                    format!("{RMCP}, {name}, {}", shape.shown()),
                    format!("{}{flag}", self.rmcp),
                    shape,
                ));
            }
        }
        found
    }

    /// Commands that take `--tools N`; over HTTP with the shape of their requests.
    pub fn tool_servers(&self, http: bool) -> Vec<(&'static str, String, Option<Shape>)> {
        let ours = self.ours.iter().map(|ours| (OURS, ours));
        let rmcp = [(RMCP, &self.rmcp)];
        ours.chain(rmcp)
            .map(|(name, command)| match (http, name) {
                (false, _) => (name, format!("{command} --stdio"), None),
                (true, RMCP) => (name, format!("{command} --best"), Some(Shape::Modern)),
                (true, _) => (name, command.clone(), Some(Shape::Modern)),
            })
            .collect()
    }
}

/// Where the binaries of this build are.
fn folder() -> Result<std::path::PathBuf> {
    let binary = env::current_exe()?;
    Ok(binary.parent().ok_or("a binary without a folder")?.to_owned())
}

/// Builds the servers beside this binary, with the profile that it has.
fn build() -> Result<()> {
    let folder = folder()?;
    let target = folder.parent().ok_or("a target folder without a parent")?;
    let status = process::Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["build", "--release", "--quiet", "-p", "mcpwright-peer-servers"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("the servers to compare with do not build".into()),
    }
}
