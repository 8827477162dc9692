//! Instructions of a call, as valgrind counts them in the whole server: what is left of a result
//! when the machine's other load is taken away. The kernel's part, which is the larger one of a
//! small call, is not among them.

use super::MANY;
use super::http::Sockets;
use super::lane::Load;
use super::options::{OURS, Options};
use super::server::Server;
use super::stdio::Pipe;
use crate::{Result, table};
use std::{env, fs, process};

/// Enough that the first calls, which are slower, do not matter.
const CALLS: usize = 500;

pub fn print(options: &Options) -> Result<()> {
    println!("### Instructions of a call in user space, in thousands\n");
    let mut rows = Vec::new();
    let stdio = options.stdio_servers().into_iter().map(|(name, command)| (name, command, None));
    let http = options.http_servers().into_iter().map(|(name, command, shape)| {
        let bare_or_best = !name.contains("box") && !name.contains("nodelay");
        bare_or_best.then_some((name, command, Some(shape)))
    });
    let many = [false, true].into_iter().flat_map(|http| options.tool_servers(http));
    let many = many.map(|(name, command, shape)| {
        (format!("{name}, {MANY} tools"), format!("{command} --tools {MANY}"), shape)
    });
    for (name, command, shape) in stdio.chain(http.flatten()).chain(many) {
        let spent = of_a_call(&command, |command, calls| match shape {
            None => {
                let mut pipe = Pipe::start(Server::on_stdio(command)?, 1)?;
                pipe.calls(calls)?;
                Ok(pipe.close())
            }
            Some(shape) => {
                let mut sockets = Sockets::start(Server::on_http(command)?, shape, 1)?;
                sockets.calls(calls)?;
                sockets.close()
            }
        })?;
        let transport = if shape.is_some() { "HTTP" } else { "stdio" };
        rows.push((transport, name, spent));
    }
    let header = ["", "server", "a call", "ours / it"].map(str::to_owned);
    let table = rows.iter().map(|(transport, name, spent)| {
        // Of the transport's rows that are ours, the cheapest.
        let ours = rows.iter().filter(|row| row.0 == *transport && row.1.starts_with(OURS));
        let ours = ours.map(|row| row.2).reduce(f64::min);
        let compared = ours.filter(|_| !name.starts_with(OURS));
        vec![
            (*transport).to_owned(),
            name.clone(),
            format!("{:.1}", spent / 1e3),
            compared.map_or_else(String::new, |ours| table::ratio(ours, *spent, None)),
        ]
    });
    table::print(&header, &table.collect::<Vec<_>>());
    Ok(())
}

/// What a call takes of the server that this command starts. `load` is given a command that counts
/// as well, starts a server by it, makes so many calls, and hands the server over.
pub fn of_a_call(command: &str, load: impl Fn(&str, usize) -> Result<Server>) -> Result<f64> {
    let run = |calls| {
        let log = env::temp_dir().join(format!("mcpwright-peers-{}.log", process::id()));
        let log = log.display();
        let command = format!(
            "valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file={log} {command}"
        );
        load(&command, calls)?.end()?;
        let said = fs::read_to_string(log.to_string())?;
        fs::remove_file(log.to_string())?;
        collected(&said)
    };
    let more = run(2 * CALLS)?.checked_sub(run(CALLS)?);
    Ok(more.ok_or("more calls took fewer instructions")? as f64 / CALLS as f64)
}

/// "==123== Collected : 4567"
fn collected(said: &str) -> Result<u64> {
    let total = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, total) = total.ok_or_else(|| format!("no total in what valgrind said: {said}"))?;
    Ok(total.trim().parse()?)
}
