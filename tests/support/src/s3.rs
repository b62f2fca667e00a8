use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// An S3 server with buckets on demand, each of which can be made to misbehave. Ends with this
/// program.
pub struct S3Server {
    /// The server ends when its standard input is closed: also where this is never dropped.
    _child: Child,
    port: u16,
    made: AtomicU32,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// The request is answered with this status, and nothing is done.
    Answer(u16),
    /// It is carried out, and answered 500.
    LoseAnswer,
    /// The connection ends without an answer.
    Break,
    /// No answer comes for a minute.
    Hang,
    /// If-Match and If-None-Match count for nothing.
    ForgetConditions,
    /// The whole object is sent, whatever part was asked for.
    IgnoreRanges,
}

/// Trouble with some of a bucket's requests.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub trouble: Trouble,
    /// Of requests with this method; `""` for all.
    pub method: &'static str,
    /// So many such requests are served well first.
    pub skip: u32,
    /// So many then are not.
    pub times: u32,
}

impl Fault {
    /// Every request from now on.
    pub const fn always(trouble: Trouble) -> Self {
        Self {
            trouble,
            method: "",
            skip: 0,
            times: u32::MAX,
        }
    }

    fn json(&self) -> String {
        let (kind, status) = match self.trouble {
            Trouble::Answer(status) => ("answer", status),
            Trouble::LoseAnswer => ("lose_answer", 500),
            Trouble::Break => ("break", 500),
            Trouble::Hang => ("hang", 500),
            Trouble::ForgetConditions => ("forget_conditions", 500),
            Trouble::IgnoreRanges => ("ignore_ranges", 500),
        };
        format!(
            r#"{{"kind":"{kind}","status":{status},"method":"{}","skip":{},"times":{}}}"#,
            self.method, self.skip, self.times
        )
    }
}

/// Private objects are not shown to strangers; any signature will do.
const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("var/venv-service/bin/python");
    assert!(
        python.exists(),
        "{} is missing: run tests/setup/service.sh",
        python.display()
    );
    python
}

impl S3Server {
    pub fn start() -> Self {
        let mut child = Command::new(python())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/s3.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        Self {
            _child: child,
            port: line.trim().parse().expect("the S3 server did not start"),
            made: AtomicU32::new(0),
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.endpoint())
    }

    fn put(&self, path: &str, body: &[u8]) {
        ureq::put(self.url(path))
            .header(SIGNED.0, SIGNED.1)
            .send(body)
            .unwrap();
    }

    fn get(&self, path: &str) -> ureq::http::Response<ureq::Body> {
        ureq::get(self.url(path))
            .header(SIGNED.0, SIGNED.1)
            .call()
            .unwrap()
    }

    /// The name of a fresh bucket.
    pub fn bucket(&self) -> String {
        let name = format!("bucket-{}", self.made.fetch_add(1, Ordering::SeqCst));
        self.put(&name, b"");
        name
    }

    /// Lets the bucket keep old versions.
    pub fn keep_versions(&self, bucket: &str) {
        let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        self.put(&format!("{bucket}?versioning"), on.as_bytes());
    }

    /// From now on this goes wrong, in the place of what went wrong before.
    pub fn set_fault(&self, bucket: &str, fault: &Fault) {
        self.put(&format!("_fault/{bucket}"), fault.json().as_bytes());
    }

    pub fn mend(&self, bucket: &str) {
        let url = self.url(&format!("_fault/{bucket}"));
        ureq::delete(url).call().unwrap();
    }

    /// Every request made of the bucket, as `METHOD /path?query`.
    pub fn requests(&self, bucket: &str) -> Vec<String> {
        let mut got = self.get(&format!("_requests/{bucket}"));
        let text = got.body_mut().read_to_string().unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// An object as it is stored.
    pub fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        let mut got = self.get(&format!("{bucket}/{key}"));
        let body = got.body_mut().with_config().limit(1 << 30);
        body.read_to_vec().unwrap()
    }

    pub fn put_object(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.put(&format!("{bucket}/{key}"), bytes);
    }

    pub fn remove_object(&self, bucket: &str, key: &str) {
        ureq::delete(self.url(&format!("{bucket}/{key}")))
            .header(SIGNED.0, SIGNED.1)
            .call()
            .unwrap();
    }

    /// Begins an upload in parts that nobody ends.
    pub fn begin_parts(&self, bucket: &str, key: &str) {
        ureq::post(self.url(&format!("{bucket}/{key}?uploads")))
            .header(SIGNED.0, SIGNED.1)
            .send_empty()
            .unwrap();
    }

    /// Names of objects whose upload in parts was begun and not ended.
    pub fn unfinished(&self, bucket: &str) -> Vec<String> {
        self.keys_in(&format!("{bucket}?uploads"))
    }

    /// Names of all objects of a bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.keys_in(&format!("{bucket}?list-type=2"))
    }

    fn keys_in(&self, path: &str) -> Vec<String> {
        let text = self.get(path).body_mut().read_to_string().unwrap();
        let parts = text.split("<Key>").skip(1);
        parts
            .filter_map(|part| Some(part.split_once("</Key>")?.0.to_owned()))
            .collect()
    }
}
