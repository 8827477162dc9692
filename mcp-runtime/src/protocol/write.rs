//! Messages, written once and straight into the bytes that are sent.

use serde::Serialize;

use super::envelope::Id;
use crate::error::RpcError;

/// What a request is answered with.
#[derive(Debug)]
pub(crate) struct Response {
    /// The whole message.
    pub body: Vec<u8>,
    /// What HTTP says beside it.
    pub status: Status,
}

/// The status with which a response travels over HTTP. Legacy responses are [`Ok`](Self::Ok), but for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    BadRequest,
    NotFound,
    /// Asked for too often: the only one that legacy responses have, too (P9).
    TooManyRequests {
        /// In seconds.
        retry_after: u64,
    },
}

/// An object that is being written.
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> Writer<'o> {
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    fn key(&mut self, key: &str) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        self.value(key);
        self.out.push(b':');
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        let start = self.out.len();
        // Writing into memory does not fail; a value that JSON cannot say must not leave half of itself behind.
        if serde_json::to_writer(&mut *self.out, value).is_err() {
            self.out.truncate(start);
            self.out.extend_from_slice(b"null");
        }
    }

    pub fn field(&mut self, key: &str, value: &(impl Serialize + ?Sized)) {
        self.key(key);
        self.value(value);
    }

    pub fn optional(&mut self, key: &str, value: Option<&(impl Serialize + ?Sized)>) {
        if let Some(value) = value {
            self.field(key, value);
        }
    }

    /// A field whose value is JSON already.
    pub fn raw(&mut self, key: &str, json: &[u8]) {
        self.key(key);
        self.out.extend_from_slice(json);
    }

    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Writer<'_>)) {
        self.key(key);
        let mut inner = Writer::new(self.out);
        fill(&mut inner);
        inner.end();
    }

    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// A response with a result, which `write` appends as JSON.
pub(crate) fn result_response(id: &Id, write: impl FnOnce(&mut Vec<u8>)) -> Response {
    let mut body = Vec::with_capacity(256);
    body.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    id.write(&mut body);
    body.extend_from_slice(br#","result":"#);
    write(&mut body);
    body.push(b'}');
    Response { body, status: Status::Ok }
}

/// A response with an error. Without an id where that of the request could not be read.
pub(crate) fn error_response(id: Option<&Id>, error: &RpcError, status: Status) -> Response {
    let mut body = Vec::with_capacity(192);
    body.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    if let Some(id) = id {
        body.extend_from_slice(br#""id":"#);
        id.write(&mut body);
        body.push(b',');
    }
    body.extend_from_slice(br#""error":"#);
    if serde_json::to_writer(&mut body, &error.to_wire()).is_err() {
        body.extend_from_slice(b"null");
    }
    body.push(b'}');
    Response { body, status }
}
