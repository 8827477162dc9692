//! A server to call, over HTTP in this process or over stdio in one of its own, and the command on it.

use std::error::Error;
use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mcp_runtime::{
    Completion, Context, Elicited, InputError, Partial, RpcError, Server, mcp_prompt, mcp_resource,
    mcp_tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

pub type Tested = Result<(), Box<dyn Error>>;
pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// Adds two numbers.
#[mcp_tool(read_only, open_world = false)]
async fn add(a: i64, b: i64) -> String {
    (a + b).to_string()
}

/// Says what it was given, as JSON.
#[mcp_tool]
async fn mirror(words: Vec<String>, loud: Option<bool>, size: Option<f64>) -> String {
    json!({ "words": words, "loud": loud, "size": size }).to_string()
}

/// Cannot do what it is for.
#[mcp_tool]
async fn fail() -> Result<String, &'static str> {
    Err("this fails on purpose")
}

/// Says what a terminal should not run.
#[mcp_tool(title = "\u{1b}[31mred\u{7}")]
async fn paint() -> &'static str {
    "\u{1b}[2Jgone\u{9b}2J \u{202e}dlrow"
}

/// Counts aloud.
#[mcp_tool]
async fn count(cx: &Context) -> &'static str {
    for done in 1..=3 {
        cx.progress(f64::from(done)).total(3.0).message(format!("at {done}")).await;
    }
    "counted"
}

/// Wants to know who is there.
#[mcp_tool]
async fn sign_in(cx: &Context) -> Result<String, InputError> {
    let form = json!({ "type": "object", "properties": {
        "name": { "type": "string", "title": "Your name" },
        "age": { "type": "integer", "minimum": 0, "maximum": 150 },
        "colour": { "type": "string", "enum": ["red", "green"], "default": "green" },
        "news": { "type": "boolean", "default": false },
    }, "required": ["name"] });
    let answer: Elicited<Value> = cx.elicit_with("who", "Who are you?", form).await?;
    Ok(match answer {
        Elicited::Accepted(content) => content.to_string(),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Dismissed => "dismissed".to_owned(),
    })
}

/// Wants a page to be opened.
#[mcp_tool]
async fn pay(cx: &Context) -> Result<String, InputError> {
    let page = "https://pay.example/42?user=\u{202e}ada";
    let answer = cx.elicit_url("page", "Please pay.", page).await?;
    Ok(if matches!(answer, Elicited::Accepted(_)) { "paid" } else { "not paid" }.to_owned())
}

/// Waits for the end of the world.
#[mcp_tool(task_support = "optional", inline_budget = "1h")]
async fn wait(cx: &Context) -> &'static str {
    cx.cancelled().await;
    "cancelled"
}

/// Works until it is cancelled.
#[mcp_tool(task_support = "required")]
async fn toil(cx: &Context) -> &'static str {
    cx.cancelled().await;
    "cancelled"
}

/// Is on or off.
#[mcp_tool]
async fn switch(cx: &Context) -> Result<String, InputError> {
    let form = json!({ "type": "object", "properties": {
        "on": { "type": "boolean", "title": "On", "default": true },
    }, "required": ["on"] });
    let answer: Elicited<Value> = cx.elicit_with("on", "On or off?", form).await?;
    Ok(format!("{answer:?}"))
}

#[derive(Deserialize, JsonSchema)]
struct Consent {
    sure: bool,
}

/// Deletes a file, when somebody is sure.
#[mcp_tool(task_support = "required")]
async fn delete(cx: &Context, file: String) -> Result<String, InputError> {
    let Consent { sure } = cx.elicit("sure", format!("Delete {file}?")).await?.accepted()?;
    Ok(format!("{file} {}", if sure { "deleted" } else { "kept" }))
}

/// Breaks.
#[mcp_tool(task_support = "required")]
async fn explode() -> Result<String, RpcError> {
    Err(RpcError::internal("it exploded"))
}

async fn cities(partial: Partial) -> Completion {
    let all = ["Bergen", "Berlin", "Oslo"];
    all.into_iter().filter(|city| city.starts_with(&*partial.value)).collect()
}

/// A greeting.
#[mcp_prompt]
async fn greeting(#[arg(complete = cities)] city: String) -> String {
    format!("Greet {city}.")
}

#[mcp_resource("shop://about", mime_type = "text/plain")]
async fn about() -> &'static str {
    "about\u{1b}[2J the shop"
}

#[mcp_resource("shop://cities/{city}")]
async fn city(#[arg(complete = cities)] city: String) -> String {
    city
}

fn server() -> Result<Server, mcp_runtime::BuildError> {
    Server::builder("shop", "1.2.3")
        .instructions("Call its tools.")
        .tool::<add>()
        .tool::<mirror>()
        .tool::<fail>()
        .tool::<paint>()
        .tool::<count>()
        .tool::<sign_in>()
        .tool::<pay>()
        .tool::<wait>()
        .tool::<toil>()
        .tool::<switch>()
        .tool::<delete>()
        .tool::<explode>()
        .prompt::<greeting>()
        .resource::<about>()
        .resource::<city>()
        .build()
}

