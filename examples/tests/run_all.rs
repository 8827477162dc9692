//! Every example is started as a client would start it, and used in both lifecycles: with `initialize`, and without.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mcp_runtime::Elicited;
use mcp_runtime::client::Client;
use serde_json::{Value, json};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(10);

/// The path of an example.
macro_rules! program {
    ($name:literal) => {
        env!(concat!("CARGO_BIN_EXE_", $name))
    };
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lifecycle {
    /// 2025-11-25
    Legacy,
    /// 2026-07-28
    Modern,
}
use Lifecycle::{Legacy, Modern};

/// A server, and the lines that it has written. It ends with this value.
struct Server {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    lifecycle: Lifecycle,
    requests: u64,
}

impl Server {
    fn start(program: &str, lifecycle: Lifecycle) -> Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().ok_or("no stdin")?;
        let lines = lines_of(child.stdout.take().ok_or("no stdout")?);
        let mut server = Self { child, input, lines, lifecycle, requests: 0 };
        match lifecycle {
            Legacy => {
                let client = json!({ "name": "smoke", "version": "1" });
                let params = json!({
                    "protocolVersion": "2025-11-25",
                    "capabilities": { "elicitation": {} },
                    "clientInfo": client,
                });
                let result = server.request("initialize", params)?;
                assert_eq!(result["protocolVersion"], "2025-11-25");
                let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
                server.write(&done)?;
            }
            Modern => {
                let result = server.request("server/discover", json!({}))?;
                let versions = result["supportedVersions"].as_array().ok_or("no versions")?;
                assert!(versions.contains(&"2026-07-28".into()), "{versions:?}");
            }
        }
        Ok(server)
    }

    fn write(&mut self, message: &Value) -> Result {
        Ok(writeln!(self.input, "{message}")?)
    }

    fn read(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.lines.recv_timeout(PATIENCE)?)?)
    }

    fn send(&mut self, method: &str, mut params: Value) -> Result {
        self.requests += 1;
        if self.lifecycle == Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
            });
        }
        let id = self.requests;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    /// The result of a request; what is notified meanwhile is left aside.
    fn request(&mut self, method: &str, params: Value) -> Result<Value> {
        self.send(method, params)?;
        loop {
            let mut message = self.read()?;
            if message["id"] == self.requests {
                assert_eq!(message["error"], Value::Null, "{method}");
                return Ok(message["result"].take());
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(std::io::Result::ok);
        lines.map_while(|line| sender.send(line).ok()).for_each(drop);
    });
    lines
}

