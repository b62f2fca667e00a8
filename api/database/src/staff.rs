//! Accounts of the people who work in the console.

use idproof_domain::ids::StaffId;
use sqlx::any::AnyRow;

use crate::coded::coded;
use crate::row::Reader;
use crate::{Database, Result, Tx};

coded! {
    /// What an account may do.
    Role {
        /// Judges cases.
        Reviewer = "reviewer",
        /// Judges cases, also those that reviewers hand on; sees how well people judge.
        Senior = "senior",
        /// Sees the queue, who holds what and the boards; sends again what failed. Sees nobody's
        /// personal data.
        Operator = "operator",
        /// Reads the log of events, the evidence of cases and the boards.
        Auditor = "auditor",
        /// Manages accounts and integrators; judges nothing.
        Administrator = "administrator",
    }
}

/// An account. Times are milliseconds since 1970.
#[derive(Clone, PartialEq, Eq)]
pub struct Staff {
    pub id: StaffId,
    /// Typed at sign-in; lower case.
    pub name: String,
    pub display_name: String,
    pub roles: Vec<Role>,
    /// argon2id, PHC string format; `None`: signs in through the organisation's provider alone.
    pub password: Option<String>,
    /// Given by somebody else: to be replaced at the next sign-in.
    pub password_temporary: bool,
    /// Sealed.
    pub totp: Option<String>,
    /// Sealed; waits for its first code.
    pub totp_offered: Option<String>,
    /// The newest time step whose code was taken.
    pub totp_step: i64,
    pub oidc_subject: Option<String>,
    pub wrong_count: i64,
    pub locked_until: Option<i64>,
    pub created_at: i64,
    /// The account that made this one or gave it its last password; `system` for the command line.
    pub issued_by: String,
    pub disabled_at: Option<i64>,
    pub last_sign_in_at: Option<i64>,
}

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staff")
            .field("id", &self.id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

impl Staff {
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Judges cases.
    pub fn judges(&self) -> bool {
        self.has(Role::Reviewer) || self.has(Role::Senior)
    }
}

const ALL: &str = "id, name, display_name, roles, password, password_temporary, totp, totp_offered, \
    totp_step, oidc_subject, wrong_count, locked_until, created_at, issued_by, disabled_at, last_sign_in_at";

fn staff(row: &AnyRow) -> Result<Staff> {
    let r = Reader::new("staff", "id", row);
    let roles = r
        .json::<Vec<String>>("roles")?
        .iter()
        .map(|s| s.parse().map_err(|()| r.bad("roles", "an unknown role")))
        .collect::<Result<_>>()?;
    Ok(Staff {
        id: r.parse("id")?,
        name: r.get("name")?,
        display_name: r.get("display_name")?,
        roles,
        password: r.get("password")?,
        password_temporary: r.flag("password_temporary")?,
        totp: r.get("totp")?,
        totp_offered: r.get("totp_offered")?,
        totp_step: r.get("totp_step")?,
        oidc_subject: r.get("oidc_subject")?,
        wrong_count: r.get("wrong_count")?,
        locked_until: r.get("locked_until")?,
        created_at: r.get("created_at")?,
        issued_by: r.get("issued_by")?,
        disabled_at: r.get("disabled_at")?,
        last_sign_in_at: r.get("last_sign_in_at")?,
    })
}

fn roles_text(roles: &[Role]) -> String {
    let roles: Vec<&str> = roles.iter().map(|r| r.as_str()).collect();
    serde_json::Value::from(roles).to_string()
}

impl Database {
    pub async fn staff(&self, id: &StaffId) -> Result<Option<Staff>> {
        self.staff_by("id", id.as_str()).await
    }

    /// The account of this sign-in name.
    pub async fn staff_by_name(&self, name: &str) -> Result<Option<Staff>> {
        self.staff_by("name", name).await
    }

    /// The account that the organisation's provider knows by this subject.
    pub async fn staff_by_subject(&self, subject: &str) -> Result<Option<Staff>> {
        self.staff_by("oidc_subject", subject).await
    }

    async fn staff_by(&self, column: &str, value: &str) -> Result<Option<Staff>> {
        let sql = format!("SELECT {ALL} FROM staff WHERE {column} = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(value)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(staff)
            .transpose()
    }

    /// Every account, oldest first.
    pub async fn all_staff(&self) -> Result<Vec<Staff>> {
        let sql = format!("SELECT {ALL} FROM staff ORDER BY id");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(staff)
            .collect()
    }

    /// Recovery codes that are left.
    pub async fn recovery_codes_left(&self, of: &StaffId) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "SELECT COUNT(*) FROM staff_codes WHERE staff_id = $1 AND used_at IS NULL",
        )
        .bind(of.as_str())
        .fetch_one(&self.pool)
        .await?)
    }
}

