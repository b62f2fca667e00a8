use std::sync::Arc;

use idproof_database::notices::id_bytes;
use idproof_database::{Case, Channel, Code, LetterSettings, MessageState, StoredLetter, Tx};
use idproof_delivery::LetterProvider;
use idproof_domain::calendar::Calendar;
use idproof_domain::case::{Actor, CaseState, Step};
use idproof_domain::confirm::{CodePurpose, CodeRecord};
use idproof_domain::ids::{CaseId, LetterId};
use idproof_domain::letter::{Letter, LetterContent, LetterState, LetterStep, Proof, ProofKind};
use idproof_vault::Secrets;
use serde_json::json;

use super::Reconciler;
use crate::chance;
use crate::handler::JobError;
use crate::runner::Context;

const PAGE: i64 = 100;
const AVAILABLE: &str = "letter_available";
const REMINDER: &str = "letter_reminder";

/// How letters leave.
pub struct Post {
    /// Carries letters of real cases.
    pub provider: Arc<dyn LetterProvider>,
    /// Carries those of the sandbox, which must reach nobody's letter box.
    pub electronic: Arc<dyn LetterProvider>,
    pub settings: LetterSettings,
    pub calendar: Calendar,
    /// Whether the code of a printed letter also goes by SMS.
    pub code_by_sms: bool,
    /// How long proofs are kept.
    pub keep_proofs_ms: i64,
}

/// Sees that every accepted case gets its letter, that its addressee is told and reminded, and
/// that a letter nobody claims in time is returned.
pub struct Letters {
    context: Context,
    secrets: Secrets,
    post: Post,
}

impl Letters {
    pub fn new(context: Context, secrets: Secrets, post: Post) -> Self {
        Self {
            context,
            secrets,
            post,
        }
    }

    fn provider(&self, case: &Case) -> &Arc<dyn LetterProvider> {
        if case.sandbox {
            &self.post.electronic
        } else {
            &self.post.provider
        }
    }

    /// One accepted case. First the letter is written down, then it is handed over, then the case
    /// moves on: cut short anywhere, the same letter is handed over again, which carries it once.
    async fn dispatch(&self, id: &CaseId) -> Result<bool, JobError> {
        let Some((case, letter)) = self.prepare(id).await? else {
            return Ok(false);
        };
        let content = self.content(&case, &letter)?;
        let provider = Arc::clone(self.provider(&case));
        let today = self.today()?;
        let handed = content.clone();
        tokio::task::spawn_blocking(move || provider.deposit(&handed, today))
            .await
            .map_err(|_| JobError::again("the letter stopped unexpectedly"))?
            .map_err(|e| JobError::again(e.to_string()))?;
        self.sent(id, &letter, &content).await
    }

    /// The case's letter, made if there is none; `None` where none is due.
    async fn prepare(&self, id: &CaseId) -> Result<Option<(Case, StoredLetter)>, JobError> {
        let now = self.context.now();
        let mut tx = self.context.database.begin().await?;
        let due = |case: &Case| case.state == CaseState::Accepted;
        let Some(case) = tx.case(id).await?.filter(due) else {
            return Ok(None);
        };
        let open = tx.letter_of(id).await?.filter(|l| {
            matches!(
                l.letter.state(),
                LetterState::Deposited | LetterState::Notified(_)
            )
        });
        if let Some(letter) = open {
            return Ok(Some((case, letter)));
        }
        let (letter, _) = Letter::deposit(now, &self.post.calendar).map_err(wrong)?;
        let letter = StoredLetter {
            id: LetterId::new(now, id_bytes(&*self.context.random)),
            case: id.clone(),
            provider: self.provider(&case).code().to_owned(),
            nonce: chance::token(&*self.context.random),
            letter,
        };
        tx.insert_letter(&letter).await?;
        let purpose = CodePurpose::Activation;
        let digits = self.secrets.code(purpose, id, &letter.nonce)?;
        tx.put_code(&Code {
            case: id.clone(),
            purpose,
            nonce: letter.nonce.clone(),
            hash: self.secrets.code_hash(purpose, id, &digits)?,
            target: None,
            record: CodeRecord::of_letter(now),
        })
        .await?;
        tx.commit().await?;
        Ok(Some((case, letter)))
    }

