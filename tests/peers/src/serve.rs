//! Servers under load: ours, rmcp's and a bare one on hyper, each a process of its own.

mod calls;
mod http;
mod instructions;
mod lane;
mod options;
mod server;
mod stdio;
mod tasks;

use crate::{Result, table, versions};
use calls::Shape;
use lane::{Lane, Load, STALL};
pub use options::Options;
use server::Server;

/// Calls per second over stdio, ours over rmcp's, by calls in flight.
const STDIO_BARS: [(usize, f64); 2] = [(1, 3.0), (64, 5.0)];
/// CPU of a call over HTTP, ours of rmcp's cheapest, in percent.
const CPU_BAR: f64 = 33.3;
/// Calls per second over HTTP, ours of the bare server's, in percent.
const BARE_BAR: f64 = 70.0;
const CONNECTIONS: [usize; 2] = [1, 8];
/// What a server with many tools has.
const MANY: usize = 100;

pub fn print(options: &Options) -> Result<()> {
    if cfg!(debug_assertions) {
        return Err("an unoptimised build measures nothing: run it with --release".into());
    }
    versions::print()?;
    println!(
        "{} rounds in turns. Ours: {}. The bare server's runtime: `{}`.\n",
        options.rounds,
        options.ours.as_ref().map_or("not measured".to_owned(), |line| format!("`{line}`")),
        options.runtime,
    );
    if options.wants("stdio") {
        for (depth, bar) in STDIO_BARS {
            stdio_table(options, depth, bar)?;
        }
    }
    if options.wants("http") {
        for connections in CONNECTIONS {
            http_table(options, connections)?;
        }
    }
    if options.wants("tools") {
        tools_table(options)?;
    }
    if options.wants("tasks") {
        tasks::print(options)?;
    }
    if options.wants("instructions") {
        instructions::print(options)?;
    }
    Ok(())
}

fn stdio_table(options: &Options, depth: usize, bar: f64) -> Result<()> {
    let mut lanes = Vec::new();
    for (name, command) in options.stdio_servers() {
        let load = stdio::Pipe::start(Server::on_stdio(&command)?, depth)?;
        lanes.push(Lane::new(name, load));
    }
    lane::take_turns(&mut lanes, options.rounds)?;
    println!("### stdio, {depth} in flight\n");
    // The bar is about `stdio()`; `stdio_pipes()` is there because who chooses rmcp has it too.
    let barred = lanes.iter().filter(|lane| lane.name.contains("`stdio()`"));
    let barred = barred.max_by(|one, other| one.rate().total_cmp(&other.rate()));
    let barred = barred.map(|lane| &lane.name);
    let ours = lanes.iter().find(|lane| lane.is_ours());
    print_lanes(&lanes, &["ours / it"], |lane| {
        let bar = (Some(&lane.name) == barred).then_some(bar);
        vec![match ours {
            Some(ours) if !lane.is_ours() => table::times(ours.rate_of(lane), bar),
            _ => String::new(),
        }]
    });
    Ok(())
}

fn http_table(options: &Options, connections: usize) -> Result<()> {
    let mut lanes = Vec::new();
    for (name, command, shape) in options.http_servers() {
        let load = http::Sockets::start(Server::on_http(&command)?, shape, connections)?;
        lanes.push(Lane::new(name, load));
    }
    lane::take_turns(&mut lanes, options.rounds)?;
    let plural = if connections == 1 { "" } else { "s" };
    println!("### HTTP, {connections} connection{plural}\n");
    // The bare server knows no sessions, but a session's requests are the same but for a header.
    let modern = |lane: &Lane<http::Sockets>| lane.load.shape() == Shape::Modern;
    let bare = |wanted: bool| {
        lanes.iter().find(|lane| lane.name.starts_with(options::BARE) && modern(lane) == wanted)
    };
    let (Some(bare_modern), Some(bare_legacy)) = (bare(true), bare(false)) else {
        return Err("no bare server to compare with".into());
    };
    let rmcp = lanes.iter().filter(|lane| lane.name.starts_with(options::RMCP));
    let rmcp = rmcp.min_by(|one, other| one.cpu().total_cmp(&other.cpu()));
    let rmcp = rmcp.ok_or("no rmcp to compare with")?;
    print_lanes(&lanes, &["calls/s of bare", "CPU of rmcp's cheapest"], |lane| {
        let bare = if modern(lane) { bare_modern } else { bare_legacy };
        let bars = lane.is_ours().then_some((BARE_BAR, CPU_BAR));
        vec![
            table::at_least(lane.rate_of(bare), bars.map(|bars| bars.0)),
            table::ratio(lane.cpu(), rmcp.cpu(), bars.map(|bars| bars.1)),
        ]
    });
    Ok(())
}

/// What a call costs where there are many tools to find the one among.
fn tools_table(options: &Options) -> Result<()> {
    for transport in ["stdio, 64 in flight", "HTTP, 1 connection"] {
        let mut lanes: Vec<Lane<Box<dyn Load>>> = Vec::new();
        for (name, command, shape) in options.tool_servers(transport == "HTTP, 1 connection") {
            for count in [1, MANY] {
                let command = format!("{command} --tools {count}");
                let name = format!("{name}, {count}");
                lanes.push(match shape {
                    None => {
                        let load = stdio::Pipe::start(Server::on_stdio(&command)?, 64)?;
                        Lane::new(name, Box::new(load))
                    }
                    Some(shape) => {
                        let load = http::Sockets::start(Server::on_http(&command)?, shape, 1)?;
                        Lane::new(name, Box::new(load))
                    }
                });
            }
        }
        lane::take_turns(&mut lanes, options.rounds)?;
        println!("### One tool and {MANY}: {transport}\n");
        let mut at = 0;
        print_lanes(&lanes, &["calls/s of one tool", "CPU of one tool"], |lane| {
            // They come in pairs, the one with one tool first.
            let one = &lanes[at / 2 * 2];
            at += 1;
            vec![
                table::ratio(lane.rate_of(one), 1.0, None),
                table::ratio(lane.cpu(), one.cpu(), None),
            ]
        });
    }
    Ok(())
}

/// Prints what every lane has, and what `more` adds to it.
fn print_lanes<L: Load>(
    lanes: &[Lane<L>],
    added: &[&str],
    mut more: impl FnMut(&Lane<L>) -> Vec<String>,
) {
    let slow = format!("≥ {} ms", STALL.as_millis());
    let mut header =
        ["server", "calls/s", "CPU of a call, µs", "driver's, µs", "slowest, ms", &slow]
            .map(str::to_owned)
            .to_vec();
    header.extend(added.iter().map(|&title| title.to_owned()));
    let rows = lanes.iter().map(|lane| {
        let mut row = vec![
            lane.name.clone(),
            format!("{:.0}", lane.rate()),
            format!("{:.1}", lane.cpu() * 1e6),
            format!("{:.1}", lane.driver_cpu() * 1e6),
            format!("{:.1}", lane.slowest().as_secs_f64() * 1e3),
            match lane.stalls() {
                (0, _) => "none".to_owned(),
                (stalls, calls) => format!("**{stalls}** of {calls}"),
            },
        ];
        row.extend(more(lane));
        row
    });
    table::print(&header, &rows.collect::<Vec<_>>());
}
