//! The attributes of `mcp-runtime`, which re-exports them: use them from there.
//!
//! One file for each phase: `function`, `params` (and `arg`), `options` (and `values`) and `block` read what was written,
//! `requires` and `boundary` what the body says, `check` and `bounds` know the rules that need more than one part of it,
//! `expand` (and `parts`, `definition`) write the code. All report into one
//! `sink`, so that the mistakes of a function come out together; if there are any, the function is emitted as it was
//! written, beside a stub, so that nothing else fails because of them.

mod arg;
mod block;
mod boundary;
mod bounds;
mod check;
mod definition;
mod docs;
mod duration;
mod expand;
mod function;
mod handler;
mod json;
mod names;
mod options;
mod params;
mod parts;
mod requires;
mod sink;
mod template;
mod values;

use self::check::Place;
use self::function::Function;
use self::handler::Handler;
use self::sink::Errors;
use proc_macro2::TokenStream;
use quote::quote;

/// What a function is to clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Tool,
    Prompt,
    Resource,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Self::Tool => "mcp_tool",
            Self::Prompt => "mcp_prompt",
            Self::Resource => "mcp_resource",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Tool => "#[mcp_tool(name = \"..\")]",
            Self::Prompt => "#[mcp_prompt(name = \"..\")]",
            Self::Resource => "#[mcp_resource(\"notes://{id}\")]",
        }
    }
}

/// Makes a tool of a function, `async` or not.
///
/// The function stays what it is and can be called. Beside it stands a type of the same name and visibility, which
/// registers it: `.tool::<render>()`. A tool that is never registered is reported by the compiler as unused.
///
/// ```ignore
/// /// Renders a scene to a video.
/// #[mcp_tool(task_support = "optional", restart = "replay", timeout = "30m")]
/// async fn render(
///     cx: &Context,              // borrowed: lent by the server
///     farm: &State<RenderFarm>,
///     /// Path of the scene file.
///     scene: String,             // owned: an argument that the client sends
///     #[arg(default = 25)] frames: u32,
/// ) -> Result<Json<Video>, RenderError> {
///     ..
/// }
/// ```
///
/// # Parameters
///
/// Only the way they are written decides, never the text of a type:
///
/// - `&T` is lent by the server: `&Context`, `&State<T>`, anything that implements `Inject`.
/// - `name: T` is one property of the arguments; its doc comment is its description. `Option<T>` may be absent.
/// - a pattern, such as `Args(order): Args<Order>`, is the whole argument object, and then the only owned parameter.
///
/// An owned parameter may carry `#[arg(..)]`:
///
/// | key | meaning |
/// | --- | --- |
/// | `default` | absent means `Default::default()` |
/// | `default = 25` | absent means this value, which stands in the schema if its type has `serde::Serialize`; a string is turned `into()` the type |
/// | `min = 1`, `max = 7` | of a number: `minimum` and `maximum` in the schema; what lies outside is refused |
/// | `min_length = 1`, `max_length = 80` | the same of the characters of a `String` or the items of a `Vec` |
/// | `rename = "q"` | its name for clients |
/// | `header = "Region"` | clients repeat it in the header `Mcp-Param-Region` (`x-mcp-header`) |
///
/// # Keys
///
/// | key | meaning |
/// | --- | --- |
/// | `name = ".."` | instead of the function's name |
/// | `title = ".."`, `description = ".."` | for people; for the model, instead of the doc comment |
/// | `read_only`, `destructive`, `idempotent`, `open_world` | hints, also `= false`; those that are not given are not sent |
/// | `icons = ["https://..", icon(src = "..", mime_type = "..", sizes = ["48x48"], theme = "dark")]` | pictures |
/// | `meta = { "key": "value" }` | metadata: JSON made of literals, or an expression of type `JsonObject` |
/// | `requires = [elicitation, elicitation_url, sampling, sampling_tools, roots]` | what the client must be able to do, see below |
/// | `input_schema = expr` | a schema written by hand: the types of the arguments then need `Deserialize` only |
/// | `crate = path` | where `mcp-runtime` is, if not at `::mcp_runtime` |
/// | `timeout = "30s"` | how long one attempt may run, inline or as a task; the time that a task is parked does not count |
/// | `input_timeout = "1d"` | how long a question waits for its answer |
/// | `task_support = "optional"` | whether a call may become a task: `forbidden` (the default), `optional`, `required` |
/// | `restart = "replay"` | what becomes of a task that is interrupted by the death of its process: `fail` (the default) or `replay` |
/// | `retry = 3`, `retry(attempts = 3, backoff = "1s", on = ["error", "panic", "timeout"])` | how often a task is tried, the first time included; the pause before the second time, which doubles then (a second); and after what (all three; one may stand without the brackets) |
/// | `ttl = "1d"` | how long a task exists, counted from its creation |
/// | `inline_budget = "500ms"` | how long an optional tool runs inline before its call becomes a task, for clients of the tasks extension; `"0s"`: at once |
/// | `max_concurrent = 2` | how many tasks of this tool run at a time in one process |
/// | `dedupe` | a second call by the same principal with the same arguments joins the task that has not ended |
/// | `version = "2"` | changed when the steps of the function change; kept with every task |
///
/// `docs/tasks.md` in the repository has the limits of these keys, and what happens to a task when something goes wrong.
///
/// A duration is whole numbers with a unit `ms`, `s`, `m`, `h` or `d`: `"1h30m"`.
///
/// # Where its task begins
///
/// With `task_support = "required"` a task begins at once, and with `"optional"` when the inline budget is used up. A function
/// that has something to ask before there is a task says itself where that begins: `cx.into_task().await`. It runs inline until
/// there. The call has to stand in the body of the tool; in a function that the tool calls it is not seen, which only means
/// that the task begins at once.
///
/// # What it requires
///
/// Without `requires`, it is read off the body: `cx.elicit(..).await`, `.elicit_url(..)`, `.sample(..)` and `.roots(..)`, where every
/// run comes by them; not in a branch, a closure or a macro, and not behind a branch that may return. `requires = []`
/// switches that off.
#[proc_macro_attribute]
pub fn mcp_tool(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    free(Kind::Tool, attribute.into(), item.into()).into()
}

