//! What becomes of the messages of a connection: a task each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::{Http, Letter};
use crate::client::error::ClientError;
use crate::client::wire::{Incoming, Kind, Outgoing};

/// How long requests that are under way at the end may still take.
const GRACE: Duration = Duration::from_secs(5);

/// How long the beginning of a session may take to be acknowledged before requests follow nevertheless.
const ACKNOWLEDGED: Duration = Duration::from_secs(5);

/// How long the stream for what belongs to no request may take to open before requests follow nevertheless.
const LISTENING: Duration = Duration::from_secs(1);

/// How long a server may take to accept what needs no answer.
const TOLD: Duration = Duration::from_secs(30);

/// The requests that wait for their answers; each task ends with the id of its own.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<Option<i64>>,
    requests: HashMap<i64, AbortHandle>,
    /// What would not end by itself.
    endless: Vec<AbortHandle>,
}

impl Http {
    /// Carries the messages until nobody has any more.
    pub async fn carry(
        self: Arc<Self>,
        mut messages: mpsc::Receiver<Outgoing>,
        received: mpsc::Sender<Incoming>,
    ) {
        let mut under_way = UnderWay::default();
        loop {
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.send(message, &mut under_way, &received).await,
                    None => break,
                },
                Some(ended) = under_way.tasks.join_next() => {
                    if let Ok(Some(id)) = ended {
                        under_way.requests.remove(&id);
                    }
                }
            }
        }
        under_way.endless.iter().for_each(AbortHandle::abort);
        let rest = timeout(GRACE, async { while under_way.tasks.join_next().await.is_some() {} });
        tokio::select! {
            _ = rest => {}
            // The client was dropped.
            () = received.closed() => {}
        }
        under_way.tasks.shutdown().await;
        self.end_session().await;
    }

    async fn send(
        self: &Arc<Self>,
        Outgoing { text, kind }: Outgoing,
        under_way: &mut UnderWay,
        received: &mpsc::Sender<Incoming>,
    ) {
        let modern = self.spoken.get().is_some_and(|revision| revision.is_modern());
        let letter = Letter::new(text, &kind, self.spoken.get());
        match (kind, letter) {
            (Kind::Request { id, .. }, Err(error)) => {
                let _ = received.send(Incoming::Failed { id, error }).await;
            }
            (_, Err(error)) => tracing::warn!(target: "mcp", %error, "a message was not sent"),
            (Kind::Request { id, .. }, Ok(letter)) => {
                let endless = letter.method == "subscriptions/listen";
                let (http, received) = (self.clone(), received.clone());
                let task = under_way.tasks.spawn(async move {
                    http.request(id, &letter, &received).await;
                    Some(id)
                });
                if endless {
                    under_way.endless.retain(|task| !task.is_finished());
                    under_way.endless.push(task.clone());
                }
                under_way.requests.insert(id, task);
            }
            (Kind::Notification { method }, Ok(letter))
                if method == "notifications/initialized" =>
            {
                // What follows could overtake it otherwise.
                let told = timeout(ACKNOWLEDGED, self.tell(&letter)).await;
                if told.is_err() {
                    tracing::warn!(target: "mcp", url = self.key, "the server does not acknowledge that it was initialized");
                }
                let (opened, open) = oneshot::channel();
                let listening = self.clone().listen(received.clone(), opened);
                under_way.endless.push(under_way.tasks.spawn(async move {
                    listening.await;
                    None
                }));
                // Some servers ask there what belongs to a call, and what is said before it is open is lost.
                let _ = timeout(LISTENING, open).await;
            }
            // The end of its stream says it; there is no stream to a legacy server that would say so.
            (Kind::Cancel { id }, Ok(letter)) => {
                if let Some(task) = under_way.requests.remove(&id) {
                    task.abort();
                }
                if !modern && !letter.text.is_empty() {
                    self.tell_later(letter, under_way, received).await;
                }
            }
            // 2026-07-28, Sending Messages, 4.
            (Kind::Response, Ok(_)) if modern => {}
            (Kind::Notification { .. } | Kind::Response, Ok(letter)) => {
                self.tell_later(letter, under_way, received).await;
            }
        }
    }

    async fn request(&self, id: i64, letter: &Letter, received: &mpsc::Sender<Incoming>) {
        // It is never closed.
        let _turn = self.parallel.acquire().await;
        if let Err(error) = self.exchange(letter, Some(id), received).await {
            let _ = received.send(Incoming::Failed { id, error }).await;
        }
    }

    /// Posts what is not answered, beside other messages. Where too many of them are not accepted yet all wait: who asks without
    /// end, and takes no answer, is not read either.
    async fn tell_later(
        self: &Arc<Self>,
        letter: Letter,
        under_way: &mut UnderWay,
        received: &mpsc::Sender<Incoming>,
    ) {
        let turn = tokio::select! {
            Ok(turn) = self.telling.clone().acquire_owned() => turn,
            // The client was dropped.
            () = received.closed() => return,
        };
        let http = self.clone();
        under_way.tasks.spawn(async move {
            let _turn = turn;
            if timeout(TOLD, http.tell(&letter)).await.is_err() {
                tracing::warn!(target: "mcp", url = http.key, "the server did not accept a message in time");
            }
            None
        });
    }

    /// Posts what is not answered.
    async fn tell(&self, letter: &Letter) {
        let refused: Option<ClientError> = match self.post(letter).await {
            Ok(response) if response.status() == StatusCode::ACCEPTED => None,
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(self.refused(letter, response).await),
            Err(error) => Some(error),
        };
        if let Some(error) = refused {
            tracing::warn!(target: "mcp", %error, "the server did not accept a message");
        }
    }
}
