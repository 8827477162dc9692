//! What the page asks for, beside the protocol itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Method, Request, StatusCode};
use mcp_schema::Value;
use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use super::{Answer, Problem, Site, feed, json as respond, tasks};
use crate::journal::Json;
use crate::protocol::revision::Revision;
use crate::protocol::{legacy, modern};
use crate::server::definition::{RetryOn, TaskOptions, TaskSupport};
use crate::server::registry::{Listed, ToolEntry};
use crate::task::TaskId;
use crate::task::operator::restart_word;
use crate::transport::http::{Unread, read_body, waiting_time};

/// Answers what is neither a file nor a message of the protocol.
pub(super) async fn answer<B: http_body::Body>(
    site: &Arc<Site>,
    path: &str,
    request: Request<B>,
) -> Answer {
    let Some(what) = path.strip_prefix("/api/") else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "the console has no such page"));
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let query = Query(&query);
    let needs = match what {
        "server" | "tools" | "tasks" | "task" | "events" => Method::GET,
        "task/cancel" | "task/again" | "task/purge" | "task/answer" => Method::POST,
        _ => return Err(Problem::new(StatusCode::NOT_FOUND, "the console has no such page")),
    };
    if request.method() != needs {
        return Err(Problem::method(if needs == Method::GET { "GET" } else { "POST" }));
    }
    match what {
        "server" => Ok(respond(&server(site))),
        "tools" => Ok(respond(&tools(site))),
        "tasks" => tasks::list(site, &query).await,
        "task" => tasks::show(site, &query).await,
        "events" => feed::open(site, &query),
        "task/cancel" => tasks::cancel(site, read(site, request).await?).await,
        "task/again" => tasks::again(site, read(site, request).await?).await,
        "task/purge" => tasks::purge(site, read(site, request).await?).await,
        _ => tasks::answer(site, read(site, request).await?).await,
    }
}

/// The part behind the question mark. Values are ids and words that no browser has to encode.
pub(super) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let mut parts = self.0.split('&').filter_map(|part| part.split_once('='));
        parts.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    }
}

/// What a request says: an object.
pub(super) struct Said(BTreeMap<String, Json>);

impl Said {
    /// One of its members.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, Problem> {
        let wrong = |why: &str| Problem::new(StatusCode::BAD_REQUEST, format!("`{name}`: {why}"));
        let json = self.0.get(name).ok_or_else(|| wrong("it is missing"))?;
        serde_json::from_str(json.as_str()).map_err(|error| wrong(&error.to_string()))
    }

    /// The task that it is about.
    pub fn task(&self) -> Result<TaskId, Problem> {
        tasks::id(&self.get::<String>("id")?).ok_or_else(tasks::unknown)
    }
}

async fn read<B: http_body::Body>(site: &Site, request: Request<B>) -> Result<Said, Problem> {
    let limits = site.server.limits();
    let bytes = read_body(request.into_body(), limits.message, waiting_time(limits)).await;
    let bytes = bytes.map_err(|unread| match unread {
        Unread::TooLong => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
        Unread::TooSlow => Problem::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
        Unread::Broken => Problem::new(StatusCode::BAD_REQUEST, "the body broke off"),
    })?;
    serde_json::from_slice(&bytes)
        .map(Said)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}

fn server(site: &Site) -> Value {
    let server = &site.server;
    let inner = server.inner();
    let revisions = Revision::ALL.iter().rev();
    let capabilities: Map<String, Value> = revisions
        .clone()
        .map(|revision| (revision.to_string(), capabilities(site, *revision)))
        .collect();
    let settings = inner.tasks.settings();
    let tasks = server.registry().has_tasks.then(|| {
        json!({
            "inline_budget_ms": modern::tasks::milliseconds(settings.inline_budget),
            "ttl_ms": modern::tasks::milliseconds(settings.ttl),
            "live": settings.live,
            "kept": settings.kept,
        })
    });
    json!({
        "info": inner.info,
        "instructions": inner.instructions,
        "revisions": revisions.map(|revision| revision.as_str()).collect::<Vec<_>>(),
        "modern": Revision::MODERN.map(Revision::as_str),
        "capabilities": capabilities,
        "tasks": tasks,
        "principal": site.settings.principal.as_ref().map(|it| it.subject().to_owned()),
        "remote": site.settings.remote,
    })
}

/// What the server can do, as it tells clients of this revision.
fn capabilities(site: &Site, revision: Revision) -> Value {
    let (server, all) = (&site.server, site.server.capabilities());
    if revision.is_modern() {
        return serde_json::to_value(all).unwrap_or_default();
    }
    let has_tasks = server.registry().has_tasks;
    let tasks = has_tasks.then(|| legacy::tasks::capability(site.settings.principal.is_some()));
    let said = legacy::initialized(revision, &all, tasks, server.info(), None);
    let mut said: Value = serde_json::from_slice(&said).unwrap_or_default();
    said["capabilities"].take()
}

fn tools(site: &Site) -> Value {
    let registry = site.server.registry();
    json!({ "tools": registry.tools.values().map(tool).collect::<Vec<_>>() })
}

fn tool(Listed { entry, enabled }: &Listed<ToolEntry>) -> Value {
    let definition = &entry.definition;
    let wires: Map<String, Value> = Revision::ALL
        .iter()
        .rev()
        .map(|revision| {
            let value = match revision.is_modern() {
                true => modern::tool(definition),
                false => legacy::listed(*revision, legacy::tool(*revision, definition)),
            };
            (revision.to_string(), value)
        })
        .collect();
    let requires = definition.requires.iter().map(|feature| feature.as_str());
    json!({
        "name": definition.name,
        "enabled": enabled,
        "title": definition.title,
        "description": definition.description,
        "annotations": definition.annotations,
        "input_schema": definition.input_schema,
        "output_schema": definition.output_schema,
        "requires": requires.collect::<Vec<_>>(),
        "task": options(&definition.task),
        "wires": wires,
    })
}

/// The author's words, for those that were said.
fn options(options: &TaskOptions) -> Value {
    let span = |span: std::time::Duration| humantime::format_duration(span).to_string();
    let retry = options.retry.map(|retry| {
        let RetryOn { error, panic, timeout } = retry.on;
        let on = [(error, "error"), (panic, "panic"), (timeout, "timeout")];
        let on: Vec<_> = on.iter().filter(|(yes, _)| *yes).map(|(_, word)| *word).collect();
        json!({ "attempts": retry.attempts, "backoff": span(retry.backoff), "on": on })
    });
    let restarts = options.support != TaskSupport::Forbidden;
    json!({
        "support": options.support.as_str(),
        "boundary": options.boundary,
        "restart": restarts.then(|| restart_word(options.restart)),
        "retry": retry,
        "timeout": options.timeout.map(span),
        "input_timeout": options.input_timeout.map(span),
        "ttl": options.ttl.map(span),
        "inline_budget": options.inline_budget.map(span),
        "max_concurrent": options.max_concurrent,
        "dedupe": options.dedupe,
        "version": options.version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_pairs() {
        let query = Query("a=1&task=abc_-&empty=&lonely");
        assert_eq!(query.get("a"), Some("1"));
        assert_eq!(query.get("task"), Some("abc_-"));
        assert_eq!(query.get("empty"), None);
        assert_eq!(query.get("lonely"), None);
        assert_eq!(Query("").get("a"), None);
    }
}
