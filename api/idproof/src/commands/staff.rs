//! Accounts of the people who work in the console.

use std::process::ExitCode;

use idproof_database::notices::rfc3339;
use idproof_database::{NewEvent, Role, Staff};
use idproof_domain::case::Actor;
use idproof_http::{NewStaff, StaffError, create_staff, reset_staff};

use crate::cli::{StaffArgs, StaffCommand};
use crate::commands::UnusableInput;
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::{note, say};

pub fn run(args: &StaffArgs, config: &Config) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        // The first account may come before the first start.
        let insides = Insides::open_embedded(config, Roots::system()).await?;
        match &args.command {
            StaffCommand::Add {
                name,
                display_name,
                role,
                oidc_subject,
            } => {
                let roles = role
                    .iter()
                    .map(|r| role_of(r))
                    .collect::<anyhow::Result<_>>()?;
                let new = NewStaff {
                    name: name.trim().to_lowercase(),
                    display_name: display_name.clone().unwrap_or_else(|| name.clone()),
                    roles,
                    oidc_subject: oidc_subject.clone(),
                    by: None,
                };
                add(&insides, new).await
            }
            StaffCommand::List => list(&insides).await,
            StaffCommand::Reset { name } => reset(&insides, name).await,
            StaffCommand::Disable { name } => disable(&insides, name).await,
        }
    })
}

fn role_of(text: &str) -> anyhow::Result<Role> {
    text.parse().map_err(|()| {
        let known: Vec<&str> = Role::ALL.iter().map(|r| r.as_str()).collect();
        UnusableInput(format!("no role {text:?}; known are {}", known.join(", "))).into()
    })
}

fn unusable(e: StaffError) -> anyhow::Error {
    match e {
        StaffError::Database(e) => e.into(),
        StaffError::Hash => e.into(),
        e => UnusableInput(e.to_string()).into(),
    }
}

async fn add(insides: &Insides, new: NewStaff) -> anyhow::Result<ExitCode> {
    let roots = &insides.roots;
    let made = create_staff(&insides.database, &*roots.clock, &*roots.random, new).await;
    let (staff, password) = made.map_err(unusable)?;
    note(format_args!(
        "{} signs in as {}; the password is shown this once and good for one sign-in:",
        staff.id, staff.name
    ));
    say(password);
    Ok(ExitCode::SUCCESS)
}

async fn list(insides: &Insides) -> anyhow::Result<ExitCode> {
    for staff in insides.database.all_staff().await? {
        let roles: Vec<&str> = staff.roles.iter().map(|r| r.as_str()).collect();
        let state = match (staff.disabled_at, staff.last_sign_in_at) {
            (Some(at), _) => format!("disabled {}", rfc3339(at)),
            (None, Some(at)) => format!("last signed in {}", rfc3339(at)),
            (None, None) => "never signed in".to_owned(),
        };
        say(format_args!(
            "{}  {}  {}  {state}",
            staff.id,
            staff.name,
            roles.join(",")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn named(insides: &Insides, name: &str) -> anyhow::Result<Staff> {
    let name = name.trim().to_lowercase();
    let staff = insides.database.staff_by_name(&name).await?;
    staff.ok_or_else(|| UnusableInput(format!("there is no account {name:?}")).into())
}

async fn reset(insides: &Insides, name: &str) -> anyhow::Result<ExitCode> {
    let staff = named(insides, name).await?;
    let roots = &insides.roots;
    let password = reset_staff(
        &insides.database,
        &*roots.clock,
        &*roots.random,
        &staff.id,
        None,
    )
    .await
    .map_err(unusable)?;
    note(format_args!(
        "the password of {} is shown this once and good for one sign-in:",
        staff.name
    ));
    say(password);
    Ok(ExitCode::SUCCESS)
}

/// Also the last administrator: whoever has this command line can make another.
async fn disable(insides: &Insides, name: &str) -> anyhow::Result<ExitCode> {
    let staff = named(insides, name).await?;
    let now = insides.now();
    let mut tx = insides.database.begin().await?;
    let Some(mut staff) = tx.staff(&staff.id).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    staff.disabled_at = Some(staff.disabled_at.unwrap_or(now));
    tx.save_staff(&staff).await?;
    tx.end_sessions(&staff.id, None, now).await?;
    tx.record(NewEvent {
        case: None,
        at: now,
        kind: "staff_changed".into(),
        actor: Actor::System,
        data: serde_json::json!({ "staff": staff.id, "disabled": true }),
    });
    tx.commit().await?;
    say(format_args!("{} is disabled.", staff.name));
    Ok(ExitCode::SUCCESS)
}
