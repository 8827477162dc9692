//! From a builder or a server to clients, in one call.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::ServeError;
use crate::server::builder::ServerBuilder;
use crate::server::handle::Server;
use crate::transport;

impl ServerBuilder {
    /// Serves the process that started this one over standard input and output, until it closes the input.
    ///
    /// Standard output belongs to the protocol from then on: on Unix, what the program prints goes to standard error, so
    /// that a stray `println!` breaks nothing.
    ///
    /// # Errors
    ///
    /// When the server cannot be built, or the streams fail.
    #[cfg(feature = "stdio")]
    pub async fn serve_stdio(self) -> Result<(), ServeError> {
        self.build()?.serve_stdio().await
    }

    /// Serves over HTTP at `/mcp` of an address, until the process is asked to end; see [`HttpServer`](crate::HttpServer).
    ///
    /// Bind to `127.0.0.1` unless you mean to be reached from elsewhere; then name the hosts that clients may use with
    /// [`allow_host`](Self::allow_host), and have something verify who is calling.
    ///
    /// # Errors
    ///
    /// When the server cannot be built, or the address cannot be listened on.
    #[cfg(feature = "http")]
    pub async fn serve_http(
        self,
        address: impl tokio::net::ToSocketAddrs + std::fmt::Debug,
    ) -> Result<(), ServeError> {
        self.build()?.serve_http(address).await
    }
}

impl Server {
    /// See [`ServerBuilder::serve_stdio`].
    ///
    /// # Errors
    ///
    /// When the streams fail.
    #[cfg(feature = "stdio")]
    pub async fn serve_stdio(self) -> Result<(), ServeError> {
        self.start_tasks();
        let served = transport::stdio::serve(self.clone()).await;
        self.stop_tasks().await;
        served
    }

    /// See [`ServerBuilder::serve_http`].
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    #[cfg(feature = "http")]
    pub async fn serve_http(
        self,
        address: impl tokio::net::ToSocketAddrs + std::fmt::Debug,
    ) -> Result<(), ServeError> {
        self.bind_http(address).await?.serve().await
    }

    /// Listens on an address, and serves later: where the port is to be known, or the end is another than a signal's.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    #[cfg(feature = "http")]
    pub async fn bind_http(
        self,
        address: impl tokio::net::ToSocketAddrs + std::fmt::Debug,
    ) -> Result<crate::HttpServer, ServeError> {
        transport::http::HttpServer::bind(self, address).await
    }

    /// The endpoint as a tower service, for a server of your own: axum, hyper.
    #[cfg(feature = "http")]
    pub fn http(&self) -> crate::McpService {
        transport::http::McpService::new(self.clone())
    }

    /// Serves one client on a stream of lines, as over stdio: a Unix socket, a pipe, memory. Returns when the client closes
    /// its side.
    ///
    /// # Errors
    ///
    /// When the stream fails.
    pub async fn serve_stream(
        self,
        reader: impl AsyncRead + Send,
        writer: impl AsyncWrite + Send,
    ) -> Result<(), ServeError> {
        self.start_tasks();
        transport::stream::serve(self, None, reader, writer).await
    }
}
