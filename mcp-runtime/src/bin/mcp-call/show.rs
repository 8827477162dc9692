//! What people read.

use std::io::{self, IsTerminal as _, Write};

use mcp_runtime::client::{TaskInfo, TaskTicket, ToolResult};
use mcp_schema::v2026_07_28::{ContentBlock, Prompt, Resource, ResourceTemplate, Tool};
use mcp_schema::{JsonObject, Value};
use serde_json::json;

use crate::field::Field;
use crate::shown;

/// How text of ours stands out.
#[derive(Clone, Copy)]
pub enum Style {
    Name,
    Faint,
    Trouble,
}

/// Text in a style, where there may be colours.
pub fn styled(style: Style, text: &str, colour: bool) -> String {
    let code = match style {
        Style::Name => 1,
        Style::Faint => 2,
        Style::Trouble => 31,
    };
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

fn colour() -> bool {
    io::stdout().is_terminal() && shown::has_colour()
}

fn heading(out: &mut impl Write, name: &str, title: Option<&str>) -> io::Result<()> {
    let name = styled(Style::Name, &shown::line(name), colour());
    match title {
        Some(title) => writeln!(out, "{name}  {}", shown::line(title)),
        None => writeln!(out, "{name}"),
    }
}

fn paragraph(out: &mut impl Write, text: Option<&str>) -> io::Result<()> {
    for line in shown::lines(text.unwrap_or_default()).trim().lines() {
        writeln!(out, "  {}", line.trim_end())?;
    }
    Ok(())
}

/// Names and values, the values below each other.
fn table(out: &mut impl Write, rows: &[(String, String)]) -> io::Result<()> {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        let line = format!("    {name:width$}  {value}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn fields(out: &mut impl Write, schema: &Value) -> io::Result<()> {
    let row = |field: &Field| {
        let mut words = vec![shown::line(&field.hint())];
        if field.required {
            words.push("required".to_owned());
        }
        if let Some(default) = &field.default {
            words.push(format!("default {}", shown::line(&default.to_string())));
        }
        let what = field.description.as_deref().or(field.title.as_deref()).unwrap_or_default();
        let what = if what.is_empty() { String::new() } else { format!(": {}", shown::line(what)) };
        (shown::line(&field.name), format!("{}{what}", words.join(", ")))
    };
    table(out, &Field::all(schema).iter().map(row).collect::<Vec<_>>())
}

/// A tool in short.
pub fn tool(out: &mut impl Write, tool: &Tool) -> io::Result<()> {
    let title = tool.annotations.as_ref().and_then(|hints| hints.title.as_deref());
    heading(out, &tool.name, tool.title.as_deref().or(title))?;
    paragraph(out, tool.description.as_deref())?;
    let traits = traits(tool);
    if !traits.is_empty() {
        let line = format!("  {}", traits.join(", "));
        writeln!(out, "{}", styled(Style::Faint, &line, colour()))?;
    }
    fields(out, &json!(tool.input_schema))
}

/// What a tool says of itself: whether it can be a task (2025-11-25), and its annotations, where they are there.
fn traits(tool: &Tool) -> Vec<String> {
    let support = tool.extra.get("execution").and_then(|it| it["taskSupport"].as_str());
    let task = support.map(|support| format!("task {}", shown::line(support)));
    let hints = json!(tool.annotations);
    let hint = |(key, yes, no): (&str, &str, &str)| {
        hints[key].as_bool().map(|so| if so { yes } else { no }.to_owned())
    };
    let known = [
        ("readOnlyHint", "read-only", "not read-only"),
        ("destructiveHint", "destructive", "not destructive"),
        ("idempotentHint", "idempotent", "not idempotent"),
        ("openWorldHint", "open world", "closed world"),
    ];
    task.into_iter().chain(known.into_iter().filter_map(hint)).collect()
}

/// All that is known of a tool.
pub fn whole_tool(out: &mut impl Write, one: &Tool) -> io::Result<()> {
    tool(out, one)?;
    let mut rest = json!(one);
    if let Some(rest) = rest.as_object_mut() {
        for key in ["name", "title", "description"] {
            rest.shift_remove(key);
        }
    }
    document(out, &rest)
}

pub fn prompt(out: &mut impl Write, prompt: &Prompt) -> io::Result<()> {
    heading(out, &prompt.name, prompt.title.as_deref())?;
    paragraph(out, prompt.description.as_deref())?;
    let arguments = prompt.arguments.iter().flatten().map(|argument| {
        let required = argument.required.unwrap_or(false).then_some("required");
        let what = argument.description.as_deref().or(argument.title.as_deref());
        let words: Vec<&str> = required.into_iter().chain(what).collect();
        (shown::line(&argument.name), shown::line(&words.join(": ")))
    });
    table(out, &arguments.collect::<Vec<_>>())
}

pub fn resource(out: &mut impl Write, resource: &Resource) -> io::Result<()> {
    heading(out, &resource.uri, resource.title.as_deref().or(Some(&resource.name)))?;
    paragraph(out, resource.description.as_deref())?;
    paragraph(out, resource.mime_type.as_deref())
}

pub fn template(out: &mut impl Write, template: &ResourceTemplate) -> io::Result<()> {
    heading(out, &template.uri_template, template.title.as_deref().or(Some(&template.name)))?;
    paragraph(out, template.description.as_deref())?;
    paragraph(out, template.mime_type.as_deref())
}

/// JSON over several lines.
pub fn document(out: &mut impl Write, value: &Value) -> io::Result<()> {
    let pretty = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    writeln!(out, "{}", shown::lines(&pretty))
}

/// What a tool returned: its content, and the structured output unless its text says the same.
pub fn tool_result(out: &mut impl Write, result: &ToolResult) -> io::Result<()> {
    for block in &result.content {
        content(out, block)?;
    }
    let Some(structured) = &result.structured else { return Ok(()) };
    let said = serde_json::from_str::<Value>(&result.text()).is_ok_and(|text| text == *structured);
    if said { Ok(()) } else { document(out, structured) }
}

/// One block of content. What is no text is only named: a terminal cannot show it.
pub fn content(out: &mut impl Write, block: &ContentBlock) -> io::Result<()> {
    match block {
        ContentBlock::Text(text) => writeln!(out, "{}", shown::lines(&text.text)),
        ContentBlock::Image(image) => blob(out, "image", &image.mime_type, &image.data),
        ContentBlock::Audio(audio) => blob(out, "audio", &audio.mime_type, &audio.data),
        ContentBlock::ResourceLink(link) => {
            writeln!(out, "[{}: {}]", shown::line(&link.name), shown::line(&link.uri))
        }
        ContentBlock::Resource(embedded) => resource_contents(out, &json!(embedded.resource)),
        other => document(out, &json!(other)),
    }
}

/// The contents of one resource, by its address.
pub fn resource_contents(out: &mut impl Write, contents: &Value) -> io::Result<()> {
    let text = |key: &str| contents[key].as_str().unwrap_or_default();
    match contents["text"].as_str() {
        Some(words) => writeln!(out, "{}", shown::lines(words)),
        None => blob(out, text("uri"), text("mimeType"), text("blob")),
    }
}

fn blob(out: &mut impl Write, what: &str, kind: &str, base64: &str) -> io::Result<()> {
    let padding = base64.bytes().rev().take_while(|byte| *byte == b'=').count();
    let size = shown::size((base64.len() / 4 * 3).saturating_sub(padding));
    let kind = if kind.is_empty() { String::new() } else { format!(" {kind}") };
    writeln!(out, "[{}{}, {size}]", shown::line(what), shown::line(&kind))
}

/// How far a task is, on one line.
pub fn status(info: &TaskInfo) -> String {
    let status = json!(info.status);
    let status = status.as_str().unwrap_or_default().to_owned();
    match info.message.as_deref().filter(|message| !message.is_empty()) {
        Some(message) => format!("{status}: {}", shown::line(message)),
        None => status,
    }
}

/// The id of a task, which has to be whole to be of use.
pub fn id(out: &mut impl Write, info: &TaskInfo) -> io::Result<()> {
    writeln!(out, "{}", shown::line(&info.id))
}

/// How far a task is, and what it asks.
pub fn task(out: &mut impl Write, info: &TaskInfo, questions: &JsonObject) -> io::Result<()> {
    id(out, info)?;
    writeln!(out, "  {}", status(info))?;
    for (key, question) in questions {
        let method = question["method"].as_str().unwrap_or_default();
        let message = question["params"]["message"].as_str().unwrap_or_default();
        let (key, method, message) = (shown::line(key), shown::line(method), shown::line(message));
        writeln!(out, "  {key}: {method}: {message}")?;
        fields(out, &question["params"]["requestedSchema"])?;
    }
    Ok(())
}

/// A task that was kept.
pub fn ticket(out: &mut impl Write, ticket: &TaskTicket) -> io::Result<()> {
    let created = humantime::format_rfc3339_seconds(ticket.created());
    let (id, tool) = (shown::line(ticket.task_id()), shown::line(ticket.tool()));
    writeln!(out, "{id}  {tool}  {created}  {}", shown::line(ticket.server().unwrap_or_default()))
}
