//! Bounds of arguments: `#[arg(min = 1, max = 7)]`. Of literals it is told here what cannot be meant, of other expressions
//! by the runtime when the server is built.

use crate::arg::{ArgAttribute, Fallback};
use crate::sink::Errors;
use proc_macro2::TokenStream;
use quote::quote;
use std::fmt;
use syn::{Expr, ExprLit, ExprUnary, Lit, UnOp};

/// A smallest and a largest value, as they were written.
#[derive(Default)]
pub struct Bounds {
    pub min: Option<Expr>,
    pub max: Option<Expr>,
}

impl Bounds {
    /// The fields of the runtime's `Bounds`, if anything was said.
    pub fn fields(&self) -> Option<TokenStream> {
        let field = |bound: &Option<Expr>| match bound {
            // In a block, so that a value of another type is reported without the `Some`.
            Some(value) => quote!(::core::option::Option::Some({ #value })),
            None => quote!(::core::option::Option::None),
        };
        let (min, max) = (field(&self.min), field(&self.max));
        (self.min.is_some() || self.max.is_some()).then(|| quote!(min: #min, max: #max))
    }
}

/// Reports bounds that nothing fits, and a default that does not.
pub fn check(said: &ArgAttribute, errors: &Errors) {
    let fitting = [(&said.range, "min"), (&said.length, "min_length")]
        .map(|(bounds, min)| fits_something(bounds, min, errors));
    let Some(Fallback::Value(default)) = &said.default else { return };
    if fitting[0]
        && let Some(number) = Number::of(default)
    {
        let what = format!("the default, {number}, is");
        default_fits(default, &what, number, &said.range, ["min", "max"], errors);
    }
    if fitting[1]
        && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = default
    {
        let count = text.value().chars().count();
        let what = format!("the length of the default, {count}, is");
        let number = Number::Integer(count as i128);
        let names = ["min_length", "max_length"];
        default_fits(default, &what, number, &said.length, names, errors);
    }
}

fn fits_something(bounds: &Bounds, min: &str, errors: &Errors) -> bool {
    let (Some(low), Some(high)) = (&bounds.min, &bounds.max) else { return true };
    if let (Some(least), Some(most)) = (Number::of(low), Number::of(high))
        && least > most
    {
        errors.at(high, format!("nothing fits: this is {most}, and `{min}` is {least}"));
        return false;
    }
    true
}

fn default_fits(
    default: &Expr,
    what: &str,
    number: Number,
    bounds: &Bounds,
    [min, max]: [&str; 2],
    errors: &Errors,
) {
    let known = |bound: &Option<Expr>| bound.as_ref().and_then(Number::of);
    if let Some(least) = known(&bounds.min).filter(|least| number < *least) {
        errors.at(default, format!("{what} less than `{min}`, which is {least}"));
    }
    if let Some(most) = known(&bounds.max).filter(|most| number > *most) {
        errors.at(default, format!("{what} more than `{max}`, which is {most}"));
    }
}

/// A number whose value stands there. Those of different kinds do not compare: the types will not fit.
#[derive(Clone, Copy)]
enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    fn of(expr: &Expr) -> Option<Self> {
        match expr {
            // The invisible groups of `macro_rules!`.
            Expr::Group(group) => Self::of(&group.expr),
            Expr::Paren(paren) => Self::of(&paren.expr),
            Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => {
                literal.base10_parse().ok().map(Self::Integer)
            }
            Expr::Lit(ExprLit { lit: Lit::Float(literal), .. }) => {
                literal.base10_parse().ok().map(Self::Float)
            }
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => {
                Self::of(expr).map(|it| match it {
                    Self::Integer(number) => Self::Integer(-number),
                    Self::Float(number) => Self::Float(-number),
                })
            }
            _ => None,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other).is_some_and(std::cmp::Ordering::is_eq)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.partial_cmp(b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            _ => None,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            // As it is written in Rust: `1.0`, `1e300`.
            Self::Float(number) => write!(f, "{number:?}"),
        }
    }
}
