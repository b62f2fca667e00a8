//! The registered letter and the code it carries.

use idproof_domain::case::Step;
use idproof_domain::confirm::CodePurpose;
use idproof_domain::letter::LetterStep;
use serde_json::{Value, json};

use crate::common::{ALL_SCOPES, Applicant, ELECTRONIC, HOUR, World, worlds, worlds_with};

/// Accepted by a machine; the letter has left.
async fn with_letter<'a>(world: &'a World, provider: &str) -> Applicant<'a> {
    let ada = world.applicant().await.submitted().await;
    let steps = [
        Step::ProcessingStarted { attempt: 1 },
        Step::Accepted { by_human: false },
    ];
    world.steps(&ada.id, &steps).await;
    world.send_letter(&ada.id, provider).await;
    ada
}

/// The notice has left, so that the fifteen days run.
async fn notified(world: &World, applicant: &Applicant<'_>) {
    let mut tx = world.database.begin().await.unwrap();
    let mut letter = tx.letter_of(&applicant.id).await.unwrap().unwrap();
    let step = letter.letter.step(
        LetterStep::Notify,
        letter.letter.deposited_at(),
        &world.calendar,
    );
    letter.letter = step.unwrap().0;
    tx.save_letter(&letter).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_letter_is_accepted_read_and_answered_with_its_code() {
    for world in worlds().await {
        let ada = with_letter(&world, ELECTRONIC).await;
        assert_eq!(
            ada.stands().await,
            ("letter_sent".into(), "open_letter".into())
        );
        let sealed = ada.get("/letter").await.is(200);
        assert_eq!(sealed["state"], "deposited");
        assert_eq!(sealed["electronic"], true);
        assert_eq!(sealed.get("sender"), None);
        ada.get("/letter.pdf").await.refused("letter_not_opened");

        let opened = ada.act("/letter/accept").await.is(200);
        assert_eq!(opened["state"], "accepted");
        assert_eq!(opened["sender"], "idproof");
        let code = world.code(&ada.id, CodePurpose::Activation).await;
        assert_eq!(opened["activation_code"], code);
        assert_eq!(
            ada.stands().await,
            ("letter_opened".into(), "enter_code".into())
        );
        assert_eq!(ada.act("/letter/accept").await.is(200), opened);
        ada.act("/letter/refuse").await.refused("invalid_state");
        let pdf = ada.get("/letter.pdf").await;
        assert_eq!(pdf.status, 200);
        assert_eq!(pdf.header("content-type"), Some("application/pdf"));
        assert_eq!(
            pdf.header("content-disposition"),
            Some("attachment; filename=\"letter.pdf\"")
        );
        assert!(String::from_utf8(pdf.body).unwrap().contains("Lovelace"));
        let stored = world.database.letter_of(&ada.id).await.unwrap().unwrap();
        let proofs = world.database.proofs_of(&stored.id).await.unwrap();
        assert_eq!(proofs.len(), 1);

        let entered = ada
            .post("/activation", json!({ "code": code }))
            .await
            .is(200);
        assert_eq!(entered["state"], "activated");
        let again = ada.post("/activation", json!({ "code": code })).await;
        again.refused("invalid_state");
        let after = ada.act("/letter/accept").await.is(200);
        assert_eq!(after["activation_code"], Value::Null);
    }
}

#[tokio::test]
async fn a_letter_that_is_refused_ends_the_case() {
    for world in worlds().await {
        let ada = with_letter(&world, ELECTRONIC).await;
        assert_eq!(ada.act("/letter/refuse").await.is(200)["state"], "refused");
        assert_eq!(ada.stands().await, ("expired".into(), "nothing".into()));
        ada.act("/letter/refuse").await.refused("invalid_state");
        ada.act("/letter/accept").await.refused("invalid_state");
        ada.get("/letter.pdf").await.refused("letter_not_opened");
        let code = world.code(&ada.id, CodePurpose::Activation).await;
        let entered = ada.post("/activation", json!({ "code": code })).await;
        entered.refused("invalid_state");
    }
}

#[tokio::test]
async fn the_code_of_an_opened_letter_goes_by_sms_only_where_that_is_configured() {
    for by_sms in [false, true] {
        for world in worlds_with(|settings| settings.code_by_sms = by_sms).await {
            let ada = with_letter(&world, ELECTRONIC).await;
            let sql = "SELECT id FROM messages WHERE template = 'sms_letter_code' AND case_id = $1";
            assert!(world.texts(sql, ada.id.as_str()).await.is_empty());
            ada.act("/letter/accept").await.is(200);
            ada.act("/letter/accept").await.is(200);
            let sent = world.texts(sql, ada.id.as_str()).await;
            assert_eq!(sent.len(), usize::from(by_sms));
        }
    }
}

#[tokio::test]
async fn a_letter_is_not_accepted_after_its_fifteen_days() {
    for world in worlds().await {
        let ada = with_letter(&world, ELECTRONIC).await;
        notified(&world, &ada).await;
        let until = world.database.letter_of(&ada.id).await.unwrap().unwrap();
        world.clock.set(until.letter.accept_until());
        let late = with_letter(&world, ELECTRONIC).await;
        notified(&world, &late).await;
        ada.act("/letter/accept").await.is(200);
        let until = world.database.letter_of(&late.id).await.unwrap().unwrap();
        world.clock.set(until.letter.accept_until() + 1);
        late.act("/letter/accept").await.refused("letter_late");
        late.act("/letter/refuse").await.refused("letter_late");
    }
}

#[tokio::test]
async fn a_letter_on_paper_is_not_opened_here_but_its_code_is_taken() {
    for world in worlds().await {
        let ada = with_letter(&world, "paper").await;
        assert_eq!(ada.get("/letter").await.is(200)["electronic"], false);
        ada.act("/letter/accept").await.refused("letter_elsewhere");
        ada.act("/letter/refuse").await.refused("letter_elsewhere");
        ada.get("/letter.pdf").await.refused("letter_elsewhere");
        let code = world.code(&ada.id, CodePurpose::Activation).await;
        world.clock.move_ms(21 * 24 * HOUR + 1);
        let late = ada.post("/activation", json!({ "code": code })).await;
        late.refused("code_expired");
        world.clock.move_ms(-1);
        let entered = ada.post("/activation", json!({ "code": code })).await;
        assert_eq!(entered.is(200)["state"], "activated");
    }
}

/// The code proves that the applicant received the letter; whoever opened the case for them must
/// not be able to read it.
#[tokio::test]
async fn an_integrator_does_not_read_the_letters_of_its_cases() {
    for world in worlds().await {
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        let body = json!({ "language": "en" });
        let opened = key.post("/v1/cases", body).await.is(201);
        let ada = world.holder_of(&opened).submitted().await;
        let steps = [
            Step::ProcessingStarted { attempt: 1 },
            Step::Accepted { by_human: false },
        ];
        world.steps(&ada.id, &steps).await;
        world.send_letter(&ada.id, ELECTRONIC).await;
        key.act(&ada.path("/letter/accept"))
            .await
            .refused("unauthorized");
        key.act(&ada.path("/letter/refuse"))
            .await
            .refused("unauthorized");
        ada.act("/letter/accept").await.is(200);
        key.get(&ada.path("/letter.pdf"))
            .await
            .refused("unauthorized");
        let seen = key.get(&ada.path("/letter")).await.is(200);
        assert_eq!(seen.get("activation_code"), None);
    }
}
