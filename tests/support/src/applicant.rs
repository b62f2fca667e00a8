use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mail_parser::MessageParser;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Where codes that were sent arrive.
pub trait Codes: Send + Sync {
    /// The newest code that was sent to an address or number, if one has come.
    fn code(&self, to: &str) -> Option<String>;
}

/// The local outbox.
pub struct OutboxCodes(pub PathBuf);

impl Codes for OutboxCodes {
    fn code(&self, to: &str) -> Option<String> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(&self.0)
            .ok()?
            .flatten()
            .map(|f| f.path())
            .collect();
        // Message ids sort by age.
        files.sort();
        files.iter().rev().find_map(|file| {
            let raw = std::fs::read(file).ok()?;
            if file.extension()? == "eml" {
                return code_of_mail(&raw, to);
            }
            let sms: Value = serde_json::from_slice(&raw).ok()?;
            (sms["to"] == to).then(|| six_digits(sms["text"].as_str()?))?
        })
    }
}

/// The header of a chunk (RFC 9530).
pub fn content_digest(chunk: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(chunk)))
}

/// The code in the text of a mail, if it went to that address.
pub fn code_of_mail(raw: &[u8], to: &str) -> Option<String> {
    let mail = MessageParser::default().parse(raw)?;
    let fits = mail.to()?.first()?.address()? == to;
    fits.then(|| six_digits(&mail.body_text(0)?))?
}

/// The first six digits of a text that stand together, or as three and three.
pub fn six_digits(text: &str) -> Option<String> {
    let mut run = String::new();
    let mut gap = false;
    for c in text.chars().chain(['.']) {
        match c {
            '0'..='9' => {
                run.push(c);
                gap = false;
            }
            ' ' | '\u{a0}' | '\u{202f}' if run.len() == 3 && !gap => gap = true,
            _ => {
                if run.len() == 6 {
                    return Some(run);
                }
                run.clear();
                gap = false;
            }
        }
    }
    None
}

/// A status and its JSON, where there is some.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

/// An applicant's page, as far as the API sees it. What fails for want of a service is tried again
/// at the next address, for as long as its patience lasts.
pub struct Applicant {
    client: Client,
    urls: Vec<String>,
    patience: Duration,
    pub id: String,
    pub token: String,
}

impl Applicant {
    /// Opens a case for a passport; `key` and `outcome` for the sandbox.
    pub async fn open(
        client: &Client,
        urls: &[String],
        patience: Duration,
        key: Option<&str>,
        outcome: Option<&str>,
    ) -> Self {
        let mut this = Self {
            client: client.clone(),
            urls: urls.to_vec(),
            patience,
            id: String::new(),
            token: key.unwrap_or_default().to_owned(),
        };
        let mut body = json!({ "language": "fr", "document_type": "fr_passport" });
        if let Some(outcome) = outcome {
            body["sandbox_outcome"] = outcome.into();
        }
        let opened = this.must(Method::POST, "/v1/cases", Some(body)).await;
        this.id = opened["case"]["id"].as_str().unwrap().to_owned();
        this.token = opened["token"].as_str().unwrap().to_owned();
        this
    }

