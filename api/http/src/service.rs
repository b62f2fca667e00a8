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
use idproof_ports::{Clock, Random};
use idproof_vault::{Secrets, Vault};
use tokio::sync::Semaphore;

use crate::config::{CaptureConfig, ConfigError, EnrolmentConfig, HttpConfig, LimitsConfig};
use crate::limits::Limits;
use crate::metrics::Metrics;

/// Sets a letter as a PDF; an error is for the log and names nobody.
pub type LetterPdf = dyn Fn(&LetterContent) -> Result<Vec<u8>, String> + Send + Sync;

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
            rates: Limits::new(&parts.limits, &parts.clock),
            requests: Arc::new(Semaphore::new(parts.limits.requests_at_once)),
            chunks: Arc::new(Semaphore::new(parts.limits.chunks_at_once)),
            own,
            face_detector,
            parts,
        })))
    }
}

const HOUR_MS: i64 = 3_600_000;

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
        let below = below.max(1);
        // The largest multiple of `below`; what lies beyond it is drawn again.
        let fair = u32::MAX - u32::MAX % below;
        loop {
            let mut bytes = [0; 4];
            self.random().fill(&mut bytes);
            let drawn = u32::from_le_bytes(bytes);
            if drawn < fair {
                return drawn % below;
            }
        }
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
