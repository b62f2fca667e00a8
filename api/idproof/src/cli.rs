use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use idproof_domain::document_kind::DocumentKind;
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
    /// Draw and sign a challenge, for a recording that `verify` will judge.
    Challenge(ChallengeArgs),
    /// Fetch, list and check the models.
    Models(ModelsArgs),
    /// Say what is missing on this machine and how to get it.
    Doctor,
    /// Check a policy file, or show the one that ships.
    Policy(PolicyArgs),
    /// The whole service in one process; prepares SQLite and keys by itself.
    All,
    /// The HTTP side alone: pages and API.
    Serve,
    /// The worker alone: analyses, messages, letters, purge.
    Worker,
    /// Bring the tables up to date; on a first start make keyring and media store.
    Migrate,
    /// Walk the hash chain of events.
    Audit(AuditArgs),
    /// Delete the media that are due, or show which are.
    Purge(PurgeArgs),
    /// Show the queue; put parked jobs back.
    Jobs(JobsArgs),
    /// Keys for integrators.
    Keys(KeysArgs),
    /// Accounts for the console; the first administrator.
    Staff(StaffArgs),
    /// The root key: make one, rotate to it.
    Vault(VaultArgs),
    /// Show messages of the local outbox.
    Outbox(OutboxArgs),
    /// Note the report of an undeliverable mail that comes on standard input.
    Bounce,
    /// The configuration: check it, list every setting.
    Config(ConfigArgs),
    /// Measure the models on labelled data: error rates with counts, as JSON and as a page.
    Eval(EvalArgs),
}

#[derive(Args)]
pub struct EvalArgs {
    #[command(subcommand)]
    pub command: EvalCommand,
}

#[derive(Subcommand)]
pub enum EvalCommand {
    /// Faces: DIR/<identity>/*.jpg, every photograph against every other.
    Faces(EvalFacesArgs),
    /// Liveness: DIR/attack/[<type>/] and DIR/bona-fide/, stills or recordings.
    Liveness(EvalLivenessArgs),
    /// Machine-readable zones and portraits on pictures of documents or of single lines.
    Documents(EvalDocumentsArgs),
    /// Spoken digits: WAV files and truth.tsv (file, tab, digits).
    Speech(EvalSpeechArgs),
    /// Lips and voice: recordings of people who speak; own against other sound.
    Sync(EvalSyncArgs),
}

#[derive(Args)]
pub struct EvalFacesArgs {
    /// A folder with one folder a person.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Also compare each photograph with others as they come back from a document.
    #[arg(long, value_enum)]
    pub degrade: Option<Degrade>,

    /// Fit calibrations on half of the people, append them to this file as a policy holds them,
    /// and measure on the other half.
    #[arg(long, value_name = "FILE")]
    pub fit: Option<PathBuf>,

    /// The policy whose calibrations score (default: the one that ships).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Degrade {
    /// Small, printed, greyish.
    Portrait,
}

#[derive(Args)]
pub struct EvalLivenessArgs {
    /// A folder with attack/ and bona-fide/; folders in attack/ are types of attack.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// The policy whose thresholds decide (default: the one that ships).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

#[derive(Args)]
pub struct EvalSyncArgs {
    /// A folder with recordings, each with its own speech.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Args)]
pub struct EvalSpeechArgs {
    /// A folder with truth.tsv and the WAV files it names.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// The language the digits are said in.
    #[arg(long, value_name = "fr|en")]
    pub language: Language,

    /// The policy whose thresholds judge (default: the one that ships).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
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
    #[arg(long, value_name = "DIGITS", required_unless_present = "challenge")]
    pub digits: Option<Digits>,

    /// The language they were said in.
    #[arg(long, value_name = "fr|en", required_unless_present = "challenge")]
    pub language: Option<Language>,

    /// The whole challenge with its times, as JSON, instead of digits and language.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["digits", "language"])]
    pub challenge: Option<PathBuf>,

