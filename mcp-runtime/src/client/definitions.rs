//! What the server says of its tools, as far as calls need it: the headers that mirror arguments, the schema of the output,
//! whether a call may be a task.
//!
//! Everything that lists tools passes their definitions through [`Definitions::page`]. A notification that the list has changed
//! forgets them. A call that needs one while the list was not read yet reads it first, once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_schema::v2026_07_28::Tool;
use mcp_schema::{JsonObject, Value};

use super::error::ClientError;
use super::methods::Client;
use super::output::ToolResult;
use super::pages::Walk;
use crate::protocol::headers::ParamHeaders;
#[cfg(feature = "validation")]
use crate::protocol::validate::Schema;
use crate::server::definition::TaskSupport;

pub(super) const LIST: &str = "tools/list";
const CALL: &str = "tools/call";

/// How many tools are remembered.
const TOOLS: usize = 10_000;

/// How many bytes of definitions are remembered.
const BYTES: usize = 64 << 20;

/// The definition of one tool.
pub(super) struct Known {
    /// As it was listed.
    pub tool: Tool,
    /// `execution.taskSupport` (2025-11-25, Tool-Level Negotiation); nothing where the server does not say.
    pub task_support: Option<TaskSupport>,
    headers: ParamHeaders,
    #[cfg(feature = "validation")]
    output: std::sync::OnceLock<Result<Schema, String>>,
}

impl Known {
    fn new(tool: Tool, mirrored: bool) -> Result<Self, String> {
        let headers = match serde_json::to_value(&tool.input_schema) {
            Ok(Value::Object(schema)) if mirrored => {
                ParamHeaders::from_schema(&schema).map_err(|problems| problems.join("; "))?
            }
            _ => ParamHeaders::default(),
        };
        let task_support = tool.extra.get("execution").and_then(|execution| {
            Some(match execution.get("taskSupport")?.as_str()? {
                "optional" => TaskSupport::Optional,
                "required" => TaskSupport::Required,
                // What this client does not know it does not ask for.
                _ => TaskSupport::Forbidden,
            })
        });
        Ok(Self {
            tool,
            task_support,
            headers,
            #[cfg(feature = "validation")]
            output: std::sync::OnceLock::new(),
        })
    }

    /// What is wrong with a result of the tool, measured by its `outputSchema`.
    #[cfg(feature = "validation")]
    fn problems(&self, result: &ToolResult) -> Option<String> {
        let schema = self.tool.output_schema.as_ref()?;
        let schema = self.output.get_or_init(|| match serde_json::to_value(schema) {
            Ok(Value::Object(schema)) => Schema::of_a_stranger(&schema),
            _ => Err("it is no object".to_owned()),
        });
        match (schema, &result.structured) {
            (_, None) => {
                Some("`structuredContent` is missing, which its `outputSchema` describes".into())
            }
            // What cannot be checked is not taken for right (2026-07-28, `$ref` Resolution; Schema Dialect).
            (Err(problem), _) => Some(format!("its `outputSchema` cannot be used: {problem}")),
            (Ok(schema), Some(value)) => schema.check(value).map(|problems| {
                format!("`structuredContent` does not fit `outputSchema`: {problems}")
            }),
        }
    }
}

/// The tools that were listed. Bounded: what is beyond 10,000 tools or 64 MiB is handed on without being remembered.
#[derive(Default)]
pub(super) struct Definitions {
    state: Mutex<State>,
    /// One listing at a time, of those that calls begin.
    listing: tokio::sync::Mutex<()>,
    mirrored: AtomicBool,
}

#[derive(Default)]
struct State {
    tools: HashMap<String, Held>,
    bytes: usize,
    /// The number of the newest walk through the list.
    walks: u64,
    /// Walks below this one began before the list changed: what they bring is out of date.
    valid: u64,
    /// Whether a walk came to the end of the list.
    complete: bool,
}

struct Held {
    walk: u64,
    bytes: usize,
    /// The definition, or why it is not to be used.
    what: Result<Arc<Known>, String>,
}

impl Definitions {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, arguments are mirrored into headers: the transport has some, and the era wants it.
    #[cfg_attr(not(feature = "client-http"), allow(dead_code))]
    pub fn mirror(&self) {
        self.mirrored.store(true, Ordering::Relaxed);
    }

    fn mirrors(&self) -> bool {
        self.mirrored.load(Ordering::Relaxed)
    }

    /// What is known of a tool.
    pub fn tool(&self, name: &str) -> Option<Arc<Known>> {
        self.state().tools.get(name)?.what.as_ref().ok().cloned()
    }

    /// Whether all tools are known, so that one that is not does not exist.
    fn complete(&self) -> bool {
        self.state().complete
    }

    /// A walk through the list begins.
    pub fn begin(&self) -> u64 {
        let mut state = self.state();
        state.walks += 1;
        state.walks
    }

    /// One page of it: the tools that can be used. One whose `x-mcp-header` is invalid is left out with a warning, where
    /// arguments are mirrored (2026-07-28, Streamable HTTP, Schema Extension).
    pub fn page(&self, walk: u64, tools: Vec<(Tool, usize)>) -> Vec<Tool> {
        let mirrored = self.mirrors();
        let mut usable = Vec::with_capacity(tools.len());
        for (tool, bytes) in tools {
            let name = tool.name.clone();
            let what = Known::new(tool, mirrored).map(Arc::new);
            match &what {
                Ok(known) => usable.push(known.tool.clone()),
                Err(problem) => {
                    tracing::warn!(target: "mcp", tool = name, problem, "an invalid tool is left out");
                }
            }
            self.state().hold(name, Held { walk, bytes, what });
        }
        usable
    }

