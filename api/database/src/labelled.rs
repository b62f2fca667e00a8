//! Scores with their truth, to hold a policy against.

use idproof_domain::ids::{LabelledId, StaffId};
use sqlx::any::AnyRow;

use crate::row::Reader;
use crate::{Database, Result, Tx};

/// A labelled set without its content.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledSet {
    pub id: LabelledId,
    pub name: String,
    /// Counts and groups, as JSON.
    pub summary: serde_json::Value,
    /// Of the content.
    pub sha256: String,
    pub added_by: StaffId,
    pub added_at: i64,
}

const ALL: &str = "id, name, summary, sha256, added_by, added_at";

fn set(row: &AnyRow) -> Result<LabelledSet> {
    let r = Reader::new("labelled_sets", "id", row);
    Ok(LabelledSet {
        id: r.parse("id")?,
        name: r.get("name")?,
        summary: r.json("summary")?,
        sha256: r.get("sha256")?,
        added_by: r.parse("added_by")?,
        added_at: r.get("added_at")?,
    })
}

impl Database {
    /// Those that were not removed, newest first.
    pub async fn labelled_sets(&self) -> Result<Vec<LabelledSet>> {
        let sql =
            format!("SELECT {ALL} FROM labelled_sets WHERE removed_at IS NULL ORDER BY id DESC");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(set)
            .collect()
    }

    /// The content of one that was not removed.
    pub async fn labelled_content(&self, id: &LabelledId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT content FROM labelled_sets WHERE id = $1 AND removed_at IS NULL",
        )
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?)
    }
}

impl Tx {
    pub async fn insert_labelled(&mut self, new: &LabelledSet, content: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO labelled_sets (id, name, summary, content, sha256, added_by, added_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(new.id.as_str())
        .bind(&new.name)
        .bind(new.summary.to_string())
        .bind(content)
        .bind(&new.sha256)
        .bind(new.added_by.as_str())
        .bind(new.added_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Removes a set; what was claimed on it keeps what was found. `false`: there is none.
    pub async fn remove_labelled(&mut self, id: &LabelledId, now_ms: i64) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE labelled_sets SET removed_at = $1, content = '' WHERE id = $2 AND removed_at IS NULL",
        )
        .bind(now_ms)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
