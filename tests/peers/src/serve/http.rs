//! Calls over TCP, with as little HTTP as answers can be read with.

use super::calls::{self, Answers, Request, Shape};
use super::lane::{Load, Spent};
use super::server::Server;
use crate::Result;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A server that is silent for so long will not answer any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that stay open for a batch of calls, each with one call in flight. Between batches
/// they are idle while others have their turns, which a server may end: each batch opens its own.
///
/// One thread serves them in turn, and sends a connection's next call as soon as it has read the
/// answer: a thread for each would take more of the machine, which the server needs.
pub struct Sockets {
    /// Several lanes may ask the same process, each in its turn.
    server: Rc<Server>,
    shape: Shape,
    address: SocketAddr,
    count: usize,
    request: Request,
    answers: Answers,
    next: u64,
}

impl Sockets {
    pub fn start(server: Server, shape: Shape, count: usize) -> Result<Self> {
        let address = server.address.ok_or("a server without an address")?;
        let session = match shape {
            Shape::Session => initialize(&mut Connection::open(address)?, address)?,
            Shape::Modern | Shape::Stateless => None,
        };
        if shape == Shape::Session && session.is_none() {
            return Err("the server gave no session".into());
        }
        let headers = headers(shape, session.as_deref());
        let request = post(address, &headers, &calls::body(shape));
        Self::prepared(Rc::new(server), shape, count, request, Answers::echoes())
    }

    /// Sends this request, and wants these answers.
    pub fn prepared(
        server: Rc<Server>,
        shape: Shape,
        count: usize,
        request: String,
        answers: Answers,
    ) -> Result<Self> {
        let address = server.address.ok_or("a server without an address")?;
        let request = Request::new(request.into_bytes());
        Ok(Self { server, shape, address, count, request, answers, next: calls::FIRST })
    }

    /// Hands over the process, if no other lane asks it.
    pub fn close(self) -> Result<Server> {
        Rc::into_inner(self.server).ok_or_else(|| "others need the server".into())
    }
}

impl Load for Sockets {
    fn calls(&mut self, calls: usize) -> Result<Spent> {
        let count = self.count;
        let connections = (0..count).map(|_| Connection::open(self.address));
        let mut connections = connections.collect::<Result<Vec<_>>>()?;
        let mut spent = Spent::new(&self.server)?;
        for at in 0..calls + count {
            let connection = &mut connections[at % count];
            // The first turn has nothing to read, the last one nothing to write.
            if at >= count && at - count < calls {
                let head = connection.receive()?;
                let now = Instant::now();
                let body = connection.body(&head);
                if head.status != 200 {
                    let said = String::from_utf8_lossy(body);
                    return Err(format!("status {}: {said}", head.status).into());
                }
                let id = self.answers.id(body)?;
                let expected = connection.waits_for;
                if id != expected {
                    return Err(format!("answer {id} where {expected} was asked").into());
                }
                spent.waited(now - connection.sent);
            }
            if at < calls {
                connection.waits_for = self.next;
                connection.sent = Instant::now();
                connection.stream.write_all(self.request.with(self.next))?;
                self.next += 1;
            }
        }
        spent.end(&self.server, calls)?;
        Ok(spent)
    }

    fn shape(&self) -> Shape {
        self.shape
    }
}

/// Begins a session as 2025-11-25 has it, and returns its id if the server gave one.
fn initialize(connection: &mut Connection, address: SocketAddr) -> Result<Option<String>> {
    let mut say = |headers: &str, body: &str| -> Result<(Head, String)> {
        connection.stream.write_all(post(address, headers, body).as_bytes())?;
        let head = connection.receive()?;
        let body = String::from_utf8_lossy(connection.body(&head)).into_owned();
        Ok((head, body))
    };
    let (head, body) = say("", calls::INITIALIZE)?;
    if head.status != 200 || !body.contains(r#""protocolVersion":"2025-11-25""#) {
        return Err(format!("initialize was answered with {}: {body}", head.status).into());
    }
    let session = head.session;
    let (head, body) = say(&headers(Shape::Session, session.as_deref()), calls::INITIALIZED)?;
    match head.status {
        202 => Ok(session),
        status => {
            Err(format!("notifications/initialized was answered with {status}: {body}").into())
        }
    }
}

