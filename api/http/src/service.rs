//! What every endpoint has at hand.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use idproof_database::notices::id_bytes;
use idproof_database::{Database, DatabaseError, LetterSettings};
use idproof_domain::calendar::Calendar;
use idproof_domain::case::CaseState;
use idproof_domain::endpoint::AddressRules;
use idproof_domain::ids::OrganisationId;
use idproof_domain::letter::LetterContent;
use idproof_domain::{Language, Policy, ReasonCode, ReviewMode};
use idproof_ports::{Clock, Random};
use idproof_vault::{Secrets, Vault};
use tokio::sync::Semaphore;

use crate::config::{CaptureConfig, ConfigError, EnrolmentConfig, HttpConfig, LimitsConfig};
use crate::console::{ConsoleConfig, LabelledScores};
use crate::limits::Limits;
use crate::metrics::Metrics;

/// Sets a letter as a PDF; an error is for the log and names nobody.
pub type LetterPdf = dyn Fn(&LetterContent) -> Result<Vec<u8>, String> + Send + Sync;

/// The messages that a decision leads to, as the applicant will read them.
pub type Preview = dyn Fn(&PreviewOf) -> Result<Previewed, String> + Send + Sync;

/// Of what a preview is made.
#[derive(Clone)]
pub struct PreviewOf {
    pub language: Language,
    /// The case's number.
    pub number: String,
    /// What the applicant is called.
    pub name: Option<String>,
    /// What the organisation is called, and where it helps, where it says so itself.
    pub service: Option<String>,
    pub help: Option<String>,
    pub message: PreviewMessage,
    /// Whether an address is known to send it to.
    pub has_email: bool,
}

/// Which message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewMessage {
    /// Accepted or refused: the mail says only that there is something new.
    Changed {
        reasons: Vec<ReasonCode>,
    },
    Retake {
        reasons: Vec<ReasonCode>,
    },
}

/// A preview. Holds personal data: no `Debug`.
#[derive(Clone, Default)]
pub struct Previewed {
    /// Subject and text of the mail, where one is sent.
    pub mail: Option<(String, String)>,
    /// What the applicant's page shows, a sentence a cause.
    pub page: Vec<String>,
}

/// Reads the newest messages of the local outbox, newest first, so many at most; an error is for
/// the log and names nobody.
pub type OutboxReader = dyn Fn(usize) -> Result<Vec<OutboxMessage>, String> + Send + Sync;

/// A message that a demonstration has sent nowhere. Holds personal data: no `Debug`.
#[derive(Clone)]
pub struct OutboxMessage {
    pub id: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    pub to: String,
    /// An e-mail's subject; `None` for a text message.
    pub subject: Option<String>,
    pub text: String,
}

/// Sets an evidence file as a PDF; an error is for the log and names nobody.
pub type EvidencePdf = dyn Fn(&EvidenceSheet) -> Result<Vec<u8>, String> + Send + Sync;

/// What is printed of an evidence file: headed lists of names and values.
#[derive(Clone)]
pub struct EvidenceSheet {
    pub title: String,
    /// Of the creation: year, month, day.
    pub day: (i16, i8, i8),
    pub id: String,
    pub sections: Vec<(String, Vec<(String, String)>)>,
}

/// What the service is made of. The composition root fills it in.
pub struct Parts {
    pub database: Database,
    pub vault: Vault,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub calendar: Calendar,
    pub letters: LetterSettings,
    /// Name of the provider whose letters are opened on the pages.
    pub electronic_provider: &'static str,
    pub letter_pdf: Arc<LetterPdf>,
    /// Whether the code of a letter that was opened here also goes by SMS.
    pub code_by_sms: bool,
    /// Which addresses webhooks may go to.
    pub address_rules: AddressRules,
    pub http: HttpConfig,
    pub limits: LimitsConfig,
    pub enrolment: EnrolmentConfig,
    pub capture: CaptureConfig,
    pub console: ConsoleConfig,
    /// Which cases people look at.
    pub review_mode: ReviewMode,
    /// What the machine decides by where no version in the database is in force: reviewers see where
    /// its scores lie.
    pub policy: Policy,
    pub policy_text: String,
    /// SHA-256 of its text.
    pub policy_sha256: String,
    /// What measures labelled scores.
    pub labelled: Arc<dyn LabelledScores>,
    pub preview: Arc<Preview>,
    pub evidence_pdf: Arc<EvidencePdf>,
    /// The local outbox, where the console may show it: in demonstrations alone.
    pub outbox: Option<Arc<OutboxReader>>,
    pub metrics: Arc<Metrics>,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("cannot read the face detector for the capture pages: {0}")]
    FaceDetector(std::io::Error),
}

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

pub struct Inner {
    pub(crate) parts: Parts,
    pub(crate) rates: Limits,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) chunks: Arc<Semaphore>,
    /// Passwords being hashed: each takes 19 MiB.
    pub(crate) hashing: Arc<Semaphore>,
    /// To which cases without an integrator belong.
    pub(crate) own: OrganisationId,
    pub(crate) face_detector: Option<Bytes>,
}

impl Deref for Service {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Service {
    /// Validates the settings and asks the database for what is needed from the first request on.
    pub async fn new(parts: Parts) -> Result<Self, StartError> {
        parts.http.validate()?;
        parts.limits.validate()?;
        parts.enrolment.validate()?;
        parts.capture.validate()?;
        parts.console.validate()?;
        parts.console.fits(&parts.http)?;
        let own = parts
            .database
            .own_organisation(parts.clock.now_ms())
            .await?;
        let face_detector = match &parts.http.face_detector {
            Some(path) => Some(
                tokio::fs::read(path)
                    .await
                    .map_err(StartError::FaceDetector)?
                    .into(),
            ),
            None => None,
        };
        Ok(Self(Arc::new(Inner {
            rates: Limits::new(
                &parts.limits,
                parts.console.sign_ins_per_minute,
                &parts.clock,
            ),
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            requests: Arc::new(Semaphore::new(parts.limits.requests_at_once)),
            chunks: Arc::new(Semaphore::new(parts.limits.chunks_at_once)),
            own,
            face_detector,
            parts,
        })))
    }
}

const HOUR_MS: i64 = 3_600_000;
const HASHES_AT_ONCE: usize = 4;

impl Inner {
    pub(crate) fn database(&self) -> &Database {
        &self.parts.database
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        self.parts.vault.secrets()
    }

    pub(crate) fn now(&self) -> i64 {
        self.parts.clock.now_ms()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.parts.random
    }

    pub(crate) fn id_bytes(&self) -> [u8; 10] {
        id_bytes(self.random())
    }

    /// A number below `below`, each as likely as the others.
    pub(crate) fn lot(&self, below: u32) -> u32 {
        self.random().below(below)
    }

    /// When a token ends that is used now in a case of this state.
    pub(crate) fn token_end(&self, state: CaseState, now: i64) -> i64 {
        let hours = if state.is_collecting() {
            self.parts.enrolment.token_idle_hours
        } else {
            self.parts.enrolment.token_case_days.saturating_mul(24)
        };
        now.saturating_add(hours.saturating_mul(HOUR_MS))
    }
}