    /// Notes that the letter has left.
    async fn sent(
        &self,
        id: &CaseId,
        letter: &StoredLetter,
        content: &LetterContent,
    ) -> Result<bool, JobError> {
        let now = self.context.now();
        let mut tx = self.context.database.begin().await?;
        let due = |case: &Case| case.state == CaseState::Accepted;
        let Some(mut case) = tx.case(id).await?.filter(due) else {
            return Ok(false);
        };
        let proof = Proof {
            kind: ProofKind::Deposit,
            at: letter.letter.deposited_at(),
        };
        self.prove(&mut tx, letter, content, proof).await?;
        let random = &*self.context.random;
        tx.step_and_tell(&mut case, &Step::LetterSent, &Actor::System, now, random)
            .await?;
        if self.provider(&case).is_electronic() {
            self.tell(&mut tx, &case, Channel::Email, AVAILABLE).await?;
        } else if self.post.code_by_sms {
            self.tell(&mut tx, &case, Channel::Sms, "sms_letter_code")
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn tell(
        &self,
        tx: &mut Tx,
        case: &Case,
        channel: Channel,
        template: &str,
    ) -> Result<(), JobError> {
        let to = match channel {
            Channel::Sms => case.phone.clone(),
            _ => case.email.clone(),
        };
        if let Some(to) = to {
            let (now, random) = (self.context.now(), &*self.context.random);
            let data = json!({ "number": case.number });
            tx.post_new(case, channel, template, to, data, now, random)
                .await?;
        }
        Ok(())
    }

    fn content(&self, case: &Case, letter: &StoredLetter) -> Result<LetterContent, JobError> {
        let code = self
            .secrets
            .code(CodePurpose::Activation, &case.id, &letter.nonce)?;
        letter
            .content(case, code, &self.post.settings, &self.post.calendar)
            .map_err(wrong)
    }

    async fn prove(
        &self,
        tx: &mut Tx,
        letter: &StoredLetter,
        content: &LetterContent,
        proof: Proof,
    ) -> Result<(), JobError> {
        let sealed = self
            .secrets
            .seal_statement(content, &letter.letter, proof)
            .map_err(|e| JobError::again(e.to_string()))?;
        tx.insert_proof(&letter.id, proof, &sealed.body, &sealed.seal)
            .await?;
        Ok(())
    }

    fn today(&self) -> Result<jiff::civil::Date, JobError> {
        self.post.calendar.day_of(self.context.now()).map_err(wrong)
    }

    /// What is due of a letter under way, if anything.
    async fn due(&self, letter: &StoredLetter) -> Result<Option<(LetterStep, i64)>, JobError> {
        let now = self.context.now();
        let database = &self.context.database;
        Ok(match letter.letter.state() {
            LetterState::Deposited => {
                let notice = database.last_message(&letter.case, AVAILABLE).await?;
                match notice {
                    Some((MessageState::Sent, Some(at))) => Some((LetterStep::Notify, at)),
                    _ => None,
                }
            }
            LetterState::Notified(_) if now > letter.letter.accept_until() => {
                Some((LetterStep::Lapse, now))
            }
            LetterState::Notified(_) => letter
                .letter
                .reminder_due(&self.post.calendar)
                .map_err(wrong)?
                .filter(|due| *due <= now)
                .map(|_| (LetterStep::Remind, now)),
            _ => None,
        })
    }

    /// Makes the step that is due of a letter under way.
    async fn advance(&self, seen: &StoredLetter) -> Result<bool, JobError> {
        let Some((step, at)) = self.due(seen).await? else {
            return Ok(false);
        };
        let now = self.context.now();
        let mut tx = self.context.database.begin().await?;
        let case = tx.case(&seen.case).await?;
        let letter = tx.letter_of(&seen.case).await?;
        let (Some(mut case), Some(mut letter)) = (case, letter) else {
            return Ok(false);
        };
        // Opened, refused or advanced meanwhile; or not handed over yet.
        if letter != *seen || case.state != CaseState::LetterSent {
            return Ok(false);
        }
        let content = self.content(&case, &letter)?;
        let (next, proof) = letter
            .letter
            .step(step, at, &self.post.calendar)
            .map_err(wrong)?;
        letter.letter = next;
        tx.save_letter(&letter).await?;
        self.prove(&mut tx, &letter, &content, proof).await?;
        match step {
            LetterStep::Remind => {
                self.tell(&mut tx, &case, Channel::Email, REMINDER).await?;
            }
            LetterStep::Lapse => {
                let step = Step::LetterReturned { claimed: false };
                let random = &*self.context.random;
                tx.step_and_tell(&mut case, &step, &Actor::System, now, random)
                    .await?;
            }
            _ => {}
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends cases whose code was not used while it was good.
    async fn lapse(&self) -> Result<u64, JobError> {
        let mut ended = 0;
        loop {
            let now = self.context.now();
            let page = self.context.database.lapsed_codes(now, PAGE).await?;
            if page.is_empty() {
                return Ok(ended);
            }
            for id in page {
                let mut tx = self.context.database.begin().await?;
                let waits =
                    |c: &Case| matches!(c.state, CaseState::LetterSent | CaseState::LetterOpened);
                let Some(mut case) = tx.case(&id).await?.filter(waits) else {
                    continue;
                };
                let random = &*self.context.random;
                tx.step_and_tell(&mut case, &Step::Expired, &Actor::System, now, random)
                    .await?;
                tx.commit().await?;
                ended += 1;
            }
        }
    }
}

fn wrong(e: impl std::fmt::Display) -> JobError {
    JobError::again(e.to_string())
}

impl Reconciler for Letters {
    const NAME: &'static str = "letters";

    /// One case's trouble holds up no other.
    async fn run(&self) -> Result<u64, JobError> {
        let database = &self.context.database;
        let (mut done, mut failed) = (0, 0);
        let mut count = |what: &str, id: &CaseId, result: Result<bool, JobError>| match result {
            Ok(moved) => done += u64::from(moved),
            Err(e) => {
                tracing::error!(case = %id, "{what}: {e}");
                failed += 1;
            }
        };
        let mut after = None;
        loop {
            let page = database.awaiting_letter(after.as_ref(), PAGE).await?;
            for (_, id) in &page {
                count("the letter cannot leave", id, self.dispatch(id).await);
            }
            match page.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let mut after = None;
        loop {
            let page = database.open_letters(after.as_ref(), PAGE).await?;
            for letter in &page {
                let result = self.advance(letter).await;
                count("the letter cannot go on", &letter.case, result);
            }
            match page.into_iter().next_back() {
                Some(last) => after = Some(last.id),
                None => break,
            }
        }
        done += self.lapse().await?;
        let before = self.context.now().saturating_sub(self.post.keep_proofs_ms);
        done += database.forget_proofs(before).await?;
        if failed > 0 {
            return Err(JobError::again(format!("{failed} letters are held up")));
        }
        Ok(done)
    }
}
