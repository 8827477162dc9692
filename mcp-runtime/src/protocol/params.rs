//! The parameters of a request, taken apart once: what transports, dispatch and handlers look at. The rest stays text.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::envelope;
use super::modern::Meta;
use crate::error::RpcError;

/// Parameters, as far as anybody needs them before the handler's type is known.
#[derive(Debug)]
pub(crate) struct Params<'a> {
    /// All of them; an empty object where the request has none.
    pub text: &'a str,
    /// `_meta` as text.
    pub raw_meta: Option<&'a RawValue>,
    pub meta: Meta<'a>,
    pub name: Option<&'a RawValue>,
    pub uri: Option<&'a RawValue>,
    pub task_id: Option<&'a RawValue>,
    pub arguments: Option<&'a RawValue>,
    pub input_responses: Option<&'a RawValue>,
    pub request_state: Option<&'a RawValue>,
    pub cursor: Option<&'a RawValue>,
    pub task: Option<&'a RawValue>,
}

impl<'a> Params<'a> {
    pub fn read(params: Option<&'a RawValue>) -> Result<Self, RpcError> {
        const KEYS: [&str; 9] = [
            "name",
            "arguments",
            "_meta",
            "uri",
            "taskId",
            "inputResponses",
            "requestState",
            "cursor",
            "task",
        ];
        let text = params.map_or("{}", RawValue::get);
        let [name, arguments, raw_meta, uri, task_id, input_responses, request_state, cursor, task] =
            envelope::fields(text, &KEYS)
                .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))?;
        let meta = raw_meta.map(|raw| Meta::read(raw.get())).transpose()?.unwrap_or_default();
        Ok(Self {
            text,
            raw_meta,
            meta,
            name,
            uri,
            task_id,
            arguments,
            input_responses,
            request_state,
            cursor,
            task,
        })
    }

    /// Whether the request says of itself that it is modern: it names a version (P1).
    pub fn names_a_version(&self) -> bool {
        self.meta.protocol_version.is_some()
    }

    /// A parameter that must be a string.
    pub fn text(name: &str, value: Option<&'a RawValue>) -> Result<Cow<'a, str>, RpcError> {
        value.and_then(envelope::text).ok_or_else(|| {
            RpcError::invalid_params(format!("`{name}` must be there, and a string"))
        })
    }
}
