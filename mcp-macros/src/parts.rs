//! What a handler is made of, wherever it stands: constants for the types, a definition, and the body of a call.

use crate::function::Function;
use crate::handler::Handler;
use crate::params::{Argument, Param, Role};
use crate::{Kind, definition};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{ReturnType, Type};

/// The code for one handler.
pub struct Parts {
    /// One constant for each parameter and one for what is returned.
    pub constants: TokenStream,
    /// Statements that end in an expression.
    pub definition: TokenStream,
    p: TokenStream,
    is_async: bool,
    /// The statements that make the values of the parameters.
    values: TokenStream,
    /// The values in the order of the parameters.
    inputs: Vec<TokenStream>,
    returns: TokenStream,
    span: Span,
}

impl Parts {
    /// `scope` is `Self::` where the constants are associated ones.
    pub fn new(
        p: &TokenStream,
        handler: &Handler,
        function: &Function,
        scope: &TokenStream,
        prefix: &str,
    ) -> Self {
        let span = function.sig.ident.span();
        let kind = handler.kind;
        let word = Ident::new(kind.word(), Span::call_site());
        let start = format_ident!("returns_{word}");
        let output = match &function.sig.output {
            ReturnType::Default => quote_spanned!(span=> ()),
            ReturnType::Type(_, ty) => quote!(#ty),
        };
        let returns = format_ident!("{prefix}_RETURNS");
        let by_hand = handler.options.input_schema.is_some();
        let mut constants = quote!(const #returns: #p::Returns<#output> = #p::#start::<#output>(););
        let mut inputs = Vec::new();
        let mut describe = TokenStream::new();
        let [mut declare, mut take, mut check, mut inject] =
            std::array::from_fn(|_| TokenStream::new());
        for (index, param) in handler.params.iter().enumerate() {
            let Param { role, ty, cfg } = param;
            let constant = format_ident!("{prefix}_{index}");
            let value = format_ident!("__value_{index}");
            let taken = format_ident!("__taken_{index}");
            let (holder, init) = match role {
                Role::Injected(_) => {
                    inject.extend(quote! {
                        #(#cfg)* let #value = match #scope #constant.of(&__call) {
                            ::core::result::Result::Ok(__value) => __value,
                            ::core::result::Result::Err(__outcome) => return __outcome,
                        };
                    });
                    (quote!(Injected), quote!(#p::injected::<#ty>()))
                }
                Role::Argument(argument) => (
                    if kind == Kind::Tool { quote!(Parameter) } else { quote!(Variable) },
                    init(p, kind, by_hand, argument, ty),
                ),
                Role::Whole(_) => {
                    let init = if by_hand { quote!(whole_by_hand) } else { quote!(whole) };
                    (quote!(Whole), quote!(#p::#init::<#ty>()))
                }
            };
            if !matches!(role, Role::Injected(_)) {
                declare.extend(quote!(#(#cfg)* let #value;));
                take.extend(quote! {
                    #(#cfg)* let #taken = #scope #constant.take(&mut __arguments);
                });
                check.extend(quote! {
                    #(#cfg)* match #taken {
                        ::core::option::Option::Some(__value) => #value = __value,
                        ::core::option::Option::None => return __arguments.refuse(),
                    };
                });
            }
            constants.extend(quote!(#(#cfg)* const #constant: #p::#holder<#ty> = #init;));
            describe.extend(quote! {
                #(#cfg)* let __definition = #scope #constant.#word(__definition);
            });
            inputs.push(quote!(#(#cfg)* #value));
        }
        let values = if take.is_empty() {
            inject
        } else {
            // The arguments are gone before the function runs, and so are no part of its future. The values are declared
            // before, not returned as a tuple, since a pattern cannot be under `#[cfg]`.
            let source = if kind == Kind::Tool { quote!(arguments) } else { quote!(variables) };
            quote! {
                #declare
                {
                    let mut __arguments = __call.#source();
                    #take
                    #check
                }
                #inject
            }
        };
        let returns = quote!(#scope #returns);
        let mut definition = definition::expression(p, handler);
        // Only tools say in advance what they return.
        if kind == Kind::Tool {
            definition = quote!(#returns.tool(#definition));
        }
        // Statements and not a chain of methods, which could not be under `#[cfg]`.
        if !describe.is_empty() {
            definition = quote!(let __definition = #definition; #describe __definition);
        }
        let is_async = function.sig.asyncness.is_some();
        Self { constants, definition, p: p.clone(), is_async, values, inputs, returns, span }
    }

    /// The future of one call of `function`, of type `CallFuture`.
    pub fn body(&self, function: &TokenStream, before: &[TokenStream]) -> TokenStream {
        let Self { values, inputs, returns, p, .. } = self;
        let wait = self.is_async.then(|| quote!(.await));
        // A future that is not `Send` is reported at this span, the name of the function. All of the path has to stand
        // there, or the compiler falls back to the attribute; but names of ours must not, since the function's may come
        // out of a `macro_rules!`.
        let p = p.clone().into_iter().map(|mut token| {
            token.set_span(self.span);
            token
        });
        let p: TokenStream = p.collect();
        let body = quote! {
            #values
            #returns.outcome(#function(#(#before,)* #(#inputs),*)#wait, &__call)
        };
        quote_spanned!(self.span=> #p::future(async move { #body }))
    }
}

/// `parameter::<String>("scene").description("..")`
fn init(p: &TokenStream, kind: Kind, by_hand: bool, argument: &Argument, ty: &Type) -> TokenStream {
    let Argument { name, description, header, default, complete, range, length, .. } = argument;
    let start = match kind {
        Kind::Tool if by_hand => quote!(parameter_by_hand),
        Kind::Tool => quote!(parameter),
        Kind::Prompt | Kind::Resource => quote!(variable),
    };
    let mut code = quote!(#p::#start::<#ty>(#name));
    if let Some(description) = description {
        code.extend(quote!(.description(#description)));
    }
    if let Some(default) = default {
        let function = default.function();
        code.extend(quote!(.default(#function)));
        match default.json() {
            Some(json) => code.extend(quote!(.default_json(#json))),
            // The constant of the type itself is there if it has `Serialize`; otherwise that of the trait is found.
            None if kind == Kind::Tool && !by_hand => code.extend(quote! {
                .default_shown({
                    #[allow(unused_imports)]
                    use #p::NotShown as _;
                    #p::Shown::<#ty>::JSON
                })
            }),
            None => {}
        }
    }
    if let Some(path) = complete {
        code.extend(quote! {
            .complete(|__partial| ::std::boxed::Box::pin(async move {
                ::core::convert::Into::into(#path(__partial).await)
            }))
        });
    }
    if let Some(fields) = range.fields() {
        let bounds = constant(quote!(#p::Bounds { #fields }), ty);
        code.extend(quote!(.rule(#p::in_range::<#ty>(#bounds))));
    }
    if let Some(fields) = length.fields() {
        let lengths = constant(quote!(#p::Lengths(#p::Bounds { #fields })), ty);
        code.extend(quote!(.rule(#p::of_length::<#ty>(#lengths))));
    }
    if let Some(header) = header {
        // A function and not a method, so that a type that cannot travel in a header is reported at that type.
        code = quote!(#p::in_header::<#ty>(#code, #header));
    }
    code
}

/// `&const { .. }`, which may name `Self`, as an item there could not. It stands where the type stands: the compiler reports
/// a type that does not fit at the type and at this, which is one message if both are at one place.
fn constant(value: TokenStream, ty: &Type) -> TokenStream {
    let mut tokens = ty.to_token_stream().into_iter();
    let start = tokens.next().map_or_else(Span::call_site, |token| token.span());
    let end = tokens.last().map_or(start, |token| token.span());
    let mut block = Group::new(Delimiter::Brace, value);
    block.set_span(end);
    let reference = quote_spanned!(start=> &const);
    quote!(#reference #block)
}
