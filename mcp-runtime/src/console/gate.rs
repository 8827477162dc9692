//! Who may use the console.

use std::fmt;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, Request, StatusCode, header};

use super::{Problem, Site};
use crate::server::handle::Allowed;
use crate::transport::http::host_is_fine;

const TOKEN: HeaderName = HeaderName::from_static("x-console-token");

/// What proxies say of those whom they speak for.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// What only who read the printed address knows.
pub(super) struct Token(Box<str>);

impl Token {
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// In a time that tells nothing of where they differ.
    fn is(&self, given: &[u8]) -> bool {
        let own = self.0.as_bytes();
        let differing = own.iter().zip(given).fold(0, |all, (one, other)| all | (one ^ other));
        own.len() == given.len() && std::hint::black_box(differing) == 0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Site {
    /// From where, and by which name: checked for every request, the page's files included.
    pub(super) fn admit<B>(&self, request: &Request<B>, peer: SocketAddr) -> Result<(), Problem> {
        let (remote, headers) = (self.settings.remote, request.headers());
        let is_here = peer.ip().to_canonical().is_loopback()
            && !FORWARDED.iter().any(|name| headers.contains_key(*name));
        if !is_here && !remote {
            return Err(forbidden(
                "the console answers this machine only: `Console::allow_remote` lifts that",
            ));
        }
        let only_here = Allowed::default();
        let allowed = if remote { &self.server.inner().allowed } else { &only_here };
        let host = one(headers, header::HOST)?;
        // HTTP/1.1 lets a request name its target twice.
        let authority = request.uri().authority().map(|it| it.as_str().as_bytes());
        if !host.is_some_and(|host| host_is_fine(allowed, host))
            || authority.is_some_and(|authority| host != Some(authority))
        {
            return Err(forbidden(
                "this `Host` is not one of the console's: open it as 127.0.0.1 or localhost",
            ));
        }
        Ok(())
    }

    /// By which page, and with which token: checked for whatever is not the same for everybody.
    pub(super) fn admit_page(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if let Some(origin) = one(headers, header::ORIGIN)? {
            let host = one(headers, header::HOST)?.unwrap_or_default();
            let schemes = [&b"http://"[..], b"https://"];
            let mut names = schemes.iter().filter_map(|scheme| origin.strip_prefix(*scheme));
            if !names.any(|name| name.eq_ignore_ascii_case(host)) {
                return Err(forbidden("another page's `Origin`"));
            }
        }
        if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
            return Err(forbidden("another page's request"));
        }
        if !one(headers, TOKEN)?.is_some_and(|given| self.token.is(given)) {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "no token, or not this start's: open the address that the server printed",
            ));
        }
        Ok(())
    }
}

fn forbidden(why: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, why)
}

/// The value of a header that may stand once only.
fn one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&[u8]>, Problem> {
    let mut values = headers.get_all(&name).iter();
    let first = values.next().map(|value| value.as_bytes());
    match values.next() {
        None => Ok(first),
        Some(_) => Err(forbidden(&format!("two headers `{name}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_nothing_else() {
        let token = Token::random().expect("randomness");
        let text = token.to_string();
        assert_eq!(text.len(), 32);
        assert!(token.is(text.as_bytes()));
        assert!(!token.is(b""));
        assert!(!token.is(&text.as_bytes()[..31]));
        assert!(!token.is(format!("{text}A").as_bytes()));
        let mut other = text.into_bytes();
        other[31] ^= 1;
        assert!(!token.is(&other));
        assert_ne!(token.to_string(), Token::random().expect("randomness").to_string());
    }
}
