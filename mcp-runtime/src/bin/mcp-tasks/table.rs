//! Tasks as a table.

use std::io::{self, Write};

use mcp_runtime::task::TaskRecord;

use crate::terminal::Terminal;
use crate::text;

const HEADS: [&str; 7] = ["ID", "TOOL", "STATE", "AGE", "TRY", "PROGRESS", "MESSAGE"];

/// The column that is coloured.
const STATE: usize = 2;

/// The longest name of a tool that has room.
const TOOL: usize = 32;

/// Writes one line a task, each as wide as the terminal at most.
pub fn write<'a>(
    out: &mut impl Write,
    records: impl Iterator<Item = &'a TaskRecord>,
    terminal: Terminal,
    now: u64,
) -> io::Result<()> {
    let rows: Vec<_> = records.map(|record| (record.state, cells(record, now))).collect();
    let mut widths = HEADS.map(str::len);
    for (_, cells) in &rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    writeln!(out, "{}", row(&HEADS.map(str::to_owned), &widths, terminal, |_, cell| cell))?;
    for (state, cells) in &rows {
        let tint = |column, cell: String| {
            if column == STATE { terminal.tint(*state, &cell) } else { cell }
        };
        writeln!(out, "{}", row(cells, &widths, terminal, tint))?;
    }
    Ok(())
}

fn cells(record: &TaskRecord, now: u64) -> [String; HEADS.len()] {
    [
        text::short(record.id.as_str()),
        text::cut(&text::line(&record.tool), TOOL),
        record.state.to_string(),
        text::span(now.saturating_sub(record.created_at)),
        record.attempt.to_string(),
        text::progress(record),
        text::line(record.message.as_deref().unwrap_or_default()),
    ]
}

fn row(
    cells: &[String],
    widths: &[usize],
    terminal: Terminal,
    tint: impl Fn(usize, String) -> String,
) -> String {
    let mut room = terminal.size.map_or(usize::MAX, |(columns, _)| columns);
    let mut line = String::new();
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let last = column + 1 == cells.len();
        let cell = text::cut(cell, room.min(width));
        // Nothing follows the last cell.
        let padded = if last { cell } else { format!("{cell:width$}") };
        let padded = text::cut(&padded, room);
        room = room.saturating_sub(width + 2);
        line.push_str(&tint(column, padded));
        if !last && room > 0 {
            line.push_str("  ");
        }
    }
    line.truncate(line.trim_end().len());
    line
}
