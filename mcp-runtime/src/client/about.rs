//! What a server says of itself, in either era.

use mcp_schema::JsonObject;
use mcp_schema::shared::Implementation;
use mcp_schema::v2026_07_28::{DiscoverResult, ServerCapabilities};

use super::error::ClientError;
use super::methods::Client;
use crate::protocol::revision::Revision;

/// What a legacy server said of itself when the connection began.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Initialized {
    /// The revision that was agreed upon.
    pub revision: Revision,
    /// What the server can do.
    pub capabilities: ServerCapabilities,
    /// Its name and version.
    pub server_info: Implementation,
    /// How to use it.
    pub instructions: Option<String>,
}

impl Client {
    /// What a legacy server said when the connection began; for a modern one there is [`discover`](Self::discover).
    pub fn initialized(&self) -> Option<&Initialized> {
        self.0.initialized.as_ref()
    }

    /// Name and version of the server; a modern one may not say.
    ///
    /// A modern server is asked with `server/discover`, unless that was done when the connection began, and its answer is
    /// remembered as long as the client is there. [`discover`](Self::discover) asks again.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`], of a modern server. Cancel safe.
    pub async fn server_info(&self) -> Result<Option<Implementation>, ClientError> {
        Ok(match self.initialized() {
            Some(initialized) => Some(initialized.server_info.clone()),
            None => {
                self.discovered().await?.meta.as_ref().and_then(|meta| meta.server_info.clone())
            }
        })
    }

    /// What the server can do, of either era; as [`server_info`](Self::server_info).
    ///
    /// # Errors
    ///
    /// As [`server_info`](Self::server_info).
    pub async fn capabilities(&self) -> Result<ServerCapabilities, ClientError> {
        Ok(match self.initialized() {
            Some(initialized) => initialized.capabilities.clone(),
            None => self.discovered().await?.capabilities.clone(),
        })
    }

    /// How to use the server, in its own words, of either era; as [`server_info`](Self::server_info).
    ///
    /// # Errors
    ///
    /// As [`server_info`](Self::server_info).
    pub async fn instructions(&self) -> Result<Option<String>, ClientError> {
        Ok(match self.initialized() {
            Some(initialized) => initialized.instructions.clone(),
            None => self.discovered().await?.instructions.clone(),
        })
    }

    async fn discovered(&self) -> Result<&DiscoverResult, ClientError> {
        self.0.discovered.get_or_try_init(|| self.discover()).await
    }

    /// What a modern server speaks and offers.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`]; a legacy server knows no such method. Cancel safe, like every request: dropped before its answer
    /// is there, it is cancelled.
    pub async fn discover(&self) -> Result<DiscoverResult, ClientError> {
        self.ask("server/discover", JsonObject::new()).await
    }
}
