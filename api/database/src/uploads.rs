//! Files being received, chunk by chunk, and every object of the media store they may have left.

use idproof_domain::ids::{CaseId, ChallengeId, UploadId};
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::row::Reader;
use crate::{Database, Result, Tx};

coded! {
    /// What a file shows.
    UploadKind {
        DocumentFront = "document_front",
        DocumentBack = "document_back",
        SelfieVideo = "selfie_video",
    }
}
coded! {
    UploadState {
        /// Chunks may come.
        Receiving = "receiving",
        /// Whole, and what the case is judged by.
        Complete = "complete",
        /// Thrown away or replaced; its objects are deleted.
        Discarded = "discarded",
    }
}

/// A file of a case. Times are milliseconds since 1970.
#[derive(Clone, PartialEq)]
pub struct Upload {
    pub id: UploadId,
    pub case: CaseId,
    pub attempt: u32,
    pub kind: UploadKind,
    pub challenge: Option<ChallengeId>,
    pub state: UploadState,
    /// The whole file's size and digest, when the sender told them.
    pub declared_size: Option<i64>,
    pub declared_sha256: Option<String>,
    /// Bytes, once complete.
    pub size: i64,
    /// Of the whole file, once complete and only if the sender told one.
    pub sha256: Option<String>,
    /// What the page reported of camera, microphone and times.
    pub capture: serde_json::Value,
    pub created_at: i64,
    pub completed_at: Option<i64>,
}

/// What the page reports may name a device.
impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A part of a file: an encrypted object of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// From 0.
    pub number: i64,
    /// The object's name in the media store.
    pub object: String,
    pub size: i64,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub stored_at: i64,
}

const ALL: &str = "id, case_id, attempt, kind, challenge_id, state, declared_size, declared_sha256, \
    size, sha256, capture, created_at, completed_at";

fn upload(row: &AnyRow) -> Result<Upload> {
    let r = Reader::new("uploads", "id", row);
    Ok(Upload {
        id: r.parse("id")?,
        case: r.parse("case_id")?,
        attempt: u32::try_from(r.get::<i64>("attempt")?)
            .map_err(|_| r.bad("attempt", "a negative number"))?,
        kind: r.parse("kind")?,
        challenge: r.parse_opt("challenge_id")?,
        state: r.parse("state")?,
        declared_size: r.get("declared_size")?,
        declared_sha256: r.get("declared_sha256")?,
        size: r.get("size")?,
        sha256: r.get("sha256")?,
        capture: r.json("capture")?,
        created_at: r.get("created_at")?,
        completed_at: r.get("completed_at")?,
    })
}

fn chunk(row: &AnyRow) -> Result<Chunk> {
    let r = Reader::new("chunks", "object", row);
    Ok(Chunk {
        number: r.get("number")?,
        object: r.get("object")?,
        size: r.get("size")?,
        sha256: r.get("sha256")?,
        stored_at: r.get("stored_at")?,
    })
}

const STORED: &str =
    "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM chunks WHERE upload_id = $1";

const CHUNK: &str = "number, object, size, sha256, stored_at";

impl Database {
    pub async fn upload(&self, id: &UploadId) -> Result<Option<Upload>> {
        let sql = format!("SELECT {ALL} FROM uploads WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(upload)
            .transpose()
    }

    /// The uploads of an attempt, oldest first.
    pub async fn uploads_of(&self, case: &CaseId, attempt: u32) -> Result<Vec<Upload>> {
        let sql =
            format!("SELECT {ALL} FROM uploads WHERE case_id = $1 AND attempt = $2 ORDER BY id");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .bind(i64::from(attempt))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(upload)
            .collect()
    }

    pub async fn chunk(&self, upload: &UploadId, number: i64) -> Result<Option<Chunk>> {
        let sql = format!("SELECT {CHUNK} FROM chunks WHERE upload_id = $1 AND number = $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(upload.as_str())
            .bind(number)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(chunk)
            .transpose()
    }

    /// Bytes of an upload that are stored.
    pub async fn stored_bytes(&self, upload: &UploadId) -> Result<i64> {
        Ok(sqlx::query_scalar(STORED)
            .bind(upload.as_str())
            .fetch_one(&self.pool)
            .await?)
    }

    /// The chunks of an upload in order: read one after another they are the file.
    pub async fn chunks_of(&self, upload: &UploadId) -> Result<Vec<Chunk>> {
        let sql = format!("SELECT {CHUNK} FROM chunks WHERE upload_id = $1 ORDER BY number");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(upload.as_str())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(chunk)
            .collect()
    }

    /// Notes that an object of this name may exist from now on, as [`Database::begin_soon`] does. To
    /// be called before it is written.
    pub async fn note_object(
        &self,
        name: &str,
        case: &CaseId,
        kind: &str,
        now_ms: i64,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO objects (name, case_id, kind, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(name)
        .bind(case.as_str())
        .bind(kind)
        .bind(now_ms)
        .execute(&self.soon)
        .await?;
        Ok(())
    }

    /// Notes that the store holds it no more.
    pub async fn note_object_deleted(&self, name: &str, now_ms: i64) -> Result<()> {
        sqlx::query("UPDATE objects SET deleted_at = $1 WHERE name = $2 AND deleted_at IS NULL")
            .bind(now_ms)
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Names of objects of a case that may still exist.
    pub async fn objects_of(&self, case: &CaseId) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(
            "SELECT name FROM objects WHERE case_id = $1 AND deleted_at IS NULL ORDER BY name",
        )
        .bind(case.as_str())
        .fetch_all(&self.pool)
        .await?)
    }

    /// Every object a case has ever had, and when it was deleted.
    pub async fn object_receipts(&self, case: &CaseId) -> Result<Vec<(String, Option<i64>)>> {
        sqlx::query("SELECT name, deleted_at FROM objects WHERE case_id = $1 ORDER BY name")
            .bind(case.as_str())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                let r = Reader::new("objects", "name", row);
                Ok((r.get("name")?, r.get("deleted_at")?))
            })
            .collect()
    }

