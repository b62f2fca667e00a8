//! The very same picture of a document in several cases: keyed hashes, compared, never opened.

use idproof_domain::ids::CaseId;

use crate::cases::{self, Case};
use crate::{Database, Result, Tx};

/// The keyed hashes of one photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureMark {
    /// Place among the photographs of the attempt.
    pub picture: i64,
    /// Of the pixels themselves, or of one row of the difference hash.
    pub exact: bool,
    pub mark: String,
}

/// Cases with a photograph that has the same pixels as one of case `$1`, or seven in ten of its
/// rows; of the same organisation, and known to be real or not alike.
const TWINS: &str = "SELECT theirs.case_id AS id FROM picture_marks own \
    JOIN picture_marks theirs ON theirs.mark = own.mark AND theirs.case_id <> own.case_id \
    JOIN cases c ON c.id = own.case_id JOIN cases o ON o.id = theirs.case_id \
    AND o.sandbox = c.sandbox AND o.organisation = c.organisation \
    WHERE own.case_id = $1 \
    GROUP BY own.attempt, own.picture, theirs.case_id, theirs.attempt, theirs.picture \
    HAVING MAX(own.exact) = 1 OR 10 * COUNT(*) >= 7 * (SELECT COUNT(*) FROM picture_marks rows_of \
    WHERE rows_of.case_id = $1 AND rows_of.attempt = own.attempt \
    AND rows_of.picture = own.picture AND rows_of.exact = 0)";

impl Database {
    /// Other cases in which a picture of this one was sent, newest first.
    pub async fn cases_of_same_picture(&self, of: &CaseId, limit: i64) -> Result<Vec<Case>> {
        let sql = format!(
            "SELECT {} FROM cases WHERE id IN ({TWINS}) ORDER BY id DESC LIMIT $2",
            cases::ALL
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(cases::case)
            .collect()
    }
}

impl Tx {
    /// Keeps the marks of an attempt's photographs in place of those it had.
    pub async fn mark_pictures(
        &mut self,
        case: &CaseId,
        attempt: u32,
        marks: &[PictureMark],
    ) -> Result<()> {
        sqlx::query("DELETE FROM picture_marks WHERE case_id = $1 AND attempt = $2")
            .bind(case.as_str())
            .bind(i64::from(attempt))
            .execute(self.connection())
            .await?;
        for mark in marks {
            sqlx::query(
                "INSERT INTO picture_marks (case_id, attempt, picture, exact, mark) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            )
            .bind(case.as_str())
            .bind(i64::from(attempt))
            .bind(mark.picture)
            .bind(i64::from(mark.exact))
            .bind(&mark.mark)
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// In how many other cases a picture of this one was sent.
    pub async fn count_twins(&mut self, of: &CaseId) -> Result<u64> {
        let sql = format!("SELECT COUNT(DISTINCT id) FROM ({TWINS}) AS twins");
        let n: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(of.as_str())
            .fetch_one(self.connection())
            .await?;
        Ok(u64::try_from(n).unwrap_or(0))
    }
}
