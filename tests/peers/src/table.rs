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

/// A part that ours reaches of what another does, beside what it has to be at least.
pub fn at_least(part: f64, bar: Option<f64>) -> String {
    let percent = 100.0 * part;
    match bar {
        None => format!("{percent:.1} %"),
        Some(bar) if percent >= bar => format!("{percent:.1} % (≥ {bar} %: met)"),
        Some(bar) => format!("{percent:.1} % (≥ {bar} %: **missed**)"),
    }
}

/// How many times what another reaches ours does, beside how many it has to.
pub fn times(times: f64, bar: Option<f64>) -> String {
    match bar {
        None => format!("{times:.2}×"),
        Some(bar) if times >= bar => format!("{times:.2}× (≥ {bar}×: met)"),
        Some(bar) => format!("{times:.2}× (≥ {bar}×: **missed**)"),
    }
}
