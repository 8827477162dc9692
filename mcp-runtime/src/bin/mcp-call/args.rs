//! What can be typed.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use mcp_runtime::client::Lifecycle;
use mcp_runtime::{Elicited, Revision};

use crate::failure::Failure;
use crate::help::{AFTER_HELP, SERVERS};

/// Calls MCP servers: lists what they offer, calls tools inline or as tasks, answers what they ask.
#[derive(Parser)]
#[command(
    name = "mcp-call",
    version,
    after_help = AFTER_HELP,
    override_usage = "mcp-call [OPTIONS] [URL] COMMAND ... [-- PROGRAM [ARGUMENT]...]",
    subcommand_value_name = "COMMAND"
)]
pub struct Arguments {
    /// The server's address: http://HOST:PORT/PATH.
    #[arg(value_name = "URL")]
    pub url: Option<Address>,
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes, before or after it.
#[derive(Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Starts this program, and talks to it over its standard input and output: `PROGRAM ARGUMENT..`, quoted as in a shell.
    #[arg(long, global = true, value_name = "COMMAND")]
    pub stdio: Option<String>,
    /// Prints JSON, one document a line.
    #[arg(long, global = true)]
    pub json: bool,
    /// Prints what happens before the result, too; with --json.
    // Not `requires`: clap looks only at the level where this one stands, and --json may stand at the other.
    #[arg(long, global = true)]
    pub events: bool,
    /// Says nothing on the way: no bar, no messages of the server.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to speak: auto, modern, or a revision, as 2025-11-25.
    #[arg(long, global = true, value_name = "PROTOCOL", default_value = "auto")]
    pub protocol: Protocol,
    /// The token that says who asks (HTTP). Other users of this machine may see a command line: prefer the variable.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "MCP_CALL_BEARER",
        hide_env_values = true
    )]
    pub bearer: Option<String>,
    /// A header of every request (HTTP), as `name: value`; several times.
    #[arg(long = "header", global = true, value_name = "HEADER")]
    pub headers: Vec<Header>,
    /// How long to wait for each answer, as 30s; as long as it takes, by default. Of a task, each question about it counts.
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
    /// Where tasks are written down: a folder in $XDG_STATE_HOME or ~/.local/state, by default.
    #[arg(long, global = true, value_name = "FOLDER", env = "MCP_CALL_HANDLES")]
    pub handles: Option<PathBuf>,
}

impl Arguments {
    /// Reads a command line, or ends the process and says why.
    pub fn read(words: Vec<OsString>) -> Self {
        let command = Self::command().mut_subcommands(|command| command.after_help(SERVERS));
        let found = command.get_matches_from(words);
        Self::from_arg_matches(&found).unwrap_or_else(|error| error.exit())
    }

    /// What one option says of another, at whichever level each stands.
    pub fn agree(&self) -> Result<(), Failure> {
        let Common { json, events, .. } = self.common;
        let raw = matches!(self.command, Command::Read { raw: true, .. });
        match (events && !json, raw && json) {
            (true, _) => Err(Failure::Usage("--events is for --json: add that, too".to_owned())),
            (_, true) => Err(Failure::Usage("choose one of --raw and --json".to_owned())),
            _ => Ok(()),
        }
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Who the server is, and what it can do.
    Info,
    /// Its tools, or all that is known of one.
    Tools {
        /// Only this one, with its schemas.
        name: Option<String>,
    },
    /// Its prompts.
    Prompts,
    /// Its resources.
    Resources,
    /// Its templates of resources.
    Templates,
    /// Calls a tool.
    Call(Call),
    /// Goes on with tasks that were left.
    #[command(subcommand)]
    Task(Task),
    /// The messages of a prompt.
    Prompt {
        /// The prompt.
        name: String,
        /// Its arguments.
        #[arg(value_name = "KEY=VALUE")]
        arguments: Vec<Pair>,
        #[command(flatten)]
        answers: Answers,
    },
    /// The contents of a resource.
    Read {
        /// Its address.
        uri: String,
        /// Writes the contents as they are: for a file or a program, not for a terminal.
        #[arg(long)]
        raw: bool,
        #[command(flatten)]
        answers: Answers,
    },
    /// Tells what changes: lists, and these resources; until Ctrl-C. After an interruption `missed`: anything may have changed.
    Listen {
        /// Resources to watch.
        #[arg(value_name = "URI")]
        uris: Vec<String>,
        /// Ends after so many changes.
        #[arg(long, value_name = "N")]
        count: Option<NonZeroUsize>,
    },
    /// Suggestions for an argument.
    Complete {
        /// Of what.
        of: Completed,
        /// The prompt's name, or the template's text.
        target: String,
        /// The argument, or the template's variable.
        argument: String,
        /// What of it is there already.
        #[arg(default_value = "", hide_default_value = true)]
        begun: String,
        /// Another argument that is filled in already; several times.
        #[arg(long, value_name = "KEY=VALUE")]
        with: Vec<Pair>,
    },
}

/// How a tool is called.
#[derive(Args)]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// Its arguments, read as its schema says: numbers, true or false, text; lists and objects as JSON. KEY:=JSON is JSON in any
    /// case. A key that stands there several times is a list.
    #[arg(value_name = "KEY=VALUE")]
    pub arguments: Vec<Pair>,
    /// All arguments, as a JSON object; `@FILE` reads it from a file, `-` from stdin. Those beside it are added.
    #[arg(long, value_name = "JSON")]
    pub args: Option<String>,
    /// As a task, where the server and the tool allow it.
    #[arg(long)]
    pub task: bool,
    /// As a task that goes on without this command: prints its id.
    #[arg(long)]
    pub detach: bool,
    /// How long the task is to be kept, as 1h (2025-11-25; other servers decide by themselves).
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub ttl: Option<Duration>,
    #[command(flatten)]
    pub answers: Answers,
}