#[test]
fn tools() -> Result {
    let mile = json!({ "from": { "latitude": 0, "longitude": 0 },
        "to": { "latitude": 0, "longitude": 1 }, "unit": "miles" });
    for (program, tool, arguments, answer) in [
        (program!("hello"), "hello", json!({ "name": "Anna" }), "Hello, Anna!"),
        (program!("echo"), "echo", json!({ "text": "halló" }), "halló"),
        (program!("state"), "visits", json!({}), "0"),
        (program!("structured"), "distance", mile, r#"{"value":69.0,"unit":"miles"}"#),
        (program!("progress"), "primes", json!({ "below": 100 }), "25"),
        (program!("tasks"), "backup", json!({ "files": ["a"] }), "1 file(s) backed up"),
        (program!("gateway"), "refresh", json!({}), "tools: lights, heating"),
        (program!("layers"), "wait", json!({ "milliseconds": 1 }), "waited"),
        (program!("layers"), "wait", json!({ "milliseconds": 60_000 }), "request timed out"),
        (program!("everything"), "test_custom_header", json!({ "value": "x" }), "x"),
    ] {
        for lifecycle in [Legacy, Modern] {
            let mut server = Server::start(program, lifecycle)?;
            let listed = server.request("tools/list", json!({}))?;
            let mut tools = listed["tools"].as_array().ok_or("no tools")?.iter();
            assert!(tools.any(|listed| listed["name"] == tool), "{program}: {listed}");
            let call = json!({ "name": tool, "arguments": arguments });
            let result = server.request("tools/call", call)?;
            assert_eq!(result["content"][0]["text"], answer, "{program}, {lifecycle:?}: {result}");
        }
    }
    Ok(())
}

#[test]
fn state_is_shared_by_calls() -> Result {
    for lifecycle in [Legacy, Modern] {
        let mut server = Server::start(program!("state"), lifecycle)?;
        for (tool, arguments, answer) in [
            ("add", json!({ "text": "buy milk" }), json!(1)),
            ("add", json!({ "text": "buy bread" }), json!(2)),
            ("find", json!({ "word": "milk" }), json!(["buy milk"])),
            ("visits", json!({}), json!(2)),
        ] {
            let call = json!({ "name": tool, "arguments": arguments });
            let result = server.request("tools/call", call)?;
            let text = result["content"][0]["text"].as_str().ok_or("no text")?;
            assert_eq!(serde_json::from_str::<Value>(text)?, answer, "{tool}");
        }
    }
    Ok(())
}

#[test]
fn an_approval_on_both_wires() -> Result {
    let call = || json!({ "name": "order", "arguments": { "item": "tea" } });
    let answer = json!({ "action": "accept", "content": { "approved": true, "note": "fragile" } });
    let question = "tea costs 30 EUR. Order it?";

    let mut legacy = Server::start(program!("approval"), Legacy)?;
    legacy.send("tools/call", call())?;
    let asked = legacy.read()?;
    assert_eq!(asked["method"], "elicitation/create");
    assert_eq!(asked["params"]["message"], question);
    legacy.write(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": answer }))?;
    let old = legacy.read()?["result"].take();

    let mut modern = Server::start(program!("approval"), Modern)?;
    let first = modern.request("tools/call", call())?;
    assert_eq!(first["resultType"], "input_required");
    assert_eq!(first["inputRequests"]["approval"]["params"]["message"], question);
    let mut again = call();
    again["inputResponses"] = json!({ "approval": answer });
    again["requestState"] = first["requestState"].clone();
    let new = modern.request("tools/call", again)?;

    for result in [old, new] {
        assert_eq!(result["content"][0]["text"], "ordered tea for 30 EUR: number 4711", "{result}");
    }
    Ok(())
}

#[test]
fn prompts_and_resources() -> Result {
    for lifecycle in [Legacy, Modern] {
        let mut server = Server::start(program!("prompts_and_resources"), lifecycle)?;
        let templates = server.request("resources/templates/list", json!({}))?;
        assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "weather://{city}/{day}");
        let read = server.request("resources/read", json!({ "uri": "weather://Oslo/1" }))?;
        assert_eq!(read["contents"][0]["text"], "Oslo: 6 °C");
        let prompt = json!({ "name": "report", "arguments": { "city": "Oslo" } });
        let prompt = server.request("prompts/get", prompt)?;
        assert_eq!(prompt["messages"][0]["content"]["resource"]["text"], "4 °C");
        for (argument, value, suggested) in [
            ("city", "Ber", json!(["Bergen", "Berlin"])),
            ("style", "", json!(["short", "poetic"])),
        ] {
            let ask = json!({ "ref": { "type": "ref/prompt", "name": "report" },
                "argument": { "name": argument, "value": value } });
            let found = server.request("completion/complete", ask)?;
            assert_eq!(found["completion"]["values"], suggested);
        }
    }
    Ok(())
}

#[test]
fn tools_that_come_later() -> Result {
    for lifecycle in [Legacy, Modern] {
        let mut server = Server::start(program!("gateway"), lifecycle)?;
        server.request("tools/call", json!({ "name": "refresh" }))?;
        let call = json!({ "name": "lights", "arguments": { "on": true } });
        let result = server.request("tools/call", call)?;
        assert_eq!(result["content"][0]["text"], r#"{"called":"lights","with":{"on":true}}"#);
    }
    Ok(())
}

#[test]
fn progress_is_reported() -> Result {
    for lifecycle in [Legacy, Modern] {
        let mut server = Server::start(program!("progress"), lifecycle)?;
        // Whoever wants progress says so in the metadata; `send` knows only what every request has.
        let mut meta = json!({ "progressToken": "p" });
        if lifecycle == Modern {
            meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let params = json!({ "name": "primes", "arguments": { "below": 5000 }, "_meta": meta });
        let call = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params });
        server.write(&call)?;
        let first = server.read()?;
        assert_eq!(first["method"], "notifications/progress", "{first}");
        assert_eq!(first["params"]["progressToken"], "p");
    }
    Ok(())
}

/// Sends one request, and reads until the server closes the connection.
fn post(address: &str, path: &str, headers: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn over_http() -> Result {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let anna = "authorization: Bearer anna\r\n";
    for (program, arguments, tool, who, answer) in [
        (program!("axum"), &["127.0.0.1:0"][..], "whoami", anna, "anna"),
        (
            program!("echo"),
            &["--http", "127.0.0.1:0", "--tools", "3"],
            "echo_2",
            "",
            r#"{\"text\":\"hi\"}"#,
        ),
        (program!("everything"), &["--http", "127.0.0.1:0"], "test_logging_tool", "", "Logged"),
        (program!("console"), &["127.0.0.1:0"], "coffee", "", r#"\"price\":2.5"#),
    ] {
        let mut child = Command::new(program).args(arguments).stderr(Stdio::piped()).spawn()?;
        let lines = lines_of(child.stderr.take().ok_or("no stderr")?);
        let outcome = (|| {
            let line = lines.recv_timeout(PATIENCE)?;
            let (_, url) = line.split_once("http://").ok_or("not listening")?;
            let (address, path) = url.split_once('/').ok_or("no path")?;
            // The console tells its own path.
            let path = if line.starts_with("console: ") { "mcp" } else { path };
            let headers = format!(
                "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n{who}"
            );
            let arguments = match tool {
                "echo_2" => json!({ "text": "hi" }),
                "coffee" => json!({ "size": "small" }),
                _ => json!({}),
            };
            let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
            let body =
                json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
            post(address, &format!("/{path}"), &headers, &body.to_string())
        })();
        child.kill()?;
        child.wait()?;
        let response = outcome?;
        assert!(response.starts_with("HTTP/1.1 200") && response.contains(answer), "{response}");
    }
    Ok(())
}

/// What a process has done before it was killed stands in the result, and another one has done the rest.
#[test]
fn a_task_outlives_its_process() -> Result {
    let output = Command::new(program!("demo")).arg("--demo").stdin(Stdio::null()).output()?;
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout)?;
    let done: Vec<_> = said
        .lines()
        .filter_map(|line| line.split_once(" by process "))
        .map(|(what, process)| (what.trim(), process))
        .collect();
    let names: Vec<_> = done.iter().map(|(what, _)| *what).collect();
    let scenes: Vec<_> = (1..=8).map(|scene| format!("scene {scene} of 8")).collect();
    assert_eq!(names[..names.len() - 1], scenes, "{said}");
    assert_eq!(names.last(), Some(&"published"), "{said}");
    let mut processes: Vec<_> = done.iter().map(|(_, process)| *process).collect();
    processes.dedup();
    assert_eq!(processes.len(), 2, "{said}");
    Ok(())
}

/// A task with steps, a wait and a question, to its end.
#[tokio::test]
async fn a_task_in_a_file() -> Result {
    let folder = tempfile::tempdir()?;
    let mut server = tokio::process::Command::new(program!("long_task"));
    server.arg(folder.path().join("tasks.db")).stderr(Stdio::null());
    let client = Client::builder()
        .on_elicit(|_question| async { Elicited::Accepted(json!({ "approved": true })) })
        .spawn(server)
        .await?;
    let result = client.call_tool("publish", json!({ "title": "Holidays" })).await?.success()?;
    assert_eq!(result.text().lines().count(), 7, "{}", result.text());
    Ok(client.close().await?)
}

#[test]
fn types() -> Result {
    let output = Command::new(program!("types")).output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(())
}