/// The headers that a revision adds to those of every request.
fn headers(shape: Shape, session: Option<&str>) -> String {
    let mut headers = match shape {
        Shape::Modern => modern_headers("tools/call", "echo"),
        Shape::Session | Shape::Stateless => "mcp-protocol-version: 2025-11-25\r\n".to_owned(),
    };
    if let Some(session) = session {
        headers.push_str("mcp-session-id: ");
        headers.push_str(session);
        headers.push_str("\r\n");
    }
    headers
}

/// What 2026-07-28 wants to hear of a request before its body.
pub fn modern_headers(method: &str, name: &str) -> String {
    format!("mcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\nmcp-name: {name}\r\n")
}

/// Sends one request on a connection of its own, and returns the body of its answer.
pub fn ask(address: SocketAddr, headers: &str, body: &str) -> Result<String> {
    let mut connection = Connection::open(address)?;
    connection.stream.write_all(post(address, headers, body).as_bytes())?;
    let head = connection.receive()?;
    let body = String::from_utf8_lossy(connection.body(&head)).into_owned();
    match head.status {
        200 => Ok(body),
        status => Err(format!("status {status}: {body}").into()),
    }
}

pub fn post(address: SocketAddr, headers: &str, body: &str) -> String {
    let mut request = format!("POST /mcp HTTP/1.1\r\nhost: {address}\r\n");
    request.push_str("content-type: application/json\r\n");
    request.push_str("accept: application/json, text/event-stream\r\n");
    request.push_str(headers);
    write!(request, "content-length: {}\r\n\r\n{body}", body.len())
        .expect("a string takes what is written to it");
    request
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    filled: usize,
    /// The body of an answer in chunks, put together.
    joined: Vec<u8>,
    waits_for: u64,
    sent: Instant,
}

/// What an answer's head says, as far as anything here depends on it.
struct Head {
    status: u16,
    body: Body,
    session: Option<String>,
}

enum Body {
    /// In the buffer: where it begins and ends.
    Plain(usize, usize),
    Joined,
}

impl Connection {
    fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            read: vec![0; 1 << 14],
            filled: 0,
            joined: Vec::new(),
            waits_for: 0,
            sent: Instant::now(),
        })
    }

    fn body(&self, head: &Head) -> &[u8] {
        match head.body {
            Body::Plain(from, to) => &self.read[from..to],
            Body::Joined => &self.joined,
        }
    }

    /// Reads one answer to its end. No two are in flight, so nothing may stand behind it.
    fn receive(&mut self) -> Result<Head> {
        self.filled = 0;
        let mut from = 0;
        let start = loop {
            self.fill()?;
            // The end of the head may be cut in two by a read.
            let end = memchr::memmem::find(&self.read[from..self.filled], b"\r\n\r\n");
            match end {
                Some(end) => break from + end + 4,
                None => from = self.filled.saturating_sub(3),
            }
        };
        let head = std::str::from_utf8(&self.read[..start])?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        let status = status.parse().map_err(|_| format!("not HTTP: {head}"))?;
        let (mut length, mut chunked, mut session) = (None, false, None);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.parse::<usize>()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("mcp-session-id") {
                session = Some(value.to_owned());
            }
        }
        let (body, end) = match (chunked, length) {
            (true, _) => (Body::Joined, self.join(start)?),
            (false, Some(length)) => {
                while self.filled < start + length {
                    self.fill()?;
                }
                (Body::Plain(start, start + length), start + length)
            }
            (false, None) => return Err("an answer that does not say where it ends".into()),
        };
        match self.filled == end {
            true => Ok(Head { status, body, session }),
            false => Err("more bytes than one answer has".into()),
        }
    }

    /// Puts the chunks that begin at `at` together, and returns where they end.
    fn join(&mut self, mut at: usize) -> Result<usize> {
        self.joined.clear();
        loop {
            let line = loop {
                match memchr::memmem::find(&self.read[at..self.filled], b"\r\n") {
                    Some(line) => break line,
                    None => self.fill()?,
                }
            };
            let size = std::str::from_utf8(&self.read[at..at + line])?;
            let size = usize::from_str_radix(size, 16)?;
            let from = at + line + 2;
            at = from + size + 2;
            while self.filled < at {
                self.fill()?;
            }
            if size == 0 {
                return Ok(at);
            }
            self.joined.extend_from_slice(&self.read[from..from + size]);
        }
    }

    fn fill(&mut self) -> Result<()> {
        if self.filled == self.read.len() {
            return Err("an answer longer than the buffer".into());
        }
        match self.stream.read(&mut self.read[self.filled..])? {
            0 => Err("the server closed the connection".into()),
            more => {
                self.filled += more;
                Ok(())
            }
        }
    }
}
