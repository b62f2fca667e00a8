//! Tokens, invitations, codes, challenges, uploads and letters of a case.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{bytes, engines, new_case, organisation};
use idproof_database::{
    Case, Challenge, Chunk, Code, Database, Handover, LetterSettings, StoredLetter, Token, Upload,
    UploadKind, UploadState,
};
use idproof_domain::Language;
use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::case::Actor;
use idproof_domain::challenge::{Asks, Script};
use idproof_domain::confirm::{CodePurpose, CodeRecord};
use idproof_domain::ids::{ChallengeId, HandoverId, LetterId, UploadId};
use idproof_domain::letter::{Letter, LetterCode, LetterStep, ProofKind};

async fn case(database: &Database) -> Case {
    let organisation = organisation(database).await;
    let mut tx = database.begin().await.unwrap();
    let case = tx
        .insert_case(new_case(&organisation, 5), &Actor::Applicant)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    case
}

#[tokio::test]
async fn a_token_leads_to_its_case_and_only_grows_older() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let token = Token {
            case: case.id.clone(),
            created_at: 5,
            expires_at: 100,
        };
        let mut tx = database.begin().await.unwrap();
        tx.insert_token("aa", &token).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(database.token("aa").await.unwrap(), Some(token));
        assert_eq!(database.token("ab").await.unwrap(), None);
        database.extend_token("aa", 50).await.unwrap();
        database.extend_token("aa", 200).await.unwrap();
        let end = async |hash| database.token(hash).await.unwrap().map(|t| t.expires_at);
        assert_eq!(end("aa").await, Some(200));
        let mut tx = database.begin().await.unwrap();
        // One that has ended stays ended.
        tx.extend_tokens_of(&case.id, 200, 900).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(end("aa").await, Some(200));
        let mut tx = database.begin().await.unwrap();
        tx.extend_tokens_of(&case.id, 199, 900).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(end("aa").await, Some(900));
        assert_eq!(database.forget_ended_tokens(900).await.unwrap(), 0);
        assert_eq!(database.forget_ended_tokens(901).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_new_invitation_ends_the_one_before() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let invite = |at| Handover {
            id: HandoverId::new(at, bytes()),
            case: case.id.clone(),
            number_hash: "n".into(),
            created_at: at,
            expires_at: at + 300,
            wrong_count: 0,
            taken_at: None,
            asked_by: "Firefox, Windows".into(),
            asked_from: "net".into(),
            taken_by: String::new(),
        };
        let (one, two) = (invite(10), invite(20));
        let mut tx = database.begin().await.unwrap();
        tx.insert_handover(&one, "t1").await.unwrap();
        tx.insert_handover(&two, "t2").await.unwrap();
        let mut taken = tx.handover_by_token("t2").await.unwrap().unwrap();
        assert_eq!(taken, two);
        taken.wrong_count = 1;
        taken.taken_at = Some(30);
        taken.taken_by = "Safari, iPhone".into();
        tx.save_handover(&taken).await.unwrap();
        tx.commit().await.unwrap();
        let read = database.handover(&one.id).await.unwrap().unwrap();
        assert_eq!(read.expires_at, 20);
        assert_eq!(database.handover(&two.id).await.unwrap(), Some(taken));
        let mut tx = database.begin().await.unwrap();
        tx.drop_tokens(&case.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(database.handover(&two.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_code_takes_the_place_of_the_last_of_its_purpose() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let mut code = Code {
            case: case.id.clone(),
            purpose: CodePurpose::Email,
            nonce: "n1".into(),
            hash: "h1".into(),
            target: Some("ada@example.org".into()),
            record: CodeRecord::of_letter(7),
        };
        let mut tx = database.begin().await.unwrap();
        tx.put_code(&code).await.unwrap();
        code.hash = "h2".into();
        code.record = code.record.guessed(false, 8).0;
        tx.put_code(&code).await.unwrap();
        assert_eq!(
            tx.code(&case.id, CodePurpose::Email).await.unwrap(),
            Some(code.clone())
        );
        tx.commit().await.unwrap();
        let read = database.code(&case.id, CodePurpose::Email).await.unwrap();
        assert_eq!(read, Some(code));
        assert_eq!(
            database.code(&case.id, CodePurpose::Phone).await.unwrap(),
            None
        );
        assert!(!format!("{read:?}").contains("ada@"));
    }
}

#[tokio::test]
async fn drawing_anew_voids_the_last_challenge_and_one_recording_binds() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let draw = |at| Challenge {
            id: ChallengeId::new(at, bytes()),
            case: case.id.clone(),
            attempt: 1,
            script: Script::draw(Asks::digits(3), Language::Fr, vec![], &mut |n| n - 1),
            created_at: at,
            expires_at: at + 600,
            voided_at: None,
            used_at: None,
        };
        let (one, two) = (draw(10), draw(20));
        let mut tx = database.begin().await.unwrap();
        tx.draw_challenge(&one).await.unwrap();
        tx.draw_challenge(&two).await.unwrap();
        assert_eq!(tx.count_challenges(&case.id, 1).await.unwrap(), 2);
        assert_eq!(tx.count_challenges(&case.id, 2).await.unwrap(), 0);
        assert!(!tx.use_challenge(&one.id, 30).await.unwrap(), "void");
        assert!(tx.use_challenge(&two.id, 30).await.unwrap());
        assert!(!tx.use_challenge(&two.id, 31).await.unwrap(), "used");
        let last = tx.last_challenge(&case.id).await.unwrap().unwrap();
        assert_eq!((last.id, last.used_at), (two.id.clone(), Some(30)));
        assert!(tx.challenge(&two.id).await.unwrap().is_some());
        tx.commit().await.unwrap();
        let first = database.challenge(&one.id).await.unwrap().unwrap();
        assert_eq!((first.voided_at, &first.script), (Some(20), &one.script));
    }
}

