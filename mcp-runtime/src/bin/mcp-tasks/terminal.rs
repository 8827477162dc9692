//! What stands at the other end of stdout.

use std::io::{self, IsTerminal as _};

use mcp_runtime::task::TaskState;

use crate::shown;

/// Where people read.
#[derive(Clone, Copy)]
pub struct Terminal {
    /// Columns and rows. `None`: it is not a terminal, and nothing needs to be cut.
    pub size: Option<(usize, usize)>,
    /// Whether there may be colours.
    pub colour: bool,
}

impl Terminal {
    /// What stdout is at the moment.
    pub fn stdout() -> Self {
        let size = io::stdout().is_terminal().then(|| {
            let (columns, rows) = size().unwrap_or((80, 24));
            (columns.max(20), rows.max(4))
        });
        Self { size, colour: size.is_some() && shown::has_colour() }
    }

    /// Text in the colour of a state.
    pub fn tint(&self, state: TaskState, text: &str) -> String {
        let code = match state {
            TaskState::Working => 36,
            TaskState::InputRequired => 33,
            TaskState::Returned => 32,
            TaskState::ReturnedError | TaskState::Failed => 31,
            TaskState::Cancelled => 90,
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(unix)]
fn size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col.into(), size.ws_row.into()))
}

#[cfg(not(unix))]
fn size() -> Option<(usize, usize)> {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    Some((number("COLUMNS")?, number("LINES")?))
}
