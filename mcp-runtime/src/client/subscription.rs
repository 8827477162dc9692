//! Streams of changes (2026-07-28, Subscriptions).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mcp_schema::Value;
use mcp_schema::v2026_07_28::SubscriptionFilter;
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Notify;

use super::connection::Pending;
use super::error::ClientError;

const METHOD: &str = "subscriptions/listen";

/// What a server says has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources, or that of templates.
    Resources,
    /// The contents of the resource with this address.
    Resource(String),
}

impl Change {
    fn of(method: &str, params: &Value) -> Option<Self> {
        Some(match method {
            "notifications/tools/list_changed" => Self::Tools,
            "notifications/prompts/list_changed" => Self::Prompts,
            "notifications/resources/list_changed" => Self::Resources,
            "notifications/resources/updated" => Self::Resource(params["uri"].as_str()?.to_owned()),
            _ => return None,
        })
    }
}

/// Changes that wait to be taken. Each says only that something is to be fetched again, so one of a kind is enough.
const WAITING: usize = 1024;

/// What one stream has said so far.
#[derive(Default)]
pub(super) struct Ear {
    heard: Mutex<Heard>,
    news: Notify,
}

#[derive(Default)]
struct Heard {
    acknowledged: Option<SubscriptionFilter>,
    changes: VecDeque<Change>,
    ended: bool,
}

impl Ear {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn hear(&self, method: &str, params: &Value) {
        let mut heard = self.heard();
        match method {
            "notifications/subscriptions/acknowledged" => {
                heard.acknowledged = SubscriptionFilter::deserialize(&params["notifications"]).ok();
            }
            "notifications/cancelled" => heard.ended = true,
            method => {
                if let Some(change) = Change::of(method, params)
                    && heard.changes.len() < WAITING
                    && !heard.changes.contains(&change)
                {
                    heard.changes.push_back(change);
                }
            }
        }
        drop(heard);
        self.news.notify_one();
    }

    async fn until<T>(&self, mut found: impl FnMut(&mut Heard) -> Option<T>) -> T {
        loop {
            if let Some(found) = found(&mut self.heard()) {
                return found;
            }
            // A permit is kept for whoever comes too late, so nothing is missed between the two.
            self.news.notified().await;
        }
    }
}

/// A stream of changes. Dropping it ends it.
pub struct Subscription {
    pending: Pending,
    ear: Arc<Ear>,
    acknowledged: SubscriptionFilter,
    over: bool,
}

impl Subscription {
    pub(super) async fn open(mut pending: Pending, ear: Arc<Ear>) -> Result<Self, ClientError> {
        let acknowledged = tokio::select! {
            biased;
            filter = ear.until(|heard| heard.acknowledged.take()) => filter,
            reply = &mut pending.reply => {
                return Err(match reply {
                    Ok(Err(error)) => ClientError::refused(METHOD, error),
                    Ok(Ok(_)) => ClientError::invalid(METHOD, "it ended before it was acknowledged"),
                    Err(_) => pending.why_closed(),
                });
            }
        };
        Ok(Self { pending, ear, acknowledged, over: false })
    }

    /// What the server will tell, which may be less than was asked for.
    pub fn acknowledged(&self) -> &SubscriptionFilter {
        &self.acknowledged
    }

    /// The next change; nothing once the server has ended the stream. Changes that are alike and were not taken yet are one.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError::Closed`] when the connection broke off, [`ClientError::Rpc`] when the server ended the stream with an
    /// error: open another one, and fetch again what the changes are about.
    pub async fn next(&mut self) -> Result<Option<Change>, ClientError> {
        let ear = self.ear.clone();
        let news = ear.until(|heard| match heard.changes.pop_front() {
            Some(change) => Some(Some(change)),
            None => heard.ended.then_some(None),
        });
        if self.over {
            return Ok(self.ear.heard().changes.pop_front());
        }
        tokio::select! {
            biased;
            change = news => Ok(change),
            reply = &mut self.pending.reply => {
                self.over = true;
                match reply {
                    Ok(Ok(_)) => Ok(self.ear.heard().changes.pop_front()),
                    Ok(Err(error)) => {
                        Err(ClientError::refused(METHOD, error))
                    }
                    Err(_) => Err(self.pending.why_closed()),
                }
            }
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("acknowledged", &self.acknowledged)
            .finish_non_exhaustive()
    }
}