fn upload(case: &Case, kind: UploadKind) -> Upload {
    Upload {
        id: UploadId::new(9, bytes()),
        case: case.id.clone(),
        attempt: case.attempt,
        kind,
        challenge: None,
        state: UploadState::Receiving,
        declared_size: Some(12),
        declared_sha256: None,
        size: 0,
        sha256: None,
        capture: serde_json::json!({"camera": "x"}),
        created_at: 9,
        completed_at: None,
    }
}

fn chunk(number: i64, object: &str) -> Chunk {
    Chunk {
        number,
        object: object.to_owned(),
        size: 6,
        sha256: "ab".into(),
        stored_at: 10,
    }
}

#[tokio::test]
async fn chunks_come_in_any_order_and_the_second_of_a_number_loses() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let mut file = upload(&case, UploadKind::DocumentFront);
        let mut tx = database.begin().await.unwrap();
        tx.insert_upload(&file).await.unwrap();
        assert!(tx.insert_chunk(&file.id, &chunk(1, "o1")).await.unwrap());
        assert!(tx.insert_chunk(&file.id, &chunk(0, "o0")).await.unwrap());
        assert!(!tx.insert_chunk(&file.id, &chunk(1, "o2")).await.unwrap());
        let read = tx.upload(&file.id).await.unwrap().unwrap();
        assert_eq!(read, file);
        file.state = UploadState::Complete;
        file.size = 12;
        file.completed_at = Some(11);
        tx.save_upload(&file).await.unwrap();
        assert_eq!(tx.chunks_of(&file.id).await.unwrap().len(), 2);
        assert_eq!(tx.stored_bytes(&file.id).await.unwrap(), 12);
        assert_eq!(tx.chunk(&file.id, 0).await.unwrap(), Some(chunk(0, "o0")));
        tx.commit().await.unwrap();
        assert_eq!(database.stored_bytes(&file.id).await.unwrap(), 12);
        let chunks = database.chunks_of(&file.id).await.unwrap();
        assert_eq!(chunks, [chunk(0, "o0"), chunk(1, "o1")]);
        assert_eq!(
            database.chunk(&file.id, 1).await.unwrap(),
            Some(chunk(1, "o1"))
        );
        assert_eq!(database.chunk(&file.id, 2).await.unwrap(), None);
        assert_eq!(database.upload(&file.id).await.unwrap(), Some(file.clone()));
        assert!(!format!("{file:?}").contains("camera"));
    }
}