    /// The attempt that the signed challenge must have been drawn for.
    #[arg(long, value_name = "NAME", requires = "challenge")]
    pub attempt: Option<String>,

    /// What the applicant declared, as JSON.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,

    /// The kind of document that was announced: fr_card, fr_card_1995, fr_passport, fr_permit.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<DocumentKind>,

    /// The policy to decide by (default: the one that ships).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Where the report goes.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Args)]
pub struct ChallengeArgs {
    /// What the challenge is drawn for; `verify --attempt` must name the same.
    #[arg(long, value_name = "NAME")]
    pub attempt: String,

    /// The language of the digits.
    #[arg(long, value_name = "fr|en")]
    pub language: Language,

    /// How many digits, 3 to 6.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u8).range(3..=6))]
    pub digits: u8,

    /// Ask for a movement of the head.
    #[arg(long)]
    pub head: bool,

    /// Ask for the document to be held up.
    #[arg(long)]
    pub document: bool,

    /// How long it stands.
    #[arg(long, default_value_t = 10, value_name = "MINUTES", value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub minutes: u16,

    /// Where the challenge goes.
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
pub struct EvalDocumentsArgs {
    /// Pictures anywhere below it. `truth.tsv` says what stands there
    /// (file<TAB>line1/line2[/line3]); NAME.gt.txt beside a picture makes it a single line.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Only the tenth of files that the trainings of models/kitchen leave out.
    #[arg(long)]
    pub kept_out: bool,
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
    /// Say what changes between two policies, or from the one that ships.
    Diff {
        /// The policy in force.
        #[arg(value_name = "OLD")]
        first: PathBuf,
        /// The proposed one; without it OLD is compared with the policy that ships.
        #[arg(value_name = "NEW")]
        second: Option<PathBuf>,
    },
    /// Print a policy with the checks that it lacks, as they ship: for a text from before the program knew them.
    Amend {
        file: PathBuf,
        /// The name of the new version (default: as it was).
        #[arg(long = "as", value_name = "NAME")]
        name: Option<String>,
    },
    /// Print the policy that ships, with every threshold's meaning, unit and range.
    Show,
    /// What if: judge stored cases and labelled scores by a proposed policy, beside the one in force.
    Replay(PolicyReplayArgs),
    /// Print the stored scores of cases, a line of JSON each: no biometrics, nothing that was read.
    Scores {
        /// The newest so many.
        #[arg(long, default_value_t = 10_000, value_name = "N")]
        cases: u32,
    },
}

#[derive(Args)]
pub struct PolicyReplayArgs {
    /// The proposed policy.
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,

    /// What it is compared with (default: the policy in force, or with --scores the configured one).
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,

    /// Judge the newest so many cases of the database.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub cases: u32,

    /// Only cases of this organisation.
    #[arg(long, value_name = "ORGANISATION", conflicts_with = "scores")]
    pub organisation: Option<String>,

    /// Judge what `idproof policy scores` printed, instead of the database.
    #[arg(long, value_name = "FILE", conflicts_with = "cases")]
    pub scores: Option<PathBuf>,

    /// Labelled scores that `idproof eval` wrote (scores.json). May be given several times.
    #[arg(long, value_name = "FILE")]
    pub labelled: Vec<PathBuf>,

    /// An error rate that the labelled scores must carry, such as fmr=0.001: fmr, fnmr, apcer or
    /// bpcer. Exit status 1 where they do not. May be given several times.
    #[arg(long, value_name = "RATE=AT_MOST", requires = "labelled", value_parser = claim)]
    pub claim: Vec<(String, f64)>,

