//! The session with a legacy server (2025-11-25, Streamable HTTP, Session Management).

use reqwest::header::HeaderValue;
use reqwest::{Method, Response};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::events::{Cursor, Events};
use super::refusal::Form;
use super::{Http, Letter, SESSION};
use crate::client::error::ClientError;
use crate::client::wire::{Incoming, Kind, QUEUE};
use crate::protocol::envelope::{self, Message};

/// How long a server may take to hear that a session is not needed any more.
const FAREWELL: Duration = Duration::from_secs(5);

/// The id that the server has given, and how to get another one.
#[derive(Default)]
pub(super) struct Session {
    id: watch::Sender<Option<HeaderValue>>,
    beginning: std::sync::Mutex<Option<Letter>>,
    renewing: Mutex<()>,
}

impl Session {
    pub fn current(&self) -> Option<HeaderValue> {
        self.id.borrow().clone()
    }

    fn beginning(&self) -> std::sync::MutexGuard<'_, Option<Letter>> {
        self.beginning.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// After an answer to `letter`: a session may have begun with it.
    pub fn note(&self, letter: &Letter, response: &Response) {
        if letter.begins {
            *self.beginning() = Some(letter.clone());
            self.id.send_replace(response.headers().get(SESSION).cloned());
        }
    }
}

/// A session that is about to be followed by another one.
struct Renewal<'a> {
    session: &'a Session,
    gone: Option<&'a HeaderValue>,
}

impl Drop for Renewal<'_> {
    /// One that did not come about is taken back: the next request finds the old one gone, and tries again.
    fn drop(&mut self) {
        if let Some(gone) = self.gone {
            self.session.id.send_replace(Some(gone.clone()));
        }
    }
}

impl Http {
    /// The server has forgotten a session, and wants another one to begin (Session Management, 4). What it knew of the client beside
    /// its capabilities (subscriptions, the level of logs) is lost. Of several requests that met with it only the first begins it.
    pub async fn renew_session(&self, gone: &HeaderValue) -> Result<(), ClientError> {
        let _one = self.session.renewing.lock().await;
        if self.session.current().as_ref() != Some(gone) {
            return Ok(());
        }
        let Some(letter) = self.session.beginning().clone() else { return Ok(()) };
        tracing::warn!(target: "mcp", url = self.key, "the server has forgotten the session: another one begins");
        let mut renewal = Renewal { session: &self.session, gone: Some(gone) };
        let (found, mut answers) = mpsc::channel(QUEUE);
        let listening = async {
            let mut answer = None;
            while let Some(arrival) = answers.recv().await {
                if let Incoming::Message(text) = arrival
                    && let Ok(Message::Response { outcome: Ok(result), .. }) = Message::parse(&text)
                {
                    answer = Some(result.to_owned());
                }
            }
            answer
        };
        // An `initialize` has no session, and so never gets here again.
        let asking = Box::pin(async {
            let found = found;
            self.exchange(&letter, None, &found).await
        });
        let (asked, answer) = tokio::join!(asking, listening);
        asked?;
        let version = answer.as_deref().and_then(version);
        let spoken = self.spoken.get().map(|revision| revision.as_str());
        if version.as_deref() != spoken {
            return Err(ClientError::Version(version.unwrap_or_default()));
        }
        let text = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned();
        let kind = Kind::Notification { method: "notifications/initialized".to_owned() };
        let letter = Letter::new(text, &kind, self.spoken.get())?;
        // A session that is gone by now is not renewed: that is what this is about.
        let response = Box::pin(self.post_within(&letter, false)).await?;
        if !response.status().is_success() {
            return Err(self.refused(&letter, response).await);
        }
        renewal.gone = None;
        Ok(())
    }

    /// The session is not needed any more (Session Management, 5).
    pub async fn end_session(&self) {
        let Some(id) = self.session.current() else { return };
        let deleting = async {
            let mut request = self.client.request(Method::DELETE, self.url.clone());
            request = request.headers(self.common(self.token.current().await.ok().flatten()));
            request.header(SESSION, id).send().await.ok()
        };
        if tokio::time::timeout(FAREWELL, deleting).await.ok().flatten().is_none() {
            tracing::debug!(target: "mcp", url = self.key, "the server did not hear that the session is over");
        }
    }

    /// The stream for what belongs to no request (2025-11-25, Listening for Messages from the Server): as long as the client lives,
    /// if the server has one. `opened` is dropped as soon as the server has said whether it has.
    pub async fn listen(
        self: Arc<Self>,
        received: mpsc::Sender<Incoming>,
        opened: oneshot::Sender<()>,
    ) {
        let mut opened = Some(opened);
        let mut sessions = self.session.id.subscribe();
        loop {
            sessions.mark_unchanged();
            let mut cursor = Cursor::default();
            let over = async {
                loop {
                    let response = self.get(cursor.last.as_deref()).await;
                    opened.take();
                    match response {
                        Ok(response)
                            if response.status().is_success()
                                && Form::of(&response) == Form::Events =>
                        {
                            self.hear(response, &mut cursor, &received).await;
                        }
                        // It has none, or none any more; 404 is the end of the session, which the next request will see.
                        Ok(response) if !response.status().is_server_error() => return,
                        Ok(_) | Err(_) => {}
                    }
                    cursor.wait().await;
                }
            };
            tokio::select! {
                () = over => {
                    if sessions.changed().await.is_err() {
                        return;
                    }
                }
                changed = sessions.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    }

    async fn hear(
        &self,
        response: Response,
        cursor: &mut Cursor,
        received: &mpsc::Sender<Incoming>,
    ) {
        let mut events = Events::new(response, self.limit);
        loop {
            match events.next().await {
                Ok(Some(event)) => {
                    cursor.note(&event);
                    if let Some(text) = message(event)
                        && received.send(Incoming::Message(text)).await.is_err()
                    {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(target: "mcp", url = self.key, %error, "the server's stream broke off");
                    return;
                }
            }
        }
    }
}

/// The message in an event; events of other types, and those without data, are none.
pub(super) fn message(event: sse_stream::Sse) -> Option<Vec<u8>> {
    let ours = event.event.is_none_or(|kind| kind.is_empty() || kind == "message");
    event.data.filter(|data| ours && !data.trim_ascii().is_empty()).map(String::into_bytes)
}

fn version(result: &RawValue) -> Option<String> {
    let [version] = envelope::fields(result.get(), &["protocolVersion"]).ok()?;
    version.and_then(envelope::text).map(Into::into)
}
