//! Figures over many cases, for the console's boards: counts and times, nothing of a person.

mod funnel;
mod load;
mod trouble;
mod verdicts;

pub use funnel::{FunnelEnd, FunnelRow, WAY};
pub use load::{Arrivals, LetterBacklog, TeamHour};
pub use trouble::EndpointCounts;
pub use verdicts::{ModelSeen, PolicySeen, RetakeCount, TimeToDecision};

use idproof_domain::ids::OrganisationId;

/// Which cases count.
#[derive(Debug, Clone, Default)]
pub struct BoardFilter {
    pub organisation: Option<OrganisationId>,
    /// Those of the sandbox, or real ones.
    pub sandbox: bool,
}

impl BoardFilter {
    fn organisation(&self) -> &str {
        self.organisation.as_ref().map_or("", |id| id.as_str())
    }

    fn sandbox(&self) -> i64 {
        i64::from(self.sandbox)
    }
}
