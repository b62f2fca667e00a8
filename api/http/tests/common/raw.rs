use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection on which anything can be written.
pub struct Raw(TcpStream);

/// Longest wait for an answer. Only what never comes takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// The head of a request with these headers, `\r\n` included.
pub fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n"
}

/// Sends bytes on a connection of their own and reads until the other end closes it.
pub async fn raw(to: SocketAddr, bytes: &[u8]) -> String {
    let mut raw = Raw::to(to).await;
    raw.write(bytes).await;
    raw.rest().await
}

impl Raw {
    pub async fn to(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// What cannot be written any more because the other end has closed is left unwritten.
    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// The head of the next answer and whatever came with it.
    pub async fn answer(&mut self) -> String {
        let mut bytes = vec![0; 16 << 10];
        let read = tokio::time::timeout(PATIENCE, self.0.read(&mut bytes)).await;
        let n = read.expect("no answer came").unwrap_or(0);
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    }

    /// Everything until the connection is closed.
    pub async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        let _ = read.expect("the connection was left open");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
