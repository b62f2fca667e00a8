//! The peer: a handler that streams a body to a file.

use std::path::PathBuf;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::put;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

#[derive(Clone)]
struct Target {
    dir: PathBuf,
    sync: bool,
}

async fn store(
    State(target): State<Target>,
    Path((upload, n)): Path<(String, u32)>,
    body: Body,
) -> StatusCode {
    let path = target.dir.join(format!("{upload}-{n}"));
    let mut file = tokio::fs::File::create(path).await.unwrap();
    let mut body = body.into_data_stream();
    while let Some(bytes) = body.next().await {
        file.write_all(&bytes.unwrap()).await.unwrap();
    }
    file.flush().await.unwrap();
    if target.sync {
        file.sync_all().await.unwrap();
    }
    StatusCode::NO_CONTENT
}

pub async fn serve(port: u16, dir: PathBuf, sync: bool) {
    let router = Router::new()
        .route("/v1/uploads/{upload}/chunks/{n}", put(store))
        .layer(DefaultBodyLimit::disable())
        .with_state(Target { dir, sync });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap();
    axum::serve(listener, router).await.unwrap();
}
