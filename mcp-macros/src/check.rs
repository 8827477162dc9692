//! Rules that need more than one key or parameter, or the key and the signature.

use crate::function::Function;
use crate::options::{Options, Support, TASK_KEYS};
use crate::params::{Param, Role, find_impl, lifetimes};
use crate::sink::Errors;
use crate::{Kind, names, template};
use syn::ext::IdentExt;
use syn::{GenericParam, Receiver, ReceiverKind, ReturnType, Safety, Type};

/// Where the function stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On its own.
    Free,
    /// In an impl block under `#[mcp_tools]`.
    Impl,
}

/// Everything about the signature that is not a parameter with a type.
pub fn signature(kind: Kind, place: Place, function: &Function, errors: &Errors) {
    let (sig, word) = (&function.sig, kind.word());
    if let Some(token) = sig.constness {
        errors.span(
            token.span,
            format!(
                "a {word} runs when a client calls it, and never at compile time: remove `const`"
            ),
        );
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.span(
            token.span,
            format!(
                "any client may call a {word}, so it has to be safe: remove `unsafe`, \
                 and put it into the body"
            ),
        );
    }
    if let Some(abi) = &sig.abi {
        errors.at(
            abi,
            format!("a {word} is called by the server, not over a foreign ABI: remove `extern`"),
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "a list of any length is a `Vec<T>`");
    }
    for param in &sig.generics.params {
        let message = match param {
            GenericParam::Type(param) => format!(
                "a {word} has one schema, so it cannot be generic: write a type instead of `{}`",
                param.ident
            ),
            GenericParam::Const(param) => format!(
                "a {word} has one schema, so it cannot be generic: write a value instead of `{}`",
                param.ident
            ),
            GenericParam::Lifetime(_) => continue,
        };
        errors.at(param, message);
    }
    match (place, sig.receiver()) {
        (Place::Free, Some(receiver)) => errors.at(
            receiver.self_token,
            format!(
                "a {word} with `self` stands in an impl block under `#[mcp_tools]`: \
                 put that over `impl .. {{`"
            ),
        ),
        (Place::Impl, None) => errors.span(
            sig.ident.span(),
            format!(
                "a {word} in an impl block takes `&self`: add it, or move the \
                 function out of the block"
            ),
        ),
        (Place::Impl, Some(receiver)) => receiver_is_shared(word, receiver, errors),
        (Place::Free, None) => {}
    }
    if let ReturnType::Type(_, ty) = &sig.output {
        if let Some(token) = find_impl(ty) {
            errors.at(
                token,
                format!(
                    "what a {word} returns decides what clients are told about it: write \
                     the type instead of `impl ..`"
                ),
            );
        } else if let Type::Reference(reference) = &**ty
            && reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static")
        {
            errors.at(
                ty,
                format!(
                    "what a {word} returns outlives the call: return an owned value, such \
                     as `String` instead of `&str`"
                ),
            );
        } else {
            lifetimes(ty, &format!("what a {word} returns"), errors);
        }
    }
}

fn receiver_is_shared(word: &str, receiver: &Receiver, errors: &Errors) {
    let typed = match &receiver.kind {
        ReceiverKind::Typed(_, ty) => Some(&**ty),
        _ => None,
    };
    let mutability = match (&receiver.kind, typed) {
        (ReceiverKind::Reference(_, _, mutability), _) => *mutability,
        (_, Some(Type::Reference(reference))) => reference.mutability,
        _ => None,
    };
    if mutability.is_some() {
        let message = format!(
            "many calls of a {word} run at once on one value: write `&self`, and \
             put what changes behind a lock"
        );
        errors.at(receiver, message);
    } else if !matches!(
        (&receiver.kind, typed),
        (ReceiverKind::Reference(..), _) | (_, Some(Type::Reference(_)))
    ) {
        errors.at(
            receiver,
            format!("many calls of a {word} run at once on one value: write `&self`"),
        );
    }
}

/// The name under which clients know the handler, and where it was written.
pub fn name(kind: Kind, function: &Function, options: &Options, errors: &Errors) -> String {
    let (name, span, derived) = match &options.name {
        Some(name) => (name.value(), name.span(), false),
        None => (function.sig.ident.unraw().to_string(), function.sig.ident.span(), true),
    };
    // The name of a resource is for people; its URI is what tells it from others.
    let refused = match kind {
        Kind::Resource if name.is_empty() => {
            Some(("the name of a resource cannot be empty".to_owned(), "..".to_owned()))
        }
        Kind::Resource => None,
        Kind::Tool | Kind::Prompt => names::refuse(kind, &name),
    };
    if let Some((why, better)) = refused {
        let hint = if derived {
            format!("write `#[{}(name = \"{better}\")]`", kind.attribute())
        } else {
            format!("write `name = \"{better}\"`")
        };
        errors.span(span, format!("{why}: {hint}"));
    }
    name
}

