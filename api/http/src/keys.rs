//! Keys for integrators.

use idproof_database::notices::id_bytes;
use idproof_database::{ApiKey, Database, DatabaseError, NewEvent, Scope, Tx};
use idproof_domain::case::Actor;
use idproof_domain::ids::{KeyId, OrganisationId};
use idproof_ports::{Clock, Random};
use idproof_vault::{Secrets, VaultError};

use crate::auth::{LIVE_PREFIX, TEST_PREFIX};
use crate::secret::{SecretKind, hash, new_secret};

/// What a key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub organisation: OrganisationId,
    /// What people call it.
    pub name: String,
    pub scopes: Vec<Scope>,
    /// For sandbox cases only.
    pub sandbox: bool,
    /// Milliseconds since 1970.
    pub expires_at: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("there is no such organisation")]
    NoOrganisation,
    #[error("a key's name has 1 to 80 characters")]
    Name,
    #[error("a key needs at least one scope")]
    NoScope,
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Makes a key; returns it with its secret, which is stored nowhere: show it once.
pub async fn create_key(
    database: &Database,
    secrets: &Secrets,
    clock: &dyn Clock,
    random: &dyn Random,
    new: NewKey,
) -> Result<(ApiKey, String), KeyError> {
    if database.organisation(&new.organisation).await?.is_none() {
        return Err(KeyError::NoOrganisation);
    }
    let made = prepare(secrets, clock.now_ms(), random, new)?;
    let mut tx = database.begin().await?;
    insert(&mut tx, &made.0, Actor::System).await?;
    tx.commit().await?;
    Ok(made)
}

/// A key that is nowhere yet, with its secret.
pub(crate) fn prepare(
    secrets: &Secrets,
    now: i64,
    random: &dyn Random,
    new: NewKey,
) -> Result<(ApiKey, String), KeyError> {
    if !(1..=80).contains(&new.name.chars().count()) {
        return Err(KeyError::Name);
    }
    if new.scopes.is_empty() {
        return Err(KeyError::NoScope);
    }
    let prefix = if new.sandbox {
        TEST_PREFIX
    } else {
        LIVE_PREFIX
    };
    let secret = new_secret(prefix, random);
    let key = ApiKey {
        id: KeyId::new(now, id_bytes(random)),
        organisation: new.organisation,
        name: new.name,
        secret_hash: hash(secrets, SecretKind::ApiKey, &secret)?,
        scopes: new.scopes,
        sandbox: new.sandbox,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    Ok((key, secret))
}

/// Stores a key and puts on record who made it.
pub(crate) async fn insert(tx: &mut Tx, key: &ApiKey, by: Actor) -> Result<(), DatabaseError> {
    let scopes: Vec<&str> = key.scopes.iter().map(|s| s.as_str()).collect();
    tx.insert_api_key(key).await?;
    tx.record(NewEvent {
        case: None,
        at: key.created_at,
        kind: "key_created".into(),
        actor: by,
        data: serde_json::json!({ "key": key.id, "scopes": scopes, "sandbox": key.sandbox }),
    });
    Ok(())
}
