//! Standard input and output.
//!
//! Reading blocks, so it has a thread of its own, and that thread also runs calls as far as they go without waiting: a
//! quick tool costs one read and one write, and no hand-over between threads.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::stream::{Connection, Lines};
use crate::error::ServeError;
use crate::server::handle::Server;
use crate::server::principal::Principal;

/// Serves the process that started this one, until it closes standard input.
pub(crate) async fn serve(server: Server) -> Result<(), ServeError> {
    let output = Arc::new(Mutex::new(
        claim_output().map_err(ServeError::io("standard output cannot be used"))?,
    ));
    let limit = server.limits().message;
    let runtime = Handle::current();
    let (connection, mut messages) =
        Connection::new(server, Some(Principal::local()), runtime.clone());
    let connection = Arc::new(connection);

    let later = output.clone();
    let writer = thread("mcp-stdout", move || {
        while let Some(mut message) = messages.blocking_recv() {
            while let Ok(more) = messages.try_recv() {
                message.extend_from_slice(&more);
            }
            if write(&later, &message).is_err() {
                break;
            }
        }
        Ok(())
    })?;
    let reading = connection.clone();
    let reader = thread("mcp-stdin", move || {
        let _entered = runtime.enter();
        read(&reading, limit, &output)
    })?;
    let read = reader.await.unwrap_or(Ok(()));
    // The reader is done, so this is the last one.
    if let Some(connection) = Arc::into_inner(connection) {
        connection.close().await;
    }
    let _ = writer.await;
    match read {
        // The client went away without a word, which is how some say goodbye.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        read => read.map_err(ServeError::io("standard input cannot be served")),
    }
}

fn thread(
    name: &str,
    run: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<oneshot::Receiver<io::Result<()>>, ServeError> {
    let (done, end) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let _ = done.send(run());
        })
        .map_err(ServeError::io("no thread for standard input and output"))?;
    Ok(end)
}

fn read(connection: &Connection, limit: usize, output: &Mutex<File>) -> io::Result<()> {
    let mut input = claim_input()?;
    let mut lines = Lines::new(limit);
    let mut chunk = vec![0; 64 << 10];
    let mut out = Vec::new();
    loop {
        let read = match input.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut take = |line: Option<&[u8]>| match line {
            Some(line) => connection.receive(line, &mut out),
            None => connection.refuse_long_line(&mut out),
        };
        if read == 0 {
            lines.finish(take);
        } else {
            lines.feed(&chunk[..read], &mut take);
        }
        if !out.is_empty() {
            write(output, &out)?;
            out.clear();
            out.shrink_to(64 << 10);
        }
        if read == 0 {
            return Ok(());
        }
    }
}

fn write(output: &Mutex<File>, bytes: &[u8]) -> io::Result<()> {
    // A file has no buffer of its own: one message, or one batch of them, is one write.
    output.lock().unwrap_or_else(PoisonError::into_inner).write_all(bytes)
}

/// Takes standard input for the protocol alone: a program that a tool starts would otherwise swallow messages.
#[cfg(unix)]
fn claim_input() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(File::from(input))
}

/// Takes standard output for the protocol alone: from here on what the program prints goes to standard error, so that a
/// stray `println!`, in a tool or in a library, cannot break a message.
#[cfg(unix)]
fn claim_output() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    io::stdout().flush()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(output))
}

#[cfg(windows)]
fn claim_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Standard output. It cannot be taken away from `println!` here without unsafe code: print to standard error instead.
#[cfg(windows)]
fn claim_output() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
