//! Who may talk to the server: the name it was called by, and the page that a browser was on.
//!
//! A page of anybody's may make a browser send requests to a local server, and may have its own name point to it (DNS
//! rebinding). Either header gives it away, and each is looked at by itself: a foreign origin is refused under a good
//! host, and the other way round.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::body::ResponseBody;
use crate::server::handle::Allowed;

/// Names of this machine, under any port.
const LOOPBACK: [&[u8]; 3] = [b"localhost", b"127.0.0.1", b"[::1]"];

/// Whether a server may be called by this name: `host` or `host:port`.
pub(crate) fn host_is_fine(allowed: &Allowed, host: &[u8]) -> bool {
    if allowed.any_host {
        return true;
    }
    let Some((name, _)) = split(host) else { return false };
    is_loopback(name)
        || allowed.hosts.iter().any(|known| {
            let known = known.as_bytes();
            // A known name with a port stands for that port only.
            known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(name)
        })
}

/// Whether a page of this origin may call: one of this machine, or one that is listed.
pub(super) fn origin_is_fine(allowed: &Allowed, origin: &[u8]) -> bool {
    let authority = [&b"http://"[..], b"https://"].iter().find_map(|scheme| {
        let (head, rest) = origin.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    authority.and_then(split).is_some_and(|(name, _)| is_loopback(name))
        || allowed
            .origins
            .iter()
            .any(|known| known.trim_end_matches('/').as_bytes().eq_ignore_ascii_case(origin))
}

fn is_loopback(name: &[u8]) -> bool {
    LOOPBACK.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Takes `host:port` apart. Nothing if it is neither that nor a host.
fn split(authority: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = match authority.first()? {
        b'[' => authority.iter().position(|byte| *byte == b']')? + 1,
        _ => authority.iter().position(|byte| *byte == b':').unwrap_or(authority.len()),
    };
    let (name, port) = authority.split_at(end);
    match port.strip_prefix(b":") {
        None if port.is_empty() => Some((name, None)),
        Some(port) if port.len() <= 5 && port.iter().all(u8::is_ascii_digit) => {
            Some((name, Some(port)))
        }
        _ => None,
    }
}

/// Lets the page that sent a request read its response (Fetch, CORS protocol).
pub(super) fn let_read(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Mcp-Session-Id"));
}

/// Answers the question that a browser asks before it sends anything.
pub(super) fn preflight(request: &HeaderMap) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(super::METHODS));
    if request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, DELETE"),
        );
        // Whatever it wants to send: `Mcp-Param-*` are any number of names, and the origin is a trusted one.
        if let Some(names) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Allowed {
        Allowed {
            hosts: vec!["mcp.example.com".into(), "other.example.com:8443".into()],
            origins: vec!["https://app.example.com".into()],
            any_host: false,
        }
    }

    #[test]
    fn hosts() {
        for (host, fine) in [
            ("localhost", true),
            ("LocalHost:8000", true),
            ("127.0.0.1:1", true),
            ("[::1]:80", true),
            ("mcp.example.com", true),
            ("MCP.example.com:443", true),
            ("other.example.com:8443", true),
            ("other.example.com", false),
            ("other.example.com:80", false),
            ("evil.example.com", false),
            ("localhost.evil.example.com", false),
            ("localhost:80:80", false),
            ("localhost:port", false),
            ("localhost@evil.example.com", false),
            ("[::1", false),
            ("[::1]evil", false),
            ("", false),
        ] {
            assert_eq!(host_is_fine(&allowed(), host.as_bytes()), fine, "{host}");
        }
        let any = Allowed { any_host: true, ..Allowed::default() };
        assert!(host_is_fine(&any, b"evil.example.com"));
    }

    #[test]
    fn origins() {
        for (origin, fine) in [
            ("http://localhost:6274", true),
            ("https://127.0.0.1", true),
            ("http://[::1]:3000", true),
            ("https://app.example.com", true),
            ("http://app.example.com", false),
            ("https://app.example.com:8443", false),
            ("http://evil.example.com", false),
            ("http://localhost.evil.example.com", false),
            ("http://localhost:80@evil.example.com", false),
            ("file://localhost", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(origin_is_fine(&allowed(), origin.as_bytes()), fine, "{origin}");
        }
    }
}
