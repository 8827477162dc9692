//! A server that listens for connections, and for nothing but the endpoint.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::body::ResponseBody;
use super::reply::refused;
use super::{Endpoint, McpService, waiting_time};
#[cfg(feature = "console")]
use crate::console::Site;
use crate::error::ServeError;
use crate::server::handle::Server;

/// Where the endpoint is.
const PATH: &str = "/mcp";

/// No clock of a connection goes further.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait when the process has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that is bound to an address and serves its endpoint at `/mcp`: HTTP/1.1, without TLS.
///
/// For anything else (TLS, HTTP/2, other routes, a Unix socket) mount [`Server::http`] where you like.
pub struct HttpServer {
    endpoint: Arc<Endpoint>,
    listener: TcpListener,
    address: SocketAddr,
    #[cfg(feature = "console")]
    console: Option<Arc<Site>>,
}

impl HttpServer {
    pub(crate) async fn bind(
        server: Server,
        address: impl ToSocketAddrs + fmt::Debug,
    ) -> Result<Self, ServeError> {
        let named = format!("{address:?}");
        let addresses = tokio::net::lookup_host(address).await.map_err(ServeError::io(format!(
            "the address {named} cannot be looked up, write one such as \"127.0.0.1:8000\""
        )))?;
        let addresses: Vec<SocketAddr> = addresses.collect();
        let named: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        let failed =
            |error| ServeError::io(format!("cannot listen on {}", named.join(", ")))(error);
        let listener = TcpListener::bind(&addresses[..]).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let service = McpService::new(server);
        #[cfg(feature = "console")]
        let console = Site::open(service.clone(), &service.0.server, address)?;
        Ok(Self {
            endpoint: service.0,
            listener,
            address,
            #[cfg(feature = "console")]
            console,
        })
    }

    /// Where to open the [console](crate::Console), if there is one: with the token of this start, so treat it like a
    /// password.
    #[cfg(feature = "console")]
    pub fn console_url(&self) -> Option<String> {
        self.console.as_ref().map(|console| console.url())
    }

    /// The address, with the port that the system chose where it was asked for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process is asked to end, by SIGTERM or ctrl-c; then as [`serve_until`](Self::serve_until).
    ///
    /// # Errors
    ///
    /// When the signals cannot be waited for.
    pub async fn serve(self) -> Result<(), ServeError> {
        let failed = |error| ServeError::io("signals cannot be waited for")(error);
        #[cfg(unix)]
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(failed)?;
        let mut interrupted = Ok(());
        self.serve_until(async {
            #[cfg(unix)]
            tokio::select! {
                _ = terminate.recv() => {}
                result = tokio::signal::ctrl_c() => interrupted = result,
            }
            #[cfg(not(unix))]
            {
                interrupted = tokio::signal::ctrl_c().await;
            }
        })
        .await;
        interrupted.map_err(failed)
    }

    /// Serves until a future is ready. Then it takes no more connections, ends streams of changes, and lets calls end, for
    /// as long as [`limits.drain`](crate::Limits::drain) says; those that do not are cancelled.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()>) {
        #[cfg(feature = "console")]
        let routes = Routes { console: self.console, endpoint: self.endpoint };
        #[cfg(not(feature = "console"))]
        let routes = Routes { endpoint: self.endpoint };
        let Self { listener, address, .. } = self;
        let endpoint = routes.endpoint.clone();
        tracing::info!(target: "mcp", "listening on http://{address}{PATH}");
        #[cfg(feature = "console")]
        if let Some(console) = &routes.console {
            console.announce();
        }
        endpoint.server.start_tasks();
        let limits = endpoint.server.limits().clone();
        let (closing, closed) = watch::channel(false);
        let room = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accept = async {
                let permit = room.clone().acquire_owned().await;
                (listener.accept().await, permit)
            };
            tokio::select! {
                () = &mut shutdown => break,
                (accepted, permit) = accept => match (accepted, permit) {
                    (Ok((stream, peer)), Ok(permit)) => {
                        let routes = routes.clone();
                        connections.spawn(serve(routes, stream, peer, permit, closed.clone()));
                    }
                    // The client is gone already, or there are no more descriptors: neither ends the server.
                    (Err(error), _) => {
                        tracing::debug!(target: "mcp", %error, "connection not accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                    (_, Err(_)) => break,
                },
                // Ended connections are forgotten as they end.
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        tracing::info!(target: "mcp", "shutting down");
        endpoint.server.inner().listeners.end();
        #[cfg(feature = "console")]
        if let Some(console) = &routes.console {
            console.close();
        }
        let _ = closing.send(true);
        let drained = async {
            while connections.join_next().await.is_some() {}
            endpoint.running.idle().await;
        };
        // Tasks need none of the connections: both may take as long.
        let (drained, ()) =
            tokio::join!(tokio::time::timeout(limits.drain, drained), endpoint.server.stop_tasks());
        if drained.is_err() {
            tracing::warn!(target: "mcp", "calls did not end in time: they are cancelled");
            endpoint.sessions.close();
            connections.shutdown().await;
            // What is dropped with its connection is cancelled, and may clean up.
            let _ = tokio::time::timeout(limits.cancel_grace, endpoint.running.idle()).await;
        }
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn serve(
    routes: Routes,
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    mut closed: watch::Receiver<bool>,
) {
    // A small answer must not wait for the acknowledgment of the one before.
    let _ = stream.set_nodelay(true);
    let limits = routes.endpoint.server.limits();
    let timeout = limits.header_timeout.min(DAY);
    let stream =
        Impatient { stream: TokioIo::new(stream), limit: waiting_time(limits), deadline: None };
    let service = service_fn(|request: Request<Incoming>| {
        let routes = routes.clone();
        async move { Ok::<_, Infallible>(routes.answer(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .pipeline_flush(true)
        .serve_connection(stream, service);
    let mut connection = pin!(connection);
    let closing = async { drop(closed.wait_for(|closed| *closed).await) };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(target: "mcp", %error, "connection ended");
    }
    drop(permit);
}

/// What stands behind which path.
#[derive(Clone)]
struct Routes {
    endpoint: Arc<Endpoint>,
    #[cfg(feature = "console")]
    console: Option<Arc<Site>>,
}

impl Routes {
    async fn answer(self, request: Request<Incoming>, peer: SocketAddr) -> Response<ResponseBody> {
        let path = request.uri().path();
        if path == PATH {
            return self.endpoint.answer(request).await;
        }
        #[cfg(feature = "console")]
        if let Some(console) = self.console
            && Site::has(path)
        {
            return console.answer(request, peer).await;
        }
        #[cfg(not(feature = "console"))]
        let _ = peer;
        *refused(StatusCode::NOT_FOUND, "the endpoint is at `/mcp`")
    }
}

/// A connection that breaks when its client stops reading: what it was to read takes room here, and keeps a call.
struct Impatient {
    stream: TokioIo<TcpStream>,
    limit: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    fn watch<T>(
        &mut self,
        cx: &mut TaskContext<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let limit = self.limit;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Impatient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