/// Keys that contradict each other.
pub fn options(options: &Options, errors: &Errors) {
    if options.read_only == Some(true)
        && options.destructive == Some(true)
        && let Some(key) = options.given("destructive")
    {
        errors.span(
            key.span(),
            "a `read_only` tool changes nothing, so it cannot be `destructive`: \
             remove one of them",
        );
    }
    let support = options.task_support.unwrap_or(Support::Forbidden);
    if support == Support::Forbidden
        && (options.task_support.is_some() || options.given("task_support").is_none())
    {
        for key in options.given.iter().filter(|key| TASK_KEYS.iter().any(|task| key == task)) {
            errors.span(
                key.span(),
                format!(
                    "`{key}` is about tasks, and this tool never becomes one: add \
                     `task_support = \"optional\"`, or remove `{key}`"
                ),
            );
        }
    }
    // Without the word, all causes are meant, and this one just never comes.
    if options.given("timeout").is_none()
        && let Some(retry) = &options.task.retry
        && let Some(word) = retry.on.iter().find(|word| word.value() == "timeout")
    {
        errors.at(
            word,
            "no attempt of this tool times out: add `timeout = \"30s\"`, or remove \"timeout\"",
        );
    }
    if support == Support::Required
        && let Some(key) = options.given("inline_budget")
    {
        errors.span(
            key.span(),
            "a tool that has to be a task is one at once, so that `inline_budget` \
             says nothing: remove it, or write `task_support = \"optional\"`",
        );
    }
}

/// The parameters against each other.
pub fn params(kind: Kind, params: &[Param], errors: &Errors) {
    let owned: Vec<&Param> =
        params.iter().filter(|param| !matches!(param.role, Role::Injected(_))).collect();
    let mut wholes = owned.iter().filter_map(|param| match param.role {
        Role::Whole(span) => Some(span),
        _ => None,
    });
    if let Some(first) = wholes.next() {
        let mut more = wholes.peekable();
        if more.peek().is_some() {
            for span in more {
                errors.span(
                    span,
                    "this is a second pattern for the whole argument object: join the two \
                     types into one",
                );
            }
        } else if owned.len() > 1 {
            errors.span(
                first,
                "a pattern takes the whole argument object, so no other argument can \
                 stand beside it: make the others fields of this type, or give this \
                 one a name",
            );
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut headers: Vec<String> = Vec::new();
    for param in params {
        let Role::Argument(argument) = &param.role else { continue };
        // Parameters under `#[cfg]` may exclude each other.
        if !param.cfg.is_empty() {
            continue;
        }
        if seen.contains(&argument.name.as_str()) {
            errors.span(
                argument.span,
                format!(
                    "this {} has an argument `{}` already: give one of them another name",
                    kind.word(),
                    argument.name
                ),
            );
        }
        seen.push(&argument.name);
        if let Some(header) = &argument.header {
            let name = header.value().to_ascii_lowercase();
            if headers.contains(&name) {
                errors.at(
                    header,
                    "another argument has this header, and case makes no difference \
                     there: choose another name",
                );
            }
            headers.push(name);
        }
    }
}

/// The variables of a resource's template against its parameters, in both directions.
pub fn uri(options: &Options, params: &[Param], errors: &Errors) {
    let Some(uri) = &options.uri else { return };
    let variables = match template::variables(&uri.value()) {
        Ok(variables) => variables,
        Err(why) => return errors.at(uri, why),
    };
    let arguments = || {
        params.iter().filter_map(|param| match &param.role {
            Role::Argument(argument) => Some(argument),
            _ => None,
        })
    };
    for argument in arguments().filter(|argument| !variables.contains(&argument.name)) {
        let name = &argument.name;
        let message =
            match names::nearest(name, &variables.iter().map(String::as_str).collect::<Vec<_>>()) {
                Some(meant) => {
                    format!("the template has no variable `{name}`: did you mean `{meant}`?")
                }
                None => format!(
                    "the template has no variable `{name}`: write `{{{name}}}` into it, \
                     or borrow the parameter if the server lends it"
                ),
            };
        errors.span(argument.span, message);
    }
    // A parameter that was refused, or misspelt, would be missed a second time here.
    if errors.is_empty() {
        for variable in
            variables.iter().filter(|name| !arguments().any(|argument| argument.name == **name))
        {
            errors.at(
                uri,
                format!(
                    "no parameter takes the variable `{variable}`: add `{variable}: \
                     String` to the function"
                ),
            );
        }
    }
}
