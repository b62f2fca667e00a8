//! People's decisions take effect once, however many reconcilers look; on SQLite and PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{World, worlds};
use idproof_database::{Case, Review, ReviewKind, ReviewState, Role, Staff};
use idproof_domain::case::{CaseState, Step};
use idproof_domain::ids::{ReviewId, StaffId};
use idproof_jobs::{Reconciler, Reviews};
use idproof_ports::Clock;

async fn person(world: &World, name: &str) -> Staff {
    let staff = Staff {
        id: StaffId::new(1, world.context.id_bytes()),
        name: name.to_owned(),
        display_name: name.to_owned(),
        roles: vec![Role::Reviewer],
        password: None,
        password_temporary: false,
        totp: None,
        totp_offered: None,
        totp_step: 0,
        oidc_subject: None,
        wrong_count: 0,
        locked_until: None,
        created_at: 1,
        issued_by: "system".into(),
        disabled_at: None,
        last_sign_in_at: None,
    };
    let mut tx = world.database().begin().await.unwrap();
    tx.insert_staff(&staff).await.unwrap();
    tx.commit().await.unwrap();
    staff
}

async fn in_review(world: &World) -> Case {
    let case = world.submitted(None).await;
    let steps = [
        Step::ProcessingStarted { attempt: 1 },
        Step::SentToReview { reasons: vec![] },
    ];
    world.steps(&case.id, &steps).await
}

async fn decides(world: &World, who: &Staff, case: &Case, kind: ReviewKind, two: bool) -> ReviewId {
    let now = world.clock.now_ms();
    let review = Review {
        id: ReviewId::new(now, world.context.id_bytes()),
        case: case.id.clone(),
        attempt: 1,
        staff: who.id.clone(),
        kind,
        reasons: vec!["face_mismatch".into()],
        document: false,
        video: false,
        note: None,
        evidence: world.database().evidence_of(case).await.unwrap(),
        needs_second: two,
        sampled: false,
        state: ReviewState::Undoable,
        taken_at: now,
        at: now,
        undo_until: now + 30_000,
        ended_at: None,
    };
    let mut tx = world.database().begin().await.unwrap();
    tx.insert_review(&review).await.unwrap();
    tx.commit().await.unwrap();
    review.id
}

async fn state(world: &World, id: &ReviewId) -> ReviewState {
    world.database().review(id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_decision_takes_effect_once_and_not_before_its_time() {
    for world in worlds().await {
        let ada = person(&world, "ada").await;
        let case = in_review(&world).await;
        let id = decides(&world, &ada, &case, ReviewKind::Accept, false).await;
        let reviews = Reviews::new(world.context.clone());
        world.clock.move_ms(29_999);
        assert_eq!(reviews.run().await.unwrap(), 0);
        assert_eq!(world.case(&case.id).await.state, CaseState::InReview);
        world.clock.move_ms(1);
        let other = Reviews::new(world.context.clone());
        let (a, b) = tokio::join!(reviews.run(), other.run());
        assert_eq!(a.unwrap() + b.unwrap(), 1);
        assert_eq!(world.case(&case.id).await.state, CaseState::Accepted);
        assert_eq!(state(&world, &id).await, ReviewState::Effective);
        let decisions = world.database().decisions_of(&case.id).await.unwrap();
        assert_eq!(decisions.len(), 1);
    }
}

#[tokio::test]
async fn the_second_person_is_another_one_whose_account_is_still_good() {
    for world in worlds().await {
        let (ada, bob) = (person(&world, "ada").await, person(&world, "bob").await);
        let case = in_review(&world).await;
        let reviews = Reviews::new(world.context.clone());
        let first = decides(&world, &ada, &case, ReviewKind::Refuse, true).await;
        world.clock.move_ms(30_000);
        reviews.run().await.unwrap();
        assert_eq!(state(&world, &first).await, ReviewState::Second);
        // The same person once more, past whatever stood in the way.
        let again = decides(&world, &ada, &case, ReviewKind::Refuse, true).await;
        world.clock.move_ms(30_000);
        reviews.run().await.unwrap();
        assert_eq!(state(&world, &again).await, ReviewState::Second);
        assert_eq!(world.case(&case.id).await.state, CaseState::InReview);
        // Whose account was disabled meanwhile has decided nothing.
        let mut tx = world.database().begin().await.unwrap();
        let mut gone = tx.staff(&ada.id).await.unwrap().unwrap();
        gone.disabled_at = Some(1);
        tx.save_staff(&gone).await.unwrap();
        tx.commit().await.unwrap();
        let second = decides(&world, &bob, &case, ReviewKind::Refuse, true).await;
        world.clock.move_ms(30_000);
        reviews.run().await.unwrap();
        assert_eq!(state(&world, &first).await, ReviewState::Voided);
        assert_eq!(state(&world, &again).await, ReviewState::Voided);
        assert_eq!(state(&world, &second).await, ReviewState::Second);
        assert_eq!(world.case(&case.id).await.state, CaseState::InReview);
        let eve = person(&world, "eve").await;
        decides(&world, &eve, &case, ReviewKind::Refuse, true).await;
        world.clock.move_ms(30_000);
        reviews.run().await.unwrap();
        assert_eq!(world.case(&case.id).await.state, CaseState::Refused);
    }
}
