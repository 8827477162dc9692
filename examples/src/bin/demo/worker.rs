//! The server in a process of its own, to be killed.

use std::error::Error;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub struct Worker {
    process: Child,
    /// `HOST:PORT`
    pub address: String,
}

impl Worker {
    /// Starts it, and waits until it listens.
    pub async fn start(address: &str, store: &Path) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(address)
            .arg(store)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(process.stderr.take().ok_or("no stderr")?).lines();
        while let Some(line) = lines.next_line().await? {
            let listens = line.strip_prefix("listening on http://");
            if let Some(address) = listens.and_then(|url| url.strip_suffix("/mcp")) {
                let address = address.to_owned();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { process, address });
            }
        }
        Err("the server has ended at once: is there another one at this address?".into())
    }

    pub fn id(&self) -> u32 {
        self.process.id().unwrap_or_default()
    }

    /// `kill -9`: it has no time to say anything, or to write anything down.
    pub async fn kill(mut self) -> std::io::Result<()> {
        self.process.kill().await
    }
}
