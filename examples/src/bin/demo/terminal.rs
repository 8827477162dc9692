//! What the tour shows, and whom it asks.

use std::io::{IsTerminal as _, Write as _};

use indicatif::ProgressBar;
use mcp_runtime::Elicited;
use mcp_schema::v2026_07_28::ElicitRequestParams;
use serde_json::{Value, json};

/// The user: whoever sits at the terminal, or one who agrees.
pub async fn answer(question: ElicitRequestParams, bar: ProgressBar) -> Elicited<Value> {
    let ElicitRequestParams::Form(form) = question else { return Elicited::Declined };
    bar.finish_and_clear();
    println!("\n4. A question in the middle\n");
    print!("   {} [Y/n] ", form.message);
    // It is shown a moment later otherwise.
    let _ = std::io::stdout().flush();
    let typed = if std::io::stdin().is_terminal() {
        tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await.ok().flatten()
    } else {
        println!("y");
        None
    };
    let declined = matches!(typed, Some(Ok(line)) if line.trim().eq_ignore_ascii_case("n"));
    Elicited::Accepted(json!({ "approved": !declined }))
}

/// A line above the bar.
pub fn say(bar: &ProgressBar, line: &str) {
    bar.suspend(|| println!("{line}"));
}

/// `scene 3 of 8`
pub fn scenes(message: &str) -> Option<(u64, u64)> {
    let (scene, all) = message.strip_prefix("scene ")?.split_once(" of ")?;
    Some((scene.parse().ok()?, all.parse().ok()?))
}
