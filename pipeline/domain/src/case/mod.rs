//! A case and its life: states, what may happen in each, and what it leads to.

mod label;
mod state;
mod step;

pub use label::{TIMELINE, label};
pub use state::{CaseState, UnknownState};
pub use step::{Actor, InvalidStep, Step, StepKind};
