//! Tasks that clients host in revision 2025-11-25, as the server that asks for them says and reads it.

use std::time::Duration;

use mcp_schema::Value;
use serde_json::value::RawValue;

use super::super::envelope;

/// The capability of a client that answers these requests as tasks (L3, L112). On its connection there is one other side, which
/// may list what it has asked for.
#[cfg(feature = "client")]
pub(crate) fn client_capability(sampling: bool, elicitation: bool) -> Value {
    use serde_json::json;
    let mut requests = json!({});
    if sampling {
        requests["sampling"] = json!({ "createMessage": {} });
    }
    if elicitation {
        requests["elicitation"] = json!({ "create": {} });
    }
    json!({ "list": {}, "cancel": {}, "requests": requests })
}

/// Whether a client that declared this answers a request of this method as a task (L4, L6).
pub(crate) fn is_hosted(capability: &Value, method: &str) -> bool {
    let Some((kind, what)) = method.split_once('/') else { return false };
    capability["requests"][kind][what].is_object()
}

/// How long the author of a question wants the client's task to exist, as `params.task`; `None` where an answer is wanted at
/// once. Beside method and parameters, so that eras without such tasks can pass it over.
pub(crate) fn wish(body: &str) -> Option<Value> {
    let [wish] = envelope::fields(body, &["task"]).ok()?;
    serde_json::from_str(wish?.get()).ok()
}

/// A task that a client hosts, as the server that asked for it reads it.
pub(crate) struct Hosted {
    pub id: String,
    pub status: String,
    /// How long to wait before the next look.
    pub poll: Duration,
}

/// The shortest pause between two looks, and the one where the client says nothing.
const LOOKS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// The longest. Nothing overflows, and a question's own time is over long before.
const SLOWEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Hosted {
    /// The task in the answer to a request that asked for one. `None` for an answer of another kind.
    pub fn created(result: &RawValue) -> Option<Self> {
        let [task] = envelope::fields(result.get(), &["task"]).ok()?;
        Self::read(task?)
    }

    /// A task, as `tasks/get` and `tasks/cancel` answer it.
    pub fn read(task: &RawValue) -> Option<Self> {
        let [id, status, poll] =
            envelope::fields(task.get(), &["taskId", "status", "pollInterval"]).ok()?;
        let poll: Option<f64> = poll.and_then(|poll| serde_json::from_str(poll.get()).ok());
        let poll = poll.map_or(LOOKS.1, |poll| {
            Duration::try_from_secs_f64(poll.max(0.0) / 1000.0).unwrap_or(SLOWEST)
        });
        Some(Self {
            id: envelope::text(id?)?.into_owned(),
            status: envelope::text(status?)?.into_owned(),
            poll: poll.clamp(LOOKS.0, SLOWEST),
        })
    }
}
