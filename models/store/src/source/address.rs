//! Public https addresses.

use std::io::Read as _;
use std::time::Duration;

use crate::manifest::ModelEntry;
use crate::progress::{Event, Progress};
use crate::store::StoreConfig;

/// A machine without a way out should know soon.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const PIECE: usize = 1 << 18;

/// Downloads `url`, at most as many bytes as `entry` has.
pub fn download(
    config: &StoreConfig,
    url: &str,
    entry: &ModelEntry,
    progress: &mut dyn Progress,
) -> Result<Vec<u8>, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .https_only(true)
        .timeout_resolve(Some(CONNECT_LIMIT))
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_recv_response(Some(CONNECT_LIMIT))
        .timeout_global(Some(config.time_limit))
        .build()
        .into();
    receive(&agent, url, entry, progress)
}

fn receive(
    agent: &ureq::Agent,
    url: &str,
    entry: &ModelEntry,
    progress: &mut dyn Progress,
) -> Result<Vec<u8>, String> {
    let response = agent.get(url).call().map_err(|error| error.to_string())?;
    let total = response.body().content_length();
    let mut reader = response.into_body().into_reader();
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let count = reader
            .read(&mut piece)
            .map_err(|error| format!("broken off after {} bytes: {error}", bytes.len()))?;
        if count == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece[..count]);
        if bytes.len() as u64 > entry.bytes {
            return Err(format!("longer than the {} bytes expected", entry.bytes));
        }
        progress.event(Event::Bytes {
            model: &entry.name,
            done: bytes.len() as u64,
            total,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::manifest::Manifest;

    /// What an entry of ten bytes receives from a server on this machine that sends `answer`.
    fn receive_from(answer: &'static str) -> (Result<Vec<u8>, String>, Vec<u64>) {
        struct Sizes(Vec<u64>);
        impl Progress for Sizes {
            fn event(&mut self, event: Event<'_>) {
                if let Event::Bytes { done, .. } = event {
                    self.0.push(done);
                }
            }
        }
        let text = format!(
            "format = 1\n[[model]]\nname = \"a\"\nversion = \"1\"\ntask = \"speech\"\n\
             kind = \"ggml\"\nfile = \"a\"\nbytes = 10\nsha256 = \"{}\"\nlicence = \"MIT\"\n\
             card = \"https://example.org\"\npull = \"required\"\npreprocessing = \"none\"\n",
            "0".repeat(64)
        );
        let manifest = Manifest::parse(&text).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        // Without a proxy, whatever the environment says.
        let agent = ureq::Agent::config_builder().proxy(None).build().into();
        let mut sizes = Sizes(Vec::new());
        let result = receive(&agent, &url, &manifest.entries()[0], &mut sizes);
        server.join().unwrap();
        (result, sizes.0)
    }

    #[test]
    fn a_whole_answer_is_taken() {
        let (result, sizes) =
            receive_from("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
        assert_eq!(result.unwrap(), b"0123456789");
        assert_eq!(sizes.last(), Some(&10));
    }

    #[test]
    fn an_answer_that_is_too_long_broken_off_or_an_error_is_refused() {
        for (answer, why) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a",
                "longer than the 10",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234",
                "broken off after 5",
            ),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        ] {
            let (result, _) = receive_from(answer);
            let error = result.unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_plain_http_address_is_not_asked() {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig::new(dir.path());
        let manifest = Manifest::embedded().unwrap();
        let entry = &manifest.entries()[0];
        let url = "http://127.0.0.1:1/a";
        let error = download(&config, url, entry, &mut crate::Silent).unwrap_err();
        assert!(error.contains("https"), "{error}");
    }
}
