//! The wire of revisions whose requests carry version, identity and abilities themselves (2026-07-28).

use std::borrow::Cow;

use mcp_schema::shared::LoggingLevel;
use mcp_schema::v2026_07_28::{
    DiscoverResult, ServerCapabilities, Tool, ToolInputSchema, ToolOutputSchema, meta_key,
};
use mcp_schema::{JsonObject, ProtocolVersion, Value};
use serde_json::json;
use serde_json::value::RawValue;

use super::envelope;
use super::revision::Revision;
use super::write::{Status, Writer};
use crate::error::{RpcError, code};
use crate::server::client_info::ClientInfo;
use crate::server::definition::ToolDefinition;
use crate::server::outcome::{Answer, Cache};

pub(crate) mod tasks;

/// What a request says of itself, as far as it is needed before the method is known.
#[derive(Debug, Default)]
pub(crate) struct Meta<'a> {
    pub protocol_version: Option<Cow<'a, str>>,
    pub client_capabilities: Option<&'a RawValue>,
    pub log_level: Option<LoggingLevel>,
    pub progress_token: Option<&'a RawValue>,
}

impl<'a> Meta<'a> {
    /// Reads `_meta`.
    pub fn read(raw: &'a str) -> Result<Self, RpcError> {
        const KEYS: [&str; 4] = [
            meta_key::PROTOCOL_VERSION,
            meta_key::CLIENT_CAPABILITIES,
            meta_key::LOG_LEVEL,
            "progressToken",
        ];
        let [version, client_capabilities, log_level, progress_token] =
            envelope::fields(raw, &KEYS)
                .map_err(|error| RpcError::invalid_params(format!("`_meta`: {error}")))?;
        let protocol_version = match version {
            None => None,
            Some(raw) => Some(envelope::text(raw).ok_or_else(|| {
                RpcError::invalid_params(format!("`_meta`: `{}` must be a string", KEYS[0]))
            })?),
        };
        let token_is_fine =
            progress_token.is_none_or(|raw| envelope::Id::parse(raw.get()).is_some());
        if !token_is_fine {
            return Err(RpcError::invalid_params(
                "`_meta`: `progressToken` must be a string of at most 1 KiB, or an integer",
            ));
        }
        let log_level = log_level.map(|raw| {
            serde_json::from_str(raw.get())
                .unwrap_or_else(|_| LoggingLevel::Other(raw.get().into()))
        });
        Ok(Self { protocol_version, client_capabilities, log_level, progress_token })
    }

    /// The revision that the request follows, once all that it must carry is there (2026-07-28, Per-request protocol fields).
    pub fn revision(&self) -> Result<Revision, RpcError> {
        let Some(version) = &self.protocol_version else {
            return Err(missing(meta_key::PROTOCOL_VERSION));
        };
        let revision = Revision::from_version(version).filter(|revision| revision.is_modern());
        let Some(revision) = revision else {
            return Err(unsupported_version(version));
        };
        if let Some(LoggingLevel::Other(_)) = self.log_level {
            // SHOULD be rejected (2026-07-28, Logging, Error Handling).
            return Err(RpcError::invalid_params(format!(
                "`_meta`: `{}` must be one of the eight levels of RFC 5424",
                meta_key::LOG_LEVEL
            )));
        }
        match self.client_capabilities {
            None => Err(missing(meta_key::CLIENT_CAPABILITIES)),
            Some(raw) if !raw.get().starts_with('{') => Err(RpcError::invalid_params(format!(
                "`_meta`: `{}` must be an object",
                meta_key::CLIENT_CAPABILITIES
            ))),
            Some(_) => Ok(revision),
        }
    }
}

fn missing(key: &str) -> RpcError {
    RpcError::invalid_params(format!(
        "`params._meta` lacks `{key}`: since 2026-07-28 every request carries it; older clients begin with `initialize`"
    ))
}

/// The error that lists what a client can use instead; modern revisions only (P2).
pub(crate) fn unsupported_version(requested: &str) -> RpcError {
    RpcError::new(
        code::UNSUPPORTED_PROTOCOL_VERSION,
        format!("protocol version `{requested}` is not supported"),
    )
    .with_data(json!({
        "supported": Revision::MODERN.map(Revision::as_str),
        "requested": requested,
    }))
}

/// Name and abilities of the client of one request.
pub(crate) fn client_of(revision: Revision, meta: &str) -> ClientInfo {
    let [info, capabilities] =
        envelope::fields(meta, &[meta_key::CLIENT_INFO, meta_key::CLIENT_CAPABILITIES])
            .unwrap_or_default();
    ClientInfo::read(revision, info, capabilities)
}

/// An error as this era says it, and the status that goes with it over HTTP.
pub(crate) fn error(mut error: RpcError) -> (RpcError, Status) {
    if error.code == code::RESOURCE_NOT_FOUND {
        // Replaced with 2026-07-28, and MUST NOT be emitted.
        error.code = code::INVALID_PARAMS;
    }
    let status = match error.code {
        code::METHOD_NOT_FOUND => Status::NotFound,
        code::HEADER_MISMATCH
        | code::MISSING_REQUIRED_CLIENT_CAPABILITY
        | code::UNSUPPORTED_PROTOCOL_VERSION
        | code::PARSE
        | code::INVALID_REQUEST => Status::BadRequest,
        _ => Status::Ok,
    };
    (error, status)
}

