//! The live tasks on a terminal: a bar for each that has room, and a line of numbers below.

use std::collections::HashSet;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use mcp_runtime::task::{Stats, TaskId, TaskRecord};

use crate::follow::Change;
use crate::terminal::Terminal;
use crate::text;

/// How long a task that has ended stays.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long nothing happens, in milliseconds, before a task makes room for one that does something.
const STILL: u64 = 3_000;

/// Steps of a bar.
const STEPS: u64 = 1_000;

/// Terminals with fewer columns have no bars, only words.
const NARROW: usize = 80;

/// What is drawn.
pub struct Board {
    bars: MultiProgress,
    summary: ProgressBar,
    /// From top to bottom.
    rows: Vec<Row>,
}

struct Row {
    record: TaskRecord,
    bar: ProgressBar,
    ended: Option<Instant>,
}

impl Board {
    pub fn new() -> Self {
        // As seldom as can be said: each update is drawn once, by its last line.
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(1));
        let summary = bars.add(ProgressBar::no_length().with_style(style("{wide_msg}")));
        Self { bars, summary, rows: Vec::new() }
    }

    /// The tasks that have a bar.
    pub fn shown(&self) -> Vec<TaskId> {
        self.rows.iter().map(|row| row.record.id.clone()).collect()
    }

    /// Draws what has changed.
    pub fn update<'a>(
        &mut self,
        changes: Vec<Change>,
        live: impl Iterator<Item = &'a TaskRecord>,
        stats: &Stats,
        now: u64,
    ) {
        let terminal = Terminal::stdout();
        for change in changes {
            let row = self.rows.iter_mut().find(|row| row.record.id == change.record.id);
            if let Some(row) = row {
                row.ended = (change.gone || change.record.state.is_final()).then(Instant::now);
                row.record = change.record;
            }
        }
        let (gone, stay) = std::mem::take(&mut self.rows)
            .into_iter()
            .partition(|row| row.ended.is_some_and(|ended| ended.elapsed() > FAREWELL));
        self.rows = stay;
        self.take_down(gone);
        let hidden = self.choose(live, terminal, now);
        for row in &self.rows {
            row.draw(terminal, now);
        }
        // A bar that is finished is drawn however long ago the last time was, and the others with it.
        self.summary.clone().with_message(summary(stats, hidden, now)).abandon();
    }

    fn take_down(&self, rows: Vec<Row>) {
        for row in rows {
            self.bars.remove(&row.bar);
        }
    }

    /// Gives what changed last a bar, as far as there is room, and says how many have none. Tasks keep their place while they
    /// do something, so that the eye can follow.
    fn choose<'a>(
        &mut self,
        live: impl Iterator<Item = &'a TaskRecord>,
        terminal: Terminal,
        now: u64,
    ) -> usize {
        // The line of numbers, and the one that the cursor is on.
        let room = terminal.size.map_or(20, |(_, rows)| rows - 2);
        let shown: HashSet<_> = self.rows.iter().map(|row| row.record.id.clone()).collect();
        let mut waiting: Vec<_> = live.filter(|record| !shown.contains(&record.id)).collect();
        waiting.sort_by_key(|record| std::cmp::Reverse(record.updated_at));
        let all = waiting.len() + self.alive();
        // The terminal may have become smaller.
        let below = self.rows.split_off(room.min(self.rows.len()));
        self.take_down(below);
        let mut come = Vec::new();
        for record in &waiting {
            if self.rows.len() + come.len() >= room {
                let Some(still) = self.stillest(now, record.updated_at) else { break };
                let row = self.rows.remove(still);
                self.take_down(vec![row]);
            }
            come.push(*record);
        }
        // The newest comes to stand at the top.
        for record in come.into_iter().rev() {
            let bar = self.bars.insert(0, ProgressBar::new(STEPS));
            self.rows.insert(0, Row { record: record.clone(), bar, ended: None });
        }
        all - self.alive()
    }

    /// How many of the bars are of tasks that have not ended.
    fn alive(&self) -> usize {
        self.rows.iter().filter(|row| row.ended.is_none()).count()
    }

    /// The task in whose place one can stand that changed then.
    fn stillest(&self, now: u64, changed: u64) -> Option<usize> {
        let rows = self.rows.iter().enumerate().filter(|(_, row)| row.ended.is_none());
        let (index, row) = rows.min_by_key(|(_, row)| row.record.updated_at)?;
        let still = row.record.updated_at;
        (still < changed && still.saturating_add(STILL) <= now).then_some(index)
    }
}

/// What was drawn last stays to be read, however watching ends.
impl Drop for Board {
    fn drop(&mut self) {
        // Bars would draw themselves once more when they are dropped.
        self.bars.set_draw_target(ProgressDrawTarget::hidden());
        // The cursor is at the end of the last line, or behind a `^C`. Were the terminal gone, that would not matter.
        let _ = writeln!(io::stdout());
    }
}

impl Row {
    fn draw(&self, terminal: Terminal, now: u64) {
        let record = &self.record;
        let (state, age) = match self.ended {
            Some(_) if !record.state.is_final() => ("gone", record.updated_at),
            Some(_) => (record.state.as_str(), record.updated_at),
            None => (record.state.as_str(), now),
        };
        let state = terminal.tint(record.state, &format!("{state:<14}"));
        let id = text::short(record.id.as_str());
        let tool = text::cut(&text::line(&record.tool), 16);
        let attempt = match record.attempt {
            0 | 1 => String::new(),
            more => format!("attempt {more}"),
        };
        let age = text::span(age.saturating_sub(record.created_at));
        let message = text::line(record.message.as_deref().unwrap_or_default());
        let mut parts = vec![age, attempt, text::progress(record), message];
        let share = record.progress.and_then(|(done, total)| Some(done / total?));
        let narrow = terminal.size.is_some_and(|(columns, _)| columns < NARROW);
        let (prefix, layout) = if narrow {
            parts.insert(0, tool);
            (format!("{id}  {state}"), "{prefix}  {wide_msg}")
        } else {
            let layout = match share {
                Some(_) => "{prefix}  {bar:16}  {wide_msg}",
                None if self.ended.is_some() => "{prefix}  {wide_msg}",
                None => "{prefix}  {spinner:16}  {wide_msg}",
            };
            (format!("{id}  {tool:<16}  {state}"), layout)
        };
        parts.retain(|part| !part.is_empty());
        let bar = self.bar.clone().with_style(style(layout));
        // What is not a number is nothing.
        let steps = (share.unwrap_or(0.0).clamp(0.0, 1.0) * STEPS as f64) as u64;
        bar.with_prefix(prefix).with_message(parts.join("  ")).with_position(steps).tick();
    }
}

/// The numbers of the store.
fn summary(stats: &Stats, hidden: usize, now: u64) -> String {
    let Stats { running, due, waiting, ended, due_since, .. } = *stats;
    let mut summary = format!("{running} running, {due} due");
    if let Some(since) = due_since {
        summary += &format!(" (for {} at most)", text::span(now.saturating_sub(since)));
    }
    summary += &format!(", {waiting} waiting, {ended} ended");
    if hidden > 0 {
        summary += &format!("; {hidden} more than fit here");
    }
    summary
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates above are well formed")
}