#[tokio::test]
async fn only_complete_pictures_are_carried_into_the_next_attempt() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let mut tx = database.begin().await.unwrap();
        let mut front = upload(&case, UploadKind::DocumentFront);
        front.state = UploadState::Complete;
        let half = upload(&case, UploadKind::DocumentBack);
        let mut video = upload(&case, UploadKind::SelfieVideo);
        video.state = UploadState::Complete;
        for file in [&front, &half, &video] {
            tx.insert_upload(file).await.unwrap();
        }
        tx.carry_documents(&case.id, 1, 2).await.unwrap();
        let carried = tx.uploads_of(&case.id, 2).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(carried.len(), 1);
        assert_eq!(carried[0].id, front.id);
        assert_eq!(database.uploads_of(&case.id, 1).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_object_is_known_before_it_exists_until_it_is_gone() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let file = upload(&case, UploadKind::DocumentFront);
        let mut tx = database.begin().await.unwrap();
        tx.insert_upload(&file).await.unwrap();
        tx.insert_chunk(&file.id, &chunk(0, "kept")).await.unwrap();
        tx.commit().await.unwrap();
        for (name, at) in [("kept", 1), ("stray", 1), ("fresh", 50)] {
            database
                .note_object(name, &case.id, "chunk", at)
                .await
                .unwrap();
        }
        let strays = database.stray_objects(50, 10).await.unwrap();
        assert_eq!(strays, [("stray".to_owned(), case.id.clone())]);
        database.note_object_deleted("stray", 60).await.unwrap();
        assert!(database.stray_objects(50, 10).await.unwrap().is_empty());
        assert_eq!(
            database.objects_of(&case.id).await.unwrap(),
            ["fresh", "kept"]
        );
        // What a discarded upload left is stray too.
        let mut gone = file;
        gone.state = UploadState::Discarded;
        let mut tx = database.begin().await.unwrap();
        tx.save_upload(&gone).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(database.stray_objects(50, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_letter_keeps_its_times_and_proofs() {
    let calendar = Calendar::new("Europe/Paris", Holidays::default()).unwrap();
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let (letter, deposit) = Letter::deposit(1_000, &calendar).unwrap();
        let mut stored = StoredLetter {
            id: LetterId::new(1_000, bytes()),
            case: case.id.clone(),
            provider: "own".into(),
            nonce: "n".into(),
            letter,
        };
        let mut tx = database.begin().await.unwrap();
        tx.insert_letter(&stored).await.unwrap();
        tx.insert_proof(&stored.id, deposit, "{}", "seal")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        // Under way once the case says so.
        assert!(database.open_letters(None, 9).await.unwrap().is_empty());
        sqlx::query("UPDATE cases SET state = 'letter_sent'")
            .execute(database.pool())
            .await
            .unwrap();
        assert_eq!(
            database.open_letters(None, 9).await.unwrap(),
            [stored.clone()]
        );
        let after = database.open_letters(Some(&stored.id), 9).await.unwrap();
        assert!(after.is_empty());
        let (opened, proof) = letter.step(LetterStep::Accept, 2_000, &calendar).unwrap();
        stored.letter = opened;
        let mut tx = database.begin().await.unwrap();
        assert!(tx.letter_of(&case.id).await.unwrap().is_some());
        tx.save_letter(&stored).await.unwrap();
        tx.insert_proof(&stored.id, proof, "{}", "seal")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let read = database.letter_of(&case.id).await.unwrap().unwrap();
        assert_eq!(read.letter.code(), LetterCode::Accepted);
        let mut person = case.clone();
        person.declared = Some(
            r#"{"birth_name":"Byron","usage_name":"Lovelace","first_names":["Ada","Augusta"],"postal_address":["1 rue X"]}"#.into(),
        );
        let code = "473829".parse().unwrap();
        let settings = LetterSettings::default();
        let content = read.content(&person, code, &settings, &calendar).unwrap();
        assert_eq!(content.recipient.name, "Ada Lovelace");
        assert_eq!(content.recipient.lines, ["1 rue X"]);
        assert_eq!(content.valid_until.to_string(), "1970-01-22T01:00:01");
        assert_eq!(read, stored);
        assert!(database.open_letters(None, 9).await.unwrap().is_empty());
        let kinds: Vec<ProofKind> = database
            .proofs_of(&stored.id)
            .await
            .unwrap()
            .into_iter()
            .map(|p| p.kind)
            .collect();
        assert_eq!(kinds, [ProofKind::Deposit, ProofKind::Acceptance]);
        // A proof is never overwritten.
        let mut tx = database.begin().await.unwrap();
        assert!(
            tx.insert_proof(&stored.id, proof, "{}", "other")
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn a_wrapped_key_is_kept_and_forgotten() {
    for (database, _dir) in engines().await {
        let case = case(&database).await;
        let mut tx = database.begin().await.unwrap();
        tx.insert_case_key(&case.id, "wrapped", 5).await.unwrap();
        tx.commit().await.unwrap();
        let key = database.case_key(&case.id).await.unwrap();
        assert_eq!(key.as_deref(), Some("wrapped"));
        let mut tx = database.begin().await.unwrap();
        assert!(tx.insert_case_key(&case.id, "other", 6).await.is_err());
        drop(tx);
        let mut tx = database.begin().await.unwrap();
        tx.drop_case_key(&case.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(database.case_key(&case.id).await.unwrap(), None);
    }
}
