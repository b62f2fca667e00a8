//! Registered letters: in time, once, told, reminded, returned; on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::{DAY, HOUR, World, calendar, worlds};
use idproof_database::{
    Case, LetterSettings, MessageState, SandboxOutcome, StoredLetter, StoredProof,
};
use idproof_delivery::{
    DeliveryError, ElectronicLetter, LetterProvider, PrintExport, Reason, Window,
};
use idproof_domain::case::{Actor, CaseState, Step};
use idproof_domain::confirm::CodePurpose;
use idproof_domain::letter::{LetterCode, LetterContent, LetterStep, ProofKind};
use idproof_jobs::{Letters, Post, Reconciler};
use idproof_ports::Clock;
use idproof_vault::SealedStatement;

fn letters(world: &World, provider: Arc<dyn LetterProvider>) -> Letters {
    Letters::new(
        world.context.clone(),
        world.vault.secrets().clone(),
        Post {
            provider,
            electronic: Arc::new(ElectronicLetter),
            settings: LetterSettings::default(),
            calendar: calendar(),
            code_by_sms: false,
            keep_proofs_ms: 400 * DAY,
        },
    )
}

fn electronic(world: &World) -> Letters {
    letters(world, Arc::new(ElectronicLetter))
}

async fn accepted(world: &World, sandbox: Option<SandboxOutcome>) -> Case {
    let case = world.submitted(sandbox).await;
    let steps = [
        Step::ProcessingStarted { attempt: 1 },
        Step::Accepted { by_human: false },
    ];
    world.steps(&case.id, &steps).await
}

async fn letter(world: &World, case: &Case) -> StoredLetter {
    world.database().letter_of(&case.id).await.unwrap().unwrap()
}

async fn count(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .fetch_one(world.database().pool())
        .await
        .unwrap()
}

/// Notes that the newest message of this template left now.
async fn message_left(world: &World, template: &'static str) {
    let now = world.clock.now_ms();
    sqlx::query("UPDATE messages SET state = 'sent', sent_at = $1 WHERE template = $2")
        .bind(now)
        .bind(template)
        .execute(world.database().pool())
        .await
        .unwrap();
}

async fn proofs(world: &World, case: &Case) -> Vec<StoredProof> {
    let letter = letter(world, case).await;
    world.database().proofs_of(&letter.id).await.unwrap()
}

#[tokio::test]
async fn an_accepted_case_gets_one_letter_with_one_code() {
    for world in worlds().await {
        let case = accepted(&world, None).await;
        let letters = electronic(&world);
        assert_eq!(letters.run().await.unwrap(), 1);
        assert_eq!(letters.run().await.unwrap(), 0);
        assert_eq!(world.case(&case.id).await.state, CaseState::LetterSent);
        assert_eq!(
            letter(&world, &case).await.letter.code(),
            LetterCode::Deposited
        );
        let code = world
            .database()
            .code(&case.id, CodePurpose::Activation)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(code.record.expires_at, world.clock.now_ms() + 21 * DAY);
        assert_eq!(count(&world, "SELECT COUNT(*) FROM letters").await, 1);
        let told = "SELECT COUNT(*) FROM messages WHERE template = 'letter_available'";
        assert_eq!(count(&world, told).await, 1);
        let sms = "SELECT COUNT(*) FROM messages WHERE template = 'sms_letter_code'";
        assert_eq!(count(&world, sms).await, 0);
    }
}

#[tokio::test]
async fn two_at_once_send_one_letter_a_case() {
    for world in worlds().await {
        for _ in 0..5 {
            accepted(&world, None).await;
        }
        let (one, two) = (electronic(&world), electronic(&world));
        // The one that came second may find a row taken; its next run finds nothing to do.
        let _ = tokio::join!(one.run(), two.run());
        one.run().await.unwrap();
        assert_eq!(count(&world, "SELECT COUNT(*) FROM letters").await, 5);
        let sent = "SELECT COUNT(*) FROM events WHERE kind = 'letter_sent'";
        assert_eq!(count(&world, sent).await, 5);
    }
}