    /// Objects that no chunk names, older than `before_ms`: left by a process that died while
    /// receiving, or of an upload that was discarded. As `(name, case)`.
    pub async fn stray_objects(&self, before_ms: i64, limit: i64) -> Result<Vec<(String, CaseId)>> {
        sqlx::query(
            "SELECT o.name, o.case_id FROM objects o WHERE o.deleted_at IS NULL AND o.kind = 'chunk' AND o.created_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM chunks c JOIN uploads u ON u.id = c.upload_id \
             WHERE c.object = o.name AND u.state <> 'discarded') ORDER BY o.created_at, o.name LIMIT $2",
        )
        .bind(before_ms)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("objects", "name", row);
            Ok((r.get("name")?, r.parse("case_id")?))
        })
        .collect()
    }
}

impl Tx {
    pub async fn insert_upload(&mut self, new: &Upload) -> Result<()> {
        sqlx::query(
            "INSERT INTO uploads (id, case_id, attempt, kind, challenge_id, state, declared_size, declared_sha256, \
             size, capture, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(new.id.as_str())
        .bind(new.case.as_str())
        .bind(i64::from(new.attempt))
        .bind(new.kind.as_str())
        .bind(new.challenge.as_ref().map(ChallengeId::as_str))
        .bind(new.state.as_str())
        .bind(new.declared_size)
        .bind(new.declared_sha256.as_deref())
        .bind(new.size)
        .bind(new.capture.to_string())
        .bind(new.created_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The upload, held against other writers.
    pub async fn upload(&mut self, id: &UploadId) -> Result<Option<Upload>> {
        let sql = format!(
            "SELECT {ALL} FROM uploads WHERE id = $1{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(upload)
            .transpose()
    }

    pub async fn uploads_of(&mut self, case: &CaseId, attempt: u32) -> Result<Vec<Upload>> {
        let sql =
            format!("SELECT {ALL} FROM uploads WHERE case_id = $1 AND attempt = $2 ORDER BY id");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(case.as_str())
            .bind(i64::from(attempt))
            .fetch_all(self.connection())
            .await?
            .iter()
            .map(upload)
            .collect()
    }

    /// Writes what can change: state, size, digest, capture.
    pub async fn save_upload(&mut self, upload: &Upload) -> Result<()> {
        sqlx::query(
            "UPDATE uploads SET state = $1, size = $2, sha256 = $3, capture = $4, completed_at = $5 WHERE id = $6",
        )
        .bind(upload.state.as_str())
        .bind(upload.size)
        .bind(upload.sha256.as_deref())
        .bind(upload.capture.to_string())
        .bind(upload.completed_at)
        .bind(upload.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The chunk of that number, if it is there.
    pub async fn chunk(&mut self, upload: &UploadId, number: i64) -> Result<Option<Chunk>> {
        let sql = format!("SELECT {CHUNK} FROM chunks WHERE upload_id = $1 AND number = $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(upload.as_str())
            .bind(number)
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(chunk)
            .transpose()
    }

    /// Writes the chunk; `false` if one of that number is there already.
    pub async fn insert_chunk(&mut self, upload: &UploadId, chunk: &Chunk) -> Result<bool> {
        let done = sqlx::query(
            "INSERT INTO chunks (upload_id, number, object, size, sha256, stored_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (upload_id, number) DO NOTHING",
        )
        .bind(upload.as_str())
        .bind(chunk.number)
        .bind(&chunk.object)
        .bind(chunk.size)
        .bind(&chunk.sha256)
        .bind(chunk.stored_at)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn stored_bytes(&mut self, upload: &UploadId) -> Result<i64> {
        Ok(sqlx::query_scalar(STORED)
            .bind(upload.as_str())
            .fetch_one(self.connection())
            .await?)
    }

    pub async fn chunks_of(&mut self, upload: &UploadId) -> Result<Vec<Chunk>> {
        let sql = format!("SELECT {CHUNK} FROM chunks WHERE upload_id = $1 ORDER BY number");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(upload.as_str())
            .fetch_all(self.connection())
            .await?
            .iter()
            .map(chunk)
            .collect()
    }

    /// Takes the complete pictures of the document over into the next attempt.
    pub async fn carry_documents(&mut self, case: &CaseId, from: u32, to: u32) -> Result<()> {
        sqlx::query(
            "UPDATE uploads SET attempt = $1 WHERE case_id = $2 AND attempt = $3 AND state = 'complete' \
             AND kind IN ('document_front', 'document_back')",
        )
        .bind(i64::from(to))
        .bind(case.as_str())
        .bind(i64::from(from))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
