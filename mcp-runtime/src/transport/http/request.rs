//! What a request says in its head, and its body, read within bounds.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use tokio::time::Sleep;

use crate::protocol::headers::StandardHeaders;

/// The headers that matter, found in one pass.
pub(super) struct Head<'a> {
    pub all: &'a HeaderMap,
    pub host: Option<&'a [u8]>,
    pub origin: Option<&'a [u8]>,
    pub session: Option<&'a [u8]>,
    pub last_event: Option<&'a [u8]>,
    pub standard: StandardHeaders<'a>,
    pub accept: Accept,
    /// Whether the body says that it is JSON.
    pub json: bool,
    /// A header that may stand once only and stands twice: a gateway may have looked at the other one.
    pub twice: Option<&'static str>,
}

impl<'a> Head<'a> {
    pub fn read(headers: &'a HeaderMap) -> Self {
        let mut head = Self {
            all: headers,
            host: None,
            origin: None,
            session: None,
            last_event: None,
            standard: StandardHeaders::default(),
            accept: Accept::default(),
            json: false,
            twice: None,
        };
        let mut accept: Option<Accept> = None;
        let mut content_type = None;
        for (name, value) in headers {
            let value = value.as_bytes();
            let (slot, name) = match name.as_str() {
                "host" => (&mut head.host, "Host"),
                "origin" => (&mut head.origin, "Origin"),
                "content-type" => (&mut content_type, "Content-Type"),
                "mcp-session-id" => (&mut head.session, "Mcp-Session-Id"),
                "last-event-id" => (&mut head.last_event, "Last-Event-ID"),
                "mcp-protocol-version" => {
                    (&mut head.standard.protocol_version, "MCP-Protocol-Version")
                }
                "mcp-method" => (&mut head.standard.method, "Mcp-Method"),
                "mcp-name" => (&mut head.standard.name, "Mcp-Name"),
                "accept" => {
                    let more = Accept::read(value);
                    let all = accept.get_or_insert(Accept { json: false, events: false });
                    all.json |= more.json;
                    all.events |= more.events;
                    continue;
                }
                _ => continue,
            };
            if slot.replace(value).is_some() {
                // These two are checked for every method, the others only where they mean something.
                if head.twice.is_none() || matches!(name, "Host" | "Origin") {
                    head.twice = Some(name);
                }
            }
        }
        head.accept = accept.unwrap_or_default();
        head.json = content_type.is_some_and(is_json);
        head
    }
}

/// What the client can read. Both, where it does not say: the specification has it say so, and a server that insists on
/// it gains nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accept {
    pub json: bool,
    pub events: bool,
}

impl Default for Accept {
    fn default() -> Self {
        Self { json: true, events: true }
    }
}

impl Accept {
    fn read(value: &[u8]) -> Self {
        let mut accept = Self { json: false, events: false };
        for range in value.split(|byte| *byte == b',') {
            let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let kind = parts.next().unwrap_or_default();
            if parts.any(is_never) {
                continue;
            }
            let is = |name: &[u8]| kind.eq_ignore_ascii_case(name);
            let all = is(b"*/*");
            accept.json |= all || is(b"application/json") || is(b"application/*");
            accept.events |= all || is(b"text/event-stream") || is(b"text/*");
        }
        accept
    }
}

/// A weight of zero (RFC 9110, 12.4.2).
fn is_never(parameter: &[u8]) -> bool {
    let weight = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="));
    weight.is_some_and(|weight| {
        !weight.is_empty() && weight.iter().all(|byte| matches!(byte, b'0' | b'.'))
    })
}

fn is_json(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// Why there is no body to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    TooLong,
    TooSlow,
    /// The client broke off.
    Broken,
}

/// Reads a body of at most `limit` bytes, all of it within `time`. A body that comes in one piece is not copied.
pub(crate) async fn body<B: http_body::Body>(
    body: B,
    limit: usize,
    time: Duration,
) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unread::TooLong);
    }
    let mut body = pin!(body);
    let mut deadline: Option<Pin<Box<Sleep>>> = None;
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    poll_fn(|cx| {
        loop {
            if body.is_end_stream() {
                return Poll::Ready(Ok(()));
            }
            let frame = match body.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(Unread::Broken)),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    // Most bodies are there already: only those that are not need a clock.
                    let deadline =
                        deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
                    return deadline.as_mut().poll(cx).map(|()| Err(Unread::TooSlow));
                }
            };
            // Trailers mean nothing here.
            let Ok(mut data) = frame.into_data() else { continue };
            let length = data.remaining();
            if first.len() + all.len() + length > limit {
                return Poll::Ready(Err(Unread::TooLong));
            }
            let data = data.copy_to_bytes(length);
            if first.is_empty() && all.is_empty() {
                first = data;
            } else {
                all.extend_from_slice(&std::mem::take(&mut first));
                all.extend_from_slice(&data);
            }
        }
    })
    .await?;
    Ok(if all.is_empty() { first } else { all.freeze() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_as_http_says() {
        for (value, json, events) in [
            ("application/json, text/event-stream", true, true),
            ("text/event-stream,application/json;q=0.5", true, true),
            ("*/*", true, true),
            ("application/*", true, false),
            ("TEXT/Event-Stream", false, true),
            ("text/html", false, false),
            ("application/json;q=0, text/event-stream", false, true),
            ("application/json; q=0.000", false, false),
            ("application/json;q=", true, false),
            ("", false, false),
            (",;,", false, false),
        ] {
            assert_eq!(Accept::read(value.as_bytes()), Accept { json, events }, "{value}");
        }
    }

    #[test]
    fn a_header_that_stands_twice_is_noticed() {
        let mut headers = HeaderMap::new();
        let value = |text| http::HeaderValue::from_static(text);
        headers.append("accept", value("application/json"));
        headers.append("accept", value("text/event-stream"));
        headers.append("content-type", value("Application/JSON ; charset=utf-8"));
        headers.append("mcp-method", value("ping"));
        let head = Head::read(&headers);
        assert_eq!((head.accept, head.json, head.twice), (Accept::default(), true, None));
        headers.append("mcp-method", value("tools/call"));
        assert_eq!(Head::read(&headers).twice, Some("Mcp-Method"));
    }
}
