//! The keys of `#[mcp_tool(..)]`, `#[mcp_prompt(..)]` and `#[mcp_resource(..)]`.

use crate::requires::Feature;
use crate::sink::Errors;
use crate::values::{
    DEFAULT_BACKOFF, boolean, choice, features, icons, lasting, meta, number, positive, retry,
    string,
};
use crate::{Kind, duration, names};
use proc_macro2::{Span, TokenStream, TokenTree};
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, LitInt, LitStr, Path, Token, token};

/// What the attribute says, key by key.
#[derive(Default)]
pub struct Options {
    /// The keys that were given, for rules about several of them.
    pub given: Vec<Ident>,
    /// The template of a resource.
    pub uri: Option<LitStr>,
    pub name: Option<LitStr>,
    pub title: Option<LitStr>,
    pub description: Option<LitStr>,
    pub mime_type: Option<LitStr>,
    pub size: Option<LitInt>,
    pub read_only: Option<bool>,
    pub destructive: Option<bool>,
    pub idempotent: Option<bool>,
    pub open_world: Option<bool>,
    pub icons: Vec<Icon>,
    pub meta: Option<Meta>,
    pub requires: Option<Vec<Feature>>,
    pub input_schema: Option<Expr>,
    pub task_support: Option<Support>,
    pub task: TaskKeys,
    pub crate_path: Option<Path>,
}

/// How a call of the tool becomes a task.
#[derive(Default)]
pub struct TaskKeys {
    pub replay: Option<bool>,
    pub retry: Option<Retry>,
    pub timeout: Option<Duration>,
    pub input_timeout: Option<Duration>,
    pub ttl: Option<Duration>,
    pub inline_budget: Option<Duration>,
    pub max_concurrent: Option<u32>,
    pub dedupe: Option<bool>,
    pub version: Option<LitStr>,
}

/// `retry(attempts = 3, backoff = "1s", on = ["error", "timeout"])`
pub struct Retry {
    pub attempts: u32,
    pub backoff: Duration,
    /// Words of [`Retry::CAUSES`], as they were written; none for all of them.
    pub on: Vec<LitStr>,
}

impl Retry {
    /// What can be tried again: the fields of the runtime's `RetryOn`.
    pub const CAUSES: [&str; 3] = ["error", "panic", "timeout"];
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Forbidden,
    Optional,
    Required,
}

pub struct Icon {
    pub src: LitStr,
    pub mime_type: Option<LitStr>,
    pub sizes: Vec<LitStr>,
    pub theme: Option<LitStr>,
}

pub enum Meta {
    Expr(Expr),
    /// `{ "key": value }` of literals, as JSON text.
    Json(String),
}

/// The keys that are about tasks, which a tool without tasks cannot have. `timeout` and `input_timeout` hold for inline
/// calls too.
pub const TASK_KEYS: [&str; 7] =
    ["restart", "retry", "ttl", "inline_budget", "max_concurrent", "dedupe", "version"];

const TOOL: [&str; 22] = [
    "name",
    "title",
    "description",
    "read_only",
    "destructive",
    "idempotent",
    "open_world",
    "icons",
    "meta",
    "requires",
    "input_schema",
    "crate",
    "task_support",
    "restart",
    "retry",
    "timeout",
    "input_timeout",
    "ttl",
    "inline_budget",
    "max_concurrent",
    "dedupe",
    "version",
];
const PROMPT: [&str; 7] = ["name", "title", "description", "icons", "meta", "requires", "crate"];
const RESOURCE: [&str; 9] =
    ["name", "title", "description", "mime_type", "size", "icons", "meta", "requires", "crate"];

fn known(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Tool => &TOOL,
        Kind::Prompt => &PROMPT,
        Kind::Resource => &RESOURCE,
    }
}

/// Goes on after the next comma, so that one mistake does not hide the next.
pub fn skip(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

/// Reads what stands in the brackets of the attribute.
pub fn parse(kind: Kind, tokens: TokenStream, errors: &Errors) -> Options {
    let mut options = Options::default();
    let parsed = Parser::parse2(
        |input: ParseStream<'_>| {
            if kind == Kind::Resource {
                if input.peek(LitStr) {
                    options.uri = Some(input.parse()?);
                } else if !(input.peek(Ident)
                    && input.fork().parse::<Ident>()?.to_string().starts_with("uri"))
                {
                    // A key `uri` gets a better message below.
                    let message = "a resource begins with its URI or URI template: \
                        `#[mcp_resource(\"notes://{id}\")]`";
                    errors.span(
                        if input.is_empty() { Span::call_site() } else { input.span() },
                        message,
                    );
                }
                if !input.is_empty() && input.peek(Token![,]) {
                    input.parse::<Token![,]>()?;
                }
            }
            while !input.is_empty() {
                if let Err(error) = options.key(kind, input) {
                    errors.push(error);
                    skip(input);
                }
                if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                    errors.span(input.span(), "expected `,` before the next key");
                    skip(input);
                }
            }
            Ok(())
        },
        tokens,
    );
    if let Err(error) = parsed {
        errors.push(error);
    }
    options
}

impl Options {
    pub fn given(&self, name: &str) -> Option<&Ident> {
        self.given.iter().find(|key| *key == name)
    }

