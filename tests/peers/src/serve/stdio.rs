//! Calls over the pipes of a child process.

use super::calls::{self, Answers, Request, Shape};
use super::lane::{Load, Spent};
use super::server::Server;
use crate::Result;
use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::time::Instant;

/// A session over stdio that keeps a number of calls in flight.
///
/// One thread writes and reads: what is in flight is far less than a pipe holds, so neither side
/// ever waits for the other to read, and no hand-over between threads is measured. As many calls
/// as were answered together are written together.
pub struct Pipe {
    server: Server,
    input: ChildStdin,
    output: ChildStdout,
    request: Request,
    answers: Answers,
    depth: usize,
    next: u64,
    read: Vec<u8>,
    filled: usize,
    batch: Vec<u8>,
}

impl Pipe {
    pub fn start(mut server: Server, depth: usize) -> Result<Self> {
        let input = server.child.stdin.take().ok_or("a child without its stdin")?;
        let output = server.child.stdout.take().ok_or("a child without its stdout")?;
        let mut pipe = Self {
            server,
            input,
            output,
            request: Request::new(format!("{}\n", calls::body(Shape::Session)).into_bytes()),
            answers: Answers::echoes(),
            depth,
            next: calls::FIRST,
            read: vec![0; 1 << 16],
            filled: 0,
            batch: Vec::new(),
        };
        pipe.input.write_all(format!("{}\n", calls::INITIALIZE).as_bytes())?;
        pipe.fill()?;
        while !pipe.read[..pipe.filled].contains(&b'\n') {
            pipe.fill()?;
        }
        let said = String::from_utf8_lossy(&pipe.read[..pipe.filled]).into_owned();
        if !said.contains(r#""protocolVersion":"2025-11-25""#) {
            return Err(format!("initialize was answered with {said}").into());
        }
        pipe.filled = 0;
        pipe.input.write_all(format!("{}\n", calls::INITIALIZED).as_bytes())?;
        Ok(pipe)
    }

    fn fill(&mut self) -> Result<()> {
        match self.output.read(&mut self.read[self.filled..])? {
            0 if self.filled == self.read.len() => Err("an answer longer than the buffer".into()),
            0 => Err("the server closed its output".into()),
            more => {
                self.filled += more;
                Ok(())
            }
        }
    }

    fn send(&mut self, calls: usize) -> Result<()> {
        self.batch.clear();
        for _ in 0..calls {
            self.batch.extend_from_slice(self.request.with(self.next));
            self.next += 1;
        }
        Ok(self.input.write_all(&self.batch)?)
    }

    /// Ends the session by closing its pipes, and hands over the process.
    pub fn close(self) -> Server {
        self.server
    }
}

impl Load for Pipe {
    fn calls(&mut self, calls: usize) -> Result<Spent> {
        let first = self.next;
        // When each was sent, and nothing once it was answered: answers come in any order.
        let mut sent = vec![None; calls];
        let mut spent = Spent::new(&self.server)?;
        let mut done = 0;
        let mut begun = 0;
        let mut credit = self.depth.min(calls);
        while done < calls {
            let now = Instant::now();
            sent[begun..begun + credit].fill(Some(now));
            begun += credit;
            self.send(credit)?;
            let answered = done;
            while done == answered {
                self.fill()?;
                let now = Instant::now();
                let mut start = 0;
                while let Some(end) = memchr::memchr(b'\n', &self.read[start..self.filled]) {
                    let id = self.answers.id(&self.read[start..start + end])?;
                    let at = id.checked_sub(first).and_then(|at| usize::try_from(at).ok());
                    let sent = at.and_then(|at| sent.get_mut(at)).and_then(Option::take);
                    let sent = sent.ok_or_else(|| format!("nothing waits for answer {id}"))?;
                    spent.waited(now - sent);
                    done += 1;
                    start += end + 1;
                }
                self.read.copy_within(start..self.filled, 0);
                self.filled -= start;
            }
            credit = (done - answered).min(calls - begun);
        }
        spent.end(&self.server, calls)?;
        Ok(spent)
    }

    fn shape(&self) -> Shape {
        Shape::Session
    }
}
