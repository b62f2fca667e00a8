//! `idproof`: the composition root. The only place that reads the clock, opens files by
//! configuration and decides which adapter stands behind which port.

pub mod chance;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod compose;
pub mod config;
pub mod service;
pub mod telemetry;
pub mod terminal;
