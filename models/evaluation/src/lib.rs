//! How well the models do: error rates with the counts behind them, as JSON for machines and as
//! one HTML page for people. Numbers go in; nothing here knows a model or reads a medium.
//!
//! Names follow ISO/IEC 19795-1 (FMR, FNMR, failure to enrol) and ISO/IEC 30107-3 (APCER, BPCER).

pub mod claim;
mod figure;
mod html;
pub mod labelled;
pub mod operating;
pub mod plot;
mod report;
pub mod statistics;

pub use figure::Figure;
pub use report::{Picture, Report, ReportError, Section, Sound, Table};
