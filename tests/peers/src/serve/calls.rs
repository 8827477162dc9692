//! The requests, made before anything is measured, and what their answers have to say.

use crate::Result;
use memchr::memmem::Finder;

/// How a request over HTTP says which revision it speaks, and who its client is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Shape {
    /// 2026-07-28: every request says everything, in its headers and in `_meta`.
    Modern,
    /// 2025-11-25 with the session that `initialize` gave.
    Session,
    /// 2025-11-25 as a client speaks it to a server that gave it no session.
    Stateless,
}

impl Shape {
    pub fn shown(self) -> &'static str {
        match self {
            Self::Modern => "2026-07-28",
            Self::Session => "2025-11-25 in a session",
            Self::Stateless => "2025-11-25",
        }
    }
}

pub const INITIALIZE: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","#,
    r#""capabilities":{},"clientInfo":{"name":"load","version":"1.0"}}}"#
);
pub const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// The revision that speaks without a session, in its own words; the client's capabilities follow.
const META: &str = concat!(
    r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"load","version":"1.0"},"#,
    r#""io.modelcontextprotocol/clientCapabilities":"#
);
/// The capabilities of a client that knows tasks.
const TASKS: &str = r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;

/// The tool whose calls become tasks.
pub const FINISHED: &str = "finished";
/// How a client asks for a task.
pub const GET: &str = "tasks/get";

/// What stands before the id in the text that is to be echoed.
const TEXT: &str = "What a tool is told is rarely longer than a line; this is call ";
/// The first id. All ids have as many digits, so that they can be put into prepared bytes.
pub const FIRST: u64 = 100_000_000;
const DIGITS: usize = 9;

/// The body of a call with `FIRST` as its id, which `Request` replaces.
pub fn body(shape: Shape) -> String {
    let meta = if shape == Shape::Modern { format!(",{META}{{}}}}") } else { String::new() };
    let params = format!(r#""name":"echo","arguments":{{"text":"{TEXT}{FIRST}"}}{meta}"#);
    request("tools/call", &params)
}

/// The body of a call that becomes a task, in the revision that has no sessions.
pub fn task() -> String {
    let arguments = format!(r#"{{"text":"{TEXT}{FIRST}"}}"#);
    let params = format!(r#""name":"{FINISHED}","arguments":{arguments},{META}{TASKS}}}"#);
    request("tools/call", &params)
}

/// The body that asks for that task, with `FIRST` as its id, which `Request` replaces.
pub fn get(task: &str) -> String {
    request(GET, &format!(r#""taskId":"{task}",{META}{TASKS}}}"#))
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{FIRST},"method":"{method}","params":{{{params}}}}}"#)
}

/// A prepared request whose id changes from call to call.
pub struct Request {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Request {
    pub fn new(bytes: Vec<u8>) -> Self {
        let places = Finder::new(&FIRST.to_string()).find_iter(&bytes).collect();
        Self { bytes, places }
    }

    pub fn with(&mut self, id: u64) -> &[u8] {
        let digits = digits(id);
        for &place in &self.places {
            self.bytes[place..place + DIGITS].copy_from_slice(&digits);
        }
        &self.bytes
    }
}

fn digits(mut id: u64) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit += (id % 10) as u8;
        id /= 10;
    }
    digits
}

/// Reads answers, and believes nothing.
pub struct Answers {
    id: Finder<'static>,
    text: Finder<'static>,
    error: Finder<'static>,
    /// What stands behind the text, if it is not the id.
    said: Option<[u8; DIGITS]>,
}

impl Answers {
    /// Each repeats the text of its own call.
    pub fn echoes() -> Self {
        Self {
            said: None,
            id: Finder::new(r#""id":"#),
            text: Finder::new(TEXT),
            error: Finder::new(r#""isError":true"#),
        }
    }

    /// All of them tell what came of the one call that became a task.
    pub fn of_task() -> Self {
        Self { said: Some(digits(FIRST)), ..Self::echoes() }
    }

    /// The id of an answer that says what it has to.
    pub fn id(&self, answer: &[u8]) -> Result<u64> {
        let wrong = || format!("not the right answer: {}", String::from_utf8_lossy(answer));
        let after = self.id.find(answer).ok_or_else(wrong)? + self.id.needle().len();
        let digits = answer.get(after..after + DIGITS).ok_or_else(wrong)?;
        let said = self.text.find(answer).ok_or_else(wrong)? + TEXT.len();
        let expected = self.said.as_ref().map_or(digits, |said| said);
        let same = answer.get(said..said + DIGITS) == Some(expected)
            && answer.get(said + DIGITS) == Some(&b'"')
            && digits.iter().all(u8::is_ascii_digit)
            && self.error.find(answer).is_none();
        match same {
            true => Ok(digits.iter().fold(0, |id, digit| 10 * id + u64::from(digit - b'0'))),
            false => Err(wrong().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answers, FIRST, Request, Shape, TEXT, body};

    #[test]
    fn a_request_says_its_id_twice() {
        let mut request = Request::new(body(Shape::Modern).into_bytes());
        let sent: serde_json::Value =
            serde_json::from_slice(request.with(FIRST + 42)).expect("it is JSON");
        assert_eq!(sent["id"], FIRST + 42);
        assert_eq!(sent["params"]["arguments"]["text"], format!("{TEXT}{}", FIRST + 42));
    }

    #[test]
    fn only_an_echo_is_an_answer() {
        let answer = |id: u64, said: u64, more: &str| {
            format!(
                r#"{{"id":{id},"result":{{"content":[{{"type":"text","text":"{TEXT}{said}"}}]{more}}}}}"#
            )
        };
        let id = |answer: String| Answers::echoes().id(answer.as_bytes()).ok();
        assert_eq!(id(answer(FIRST + 7, FIRST + 7, "")), Some(FIRST + 7));
        assert_eq!(id(answer(FIRST + 7, FIRST + 8, "")), None);
        assert_eq!(id(answer(FIRST, FIRST, r#","isError":true"#)), None);
        let error = format!(r#"{{"id":{FIRST},"error":{{"code":-32602,"message":"no"}}}}"#);
        assert_eq!(id(error), None);
        let id = |answer: String| Answers::of_task().id(answer.as_bytes()).ok();
        assert_eq!(id(answer(FIRST + 7, FIRST, "")), Some(FIRST + 7));
        assert_eq!(id(answer(FIRST + 7, FIRST + 7, "")), None);
    }
}
