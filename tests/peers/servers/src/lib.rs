//! What both servers read from their command line.

use std::error::Error;
use tokio::runtime::{Builder, Runtime};

/// Errors go to whoever reads the terminal, so text is all they need to be.
///
/// Not called `Result`, because rmcp's macros write that name and mean the prelude's.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Arguments, each a flag or a flag with a value.
pub struct Arguments(Vec<String>);

impl Arguments {
    pub fn of_process() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    pub fn flag(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    /// The runtime that `--runtime` names: `multi`, which is what `#[tokio::main]` makes, or
    /// `current` for everything on one thread.
    pub fn runtime(&self) -> Outcome<Runtime> {
        let mut builder = match self.value("--runtime") {
            None | Some("multi") => Builder::new_multi_thread(),
            Some("current") => Builder::new_current_thread(),
            Some(other) => return Err(format!("no runtime is called {other}").into()),
        };
        Ok(builder.enable_all().build()?)
    }
}
