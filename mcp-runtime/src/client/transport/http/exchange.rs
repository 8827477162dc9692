//! One request, from its POST to its answer.

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;

use super::events::{Cursor, Events};
use super::refusal::{Form, challenge, retry_after};
use super::session::message;
use super::{Http, LAST_EVENT, Letter, SESSION, VERSION};
use crate::client::error::ClientError;
use crate::client::wire::Incoming;
use crate::protocol::envelope::{self, Id, Message};
use crate::protocol::revision::Revision;

/// How long a server may ask to be left alone, for its wish to be waited for instead of reported. It has not done anything yet, so
/// the request may be repeated.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often in a row a stream is resumed without that anything comes.
const RESUMED: u32 = 5;

impl Http {
    /// Posts a request, and hands on what comes until its answer has come. `id` is the request's; without it any answer will do.
    pub async fn exchange(
        &self,
        letter: &Letter,
        id: Option<i64>,
        received: &mpsc::Sender<Incoming>,
    ) -> Result<(), ClientError> {
        let response = self.post(letter).await?;
        if !response.status().is_success() {
            return Err(self.refused(letter, response).await);
        }
        self.session.note(letter, &response);
        match Form::of(&response) {
            Form::Events => self.follow(letter, id, response, received).await,
            Form::Json => {
                let body = self.body(letter, response).await?;
                let answered = answers(&body, id);
                // Who is not there any more does not wait either.
                let _ = received.send(Incoming::Message(body)).await;
                if answered {
                    return Ok(());
                }
                Err(ClientError::invalid(
                    &letter.method,
                    "it answers something else, or is no JSON-RPC",
                ))
            }
            Form::Other => Err(self.no_answer(letter, response).await),
        }
    }

    /// Posts a message. Repeated once each: with another token, in another session, after a short pause that the server asked for.
    pub async fn post(&self, letter: &Letter) -> Result<Response, ClientError> {
        self.post_within(letter, true).await
    }

    /// Posts a message; `renews` is whether another session follows one that is gone.
    pub async fn post_within(
        &self,
        letter: &Letter,
        renews: bool,
    ) -> Result<Response, ClientError> {
        let (mut other_token, mut other_session, mut later) = (false, !renews, false);
        loop {
            let token = self.token.current().await?;
            let session = self.session.current().filter(|_| !letter.begins && !letter.modern);
            let mut headers = self.common(token.clone());
            headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.extend(letter.headers.clone());
            if let Some(id) = &session {
                headers.insert(SESSION, id.clone());
            }
            let request = self.client.request(Method::POST, self.url.clone()).headers(headers);
            let response = request.body(letter.text.clone()).send().await;
            let response = response.map_err(|error| self.lost(letter, &error))?;
            match (response.status(), session) {
                (StatusCode::UNAUTHORIZED, _) if !other_token => {
                    other_token = true;
                    let challenge = challenge(&response);
                    if !self.token.renew(token.as_ref(), challenge.as_deref()).await? {
                        return Ok(response);
                    }
                }
                (StatusCode::NOT_FOUND, Some(session)) if !other_session => {
                    other_session = true;
                    drop(response);
                    self.renew_session(&session).await?;
                }
                (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, _) if !later => {
                    later = true;
                    match retry_after(&response) {
                        Some(wait) if wait <= PATIENCE => {
                            drop(response);
                            tokio::time::sleep(wait).await;
                        }
                        _ => return Ok(response),
                    }
                }
                _ => return Ok(response),
            }
        }
    }

    /// Opens the stream of a legacy server, from after the last event on if there is one.
    pub async fn get(&self, last: Option<&str>) -> Result<Response, reqwest::Error> {
        let mut refused = None;
        loop {
            // Who gives no token now will say so to the next request.
            let token = self.token.current().await.ok().flatten();
            let mut headers = self.common(token.clone());
            headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
            if let Some(id) = self.session.current() {
                headers.insert(SESSION, id);
            }
            if let Some(revision) = self.spoken.get().filter(|it| *it >= Revision::V2025_06_18) {
                headers.insert(VERSION, HeaderValue::from_static(revision.as_str()));
            }
            if let Some(last) = last.and_then(|last| HeaderValue::from_bytes(last.as_bytes()).ok())
            {
                headers.insert(LAST_EVENT, last);
            }
            let request = self.client.request(Method::GET, self.url.clone()).headers(headers);
            let response = request.send().await?;
            if response.status() != StatusCode::UNAUTHORIZED || refused.is_some() {
                return Ok(response);
            }
            let challenge = challenge(&response);
            if !matches!(self.token.renew(token.as_ref(), challenge.as_deref()).await, Ok(true)) {
                return Ok(response);
            }
            refused = Some(());
        }
    }

    /// What every request of this connection says.
    pub fn common(&self, token: Option<HeaderValue>) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Some(token) = token {
            headers.insert(AUTHORIZATION, token);
        }
        headers
    }

    /// Hands on what the stream of a request says, over as many connections as it takes (2025-11-25, Resumability and Redelivery);
    /// modern streams are not resumed.
    async fn follow(
        &self,
        letter: &Letter,
        id: Option<i64>,
        response: Response,
        received: &mpsc::Sender<Incoming>,
    ) -> Result<(), ClientError> {
        let mut cursor = Cursor::default();
        let mut events = Events::new(response, self.limit);
        loop {
            let problem = loop {
                match events.next().await {
                    Ok(Some(event)) => {
                        cursor.note(&event);
                        let Some(text) = message(event) else { continue };
                        let answered = answers(&text, id);
                        if received.send(Incoming::Message(text)).await.is_err() || answered {
                            return Ok(());
                        }
                    }
                    Ok(None) => break "its stream ended without it".to_owned(),
                    // It would not be better the next time.
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                        return Err(ClientError::invalid(&letter.method, error));
                    }
                    Err(error) => break error.to_string(),
                }
            };
            let lost =
                |problem| ClientError::Interrupted { method: letter.method.clone(), problem };
            if letter.modern || cursor.last.is_none() {
                return Err(lost(problem));
            }
            events = loop {
                if cursor.failures >= RESUMED {
                    return Err(lost(problem));
                }
                cursor.wait().await;
                match self.get(cursor.last.as_deref()).await {
                    Ok(response)
                        if response.status().is_success()
                            && Form::of(&response) == Form::Events =>
                    {
                        break Events::new(response, self.limit);
                    }
                    Ok(response) if !response.status().is_server_error() => {
                        let status = response.status();
                        return Err(lost(format!(
                            "{problem}, and it cannot be resumed ({status})"
                        )));
                    }
                    Ok(_) | Err(_) => {}
                }
            };
        }
    }
}

/// Whether the answer to the request with this id is in there.
fn answers(text: &[u8], id: Option<i64>) -> bool {
    let ours = |text: &[u8]| match Message::parse(text) {
        Ok(Message::Response { id: Id::Number(found), .. }) => id.is_none_or(|id| id == found),
        _ => false,
    };
    match envelope::batch(text.trim_ascii()) {
        None => ours(text.trim_ascii()),
        Some(Ok(messages)) => messages.iter().any(|message| ours(message.get().as_bytes())),
        Some(Err(_)) => false,
    }
}