const TASK: &str = "Its id, or the beginning of one that was kept";

/// What becomes of tasks.
#[derive(Subcommand)]
pub enum Task {
    /// How far a task is, and what it asks.
    Get {
        #[arg(value_name = "TASK", help = TASK)]
        id: String,
    },
    /// Waits for a task, and prints its result.
    Wait {
        #[arg(value_name = "TASK", help = TASK)]
        id: String,
        #[command(flatten)]
        answers: Answers,
    },
    /// The result of a task that has ended.
    Result {
        #[arg(value_name = "TASK", help = TASK)]
        id: String,
    },
    /// Answers what a task asks now, prints how far it is, and leaves it to itself again: `task wait` has its result.
    Answer {
        #[arg(value_name = "TASK", help = TASK)]
        id: String,
        #[command(flatten)]
        answers: Answers,
    },
    /// Cancels a task, and waits a few seconds for its end. What is cancelled is kept no longer.
    Cancel {
        #[arg(value_name = "TASK", help = TASK)]
        id: String,
    },
    /// The tasks that were kept. Of a server: those that it lists (2025-11-25), or, if it lists none, those of it that were kept.
    List,
    /// Forgets tasks that were kept. They go on.
    Forget {
        #[arg(value_name = "TASK", required = true, help = TASK)]
        ids: Vec<String>,
    },
}

/// Who answers what the server asks, where it is not you at a terminal.
#[derive(Args, Clone, Default)]
pub struct Answers {
    /// Fills in a field of a form; several times.
    #[arg(long = "answer", value_name = "KEY=VALUE")]
    pub given: Vec<Pair>,
    /// Fills in what else there is with the defaults of its form, and asks nobody.
    #[arg(long = "accept-defaults")]
    pub defaults: bool,
    /// Says yes to pages that the server wants to be opened, without opening them.
    #[arg(long)]
    pub accept_urls: bool,
    /// Declines whatever is asked: says no.
    #[arg(long, conflicts_with_all = ["given", "defaults", "accept_urls"])]
    pub decline: bool,
    /// Dismisses whatever is asked: says neither yes nor no.
    #[arg(long, conflicts_with_all = ["given", "defaults", "accept_urls", "decline"])]
    pub dismiss: bool,
}

impl Answers {
    /// The answer to every question, if it is none of them that is answered.
    pub fn refused<T>(&self) -> Option<Elicited<T>> {
        match self {
            Self { decline: true, .. } => Some(Elicited::Declined),
            Self { dismiss: true, .. } => Some(Elicited::Dismissed),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Completed {
    Prompt,
    Resource,
}

/// The address of a server.
#[derive(Clone)]
pub struct Address(pub String);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = text.starts_with("http://") || text.starts_with("https://");
        if !fits {
            return Err("it is neither a command nor an address: those begin with http:// or https://; a program follows after --"
                .to_owned());
        }
        match reqwest::Url::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// `KEY=VALUE`, or `KEY:=JSON`.
#[derive(Clone, Debug)]
pub struct Pair {
    pub key: String,
    pub value: String,
    pub json: bool,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
        let (key, json) = key.strip_suffix(':').map_or((key, false), |key| (key, true));
        if key.is_empty() {
            return Err("the key is missing, as in KEY=VALUE".to_owned());
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned(), json })
    }
}

#[derive(Clone)]
pub struct Header {
    pub name: String,
    pub value: String,
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once(':').ok_or("write NAME: VALUE")?;
        Ok(Self { name: name.trim().to_owned(), value: value.trim().to_owned() })
    }
}

/// What is spoken.
#[derive(Clone, Copy)]
pub struct Protocol(pub Lifecycle);

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "auto" => Lifecycle::Auto,
            "modern" => Lifecycle::Modern,
            version => match Revision::from_version(version) {
                Some(revision) if revision.is_modern() => Lifecycle::Modern,
                Some(revision) => Lifecycle::Legacy(revision),
                None => {
                    let all = Revision::ALL.map(Revision::as_str).join(", ");
                    return Err(format!("choose one of auto, modern, {all}"));
                }
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
        for words in [
            &["mcp-call", "http://127.0.0.1:8000/mcp", "tools"][..],
            &["mcp-call", "call", "add", "a=1", "b=2", "--json"],
            &["mcp-call", "--json", "--protocol", "2025-06-18", "task", "wait", "x"],
            &["mcp-call", "https://example.org", "read", "tools"],
            &["mcp-call", "call", "add", "--dismiss"],
        ] {
            assert!(Arguments::try_parse_from(words).is_ok(), "{words:?}");
        }
        for words in [
            &["mcp-call", "toolz"][..],
            &["mcp-call", "call", "add", "--dismiss", "--decline"],
            &["mcp-call", "call", "add", "--dismiss", "--answer", "a=1"],
        ] {
            assert!(Arguments::try_parse_from(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn options_agree_wherever_they_stand() {
        for (words, agree) in [
            (&["mcp-call", "--json", "call", "add", "--events"][..], true),
            (&["mcp-call", "--events", "call", "add", "--json"], true),
            (&["mcp-call", "--json", "--events", "call", "add"], true),
            (&["mcp-call", "call", "add", "--json", "--events"], true),
            (&["mcp-call", "--events", "call", "add"], false),
            (&["mcp-call", "call", "add", "--events"], false),
            (&["mcp-call", "--json", "read", "a:b", "--raw"], false),
            (&["mcp-call", "read", "a:b", "--raw", "--json"], false),
        ] {
            let arguments = Arguments::try_parse_from(words).expect("it can be read");
            assert_eq!(arguments.agree().is_ok(), agree, "{words:?}");
        }
    }
}