    /// The walk has come to the end of the list: what it did not meet is gone.
    pub fn end(&self, walk: u64) {
        let mut state = self.state();
        if walk < state.valid {
            return;
        }
        let State { tools, bytes, complete, .. } = &mut *state;
        tools.retain(|_, held| {
            let met = held.walk >= walk;
            if !met {
                *bytes -= held.bytes;
            }
            met
        });
        *complete = true;
    }

    /// The list has changed.
    pub fn forget(&self) {
        let mut state = self.state();
        let walks = state.walks;
        *state = State { walks, valid: walks + 1, ..State::default() };
    }

    /// The `Mcp-Param-*` headers of a call, or why it must not be made.
    fn headers(&self, name: &str, arguments: &Value) -> Result<Vec<(String, String)>, ClientError> {
        match self.state().tools.get(name).map(|held| &held.what) {
            None => Ok(Vec::new()),
            Some(Ok(known)) => known
                .headers
                .values(arguments)
                .map_err(|problem| ClientError::Arguments(problem.to_string())),
            Some(Err(problem)) => {
                let problem = format!("the definition of `{name}` is invalid: {problem}");
                Err(ClientError::invalid(LIST, problem))
            }
        }
    }
}

impl State {
    fn hold(&mut self, name: String, held: Held) {
        let before = self.tools.get(&name).map(|held| held.bytes);
        let bytes = self.bytes - before.unwrap_or(0) + held.bytes;
        let full = before.is_none() && self.tools.len() >= TOOLS;
        if held.walk < self.valid || full || bytes > BYTES {
            return;
        }
        self.bytes = bytes;
        self.tools.insert(name, held);
    }
}

impl Client {
    pub(super) fn definitions(&self) -> &Definitions {
        &self.connection().memory.definitions
    }

    /// The definition of a tool. The tools are listed first if that was never done, or not since they changed; a server that
    /// refuses to list them has none that are known.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`] of `tools/list` but a refusal. Cancel safe.
    pub(super) async fn definition(&self, name: &str) -> Result<Option<Arc<Known>>, ClientError> {
        if let Some(known) = self.definitions().tool(name) {
            return Ok(Some(known));
        }
        let _one = self.definitions().listing.lock().await;
        if !self.definitions().complete() {
            self.define(false).await?;
        }
        Ok(self.definitions().tool(name))
    }

    /// Reads the definitions of all tools, `again` whatever is in the cache.
    async fn define(&self, again: bool) -> Result<(), ClientError> {
        let client = if again { self.fresh() } else { self.clone() };
        let mut walk = Walk::new(&client);
        loop {
            match walk.page::<Tool>().await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(ClientError::Rpc { error, .. }) => {
                    tracing::debug!(target: "mcp", %error, "the server does not list its tools");
                    self.definitions().state().complete = true;
                    return Ok(());
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// The `Mcp-Param-*` headers of a request: of a call of a tool, where arguments are mirrored (2026-07-28, Streamable HTTP,
    /// Client Behavior).
    ///
    /// # Errors
    ///
    /// As [`definition`](Self::definition); [`ClientError::Invalid`] for a tool whose definition is,
    /// [`ClientError::Arguments`] for an argument that no header can hold.
    pub(super) async fn mirrored(
        &self,
        method: &str,
        params: &JsonObject,
    ) -> Result<Vec<(String, String)>, ClientError> {
        if method != CALL || !self.definitions().mirrors() {
            return Ok(Vec::new());
        }
        let Some(name) = params.get("name").and_then(Value::as_str) else {
            return Ok(Vec::new());
        };
        self.definition(name).await?;
        self.definitions().headers(name, params.get("arguments").unwrap_or(&Value::Null))
    }

    /// Whether a refusal means that the definition of the tool has changed, and reads it again then: the same request may be
    /// made once more (2026-07-28, Streamable HTTP, Client Behavior). It was refused before anything ran.
    pub(super) async fn defined_anew(&self, method: &str, error: &ClientError) -> bool {
        method == CALL
            && self.definitions().mirrors()
            && error.code() == Some(crate::code::HEADER_MISMATCH)
            && self.define(true).await.is_ok()
    }

    /// Measures what a tool returned by its `outputSchema`, if that is known; `checked` once more by a definition that is
    /// read again, since the tool may have changed.
    ///
    /// # Errors
    ///
    /// [`ClientError::Invalid`] that says where, for what does not fit; any [`ClientError`] of `tools/list`.
    #[cfg(feature = "validation")]
    pub(super) async fn checked(
        &self,
        name: &str,
        result: ToolResult,
    ) -> Result<ToolResult, ClientError> {
        use crate::protocol::revision::Revision;
        // Before 2025-06-18 there was no such schema. What failed is not described by one.
        if !self.validates() || result.is_error || self.revision() < Revision::V2025_06_18 {
            return Ok(result);
        }
        let problems = |known: Arc<Known>| known.problems(&result);
        if self.definitions().tool(name).and_then(problems).is_some() {
            self.define(true).await?;
            if let Some(problems) = self.definitions().tool(name).and_then(problems) {
                let problem = format!("of the tool `{name}`, {problems}");
                return Err(ClientError::invalid(CALL, problem));
            }
        }
        Ok(result)
    }

    #[cfg(not(feature = "validation"))]
    pub(super) async fn checked(
        &self,
        _name: &str,
        result: ToolResult,
    ) -> Result<ToolResult, ClientError> {
        Ok(result)
    }
}
