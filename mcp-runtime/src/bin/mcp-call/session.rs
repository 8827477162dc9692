//! A server, and all that a command needs to talk to it.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use mcp_runtime::Revision;
use mcp_runtime::client::{Client, ClientBuilder, Lifecycle, TaskHandles};
use mcp_schema::shared::Implementation;
use tokio::process::Command;

use crate::args::{Answers, Common};
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::screen::Screen;
use crate::user::User;

/// Where a server is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Url(String),
    Program(Vec<OsString>),
}

impl Place {
    /// What the command line names, if it names one.
    pub fn named(
        url: Option<String>,
        stdio: Option<&str>,
        program: Vec<OsString>,
    ) -> Result<Option<Self>, Failure> {
        let several =
            || Failure::Usage("name one server: an address, --stdio or -- PROGRAM".to_owned());
        match (url, stdio, program.is_empty()) {
            (None, None, true) => Ok(None),
            (Some(url), None, true) => Ok(Some(Self::Url(url))),
            (None, Some(line), true) => Self::program(line).map(Some),
            (None, None, false) => Ok(Some(Self::Program(program))),
            _ => Err(several()),
        }
    }

    /// The server of a ticket.
    pub fn kept(server: &str) -> Result<Self, Failure> {
        let is_url = server.starts_with("http://") || server.starts_with("https://");
        if is_url { Ok(Self::Url(server.to_owned())) } else { Self::program(server) }
    }

    /// What the client knows the server by, and its tickets name it by: an address without what may be secret, or a command line.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Url(url) => {
                let mut url = reqwest::Url::parse(url).ok()?;
                url.set_query(None);
                url.set_fragment(None);
                // Refused by addresses that have no host, which are none of a server.
                let _ = (url.set_username(""), url.set_password(None));
                Some(url.into())
            }
            Self::Program(words) => {
                let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
                shlex::try_join(words.iter().map(AsRef::as_ref)).ok()
            }
        }
    }

    fn program(line: &str) -> Result<Self, Failure> {
        match shlex::split(line) {
            Some(words) if !words.is_empty() => {
                Ok(Self::Program(words.into_iter().map(OsString::from).collect()))
            }
            _ => Err(Failure::Usage(format!("`{line}` is no command line: look at its quotes"))),
        }
    }
}

/// A connection in use.
pub struct Session {
    pub client: Client,
    pub user: User,
    pub screen: Screen,
    pub interrupt: Interrupt,
    /// Whether the server is a program that ends with this command.
    pub is_program: bool,
}

/// What is needed to connect.
pub struct Door {
    pub place: Place,
    pub common: Common,
    pub screen: Screen,
    pub interrupt: Interrupt,
}

impl Door {
    /// What a task was created in is spoken again, unless the command line says otherwise: a server may have tasks of both
    /// eras.
    pub fn speaks_as(&mut self, version: &str) {
        if self.common.protocol.0 == Lifecycle::Auto
            && let Some(revision) = Revision::from_version(version)
        {
            self.common.protocol.0 = match revision.is_modern() {
                true => Lifecycle::Modern,
                false => Lifecycle::Legacy(revision),
            };
        }
    }

    /// Connects. `answers` says who answers the server's questions, `more` adds to the client.
    pub async fn open(
        self,
        answers: Answers,
        more: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Session, Failure> {
        let Self { place, common, screen, interrupt } = self;
        let user = User::new(answers, Console::find(&screen));
        let info = Implementation::new("mcp-call", env!("CARGO_PKG_VERSION"));
        let mut client = Client::builder().info(info).lifecycle(common.protocol.0);
        if let Some(limit) = common.timeout {
            client = client.timeout(limit);
        }
        if !common.quiet {
            let screen = screen.clone();
            client = client.on_log(move |message| {
                // Whoever reads the result finds out that nobody reads.
                let _ = screen.log(message);
            });
        }
        let client = more(user.attend(client));
        let is_program = matches!(place, Place::Program(_));
        let client = match place {
            Place::Url(url) => {
                let mut client = client;
                if let Some(token) = common.bearer {
                    client = client.bearer(token);
                }
                for header in common.headers {
                    client = client.header(header.name, header.value);
                }
                client.connect_http(url).await?
            }
            Place::Program(words) => {
                if common.bearer.is_some() || !common.headers.is_empty() {
                    return Err(Failure::Usage(
                        "--bearer and --header are for servers with an address".to_owned(),
                    ));
                }
                client.spawn(command(words, common.quiet)?).await?
            }
        };
        Ok(Session { client, user, screen, interrupt, is_program })
    }
}

fn command(words: Vec<OsString>, quiet: bool) -> Result<Command, Failure> {
    let mut words = words.into_iter();
    let program =
        words.next().ok_or_else(|| Failure::Usage("the program is missing".to_owned()))?;
    let mut command = Command::new(program);
    command.args(words);
    if quiet {
        command.stderr(Stdio::null());
    }
    // Ctrl-C is for us: the server has to be there to hear what is cancelled.
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

impl Session {
    /// What has to be said of a task that is left here: nobody sees from outside where a program keeps its tasks.
    pub fn condition(&self) -> &'static str {
        match self.is_program {
            true => ", if the program keeps its tasks outside of its memory",
            false => "",
        }
    }

    /// Ends the connection in good order. A server that takes its time is not waited for longer than that.
    pub async fn close(self) {
        const GRACE: Duration = Duration::from_secs(12);
        self.screen.clear();
        // What it would say comes too late to matter: the command is done.
        let _ = tokio::time::timeout(GRACE, self.client.close()).await;
    }
}

/// Opens the folder of tickets.
pub fn handles(named: Option<PathBuf>) -> Result<TaskHandles, Failure> {
    let folder = named.or_else(default_folder).ok_or_else(|| {
        Failure::Usage("say where tasks are to be kept: --handles FOLDER, or HOME".to_owned())
    })?;
    let problem = |error: io::Error| {
        Failure::Failed(format!("tasks cannot be kept in {}: {error}", folder.display()))
    };
    TaskHandles::open(&folder).map_err(problem)
}

fn default_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".local/state")))
        .or_else(|| set("LOCALAPPDATA"))?;
    Some(state.join("mcp-call"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_what_tickets_say() {
        for (url, key) in [
            ("http://h:80/mcp?token=x#y", "http://h/mcp"),
            ("HTTP://Me:pass@H", "http://h/"),
            ("https://h:8443/a%20b", "https://h:8443/a%20b"),
        ] {
            assert_eq!(Place::Url(url.to_owned()).key().as_deref(), Some(key));
        }
        let words = ["a b", "c"].map(OsString::from).to_vec();
        assert_eq!(Place::Program(words).key().as_deref(), Some("'a b' c"));
    }
}
