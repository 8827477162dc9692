//! Tickets in a folder: one file each.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::ticket::TaskTicket;

/// A ticket is no longer than this.
const LONGEST: u64 = 1 << 20;

const EXTENSION: &str = "json";

/// A folder of tickets, one JSON file each: the tasks of a client, for the process that comes after it.
///
/// A ticket is written to a file of its own, flushed to the disk and renamed, so that a crash leaves the old one or the new one.
/// Several processes may share a folder. Files are named for server and task, and can be read by their owner alone.
#[derive(Clone, Debug)]
pub struct TaskHandles(Arc<Path>);

/// A file in a folder of tickets that cannot be read. It is left as it is.
#[derive(Debug, thiserror::Error)]
#[error("the ticket {} cannot be read: {problem}", path.display())]
#[non_exhaustive]
pub struct DamagedHandle {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl TaskHandles {
    /// Opens a folder, which is created where there is none.
    ///
    /// # Errors
    ///
    /// The folder cannot be created.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        Ok(Self(folder.into()))
    }

    /// Where the tickets are.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// All tickets, the oldest first, and the files that are none.
    ///
    /// # Errors
    ///
    /// The folder cannot be read. Dropping the future changes nothing, here and below: what has begun is brought to its end.
    pub async fn list(&self) -> io::Result<(Vec<TaskTicket>, Vec<DamagedHandle>)> {
        self.run(|folder| {
            let (mut tickets, mut damaged) = (Vec::new(), Vec::new());
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_none_or(|extension| extension != EXTENSION) {
                    continue;
                }
                match read(&path) {
                    Ok(Some(ticket)) => tickets.push(ticket),
                    // Taken away meanwhile.
                    Ok(None) => {}
                    Err(problem) => damaged.push(DamagedHandle { path, problem }),
                }
            }
            tickets.sort_by(|a, b| (a.created_ms, &a.task_id).cmp(&(b.created_ms, &b.task_id)));
            damaged.sort_by(|a, b| a.path.cmp(&b.path));
            Ok((tickets, damaged))
        })
        .await
    }

    /// The ticket of a task. Of whichever server, where none is named.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub async fn get(&self, server: Option<&str>, task: &str) -> io::Result<Option<TaskTicket>> {
        let (tickets, _) = self.list().await?;
        let fits = |ticket: &TaskTicket| {
            ticket.task_id == task && (server.is_none() || ticket.server.as_deref() == server)
        };
        Ok(tickets.into_iter().find(fits))
    }

    /// Writes a ticket down, in place of an older one of the same task. When this returns, it is on the disk.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub async fn save(&self, ticket: &TaskTicket) -> io::Result<()> {
        let ticket = ticket.clone();
        self.run(move |folder| write(folder, &ticket)).await
    }

    /// Forgets a task. One that is not there is forgotten already.
    ///
    /// # Errors
    ///
    /// The file cannot be removed.
    pub async fn remove(&self, ticket: &TaskTicket) -> io::Result<()> {
        let name = name(ticket);
        self.run(move |folder| match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    /// Disks are slow: not on a thread that others wait for.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let folder = self.0.clone();
        tokio::task::spawn_blocking(move || work(&folder)).await.map_err(io::Error::other)?
    }
}

/// Ids are whatever servers like; file names are not.
fn name(ticket: &TaskTicket) -> String {
    let mut digest = Sha256::new();
    digest.update(ticket.server.as_deref().unwrap_or_default());
    digest.update([0]);
    digest.update(&ticket.task_id);
    let hex: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.{EXTENSION}")
}

fn read(path: &Path) -> Result<Option<TaskTicket>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    serde_json::from_slice(&text).map(Some).map_err(|error| error.to_string())
}

fn write(folder: &Path, ticket: &TaskTicket) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let text = serde_json::to_vec_pretty(ticket).map_err(io::Error::other)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the ticket is too long"));
    }
    let name = name(ticket);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!("{name}.{}-{count}.tmp", std::process::id()));
    let written = write_through(&temporary, &text)
        .and_then(|()| fs::rename(&temporary, folder.join(name)))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_through(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// The new name is on the disk once the folder is. Other systems see to that by themselves.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
