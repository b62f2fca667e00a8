//! Servers that messages go to.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The mail server of the tests of `idproof-delivery`. Ends when dropped.
pub struct MailServer {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub port: u16,
}

impl MailServer {
    pub fn start(behaviour: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut child = Command::new(root.join("var/venv-service/bin/python"))
            .arg(root.join("pipeline/delivery/tests/common/smtp.py"))
            .args(["--behaviour", behaviour])
            .stdout(Stdio::piped())
            .spawn()
            .expect("run tests/setup/service.sh");
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Self { child, lines, port }
    }

    /// The next mail it took, as JSON.
    pub fn taken(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An SMS gateway that answers with these status lines in turn; `slow` answers nothing for long.
pub struct Gateway {
    pub url: String,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    pub async fn start(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        let keys = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&keys);
        tokio::spawn(async move {
            for answer in answers {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(take(stream, answer, Arc::clone(&heard)));
            }
        });
        Self { url, keys }
    }

    /// The idempotency key of every request, in the order they came.
    pub fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }
}

async fn take(mut stream: TcpStream, answer: &str, keys: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !request.ends_with(b"}") {
        let n = stream.read(&mut part).await.unwrap();
        request.extend_from_slice(&part[..n]);
    }
    let request = String::from_utf8(request).unwrap().to_lowercase();
    let key = request
        .lines()
        .find_map(|l| l.strip_prefix("idempotency-key: "));
    keys.lock().unwrap().push(key.unwrap().to_owned());
    if answer == "slow" {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}
