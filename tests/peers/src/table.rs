//! Markdown tables.

/// Prints a table whose first column is text and whose others are right-aligned.
pub fn print(header: &[String], rows: &[Vec<String>]) {
    line(header);
    let rule = (0..header.len()).map(|column| if column == 0 { "---" } else { "---:" });
    line(&rule.map(str::to_owned).collect::<Vec<_>>());
    for row in rows {
        line(row);
    }
    println!();
}

fn line(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// What ours costs of what another costs, beside what it may be at most if something is asked for.
pub fn ratio(ours: f64, other: f64, bar: Option<f64>) -> String {
    let percent = 100.0 * ours / other;
    match bar {
        None => format!("{percent:.1} %"),
        Some(bar) if percent <= bar => format!("{percent:.1} % (≤ {bar} %: met)"),
        Some(bar) => format!("{percent:.1} % (≤ {bar} %: **missed**)"),
    }
}
