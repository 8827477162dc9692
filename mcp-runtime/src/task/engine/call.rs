//! A call as a store keeps it.

use serde_json::value::RawValue;

use crate::error::RpcError;
use crate::journal::Json;
use crate::protocol::Writer;
use crate::protocol::envelope::{self, Id};
use crate::protocol::params::Params;
use crate::protocol::revision::Revision;
use crate::server::client_info::ClientInfo;
use crate::server::context::Kept;

/// What is needed to run a call again, in any process: as JSON an object with `revision`, `id`, `client` (for revisions whose
/// requests do not carry it) and `params`.
pub(super) struct StoredCall {
    pub revision: Revision,
    pub id: Id,
    pub client: Option<ClientInfo>,
    pub params: Kept,
}

impl StoredCall {
    pub fn write(
        revision: Revision,
        id: &Id,
        client: Option<&ClientInfo>,
        params: &str,
    ) -> Result<Json, RpcError> {
        let mut out = Vec::with_capacity(params.len() + 128);
        let mut call = Writer::new(&mut out);
        call.field("revision", revision.as_str());
        let mut raw = Vec::new();
        id.write(&mut raw);
        call.raw("id", &raw);
        if let Some(client) = client {
            call.object("client", |object| {
                object.optional("info", client.implementation());
                object.field("capabilities", client.capabilities());
            });
        }
        call.raw("params", params.as_bytes());
        call.end();
        let text = String::from_utf8(out).map_err(|error| RpcError::internal(error.to_string()))?;
        let raw = RawValue::from_string(text);
        Ok(raw.map_err(|error| RpcError::internal(error.to_string()))?.into())
    }

    /// Reads it back. The error says what is wrong with it: a store that was tampered with, or another version's.
    pub fn read(call: &Json) -> Result<Self, String> {
        let [revision, id, client, params] =
            envelope::fields(call.as_str(), &["revision", "id", "client", "params"])
                .map_err(|error| error.to_string())?;
        let revision = revision
            .and_then(envelope::text)
            .and_then(|text| Revision::from_version(&text))
            .ok_or("it follows a revision that this version does not know")?;
        let client = match client {
            None => None,
            Some(client) => {
                let [info, capabilities] =
                    envelope::fields(client.get(), &["info", "capabilities"])
                        .map_err(|error| error.to_string())?;
                Some(ClientInfo::read(revision, info, capabilities))
            }
        };
        let params = Params::read(params).map_err(|error| error.message)?;
        Ok(Self {
            revision,
            id: id.and_then(|id| Id::parse(id.get())).unwrap_or(Id::Number(0)),
            client,
            params: Kept::of(&params, revision.is_modern()),
        })
    }
}
