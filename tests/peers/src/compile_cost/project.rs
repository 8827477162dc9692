//! Packages in a folder of their own, and what building them or a dependency of theirs costs.

use crate::Result;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// A folder that is gone when the measuring is over.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Result<Self> {
        let folder = env::temp_dir().join(format!("mcpwright-peers-{}", process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    /// A package that depends on `package` as `source` says and has no code of its own.
    pub fn project(
        &self,
        label: &'static str,
        package: &'static str,
        source: &str,
    ) -> Result<Project> {
        self.write(label, package, &format!("{package} = {{ {source} }}"), "lib.rs", "")
    }

    /// A program with dependencies, which is measured itself.
    pub fn program(&self, label: &'static str, dependencies: &str, code: &str) -> Result<Project> {
        self.write(label, "consumer", dependencies, "main.rs", code)
    }

    fn write(
        &self,
        label: &'static str,
        package: &'static str,
        dependencies: &str,
        file: &str,
        code: &str,
    ) -> Result<Project> {
        let number = fs::read_dir(&self.0)?.count();
        let folder = self.0.join(number.to_string());
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src").join(file), code)?;
        let manifest = format!(
            "[package]\nname = 'consumer'\nedition = '2024'\n\n[workspace]\n\n\
             [dependencies]\n{dependencies}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        // The versions that the other measurements used; cargo drops those that are not needed.
        fs::write(folder.join("Cargo.lock"), crate::versions::LOCK)?;
        let project = Project { label, package, folder };
        // So that no download falls into a measurement.
        project.cargo(&["fetch", "--quiet"])?;
        Ok(project)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

/// What is timed.
#[derive(Clone, Copy)]
pub enum Command {
    Check,
    Debug,
    Release,
}

impl Command {
    pub fn shown(self) -> &'static str {
        match self {
            Self::Check => "cargo check",
            Self::Debug => "cargo build",
            Self::Release => "cargo build --release",
        }
    }

    /// How often to repeat what others do once: the shorter it is, the more noise weighs.
    pub fn repeats(self) -> usize {
        match self {
            Self::Check => 3,
            Self::Debug | Self::Release => 1,
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["check"],
            Self::Debug => &["build"],
            Self::Release => &["build", "--release"],
        }
    }
}

/// What building took.
pub struct Cost {
    /// User and system time of the whole tree of processes.
    pub seconds: f64,
    pub crates: usize,
}

pub struct Project {
    pub label: &'static str,
    package: &'static str,
    folder: PathBuf,
}

impl Project {
    /// Builds what is measured and what it needs, but not an empty package that depends on it.
    pub fn run(&self, command: Command) -> Result<Cost> {
        let said = self.cargo(&[command.arguments(), &["-p", self.package]].concat())?;
        let crates = said
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with("Compiling ") || line.starts_with("Checking "))
            .count();
        let times = said.lines().last().unwrap_or_default();
        let times =
            times.split_whitespace().map(str::parse).collect::<std::result::Result<Vec<f64>, _>>();
        let times = times.map_err(|error| format!("no times at the end of {said:?}: {error}"))?;
        Ok(Cost { seconds: times.iter().sum(), crates })
    }

    /// So that the next run builds what is measured again, and nothing else.
    pub fn forget_package(&self, command: Command) -> Result<()> {
        let profile: &[&str] = match command {
            Command::Check | Command::Debug => &[],
            Command::Release => &["--release"],
        };
        self.cargo(&[&["clean", "-p", self.package], profile].concat())?;
        Ok(())
    }

    pub fn forget_everything(&self) -> Result<()> {
        let target = self.target();
        match target.exists() {
            true => Ok(fs::remove_dir_all(target)?),
            false => Ok(()),
        }
    }

    fn target(&self) -> PathBuf {
        Path::new(&self.folder).join("target")
    }

    /// Runs cargo, and returns what it and the times after it say.
    ///
    /// The shell's `time` counts every process that cargo waited for, and so all compilers.
    fn cargo(&self, arguments: &[&str]) -> Result<String> {
        let mut command = process::Command::new("bash");
        command
            .args(["-c", "TIMEFORMAT='%U %S'; time cargo \"$@\"", "bash"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.target())
            // Ours is a package by path, for which cargo would keep an incremental cache; the
            // others come from the registry, for which it would not.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TERM_COLOR", "never")
            .env("LC_ALL", "C");
        // Somebody's own settings would change what the compilers do.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_BUILD_TARGET"]
        {
            command.env_remove(name);
        }
        let output = command.output().map_err(|error| format!("bash does not start: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        match output.status.success() {
            true => Ok(said),
            false => {
                // Where a crate does not build at all, its first errors say why.
                let said: Vec<&str> = said.lines().take(30).collect();
                Err(format!("cargo {arguments:?} for {}:\n{}", self.label, said.join("\n")).into())
            }
        }
    }
}