impl Tx {
    /// The account, held against other writers until the end of the transaction.
    pub async fn staff(&mut self, id: &StaffId) -> Result<Option<Staff>> {
        let sql = format!("SELECT {ALL} FROM staff WHERE id = $1{}", self.for_update());
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.connection())
            .await?
            .as_ref()
            .map(staff)
            .transpose()
    }

    /// Every administrator's account that is not disabled, held against other writers: so that
    /// the last one cannot go twice at once.
    pub async fn administrators(&mut self) -> Result<Vec<StaffId>> {
        let sql = format!(
            "SELECT {ALL} FROM staff WHERE disabled_at IS NULL ORDER BY id{}",
            self.for_update()
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(self.connection())
            .await?;
        let all: Vec<Staff> = rows.iter().map(staff).collect::<Result<_>>()?;
        Ok(all
            .into_iter()
            .filter(|s| s.has(Role::Administrator))
            .map(|s| s.id)
            .collect())
    }

    /// Accounts that are disabled.
    pub async fn disabled_staff(&mut self) -> Result<Vec<StaffId>> {
        let rows = sqlx::query("SELECT id FROM staff WHERE disabled_at IS NOT NULL")
            .fetch_all(self.connection())
            .await?;
        rows.iter()
            .map(|row| Reader::new("staff", "id", row).parse("id"))
            .collect()
    }

    /// `Exists` where the name or the subject is taken.
    pub async fn insert_staff(&mut self, new: &Staff) -> Result<()> {
        sqlx::query(
            "INSERT INTO staff (id, name, display_name, roles, password, password_temporary, totp, totp_offered, \
             totp_step, oidc_subject, wrong_count, locked_until, created_at, issued_by, disabled_at, last_sign_in_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(new.id.as_str())
        .bind(&new.name)
        .bind(&new.display_name)
        .bind(roles_text(&new.roles))
        .bind(new.password.as_deref())
        .bind(i64::from(new.password_temporary))
        .bind(new.totp.as_deref())
        .bind(new.totp_offered.as_deref())
        .bind(new.totp_step)
        .bind(new.oidc_subject.as_deref())
        .bind(new.wrong_count)
        .bind(new.locked_until)
        .bind(new.created_at)
        .bind(&new.issued_by)
        .bind(new.disabled_at)
        .bind(new.last_sign_in_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Writes every field that can change; to be read in the same transaction.
    pub async fn save_staff(&mut self, staff: &Staff) -> Result<()> {
        sqlx::query(
            "UPDATE staff SET display_name = $1, roles = $2, password = $3, password_temporary = $4, totp = $5, \
             totp_offered = $6, totp_step = $7, oidc_subject = $8, wrong_count = $9, locked_until = $10, \
             issued_by = $11, disabled_at = $12, last_sign_in_at = $13 WHERE id = $14",
        )
        .bind(&staff.display_name)
        .bind(roles_text(&staff.roles))
        .bind(staff.password.as_deref())
        .bind(i64::from(staff.password_temporary))
        .bind(staff.totp.as_deref())
        .bind(staff.totp_offered.as_deref())
        .bind(staff.totp_step)
        .bind(staff.oidc_subject.as_deref())
        .bind(staff.wrong_count)
        .bind(staff.locked_until)
        .bind(&staff.issued_by)
        .bind(staff.disabled_at)
        .bind(staff.last_sign_in_at)
        .bind(staff.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Puts these recovery codes, as keyed hashes, in the place of all others.
    pub async fn put_recovery_codes(&mut self, of: &StaffId, hashes: &[String]) -> Result<()> {
        sqlx::query("DELETE FROM staff_codes WHERE staff_id = $1")
            .bind(of.as_str())
            .execute(self.connection())
            .await?;
        for hash in hashes {
            sqlx::query("INSERT INTO staff_codes (staff_id, hash) VALUES ($1, $2)")
                .bind(of.as_str())
                .bind(hash)
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Uses up a recovery code; `false`: there is none, or it was used before.
    pub async fn use_recovery_code(
        &mut self,
        of: &StaffId,
        hash: &str,
        now_ms: i64,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE staff_codes SET used_at = $1 WHERE staff_id = $2 AND hash = $3 AND used_at IS NULL",
        )
        .bind(now_ms)
        .bind(of.as_str())
        .bind(hash)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
