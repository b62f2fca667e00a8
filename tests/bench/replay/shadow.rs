//! The judging step of a job with its writes, with and without a shadow beside the policy in force:
//! which policies apply, the decision, the transaction that writes decision, scores, event and step.

use std::time::Instant;

use idproof_database::notices::id_bytes;
use idproof_database::{
    Case, CaseScores, Database, Decision, DecisionOutcome, NewEvent, PolicyState, PolicyVersion,
    Role, Staff,
};
use idproof_domain::case::{Actor, CaseState, Step};
use idproof_domain::ids::{DecisionId, PolicyId, StaffId};
use idproof_domain::scores::Scores;
use idproof_domain::{Evidence, Policy, decide};
use idproof_test_support::SeededRandom;
use serde_json::json;

use crate::{NOW, RULES, bytes, cpu, middle, new_case, random, stored};

const CASES: u64 = 600;

pub async fn measure(database: &Database) {
    let (active, shadow) = (version(1, "active"), version(2, "shadow"));
    let mut tx = database.begin().await.expect("a transaction");
    tx.insert_staff(&staff()).await.expect("an account");
    for v in [&active, &shadow] {
        tx.insert_policy(v).await.expect("a version");
    }
    let by = staff().id;
    let approved = tx.approve_policy(&active.id, &by, NOW - 1);
    assert!(approved.await.expect("an approval"));
    tx.commit().await.expect("all of it");
    // Wall clock and processor: the clock tells little on a machine that does other things too.
    let (mut with, mut without) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for n in 0..CASES {
        let on = n % 2 == 0;
        let mut tx = database.begin().await.expect("a transaction");
        let since = on.then_some(NOW);
        tx.set_shadow(&shadow, since).await.expect("a shadow");
        tx.commit().await.expect("it");
        let evidence = random::evidence(1_000_000 + n, false);
        let case = case(database, n).await;
        let (began, used) = (Instant::now(), cpu());
        step(database, &case, &evidence, n).await;
        let kept = if on { &mut with } else { &mut without };
        kept.0.push(began.elapsed().as_secs_f64());
        kept.1.push(cpu() - used);
    }
    let ms = |all: &Vec<f64>| middle(all.clone()) * 1e3;
    for (what, without, with) in [
        ("clock", &without.0, &with.0),
        ("processor, this process", &without.1, &with.1),
    ] {
        println!(
            "| judging step with its writes, {} each, {what} | {:.3} ms without, {:.3} ms with a shadow: {:+.1} % | asked: at most 5 % |",
            CASES / 2,
            ms(without),
            ms(with),
            (ms(with) / ms(without) - 1.0) * 100.0
        );
    }
    let policy = Policy::parse(Policy::DEFAULT_TEXT).expect("the policy that ships");
    let all: Vec<Evidence> = (0..CASES).map(|n| random::evidence(n, false)).collect();
    let began = Instant::now();
    let failed = all
        .iter()
        .filter(|e| !decide(e, &policy).reasons.is_empty());
    let failed = failed.count();
    let each = began.elapsed().as_secs_f64() / CASES as f64;
    println!(
        "| a decision alone ({failed} of {CASES} with reasons) | {:.4} ms | |",
        each * 1e3
    );
}

fn staff() -> Staff {
    Staff {
        id: StaffId::new(1, bytes(1)),
        name: "olga".into(),
        display_name: "Olga".into(),
        roles: vec![Role::Operator],
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
    }
}

fn version(n: u64, name: &str) -> PolicyVersion {
    PolicyVersion {
        id: PolicyId::new(NOW, bytes(n)),
        name: name.to_owned(),
        organisation: None,
        text: Some(Policy::DEFAULT_TEXT.to_owned()),
        sha256: "00".into(),
        reason: "a benchmark".into(),
        claims: json!([]),
        rolls_back_to: None,
        author: staff().id,
        created_at: NOW,
        state: PolicyState::Drafted,
        starts_at: None,
        approved_by: None,
        approved_at: None,
        withdrawn_by: None,
        withdrawn_at: None,
        withdrawn_reason: None,
        shadow_since: None,
    }
}

/// A case whose analysis is under way.
async fn case(database: &Database, n: u64) -> Case {
    let policy = Policy::parse(Policy::DEFAULT_TEXT).expect("the policy that ships");
    let organisation = database.own_organisation(NOW).await.expect("the house");
    let mut new = new_case(&stored(9_000_000 + n, &organisation, &policy));
    new.now_ms = NOW;
    let mut tx = database.begin().await.expect("a transaction");
    let mut case = tx.insert_case(new, &Actor::System).await.expect("a case");
    case.state = CaseState::Processing;
    tx.save_case(&mut case).await.expect("its state");
    tx.commit().await.expect("it");
    case
}

/// As the handler of jobs does it, its policies read before.
async fn step(database: &Database, seen: &Case, evidence: &Evidence, n: u64) {
    let random = SeededRandom::new(n);
    let now = NOW;
    let in_force = database.policies_in_force(Some(&seen.organisation), now);
    let in_force = in_force.await.expect("the policies");
    let policy = PARSED.get_or_init(|| Policy::parse(Policy::DEFAULT_TEXT).expect("a policy"));
    let decision = decide(evidence, policy);
    let shadow = in_force.shadow.map(|version| {
        let would = decide(evidence, policy).outcome;
        (version.id, DecisionOutcome::from(would))
    });
    let mut tx = database.begin().await.expect("a transaction");
    let mut case = tx.case(&seen.id).await.expect("a case").expect("it");
    let name = in_force.active.expect("a policy");
    let checks: Vec<_> = decision
        .checks
        .iter()
        .map(|c| json!({ "check": c.name, "status": c.status, "score": c.score, "detail": c.detail }))
        .collect();
    let id = DecisionId::new(now, id_bytes(&random));
    tx.insert_decision(&Decision {
        id: id.clone(),
        case: case.id.clone(),
        attempt: 1,
        outcome: DecisionOutcome::Review,
        reasons: vec![],
        report: json!({ "checks": checks }),
        policy_version: name.name.clone(),
        policy_sha256: name.sha256.clone(),
        decided_by: "policy".into(),
        at: now,
    })
    .await
    .expect("a decision");
    let scores = Scores::of(evidence, policy);
    tx.insert_case_scores(&CaseScores {
        case: case.id.clone(),
        attempt: 1,
        organisation: case.organisation.clone(),
        at: now,
        policy_version: name.name,
        policy_sha256: name.sha256,
        outcome: DecisionOutcome::Review,
        person: false,
        rules: RULES,
        scores: CaseScores::text_of(&scores).expect("a text"),
        shadow,
    })
    .await
    .expect("its scores");
    tx.record(NewEvent {
        case: Some(case.id.clone()),
        at: now,
        kind: "decided".into(),
        actor: Actor::System,
        data: json!({ "decision": id }),
    });
    let reasons = vec!["face_uncertain".to_owned()];
    let step = Step::SentToReview { reasons };
    tx.step_and_tell(&mut case, &step, &Actor::System, now, &random)
        .await
        .expect("a step");
    tx.commit().await.expect("it");
}

static PARSED: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
