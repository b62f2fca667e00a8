//! One chunk on its way from the socket into the vault, through a few frames of memory.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use idproof_database::{Chunk, Upload, UploadState};
use idproof_vault::{Expected, ObjectName, VaultError};

use super::{case_key, most_bytes};
use crate::json::too_large;
use crate::problem::{Code, Problem, internal};
use crate::secret::hex;
use crate::service::Service;
use crate::v1::locked;

/// A chunk as its sender announced it.
pub(super) struct Announced {
    pub number: i64,
    pub size: u64,
    pub sha256: [u8; 32],
}

/// Why a body did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("too slow")]
    Slow,
    #[error("cut off")]
    Cut,
}

/// The slowest average at which a body may come, in bytes a second.
const SLOWEST: u64 = 1_024;

/// The body's bytes, as long as they keep coming.
fn paced(body: Body, service: Service) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
    let stall = Duration::from_secs(service.parts.http.stall_timeout_s);
    let started = service.parts.clock.monotonic();
    stream::try_unfold(
        (body.into_data_stream(), 0u64),
        move |(mut data, received)| {
            let clock = service.parts.clock.clone();
            async move {
                let next = tokio::time::timeout(stall, data.next()).await;
                let Some(piece) = next.map_err(|_| Broken::Slow)? else {
                    return Ok(None);
                };
                let piece = piece.map_err(|_| Broken::Cut)?;
                let received = received + piece.len() as u64;
                let took = clock.monotonic().saturating_sub(started);
                if took > stall + Duration::from_secs(received / SLOWEST) {
                    return Err(Broken::Slow);
                }
                Ok(Some((piece, (data, received))))
            }
        },
    )
}

/// Reads a body to its end and forgets it, so that its sender hears the answer.
pub(super) async fn drain(body: Body, service: Service) -> Result<(), Problem> {
    let mut pieces = std::pin::pin!(paced(body, service));
    while let Some(piece) = pieces.next().await {
        piece.map_err(|e| broken(&e))?;
    }
    Ok(())
}

fn broken(e: &Broken) -> Problem {
    match e {
        Broken::Slow => Code::TooSlow.into(),
        Broken::Cut => Code::CutOff.into(),
    }
}

fn not_stored(e: VaultError) -> Problem {
    match e {
        VaultError::Source { source, .. } => match source.downcast_ref::<Broken>() {
            Some(e) => broken(e),
            None => Code::CutOff.into(),
        },
        VaultError::Length { .. } => Code::CutOff.into(),
        VaultError::TooLarge { most } => too_large(most),
        VaultError::Checksum => Code::DigestMismatch.into(),
        other => other.into(),
    }
}

/// An object that may be there, but that no chunk names yet. Dropped, also because the sender hung
/// up, it is removed.
struct Begun {
    service: Service,
    name: Option<ObjectName>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            let service = self.service.clone();
            tokio::spawn(async move { forget(&service, &name).await });
        }
    }
}

/// Stores the chunk's bytes. The object's name is in the database before the object exists.
pub(super) async fn store(
    service: &Service,
    upload: &Upload,
    announced: &Announced,
    body: Body,
) -> Result<Kept, Problem> {
    let key = case_key(service, &upload.case).await?;
    // Two senders of one chunk write two objects; one of them wins.
    let mut lot = [0; 8];
    service.random().fill(&mut lot);
    let rest = format!("{}/{:05}-{}", upload.id, announced.number, hex(&lot));
    let name =
        ObjectName::new(&upload.case, &rest).map_err(|_| internal("an object cannot be named"))?;
    let database = service.database();
    database
        .note_object(name.as_str(), &upload.case, "chunk", service.now())
        .await?;
    let begun = Begun {
        service: service.clone(),
        name: Some(name.clone()),
    };
    let expected = Expected {
        most_bytes: announced.size,
        bytes: Some(announced.size),
        sha256: Some(announced.sha256),
    };
    let plain = paced(body, service.clone());
    let put = service.vault().put_soon(&key, &name, plain, expected).await;
    put.map_err(not_stored)?;
    Ok(Kept { begun, name })
}

/// A stored object that waits for its chunk's row.
pub(super) struct Kept {
    begun: Begun,
    name: ObjectName,
}

/// Notes the stored chunk, only now that the object stands. A power cut may still take either:
/// handing in makes them last. To be run to its end whatever the sender does.
pub(super) async fn keep(
    service: &Service,
    upload: &Upload,
    announced: &Announced,
    mut kept: Kept,
) -> Result<(), Problem> {
    let noted = note(service, upload, announced, &kept.name).await;
    kept.begun.name = None;
    if let Ok(true) = noted {
        service.parts.metrics.uploaded(announced.size);
    } else {
        // Refused, or there already from another object.
        forget(service, &kept.name).await;
    }
    noted.map(|_| ())
}

/// Writes the chunk's row. `false`: the same chunk is there already, from another object.
async fn note(
    service: &Service,
    upload: &Upload,
    announced: &Announced,
    name: &ObjectName,
) -> Result<bool, Problem> {
    let size = i64::try_from(announced.size).map_err(|_| internal("a chunk is too large"))?;
    let chunk = Chunk {
        number: announced.number,
        object: name.to_string(),
        size,
        sha256: hex(&announced.sha256),
        stored_at: service.now(),
    };
    let mut tx = service.database().begin_soon().await?;
    // Handed in or given up while the chunk was on its way: the purge may have passed already.
    let case = locked(&mut tx, &upload.case).await?;
    if !case.state.is_collecting() {
        return Err(Code::InvalidState.into());
    }
    let receiving = tx
        .upload(&upload.id)
        .await?
        .is_some_and(|u| u.state == UploadState::Receiving);
    if let Some(there) = tx.chunk(&upload.id, chunk.number).await? {
        return if there.sha256 == chunk.sha256 {
            Ok(false)
        } else {
            Err(Code::ChunkDiffers.into())
        };
    }
    if !receiving {
        return Err(Code::UploadClosed.into());
    }
    let most = most_bytes(service, upload.kind);
    if tx.stored_bytes(&upload.id).await?.saturating_add(size) > most {
        return Err(too_large(u64::try_from(most).unwrap_or(0)));
    }
    if !tx.insert_chunk(&upload.id, &chunk).await? {
        return Err(Code::ChunkDiffers.into());
    }
    tx.commit().await?;
    Ok(true)
}

/// Removes an object that nobody will ask for. What fails here the worker's sweep finds later.
async fn forget(service: &Service, name: &ObjectName) {
    if let Err(e) = service.vault().delete(name).await {
        tracing::warn!(error = %e, "an object is left for the sweep");
        return;
    }
    let database = service.database();
    if let Err(e) = database
        .note_object_deleted(name.as_str(), service.now())
        .await
    {
        tracing::warn!(error = %e, "a deleted object is left for the sweep");
    }
}
