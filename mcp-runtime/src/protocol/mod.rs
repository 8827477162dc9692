//! The protocol without its wires: messages in, messages out. No sockets, no clock.
//!
//! What differs between revisions stands in two places only: [`legacy`] for those that begin with `initialize`, and
//! [`modern`] for those whose requests carry their own metadata.

pub(crate) mod envelope;
#[cfg_attr(
    not(feature = "http"),
    allow(dead_code, reason = "a server without HTTP only checks its schemas")
)]
pub(crate) mod headers;
pub(crate) mod json_path;
pub(crate) mod legacy;
pub(crate) mod modern;
pub(crate) mod params;
pub(crate) mod revision;
pub(crate) mod seal;
pub(crate) mod uri_template;
#[cfg(feature = "validation")]
pub(crate) mod validate;
mod write;

use mcp_schema::shared::LoggingLevel;
use serde::Serialize;
use serde_json::value::RawValue;

use self::revision::Revision;
pub(crate) use self::write::{Response, Status, Writer, error_response, result_response};
use crate::server::context::Report;

/// `notifications/progress` as text.
pub(crate) fn progress(revision: Revision, token: &str, report: &Report) -> Option<Box<str>> {
    let token = RawValue::from_string(token.to_owned()).ok()?;
    notification("notifications/progress", |params| {
        params.field("progressToken", &token);
        params.field("progress", &report.progress);
        params.optional("total", report.total.as_ref());
        if revision >= Revision::V2025_03_26 {
            params.optional("message", report.message.as_ref());
        }
    })
}

/// `notifications/message` as text.
pub(crate) fn log(
    level: &LoggingLevel,
    logger: Option<&str>,
    data: Option<&RawValue>,
) -> Option<Box<str>> {
    notification("notifications/message", |params| {
        params.field("level", level);
        params.optional("logger", logger);
        match data {
            Some(data) => params.field("data", data),
            None => params.field("data", &()),
        }
    })
}

/// A notification as text.
pub(crate) fn notification(method: &str, params: impl FnOnce(&mut Writer<'_>)) -> Option<Box<str>> {
    let mut out = Vec::with_capacity(128);
    let mut message = Writer::new(&mut out);
    message.field("jsonrpc", "2.0");
    message.field("method", method);
    message.object("params", params);
    message.end();
    String::from_utf8(out).ok().map(String::into_boxed_str)
}

/// A request of ours as text.
pub(crate) fn request(
    id: i64,
    method: &str,
    params: Option<&(impl Serialize + ?Sized)>,
) -> Option<Box<str>> {
    let mut out = Vec::with_capacity(256);
    let mut message = Writer::new(&mut out);
    message.field("jsonrpc", "2.0");
    message.field("id", &id);
    message.field("method", method);
    message.optional("params", params);
    message.end();
    String::from_utf8(out).ok().map(String::into_boxed_str)
}
