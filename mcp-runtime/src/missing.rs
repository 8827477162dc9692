//! Methods of features that are switched off. They cannot be called: they are here so that the compiler names the feature,
//! and not only a method that it does not find.
//!
//! Each has a bound that never holds. It is one for all lifetimes, since the compiler refuses others where they are written;
//! and no method is `async`, since the compiler would repeat the message with every use of the future.

#[cfg(not(all(feature = "http", feature = "stdio")))]
use std::future::Ready;

#[cfg(not(all(feature = "http", feature = "stdio")))]
use crate::error::ServeError;
use crate::server::builder::ServerBuilder;
#[cfg(not(all(feature = "http", feature = "stdio")))]
use crate::server::handle::Server;

macro_rules! missing {
    ($(#[$gate:meta] $name:ident: $message:literal, $note:literal;)*) => {
        $(
            #[$gate]
            #[diagnostic::on_unimplemented(
                message = $message,
                label = "this feature is switched off",
                note = $note
            )]
            pub trait $name<'a> {
                fn never<T>() -> T;
            }
        )*
    };
}

missing! {
    #[cfg(not(feature = "stdio"))]
    ServeStdio: "`serve_stdio` is there with the feature `stdio` of mcpwright-runtime",
        "in Cargo.toml: `mcp-runtime = {{ package = \"mcpwright-runtime\", .., features = [\"stdio\"] }}`";
    #[cfg(not(feature = "http"))]
    ServeHttp: "`serve_http` is there with the feature `http` of mcpwright-runtime",
        "in Cargo.toml: `mcp-runtime = {{ package = \"mcpwright-runtime\", .., features = [\"http\"] }}`";
    #[cfg(not(feature = "http"))]
    BindHttp: "`bind_http` is there with the feature `http` of mcpwright-runtime",
        "in Cargo.toml: `mcp-runtime = {{ package = \"mcpwright-runtime\", .., features = [\"http\"] }}`";
    #[cfg(not(feature = "http"))]
    Http: "`http` is there with the feature `http` of mcpwright-runtime",
        "in Cargo.toml: `mcp-runtime = {{ package = \"mcpwright-runtime\", .., features = [\"http\"] }}`";
    #[cfg(not(feature = "console"))]
    Console: "`console` is there with the feature `console` of mcpwright-runtime",
        "in Cargo.toml: `mcp-runtime = {{ package = \"mcpwright-runtime\", .., features = [\"console\"] }}`";
}

#[cfg(not(feature = "stdio"))]
impl ServerBuilder {
    /// ```compile_fail,E0277
    /// mcp_runtime::server!().serve_stdio();
    /// ```
    #[doc(hidden)]
    pub fn serve_stdio(self) -> Ready<Result<(), ServeError>>
    where
        for<'a> Self: ServeStdio<'a>,
    {
        Self::never()
    }
}

#[cfg(not(feature = "stdio"))]
impl Server {
    /// ```compile_fail,E0277
    /// # fn f(server: mcp_runtime::Server) {
    /// server.serve_stdio();
    /// # }
    /// ```
    #[doc(hidden)]
    pub fn serve_stdio(self) -> Ready<Result<(), ServeError>>
    where
        for<'a> Self: ServeStdio<'a>,
    {
        Self::never()
    }
}

#[cfg(not(feature = "http"))]
impl ServerBuilder {
    /// ```compile_fail,E0277
    /// mcp_runtime::server!().serve_http("127.0.0.1:8000");
    /// ```
    #[doc(hidden)]
    pub fn serve_http<A>(self, _: A) -> Ready<Result<(), ServeError>>
    where
        for<'a> Self: ServeHttp<'a>,
    {
        Self::never()
    }
}

// What these return is left open, so that nothing is said about a method that it lacks, too.
#[cfg(not(feature = "http"))]
impl Server {
    /// ```compile_fail,E0277
    /// # fn f(server: mcp_runtime::Server) {
    /// server.serve_http("127.0.0.1:8000");
    /// # }
    /// ```
    #[doc(hidden)]
    pub fn serve_http<A>(self, _: A) -> Ready<Result<(), ServeError>>
    where
        for<'a> Self: ServeHttp<'a>,
    {
        Self::never()
    }

    /// ```compile_fail,E0277
    /// # fn f(server: mcp_runtime::Server) {
    /// let bound = server.bind_http("127.0.0.1:8000");
    /// # }
    /// ```
    #[doc(hidden)]
    pub fn bind_http<A, R>(self, _: A) -> Ready<Result<R, ServeError>>
    where
        for<'a> Self: BindHttp<'a>,
    {
        Self::never()
    }

    /// ```compile_fail,E0277
    /// # fn f(server: mcp_runtime::Server) {
    /// let endpoint = server.http();
    /// # }
    /// ```
    #[doc(hidden)]
    pub fn http<R>(&self) -> R
    where
        for<'a> Self: Http<'a>,
    {
        Self::never()
    }
}

#[cfg(not(feature = "console"))]
impl ServerBuilder {
    /// ```compile_fail,E0277
    /// mcp_runtime::server!().console(());
    /// ```
    #[doc(hidden)]
    pub fn console<C>(self, _: C) -> Self
    where
        for<'a> Self: Console<'a>,
    {
        Self::never()
    }
}
