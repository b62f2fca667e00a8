//! `idproof policy replay`: what a proposed policy would do, for those who keep policies in git.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;
#[path = "../../pipeline/domain/tests/common/mod.rs"]
mod example;
#[path = "../../pipeline/domain/tests/common/random.rs"]
mod random;

use std::path::Path;
use std::process::Command;

use common::program;
use idproof_database::{CaseScores, Database, DatabaseConfig, DecisionOutcome, NewCase};
use idproof_domain::case::Actor;
use idproof_domain::ids::CaseId;
use idproof_domain::replay::{Circumstances, judge};
use idproof_domain::scores::Scores;
use idproof_domain::{Language, Policy, ReviewMode, Rules};
use serde_json::{Value, json};

const RULES: Rules = Rules {
    mode: ReviewMode::Borderline,
    most_attempts: 3,
};
const CASES: u64 = 60;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("idproof.db").display())
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(program())
            .args(arguments)
            .env("IDPROOF_DATABASE_URL", self.url())
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

/// Keeps cases as the worker does, and tells how many were accepted.
async fn fill(url: String) -> u64 {
    let config = DatabaseConfig {
        url,
        connections: 2,
    };
    let database = Database::open(&config).await.unwrap();
    database.migrate().await.unwrap();
    let organisation = database.own_organisation(0).await.unwrap();
    let policy = Policy::parse(Policy::DEFAULT_TEXT).unwrap();
    let mut accepted = 0;
    let mut tx = database.begin().await.unwrap();
    for n in 0..CASES {
        let at = 1_795_867_200_000 + i64::try_from(n).unwrap();
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&n.to_be_bytes());
        let case = CaseId::new(at, bytes);
        let evidence = match n % 3 {
            0 => example::good(),
            drawn => random::evidence(n, drawn == 1),
        };
        let scores = Scores::of(&evidence, &policy);
        let under = Circumstances {
            attempt: 1,
            person: false,
            rules: RULES,
        };
        let fate = judge(&scores.open().unwrap(), &policy, &under).0.as_str();
        accepted += u64::from(fate == "accept");
        let new = NewCase {
            id: case.clone(),
            number: n.to_string(),
            organisation: organisation.clone(),
            reference: None,
            language: Language::Fr,
            sandbox: false,
            sandbox_outcome: None,
            now_ms: at,
        };
        tx.insert_case(new, &Actor::System).await.unwrap();
        tx.insert_case_scores(&CaseScores {
            case,
            attempt: 1,
            organisation: organisation.clone(),
            at,
            policy_version: policy.version().to_owned(),
            policy_sha256: "00".into(),
            outcome: fate.parse::<DecisionOutcome>().unwrap(),
            person: false,
            rules: RULES,
            scores: CaseScores::text_of(&scores).unwrap(),
            shadow: None,
        })
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
    database.close().await;
    accepted
}

fn filled(place: &Place) -> u64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(fill(place.url()))
}

fn proposed() -> String {
    let text = Policy::DEFAULT_TEXT.replace("version = \"2026-11-1\"", "version = \"stricter\"");
    text.replace("liveness_accept = 0.6", "liveness_accept = 0.99")
}

