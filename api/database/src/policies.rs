//! Versions of the policy: drafted by one account, approved by another, never changed.

use idproof_domain::ids::{OrganisationId, PolicyId, StaffId};
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::row::Reader;
use crate::{Database, Result, Staff, Tx};

coded! {
    /// What was done with a version.
    PolicyState {
        /// Waits for a second person.
        Drafted = "drafted",
        /// In force from its start on, until a later one starts.
        Approved = "approved",
        /// Never to be in force.
        Withdrawn = "withdrawn",
    }
}

/// A version of the policy. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyVersion {
    pub id: PolicyId,
    /// `version` in the text.
    pub name: String,
    /// Whose cases; `None`: those of every organisation without a policy of its own.
    pub organisation: Option<OrganisationId>,
    /// TOML. `None`: ends the organisation's own policy.
    pub text: Option<String>,
    /// Of the text.
    pub sha256: String,
    pub reason: String,
    /// What the author says the error rates are, as JSON.
    pub claims: serde_json::Value,
    /// The version whose text this one repeats.
    pub rolls_back_to: Option<String>,
    pub author: StaffId,
    pub created_at: i64,
    pub state: PolicyState,
    /// Of an approved one: since when it is, or will be, in force.
    pub starts_at: Option<i64>,
    pub approved_by: Option<StaffId>,
    pub approved_at: Option<i64>,
    pub withdrawn_by: Option<StaffId>,
    pub withdrawn_at: Option<i64>,
    pub withdrawn_reason: Option<String>,
    /// Since when it judges beside the one in force.
    pub shadow_since: Option<i64>,
}

impl PolicyVersion {
    /// Whether it judges without effect. One that was tried so and then came into force no longer does, nor when
    /// another takes its place; it can be tried anew from then on.
    pub fn is_shadow(&self, now_ms: i64) -> bool {
        let started = self
            .starts_at
            .filter(|_| self.state == PolicyState::Approved);
        self.shadow_since
            .is_some_and(|since| tried(since, started.filter(|at| *at <= now_ms)))
    }
}

/// Whether a trial that began at `since` goes on, where the version came into force at `started`.
fn tried(since: i64, started: Option<i64>) -> bool {
    started.is_none_or(|at| since > at)
}

/// A version without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyName {
    pub id: PolicyId,
    pub name: String,
    pub sha256: String,
    pub since: i64,
}

/// By what an organisation's cases are judged at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InForce {
    /// `None`: by the policy of the configuration.
    pub active: Option<PolicyName>,
    /// Beside it, without effect.
    pub shadow: Option<PolicyName>,
}

const ALL: &str = "id, name, organisation, text, sha256, reason, claims, rolls_back_to, author, created_at, state, \
    starts_at, approved_by, approved_at, withdrawn_by, withdrawn_at, withdrawn_reason, shadow_since";

fn version(row: &AnyRow) -> Result<PolicyVersion> {
    let r = Reader::new("policy_versions", "id", row);
    Ok(PolicyVersion {
        id: r.parse("id")?,
        name: r.get("name")?,
        organisation: r.parse_opt("organisation")?,
        text: r.get("text")?,
        sha256: r.get("sha256")?,
        reason: r.get("reason")?,
        claims: r.json("claims")?,
        rolls_back_to: r.get("rolls_back_to")?,
        author: r.parse("author")?,
        created_at: r.get("created_at")?,
        state: r.parse("state")?,
        starts_at: r.get("starts_at")?,
        approved_by: r.parse_opt("approved_by")?,
        approved_at: r.get("approved_at")?,
        withdrawn_by: r.parse_opt("withdrawn_by")?,
        withdrawn_at: r.get("withdrawn_at")?,
        withdrawn_reason: r.get("withdrawn_reason")?,
        shadow_since: r.get("shadow_since")?,
    })
}

