use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use idproof_domain::{Digits, Language};

/// Remote identity proofing: checks a document and a selfie video and decides.
#[derive(Parser)]
#[command(name = "idproof", version, arg_required_else_help = true)]
pub struct Cli {
    /// Configuration file (default: idproof.toml in the working directory, if there is one).
    #[arg(long, global = true, env = "IDPROOF_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Check one case and print a decision that can be defended.
    Verify(VerifyArgs),
    /// Fetch, list and check the models.
    Models(ModelsArgs),
    /// Say what is missing on this machine and how to get it.
    Doctor,
    /// Check a policy file, or show the one that ships.
    Policy(PolicyArgs),
}

#[derive(Args)]
pub struct VerifyArgs {
    /// Photograph of the document; give it twice for front and back.
    #[arg(long, required = true, value_name = "FILE", num_args = 1)]
    pub document: Vec<PathBuf>,

    /// The selfie video.
    #[arg(long, value_name = "FILE")]
    pub video: PathBuf,

    /// The digits the applicant was asked to say, such as 372.
    #[arg(long, value_name = "DIGITS")]
    pub digits: Digits,

    /// The language they were said in.
    #[arg(long, value_name = "fr|en")]
    pub language: Language,

    /// What the applicant declared, as JSON.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// The policy to decide by (default: the one that ships).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Where the report goes.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub command: ModelsCommand,
}

#[derive(Subcommand)]
pub enum ModelsCommand {
    /// Fetch models into the store; without names, those that are pulled by default.
    Pull {
        /// Names from `idproof models list`.
        names: Vec<String>,
    },
    /// Every model, its state, and the check it serves.
    List,
    /// Hash every file in the store against the manifest.
    Verify,
}

#[derive(Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    pub command: PolicyCommand,
}

#[derive(Subcommand)]
pub enum PolicyCommand {
    /// Validate a policy file.
    Check { file: PathBuf },
    /// Print the policy that ships, with every threshold's meaning, unit and range.
    Show,
}
