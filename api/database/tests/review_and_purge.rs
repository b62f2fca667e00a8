//! What reviewers take, what is due to be forgotten, which deadlines near; on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::time::Duration;

use common::{bytes, engines, new_case, organisation, staff};
use idproof_database::{
    Case, Database, Decision, DecisionOutcome, JobKind, NewJob, Priority, QueueFilter, Role, Staff,
    Taken, Taking,
};
use idproof_domain::case::{Actor, CaseState, Step};
use idproof_domain::ids::{DecisionId, JobId};

const LEASE: Duration = Duration::from_secs(600);
const HOUR: i64 = 3_600_000;

fn to_processing() -> Vec<Step> {
    vec![
        Step::ContactConfirmed,
        Step::IdentityDeclared,
        Step::DocumentUploaded,
        Step::VideoUploaded,
        Step::Submitted { attempt: 1 },
        Step::ProcessingStarted { attempt: 1 },
    ]
}

/// A case that has gone these steps after processing, its letter due at `due`.
async fn case_after(database: &Database, more: &[Step], due: i64, now: i64) -> Case {
    let organisation = organisation(database).await;
    let mut tx = database.begin().await.unwrap();
    let mut case = tx
        .insert_case(new_case(&organisation, now), &Actor::System)
        .await
        .unwrap();
    case.letter_due_at = Some(due);
    for step in to_processing().iter().chain(more) {
        tx.step(&mut case, step, &Actor::System, now).await.unwrap();
    }
    tx.commit().await.unwrap();
    case
}

async fn step(database: &Database, case: &mut Case, step: Step, now: i64) {
    let mut tx = database.begin().await.unwrap();
    tx.step(case, &step, &Actor::System, now).await.unwrap();
    tx.commit().await.unwrap();
}

fn to_review() -> Vec<Step> {
    vec![Step::SentToReview { reasons: vec![] }]
}

/// The next case for somebody, taken.
async fn next(database: &Database, staff: &Staff, now_ms: i64) -> Option<Case> {
    let taking = Taking {
        staff,
        now_ms,
        lease: LEASE,
        beside: None,
    };
    let mut tx = database.begin().await.unwrap();
    let taken = tx.take_next(&taking).await.unwrap();
    tx.commit().await.unwrap();
    match taken {
        Taken::Case(case) => Some(*case),
        Taken::Nothing => None,
        Taken::Limit => panic!("one at a time is asked for"),
    }
}

#[tokio::test]
async fn reviewers_get_the_most_urgent_case_and_never_the_same() {
    for (database, _dir) in engines().await {
        for due in [30, 10, 20] {
            case_after(&database, &to_review(), due, 1).await;
        }
        let mut people = Vec::new();
        for name in ["a", "b", "c", "d"] {
            people.push(staff(&database, name, Role::Reviewer).await);
        }
        let due = async |who: usize, now| {
            let case = next(&database, &people[who], now).await;
            case.map(|c| c.letter_due_at.unwrap())
        };
        assert_eq!(due(0, 0).await, Some(10));
        // Asking again gives the one in hand.
        assert_eq!(due(0, 1).await, Some(10));
        assert_eq!(due(1, 1).await, Some(20));
        assert_eq!(due(2, 1).await, Some(30));
        assert_eq!(due(3, 1).await, None);
        let counts = database.review_counts(2).await.unwrap();
        assert_eq!((counts.waiting, counts.held), (3, 3));
        let counts = database.queue_counts(2).await.unwrap();
        assert_eq!(
            (counts.held, counts.holders.len(), counts.overdue),
            (3, 3, 0)
        );
        // A hold that ran out is somebody else's to take.
        assert_eq!(due(3, 600_001).await, Some(10));
    }
}