#[tokio::test]
async fn fifteen_days_run_from_the_notice_and_end_with_the_last_minute() {
    for world in worlds().await {
        let case = accepted(&world, None).await;
        let letters = electronic(&world);
        letters.run().await.unwrap();
        // The mail server was away for two days.
        world.clock.move_ms(2 * DAY);
        assert_eq!(letters.run().await.unwrap(), 0);
        message_left(&world, "letter_available").await;
        assert_eq!(letters.run().await.unwrap(), 1);
        let until = letter(&world, &case).await.letter.accept_until();
        assert_eq!(
            until,
            calendar().accept_until(world.clock.now_ms()).unwrap()
        );

        world.clock.move_ms(7 * DAY - 1);
        assert_eq!(letters.run().await.unwrap(), 0);
        world.clock.move_ms(1);
        assert_eq!(letters.run().await.unwrap(), 1);
        let reminder = "SELECT COUNT(*) FROM messages WHERE template = 'letter_reminder'";
        assert_eq!(count(&world, reminder).await, 1);

        world.clock.set(until);
        assert_eq!(letters.run().await.unwrap(), 0);
        assert_eq!(world.case(&case.id).await.state, CaseState::LetterSent);
        world.clock.set(until + 1);
        assert_eq!(letters.run().await.unwrap(), 1);
        assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
        assert_eq!(
            letter(&world, &case).await.letter.code(),
            LetterCode::Unclaimed
        );

        let proofs = proofs(&world, &case).await;
        let kinds: Vec<ProofKind> = proofs.iter().map(|p| p.kind).collect();
        assert_eq!(
            kinds,
            [
                ProofKind::Deposit,
                ProofKind::Notification,
                ProofKind::Reminder,
                ProofKind::NonClaim
            ]
        );
        for proof in proofs {
            assert!(!proof.body.contains("Eriksson"));
            let sealed = SealedStatement {
                body: proof.body,
                seal: proof.seal,
            };
            assert!(world.vault.secrets().is_sealed(&sealed).unwrap());
        }
    }
}

/// What its addressee does with it on the page.
async fn answer(world: &World, case: &Case, step: LetterStep) {
    let now = world.clock.now_ms();
    let mut tx = world.database().begin().await.unwrap();
    let mut case = tx.case(&case.id).await.unwrap().unwrap();
    let mut letter = tx.letter_of(&case.id).await.unwrap().unwrap();
    (letter.letter, _) = letter.letter.step(step, now, &calendar()).unwrap();
    tx.save_letter(&letter).await.unwrap();
    let moved = match step {
        LetterStep::Refuse => Step::LetterReturned { claimed: true },
        _ => Step::LetterOpened,
    };
    let random = &*world.context.random;
    tx.step_and_tell(&mut case, &moved, &Actor::Applicant, now, random)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// A letter whose addressee was told today.
async fn notified(world: &World) -> Case {
    let case = accepted(world, None).await;
    let letters = electronic(world);
    letters.run().await.unwrap();
    message_left(world, "letter_available").await;
    assert_eq!(letters.run().await.unwrap(), 1);
    case
}

#[tokio::test]
async fn a_refused_letter_is_followed_by_nothing() {
    for world in worlds().await {
        let case = notified(&world).await;
        answer(&world, &case, LetterStep::Refuse).await;
        for days in [0, 7, 9, 6] {
            world.clock.move_ms(days * DAY);
            assert_eq!(electronic(&world).run().await.unwrap(), 0);
        }
        assert_eq!(
            letter(&world, &case).await.letter.code(),
            LetterCode::Refused
        );
        assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
        assert_eq!(count(&world, "SELECT COUNT(*) FROM letters").await, 1);
        let reminder = "SELECT COUNT(*) FROM messages WHERE template = 'letter_reminder'";
        assert_eq!(count(&world, reminder).await, 0);
    }
}

#[tokio::test]
async fn a_letter_claimed_in_the_last_minute_of_the_fifteenth_day_is_not_returned() {
    for world in worlds().await {
        let case = notified(&world).await;
        let until = letter(&world, &case).await.letter.accept_until();
        world.clock.set(until - 59_999);
        electronic(&world).run().await.unwrap();
        answer(&world, &case, LetterStep::Accept).await;
        world.clock.set(until + 1);
        assert_eq!(electronic(&world).run().await.unwrap(), 0);
        assert_eq!(
            letter(&world, &case).await.letter.code(),
            LetterCode::Accepted
        );
        assert_eq!(world.case(&case.id).await.state, CaseState::LetterOpened);
        let code = world
            .database()
            .code(&case.id, CodePurpose::Activation)
            .await
            .unwrap()
            .unwrap();
        assert!(
            code.record.open(until + 1).is_ok(),
            "the code is good for longer"
        );
    }
}

#[tokio::test]
async fn a_notice_that_never_leaves_starts_no_time() {
    for world in worlds().await {
        let case = accepted(&world, None).await;
        let letters = electronic(&world);
        letters.run().await.unwrap();
        sqlx::query("UPDATE messages SET state = 'failed' WHERE template = 'letter_available'")
            .execute(world.database().pool())
            .await
            .unwrap();
        world.clock.move_ms(20 * DAY);
        assert_eq!(letters.run().await.unwrap(), 0);
        assert_eq!(world.case(&case.id).await.state, CaseState::LetterSent);
    }
}

#[tokio::test]
async fn a_code_unused_for_21_days_ends_the_case() {
    for world in worlds().await {
        let case = accepted(&world, None).await;
        let letters = electronic(&world);
        letters.run().await.unwrap();
        world.steps(&case.id, &[Step::LetterOpened]).await;
        world.clock.move_ms(21 * DAY);
        assert_eq!(letters.run().await.unwrap(), 0, "it is still good");
        world.clock.move_ms(1);
        assert_eq!(letters.run().await.unwrap(), 1);
        assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
    }
}

#[tokio::test]
async fn a_clock_set_back_sends_nothing_twice() {
    for world in worlds().await {
        accepted(&world, None).await;
        let letters = electronic(&world);
        letters.run().await.unwrap();
        message_left(&world, "letter_available").await;
        world.clock.move_ms(-HOUR);
        assert_eq!(letters.run().await.unwrap(), 1, "the notice is noted");
        assert_eq!(letters.run().await.unwrap(), 0);
        assert_eq!(count(&world, "SELECT COUNT(*) FROM letters").await, 1);
        let told = "SELECT COUNT(*) FROM messages WHERE template = 'letter_available'";
        assert_eq!(count(&world, told).await, 1);
    }
}

/// A carrier that is away for a while, and counts what it took.
#[derive(Default)]
struct Flaky {
    away: AtomicBool,
    took: AtomicUsize,
}

impl LetterProvider for Flaky {
    fn code(&self) -> &'static str {
        "flaky"
    }

    fn is_electronic(&self) -> bool {
        false
    }

    fn deposit(&self, _: &LetterContent, _: jiff::civil::Date) -> Result<(), DeliveryError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(DeliveryError::Transient {
                reason: Reason::NoConnection,
                retry_after: None,
            });
        }
        self.took.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn a_carrier_that_is_away_gets_the_same_letter_later() {
    for world in worlds().await {
        let case = accepted(&world, None).await;
        let carrier = Arc::new(Flaky::default());
        carrier.away.store(true, Ordering::SeqCst);
        let letters = letters(&world, carrier.clone());
        assert!(letters.run().await.is_err());
        assert_eq!(world.case(&case.id).await.state, CaseState::Accepted);
        let first = letter(&world, &case).await;
        carrier.away.store(false, Ordering::SeqCst);
        world.clock.move_ms(HOUR);
        assert_eq!(letters.run().await.unwrap(), 1);
        assert_eq!(letter(&world, &case).await.id, first.id);
        assert_eq!(letter(&world, &case).await.nonce, first.nonce);
        assert_eq!(carrier.took.load(Ordering::SeqCst), 1);
    }
}

