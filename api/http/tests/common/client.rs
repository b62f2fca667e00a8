use std::sync::{Arc, Mutex};

use idproof_http::Code;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;

/// Somebody who calls the service.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    base: String,
    bearer: Option<String>,
    problems: Problems,
}

/// Every answer that was no success, as it was said.
pub type Problems = Arc<Mutex<Vec<String>>>;

/// What came back. Every answer was held against what all of them promise.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Caller {
    pub fn new(client: Client, base: String, bearer: Option<String>, problems: Problems) -> Self {
        Self {
            client,
            base,
            bearer,
            problems,
        }
    }

    /// Anything at all.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let method: Method = method.parse().unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .body(body);
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        };
        answer.check();
        if answer.status >= 400 {
            let (status, headers, body) = answer.seen();
            let said = format!("{status} {headers:?} {body}");
            self.problems.lock().unwrap().push(said);
        }
        answer
    }

    pub async fn json(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        self.send(method, path, &headers, body.to_string().into_bytes())
            .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Vec::new()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Vec::new()).await
    }

    /// A POST that says nothing.
    pub async fn act(&self, path: &str) -> Answer {
        self.send("POST", path, &[], Vec::new()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.json("POST", path, &[], &body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.json("PUT", path, &[], &body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.json("PATCH", path, &[], &body).await
    }
}

impl Answer {
    fn check(&self) {
        let said = || String::from_utf8_lossy(&self.body).into_owned();
        let header = |name: &str| self.headers.get(name).map(|v| v.to_str().unwrap());
        let id = header("x-request-id").expect("every answer has an id");
        assert!(id.starts_with("req_") && id.len() == 24, "{id}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert!(self.headers.contains_key("cache-control"));
        assert_ne!(self.status, 500, "{}", said());
        if self.status < 400 {
            return;
        }
        if header("content-type") == Some("application/json") && self.status == 503 {
            return; // not ready
        }
        assert_eq!(
            header("content-type"),
            Some("application/problem+json"),
            "{} {}",
            self.status,
            said()
        );
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        let code = Code::ALL
            .iter()
            .find(|c| body["code"] == c.as_str())
            .unwrap_or_else(|| panic!("{body}"));
        assert_eq!(code.status().as_u16(), self.status, "{body}");
        assert_eq!(body["status"], self.status);
        assert_eq!(body["title"], code.meaning());
        assert_eq!(body["type"], format!("/docs#{}", code.as_str()));
        if self.status == 401 {
            assert_eq!(header("www-authenticate"), Some("Bearer"));
        }
    }

    pub fn value(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body of a success.
    pub fn is(&self, status: u16) -> Value {
        let said = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{said}");
        self.value()
    }

    /// The body of a problem.
    pub fn refused(&self, code: &str) -> Value {
        let body = self.value();
        assert_eq!(body["code"], code, "{} {body}", self.status);
        body
    }

    /// The code of the first thing that is wrong with the request, and where it stands.
    pub fn wrong(&self, pointer: &str, code: &str) {
        let body = self.refused("invalid");
        let found = body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["pointer"] == pointer && e["code"] == code);
        assert!(found, "{body}");
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }

    /// After how many seconds to come again.
    pub fn retry_after(&self) -> u64 {
        self.header("retry-after").unwrap().parse().unwrap()
    }

    /// All that somebody could tell two answers apart by.
    pub fn seen(&self) -> (u16, Vec<(String, String)>, String) {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
            .map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        let body = String::from_utf8(self.body.clone()).unwrap();
        (self.status, headers, body)
    }
}