    async fn once(
        &self,
        url: &str,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        chunk: Option<&Bytes>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method.clone(), format!("{url}{path}"));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            let header = "content-type";
            request = request
                .header(header, "application/json")
                .body(body.to_string());
        }
        if let Some(chunk) = chunk {
            request = request
                .header("content-digest", content_digest(chunk))
                .header("content-length", chunk.len())
                .body(chunk.clone());
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, body })
    }

    /// One request; repeated where the service is away, overloaded or failing.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        chunk: Option<&Bytes>,
    ) -> Answer {
        let step = Duration::from_millis(100);
        let tries = 1 + self.patience.as_millis() / step.as_millis();
        let mut last = String::new();
        for n in 0..tries {
            let url = &self.urls[usize::try_from(n).unwrap() % self.urls.len()];
            match self.once(url, &method, path, body.as_ref(), chunk).await {
                Ok(answer)
                    if !answer.status.is_server_error()
                        && answer.status != StatusCode::TOO_MANY_REQUESTS =>
                {
                    return answer;
                }
                Ok(answer) => last = format!("{answer:?}"),
                Err(e) => last = format!("{e:?}"),
            }
            tokio::time::sleep(step).await;
        }
        panic!("{method} {path}: {last}");
    }

    /// As [`Self::call`], for what must succeed.
    pub async fn must(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.call(method.clone(), path, body, None).await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        answer.body
    }

    fn path(&self, path: &str) -> String {
        format!("/v1/cases/{}/{path}", self.id)
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.must(Method::POST, &self.path(path), Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.must(Method::GET, &self.path(path), None).await
    }

    pub async fn state(&self) -> String {
        self.get("status").await["state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// An address and a number that no other applicant has.
    pub fn contacts(&self) -> (String, String) {
        let n = Sha256::digest(&self.id)
            .iter()
            .take(6)
            .fold(0u64, |n, b| (n << 8) | u64::from(*b));
        let number = format!("+336{:08}", n % 100_000_000);
        (format!("{}@example.org", self.id), number)
    }

    /// Consents, confirms both contacts with the codes that arrive, and declares an identity.
    pub async fn introduce(&self, codes: &dyn Codes) {
        let service = self.must(Method::GET, "/v1/service", None).await;
        let version = &service["consent_version"];
        let consent = json!({ "version": version, "biometrics": true });
        self.post("consent", consent).await;
        let (address, number) = self.contacts();
        self.confirm("email", "address", &address, codes).await;
        self.confirm("phone", "number", &number, codes).await;
        let identity = json!({
            "document_type": "fr_passport", "birth_name": "Eriksson", "first_names": ["Anna", "Maria"],
            "sex": "F", "birth_date": "1974-08-12", "birth_place": "Zenith", "birth_country": "UTO",
            "nationality": "UTO", "document_number": "L898902C3",
        });
        self.must(Method::PUT, &self.path("identity"), Some(identity))
            .await;
    }

    async fn confirm(&self, channel: &str, field: &str, to: &str, codes: &dyn Codes) {
        let sent = self
            .call(
                Method::POST,
                &self.path(channel),
                Some(json!({ field: to })),
                None,
            )
            .await;
        // Sent by an earlier try whose answer was lost: then there is nothing to send anew.
        let again = sent.body["code"] == "resend_too_soon";
        assert!(sent.status.is_success() || again, "{channel}: {sent:?}");
        for _ in 0..1200 {
            if let Some(code) = codes.code(to) {
                let path = self.path(&format!("{channel}/confirm"));
                let body = json!({ "code": code });
                let answer = self.call(Method::POST, &path, Some(body), None).await;
                let before =
                    answer.body["code"] == "invalid_state" || answer.body["code"] == "code_expired";
                assert!(
                    answer.status.is_success() || before,
                    "{channel}: {answer:?}"
                );
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no code came by {channel}");
    }

    /// Uploads a file in chunks; returns the upload's id once it is complete. `challenge`: as it
    /// was drawn, for a recording.
    pub async fn upload(
        &self,
        kind: &str,
        file: &Bytes,
        chunk: usize,
        challenge: Option<&Value>,
    ) -> String {
        let id = self.begin_upload(kind, file, challenge).await;
        let chunks = self.send_chunks(&id, file, chunk).await;
        self.complete(&id, chunks, Some(file)).await;
        id
    }

    pub async fn begin_upload(
        &self,
        kind: &str,
        file: &Bytes,
        challenge: Option<&Value>,
    ) -> String {
        let mut body = json!({ "kind": kind, "size": file.len() });
        if let Some(challenge) = challenge {
            body["challenge_id"] = challenge["id"].clone();
            body["challenge_token"] = challenge["token"].clone();
        }
        let upload = self.post("uploads", body).await;
        upload["id"].as_str().unwrap().to_owned()
    }

    /// Returns how many there were, each acknowledged.
    pub async fn send_chunks(&self, upload: &str, file: &Bytes, size: usize) -> usize {
        let mut n = 0;
        while n * size < file.len() {
            let part = file.slice(n * size..file.len().min((n + 1) * size));
            let path = format!("/v1/uploads/{upload}/chunks/{n}");
            let answer = self.call(Method::PUT, &path, None, Some(&part)).await;
            assert!(answer.status.is_success(), "chunk {n}: {answer:?}");
            n += 1;
        }
        n
    }

    pub async fn complete(&self, upload: &str, chunks: usize, file: Option<&Bytes>) {
        let mut body = json!({ "chunks": chunks });
        if let Some(file) = file {
            body["sha256"] = format!("{:x}", Sha256::digest(file)).into();
        }
        let path = format!("/v1/uploads/{upload}/complete");
        self.must(Method::POST, &path, Some(body)).await;
    }

    /// A picture of the document, a challenge, the recording that answers it; not handed in yet.
    pub async fn capture(&self, document: &Bytes, video: &Bytes, chunk: usize) {
        self.upload("document_front", document, chunk, None).await;
        let challenge = self.post("challenges", json!({})).await;
        self.upload("selfie_video", video, chunk, Some(&challenge))
            .await;
    }

    pub async fn submit(&self) {
        let path = self.path("submit");
        let answer = self.call(Method::POST, &path, Some(json!({})), None).await;
        // Handed in by an earlier try whose answer was lost.
        let before = answer.body["code"] == "invalid_state";
        assert!(answer.status.is_success() || before, "{answer:?}");
    }

    /// Until the case is in one of these states; which.
    pub async fn wait_for(&self, states: &[&str], limit: Duration) -> String {
        let step = Duration::from_millis(200);
        let mut state = String::new();
        for _ in 0..limit.as_millis() / step.as_millis() {
            state = self.state().await;
            if states.contains(&state.as_str()) {
                return state;
            }
            tokio::time::sleep(step).await;
        }
        panic!("{} is {state}, not one of {states:?}", self.id);
    }

    /// Opens the registered letter and enters its code.
    pub async fn activate(&self) {
        let letter = self.post("letter/accept", json!({})).await;
        let Some(code) = letter["activation_code"].as_str() else {
            // Entered by an earlier try whose answer was lost.
            assert_eq!(self.state().await, "activated");
            return;
        };
        let path = self.path("activation");
        let body = json!({ "code": code });
        let answer = self.call(Method::POST, &path, Some(body), None).await;
        let before = answer.body["code"] == "invalid_state";
        assert!(answer.status.is_success() || before, "{answer:?}");
    }
}
