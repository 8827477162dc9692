//! What happens, as it happens.

use std::io::{self, Write};
use std::time::Duration;

use mcp_runtime::task::{Clock, TaskStore};
use tokio::time::MissedTickBehavior;

use crate::board::Board;
use crate::failure::Failure;
use crate::follow::{Change, Follower};
use crate::terminal::Terminal;
use crate::text;

/// How often the store is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// Shows tasks until Ctrl-C: bars on a terminal, otherwise a line for each change.
pub async fn watch(store: &dyn TaskStore) -> Result<(), Failure> {
    let board = Terminal::stdout().size.map(|_| Board::new());
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
        failed = follow(store, board) => failed,
    }
}

/// Ends with an error, or not at all.
async fn follow(store: &dyn TaskStore, mut board: Option<Board>) -> Result<(), Failure> {
    let mut out = io::stdout();
    let mut follower = Follower::default();
    let mut beats = tokio::time::interval(EVERY);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let shown = board.as_ref().map(Board::shown).unwrap_or_default();
        let changes = follower.changes(store, &shown).await?;
        match &mut board {
            Some(board) => {
                let stats = store.stats().await?;
                board.update(changes, follower.live(), &stats, Clock::System.now());
            }
            None => {
                for change in &changes {
                    writeln!(out, "{}", line(change))?;
                }
                out.flush()?;
            }
        }
    }
}

fn line(change: &Change) -> String {
    let record = &change.record;
    let state = if change.gone { "gone" } else { record.state.as_str() };
    let attempt = match record.attempt {
        0 | 1 => String::new(),
        more => format!("attempt {more}"),
    };
    let parts = [
        text::time(record.updated_at),
        text::short(record.id.as_str()),
        text::line(&record.tool),
        state.to_owned(),
        attempt,
        text::progress(record),
        text::line(record.message.as_deref().unwrap_or_default()),
    ];
    let said: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join("  ")
}
