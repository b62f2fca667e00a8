//! Six-digit codes: sent, typed, guessed.

use idproof_domain::case::Step;
use idproof_domain::confirm::CodePurpose;
use serde_json::{Value, json};

use crate::common::{Answer, Applicant, ELECTRONIC, HOUR, MINUTE, World, worlds};

fn other(code: &str) -> String {
    let code: u32 = code.parse().unwrap();
    format!("{:06}", (code + 1) % 1_000_000)
}

/// An applicant to whom a code by e-mail is under way, and the code.
async fn sent(world: &World) -> (Applicant<'_>, String) {
    let ada = world.applicant().await;
    ada.consents().await.is(200);
    let body = json!({ "address": "ada@example.org" });
    ada.post("/email", body).await.is(202);
    let code = world.code(&ada.id, CodePurpose::Email).await;
    (ada, code)
}

async fn types(ada: &Applicant<'_>, code: &str) -> Answer {
    ada.post("/email/confirm", json!({ "code": code })).await
}

#[tokio::test]
async fn the_fifth_wrong_code_locks_and_a_locked_code_is_no_oracle() {
    for world in worlds().await {
        let (ada, code) = sent(&world).await;
        for left in [4, 3, 2, 1] {
            let problem = types(&ada, &other(&code)).await.refused("code_wrong");
            assert_eq!(problem["remaining"], left);
        }
        let locked = types(&ada, &other(&code)).await;
        locked.refused("code_locked");
        assert_eq!(locked.retry_after(), 15 * 60);
        let right = types(&ada, &code).await;
        assert_eq!(right.seen(), types(&ada, &other(&code)).await.seen());
        right.refused("code_locked");
        // Nor does another message, to whatever address, bring new guesses.
        for address in ["ada@example.org", "eve@example.org"] {
            let again = ada.post("/email", json!({ "address": address })).await;
            again.refused("code_locked");
        }
        world.clock.move_ms(15 * MINUTE - 1);
        types(&ada, &code).await.refused("code_locked");
        world.clock.move_ms(1);
        types(&ada, &code).await.is(200);
    }
}

#[tokio::test]
async fn the_second_lock_is_longer_than_the_first() {
    for world in worlds().await {
        let (ada, code) = sent(&world).await;
        for _ in 0..5 {
            types(&ada, &other(&code)).await;
        }
        world.clock.move_ms(15 * MINUTE);
        for _ in 0..4 {
            types(&ada, &other(&code)).await.refused("code_wrong");
        }
        let locked = types(&ada, &other(&code)).await;
        locked.refused("code_locked");
        assert_eq!(locked.retry_after(), 60 * 60);
    }
}

/// Whoever asks many times at once is told no more than whoever asks one after another.
#[tokio::test(flavor = "multi_thread")]
async fn codes_guessed_in_parallel_are_five_at_most() {
    for world in worlds().await {
        let (ada, code) = sent(&world).await;
        let wrong = other(&code);
        let guesses = (0..20).map(|_| types(&ada, &wrong));
        let answers = futures_util::future::join_all(guesses).await;
        let mut left: Vec<i64> = answers
            .iter()
            .filter(|a| a.value()["code"] == "code_wrong")
            .map(|a| a.value()["remaining"].as_i64().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, [1, 2, 3, 4]);
        let locked = answers.iter().filter(|a| a.status == 429).count();
        assert_eq!(locked, 16);
        types(&ada, &code).await.refused("code_locked");
    }
}

#[tokio::test]
async fn a_code_ends_and_then_right_and_wrong_are_the_same() {
    for world in worlds().await {
        let (ada, code) = sent(&world).await;
        let number = json!({ "number": "+33612345678" });
        ada.post("/phone", number).await.is(202);
        let by_sms = world.code(&ada.id, CodePurpose::Phone).await;
        world.clock.move_ms(10 * MINUTE + 1);
        let right = ada.post("/phone/confirm", json!({ "code": by_sms })).await;
        right.refused("code_expired");
        let body = json!({ "code": other(&by_sms) });
        let wrong = ada.post("/phone/confirm", body).await;
        assert_eq!(right.seen(), wrong.seen());
        world.clock.move_ms(24 * HOUR);
        types(&ada, &code).await.refused("code_expired");
    }
}

