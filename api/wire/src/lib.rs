//! What leaves the program: the verification report and its JSON Schema.
//!
//! Wire types are kept apart from the domain's and converted explicitly, so that the domain
//! can change without the report changing. Names and meanings here are stable.

mod report;

pub use report::{
    AudioMedia, CheckReport, DecisionReport, DocumentMedia, MediaReport, ModelReport, PolicyReport,
    ReasonReport, Report, ReportParts, StatusReport, VideoMedia,
};

/// The JSON Schema (draft 2020-12) of [`Report`], as committed beside this crate.
pub const REPORT_SCHEMA: &str = include_str!("../report.schema.json");
