//! An S3 server that speaks the calls a purge makes and counts them. A program of its own: its
//! memory is not the purge's.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::ops::Bound;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// By which this program is told to be the server.
pub const ARGUMENT: &str = "serve-s3";
pub const BUCKET: &str = "bucket";

/// The server, from outside.
pub struct Server {
    child: Child,
    pub endpoint: String,
}

impl Server {
    pub fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().expect("own path"))
            .arg(ARGUMENT)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("its port");
        let endpoint = format!("http://127.0.0.1:{}", line.trim());
        Self { child, endpoint }
    }

    /// Puts an object under each name, a line each.
    pub fn fill(&self, names: &str) {
        let url = format!("{}/_fill", self.endpoint);
        ureq::post(url).send(names).expect("filled");
    }

    /// Requests so far by kind, and objects there.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let url = format!("{}/_counts", self.endpoint);
        let mut answer = ureq::get(url).call().expect("counts");
        let text = answer.body_mut().read_to_string().expect("text");
        serde_json::from_str(&text).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Inside {
    /// Under each name lies the same small object, but for those written since.
    names: BTreeSet<String>,
    written: BTreeMap<String, Bytes>,
    counts: BTreeMap<String, u64>,
}

type Shared = Arc<Mutex<Inside>>;

/// Serves until it is killed; prints its port.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let app = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(Shared::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        println!("{}", listener.local_addr().expect("its port").port());
        axum::serve(listener, app).await.expect("it serves");
    });
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: axum::http::HeaderMap,
    body: Bytes,
) -> Response {
    let mut inside = shared.lock().unwrap_or_else(PoisonError::into_inner);
    match uri.path() {
        "/_fill" => {
            let text = String::from_utf8(body.to_vec()).expect("names");
            inside.names.extend(text.lines().map(str::to_owned));
            return StatusCode::OK.into_response();
        }
        "/_counts" => {
            let mut counts = inside.counts.clone();
            counts.insert("objects".to_owned(), inside.names.len() as u64);
            return serde_json::to_string(&counts)
                .expect("JSON")
                .into_response();
        }
        _ => {}
    }
    let start = format!("/{BUCKET}/");
    let key = uri
        .path()
        .strip_prefix(&start)
        .unwrap_or_default()
        .to_owned();
    let kind = match (&method, key.is_empty()) {
        (&Method::GET, true) => "lists",
        (&Method::GET, false) => "reads",
        (&Method::DELETE, _) => "deletes",
        (&Method::POST, _) => "deletes of many",
        _ => "writes",
    };
    *inside.counts.entry(kind.to_owned()).or_default() += 1;
    let is = |name| headers.contains_key(name);
    match kind {
        "lists" => list(&inside, query.get("prefix").map_or("", String::as_str)),
        "reads" => read(&inside, &key, is(header::RANGE)),
        "deletes" => {
            inside.names.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        "deletes of many" => delete_many(&mut inside, &body),
        _ if is(header::IF_NONE_MATCH) && inside.names.contains(&key) || is(header::IF_MATCH) => {
            StatusCode::PRECONDITION_FAILED.into_response()
        }
        _ => {
            inside.names.insert(key.clone());
            inside.written.insert(key, body);
            ([(header::ETAG, "\"1\"")], "").into_response()
        }
    }
}

fn list(inside: &Inside, prefix: &str) -> Response {
    let from = (Bound::Included(prefix.to_owned()), Bound::Unbounded);
    let mut text = format!(
        "<ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>"
    );
    for name in inside
        .names
        .range(from)
        .take_while(|n| n.starts_with(prefix))
    {
        text.push_str(&format!(
            "<Contents><Key>{name}</Key><LastModified>2026-11-28T12:00:00.000Z</LastModified><ETag>1</ETag><Size>1</Size></Contents>"
        ));
    }
    text.push_str("</ListBucketResult>");
    text.into_response()
}

fn read(inside: &Inside, key: &str, range: bool) -> Response {
    if !inside.names.contains(key) {
        let error = "<Error><Code>NoSuchKey</Code></Error>";
        return (StatusCode::NOT_FOUND, error).into_response();
    }
    let bytes = inside.written.get(key).cloned().unwrap_or_default();
    if range {
        let total = bytes.len().max(1);
        let range = format!("bytes 0-0/{total}");
        return (
            StatusCode::PARTIAL_CONTENT,
            [(header::CONTENT_RANGE, range)],
            "x",
        )
            .into_response();
    }
    ([(header::ETAG, "\"1\"")], bytes).into_response()
}

fn delete_many(inside: &mut Inside, body: &[u8]) -> Response {
    let text = std::str::from_utf8(body).expect("XML");
    let mut answer = "<DeleteResult>".to_owned();
    for part in text.split("<Key>").skip(1) {
        let key = part.split_once("</Key>").expect("a key").0;
        inside.names.remove(key);
        answer.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
    }
    answer.push_str("</DeleteResult>");
    answer.into_response()
}
