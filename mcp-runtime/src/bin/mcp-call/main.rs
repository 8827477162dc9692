//! The command `mcp-call`: a server's tools, prompts, resources and tasks at a terminal and in scripts.
//!
//! Architecture invariant: it knows the protocol through `mcp_runtime::client` alone. What a server says is shown, and never
//! run: control characters are made visible before they reach a terminal.

mod args;
mod arguments;
mod ask;
mod call;
mod console;
mod failure;
mod field;
mod form;
mod format;
mod help;
mod interrupt;
mod listen;
mod output;
mod screen;
mod session;
mod show;
#[path = "../shown/mod.rs"]
mod shown;
mod tasks;
mod user;

use std::ffi::OsString;
use std::process::ExitCode;

use tokio::sync::mpsc;

use self::args::{Answers, Arguments, Command};
use self::failure::Failure;
use self::interrupt::Interrupt;
use self::screen::Screen;
use self::session::{Door, Place, Session};
use self::tasks::Kept;

fn main() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    // What follows is the server's, whatever the command before it.
    let program = match words.iter().position(|word| word == "--") {
        Some(at) => words.split_off(at).into_iter().skip(1).collect(),
        None => Vec::new(),
    };
    let arguments = Arguments::read(words);
    let json = arguments.common.json;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = arguments.agree().and_then(|()| match runtime {
        Ok(runtime) => runtime.block_on(run(arguments, program)),
        Err(error) => Err(Failure::Failed(format!("no runtime: {error}"))),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(json),
    }
}

async fn run(arguments: Arguments, program: Vec<OsString>) -> Result<(), Failure> {
    let Arguments { url, mut common, command } = arguments;
    let url = url.map(|address| address.0);
    let place = Place::named(url, common.stdio.as_deref(), program)?;
    let screen = Screen::new(common.quiet, common.json, common.events);
    let interrupt = Interrupt::listen();
    let (json, folder) = (common.json, common.handles.take());
    let door = |place| Door { place, common, screen, interrupt: interrupt.clone() };
    let command = match command {
        Command::Task(command) => {
            let kept = Kept { handles: session::handles(folder)?, place, json };
            return kept.run(command, door).await;
        }
        command => command,
    };
    let Some(place) = place else {
        return Err(Failure::Usage(
            "say where the server is: an address before the command, or -- PROGRAM after it"
                .to_owned(),
        ));
    };
    let (changes, heard) = mpsc::unbounded_channel();
    let listens = matches!(command, Command::Listen { .. });
    let handles = match command {
        Command::Call(_) => Some(session::handles(folder)?),
        _ => None,
    };
    let opening = door(place).open(answers(&command), |mut client| {
        if listens {
            client = client.on_notification(move |method, params| {
                if let Some(change) = listen::heard(method, params) {
                    // Nobody listens any more: the command is about to end.
                    let _ = changes.send(change);
                }
            });
        }
        match handles {
            Some(handles) => client.keep_tasks(handles),
            None => client,
        }
    });
    let left = || Failure::interrupted("left the server");
    let session = tokio::select! {
        biased;
        () = interrupt.pressed() => return Err(left()),
        session = opening => session?,
    };
    let done = match command {
        // Tells by itself what became of the call.
        Command::Call(call) => call::run(&session, call).await,
        command => tokio::select! {
            biased;
            () = interrupt.pressed() => Err(left()),
            open = session.user.unanswered() => Err(Failure::unanswered(open)),
            done = obey(&session, command, heard) => done,
        },
    };
    session.close().await;
    done
}

fn answers(command: &Command) -> Answers {
    match command {
        Command::Call(call) => call.answers.clone(),
        Command::Prompt { answers, .. } | Command::Read { answers, .. } => answers.clone(),
        _ => Answers::default(),
    }
}

async fn obey(
    session: &Session,
    command: Command,
    heard: mpsc::UnboundedReceiver<mcp_runtime::client::Change>,
) -> Result<(), Failure> {
    let client = &session.client;
    match command {
        Command::Info => ask::info(session).await,
        Command::Tools { name } => ask::tools(session, name).await,
        Command::Prompts => ask::list(session, &client.list_prompts().await?, show::prompt),
        Command::Resources => ask::list(session, &client.list_resources().await?, show::resource),
        Command::Templates => {
            ask::list(session, &client.list_resource_templates().await?, show::template)
        }
        Command::Prompt { name, arguments, .. } => ask::prompt(session, name, arguments).await,
        Command::Read { uri, raw, .. } => ask::read(session, uri, raw).await,
        Command::Listen { uris, count } => listen::run(session, uris, count, heard).await,
        Command::Complete { of, target, argument, begun, with } => {
            ask::complete(session, of, &target, &argument, &begun, with).await
        }
        Command::Call(_) | Command::Task(_) => Ok(()),
    }
}
