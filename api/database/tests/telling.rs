//! What a step of a case tells people and integrators, and what removing a person leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{bytes, engines, new_case, organisation};
use idproof_database::notices::{WEBHOOK_EVENTS, rfc3339};
use idproof_database::{Case, Channel, Database, Endpoint, Message};
use idproof_domain::case::{Actor, Step};
use idproof_domain::ids::{EndpointId, JobId};
use idproof_test_support::SeededRandom;

const STRAIGHT: [Step; 10] = [
    Step::ContactConfirmed,
    Step::IdentityDeclared,
    Step::DocumentUploaded,
    Step::VideoUploaded,
    Step::Submitted { attempt: 1 },
    Step::ProcessingStarted { attempt: 1 },
    Step::Accepted { by_human: false },
    Step::LetterSent,
    Step::LetterOpened,
    Step::Activated,
];

fn endpoint(case: &Case, events: &[&str]) -> Endpoint {
    Endpoint {
        id: EndpointId::new(1, bytes()),
        organisation: case.organisation.clone(),
        url: "https://hooks.example/".into(),
        secret: "sealed".into(),
        old_secret: None,
        events: events.iter().map(|e| (*e).to_owned()).collect(),
        sandbox: false,
        enabled: true,
        created_at: 1,
    }
}

async fn case_with_contacts(database: &Database) -> Case {
    let organisation = organisation(database).await;
    let mut tx = database.begin().await.unwrap();
    let mut case = tx
        .insert_case(new_case(&organisation, 5), &Actor::Applicant)
        .await
        .unwrap();
    case.email = Some("ada@example.org".into());
    case.phone = Some("+33612345678".into());
    case.reference = Some("order-1".into());
    tx.save_case(&mut case).await.unwrap();
    tx.commit().await.unwrap();
    case
}

