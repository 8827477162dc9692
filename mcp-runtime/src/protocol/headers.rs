//! The HTTP headers that mirror parts of a request's body (2026-07-28, Streamable HTTP, Request Metadata): how their
//! values are written, and whether they say what the body says.
//!
//! Nothing here knows HTTP: header values come in as bytes. A header that occurs twice is the caller's to refuse, since a
//! gateway and this server might each look at another one of the two.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

mod param;
#[cfg(test)]
mod tests;

pub(crate) use self::param::ParamHeaders;

/// Exactly as shown, in lower case (Value Encoding).
const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// How much of a value a message quotes.
const QUOTED: usize = 80;

/// The values of the headers that every modern request has; `None` where the header is missing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StandardHeaders<'a> {
    /// `MCP-Protocol-Version`.
    pub(crate) protocol_version: Option<&'a [u8]>,
    /// `Mcp-Method`.
    pub(crate) method: Option<&'a [u8]>,
    /// `Mcp-Name`.
    pub(crate) name: Option<&'a [u8]>,
}

/// The member of `params` that `Mcp-Name` mirrors for this method, if it mirrors any.
pub(crate) fn name_member(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        // SEP-2663, Streamable HTTP: a client of the tasks extension sets the header to the id of the task.
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// Whether the standard headers say the same as the body (Server Validation). `name` is the string at [`name_member`],
/// `version` what the body's `_meta` names; `strict` whether the name of a task may not be left out.
///
/// # Errors
///
/// A [`Mismatch`], to be answered with 400 and -32020 `HeaderMismatch`.
pub(crate) fn check_standard(
    headers: &StandardHeaders<'_>,
    method: &str,
    name: Option<&str>,
    version: &str,
    strict: bool,
) -> Result<(), Mismatch> {
    // Neither may be encoded: the sentinel is for Mcp-Name and Mcp-Param-* only.
    equal_literally("MCP-Protocol-Version", headers.protocol_version, version)?;
    equal_literally("Mcp-Method", headers.method, method)?;

    let Some(member) = name_member(method) else { return Ok(()) };
    let Some(value) = headers.name else {
        // The table of Standard Request Headers requires it of three methods and knows no tasks (D20).
        let lenient = member == "taskId" && !strict;
        return if lenient { Ok(()) } else { Err(Mismatch::missing("Mcp-Name")) };
    };
    let value = decoded("Mcp-Name", value)?;
    match name {
        Some(name) if name == value => Ok(()),
        Some(name) => Err(Mismatch::differs("Mcp-Name", &value, name)),
        // Params without a name are refused anyway; a gateway has already believed the header.
        None => Err(Mismatch::not_in_body("Mcp-Name", &value, &format!("params.{member}"))),
    }
}

fn equal_literally(header: &'static str, value: Option<&[u8]>, body: &str) -> Result<(), Mismatch> {
    let value = value.ok_or_else(|| Mismatch::missing(header))?;
    let value = visible(value).map_err(|error| Mismatch::malformed(header, error))?;
    if value == body { Ok(()) } else { Err(Mismatch::differs(header, value, body)) }
}

fn decoded<'a>(header: &str, value: &'a [u8]) -> Result<Cow<'a, str>, Mismatch> {
    decode_value(value).map_err(|error| Mismatch::malformed(header, error))
}

/// What the value of an `Mcp-Name` or `Mcp-Param-*` header stands for (Value Encoding): the text between `=?base64?` and
/// `?=` decoded, anything else literally, without the white space around it.
///
/// # Errors
///
/// [`HeaderError`] for a character that is neither visible ASCII nor space nor tab, and for what says it is Base64 and
/// is not, or is not the Base64 of UTF-8.
pub(crate) fn decode_value(value: &[u8]) -> Result<Cow<'_, str>, HeaderError> {
    let text = visible(value)?;
    let Some(encoded) = text.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) else {
        return Ok(Cow::Borrowed(text));
    };
    // Canonical padding is required, so that a value has one encoding.
    let bytes = STANDARD.decode(encoded).map_err(|_| HeaderError::Base64)?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| HeaderError::Utf8)
}

/// A value as a client writes it into an `Mcp-Name` or `Mcp-Param-*` header: as it is where that is safe, or else in Base64.
#[cfg(any(test, feature = "client"))]
pub(crate) fn encode_value(value: &str) -> Cow<'_, str> {
    let safe = value.bytes().all(is_visible)
        && value.trim_matches([' ', '\t']).len() == value.len()
        && !(value.starts_with(PREFIX) && value.ends_with(SUFFIX));
    if safe {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(value)))
}

/// The value as text, without optional white space around it (RFC 9110, 5.5 and 5.6.3).
fn visible(value: &[u8]) -> Result<&str, HeaderError> {
    if let Some(at) = value.iter().position(|byte| !is_visible(*byte)) {
        return Err(HeaderError::Character { at });
    }
    let text = str::from_utf8(value)
        .map_err(|error| HeaderError::Character { at: error.valid_up_to() })?;
    Ok(text.trim_matches([' ', '\t']))
}

const fn is_visible(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

/// Why the value of a header cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error(
        "the character at byte {at} is not visible ASCII, space or tab: encode the value as `=?base64?...?=`"
    )]
    Character { at: usize },
    #[error("between `=?base64?` and `?=` stands no padded Base64 of the standard alphabet")]
    Base64,
    #[error("between `=?base64?` and `?=` stands the Base64 of something that is not UTF-8")]
    Utf8,
}

/// Why headers and body do not go together. The text is the message of the error -32020, in the words of the
/// specification's example; hence the upper-case letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    #[error("Header mismatch: required {header} header is missing")]
    Missing { header: String },
    #[error("Header mismatch: {header} header value '{value}' does not match body value '{body}'")]
    Differs { header: String, value: String, body: String },
    #[error(
        "Header mismatch: {header} header value '{value}' has no counterpart in the body: {member} is missing"
    )]
    NotInBody { header: String, value: String, member: String },
    #[error("Header mismatch: {header} header value is malformed: {error}")]
    Malformed { header: String, error: HeaderError },
    #[error("Header mismatch: {header} header cannot mirror the body value at {member}: {reason}")]
    Unmirrorable { header: String, member: String, reason: &'static str },
    #[error("Header mismatch: the arguments cannot be compared with the headers: {reason}")]
    Arguments { reason: String },
}

impl Mismatch {
    fn missing(header: &str) -> Self {
        Self::Missing { header: header.to_owned() }
    }

    fn differs(header: &str, value: &str, body: &str) -> Self {
        Self::Differs { header: header.to_owned(), value: quoted(value), body: quoted(body) }
    }

    fn not_in_body(header: &str, value: &str, member: &str) -> Self {
        Self::NotInBody {
            header: header.to_owned(),
            value: quoted(value),
            member: member.to_owned(),
        }
    }

    fn malformed(header: &str, error: HeaderError) -> Self {
        Self::Malformed { header: header.to_owned(), error }
    }
}

/// A peer's text for a message that may also go to a log: short, and without control characters.
fn quoted(text: &str) -> String {
    let mut quoted: String =
        text.chars().take(QUOTED).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(QUOTED).is_some() {
        quoted.push('…');
    }
    quoted
}