#[test]
fn stored_cases_are_judged_by_a_proposed_policy_from_the_database_or_from_a_file() {
    let place = Place::new();
    let accepted = filled(&place);
    assert!(accepted >= CASES / 3);
    let policy = place.write("new.toml", &proposed());
    let json = |arguments: &[&str]| -> Value {
        let (code, stdout, stderr) = place.run(arguments);
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_str(&stdout).unwrap()
    };
    let found = json(&["policy", "replay", "--policy", &policy, "--json"]);
    assert_eq!(
        (&found["name"], &found["cases"]),
        (&json!("stricter"), &json!(CASES))
    );
    assert_eq!(found["before"]["accept"]["count"], accepted);
    assert_eq!(found["after"]["accept"]["count"], 0);
    // Of the drawn cases some that were no acceptances may change side as well.
    assert!(found["changed"].as_u64() >= Some(accepted), "{found}");
    let first = &found["cases_that_change"][0];
    assert_eq!(
        (&first["from"], &first["to"]),
        (&json!("accept"), &json!("review"))
    );
    assert_eq!(first["by"][0]["check"], "liveness");
    assert_eq!(found["diff"].as_array().unwrap().len(), 1);
    let few = json(&[
        "policy", "replay", "--policy", &policy, "--cases", "7", "--json",
    ]);
    assert_eq!(few["cases"], 7);
    // The same from the lines of a file, and no name or date in them.
    let (code, lines, _) = place.run(&["policy", "scores"]);
    assert_eq!((code, lines.lines().count() as u64), (Some(0), CASES));
    let file = place.write("scores.jsonl", &lines);
    let again = json(&[
        "policy", "replay", "--policy", &policy, "--scores", &file, "--json",
    ]);
    for key in ["cases", "before", "after", "moves", "cases_that_change"] {
        assert_eq!(again[key], found[key], "{key}");
    }
    let (code, table, _) = place.run(&["policy", "replay", "--policy", &policy]);
    assert_eq!(code, Some(0));
    for line in [
        "stricter",
        "60 cases",
        "thresholds.liveness_accept: 0.6 -> 0.99",
        "cases change side",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
}

/// 4,000 attacks, 30 or 29 of which pass.
fn labelled(place: &Place, passing: usize) -> String {
    let mut items: Vec<Value> = (0..4000)
        .map(|i| json!({ "label": "attack", "score": if i < passing { 0.95 } else { 0.1 } }))
        .collect();
    items.extend((0..50).map(|_| json!({ "label": "bona_fide", "score": 0.97 })));
    let set = json!({
        "format": "idproof-labelled-1", "name": "attacks", "check": "liveness",
        "kind": "presentation_attack", "items": items,
    });
    place.write(&format!("{passing}.json"), &set.to_string())
}

#[test]
fn a_claim_that_labelled_scores_do_not_carry_fails_the_command() {
    let place = Place::new();
    let policy = place.write("new.toml", Policy::DEFAULT_TEXT);
    let empty = place.write("none.jsonl", "");
    let run = |set: &str, claim: &str| {
        let arguments = [
            "policy",
            "replay",
            "--policy",
            &policy,
            "--scores",
            &empty,
            "--labelled",
            set,
            "--claim",
            claim,
        ];
        place.run(&arguments)
    };
    let (few, enough) = (labelled(&place, 29), labelled(&place, 30));
    let (code, stdout, _) = run(&enough, "apcer=0.02");
    assert_eq!(code, Some(0), "{stdout}");
    assert!(
        stdout.contains("claim apcer <= 0.02 on attacks: supported"),
        "{stdout}"
    );
    for (set, claim, why) in [
        (&few, "apcer=0.02", "unsupported: too_few_errors"),
        (&enough, "apcer=0.004", "interval_too_wide"),
        (&enough, "apcer=0.009", "unsupported: not_shown"),
    ] {
        let (code, stdout, _) = run(set, claim);
        assert_eq!(code, Some(1), "{stdout}");
        assert!(stdout.contains(why), "{stdout}");
    }
    for claim in ["fmr=0.1", "apcer", "apcer=2", "speed=0.1"] {
        assert_eq!(run(&enough, claim).0, Some(2), "{claim}");
    }
}

#[test]
fn what_cannot_be_replayed_is_refused_with_its_place() {
    let place = Place::new();
    let good = place.write("new.toml", Policy::DEFAULT_TEXT);
    let bad = place.write("bad.toml", "version = '1'\n[checks]\n");
    let lines = place.write("lines.jsonl", "\n{\"case\": 1}\n");
    let set = place.write("set.json", "{}");
    let empty = place.write("none.jsonl", "");
    for (arguments, said) in [
        (vec!["--policy", &bad, "--scores", &empty], "bad.toml"),
        (
            vec!["--policy", &good, "--scores", &lines],
            "lines.jsonl, line 2",
        ),
        (vec!["--policy", &good, "--scores", "nowhere"], "nowhere"),
        (
            vec!["--policy", &good, "--scores", &empty, "--labelled", &set],
            "set.json",
        ),
        (
            vec!["--policy", &good, "--organisation", "x"],
            "--organisation",
        ),
    ] {
        let (code, _, stderr) = place.run(&[&["policy", "replay"], &arguments[..]].concat());
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    assert!(Path::new(&good).exists());
}
