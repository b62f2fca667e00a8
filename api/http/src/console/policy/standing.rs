//! How the versions stand at one instant.

use std::collections::HashMap;

use idproof_database::{Organisation, PolicyState, PolicyVersion};
use idproof_domain::ids::{OrganisationId, PolicyId};
use idproof_domain::{CheckName, Policy, completed};

use super::CONFIGURED;
use crate::console::queue::names;
use crate::problem::{Code, Problem, internal};
use crate::service::Service;

/// Every version, read once.
pub(super) struct Standing {
    pub now: i64,
    /// Newest first.
    pub versions: Vec<PolicyVersion>,
    pub organisations: Vec<Organisation>,
    /// What accounts are called, by id.
    pub names: HashMap<String, String>,
}

/// A policy and what it is called.
pub(super) struct Named {
    /// The version's, or `configured`.
    pub id: String,
    pub name: String,
    pub policy: Policy,
    /// Checks that its text lacks and that are taken as they ship, so that it can be looked at: cases are not judged
    /// by it.
    pub missing: Vec<CheckName>,
}

impl Standing {
    pub async fn read(service: &Service) -> Result<Self, Problem> {
        let database = service.database();
        Ok(Self {
            now: service.now(),
            versions: database.policy_versions().await?,
            organisations: database.organisations().await?,
            names: names(service).await?,
        })
    }

    pub fn version(&self, id: &str) -> Result<&PolicyVersion, Problem> {
        let id: PolicyId = id.parse().map_err(|_| Problem::from(Code::NotFound))?;
        let found = self.versions.iter().find(|v| v.id == id);
        found.ok_or_else(|| Code::NotFound.into())
    }

    /// The organisation of this id, if one is asked for.
    pub fn organisation(
        &self,
        asked: Option<&str>,
        pointer: &str,
    ) -> Result<Option<OrganisationId>, Problem> {
        let Some(asked) = asked else { return Ok(None) };
        let found = self.organisations.iter().find(|o| o.id.as_str() == asked);
        let unknown = || Problem::field(pointer, "unknown", "an organisation of this service");
        found.map(|o| Some(o.id.clone())).ok_or_else(unknown)
    }

    /// The latest to start among those approved for exactly this scope.
    pub fn latest(&self, scope: Option<&OrganisationId>) -> Option<&PolicyVersion> {
        let started = |v: &&PolicyVersion| {
            v.organisation.as_ref() == scope
                && v.state == PolicyState::Approved
                && v.starts_at.is_some_and(|at| at <= self.now)
        };
        let order = |v: &&PolicyVersion| (v.starts_at, v.approved_at, v.id.clone());
        self.versions.iter().filter(started).max_by_key(order)
    }

    /// What the cases of an organisation are judged by; `None`: the policy of the configuration.
    pub fn in_force(&self, organisation: Option<&OrganisationId>) -> Option<&PolicyVersion> {
        let with_text = |v: &&PolicyVersion| v.text.is_some();
        let own = organisation.and_then(|o| self.latest(Some(o)));
        own.filter(with_text)
            .or_else(|| self.latest(None).filter(with_text))
    }

    pub fn state(&self, version: &PolicyVersion) -> &'static str {
        match version.state {
            PolicyState::Drafted => "drafted",
            PolicyState::Withdrawn => "withdrawn",
            PolicyState::Approved if version.starts_at.is_some_and(|at| at > self.now) => {
                "scheduled"
            }
            PolicyState::Approved => {
                let latest = self.latest(version.organisation.as_ref());
                if latest.is_some_and(|l| l.id == version.id) {
                    "active"
                } else {
                    "superseded"
                }
            }
        }
    }

    /// The policy in force for an organisation, or for everybody.
    pub fn policy_in_force(
        &self,
        service: &Service,
        organisation: Option<&OrganisationId>,
    ) -> Result<Named, Problem> {
        match self.in_force(organisation) {
            None => Ok(configured(service)),
            Some(version) => named(version),
        }
    }

    /// By an id of a path or body; `configured` is one too.
    pub fn policy(&self, service: &Service, id: &str) -> Result<Named, Problem> {
        if id == CONFIGURED {
            return Ok(configured(service));
        }
        named(self.version(id)?)
    }
}

pub(super) fn configured(service: &Service) -> Named {
    let policy = &service.parts.policy;
    Named {
        id: CONFIGURED.to_owned(),
        name: policy.version().to_owned(),
        policy: policy.clone(),
        missing: Vec::new(),
    }
}

/// A version that was stored can be read, unless it was stored by another version of this program.
pub(super) fn named(version: &PolicyVersion) -> Result<Named, Problem> {
    let Some(text) = &version.text else {
        return Err(Problem::from(Code::PolicyState).detail("it has no text: it ends an override"));
    };
    let whole = completed(text).map_err(|e| {
        tracing::error!(policy = %version.id, "a stored policy cannot be read: {e}");
        internal("a stored policy cannot be read")
    })?;
    Ok(Named {
        id: version.id.to_string(),
        name: version.name.clone(),
        policy: whole.policy,
        missing: whole.added,
    })
}
