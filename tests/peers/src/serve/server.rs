//! A server as a process: started, asked what it spent, and stopped.

use crate::Result;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// How long a server may take until it listens, or until it has ended.
const START: Duration = Duration::from_secs(10);
/// In which unit the kernel tells user space about CPU time, whatever its own is.
const TICKS_PER_SECOND: f64 = 100.0;

pub struct Server {
    pub child: Child,
    /// Where it listens; nowhere if it serves on stdio.
    pub address: Option<SocketAddr>,
}

impl Server {
    pub fn on_stdio(command: &str) -> Result<Self> {
        let child = parts(command)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| format!("{command}: {error}"))?;
        Ok(Self { child, address: None })
    }

    /// Starts it on a port that is free, and waits until it listens there.
    pub fn on_http(command: &str) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut parts = parts(command)?;
        parts.args(["--http", &address.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
        let child = parts.spawn().map_err(|error| format!("{command}: {error}"))?;
        let mut server = Self { child, address: Some(address) };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("{command} ended with {status}").into());
            }
            if start.elapsed() > START {
                return Err(format!("{command} does not listen on {address}").into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Lets it end by itself, so that what watches it can say what it saw.
    ///
    /// On stdio a server ends when its input does; another one is asked to, by a signal that it
    /// need not know.
    pub fn end(mut self) -> Result<()> {
        if self.address.is_some() {
            Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        }
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > START {
                return Err("a server does not end when it should".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// What the process has spent on the CPU so far, in seconds.
    pub fn cpu(&self) -> Result<f64> {
        cpu_of(&self.child.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system time of a process, in seconds, with all threads that it has or had.
pub fn cpu_of(process: &str) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name before it may contain anything, but nothing after the last `)` is the name's.
    let (_, fields) = stat.rsplit_once(") ").ok_or("no name in the process's stat")?;
    let mut times = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
    match (times.next(), times.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok((user + system) / TICKS_PER_SECOND),
        _ => Err("no times in the process's stat".into()),
    }
}

/// A command line without quotes, which no path here needs.
fn parts(command: &str) -> Result<Command> {
    let mut words = command.split_whitespace();
    let mut parts = Command::new(words.next().ok_or("an empty command")?);
    parts.args(words);
    Ok(parts)
}