fn pdfs(dir: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            count += pdfs(&path);
        } else if path.extension().is_some_and(|e| e == "pdf") {
            count += 1;
        }
    }
    count
}

#[tokio::test]
async fn a_printed_letter_is_exported_once_and_one_of_the_sandbox_never() {
    for world in worlds().await {
        let dir = world.dir.path().join("prints");
        let print = Arc::new(PrintExport::new(&dir, Window::default()));
        let letters = letters(&world, print);
        let mut case = accepted(&world, None).await;
        case.declared = Some(
            r#"{"birth_name":"Eriksson","first_names":["Anna"],"postal_address":["1 rue de la Paix","75002 Paris"]}"#
                .into(),
        );
        let mut tx = world.database().begin().await.unwrap();
        tx.save_case(&mut case).await.unwrap();
        tx.commit().await.unwrap();
        let sandbox = accepted(&world, Some(SandboxOutcome::Accept)).await;
        assert_eq!(letters.run().await.unwrap(), 2);
        assert_eq!(letters.run().await.unwrap(), 0);
        assert_eq!(pdfs(&dir), 1);
        assert_eq!(letter(&world, &sandbox).await.provider, "electronic");
        assert_eq!(letter(&world, &case).await.provider, "print");
    }
}

#[tokio::test]
async fn one_letter_that_cannot_leave_holds_up_no_other() {
    for world in worlds().await {
        let dir = world.dir.path().join("prints");
        let print = Arc::new(PrintExport::new(&dir, Window::default()));
        let letters = letters(&world, print);
        // Nobody told where the first one lives.
        let stuck = accepted(&world, None).await;
        let sandbox = accepted(&world, Some(SandboxOutcome::Accept)).await;
        assert!(letters.run().await.is_err());
        assert_eq!(world.case(&stuck.id).await.state, CaseState::Accepted);
        assert_eq!(world.case(&sandbox.id).await.state, CaseState::LetterSent);
        let now = world.clock.now_ms();
        let due = world.database().deadlines(now + 48 * HOUR, now + 48 * HOUR);
        let overdue: i64 = due.await.unwrap().iter().map(|d| d.overdue).sum();
        assert_eq!(overdue, 1);
    }
}

#[tokio::test]
async fn the_notice_is_found_by_what_became_of_its_message() {
    for world in worlds().await {
        let case = accepted(&world, None).await;
        electronic(&world).run().await.unwrap();
        let last = world.database().last_message(&case.id, "letter_available");
        assert_eq!(last.await.unwrap(), Some((MessageState::Pending, None)));
        let none = world.database().last_message(&case.id, "letter_reminder");
        assert_eq!(none.await.unwrap(), None);
    }
}
