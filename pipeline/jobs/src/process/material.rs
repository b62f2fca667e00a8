use idproof_database::{Case, Upload, UploadKind, UploadState};
use idproof_domain::attack::Recorder;
use idproof_domain::challenge::Script;
use idproof_domain::declared::DeclaredIdentity;
use idproof_domain::{Digits, ReasonCode};
use idproof_ports::MediaFile;
use idproof_vault::{CaseKey, ObjectName, VaultError, WrappedKey};
use idproof_worker::{CaptureFacts, CaseInput};
use time::{Date, Month};

use super::Process;
use crate::handler::JobError;

/// What an analysis needs. The media lie in memory, readable once more by nobody else.
pub(super) struct Material {
    pub input: CaseInput,
    /// Why a person must judge it whatever the machine finds.
    pub person: Option<ReasonCode>,
}

impl From<VaultError> for JobError {
    fn from(e: VaultError) -> Self {
        if e.is_transient() {
            Self::again(e.to_string())
        } else {
            Self::give_up(e.to_string())
        }
    }
}

impl Process {
    /// The key to the case's media.
    pub(super) async fn media_key(&self, case: &Case) -> Result<CaseKey, JobError> {
        let wrapped = self
            .context
            .database
            .case_key(&case.id)
            .await?
            .map(|text| text.parse::<WrappedKey>().unwrap_or_else(|e| match e {}))
            .ok_or_else(|| JobError::give_up("the case has no media key"))?;
        Ok(self.vault.open_case(&case.id, &wrapped).await?)
    }

    pub(super) async fn material(&self, case: &Case) -> Result<Material, JobError> {
        let database = &self.context.database;
        let key = self.media_key(case).await?;
        let uploads = database.uploads_of(&case.id, case.attempt).await?;
        let video = complete(&uploads, UploadKind::SelfieVideo)
            .ok_or_else(|| JobError::give_up("the recording is missing"))?;
        let front = complete(&uploads, UploadKind::DocumentFront)
            .ok_or_else(|| JobError::give_up("the picture of the document is missing"))?;
        let back = complete(&uploads, UploadKind::DocumentBack);
        let script = self.script(video).await?;
        let mut documents = vec![self.file(&key, front).await?];
        if let Some(back) = back {
            documents.push(self.file(&key, back).await?);
        }
        let person = script.needs_a_person().then_some(ReasonCode::PersonAsked);
        Ok(Material {
            input: CaseInput {
                documents,
                video: self.file(&key, video).await?,
                digits: digits(&script)?,
                language: script.language,
                capture: capture(&video.capture),
                declared: declared(case)?,
                announced: case.document_type.as_deref().and_then(|k| k.parse().ok()),
                today: self.day_of(front.completed_at)?,
                script: Some(script),
            },
            person,
        })
    }

    async fn script(&self, video: &Upload) -> Result<Script, JobError> {
        let missing = || JobError::give_up("the recording answers no challenge");
        let id = video.challenge.as_ref().ok_or_else(missing)?;
        let challenge = self.context.database.challenge(id).await?;
        Ok(challenge.ok_or_else(missing)?.script)
    }

    /// The upload's chunks, decrypted into one file in memory.
    async fn file(&self, key: &CaseKey, upload: &Upload) -> Result<MediaFile, JobError> {
        let chunks = self.context.database.chunks_of(&upload.id).await?;
        let names = chunks
            .iter()
            .map(|chunk| chunk.object.parse::<ObjectName>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| JobError::give_up(e.to_string()))?;
        let most = self.judgement.file_bytes;
        let file = self.vault.to_anonymous_file(key, &names, most).await?;
        Ok(MediaFile::from(file))
    }

    /// The legal day of an instant, by default of now: a document that was valid when it was
    /// handed in does not expire in the queue.
    fn day_of(&self, at: Option<i64>) -> Result<Date, JobError> {
        let wrong = |e: String| JobError::give_up(format!("the clock is wrong: {e}"));
        let day = self
            .judgement
            .calendar
            .day_of(at.unwrap_or_else(|| self.context.now()))
            .map_err(|e| wrong(e.to_string()))?;
        let month = u8::try_from(day.month()).ok();
        let month = month.and_then(|m| Month::try_from(m).ok());
        let of_month = u8::try_from(day.day()).ok();
        let (Some(month), Some(of_month)) = (month, of_month) else {
            return Err(wrong("no such day".into()));
        };
        Date::from_calendar_date(i32::from(day.year()), month, of_month)
            .map_err(|e| wrong(e.to_string()))
    }
}

/// The newest complete upload of a kind.
fn complete(uploads: &[Upload], kind: UploadKind) -> Option<&Upload> {
    let fits = |u: &&Upload| u.kind == kind && u.state == UploadState::Complete;
    uploads.iter().rfind(fits)
}

/// What the capture page reported beside the recording.
fn capture(facts: &serde_json::Value) -> CaptureFacts {
    let camera = facts["camera"]["label"].as_str().map(str::to_owned);
    CaptureFacts {
        // Only the page notes when it showed each step.
        recorder: if facts["shown"].is_array() {
            Recorder::Browser
        } else {
            Recorder::Sent
        },
        camera,
    }
}

fn digits(script: &Script) -> Result<Digits, JobError> {
    script
        .digits()
        .ok_or_else(|| JobError::give_up("the challenge asks for no digits"))
}

fn declared(case: &Case) -> Result<Option<DeclaredIdentity>, JobError> {
    // The message of the parser could repeat what was declared.
    let parse = |text: &String| {
        serde_json::from_str(text)
            .map_err(|_| JobError::give_up("the declared identity cannot be read"))
    };
    case.declared.as_ref().map(parse).transpose()
}