    fn key(&mut self, kind: Kind, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(LitStr) {
            return Err(input.error(if kind == Kind::Resource {
                "a resource has one URI: more strings need a key, such as `description = \"..\"`"
            } else {
                "a string needs a key, such as `name = \"..\"` or `description = \"..\"`"
            }));
        }
        let key = input.call(Ident::parse_any)?;
        let name = key.to_string();
        if !known(kind).contains(&name.as_str()) {
            return Err(unknown(kind, &key));
        }
        if self.given.contains(&key) {
            return Err(syn::Error::new(key.span(), format!("`{key}` is given twice: remove one")));
        }
        self.given.push(key.clone());
        if name == "retry" && input.peek(token::Paren) {
            self.task.retry = Some(retry(&key, input)?);
            return Ok(());
        }
        if let Some(flag) = self.flag(&name) {
            *flag = Some(boolean(&key, input)?);
            return Ok(());
        }
        if !input.peek(Token![=]) {
            let message = format!("`{key}` needs a value: `{key} = {}`", example(&name));
            return Err(syn::Error::new(key.span(), message));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            let message = format!("`{key}` needs a value: `{key} = {}`", example(&name));
            return Err(syn::Error::new(key.span(), message));
        }
        self.value(&key, &name, input)
    }

    fn flag(&mut self, name: &str) -> Option<&mut Option<bool>> {
        Some(match name {
            "read_only" => &mut self.read_only,
            "destructive" => &mut self.destructive,
            "idempotent" => &mut self.idempotent,
            "open_world" => &mut self.open_world,
            "dedupe" => &mut self.task.dedupe,
            _ => return None,
        })
    }

    fn value(&mut self, key: &Ident, name: &str, input: ParseStream<'_>) -> syn::Result<()> {
        match name {
            "name" => self.name = Some(string(key, input)?),
            "title" => self.title = Some(string(key, input)?),
            "description" => self.description = Some(string(key, input)?),
            "mime_type" => self.mime_type = Some(string(key, input)?),
            "version" => self.task.version = Some(string(key, input)?),
            "size" => {
                let (literal, _) = number::<u64>(key, input, "a number of bytes")?;
                self.size = Some(literal);
            }
            "icons" => self.icons = icons(key, input)?,
            "meta" => self.meta = Some(meta(input)?),
            "requires" => self.requires = Some(features(key, input)?),
            "input_schema" => self.input_schema = Some(input.parse()?),
            "crate" => self.crate_path = Some(input.call(Path::parse_mod_style)?),
            "task_support" => {
                let text = string(key, input)?;
                self.task_support = Some(match text.value().as_str() {
                    "forbidden" => Support::Forbidden,
                    "optional" => Support::Optional,
                    "required" => Support::Required,
                    other => {
                        return Err(choice(&text, other, &["forbidden", "optional", "required"]));
                    }
                });
            }
            "restart" => {
                let text = string(key, input)?;
                self.task.replay = Some(match text.value().as_str() {
                    "fail" => false,
                    "replay" => true,
                    other => return Err(choice(&text, other, &["fail", "replay"])),
                });
            }
            "retry" => {
                let attempts = positive(key, input)?;
                self.task.retry =
                    Some(Retry { attempts, backoff: DEFAULT_BACKOFF, on: Vec::new() });
            }
            "max_concurrent" => self.task.max_concurrent = Some(positive(key, input)?),
            "timeout" => self.task.timeout = Some(lasting(key, input)?),
            "input_timeout" => self.task.input_timeout = Some(lasting(key, input)?),
            "ttl" => self.task.ttl = Some(lasting(key, input)?),
            // Zero is a budget: a task at once.
            "inline_budget" => {
                self.task.inline_budget = Some(duration::parse(&string(key, input)?)?)
            }
            _ => return Err(syn::Error::new(key.span(), format!("`{key}` takes no value"))),
        }
        Ok(())
    }
}

fn unknown(kind: Kind, key: &Ident) -> syn::Error {
    let written = key.to_string();
    let attribute = kind.attribute();
    let elsewhere = [Kind::Tool, Kind::Prompt, Kind::Resource]
        .into_iter()
        .find(|other| *other != kind && known(*other).contains(&written.as_str()));
    let message = match (names::nearest(&written, known(kind)), written.as_str()) {
        (_, "annotations") if kind == Kind::Tool => {
            "each annotation is a key of its own: `read_only`, `destructive`, \
             `idempotent`, `open_world`"
                .to_owned()
        }
        (_, "output_schema" | "outputSchema") if kind == Kind::Tool => {
            "the output schema comes from the return type: return `Json<T>`".to_owned()
        }
        (_, "uri" | "uri_template") if kind == Kind::Resource => {
            "the URI stands first, without a key: `#[mcp_resource(\"notes://{id}\")]`".to_owned()
        }
        (Some(meant), _) => {
            format!("`{attribute}` has no key `{written}`: did you mean `{meant}`?")
        }
        (None, _) => match elsewhere {
            Some(other) => {
                format!("`{written}` is a key of `{}`, not of `{attribute}`", other.attribute())
            }
            None => format!(
                "`{attribute}` has no key `{written}`: it knows {}",
                names::list(known(kind))
            ),
        },
    };
    syn::Error::new(key.span(), message)
}

/// How a value of this key looks.
pub fn example(key: &str) -> &'static str {
    match key {
        "icons" => "[\"https://..\"]",
        "meta" => "{ \"key\": \"value\" }",
        "requires" => "[elicitation]",
        "input_schema" => "schema()",
        "crate" => "path",
        "task_support" => "\"optional\"",
        "restart" => "\"replay\"",
        "retry" | "attempts" | "max_concurrent" => "3",
        "on" => "[\"error\", \"timeout\"]",
        "size" => "1024",
        "timeout" | "input_timeout" | "ttl" | "inline_budget" | "backoff" => "\"30s\"",
        _ => "\"..\"",
    }
}