    /// One JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

fn claim(text: &str) -> Result<(String, f64), String> {
    let wrong = || "write a rate and its limit, such as fmr=0.001".to_owned();
    let (rate, limit) = text.split_once('=').ok_or_else(wrong)?;
    let limit: f64 = limit.parse().map_err(|_| wrong())?;
    if !["fmr", "fnmr", "apcer", "bpcer"].contains(&rate) {
        return Err("the rate is fmr, fnmr, apcer or bpcer".to_owned());
    }
    if limit > 0.0 && limit < 1.0 {
        Ok((rate.to_owned(), limit))
    } else {
        Err("the limit lies between 0 and 1".to_owned())
    }
}

#[derive(Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Name the first event that was edited, is missing or out of order.
    Verify {
        /// An end of the chain that was kept elsewhere: history before it must be the same.
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<String>,
    },
    /// Print where the chain ends now, to be kept elsewhere.
    Head,
}

#[derive(Args)]
pub struct PurgeArgs {
    /// Show what would go and why; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args)]
pub struct JobsArgs {
    #[command(subcommand)]
    pub command: JobsCommand,
}

#[derive(Subcommand)]
pub enum JobsCommand {
    /// What waits, what is at work, and what was given up and why.
    List,
    /// Put parked jobs back with fresh attempts.
    Unpark {
        /// Their ids.
        #[arg(required_unless_present = "all", value_name = "JOB")]
        ids: Vec<String>,
        /// Every parked job.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

#[derive(Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub command: KeysCommand,
}

#[derive(Subcommand)]
pub enum KeysCommand {
    /// Make a key and print its secret, once.
    Create {
        /// What people call it.
        #[arg(long)]
        name: String,
        /// The organisation's name; made if there is none. Without it: the house's own.
        #[arg(long)]
        organisation: Option<String>,
        /// What it may do; all without it. May be given several times.
        #[arg(long, value_name = "cases:read|cases:write|webhooks:manage")]
        scope: Vec<String>,
        /// For sandbox cases, whose outcome can be chosen.
        #[arg(long)]
        sandbox: bool,
        /// Days after which it ends.
        #[arg(long)]
        days: Option<u16>,
    },
    /// Organisations and their keys, without secrets.
    List,
    /// End a key now.
    Revoke {
        #[arg(value_name = "KEY")]
        id: String,
    },
}

#[derive(Args)]
pub struct StaffArgs {
    #[command(subcommand)]
    pub command: StaffCommand,
}

#[derive(Subcommand)]
pub enum StaffCommand {
    /// Make an account and print its password, good for one sign-in.
    Add {
        /// What is typed at sign-in.
        #[arg(long)]
        name: String,
        /// What colleagues see; without it the sign-in name.
        #[arg(long)]
        display_name: Option<String>,
        /// What it may do. May be given several times.
        #[arg(
            long,
            required = true,
            value_name = "reviewer|senior|operator|auditor|administrator"
        )]
        role: Vec<String>,
        /// What the organisation's provider knows the person by.
        #[arg(long, value_name = "SUBJECT")]
        oidc_subject: Option<String>,
    },
    /// Accounts and what they may do.
    List,
    /// A new password for one sign-in; second factor, recovery codes and sessions go.
    Reset {
        /// The sign-in name.
        name: String,
    },
    /// End an account and its sessions now.
    Disable {
        /// The sign-in name.
        name: String,
    },
}

#[derive(Args)]
pub struct VaultArgs {
    #[command(subcommand)]
    pub command: VaultCommand,
}

#[derive(Subcommand)]
pub enum VaultCommand {
    /// Write a new root key to a file.
    NewRootKey { file: PathBuf },
    /// Seal every entry of the keyring under another root key. Name it in vault.keys.also of every
    /// process first.
    Rotate {
        /// The new root key's file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Args)]
pub struct OutboxArgs {
    /// How many, the newest last.
    #[arg(long, default_value_t = 10)]
    pub last: usize,
}

#[derive(Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration in force.
    Check,
    /// Every setting with its meaning, default and variable, as Markdown.
    Page,
    /// A commented example file.
    Example,
}
