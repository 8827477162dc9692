//! What says who asks: a bearer token, fixed or asked for.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::client::error::ClientError;

type Answer = Result<String, Box<dyn Error + Send + Sync>>;
type Ask = dyn Fn(Option<String>) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync;

/// Where the token comes from.
#[derive(Clone, Default)]
pub(in crate::client) enum Token {
    #[default]
    None,
    Fixed(String),
    Asked {
        ask: Arc<Ask>,
        current: Arc<Mutex<Option<HeaderValue>>>,
        /// How often there was another one.
        renewals: Arc<AtomicU64>,
    },
}

impl Token {
    pub fn asked<F, Fut, E>(ask: F) -> Self
    where
        F: Fn(Option<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let ask = Arc::new(ask);
        let ask = Arc::new(move |challenge| -> Pin<Box<dyn Future<Output = Answer> + Send>> {
            let ask = ask.clone();
            Box::pin(async move {
                let mut contained = JoinSet::new();
                contained.spawn(async move { ask(challenge).await.map_err(Into::into) });
                match contained.join_next().await {
                    Some(Ok(answer)) => answer,
                    _ => Err("the function that gives it panicked".into()),
                }
            })
        });
        Self::Asked { ask, current: Arc::default(), renewals: Arc::default() }
    }

    /// A count that grows whenever there is another token.
    pub fn renewals(&self) -> Option<Arc<AtomicU64>> {
        match self {
            Self::Asked { renewals, .. } => Some(renewals.clone()),
            Self::None | Self::Fixed(_) => None,
        }
    }

    /// What to do about a 401.
    pub(super) const fn advice(&self) -> &'static str {
        match self {
            Self::None => "give the client a token, with `bearer` or `bearer_with`",
            Self::Fixed(_) => "the token is not valid here, or not any more",
            Self::Asked { .. } => "the token that `bearer_with` gave is not valid here",
        }
    }

    /// The header for the next request.
    pub(super) async fn current(&self) -> Result<Option<HeaderValue>, ClientError> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(token) => bearer(token).map(Some),
            Self::Asked { ask, current, .. } => {
                let mut current = current.lock().await;
                if current.is_none() {
                    *current = Some(bearer(&ask(None).await.map_err(ClientError::Token)?)?);
                }
                Ok(current.clone())
            }
        }
    }

    /// After `refused` was refused: whether there is another one now. Of several requests that were refused at the same time only
    /// the first asks.
    pub(super) async fn renew(
        &self,
        refused: Option<&HeaderValue>,
        challenge: Option<&str>,
    ) -> Result<bool, ClientError> {
        let Self::Asked { ask, current, renewals } = self else { return Ok(false) };
        let mut current = current.lock().await;
        if current.as_ref() == refused {
            let token = ask(challenge.map(str::to_owned)).await.map_err(ClientError::Token)?;
            *current = Some(bearer(&token)?);
            renewals.fetch_add(1, Ordering::AcqRel);
        }
        Ok(true)
    }
}

fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        ClientError::Setup("the bearer token has characters that no header may have".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Fixed(_) => "Fixed",
            Self::Asked { .. } => "Asked",
        })
    }
}