#[tokio::test]
async fn a_hold_is_kept_and_given_back_by_its_holder_alone() {
    for (database, _dir) in engines().await {
        case_after(&database, &to_review(), 10, 1).await;
        let (a, b) = (
            staff(&database, "a", Role::Reviewer).await,
            staff(&database, "b", Role::Reviewer).await,
        );
        let case = next(&database, &a, 0).await.unwrap();
        let keep = async |who: &Staff, now| {
            let kept = database
                .keep_review(&case.id, who.id.as_str(), now, LEASE)
                .await;
            kept.unwrap()
        };
        assert!(keep(&a, 599_999).await);
        assert!(!keep(&b, 599_999).await);
        assert!(!keep(&a, 1_199_999).await, "too late");
        let mut tx = database.begin().await.unwrap();
        let (held, by_a, by_b) = (&case.id, a.id.as_str(), b.id.as_str());
        let found = tx.case_in_review(held, by_a, 1_199_998).await.unwrap();
        assert!(found.is_some());
        assert!(tx.case_in_review(held, by_b, 1).await.unwrap().is_none());
        assert!(!tx.end_hold(held, by_b, "left", None, 1).await.unwrap());
        assert!(
            tx.end_hold(held, by_a, "left", Some("unsure"), 1)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        assert!(next(&database, &a, 1).await.is_none(), "laid aside");
        assert!(next(&database, &b, 1).await.is_some());
    }
}

#[tokio::test]
async fn the_queue_is_listed_by_urgency_in_pages_and_empties_with_the_verdict() {
    for (database, _dir) in engines().await {
        for due in [30, 10, 20] {
            case_after(&database, &to_review(), due, 1).await;
        }
        let page = async |after, limit| {
            let filter = QueueFilter {
                after,
                limit,
                ..QueueFilter::default()
            };
            database.queue(&filter, 5).await.unwrap()
        };
        let first = page(None, 2).await;
        let last = &first[1].case;
        let rest = page(Some((last.letter_due_at.unwrap(), last.id.clone())), 2).await;
        let dues: Vec<i64> = first
            .iter()
            .chain(&rest)
            .map(|row| row.case.letter_due_at.unwrap())
            .collect();
        assert_eq!(dues, [10, 20, 30]);
        let a = staff(&database, "a", Role::Reviewer).await;
        let mut held = next(&database, &a, 5).await.unwrap();
        let of_a = QueueFilter {
            held: Some(true),
            holder: Some(a.id.clone()),
            language: Some("fr".into()),
            limit: 9,
            ..QueueFilter::default()
        };
        assert_eq!(database.queue(&of_a, 6).await.unwrap().len(), 1);
        step(&database, &mut held, Step::Accepted { by_human: true }, 6).await;
        assert_eq!(page(None, 9).await.len(), 2);
        let read = database.case(&held.id).await.unwrap().unwrap();
        assert_eq!((read.review_holder, read.review_until), (None, None));
    }
}

#[tokio::test]
async fn media_are_due_72_hours_after_the_verdict_and_at_once_when_it_is_over() {
    for (database, _dir) in engines().await {
        let accepted = case_after(&database, &[Step::Accepted { by_human: false }], 9, 100).await;
        let open = case_after(&database, &to_review(), 9, 100).await;
        let withdrawn = case_after(&database, &[Step::Withdrawn], 9, 200).await;
        let due = 100 + 72 * HOUR;
        let ids = async |now| {
            let all = database.due_media(now, None, 9).await.unwrap();
            all.into_iter().map(|d| d.case).collect::<Vec<_>>()
        };
        assert_eq!(ids(due - 1).await, std::slice::from_ref(&withdrawn.id));
        assert_eq!(ids(due).await, [withdrawn.id.clone(), accepted.id.clone()]);
        assert_eq!(database.purge_backlog(due).await.unwrap().cases, 2);
        let first = database.due_media(due, None, 1).await.unwrap();
        let second = database.due_media(due, first.first(), 1).await.unwrap();
        assert_eq!(second[0].case, accepted.id);
        assert!(
            database
                .case(&open.id)
                .await
                .unwrap()
                .unwrap()
                .media_due_at
                .is_none()
        );
    }
}

#[tokio::test]
async fn an_appeal_keeps_the_media_until_the_next_verdict() {
    for (database, _dir) in engines().await {
        let refused = Step::Refused {
            by_human: false,
            reasons: vec![],
        };
        let mut case = case_after(&database, &[refused], 9, 100).await;
        assert!(case.media_due_at.is_some());
        step(&database, &mut case, Step::Appealed, HOUR).await;
        assert_eq!(case.media_due_at, None);
        let verdict = Step::Refused {
            by_human: true,
            reasons: vec![],
        };
        step(&database, &mut case, verdict, 50 * HOUR).await;
        assert_eq!(case.media_due_at, Some(122 * HOUR));
    }
}

#[tokio::test]
async fn forgetting_leaves_the_case_and_its_decision() {
    for (database, _dir) in engines().await {
        let mut case = case_after(&database, &[Step::Accepted { by_human: false }], 9, 0).await;
        let decision = Decision {
            id: DecisionId::new(0, bytes()),
            case: case.id.clone(),
            attempt: 1,
            outcome: DecisionOutcome::Accept,
            reasons: vec!["every_case".into()],
            report: serde_json::json!({"report_version": 1}),
            policy_version: "1".into(),
            policy_sha256: "00".into(),
            decided_by: "policy".into(),
            at: 5,
        };
        database
            .note_object("case_x/upl_y/0", &case.id, "chunk", 0)
            .await
            .unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.insert_decision(&decision).await.unwrap();
        tx.insert_case_key(&case.id, "wrapped", 0).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.forget_media(&mut case, 7).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(database.case_key(&case.id).await.unwrap(), None);
        assert!(database.objects_of(&case.id).await.unwrap().is_empty());
        assert!(
            database
                .due_media(i64::MAX, None, 9)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(database.decisions_of(&case.id).await.unwrap(), [decision]);
    }
}

#[tokio::test]
async fn idle_cases_are_those_that_wait_for_their_applicant() {
    for (database, _dir) in engines().await {
        let retake = Step::RetakeAsked {
            reasons: vec![],
            document: true,
            video: false,
        };
        let waiting = case_after(&database, &[retake], 9, 100).await;
        case_after(&database, &to_review(), 9, 100).await;
        assert!(database.idle_cases(99, 9).await.unwrap().is_empty());
        let idle = database.idle_cases(100, 9).await.unwrap();
        assert_eq!(idle.len(), 1);
        assert_eq!(idle[0].case, waiting.id);
    }
}

#[tokio::test]
async fn cases_near_their_deadline_are_counted_and_hurried() {
    for (database, _dir) in engines().await {
        for due in [50, 150, 999] {
            let case = case_after(&database, &[], due, 1).await;
            let mut tx = database.begin().await.unwrap();
            tx.enqueue(&NewJob {
                id: JobId::new(0, bytes()),
                kind: JobKind::Process,
                subject: case.id.to_string(),
                dedupe: format!("process:{}:1", case.id),
                priority: Priority::NORMAL,
                run_at: 0,
                now_ms: 0,
            })
            .await
            .unwrap();
            tx.commit().await.unwrap();
        }
        let found = database.deadlines(100, 200).await.unwrap();
        let processing = found
            .iter()
            .find(|d| d.state == CaseState::Processing)
            .unwrap();
        assert_eq!((processing.at_risk, processing.overdue), (1, 1));
        assert_eq!(database.hurry(200).await.unwrap(), 2);
        assert_eq!(database.hurry(200).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn accepted_cases_wait_for_their_letter_by_urgency() {
    for (database, _dir) in engines().await {
        for due in [30, 10, 20] {
            case_after(&database, &[Step::Accepted { by_human: false }], due, 1).await;
        }
        let first = database.awaiting_letter(None, 2).await.unwrap();
        let rest = database.awaiting_letter(first.last(), 2).await.unwrap();
        let dues: Vec<i64> = first.iter().chain(&rest).map(|(due, _)| *due).collect();
        assert_eq!(dues, [10, 20, 30]);
    }
}
