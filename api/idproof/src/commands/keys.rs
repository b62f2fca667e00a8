//! Integrators: their organisations and keys.

use std::process::ExitCode;

use anyhow::bail;
use idproof_database::notices::{id_bytes, rfc3339};
use idproof_database::{NewEvent, Organisation, Scope};
use idproof_domain::case::Actor;
use idproof_domain::ids::{KeyId, OrganisationId};
use idproof_http::{NewKey, create_key};

use crate::cli::{KeysArgs, KeysCommand};
use crate::commands::UnusableInput;
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::{note, say};

const DAY_MS: i64 = 24 * 3_600_000;

pub fn run(args: &KeysArgs, config: &Config) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        let insides = Insides::open(config, Roots::system()).await?;
        match &args.command {
            KeysCommand::Create {
                name,
                organisation,
                scope,
                sandbox,
                days,
            } => {
                let scopes = if scope.is_empty() {
                    Scope::ALL.to_vec()
                } else {
                    scope
                        .iter()
                        .map(|text| scope_of(text))
                        .collect::<anyhow::Result<_>>()?
                };
                let new = NewKey {
                    organisation: organisation_of(&insides, organisation.as_deref()).await?,
                    name: name.clone(),
                    scopes,
                    sandbox: *sandbox,
                    expires_at: days.map(|days| insides.now() + i64::from(days) * DAY_MS),
                };
                create(&insides, new).await
            }
            KeysCommand::List => list(&insides).await,
            KeysCommand::Revoke { id } => revoke(&insides, id).await,
        }
    })
}

async fn create(insides: &Insides, new: NewKey) -> anyhow::Result<ExitCode> {
    let roots = &insides.roots;
    let secrets = insides.vault.secrets();
    let (key, secret) = create_key(
        &insides.database,
        secrets,
        &*roots.clock,
        &*roots.random,
        new,
    )
    .await?;
    note(format_args!(
        "{} of {}; its secret is shown this once:",
        key.id, key.organisation
    ));
    say(secret);
    Ok(ExitCode::SUCCESS)
}

fn scope_of(text: &str) -> anyhow::Result<Scope> {
    text.parse().map_err(|_| {
        let known: Vec<&str> = Scope::ALL.iter().map(|s| s.as_str()).collect();
        UnusableInput(format!("no scope {text:?}; known are {}", known.join(", "))).into()
    })
}

/// The organisation of this name, made if there is none; the house's own without a name.
async fn organisation_of(insides: &Insides, name: Option<&str>) -> anyhow::Result<OrganisationId> {
    let now = insides.now();
    let Some(name) = name else {
        return Ok(insides.database.own_organisation(now).await?);
    };
    if !(1..=80).contains(&name.chars().count()) {
        bail!(UnusableInput(
            "an organisation's name has 1 to 80 characters".into()
        ));
    }
    let known = insides.database.organisations().await?;
    if let Some(there) = known.into_iter().find(|o| o.name == name) {
        return Ok(there.id);
    }
    let new = Organisation {
        id: OrganisationId::new(now, id_bytes(&*insides.roots.random)),
        name: name.to_owned(),
        created_at: now,
    };
    let mut tx = insides.database.begin().await?;
    tx.insert_organisation(&new).await?;
    tx.record(event(
        "organisation_created",
        now,
        "organisation",
        &new.id.to_string(),
    ));
    tx.commit().await?;
    Ok(new.id)
}

async fn list(insides: &Insides) -> anyhow::Result<ExitCode> {
    for organisation in insides.database.organisations().await? {
        say(format_args!("{}  {}", organisation.id, organisation.name));
        for key in insides.database.api_keys(&organisation.id).await? {
            let scopes: Vec<&str> = key.scopes.iter().map(|s| s.as_str()).collect();
            let state = match (key.revoked_at, key.expires_at) {
                (Some(at), _) => format!("revoked {}", rfc3339(at)),
                (None, Some(at)) if at < insides.now() => format!("expired {}", rfc3339(at)),
                (None, Some(at)) => format!("good until {}", rfc3339(at)),
                (None, None) => "good".to_owned(),
            };
            say(format_args!(
                "  {}  {}  {}  {}  {state}",
                key.id,
                if key.sandbox { "sandbox" } else { "live" },
                scopes.join(","),
                key.name
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(insides: &Insides, id: &str) -> anyhow::Result<ExitCode> {
    let id: KeyId = id
        .parse()
        .map_err(|_| UnusableInput(format!("{id:?} is not the id of a key (key_…)")))?;
    let now = insides.now();
    let mut tx = insides.database.begin().await?;
    if !tx.revoke_api_key(&id, now).await? {
        bail!(UnusableInput(format!(
            "{id} does not exist or was revoked before"
        )));
    }
    tx.record(event("key_revoked", now, "key", id.as_str()));
    tx.commit().await?;
    say(format_args!("{id} is revoked."));
    Ok(ExitCode::SUCCESS)
}

fn event(kind: &str, at: i64, what: &str, id: &str) -> NewEvent {
    NewEvent {
        case: None,
        at,
        kind: kind.into(),
        actor: Actor::System,
        data: serde_json::json!({ what: id }),
    }
}
