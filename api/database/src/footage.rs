//! Marks of recordings, by which the same footage is known again in another case.

use idproof_domain::ids::CaseId;

use crate::row::Reader;
use crate::{Database, Result, Tx};

/// Marks asked for at a time.
const AT_ONCE: usize = 200;

impl Database {
    /// Which of these keyed marks other cases hold: one pair for each.
    pub async fn footage_of_others(
        &self,
        case: &CaseId,
        marks: &[String],
    ) -> Result<Vec<(CaseId, String)>> {
        let mut found = Vec::new();
        for some in marks.chunks(AT_ONCE) {
            let places: Vec<String> = (2..some.len() + 2).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT case_id, mark FROM footage_marks WHERE case_id <> $1 AND mark IN ({})",
                places.join(", ")
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(case.as_str());
            for mark in some {
                query = query.bind(mark.as_str());
            }
            for row in query.fetch_all(&self.pool).await? {
                let r = Reader::new("footage_marks", "case_id", &row);
                found.push((r.parse("case_id")?, r.get("mark")?));
            }
        }
        Ok(found)
    }
}

impl Tx {
    /// Keeps the marks of a case's recording beside those of its earlier ones.
    pub async fn keep_footage(&mut self, case: &CaseId, marks: &[String]) -> Result<()> {
        for mark in marks {
            sqlx::query(
                "INSERT INTO footage_marks (mark, case_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            )
            .bind(mark.as_str())
            .bind(case.as_str())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }
}
