//! The kinds of questions, and how their answers are read.

use mcp_schema::shared::Role;
use mcp_schema::v2026_07_28::{
    CreateMessageRequestParams, CreateMessageResult, ListRootsResult, Root, SamplingMessage,
    SamplingMessageContent, TextContent,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Elicited, Input, InputError, Sampled, What};
use crate::journal::StepName;
use crate::protocol::envelope;
use crate::server::context::Context;
use crate::server::definition::ClientFeature;
use crate::server::form;

pub(super) fn form<T: DeserializeOwned + Send>(
    cx: &Context,
    name: impl StepName,
    message: String,
    schema: Result<Value, String>,
    task: Option<Value>,
) -> Input<'_, Elicited<T>> {
    let fields = schema.clone().unwrap_or_default();
    let params = schema.map(|schema| {
        Some(json!({ "mode": "form", "message": message, "requestedSchema": schema }))
    });
    let (feature, method) = (ClientFeature::Elicitation, "elicitation/create");
    Input::put(
        cx,
        name,
        What { feature, method, params, task },
        move |answer| {
            form_content::<T>(answer)?;
            let Elicited::Accepted(content) = elicited(answer)? else { return Ok(()) };
            let content = decode::<Value>(content.get())?;
            form::misfit(&fields, &content).map_or(Ok(()), Err)
        },
        |answer| form_content(answer).map_err(InputError::Failed),
    )
}

pub(super) fn page(
    cx: &Context,
    name: impl StepName,
    message: String,
    url: String,
    task: Option<Value>,
) -> Input<'_, Elicited<()>> {
    let params = Ok(Some(json!({ "mode": "url", "message": message, "url": url })));
    let (feature, method) = (ClientFeature::ElicitationUrl, "elicitation/create");
    Input::put(
        cx,
        name,
        What { feature, method, params, task },
        |answer| link_action(answer).map(drop),
        |answer| link_action(answer).map_err(InputError::Failed),
    )
}

pub(super) fn message(
    cx: &Context,
    name: impl StepName,
    request: CreateMessageRequestParams,
    task: Option<Value>,
) -> Input<'_, Sampled> {
    let feature = if request.tools.is_some() || request.tool_choice.is_some() {
        ClientFeature::SamplingTools
    } else {
        ClientFeature::Sampling
    };
    let params = serde_json::to_value(request).map(Some).map_err(|error| error.to_string());
    Input::put(
        cx,
        name,
        What { feature, method: "sampling/createMessage", params, task },
        |answer| decode::<CreateMessageResult>(answer).map(drop),
        |answer| decode(answer).map(Sampled).map_err(InputError::Failed),
    )
}

/// A request for the answer to one text.
pub(super) fn text(prompt: String, max_tokens: i64) -> CreateMessageRequestParams {
    let content = SamplingMessageContent::One(TextContent::new(prompt).into());
    CreateMessageRequestParams::new(max_tokens, [SamplingMessage::new(Role::User, content)])
}

pub(super) fn roots(cx: &Context, name: impl StepName) -> Input<'_, Vec<Root>> {
    let (feature, method) = (ClientFeature::Roots, "roots/list");
    Input::put(
        cx,
        name,
        What { feature, method, params: Ok(None), task: None },
        |answer| decode::<ListRootsResult>(answer).map(drop),
        |answer| decode::<ListRootsResult>(answer).map(|all| all.roots).map_err(InputError::Failed),
    )
}

/// The action of an answer, and its content where it was accepted.
fn elicited(answer: &str) -> Result<Elicited<&RawValue>, String> {
    let [action, content] =
        envelope::fields(answer, &["action", "content"]).map_err(|error| error.to_string())?;
    let action = action.and_then(envelope::text).ok_or("`action` must be a string")?;
    match &*action {
        "accept" => match content {
            // A list would pass for a struct as well.
            Some(content) if !content.get().starts_with('{') => {
                Err("`content` must be an object".to_owned())
            }
            Some(content) => Ok(Elicited::Accepted(content)),
            None => Err("`content` is missing, though `action` is `accept`".to_owned()),
        },
        "decline" => Ok(Elicited::Declined),
        "cancel" => Ok(Elicited::Dismissed),
        other => Err(format!("`action` is `{other}`, not `accept`, `decline` or `cancel`")),
    }
}

fn form_content<T: DeserializeOwned>(answer: &str) -> Result<Elicited<T>, String> {
    Ok(match elicited(answer)? {
        Elicited::Accepted(content) => Elicited::Accepted(
            serde_json::from_str(content.get()).map_err(|error| error.to_string())?,
        ),
        Elicited::Declined => Elicited::Declined,
        Elicited::Dismissed => Elicited::Dismissed,
    })
}

/// A link's answer has no content: opening it was agreed to, or not.
fn link_action(answer: &str) -> Result<Elicited<()>, String> {
    let [action] = envelope::fields(answer, &["action"]).map_err(|error| error.to_string())?;
    match action.and_then(envelope::text).as_deref() {
        Some("accept") => Ok(Elicited::Accepted(())),
        Some("decline") => Ok(Elicited::Declined),
        Some("cancel") => Ok(Elicited::Dismissed),
        _ => Err("`action` must be `accept`, `decline` or `cancel`".to_owned()),
    }
}

fn decode<T: DeserializeOwned>(answer: &str) -> Result<T, String> {
    serde_json::from_str(answer).map_err(|error| error.to_string())
}