/// Makes a prompt of a function: `.prompt::<review>()` registers it.
///
/// Parameters are as those of [`macro@mcp_tool`], but that the arguments of prompts are text on the wire: there is no whole argument
/// object, and `#[arg(..)]` knows `rename`, `default` and `complete = path`, an `async fn(Partial) -> impl Into<Completion>` that suggests
/// values.
///
/// Keys: `name`, `title`, `description`, `icons`, `meta`, `requires` and `crate`, as for tools.
#[proc_macro_attribute]
pub fn mcp_prompt(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    free(Kind::Prompt, attribute.into(), item.into()).into()
}

/// Makes a resource of a function, or a template of resources: `.resource::<note>()` registers it.
///
/// ```ignore
/// /// One note.
/// #[mcp_resource("notes://{book}/{+path}", mime_type = "text/markdown")]
/// async fn note(shelf: &State<Shelf>, book: u32, path: String) -> Option<String> {
///     ..
/// }
/// ```
///
/// `{name}` stands for one part of the path and `{+name}` for several; the owned parameters are the variables, all of them. `#[arg(..)]`
/// knows `rename` and `complete = path`.
///
/// Keys: `name` (the function's if not given), `title`, `description`, `mime_type`, `size` (in bytes), `icons`, `meta`, `requires` and
/// `crate`.
#[proc_macro_attribute]
pub fn mcp_resource(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    free(Kind::Resource, attribute.into(), item.into()).into()
}

/// Makes tools, prompts and resources of the methods of an impl block: `.tools(Weather::new())` registers them all.
///
/// ```ignore
/// #[mcp_tools]
/// impl Weather {
///     /// Tomorrow's weather.
///     #[mcp_tool(read_only)]
///     async fn forecast(&self, city: String) -> Json<Forecast> {
///         ..
///     }
/// }
/// ```
///
/// The methods take `&self` and otherwise what functions take; their attributes need no import. A type has one such block.
/// The only key is `crate = path`.
#[proc_macro_attribute]
pub fn mcp_tools(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    block::expand(attribute.into(), item.into()).into()
}

fn free(kind: Kind, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let mut function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(not_a_function(kind, &item).unwrap_or(error));
            let errors = errors.finish();
            return quote!(#item #errors);
        }
    };
    function.attrs.retain(|attr| {
        let second = block::kind(attr).is_some();
        if second {
            let message = "a function is one of tool, prompt and resource: remove this attribute";
            errors.at(attr, message);
        }
        !second
    });
    let handler = Handler::new(kind, Place::Free, attribute, &function, &errors);
    match errors.finish() {
        None => {
            let made = expand::free(&handler, &function);
            quote!(#function #made)
        }
        // In an impl block, where no struct can stand.
        Some(errors) if function.sig.receiver().is_some() => quote!(#function #errors),
        Some(errors) => {
            let p = expand::private(handler.options.crate_path.as_ref());
            let stub = expand::stub(kind, &p, &function);
            quote!(#function #stub #errors)
        }
    }
}

/// An error for an item of another kind: what the parser expected first would not help.
fn not_a_function(kind: Kind, item: &TokenStream) -> Option<syn::Error> {
    let word = kind.word();
    let (item, message) = match syn::parse2::<syn::Item>(item.clone()).ok()? {
        syn::Item::Fn(_) => return None,
        syn::Item::Impl(item) => (
            quote::ToTokens::to_token_stream(&item.impl_token),
            "an impl block takes `#[mcp_tools]`, and its methods take `#[mcp_tool]`".to_owned(),
        ),
        other => (
            quote::ToTokens::to_token_stream(&other),
            format!("a {word} is a function: put this over an `async fn`"),
        ),
    };
    Some(syn::Error::new_spanned(item, message))
}
