//! Borrowed parameters: what the server hands to a handler.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;

use super::call::Call;
use super::context::Context;
use super::outcome::Outcome;
use crate::error::RpcError;

/// Something of yours that handlers borrow: give it to [`ServerBuilder::state`](crate::ServerBuilder::state) once, and
/// take `&State<T>` as a parameter wherever it is needed.
///
/// ```
/// use mcp_runtime::{State, mcp_tool};
///
/// struct Shelf { books: Vec<String> }
///
/// /// How many books there are.
/// #[mcp_tool(read_only)]
/// async fn count(shelf: &State<Shelf>) -> String {
///     shelf.books.len().to_string()
/// }
/// # mcp_runtime::server!().state(Shelf { books: vec![] }).tool::<count>().build().expect("a server");
/// ```
///
/// In a unit test, `count(&State::new(shelf)).await` calls the function as it is.
pub struct State<T>(pub(crate) T);

impl<T> State<T> {
    /// A state outside a server, to call a function with in a unit test: a server makes its own.
    pub const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The states of a server, by type.
#[derive(Default)]
pub struct States(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: T) -> bool {
        self.0.insert(TypeId::of::<T>(), Box::new(State(state))).is_none()
    }

    /// The state of this type, if there is one.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&State<T>> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

/// What a handler may take as `&T`: [`Context`], [`State`], and types of your own that find themselves in one of the two.
#[diagnostic::on_unimplemented(
    message = "a handler cannot borrow `{Self}` from the server",
    label = "the server has no `{Self}` to lend",
    note = "a borrowed parameter is lent by the server: `&Context` or `&State<T>`",
    note = "an argument that the client sends is owned: `String` instead of `&str`, `Vec<T>` instead of `&[T]`"
)]
pub trait Inject: Send + Sync {
    /// Finds it for one call.
    ///
    /// # Errors
    ///
    /// When it is not there, which is a mistake of the program.
    fn inject<'a>(states: &'a States, cx: &'a Context) -> Result<&'a Self, RpcError>;

    /// Says when the server is built that it will be missing.
    ///
    /// # Errors
    ///
    /// One sentence that says what to register.
    fn check(states: &States) -> Result<(), String> {
        let _ = states;
        Ok(())
    }
}

impl Inject for Context {
    fn inject<'a>(_: &'a States, cx: &'a Context) -> Result<&'a Self, RpcError> {
        Ok(cx)
    }
}

impl<T: Send + Sync + 'static> Inject for State<T> {
    fn inject<'a>(states: &'a States, _: &'a Context) -> Result<&'a Self, RpcError> {
        states
            .get()
            .ok_or_else(|| RpcError::internal("the server lacks a state that this handler needs"))
    }

    fn check(states: &States) -> Result<(), String> {
        match states.get::<T>() {
            Some(_) => Ok(()),
            None => Err(format!(
                "needs `&State<{0}>`, and there is none: add `.state(..)` with a value of type `{0}`",
                type_name::<T>()
            )),
        }
    }
}

/// The check that belongs to one borrowed parameter.
#[derive(Clone, Copy)]
pub(crate) struct Needs(fn(&States) -> Result<(), String>);

impl Needs {
    pub fn of<T: Inject + ?Sized>() -> Self {
        Self(T::check)
    }

    pub fn check(self, states: &States) -> Result<(), String> {
        (self.0)(states)
    }
}

/// Finds what a handler borrows.
///
/// # Errors
///
/// The outcome of the call, when it is not there.
pub fn inject<T: Inject + ?Sized>(call: &Call) -> Result<&T, Outcome> {
    let cx: &Context = call;
    T::inject(cx.states(), cx).map_err(Outcome::error)
}
