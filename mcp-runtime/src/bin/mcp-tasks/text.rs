//! Values as people read them.

use mcp_runtime::task::TaskRecord;
pub use mcp_runtime::task::operator::time;

pub use crate::shown::{cut, line, lines, size};

/// Enough of an id to find the task again. Not more: without authentication, who knows an id may use the task.
pub fn short(id: &str) -> String {
    line(id).chars().take(12).collect()
}

/// How long, in the two largest units.
pub fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) if seconds < 10 && milliseconds % 1000 >= 100 => {
            format!("{seconds}.{}s", milliseconds % 1000 / 100)
        }
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// How far a task is.
pub fn progress(record: &TaskRecord) -> String {
    let round = |number: f64| (number * 100.0).round() / 100.0;
    match record.progress {
        None => String::new(),
        Some((done, None)) => round(done).to_string(),
        Some((done, Some(total))) => format!("{}/{}", round(done), round(total)),
    }
}
