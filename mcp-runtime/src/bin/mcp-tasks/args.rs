//! What can be typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use mcp_runtime::task::{TaskRecord, TaskState};

/// Looks after the tasks of MCP servers, while they run or not.
#[derive(Parser)]
#[command(name = "mcp-tasks", version)]
pub struct Arguments {
    /// Where the tasks are kept: sqlite:PATH.
    #[arg(long, value_name = "URL", env = "MCP_TASKS_STORE", global = true)]
    pub store: Option<StoreUrl>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// The latest tasks, newest first.
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many.
        #[arg(long, value_name = "N", default_value = "50")]
        limit: NonZeroUsize,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// All that is known of one task.
    Show {
        /// The task: its id, or the first 6 characters of it or more.
        id: String,
        /// One JSON object, on one line.
        #[arg(long)]
        json: bool,
    },
    /// Ends tasks as cancelled, at once and for good.
    Cancel {
        /// The tasks.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Runs a task that has ended once more, as a new task, and prints the id of that.
    Retry {
        /// The task.
        id: String,
    },
    /// Deletes tasks that have ended.
    Purge {
        /// The tasks.
        #[arg(
            value_name = "ID",
            required_unless_present = "ended_before",
            conflicts_with = "ended_before"
        )]
        ids: Vec<String>,
        /// All that ended before a time, `2026-01-31` or `2026-01-31T12:00:00Z`, or so long ago: `7d`.
        #[arg(long, value_name = "DURATION|TIME")]
        ended_before: Option<Moment>,
        /// Does not ask first.
        #[arg(long)]
        yes: bool,
    },
    /// All tasks with their journals and results, oldest first: one JSON object a line.
    Export {
        #[command(flatten)]
        filter: Filter,
    },
    /// Shows what happens, until Ctrl-C.
    Watch,
}

/// Which tasks.
#[derive(Args)]
pub struct Filter {
    /// In this state: working, input_required, returned, returned_error, failed, cancelled; or live, or ended. Several
    /// times: in any of them.
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<States>,
    /// Of this tool.
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Of this principal. Nothing (`--owner ''`): of callers without one.
    #[arg(long, value_name = "TEXT")]
    owner: Option<String>,
}

impl Filter {
    pub fn admits(&self, record: &TaskRecord) -> bool {
        let in_state = |states: &States| match states {
            States::Only(state) => *state == record.state,
            States::Live => !record.state.is_final(),
            States::Ended => record.state.is_final(),
        };
        (self.states.is_empty() || self.states.iter().any(in_state))
            && self.tool.as_ref().is_none_or(|tool| *tool == record.tool)
            && self.owner.as_ref().is_none_or(|owner| owner == record.owner.as_str())
    }
}

/// One state, or a kind of them.
#[derive(Clone, Copy)]
enum States {
    Only(TaskState),
    Live,
    Ended,
}

impl FromStr for States {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "live" => Ok(Self::Live),
            "ended" => Ok(Self::Ended),
            _ => {
                let state = TaskState::ALL.into_iter().find(|state| state.as_str() == text);
                state.map(Self::Only).ok_or_else(|| {
                    let all = TaskState::ALL.map(TaskState::as_str).join(", ");
                    format!("choose one of {all}, live, ended")
                })
            }
        }
    }
}

/// Where the tasks are kept.
#[derive(Clone)]
pub enum StoreUrl {
    Sqlite(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const KNOWN: &str = "write sqlite:PATH, as in sqlite:tasks.db; other stores are not known";
        match text.split_once(':') {
            Some(("sqlite", path)) => {
                // An absolute path may come as in other URLs: sqlite:///var/lib/tasks.db.
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() {
                    return Err("the path is missing, as in sqlite:tasks.db".to_owned());
                }
                Ok(Self::Sqlite(path.into()))
            }
            _ => Err(KNOWN.to_owned()),
        }
    }
}

/// A time, or how long ago that was.
#[derive(Clone, Copy)]
pub enum Moment {
    Ago(Duration),
    At(u64),
}

impl Moment {
    /// In milliseconds since the epoch.
    pub fn at(self, now: u64) -> u64 {
        match self {
            Self::Ago(duration) => now.saturating_sub(milliseconds(duration)),
            Self::At(time) => time,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(duration) = humantime::parse_duration(text) {
            return Ok(Self::Ago(duration));
        }
        let time = humantime::parse_rfc3339_weak(text)
            .or_else(|_| humantime::parse_rfc3339_weak(&format!("{text}T00:00:00Z")));
        match time.map(|time| time.duration_since(UNIX_EPOCH)) {
            Ok(Ok(since)) => Ok(Self::At(milliseconds(since))),
            _ => Err("write a duration, as in 7d, or a time in UTC, as in 2026-01-31T12:00:00Z"
                .to_owned()),
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
