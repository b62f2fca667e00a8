//! Sockets: how many, for how long, from where.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::config::HttpConfig;
use crate::layers::address::{Peer, is_trusted};
use crate::limits::Origin;
use crate::linger::Lingering;
use crate::metrics::metrics_router;
use crate::service::Service;

/// Read and written through; what a connection holds of a request or an answer.
const BUFFER: usize = 64 << 10;
/// All headers of a request together. Beyond these an answer has no body; far below them the
/// service refuses in its own words.
const HEADERS_BYTES: usize = 32 << 10;
const HEADERS: usize = 100;
/// How long a peer may leave an answer unread.
const UNREAD: Duration = Duration::from_secs(30);
/// After the system refused a connection, for instance for want of file descriptors.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Serves until `stop` is done, then lets requests under way end for as long as is configured.
pub async fn serve(listener: TcpListener, service: Service, stop: impl Future<Output = ()>) {
    let config = service.parts.http.clone();
    let gauge = service.parts.metrics.connections.clone();
    let server = Server {
        places: Arc::new(Semaphore::new(config.connections)),
        from: Arc::default(),
        router: crate::router(service),
        config,
    };
    let count = move |change: i64| {
        gauge.inc_by(change);
    };
    server.run(listener, stop, count).await;
}

/// Serves `/metrics` on a socket of its own until `stop` is done.
pub async fn serve_metrics(
    listener: TcpListener,
    registry: Arc<Registry>,
    stop: impl Future<Output = ()>,
) {
    let config = HttpConfig {
        connections: 64,
        connections_per_address: 64,
        stop_timeout_s: 2,
        ..HttpConfig::default()
    };
    let server = Server {
        places: Arc::new(Semaphore::new(config.connections)),
        from: Arc::default(),
        router: metrics_router(registry),
        config,
    };
    server.run(listener, stop, |_| {}).await;
}

/// Connections open from each origin.
type From = Arc<Mutex<HashMap<Origin, usize>>>;

struct Server {
    places: Arc<Semaphore>,
    from: From,
    router: Router,
    config: HttpConfig,
}

/// A connection's place among those of its origin; given back when dropped.
struct Place {
    from: From,
    origin: Origin,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut from) = self.from.lock()
            && let Some(count) = from.get_mut(&self.origin)
        {
            *count -= 1;
            if *count == 0 {
                from.remove(&self.origin);
            }
        }
    }
}

impl Server {
    /// A place for a connection, unless its origin has too many.
    fn place(&self, ip: IpAddr) -> Option<Place> {
        let origin = Origin::from(ip);
        let mut from = self.from.lock().ok()?;
        let count = from.entry(origin).or_insert(0);
        let most = self.config.connections_per_address;
        if *count >= most && !is_trusted(ip, &self.config.trusted_proxies) {
            return None;
        }
        *count += 1;
        Some(Place {
            from: Arc::clone(&self.from),
            origin,
        })
    }

    async fn run(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
        count: impl Fn(i64) + Clone + Send + 'static,
    ) {
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = self.accept(&listener) => accepted,
            };
            let Some((stream, peer, permit)) = accepted else {
                tokio::time::sleep(AFTER_REFUSAL).await;
                continue;
            };
            let Some(place) = self.place(peer.ip()) else {
                continue;
            };
            let connection = self.connection(stream, peer.ip(), stopped.clone());
            let count = count.clone();
            connections.spawn(async move {
                count(1);
                connection.await;
                count(-1);
                drop((permit, place));
            });
        }
        drop(listener);
        let _ = stopping.send(true);
        let limit = Duration::from_secs(self.config.stop_timeout_s);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, all).await.is_err() {
            tracing::warn!("connections were cut off: they did not end in time");
        }
    }

    /// The next connection, once there is a place for it.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.places).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, peer)) => Some((stream, peer, permit)),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                None
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: IpAddr,
        mut stopped: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let head = Duration::from_secs(self.config.head_timeout_s);
        let service = self
            .router
            .clone()
            .map_request(move |request: Request<Incoming>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(peer));
                request
            });
        async move {
            let _ = stream.set_nodelay(true);
            let mut stream = TimeoutStream::new(Lingering::new(stream));
            stream.set_write_timeout(Some(UNREAD));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(head)
                .max_buf_size(BUFFER)
                .max_header_size(HEADERS_BYTES)
                .max_headers(HEADERS)
                .serve_connection(
                    TokioIo::new(Box::pin(stream)),
                    TowerToHyperService::new(service),
                );
            let mut served = std::pin::pin!(served);
            tokio::select! {
                // What a peer does to its connection is no concern of the log.
                _ = served.as_mut() => return,
                _ = stopped.wait_for(|stopped| *stopped) => served.as_mut().graceful_shutdown(),
            }
            let _ = served.await;
        }
    }
}
