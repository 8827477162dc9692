//! The arguments of a tool, as they were typed.

use std::io;
use std::thread;

use mcp_schema::v2026_07_28::Tool;
use mcp_schema::{JsonObject, Value};
use serde_json::json;
use tokio::sync::oneshot;

use crate::args::{Call, Pair};
use crate::failure::Failure;
use crate::field::{Field, Kind};
use crate::session::Session;
use crate::shown;

/// All arguments of a call: what was typed, and what is asked for.
pub async fn of(session: &Session, call: &Call) -> Result<JsonObject, Failure> {
    let mut arguments = match &call.args {
        None => JsonObject::new(),
        Some(text) if call.arguments.is_empty() => return object(text).await,
        Some(text) => object(text).await?,
    };
    let tools = session.client.list_tools().await?;
    let Some(tool) = tools.iter().find(|tool| tool.name == call.tool) else {
        return Err(unknown(&call.tool, &tools));
    };
    let schema = json!(tool.input_schema);
    let fields = Field::all(&schema);
    typed(&mut arguments, &call.arguments, &fields, schema["additionalProperties"] == false)?;
    for pair in &call.arguments {
        if fields.iter().all(|field| field.name != pair.key) {
            let (key, tool) = (shown::line(&pair.key), shown::line(&call.tool));
            session
                .screen
                .note(&format!("`{key}` is no argument that the schema of `{tool}` names"));
        }
    }
    let missing: Vec<&Field> = fields
        .iter()
        .filter(|field| field.required && !arguments.contains_key(&field.name))
        .collect();
    for field in &missing {
        match session.user.argument(field).await {
            Some(Ok(value)) => {
                arguments.insert(field.name.clone(), value);
            }
            Some(Err(why)) => return Err(Failure::Usage(why)),
            None => return Err(Failure::Usage(needed(&call.tool, &missing))),
        }
    }
    Ok(arguments)
}

fn needed(tool: &str, missing: &[&Field]) -> String {
    let each: Vec<String> =
        missing.iter().map(|field| format!("{}=({})", field.name, field.hint())).collect();
    format!("`{tool}` needs {}", each.join(" "))
}

fn unknown(name: &str, tools: &[Tool]) -> Failure {
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let names = match names.as_slice() {
        [] => "none".to_owned(),
        names => shown::cut(&names.join(", "), 400),
    };
    Failure::Failed(format!("the server lists no tool `{name}`: it has {names}"))
}

/// Adds what was typed.
fn typed(
    arguments: &mut JsonObject,
    pairs: &[Pair],
    fields: &[Field],
    closed: bool,
) -> Result<(), Failure> {
    for pair in pairs {
        let key = &pair.key;
        let field = fields.iter().find(|field| field.name == *key);
        let kind = match field {
            Some(field) => field.kind.clone(),
            None if closed => {
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                let why = format!("there is no argument `{key}`, only {}", names.join(", "));
                return Err(Failure::Usage(why));
            }
            None => Kind::Json { text: true },
        };
        let read = match pair.json {
            true => Kind::Json { text: false }.read(&pair.value),
            false => kind.read(&pair.value),
        };
        let value = read.map_err(|why| Failure::Usage(format!("{key}: {why}")))?;
        let before = pairs.iter().take_while(|other| !std::ptr::eq(*other, pair));
        let again = before.into_iter().any(|other| other.key == *key);
        match (arguments.get_mut(key), value) {
            (Some(Value::Array(items)), Value::Array(more))
                if again && !matches!(kind, Kind::Json { .. }) =>
            {
                items.extend(more);
            }
            (Some(_), _) if again => {
                return Err(Failure::Usage(format!("{key} is no list, and stands there twice")));
            }
            (_, value) => {
                arguments.insert(key.clone(), value);
            }
        }
    }
    Ok(())
}

/// An object, from the command line, a file or stdin.
async fn object(text: &str) -> Result<JsonObject, Failure> {
    let read = match text.strip_prefix('@') {
        Some(path) => {
            let file = path.to_owned();
            apart(move || std::fs::read_to_string(file)).await.map_err(|error| {
                Failure::Usage(format!("--args: {path} cannot be read: {error}"))
            })?
        }
        None if text == "-" => apart(|| io::read_to_string(io::stdin()))
            .await
            .map_err(|error| Failure::Usage(format!("--args: stdin: {error}")))?,
        None => text.to_owned(),
    };
    serde_json::from_str(&read)
        .map_err(|error| Failure::Usage(format!("--args wants a JSON object: {error}")))
}

/// Reading may block, and cannot be stopped: it has a thread of its own, which ends with the process.
async fn apart(read: impl FnOnce() -> io::Result<String> + Send + 'static) -> io::Result<String> {
    let (done, text) = oneshot::channel();
    let reader = thread::Builder::new().name("mcp-call-args".to_owned());
    reader.spawn(move || done.send(read()))?;
    text.await.unwrap_or_else(|_| Err(io::Error::other("it was not read")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[&str], closed: bool) -> Result<Value, String> {
        let schema = json!({ "properties": {
            "count": { "type": "integer" },
            "names": { "type": "array", "items": { "type": "string" } },
        } });
        let pairs: Vec<Pair> = pairs.iter().map(|pair| pair.parse().expect("a pair")).collect();
        let mut arguments = JsonObject::new();
        typed(&mut arguments, &pairs, &Field::all(&schema), closed)
            .map(|()| Value::Object(arguments))
            .map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn pairs_are_read_by_the_schema() {
        for (pairs, expected) in [
            (&["count=3", "names=a", "names=b"][..], json!({ "count": 3, "names": ["a", "b"] })),
            (&["names=[\"a\"]"], json!({ "names": ["a"] })),
            (&["count:=\"three\""], json!({ "count": "three" })),
            (&["other=1", "text=a=b"], json!({ "other": 1, "text": "a=b" })),
        ] {
            assert_eq!(read(pairs, false), Ok(expected), "{pairs:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (pairs, why) in [
            (&["count=1", "count=2"][..], "twice"),
            (&["count=x"], "no number"),
            (&["other=1"], "only count, names"),
        ] {
            let problem = read(pairs, true).expect_err("refused");
            assert!(problem.contains(why), "{pairs:?}: {problem}");
        }
    }
}
