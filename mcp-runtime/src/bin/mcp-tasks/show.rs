//! One task, for people.

use std::io::{self, Write};

use mcp_runtime::task::operator::{lines, questions, restart_word};
use mcp_runtime::task::{Outcome, TaskDetail, TaskRecord};
use serde_json::Value;

use crate::terminal::Terminal;
use crate::text;

/// Writes all that is known of a task.
pub fn write(
    out: &mut impl Write,
    detail: &TaskDetail,
    terminal: Terminal,
    now: u64,
) -> io::Result<()> {
    facts(out, detail, terminal, now)?;
    timeline(out, detail)?;
    if questions(detail).next().is_some() {
        writeln!(out, "\nQuestions")?;
    }
    for question in questions(detail) {
        let text = question.body.map(what_is_asked).unwrap_or_default();
        let line = format!("  {:<20}  {}  {text}", text::line(question.key), question.standing);
        writeln!(out, "{}", line.trim_end())?;
    }
    match &detail.view.outcome {
        None => Ok(()),
        Some(Outcome::Returned { body, .. }) => document(out, "Result", body.as_str()),
        Some(Outcome::Failed(error)) => document(out, "Error", error.as_str()),
    }
}

fn facts(
    out: &mut impl Write,
    detail: &TaskDetail,
    terminal: Terminal,
    now: u64,
) -> io::Result<()> {
    let record = &detail.view.record;
    let mut fact = |name: &str, value: &str| writeln!(out, "{name:<10}  {value}");
    fact("Task", &text::line(record.id.as_str()))?;
    let version = match detail.saved.version.as_str() {
        "" => String::new(),
        version => format!(", version {}", text::line(version)),
    };
    let restart = restart_word(detail.restart);
    fact("Tool", &format!("{}{version}, restart {restart}", text::line(&record.tool)))?;
    fact("Owner", &owner(record))?;
    let state = terminal.tint(record.state, record.state.as_str());
    match &record.message {
        None => fact("State", &state)?,
        Some(message) => fact("State", &format!("{state}: {}", text::line(message)))?,
    }
    if record.progress.is_some() {
        fact("Progress", &text::progress(record))?;
    }
    fact("Attempt", &record.attempt.to_string())?;
    fact(
        "Created",
        &format!("{} ({})", text::time(record.created_at), when(record.created_at, now)),
    )?;
    fact(
        "Changed",
        &format!("{} ({})", text::time(record.updated_at), when(record.updated_at, now)),
    )?;
    match record.expires_at {
        Some(at) => fact("Expires", &format!("{} ({})", text::time(at), when(at, now)))?,
        None => fact("Expires", "never")?,
    }
    if let Some(old) = &record.retry_of {
        fact("Repeats", &text::line(old.as_str()))?;
    }
    fact("Work", &work(detail, now))?;
    let call: Value = serde_json::from_str(detail.call.as_str()).unwrap_or_default();
    let revision = call["revision"].as_str().unwrap_or("an unknown revision");
    let client = call["client"]["info"]["name"]
        .as_str()
        .or(call["params"]["_meta"]["io.modelcontextprotocol/clientInfo"]["name"].as_str())
        .map(|name| format!(", by {}", text::line(name)));
    fact("Called", &format!("in {}{}", text::line(revision), client.unwrap_or_default()))?;
    match &call["params"]["arguments"] {
        Value::Null => Ok(()),
        arguments => fact("Arguments", &text::line(&arguments.to_string())),
    }
}

fn owner(record: &TaskRecord) -> String {
    match record.owner.as_str() {
        "" => "nobody in particular: who knows the id".to_owned(),
        owner => text::line(owner),
    }
}

/// Who works on it, or what it waits for.
fn work(detail: &TaskDetail, now: u64) -> String {
    let ended = detail.view.record.state.is_final();
    match (&detail.claim, detail.due_at) {
        (Some(claim), _) if ended => {
            format!("node {} cleans up, epoch {}", claim.node, claim.epoch)
        }
        (Some(claim), _) => format!("on node {}, epoch {}", claim.node, claim.epoch),
        (None, _) if ended => "none: it has ended".to_owned(),
        (None, Some(at)) if at <= now => {
            format!("due for {}: no node has taken it", text::span(now - at))
        }
        (None, Some(at)) => format!("parked until {} ({})", text::time(at), when(at, now)),
        (None, None) => "parked until somebody answers".to_owned(),
    }
}

fn timeline(out: &mut impl Write, detail: &TaskDetail) -> io::Result<()> {
    let record = &detail.view.record;
    writeln!(out, "\nTimeline")?;
    let mut event = |at: Option<u64>, what: &str, key: &str, size: usize| {
        let since = |at: u64| format!("+{}", text::span(at.saturating_sub(record.created_at)));
        let (time, since) = (at.map(text::time), at.map(since));
        let (time, since) = (time.unwrap_or_default(), since.unwrap_or_default());
        let size = if size > 0 { text::size(size) } else { String::new() };
        let line = format!("  {time:<24}  {since:<8}  {what:<9}  {key:<20}  {size}");
        writeln!(out, "{}", line.trim_end())
    };
    event(Some(record.created_at), "created", "", 0)?;
    for line in lines(detail) {
        event(line.at, line.kind(), &text::line(&line.record.key), line.size())?;
    }
    for (key, deadline) in &detail.saved.timers {
        event(Some(*deadline), "timer set", &text::line(key), 0)?;
    }
    if record.state.is_final() {
        event(Some(record.updated_at), record.state.as_str(), "", 0)?;
    }
    Ok(())
}

/// Method and message of a question.
fn what_is_asked(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let method = body["method"].as_str().unwrap_or_default();
    let asked = match body["params"]["message"].as_str() {
        Some(message) => format!("{method}: {message}"),
        None => method.to_owned(),
    };
    text::line(&text::cut(&asked, 200))
}

fn document(out: &mut impl Write, title: &str, json: &str) -> io::Result<()> {
    writeln!(out, "\n{title}")?;
    let pretty =
        serde_json::from_str::<Value>(json).and_then(|value| serde_json::to_string_pretty(&value));
    for line in text::lines(&pretty.unwrap_or_else(|_| json.to_owned())).lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// A time as people count.
fn when(at: u64, now: u64) -> String {
    if at > now {
        format!("in {}", text::span(at - now))
    } else {
        format!("{} ago", text::span(now - at))
    }
}
