//! Commands that ask a server one thing.

use std::io::{self, IsTerminal as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_schema::Value;
use mcp_schema::v2026_07_28::GetPromptResult;
use serde::Serialize;
use serde_json::json;

use crate::args::{Completed, Pair};
use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use crate::show;
use crate::shown;

/// Prints a list, one definition after the other.
pub fn list<T: Serialize>(
    session: &Session,
    items: &[T],
    show: fn(&mut io::Stdout, &T) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut out = io::stdout();
    for item in items {
        if session.screen.is_json() {
            output::json_line(&mut out, item)?;
        } else {
            show(&mut out, item)?;
        }
    }
    Ok(())
}

/// All tools, or one.
pub async fn tools(session: &Session, name: Option<String>) -> Result<(), Failure> {
    let tools = session.client.list_tools().await?;
    let Some(name) = name else { return list(session, &tools, show::tool) };
    let Some(tool) = tools.into_iter().find(|tool| tool.name == name) else {
        return Err(Failure::Failed(format!("the server lists no tool `{name}`")));
    };
    list(session, &[tool], show::whole_tool)
}

/// Who the server is.
pub async fn info(session: &Session) -> Result<(), Failure> {
    let client = &session.client;
    let (who, capabilities, instructions) = match client.initialized() {
        Some(server) => {
            (json!(server.server_info), json!(server.capabilities), server.instructions.clone())
        }
        None => {
            let server = client.discover().await?;
            let who = json!(server.meta)["io.modelcontextprotocol/serverInfo"].take();
            (who, json!(server.capabilities), server.instructions)
        }
    };
    let revision = client.revision();
    let mut out = io::stdout();
    if session.screen.is_json() {
        let document = json!({
            "revision": revision.as_str(),
            "serverInfo": who,
            "capabilities": capabilities,
            "instructions": instructions,
        });
        return Ok(output::json_line(&mut out, &document)?);
    }
    let text = |key: &str| shown::line(who[key].as_str().unwrap_or_default());
    writeln!(out, "{} {}", text("name"), text("version"))?;
    writeln!(out, "  revision {revision}")?;
    for (name, settings) in capabilities.as_object().into_iter().flatten() {
        let settings = match settings {
            Value::Object(all) if all.is_empty() => String::new(),
            settings => format!(" {}", shown::line(&settings.to_string())),
        };
        writeln!(out, "  {}{settings}", shown::line(name))?;
    }
    if let Some(instructions) = instructions {
        writeln!(out, "\n{}", shown::lines(instructions.trim()))?;
    }
    Ok(())
}

/// The messages of a prompt.
pub async fn prompt(session: &Session, name: String, pairs: Vec<Pair>) -> Result<(), Failure> {
    let arguments: serde_json::Map<String, Value> =
        pairs.into_iter().map(|pair| (pair.key, pair.value.into())).collect();
    let found: GetPromptResult = session.client.get_prompt(name, arguments).await?;
    let mut out = io::stdout();
    if session.screen.is_json() {
        return Ok(output::json_line(&mut out, &json!({ "result": found }))?);
    }
    if let Some(description) = &found.description {
        session.screen.note(&shown::lines(description));
    }
    for message in &found.messages {
        let role = json!(message.role);
        write!(out, "{}: ", role.as_str().unwrap_or_default())?;
        show::content(&mut out, &message.content)?;
    }
    Ok(())
}

/// The contents of a resource.
pub async fn read(session: &Session, uri: String, raw: bool) -> Result<(), Failure> {
    let mut out = io::stdout();
    if raw && out.is_terminal() {
        let why = "--raw is not for terminals: what the server sends could do anything there";
        return Err(Failure::Usage(why.to_owned()));
    }
    let found = session.client.read_resource(uri).await?;
    if session.screen.is_json() {
        return Ok(output::json_line(&mut out, &json!({ "result": found }))?);
    }
    for contents in &found.contents {
        let contents = json!(contents);
        if !raw {
            show::resource_contents(&mut out, &contents)?;
            continue;
        }
        match (contents["text"].as_str(), contents["blob"].as_str()) {
            (Some(text), _) => out.write_all(text.as_bytes())?,
            (None, blob) => {
                let bytes = STANDARD.decode(blob.unwrap_or_default()).map_err(|error| {
                    Failure::Failed(format!("the resource is no base64: {error}"))
                })?;
                out.write_all(&bytes)?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Suggestions for an argument.
pub async fn complete(
    session: &Session,
    of: Completed,
    target: &str,
    argument: &str,
    begun: &str,
    with: Vec<Pair>,
) -> Result<(), Failure> {
    let mut asking = match of {
        Completed::Prompt => session.client.complete_prompt(target, argument, begun),
        Completed::Resource => session.client.complete_resource(target, argument, begun),
    };
    for pair in with {
        asking = asking.with(pair.key, pair.value);
    }
    let found = asking.await?;
    let mut out = io::stdout();
    if session.screen.is_json() {
        return Ok(output::json_line(&mut out, &json!({ "completion": found }))?);
    }
    for value in &found.values {
        writeln!(out, "{}", shown::line(value))?;
    }
    if found.has_more == Some(true) {
        session.screen.note("there are more");
    }
    Ok(())
}
