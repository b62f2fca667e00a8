//! Forgetting: which cases' media are due to be deleted, and what the database lets go with them.

use idproof_domain::case::CaseState;
use idproof_domain::ids::{CaseId, MessageId};
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Case, Database, Result, Tx};

/// A case whose media are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMedia {
    pub case: CaseId,
    pub state: CaseState,
    pub due_at: i64,
    /// Objects that the database knows of and that were not deleted yet.
    pub objects: i64,
}

/// How much is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeBacklog {
    pub cases: i64,
    /// When the oldest of them was due.
    pub oldest_due: Option<i64>,
}

/// A case that nobody has worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleCase {
    pub case: CaseId,
    pub last_activity_at: i64,
}

fn due(row: &AnyRow) -> Result<DueMedia> {
    let r = Reader::new("cases", "id", row);
    Ok(DueMedia {
        case: r.parse("id")?,
        state: r.parse("state")?,
        due_at: r.get("media_due_at")?,
        objects: r.get("n")?,
    })
}

impl Database {
    /// Cases whose media were due by then, the oldest first. `after`: the last one of the page before.
    pub async fn due_media(
        &self,
        now_ms: i64,
        after: Option<&DueMedia>,
        limit: i64,
    ) -> Result<Vec<DueMedia>> {
        let (due_at, id) = after.map_or((i64::MIN, ""), |d| (d.due_at, d.case.as_str()));
        sqlx::query(
            "SELECT id, state, media_due_at, (SELECT COUNT(*) FROM objects o WHERE o.case_id = cases.id \
             AND o.deleted_at IS NULL) AS n FROM cases \
             WHERE media_purged_at IS NULL AND media_due_at IS NOT NULL AND media_due_at <= $1 \
             AND (media_due_at, id) > ($2, $3) ORDER BY media_due_at, id LIMIT $4",
        )
        .bind(now_ms)
        .bind(due_at)
        .bind(id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(due)
        .collect()
    }

    /// Cases that hold media which are not due by then, in the order of their ids; their `due_at`
    /// is `now_ms` where none is set yet.
    pub async fn open_media(
        &self,
        now_ms: i64,
        after: Option<&CaseId>,
        limit: i64,
    ) -> Result<Vec<DueMedia>> {
        sqlx::query(
            "SELECT c.id, c.state, COALESCE(c.media_due_at, $1) AS media_due_at, (SELECT COUNT(*) FROM objects o \
             WHERE o.case_id = c.id AND o.deleted_at IS NULL) AS n FROM case_keys k JOIN cases c ON c.id = k.case_id \
             WHERE k.case_id > $2 AND c.media_purged_at IS NULL AND (c.media_due_at IS NULL OR c.media_due_at > $1) \
             ORDER BY k.case_id LIMIT $3",
        )
        .bind(now_ms)
        .bind(after.map_or("", CaseId::as_str))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(due)
        .collect()
    }

    /// For metrics and `doctor`.
    pub async fn purge_backlog(&self, now_ms: i64) -> Result<PurgeBacklog> {
        let row = sqlx::query(
            "SELECT 'cases' AS id, COUNT(*) AS n, MIN(media_due_at) AS oldest FROM cases \
             WHERE media_purged_at IS NULL AND media_due_at IS NOT NULL AND media_due_at <= $1",
        )
        .bind(now_ms)
        .fetch_one(&self.pool)
        .await?;
        let r = Reader::new("cases", "id", &row);
        Ok(PurgeBacklog {
            cases: r.get("n")?,
            oldest_due: r.get("oldest")?,
        })
    }

    /// Cases that ended after their media had gone, a letter unclaimed for instance, and that still
    /// hold their person.
    pub async fn persons_to_forget(&self, limit: i64) -> Result<Vec<CaseId>> {
        sqlx::query(
            "SELECT id FROM cases WHERE state IN ('withdrawn', 'expired', 'deleted') AND media_purged_at IS NOT NULL \
             AND (email IS NOT NULL OR phone IS NOT NULL OR declared IS NOT NULL) ORDER BY id LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| Reader::new("cases", "id", row).parse("id"))
        .collect()
    }

    /// Unfinished cases in which nothing has happened since `before_ms`.
    pub async fn idle_cases(&self, before_ms: i64, limit: i64) -> Result<Vec<IdleCase>> {
        sqlx::query(
            "SELECT id, last_activity_at FROM cases WHERE state IN ('created', 'contact_confirmed', \
             'identity_declared', 'document_uploaded', 'video_uploaded', 'retake_asked') \
             AND last_activity_at <= $1 ORDER BY last_activity_at, id LIMIT $2",
        )
        .bind(before_ms)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            let r = Reader::new("cases", "id", row);
            Ok(IdleCase {
                case: r.parse("id")?,
                last_activity_at: r.get("last_activity_at")?,
            })
        })
        .collect()
    }
}

impl Tx {
    /// Lets go of what the database holds of a case's media, once the objects are gone and the
    /// key is destroyed: the wrapped key, digests and sizes of chunks, what the page told of
    /// devices, what was asked in the recording.
    pub async fn forget_media(&mut self, case: &mut Case, now_ms: i64) -> Result<()> {
        case.media_purged_at = Some(now_ms);
        self.save_case(case).await?;
        self.drop_case_key(&case.id).await?;
        sqlx::query("UPDATE objects SET deleted_at = $1 WHERE case_id = $2 AND deleted_at IS NULL")
            .bind(now_ms)
            .bind(case.id.as_str())
            .execute(self.connection())
            .await?;
        for sql in [
            "DELETE FROM chunks WHERE upload_id IN (SELECT id FROM uploads WHERE case_id = $1)",
            "UPDATE uploads SET capture = '{}', sha256 = NULL, declared_sha256 = NULL WHERE case_id = $1",
            "DELETE FROM challenges WHERE case_id = $1",
            "DELETE FROM review_pictures WHERE case_id = $1",
            "DELETE FROM picture_marks WHERE case_id = $1",
            "DELETE FROM footage_marks WHERE case_id = $1",
        ] {
            sqlx::query(sql)
                .bind(case.id.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Removes the address from a message that has left, or never will, once the case has
    /// forgotten the person.
    pub async fn forget_recipient(&mut self, id: &MessageId) -> Result<()> {
        sqlx::query(
            "UPDATE messages SET recipient = '' WHERE id = $1 AND channel <> 'webhook' AND case_id IN \
             (SELECT id FROM cases WHERE email IS NULL AND phone IS NULL)",
        )
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