/// A tool as `tools/list` has it.
pub(crate) fn tool(definition: &ToolDefinition) -> Value {
    let schema = |schema: &JsonObject| Value::Object(schema.clone());
    let (Ok(input), Ok(output)) = (
        serde_json::from_value::<ToolInputSchema>(schema(&definition.input_schema)),
        definition
            .output_schema
            .as_ref()
            .map(|it| serde_json::from_value::<ToolOutputSchema>(schema(it)))
            .transpose(),
    ) else {
        // Checked when the tool was registered.
        return Value::Null;
    };
    let mut tool = Tool::new(definition.name.clone(), input);
    tool.output_schema = output;
    tool.title = definition.title.as_ref().map(ToString::to_string);
    tool.description = definition.description.as_ref().map(ToString::to_string);
    tool.annotations = (definition.annotations != mcp_schema::shared::ToolAnnotations::new())
        .then(|| definition.annotations.clone());
    tool.icons = (!definition.icons.is_empty()).then(|| definition.icons.clone());
    tool.meta = definition.meta.clone();
    serde_json::to_value(tool).unwrap_or_default()
}

/// The result of `server/discover`.
pub(crate) fn discover(
    capabilities: ServerCapabilities,
    instructions: Option<&str>,
    cache: &Cache,
    server_info: &[u8],
) -> Vec<u8> {
    let mut result = DiscoverResult::new(
        cache.scope,
        capabilities,
        Revision::MODERN.map(ProtocolVersion::from),
        milliseconds(cache),
    );
    result.instructions = instructions.map(str::to_owned);
    let mut body = serde_json::to_vec(&result).unwrap_or_default();
    // The meta that stands in every result is written already.
    body.pop();
    body.extend_from_slice(br#","_meta":"#);
    body.extend_from_slice(server_info);
    body.push(b'}');
    body
}

/// The beginning of every complete result.
pub(crate) fn complete(writer: &mut Writer<'_>) {
    writer.field("resultType", "complete");
}

/// Writes what came of a call; errors are written elsewhere.
pub(crate) fn answer(
    out: &mut Vec<u8>,
    answer: &Answer,
    default_cache: &Cache,
    server_info: &[u8],
) {
    let mut result = Writer::new(out);
    complete(&mut result);
    let meta = match answer {
        Answer::Tool(output) => {
            result.field("content", &output.content);
            result.optional("structuredContent", output.structured.as_ref());
            if output.is_error {
                result.field("isError", &true);
            }
            output.meta.as_ref()
        }
        Answer::Prompt(output) => {
            result.optional("description", output.description.as_ref());
            result.field("messages", &output.messages);
            output.meta.as_ref()
        }
        Answer::Resource(output) => {
            result.field("contents", &output.contents);
            let cache = output.cache.as_ref().unwrap_or(default_cache);
            hints(&mut result, cache);
            output.meta.as_ref()
        }
        Answer::Client(_) | Answer::Error(_) => None,
    };
    write_meta(&mut result, meta, server_info);
    result.end();
}

/// How long a result may be kept (2026-07-28, Caching).
pub(crate) fn hints(result: &mut Writer<'_>, cache: &Cache) {
    result.field("ttlMs", &milliseconds(cache));
    result.field("cacheScope", &cache.scope);
}

fn milliseconds(cache: &Cache) -> u64 {
    u64::try_from(cache.ttl.as_millis()).unwrap_or(u64::MAX)
}

/// The server names itself in every result (2026-07-28, Per-response protocol fields); a handler's own keys stand beside.
pub(crate) fn write_meta(result: &mut Writer<'_>, own: Option<&JsonObject>, server_info: &[u8]) {
    match own {
        None => result.raw("_meta", server_info),
        Some(own) => {
            let mut meta: JsonObject = serde_json::from_slice(server_info).unwrap_or_default();
            meta.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
            result.field("_meta", &meta);
        }
    }
}

/// A question as it is put in this era, which lets no client host a task: that the author would like one is left out.
pub(crate) fn input_request(body: &str) -> Cow<'_, [u8]> {
    let Ok([Some(method), params, Some(_)]) = envelope::fields(body, &["method", "params", "task"])
    else {
        return body.as_bytes().into();
    };
    let mut out = Vec::with_capacity(body.len());
    let mut request = Writer::new(&mut out);
    request.field("method", method);
    request.optional("params", params);
    request.end();
    out.into()
}

/// Writes the result that asks for input. Never with hints for caches.
pub(crate) fn input_required<'q>(
    out: &mut Vec<u8>,
    questions: impl Iterator<Item = (&'q str, &'q str)>,
    state: &str,
    server_info: &[u8],
) {
    let mut result = Writer::new(out);
    result.field("resultType", "input_required");
    result.object("inputRequests", |requests| {
        for (key, body) in questions {
            requests.raw(key, &input_request(body));
        }
    });
    result.field("requestState", state);
    write_meta(&mut result, None, server_info);
    result.end();
}
