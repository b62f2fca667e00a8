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
