//! What it costs to ask for a task that has ended, beside a call of `echo` in the same process.
//!
//! Its result has the text that `echo` returns. The request is shorter by the arguments, the answer
//! longer by what is told of the task.

use super::calls::{self, Answers, FINISHED, GET, Shape};
use super::http::{self, Sockets};
use super::instructions;
use super::lane::{self, Lane, Load as _};
use super::options::{OURS, Options};
use super::server::Server;
use super::{CONNECTIONS, print_lanes};
use crate::{Result, table};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// Stores, and what part of the rate of `echo` a task in them has to reach, in percent.
const BARS: [(&str, f64); 2] = [("memory", 80.0), ("sqlite", 60.0)];
/// How long a task may take to end, which has nothing to do.
const END: Duration = Duration::from_secs(10);

pub fn print(options: &Options) -> Result<()> {
    let Some(ours) = &options.ours else { return Ok(()) };
    let folder = Folder::create()?;
    for connections in CONNECTIONS {
        rates(ours, options.rounds, connections, &folder)?;
    }
    costs(ours, &folder)
}

fn rates(ours: &str, rounds: usize, connections: usize, folder: &Folder) -> Result<()> {
    let mut lanes = Vec::new();
    for (store, _) in BARS {
        let server = Rc::new(Server::on_http(&folder.command(ours, store))?);
        for asked in [Asked::Echo, Asked::Task] {
            let load = asked.load(server.clone(), connections)?;
            lanes.push(Lane::new(asked.name(store), load));
        }
    }
    lane::take_turns(&mut lanes, rounds)?;
    let plural = if connections == 1 { "" } else { "s" };
    println!("### A task that has ended: HTTP, {connections} connection{plural}\n");
    let mut at = 0;
    print_lanes(&lanes, &["calls/s of `echo`", "CPU of `echo`"], |lane| {
        // They come in pairs, `echo` first.
        let (echo, bar) = (&lanes[at / 2 * 2], BARS[at / 2].1);
        let bar = (at % 2 == 1).then_some(bar);
        at += 1;
        vec![table::at_least(lane.rate_of(echo), bar), table::ratio(lane.cpu(), echo.cpu(), None)]
    });
    Ok(())
}

fn costs(ours: &str, folder: &Folder) -> Result<()> {
    let mut rows = Vec::new();
    for (store, _) in BARS {
        let command = folder.command(ours, store);
        let cost = |asked: Asked| {
            instructions::of_a_call(&command, |command, calls| {
                let mut sockets = asked.load(Rc::new(Server::on_http(command)?), 1)?;
                sockets.calls(calls)?;
                sockets.close()
            })
        };
        let echo = cost(Asked::Echo)?;
        for (asked, cost) in [(Asked::Echo, echo), (Asked::Task, cost(Asked::Task)?)] {
            rows.push(vec![
                asked.name(store),
                format!("{:.1}", cost / 1e3),
                table::ratio(cost, echo, None),
            ]);
        }
    }
    println!("### A task that has ended: instructions in user space, in thousands\n");
    table::print(&["server", "a call", "of `echo`"].map(str::to_owned), &rows);
    Ok(())
}

#[derive(Clone, Copy)]
enum Asked {
    Echo,
    Task,
}

impl Asked {
    fn name(self, store: &str) -> String {
        let asked = match self {
            Self::Echo => "echo",
            Self::Task => GET,
        };
        format!("{OURS}, {store}, `{asked}`")
    }

    fn load(self, server: Rc<Server>, connections: usize) -> Result<Sockets> {
        let address = server.address.ok_or("a server without an address")?;
        // In any case, so that both find the same in the store.
        let task = ended_task(address)?;
        let (headers, body, answers) = match self {
            Self::Echo => (
                http::modern_headers("tools/call", "echo"),
                calls::body(Shape::Modern),
                Answers::echoes(),
            ),
            Self::Task => (http::modern_headers(GET, &task), calls::get(&task), Answers::of_task()),
        };
        let request = http::post(address, &headers, &body);
        Sockets::prepared(server, Shape::Modern, connections, request, answers)
    }
}

/// Makes a task, waits until it has ended, and returns its id.
fn ended_task(address: SocketAddr) -> Result<String> {
    let ask = |method, name: &str, body: &str| -> Result<serde_json::Value> {
        let answer = http::ask(address, &http::modern_headers(method, name), body)?;
        Ok(serde_json::from_str(&answer)?)
    };
    let created = ask("tools/call", FINISHED, &calls::task())?;
    let task = created["result"]["taskId"].as_str().ok_or_else(|| format!("no task: {created}"))?;
    let start = Instant::now();
    loop {
        let seen = ask(GET, task, &calls::get(task))?;
        match seen["result"]["status"].as_str() {
            Some("completed") => return Ok(task.to_owned()),
            Some("working") if start.elapsed() < END => thread::sleep(END / 100),
            _ => return Err(format!("the task does not complete: {seen}").into()),
        }
    }
}

/// Where the stores are that need a file.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self> {
        let folder = env::temp_dir().join(format!("mcpwright-peers-{}", process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    fn command(&self, ours: &str, store: &str) -> String {
        match store {
            "sqlite" => format!("{ours} --store sqlite:{}", self.0.join("tasks.db").display()),
            store => format!("{ours} --store {store}"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The system empties its folder for such files sooner or later.
        let _ = fs::remove_dir_all(&self.0);
    }
}
