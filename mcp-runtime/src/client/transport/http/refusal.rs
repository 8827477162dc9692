//! What it means that a server did not answer as it should.

use std::error::Error;
use std::time::Duration;

use mcp_schema::shared::Error as WireError;
use reqwest::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Response, StatusCode};

use super::events::too_long;
use super::{Http, Letter};
use crate::client::error::ClientError;
use crate::error::RpcError;
use crate::protocol::envelope;

/// How much of a page is shown.
const SHOWN: usize = 200;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Events,
    Other,
}

impl Form {
    pub fn of(response: &Response) -> Self {
        let form = text(response.headers(), &CONTENT_TYPE).unwrap_or_default();
        let form = form.split(';').next().unwrap_or_default().trim();
        if form.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else if form.eq_ignore_ascii_case("text/event-stream") {
            Self::Events
        } else {
            Self::Other
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What the server says of how to get a token.
pub(super) fn challenge(response: &Response) -> Option<String> {
    text(response.headers(), &WWW_AUTHENTICATE).map(str::to_owned)
}

/// How long the server does not want to be asked. A date is not understood: it would need the server's clock.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    text(response.headers(), &RETRY_AFTER)?.trim().parse().ok().map(Duration::from_secs)
}

/// An error with all that lies beneath it; the outermost alone often says nothing.
pub(super) fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !told.contains(&more) {
            told = format!("{told}: {more}");
        }
        cause = error.source();
    }
    told
}

impl Http {
    /// The body of a response, as far as it may be long.
    pub async fn body(
        &self,
        letter: &Letter,
        mut response: Response,
    ) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(body),
                Ok(Some(chunk)) if body.len() + chunk.len() > self.limit => {
                    return Err(ClientError::invalid(&letter.method, too_long(self.limit)));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) => return Err(self.lost(letter, &error)),
            }
        }
    }

    /// A request that was not answered at all.
    pub fn lost(&self, letter: &Letter, error: &reqwest::Error) -> ClientError {
        let problem = cause(error);
        if error.is_connect() {
            ClientError::Unreachable { url: self.key.clone(), problem }
        } else {
            ClientError::Interrupted { method: letter.method.clone(), problem }
        }
    }

    /// An answer whose status says no. An error of the protocol in it is the answer, whatever the status.
    pub async fn refused(&self, letter: &Letter, response: Response) -> ClientError {
        let (status, form) = (response.status(), Form::of(&response));
        let retry_after = retry_after(&response);
        let (challenge, location) =
            (challenge(&response), text(response.headers(), &LOCATION).map(str::to_owned));
        // The status says more than a body that is not there.
        let body = self.body(letter, response).await.unwrap_or_default();
        if let Some(error) = rpc_error(&body) {
            return ClientError::refused(&letter.method, error);
        }
        if status == StatusCode::UNAUTHORIZED {
            let advice = self.token.advice();
            return ClientError::Unauthorized { challenge, advice };
        }
        let said = if form == Form::Events { String::new() } else { shown(&body) };
        let advice = match status.as_u16() {
            300..400 => format!(
                "it redirects to {}; if you trust that, connect to it",
                location.as_deref().unwrap_or("nowhere")
            ),
            403 => format!(
                "it does not allow that to this client{}",
                challenge.map_or_else(String::new, |it| format!(" (`{it}`)"))
            ),
            404 if self.session.current().is_some() && !letter.modern => {
                "the session is gone, and another one cannot be had: connect again".to_owned()
            }
            404 | 405 => {
                "this seems not to be the address of an MCP server: check its path".to_owned()
            }
            413 => "the message is longer than it accepts".to_owned(),
            429 => "it is asked too often".to_owned(),
            500..600 => "it has failed, or what stands before it".to_owned(),
            _ => "it refused".to_owned(),
        };
        let later = retry_after
            .map_or_else(String::new, |wait| format!("; it wants to be left alone for {wait:?}"));
        let problem = if said.is_empty() {
            advice + &later
        } else {
            format!("{advice}{later}; it says: {said}")
        };
        let (method, status) = (letter.method.clone(), status.as_u16());
        ClientError::Http { method, status, problem, retry_after }
    }

    /// An answer that claims to be one, and is not.
    pub async fn no_answer(&self, letter: &Letter, response: Response) -> ClientError {
        let status = response.status();
        let form = text(response.headers(), &CONTENT_TYPE).map(str::to_owned);
        let problem = match (status, form) {
            (StatusCode::ACCEPTED | StatusCode::NO_CONTENT, _) => {
                format!("the server took it for a message that needs no answer ({status})")
            }
            (_, form) => {
                let said = self.body(letter, response).await.map(|body| shown(&body));
                format!(
                    "it is {} in place of JSON or an event stream: check that the address is that of an MCP server; it says: {}",
                    form.map_or_else(|| "of no type".to_owned(), |form| format!("`{form}`")),
                    said.unwrap_or_default()
                )
            }
        };
        ClientError::invalid(&letter.method, problem)
    }
}

/// What went wrong, without the address: that may have a secret in its query.
fn cause(error: &reqwest::Error) -> String {
    match error.source() {
        Some(source) => told(source),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None => "it broke off".to_owned(),
    }
}

fn rpc_error(body: &[u8]) -> Option<RpcError> {
    let [error] = envelope::fields(std::str::from_utf8(body).ok()?, &["error"]).ok()?;
    let WireError { code, message, data, .. } = serde_json::from_str(error?.get()).ok()?;
    Some(RpcError { code, message, data })
}

/// The beginning of a page, on one line.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]);
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    let mut shown: String = line.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}
