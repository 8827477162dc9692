//! What rmcp offers to a client, for `tests/servers`: `rmcp-everything --stdio|--http ADDRESS`. Over HTTP it says where on stderr.

use axum::Router;
use mcpwright_peer_servers::{Arguments, Outcome};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    CompleteRequestParams, CompleteResult, ContentBlock, CreateTaskResult, ElicitRequestParams,
    GetPromptRequestParams, GetPromptResponse, GetTaskParams, GetTaskResult, InputRequest,
    InputRequiredResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams,
    ReadResourceResponse, ServerCapabilities, ServerConfig, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskExit, TaskManager, TaskOptions};
use rmcp::transport::io::stdio;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

#[derive(Clone, Default)]
struct Everything {
    tasks: TaskManager,
}

/// Its types cannot be written down outside of rmcp; their JSON can.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

fn text(words: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(words)])
}

fn form(message: &str) -> Value {
    json!({
        "mode": "form",
        "message": message,
        "requestedSchema": {
            "type": "object",
            "properties": { "name": { "type": "string" } },
            "required": ["name"],
        },
    })
}

fn name_of(answer: &Value) -> String {
    match answer["action"].as_str() {
        Some("accept") => answer["content"]["name"].as_str().unwrap_or("nobody").to_owned(),
        other => other.unwrap_or("nothing").to_owned(),
    }
}

impl Everything {
    /// Runs a task: it asks for a name if it is to, and waits to be cancelled if it is to.
    fn job(&self, asks: bool, endless: bool) -> CallToolResponse {
        let options = TaskOptions::new().with_poll_interval_ms(50).with_status_message("at work");
        let task = self.tasks.spawn(options, move |task| {
            Box::pin(async move {
                if endless {
                    task.cancelled().await;
                    return Err(TaskExit::Cancelled);
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                if !asks {
                    return Ok(text("done"));
                }
                let question = json!({ "method": "elicitation/create", "params": form("Whose?") });
                let question: InputRequest = read(question)?;
                let answer = task.request_input("whose", question).await?;
                Ok(text(format!("done for {}", name_of(&answer))))
            })
        });
        CallToolResponse::Task(CreateTaskResult::new(task))
    }
}

impl ServerHandler for Everything {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_completions()
            .enable_tasks()
            .build();
        ServerConfig::new(capabilities).with_instructions("Everything that rmcp has.")
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let numbers = json!({ "type": "object", "properties": {
            "a": { "type": "integer" }, "b": { "type": "integer" },
        }, "required": ["a", "b"] });
        let nothing = json!({ "type": "object" });
        let tool = |name: &str, schema: &Value| json!({ "name": name, "inputSchema": schema });
        // Two pages.
        if request.and_then(|request| request.cursor).is_none() {
            let tools = [tool("sum", &numbers), tool("fail", &nothing), tool("ask", &nothing)];
            return read(json!({ "tools": tools, "nextCursor": "2" }));
        }
        let tools = ["model", "job", "job_asking", "job_endless"].map(|name| tool(name, &nothing));
        read(json!({ "tools": tools }))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let answer = request.input_responses.as_ref().and_then(|all| all.get("answer")).cloned();
        let input = |method: &str, params: Value| -> Result<CallToolResponse, ErrorData> {
            let requests = read(json!({ "answer": { "method": method, "params": params } }))?;
            Ok(InputRequiredResult::new(Some(requests), Some("asked once".to_owned())).into())
        };
        let modern = context.protocol_version() >= Some(ProtocolVersion::V_2026_07_28);
        match request.name.as_ref() {
            "sum" => {
                let arguments = json!(request.arguments);
                let number = |key: &str| arguments[key].as_i64().unwrap_or_default();
                Ok(text((number("a") + number("b")).to_string()).into())
            }
            "fail" => Ok(CallToolResult::error(vec![ContentBlock::text("on purpose")]).into()),
            "ask" if !modern => {
                let question: ElicitRequestParams = read(form("Who are you?"))?;
                let answer = context.peer.create_elicitation(question).await;
                let answer =
                    answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                Ok(text(format!("Hello, {}!", name_of(&json!(answer)))).into())
            }
            "ask" => match answer {
                None => input("elicitation/create", form("Who are you?")),
                Some(answer) if request.request_state.as_deref() == Some("asked once") => {
                    Ok(text(format!("Hello, {}!", name_of(&answer))).into())
                }
                Some(_) => Err(ErrorData::invalid_params("`requestState` is another", None)),
            },
            "model" => match answer {
                None => {
                    let said = json!({ "type": "text", "text": "Capital of France?" });
                    let message = json!({ "role": "user", "content": said });
                    let params = json!({ "messages": [message], "maxTokens": 10 });
                    input("sampling/createMessage", params)
                }
                Some(answer) => {
                    let said = answer["content"]["text"].as_str();
                    Ok(text(said.unwrap_or("nothing")).into())
                }
            },
            "job" => Ok(self.job(false, false)),
            "job_asking" => Ok(self.job(true, false)),
            "job_endless" => Ok(self.job(false, true)),
            other => Err(ErrorData::invalid_params(format!("no tool `{other}`"), None)),
        }
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.tasks.get_task(&request.task_id)?))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.cancel_task(&request.task_id)
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let arguments = [json!({ "name": "whom", "required": true })];
        read(json!({ "prompts": [{ "name": "greeting", "arguments": arguments }] }))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = json!(request.arguments);
        let words = format!("Greet {}.", arguments["whom"].as_str().unwrap_or("everybody"));
        let content = json!({ "type": "text", "text": words });
        let found = json!({ "messages": [{ "role": "user", "content": content }] });
        Ok(GetPromptResponse::Complete(read(found)?))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        read(json!({ "resources": [{ "uri": "rmcp://about", "name": "about" }] }))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        read(json!({ "resourceTemplates": [{ "uriTemplate": "rmcp://{page}", "name": "page" }] }))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let contents = [json!({ "uri": request.uri, "text": "about rmcp" })];
        Ok(ReadResourceResponse::Complete(read(json!({ "contents": contents }))?))
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let begun = request.argument.value;
        let values: Vec<&str> =
            ["ada", "anna", "bob"].into_iter().filter(|name| name.starts_with(&begun)).collect();
        read(json!({ "completion": { "values": values } }))
    }
}

fn main() -> Outcome<()> {
    let arguments = Arguments::of_process();
    let runtime = arguments.runtime()?;
    let served = runtime.block_on(async {
        let server = Everything::default();
        if arguments.flag("--stdio") {
            server.serve(stdio()).await?.waiting().await?;
            return Ok(());
        }
        let address = arguments.value("--http").ok_or("nothing to serve on")?;
        let listener = TcpListener::bind(address).await?;
        eprintln!("listening on http://{}/mcp", listener.local_addr()?);
        let service = StreamableHttpService::new(
            move || Ok(server.clone()),
            Arc::new(LocalSessionManager::default()),
            StreamableHttpServerConfig::default(),
        );
        axum::serve(listener, Router::new().nest_service("/mcp", service)).await?;
        Ok(())
    });
    // The blocking read of `stdio()` never ends by itself, and dropping the runtime waits for it.
    runtime.shutdown_background();
    served
}