impl Database {
    pub async fn policy_version(&self, id: &PolicyId) -> Result<Option<PolicyVersion>> {
        let sql = format!("SELECT {ALL} FROM policy_versions WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(version)
            .transpose()
    }

    /// Every version, newest first.
    pub async fn policy_versions(&self) -> Result<Vec<PolicyVersion>> {
        let sql = format!("SELECT {ALL} FROM policy_versions ORDER BY id DESC");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(version)
            .collect()
    }

    /// Whether a version of this name exists, in whatever state.
    pub async fn policy_name_taken(&self, name: &str) -> Result<bool> {
        let n: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM policy_versions WHERE name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await?;
        Ok(n > 0)
    }

    pub async fn policy_text(&self, id: &PolicyId) -> Result<Option<String>> {
        let text: Option<Option<String>> =
            sqlx::query_scalar("SELECT text FROM policy_versions WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.pool)
                .await?;
        Ok(text.flatten())
    }

    /// A text by the fingerprint that decisions name.
    pub async fn policy_text_by_sha256(&self, sha256: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT text FROM policy_versions WHERE sha256 = $1 AND text IS NOT NULL LIMIT 1",
        )
        .bind(sha256)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// By what the cases of an organisation (`None`: of one without a policy of its own) are judged
    /// at `now_ms`: approved, started, the latest to start; the organisation's own before everybody's.
    pub async fn policies_in_force(
        &self,
        organisation: Option<&OrganisationId>,
        now_ms: i64,
    ) -> Result<InForce> {
        let rows = sqlx::query(
            "SELECT id, name, sha256, starts_at, shadow_since, state, \
             CASE WHEN organisation IS NULL THEN 0 ELSE 1 END AS own, CASE WHEN text IS NULL THEN 1 ELSE 0 END AS ends \
             FROM policy_versions WHERE (state = 'approved' OR shadow_since IS NOT NULL) \
             AND (organisation IS NULL OR organisation = $1) \
             ORDER BY starts_at DESC, approved_at DESC, id DESC",
        )
        .bind(organisation.map_or("", |o| o.as_str()))
        .fetch_all(&self.pool)
        .await?;
        let (mut active, mut shadow) = ([None, None], [None, None]);
        for row in &rows {
            let r = Reader::new("policy_versions", "id", row);
            let own = usize::from(r.flag("own")?);
            let name = |since| -> Result<PolicyName> {
                Ok(PolicyName {
                    id: r.parse("id")?,
                    name: r.get("name")?,
                    sha256: r.get("sha256")?,
                    since,
                })
            };
            let starts_at: Option<i64> = r.get("starts_at")?;
            let approved = r.parse::<PolicyState>("state")? == PolicyState::Approved;
            let started = starts_at.filter(|at| approved && *at <= now_ms);
            if let (Some(since), None) = (started, &active[own]) {
                active[own] = Some((!r.flag("ends")?).then(|| name(since)).transpose()?);
            }
            let since: Option<i64> = r.get("shadow_since")?;
            if let Some(since) = since.filter(|since| tried(*since, started)) {
                shadow[own] = Some(name(since)?);
            }
        }
        let [everybodys, own] = active;
        let [shadow_of_all, own_shadow] = shadow;
        let active = own.flatten().or(everybodys.flatten());
        let shadow = own_shadow.or(shadow_of_all);
        Ok(InForce {
            // In force meanwhile: there is nothing to compare it with.
            shadow: shadow.filter(|s| active.as_ref().is_none_or(|a| a.id != s.id)),
            active,
        })
    }

    /// Whether these are two people: neither is the other, nor did one give out the other's account,
    /// directly or through accounts given out in turn.
    pub async fn are_two_people(&self, one: &Staff, other: &Staff) -> Result<bool> {
        if one.id == other.id {
            return Ok(false);
        }
        Ok(!self.gave_out(one, other).await? && !self.gave_out(other, one).await?)
    }

    /// Whether `giver` gave out the account `of`, or one that gave it out, and so on.
    async fn gave_out(&self, giver: &Staff, of: &Staff) -> Result<bool> {
        let mut seen = vec![of.id.clone()];
        let mut by = of.issued_by.clone();
        loop {
            if by == giver.id.as_str() {
                return Ok(true);
            }
            // The command line, or a ring of accounts that reset each other.
            let Ok(id) = by.parse::<StaffId>() else {
                return Ok(false);
            };
            if seen.contains(&id) {
                return Ok(false);
            }
            let Some(next) = self.staff(&id).await? else {
                return Ok(false);
            };
            seen.push(id);
            by = next.issued_by;
        }
    }
}

impl Tx {
    /// `Exists` where the name is taken.
    pub async fn insert_policy(&mut self, new: &PolicyVersion) -> Result<()> {
        sqlx::query(
            "INSERT INTO policy_versions (id, name, organisation, text, sha256, reason, claims, rolls_back_to, author, \
             created_at, state, starts_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(new.id.as_str())
        .bind(&new.name)
        .bind(new.organisation.as_ref().map(|o| o.as_str()))
        .bind(new.text.as_deref())
        .bind(&new.sha256)
        .bind(&new.reason)
        .bind(new.claims.to_string())
        .bind(new.rolls_back_to.as_deref())
        .bind(new.author.as_str())
        .bind(new.created_at)
        .bind(new.state.as_str())
        .bind(new.starts_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The version, held against other writers.
    pub async fn policy_version(&mut self, id: &PolicyId) -> Result<Option<PolicyVersion>> {
        let sql = format!(
            "SELECT {ALL} FROM policy_versions WHERE id = $1{}",
            self.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(version)
            .transpose()
    }

    /// Approves a drafted version; `false` where it is none any more. It is in force from its
    /// planned start on, and not before now.
    pub async fn approve_policy(
        &mut self,
        id: &PolicyId,
        by: &StaffId,
        now_ms: i64,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE policy_versions SET state = 'approved', approved_by = $1, approved_at = $2, \
             starts_at = CASE WHEN starts_at > $2 THEN starts_at ELSE $2 END WHERE id = $3 AND state = 'drafted'",
        )
        .bind(by.as_str())
        .bind(now_ms)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Withdraws a version that is not in force yet; `false` where it is, was, or is withdrawn.
    pub async fn withdraw_policy(
        &mut self,
        id: &PolicyId,
        by: &StaffId,
        reason: &str,
        now_ms: i64,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE policy_versions SET state = 'withdrawn', withdrawn_by = $1, withdrawn_at = $2, \
             withdrawn_reason = $3, shadow_since = NULL WHERE id = $4 \
             AND (state = 'drafted' OR (state = 'approved' AND starts_at > $2))",
        )
        .bind(by.as_str())
        .bind(now_ms)
        .bind(reason)
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Lets a version judge without effect, in the place of the shadow its scope has, or ends that.
    pub async fn set_shadow(&mut self, version: &PolicyVersion, since: Option<i64>) -> Result<()> {
        sqlx::query(
            "UPDATE policy_versions SET shadow_since = NULL WHERE shadow_since IS NOT NULL \
             AND COALESCE(organisation, '') = $1 AND (id = $2 OR $3 = 1)",
        )
        .bind(version.organisation.as_ref().map_or("", |o| o.as_str()))
        .bind(version.id.as_str())
        .bind(i64::from(since.is_some()))
        .execute(self.connection())
        .await?;
        if since.is_some() {
            sqlx::query("UPDATE policy_versions SET shadow_since = $1 WHERE id = $2")
                .bind(since)
                .bind(version.id.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }
}