#[tokio::test]
async fn a_code_that_was_never_sent_is_like_one_that_has_ended() {
    for world in worlds().await {
        let (ada, code) = sent(&world).await;
        let eve = world.applicant().await;
        let never = types(&eve, &code).await;
        never.refused("code_expired");
        world.clock.move_ms(24 * HOUR + 1);
        assert_eq!(types(&ada, &code).await.seen(), never.seen());
    }
}

#[tokio::test]
async fn a_code_is_sent_again_only_so_often() {
    for world in worlds().await {
        let (ada, first) = sent(&world).await;
        let body = json!({ "address": "ada@example.org" });
        let soon = ada.post("/email", body.clone()).await;
        soon.refused("resend_too_soon");
        assert_eq!(soon.retry_after(), 30);
        for _ in 0..4 {
            world.clock.move_ms(30_000);
            ada.post("/email", body.clone()).await.is(202);
        }
        assert_eq!(world.code(&ada.id, CodePurpose::Email).await, first);
        world.clock.move_ms(30_000);
        ada.post("/email", body.clone())
            .await
            .refused("resend_limit");
        let elsewhere = json!({ "address": "eve@example.org" });
        ada.post("/email", elsewhere).await.refused("resend_limit");
        let sent = "SELECT id FROM messages WHERE case_id = $1 AND template = 'email_code'";
        assert_eq!(world.texts(sent, ada.id.as_str()).await.len(), 5);
        world.clock.move_ms(HOUR);
        ada.post("/email", body).await.is(202);
    }
}

#[tokio::test]
async fn a_code_proves_the_address_it_went_to_and_no_other() {
    for world in worlds().await {
        let (ada, first) = sent(&world).await;
        world.clock.move_ms(30_000);
        let body = json!({ "address": "other@example.org" });
        ada.post("/email", body).await.is(202);
        let second = world.code(&ada.id, CodePurpose::Email).await;
        assert_ne!(first, second);
        types(&ada, &first).await.refused("code_wrong");
        types(&ada, &second).await.is(200);
        let case = world.case(&ada.id).await;
        assert_eq!(case.email.as_deref(), Some("other@example.org"));
        // The button pressed twice is no mistake; another code is.
        types(&ada, &second).await.is(200);
        types(&ada, &first).await.refused("code_expired");
    }
}

#[tokio::test]
async fn what_is_no_code_costs_no_guess() {
    for world in worlds().await {
        let (ada, code) = sent(&world).await;
        for typed in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            types(&ada, typed).await.wrong("/code", "not_six_digits");
        }
        let number = ada.post("/email/confirm", json!({ "code": 123_456 })).await;
        number.wrong("/code", "not_accepted");
        let problem = types(&ada, &other(&code)).await.refused("code_wrong");
        assert_eq!(problem["remaining"], 4);
    }
}

#[tokio::test]
async fn addresses_that_no_message_reaches_are_refused() {
    for world in worlds().await {
        let ada = world.applicant().await;
        for bad in [
            "",
            "ada",
            "ada@localhost",
            "a@b.org\r\nBcc: eve@example.org",
            "a@b.org\u{0}",
        ] {
            let answer = ada.post("/email", json!({ "address": bad })).await;
            answer.wrong("/address", "not_an_address");
        }
        for bad in ["", "12", "+33 6 12 34 56 78 99 11 22", "+33612\u{0}345678"] {
            let answer = ada.post("/phone", json!({ "number": bad })).await;
            answer.wrong("/number", "not_a_number");
        }
        assert_eq!(ada.get("").await.is(200)["email"], Value::Null);
    }
}

#[tokio::test]
async fn the_code_of_a_letter_is_locked_like_any_other() {
    for world in worlds().await {
        let ada = world.applicant().await.submitted().await;
        let steps = [
            Step::ProcessingStarted { attempt: 1 },
            Step::Accepted { by_human: false },
        ];
        world.steps(&ada.id, &steps).await;
        world.send_letter(&ada.id, ELECTRONIC).await;
        let code = world.code(&ada.id, CodePurpose::Activation).await;
        let types = async |code: &str| ada.post("/activation", json!({ "code": code })).await;
        for _ in 0..4 {
            types(&other(&code)).await.refused("code_wrong");
        }
        types(&other(&code)).await.refused("code_locked");
        let right = types(&code).await;
        right.refused("code_locked");
        assert_eq!(right.seen(), types(&other(&code)).await.seen());
        assert_eq!(ada.stands().await.0, "letter_sent");
    }
}