async fn tell(database: &Database, case: &mut Case, steps: &[Step]) {
    let random = SeededRandom::new(u64::try_from(case.revision).unwrap() + 77);
    for (at, step) in (10..).zip(steps) {
        let mut tx = database.begin().await.unwrap();
        tx.step_and_tell(case, step, &Actor::System, at, &random)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

async fn posted(database: &Database) -> Vec<Message> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM messages ORDER BY created_at, dedupe")
            .fetch_all(database.pool())
            .await
            .unwrap();
    let mut all = Vec::new();
    for id in ids {
        all.push(
            database
                .message(&id.parse().unwrap())
                .await
                .unwrap()
                .unwrap(),
        );
    }
    all
}

#[tokio::test]
async fn the_applicant_hears_of_the_straight_way_on_every_channel_at_its_end() {
    for (database, _dir) in engines().await {
        let mut case = case_with_contacts(&database).await;
        tell(&database, &mut case, &STRAIGHT).await;
        let told: Vec<(Channel, String, String)> = posted(&database)
            .await
            .into_iter()
            .map(|m| (m.channel, m.template, m.recipient))
            .collect();
        let mail = |t: &str| (Channel::Email, t.to_owned(), "ada@example.org".to_owned());
        let sms = |t: &str| (Channel::Sms, t.to_owned(), "+33612345678".to_owned());
        assert_eq!(
            told,
            [
                mail("processing"),
                mail("status_changed"),
                mail("activated"),
                sms("activated"),
            ]
        );
        // Each has the job that sends it.
        let jobs: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM jobs WHERE kind = 'deliver'")
            .fetch_one(database.pool())
            .await
            .unwrap();
        assert_eq!(jobs, 4);
    }
}

#[tokio::test]
async fn an_integrator_hears_what_it_asked_for_without_a_persons_data() {
    for (database, _dir) in engines().await {
        let mut case = case_with_contacts(&database).await;
        let all = endpoint(&case, &["*"]);
        let some = endpoint(&case, &["case.refused"]);
        let mut sandbox = endpoint(&case, &["*"]);
        sandbox.sandbox = true;
        let mut off = endpoint(&case, &["*"]);
        off.enabled = false;
        let mut tx = database.begin().await.unwrap();
        for e in [&all, &some, &sandbox, &off] {
            tx.insert_endpoint(e).await.unwrap();
        }
        tx.commit().await.unwrap();
        tell(&database, &mut case, &STRAIGHT[..6]).await;
        let refused = Step::Refused {
            by_human: false,
            reasons: vec!["face_mismatch".into()],
        };
        tell(&database, &mut case, &[refused]).await;
        let heard = database.deliveries(&all.id, None, 50).await.unwrap();
        let names: Vec<&str> = heard.iter().map(|m| m.template.as_str()).collect();
        assert_eq!(names.len(), 2);
        assert!(names.contains(&"case.submitted") && names.contains(&"case.refused"));
        let refusals = database.deliveries(&some.id, None, 50).await.unwrap();
        assert_eq!(refusals.len(), 1);
        let body = &refusals[0].data;
        assert_eq!(body["type"], "case.refused");
        assert_eq!(body["data"]["case"], case.id.as_str());
        assert_eq!(body["data"]["reference"], "order-1");
        assert_eq!(body["data"]["reasons"][0], "face_mismatch");
        assert_eq!(body["data"]["state"], "refused");
        let text = body.to_string();
        assert!(!text.contains("ada@") && !text.contains("+336"), "{text}");
        for silent in [&sandbox, &off] {
            assert!(
                database
                    .deliveries(&silent.id, None, 50)
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
    }
}

#[tokio::test]
async fn a_step_that_is_not_committed_tells_nobody() {
    for (database, _dir) in engines().await {
        let mut case = case_with_contacts(&database).await;
        tell(&database, &mut case, &STRAIGHT[..4]).await;
        let mut tx = database.begin().await.unwrap();
        let random = SeededRandom::new(3);
        tx.step_and_tell(&mut case, &STRAIGHT[4], &Actor::System, 9, &random)
            .await
            .unwrap();
        drop(tx);
        assert!(posted(&database).await.is_empty());
    }
}

#[tokio::test]
async fn a_retake_says_what_is_wrong_and_what_is_to_be_taken_again() {
    for (database, _dir) in engines().await {
        let mut case = case_with_contacts(&database).await;
        tell(&database, &mut case, &STRAIGHT[..6]).await;
        let step = Step::RetakeAsked {
            reasons: vec!["no_sound".into()],
            document: false,
            video: true,
        };
        tell(&database, &mut case, &[step]).await;
        let posted = posted(&database).await;
        let message = posted
            .iter()
            .find(|m| m.template == "retake_asked")
            .unwrap();
        assert_eq!(message.data["reasons"][0], "no_sound");
        assert_eq!(message.data["video"], true);
        assert_eq!(message.data["number"], case.number.as_str());
    }
}

/// The names are the steps' own, so that none is promised that never happens.
#[test]
fn every_event_is_a_step() {
    for event in WEBHOOK_EVENTS {
        let kind = event.strip_prefix("case.").unwrap();
        assert!(idproof_domain::case::label(kind).is_some(), "{event}");
    }
}

#[test]
fn times_are_written_as_rfc_3339() {
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    assert_eq!(rfc3339(1_763_764_453_120), "2025-11-21T22:34:13.12Z");
}

#[tokio::test]
async fn a_delivery_is_replayed_once_at_a_time_and_listed_in_pages() {
    for (database, _dir) in engines().await {
        let mut case = case_with_contacts(&database).await;
        let hook = endpoint(&case, &["*"]);
        let mut tx = database.begin().await.unwrap();
        tx.insert_endpoint(&hook).await.unwrap();
        tx.commit().await.unwrap();
        tell(&database, &mut case, &STRAIGHT).await;
        let all = database.deliveries(&hook.id, None, 50).await.unwrap();
        let first = database.deliveries(&hook.id, None, 2).await.unwrap();
        let rest = database
            .deliveries(&hook.id, Some(&first[1].id), 50)
            .await
            .unwrap();
        assert_eq!([first.clone(), rest].concat(), all);
        let replay = async |job: JobId| {
            let mut tx = database.begin().await.unwrap();
            let done = tx.replay(&first[0].id, job, 50).await.unwrap();
            tx.commit().await.unwrap();
            done
        };
        assert!(!replay(JobId::new(1, bytes())).await, "it is under way");
        sqlx::query("UPDATE messages SET state = 'sent'")
            .execute(database.pool())
            .await
            .unwrap();
        assert!(replay(JobId::new(2, bytes())).await);
        assert!(!replay(JobId::new(3, bytes())).await);
    }
}

#[tokio::test]
async fn an_endpoint_changes_and_goes_with_its_secret() {
    for (database, _dir) in engines().await {
        let case = case_with_contacts(&database).await;
        let mut hook = endpoint(&case, &["*"]);
        let mut tx = database.begin().await.unwrap();
        tx.insert_endpoint(&hook).await.unwrap();
        hook.enabled = false;
        hook.events = vec!["case.accepted".into()];
        assert!(tx.save_endpoint(&hook).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(
            database.endpoint(&hook.id).await.unwrap(),
            Some(hook.clone())
        );
        let listed = database.endpoints(&case.organisation, false).await.unwrap();
        assert_eq!(listed, [hook.clone()]);
        assert!(
            database
                .endpoints(&case.organisation, true)
                .await
                .unwrap()
                .is_empty()
        );
        let mut tx = database.begin().await.unwrap();
        assert!(tx.remove_endpoint(&hook.id, 9).await.unwrap());
        assert!(!tx.remove_endpoint(&hook.id, 9).await.unwrap());
        assert!(!tx.save_endpoint(&hook).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(database.endpoint(&hook.id).await.unwrap(), None);
        let secret: String = sqlx::query_scalar("SELECT secret FROM webhook_endpoints")
            .fetch_one(database.pool())
            .await
            .unwrap();
        assert_eq!(secret, "");
    }
}

/// After a person is removed, no column of any table holds their address any more, but for the
/// message that tells them so.
#[tokio::test]
async fn a_removed_person_stands_nowhere_but_in_the_last_message() {
    for (database, _dir) in engines().await {
        let mut case = case_with_contacts(&database).await;
        case.declared = Some(r#"{"birth_name":"Lovelace"}"#.into());
        tell(&database, &mut case, &STRAIGHT).await;
        sqlx::query("UPDATE messages SET state = 'sent'")
            .execute(database.pool())
            .await
            .unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.insert_appeal(&case.id, "I am Lovelace", 3)
            .await
            .unwrap();
        tx.step_and_tell(
            &mut case,
            &Step::Deleted,
            &Actor::Applicant,
            90,
            &SeededRandom::new(5),
        )
        .await
        .unwrap();
        tx.erase_person(&mut case).await.unwrap();
        tx.commit().await.unwrap();
        let case = database.case(&case.id).await.unwrap().unwrap();
        assert_eq!((case.email, case.phone, case.declared), (None, None, None));
        assert_eq!(case.media_due_at, Some(90));
        assert_eq!(database.appeal(&case.id).await.unwrap(), None);
        let left: Vec<Message> = posted(&database)
            .await
            .into_iter()
            .filter(|m| !m.recipient.is_empty())
            .collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].template, "deleted");
        for event in database.events_of(&case.id).await.unwrap() {
            let text = format!("{event:?}");
            assert!(
                !text.contains("ada@") && !text.contains("Lovelace"),
                "{text}"
            );
        }
    }
}
