//! Chromium, driven through a pipe with the DevTools protocol: JSON messages, each ended by a zero byte.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser, which ends with this value.
pub struct Chromium {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    last: u64,
    answers: HashMap<u64, Value>,
    events: Vec<Value>,
    _profile: TempDir,
}

/// The browser of this machine: what `MCP_CHROMIUM` names, or one on the path.
fn find() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file());
    std::env::var_os("MCP_CHROMIUM").map(PathBuf::from).or(on_path)
}

impl Chromium {
    /// `None` where there is none, which is said.
    pub fn start() -> Option<Self> {
        let Some(program) = find() else {
            eprintln!(
                "skipped: there is no Chromium here; install one, or name it in MCP_CHROMIUM"
            );
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder");
        // The browser reads commands from descriptor 3, and writes to 4.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#])
            .arg(program)
            .args(["--headless=new", "--remote-debugging-pipe", "--disable-gpu"])
            .args([
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            .args(["--disable-background-networking", "--disable-component-update"])
            // Nothing but the server under test is asked for.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { break };
                if sender.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        Some(Self {
            child,
            to,
            from,
            last: 0,
            answers: HashMap::new(),
            events: Vec::new(),
            _profile: profile,
        })
    }

    /// Sends a command, and waits for its result.
    #[track_caller]
    pub fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser to run");
        loop {
            if let Some(mut answer) = self.answers.remove(&id) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            let said = self.from.recv_timeout(PATIENCE);
            let said = said.unwrap_or_else(|error| panic!("{method}: {error}"));
            match said["id"].as_u64() {
                Some(id) => drop(self.answers.insert(id, said)),
                None => self.events.push(said),
            }
        }
    }

    /// What it said by itself.
    pub fn events(&self) -> &[Value] {
        &self.events
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        // Its other processes end with it.
        for _ in 0..100 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