/// Set for the process that is a server.
const ROLE: &str = "MCP_CALL_TEST_SERVER";

/// The server of the other tests, as a process of its own.
#[test]
#[ignore = "run by the other tests, as a process of its own"]
fn the_server() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.expect("a runtime").block_on(server().expect("a server").serve_stdio());
    served.expect("served to the end");
}

/// A server over HTTP, and a folder for tasks.
pub struct Shop {
    pub server: Server,
    pub url: String,
    pub folder: TempDir,
    _stop: oneshot::Sender<()>,
}

/// What a command did.
pub struct Done {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    fn of(output: Output) -> Fallible<Self> {
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        Ok(Self { status: output.status.code(), out, err })
    }

    /// Its output, if it ended with this status.
    #[track_caller]
    pub fn exits(&self, status: i32) -> &str {
        assert_eq!(self.status, Some(status), "stdout: {}\nstderr: {}", self.out, self.err);
        &self.out
    }

    /// Its lines as JSON.
    #[track_caller]
    pub fn json(&self, status: i32) -> Vec<Value> {
        let lines = self.exits(status).lines();
        lines.map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

impl Shop {
    pub async fn open() -> Fallible<Self> {
        let server = server()?;
        let http = server.clone().bind_http("127.0.0.1:0").await?;
        let url = format!("http://{}/mcp", http.local_addr());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(http.serve_until(async { drop(stopped.await) }));
        Ok(Self { server, url, folder: tempfile::tempdir()?, _stop: stop })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-call"));
        command.env("MCP_CALL_HANDLES", self.folder.path()).env_remove("MCP_CALL_BEARER");
        command.stdin(Stdio::null());
        command
    }

    /// Runs the command on the server over HTTP.
    pub async fn http(&self, words: &[&str]) -> Fallible<Done> {
        let mut command = self.command();
        command.arg(&self.url).args(words);
        finish(command, None).await
    }

    /// Runs it without a server on its command line.
    pub async fn bare(&self, words: &[&str]) -> Fallible<Done> {
        let mut command = self.command();
        command.args(words);
        finish(command, None).await
    }

    /// Runs it on a server of its own, over stdio.
    pub async fn stdio(&self, words: &[&str]) -> Fallible<Done> {
        let mut command = self.command();
        command.args(words).arg("--").arg(std::env::current_exe()?).env(ROLE, "1");
        // The runner of the tests says nothing that could be taken for a message.
        command.args(["--exact", "shop::the_server", "--ignored", "--nocapture", "--quiet"]);
        command.arg("--test-threads=2");
        finish(command, None).await
    }

    /// Runs it over HTTP, and hands it its stdin.
    pub async fn typed(&self, words: &[&str], typed: &str) -> Fallible<Done> {
        let mut command = self.command();
        command.arg(&self.url).args(words);
        finish(command, Some(typed)).await
    }

    /// Begins it over HTTP, and leaves it running.
    pub fn begin(&self, words: &[&str]) -> Fallible<Child> {
        self.begin_at(&self.url, words)
    }

    /// Begins it on another server.
    pub fn begin_at(&self, url: &str, words: &[&str]) -> Fallible<Child> {
        let mut command = self.command();
        command.arg(url).args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command.spawn()?)
    }

    /// Begins it with a stdin that does not end by itself.
    #[cfg(unix)]
    pub fn begin_typing(&self, words: &[&str]) -> Fallible<Child> {
        let mut command = self.command();
        command.arg(&self.url).args(words).stdin(Stdio::piped());
        Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// Runs it over HTTP at a terminal, where somebody types. Nothing where there is no `script` to make one.
    #[cfg(target_os = "linux")]
    pub async fn at_terminal(&self, words: &str, typed: &str) -> Fallible<Option<Done>> {
        if Command::new("script").arg("--version").output().is_err() {
            return Ok(None);
        }
        let mut command = Command::new("script");
        let line = format!("'{}' {} {words}", env!("CARGO_BIN_EXE_mcp-call"), self.url);
        command.args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"]);
        command.env("MCP_CALL_HANDLES", self.folder.path()).env("TERM", "xterm");
        finish(command, Some(typed)).await.map(Some)
    }
}

/// Waits for a command, not on the thread that the server needs.
async fn finish(mut command: Command, typed: Option<&str>) -> Fallible<Done> {
    if typed.is_some() {
        command.stdin(Stdio::piped());
    }
    let typed = typed.map(str::to_owned);
    let done = tokio::task::spawn_blocking(move || {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let (Some(mut stdin), Some(typed)) = (child.stdin.take(), typed) {
            stdin.write_all(typed.as_bytes())?;
        }
        child.wait_with_output()
    });
    Done::of(tokio::time::timeout(Duration::from_secs(120), done).await???)
}

/// Waits for a command that was begun.
pub async fn end(child: Child) -> Fallible<Done> {
    let done = tokio::task::spawn_blocking(move || child.wait_with_output());
    Done::of(tokio::time::timeout(Duration::from_secs(120), done).await???)
}
