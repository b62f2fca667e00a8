//! What moved is told once, wherever it moved; what did not move is not told. On SQLite and PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

#[path = "../../domain/tests/common/random.rs"]
mod random;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{DAY, HOUR, World, worlds};
use idproof_database::{CaseScores, DecisionOutcome, Event, NewCase, Organisation};
use idproof_domain::case::Actor;
use idproof_domain::evidence::Liveness;
use idproof_domain::ids::{CaseId, OrganisationId};
use idproof_domain::scores::Scores;
use idproof_domain::{Language, Measured, Policy, ReviewMode, Rules};
use idproof_jobs::{Drift, Reconciler};
use idproof_ports::Clock;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde_json::json;

fn shipped() -> Policy {
    Policy::parse(Policy::DEFAULT_TEXT).unwrap()
}

async fn organisation(world: &World, name: &str) -> OrganisationId {
    let now = world.clock.now_ms();
    let id = OrganisationId::new(now, world.context.id_bytes());
    let mut tx = world.database().begin().await.unwrap();
    let new = Organisation {
        id: id.clone(),
        name: name.into(),
        created_at: now,
    };
    tx.insert_organisation(&new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Judged cases of an organisation whose liveness lies in `low..low + 0.3`, the last one at `until`, a second apart.
async fn judged(world: &World, of: &OrganisationId, until: i64, cases: i64, low: f64) {
    let mut lot = random::Lot::new(u64::try_from(until % 1_000_003).unwrap());
    let mut tx = world.database().begin().await.unwrap();
    for i in 0..cases {
        let at = until - i * 1_000;
        let mut evidence = random::evidence(u64::try_from(i).unwrap(), false);
        evidence.liveness = Measured::Value(Liveness {
            scores: vec![low + lot.share() * 0.3],
        });
        let id = CaseId::new(at, world.context.id_bytes());
        tx.insert_case(
            NewCase {
                number: id.as_str()[15..].to_owned(),
                id: id.clone(),
                organisation: of.clone(),
                reference: None,
                language: Language::Fr,
                sandbox: false,
                sandbox_outcome: None,
                now_ms: at,
            },
            &Actor::Applicant,
        )
        .await
        .unwrap();
        tx.insert_case_scores(&CaseScores {
            case: id,
            attempt: 1,
            organisation: of.clone(),
            at,
            policy_version: "1".into(),
            policy_sha256: "00".into(),
            outcome: DecisionOutcome::Accept,
            person: false,
            rules: Rules {
                mode: ReviewMode::Borderline,
                most_attempts: 3,
            },
            scores: CaseScores::text_of(&Scores::of(&evidence, &shipped())).unwrap(),
            shadow: None,
        })
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
}

/// Events of drift, oldest first.
async fn told(world: &World) -> Vec<Event> {
    let mut all = Vec::new();
    for kind in ["drift_alarm", "drift_ended"] {
        let found = world.database().events_before(None, Some(kind), None, 200);
        all.extend(found.await.unwrap());
    }
    all.sort_by_key(|event| event.seq);
    all
}

fn kinds(events: &[Event]) -> Vec<(&str, &str)> {
    let of = |e: &Event| match e.data["organisation"].is_null() {
        true => "everybody",
        false => "one",
    };
    events.iter().map(|e| (e.kind.as_str(), of(e))).collect()
}

/// The value of a metric for the check of liveness.
fn metric(world: &World, name: &str) -> f64 {
    let mut registry = Registry::default();
    world.context.tally.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let start = format!("{name}{{check=\"liveness\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {start} in {text}"))
        .parse()
        .unwrap()
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One run and the lines that it logged.
async fn run(drift: &Drift) -> Vec<String> {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::WARN)
        .with_writer(move || writer.clone())
        .finish();
    // The runtime of a test has one thread: what is set here hears the whole run.
    let guard = tracing::subscriber::set_default(subscriber);
    assert_eq!(drift.run().await.unwrap(), 0);
    drop(guard);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_moved_is_told_once_and_again_when_it_is_over() {
    for world in worlds().await {
        let now = world.clock.now_ms();
        let own = world.database().own_organisation(now).await.unwrap();
        judged(&world, &own, now - 20 * DAY, 150, 0.65).await;
        judged(&world, &own, now - DAY, 150, 0.2).await;
        let drift = Drift::new(world.context.clone(), shipped());
        let lines = run(&drift).await;
        // Everybody's and the one organisation's, which are the same cases here.
        let of_liveness =
            |lines: &[String]| lines.iter().filter(|l| l.contains("liveness")).count();
        assert_eq!(of_liveness(&lines), 2, "{lines:?}");
        assert_eq!(lines.len(), 2, "nothing else moved: {lines:?}");
        let events = told(&world).await;
        assert_eq!(
            kinds(&events),
            [("drift_alarm", "everybody"), ("drift_alarm", "one")]
        );
        let data = &events[0].data;
        assert_eq!(
            (&data["check"], &data["recent"], &data["reference"]),
            (&json!("liveness"), &json!(150), &json!(150))
        );
        assert!(data["psi"].as_f64().unwrap() > 0.25);
        assert_eq!(events[0].actor, Actor::System);
        for name in ["score_drift_alarm", "score_drift_organisations"] {
            assert_eq!(metric(&world, name), 1.0, "{name}");
        }
        assert!(metric(&world, "score_drift") > 0.25);

        // Again and again, in this process and in another that starts anew: no second word, the metric stays.
        for _ in 0..3 {
            world.clock.move_ms(HOUR);
            assert_eq!(run(&drift).await, Vec::<String>::new());
        }
        let another = Drift::new(world.context.clone(), shipped());
        let (a, b) = tokio::join!(drift.run(), another.run());
        a.unwrap();
        b.unwrap();
        assert_eq!(told(&world).await.len(), 2);
        assert_eq!(metric(&world, "score_drift_alarm"), 1.0);

        // Four weeks on, what was new is what it is compared with.
        world.clock.move_ms(10 * DAY);
        let later = world.clock.now_ms();
        judged(&world, &own, later - DAY, 150, 0.2).await;
        world.clock.move_ms(14 * DAY);
        let later = world.clock.now_ms();
        judged(&world, &own, later - DAY, 150, 0.2).await;
        let lines = run(&drift).await;
        assert_eq!(of_liveness(&lines), 2, "{lines:?}");
        assert_eq!(
            kinds(&told(&world).await)[2..],
            [("drift_ended", "everybody"), ("drift_ended", "one")]
        );
        assert_eq!(metric(&world, "score_drift_alarm"), 0.0);
        assert_eq!(metric(&world, "score_drift_organisations"), 0.0);
        let report = world.database().verify_chain(None, |_| {}).await.unwrap();
        assert_eq!(report.fault, None);
    }
}

#[tokio::test]
async fn what_did_not_move_is_not_told_nor_what_is_too_few() {
    for world in worlds().await {
        let now = world.clock.now_ms();
        let own = world.database().own_organisation(now).await.unwrap();
        let drift = Drift::new(world.context.clone(), shipped());
        assert_eq!(run(&drift).await, Vec::<String>::new(), "no case at all");
        judged(&world, &own, now - 20 * DAY, 400, 0.5).await;
        judged(&world, &own, now - DAY, 99, 0.1).await;
        assert_eq!(run(&drift).await, Vec::<String>::new(), "99 are too few");
        assert_eq!(metric(&world, "score_drift"), 0.0, "they move every index");
        // As many of everybody's as before, where they were.
        judged(&world, &own, now - 2 * DAY, 1_200, 0.5).await;
        assert_eq!(run(&drift).await, Vec::<String>::new());
        assert_eq!(told(&world).await, []);
        assert_eq!(metric(&world, "score_drift_alarm"), 0.0);
        assert!(metric(&world, "score_drift") < 0.1);
    }
}

/// Two that move apart leave everybody's scores where they are.
#[tokio::test]
async fn one_organisation_that_moves_is_told_where_everybody_does_not() {
    for world in worlds().await {
        let now = world.clock.now_ms();
        let small = organisation(&world, "small").await;
        let large = organisation(&world, "large").await;
        judged(&world, &large, now - 20 * DAY, 900, 0.6).await;
        judged(&world, &large, now - 2 * DAY, 900, 0.6).await;
        judged(&world, &small, now - 21 * DAY, 120, 0.6).await;
        judged(&world, &small, now - 3 * DAY, 120, 0.25).await;
        let drift = Drift::new(world.context.clone(), shipped());
        let lines = run(&drift).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(small.as_str()), "{lines:?}");
        let events = told(&world).await;
        assert_eq!(kinds(&events), [("drift_alarm", "one")]);
        assert_eq!(events[0].data["organisation"], small.as_str());
        assert_eq!(metric(&world, "score_drift_alarm"), 0.0);
        assert_eq!(metric(&world, "score_drift_organisations"), 1.0);
        world.clock.move_ms(HOUR);
        assert_eq!(run(&drift).await, Vec::<String>::new());
    }
}
