//! Cases are judged by the version in force, and a shadow beside it changes nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use std::sync::Arc;

use idproof_database::{
    Case, Database, DatabaseConfig, DecisionOutcome, NewCase, PolicyState, PolicyVersion, Role,
    ScoresFilter, Staff,
};
use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::case::{Actor, CaseState};
use idproof_domain::ids::{CaseId, OrganisationId, PolicyId, StaffId};
use idproof_domain::replay::{Fate, judge};
use idproof_domain::{Evidence, Language, Policy, ReviewMode, Rules, decide};
use idproof_ports::{MediaDecoder, Random};
use idproof_test_support::{MovedClock, Postgres, SeededRandom};
use idproof_vault::{
    DirectoryConfig, KeyPlace, KeysConfig, RootSource, StoreConfig, Vault, VaultConfig,
};
use idproof_wire::PolicyReport;
use idproof_worker::{Analysers, Analysis, Marks, Media, Shown};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use super::outcome::{Found, outcome_of, weigh};
use super::{Context, Judgement, Process, Tools};
use crate::tally::Tally;

#[path = "../../../domain/tests/common/random.rs"]
mod random;

const START: i64 = 1_773_135_000_000;
const RULES: Rules = Rules {
    mode: ReviewMode::Borderline,
    most_attempts: 2,
};

/// Nothing is analysed here.
struct NoTools;

impl Tools for NoTools {
    fn decoder(&self) -> &dyn MediaDecoder {
        unreachable!("nothing is decoded")
    }

    fn analysers(&self) -> &Analysers {
        unreachable!("nothing is analysed")
    }
}

struct World {
    process: Process,
    database: Database,
    clock: Arc<MovedClock>,
    operator: StaffId,
    organisation: OrganisationId,
    _dir: tempfile::TempDir,
}

async fn world(url: Option<String>) -> World {
    let dir = tempfile::tempdir().unwrap();
    let url = url.unwrap_or_else(|| format!("sqlite:{}", dir.path().join("idproof.db").display()));
    let database = Database::open(&DatabaseConfig {
        url,
        connections: 5,
    })
    .await
    .unwrap();
    database.migrate().await.unwrap();
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
    let vault = VaultConfig {
        store: StoreConfig::Local(DirectoryConfig {
            dir: dir.path().join("media"),
        }),
        keys: KeysConfig {
            place: KeyPlace::Directory(DirectoryConfig {
                dir: dir.path().join("keys"),
            }),
            root: RootSource::File(dir.path().join("root.key")),
            also: vec![],
        },
        ..VaultConfig::default()
    };
    Vault::initialise(&vault, Arc::clone(&random))
        .await
        .unwrap();
    let vault = Vault::open(&vault, Arc::clone(&random)).await.unwrap();
    let clock = Arc::new(MovedClock::at(START));
    let context = Context {
        database: database.clone(),
        clock: clock.clone(),
        random,
        tally: Arc::new(Tally::default()),
        bell: Arc::new(Notify::new()),
    };
    let judgement = Judgement {
        policy: Policy::parse(Policy::DEFAULT_TEXT).unwrap(),
        policy_report: PolicyReport {
            version: "configured".into(),
            sha256: "00".into(),
        },
        rules: RULES,
        calendar: Calendar::new("Europe/Paris", Holidays::default()).unwrap(),
        file_bytes: 1 << 20,
    };
    let operator = StaffId::new(START, context.id_bytes());
    let mut tx = database.begin().await.unwrap();
    tx.insert_staff(&Staff {
        id: operator.clone(),
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
        created_at: START,
        issued_by: "system".into(),
        disabled_at: None,
        last_sign_in_at: None,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let organisation = database.own_organisation(START).await.unwrap();
    World {
        process: Process::new(context, vault, Arc::new(NoTools), judgement, 3, 1),
        database,
        clock,
        operator,
        organisation,
        _dir: dir,
    }
}

async fn worlds() -> Vec<World> {
    static SERVER: std::sync::OnceLock<Postgres> = std::sync::OnceLock::new();
    let postgres = SERVER.get_or_init(Postgres::start).database().await;
    vec![world(None).await, world(Some(postgres)).await]
}

impl World {
    fn now(&self) -> i64 {
        self.process.context.now()
    }

    async fn draft(&self, text: &str, organisation: Option<&OrganisationId>) -> PolicyVersion {
        let now = self.now();
        let version = PolicyVersion {
            id: PolicyId::new(now, self.process.context.id_bytes()),
            name: Policy::parse(text).map_or_else(|_| format!("v{now}"), |p| p.version().into()),
            organisation: organisation.cloned(),
            text: Some(text.to_owned()),
            sha256: format!("{:x}", Sha256::digest(text.as_bytes())),
            reason: "a test".into(),
            claims: serde_json::json!([]),
            rolls_back_to: None,
            author: self.operator.clone(),
            created_at: now,
            state: PolicyState::Drafted,
            starts_at: None,
            approved_by: None,
            approved_at: None,
            withdrawn_by: None,
            withdrawn_at: None,
            withdrawn_reason: None,
            shadow_since: None,
        };
        let mut tx = self.database.begin().await.unwrap();
        tx.insert_policy(&version).await.unwrap();
        tx.commit().await.unwrap();
        version
    }

    async fn approve(&self, version: &PolicyVersion) {
        let mut tx = self.database.begin().await.unwrap();
        let done = tx.approve_policy(&version.id, &self.operator, self.now());
        assert!(done.await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn shadow(&self, version: &PolicyVersion) {
        let mut tx = self.database.begin().await.unwrap();
        tx.set_shadow(version, Some(self.now())).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A case whose analysis is under way.
    async fn case(&self) -> Case {
        let now = self.now();
        let id = CaseId::new(now, self.process.context.id_bytes());
        let mut tx = self.database.begin().await.unwrap();
        let new = NewCase {
            number: id.as_str()[20..].to_owned(),
            id,
            organisation: self.organisation.clone(),
            reference: None,
            language: Language::Fr,
            sandbox: false,
            sandbox_outcome: None,
            now_ms: now,
        };
        let mut case = tx.insert_case(new, &Actor::Applicant).await.unwrap();
        case.state = CaseState::Processing;
        tx.save_case(&mut case).await.unwrap();
        tx.commit().await.unwrap();
        case
    }

    /// Gives the case the verdict that this evidence leads to, as the job does.
    async fn conclude(&self, case: &Case, evidence: Evidence) {
        let analysis = Analysis {
            evidence,
            models: vec![],
            timings: vec![],
            media: Media::default(),
            shown: Shown::default(),
            marks: Marks::default(),
            pictures: vec![],
        };
        let judges = self.process.judges(case).await.unwrap();
        let by = &judges.active.policy;
        let found = Found::judged(Ok(analysis), by, case.attempt, None, RULES);
        let tx = self.process.conclude(case, found, judges).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn expected(evidence: &Evidence, policy: &Policy) -> DecisionOutcome {
    outcome_of(&weigh(&decide(evidence, policy), 1, None, RULES))
}

/// 1,000 cases of every kind beside 20 shadows: what happens to each is what the policy in force says,
/// what the shadow would have done is noted, and judged again from what is kept it is the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_never_changes_an_outcome() {
    let world = world(None).await;
    let active = random::policy(0);
    let version = world.draft(&random::policy_text(0), None).await;
    world.approve(&version).await;
    let mut differ = 0;
    for seed in 0..1_000_u64 {
        world.clock.move_ms(1_000);
        let shadow = random::policy(1 + seed / 50);
        if seed % 50 == 0 {
            let text = random::policy_text(1 + seed / 50);
            world.shadow(&world.draft(&text, None).await).await;
        }
        let evidence = random::evidence(seed, seed % 2 == 0);
        let (outcome, would) = (expected(&evidence, &active), expected(&evidence, &shadow));
        differ += u32::from(outcome != would);
        let case = world.case().await;
        world.conclude(&case, evidence).await;
        let decisions = world.database.decisions_of(&case.id).await.unwrap();
        assert_eq!(decisions[0].outcome, outcome, "{seed}");
        assert_eq!(decisions[0].policy_version, version.name);
        let newest = ScoresFilter {
            limit: 1,
            ..ScoresFilter::default()
        };
        let kept = world.database.case_scores(&newest).await.unwrap().remove(0);
        assert_eq!((&kept.case, kept.outcome), (&case.id, outcome));
        assert_eq!(kept.shadow.as_ref().unwrap().1, would, "{seed}");
        let opened = kept.scores().unwrap().open().unwrap();
        let (again, _) = judge(&opened, &active, &kept.circumstances());
        assert_eq!(again.as_str(), outcome.as_str(), "{seed}");
    }
    assert!(
        differ > 100,
        "only {differ} of the shadows' outcomes differ"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_judged_by_the_latest_version_that_started_or_by_the_configured_policy() {
    for world in worlds().await {
        let judged_by = async || {
            world.clock.move_ms(1);
            let case = world.case().await;
            world.conclude(&case, random::evidence(1, false)).await;
            let decisions = world.database.decisions_of(&case.id).await.unwrap();
            decisions[0].policy_version.clone()
        };
        assert_eq!(judged_by().await, "configured");
        let first = world.draft(&random::policy_text(1), None).await;
        assert_eq!(judged_by().await, "configured", "nobody approved it");
        world.approve(&first).await;
        assert_eq!(judged_by().await, "drawn 1");
        // Planned: from then on.
        let mut later = world.draft(&random::policy_text(2), None).await;
        later.starts_at = Some(world.now() + 60_000);
        let plan = "UPDATE policy_versions SET starts_at = $1 WHERE id = $2";
        let plan = sqlx::query(plan)
            .bind(later.starts_at)
            .bind(later.id.as_str());
        plan.execute(world.database.pool()).await.unwrap();
        world.approve(&later).await;
        assert_eq!(judged_by().await, "drawn 1");
        world.clock.move_ms(60_000);
        assert_eq!(judged_by().await, "drawn 2");
        // The organisation's own goes before, that of another is nothing to it.
        let other = OrganisationId::new(1, [9; 10]);
        let make =
            "INSERT INTO organisations (id, name, settings, created_at) VALUES ($1, 'x', '{}', 0)";
        let make = sqlx::query(make).bind(other.as_str());
        make.execute(world.database.pool()).await.unwrap();
        world
            .approve(&world.draft(&random::policy_text(3), Some(&other)).await)
            .await;
        assert_eq!(judged_by().await, "drawn 2");
        let own = world
            .draft(&random::policy_text(4), Some(&world.organisation))
            .await;
        world.approve(&own).await;
        assert_eq!(judged_by().await, "drawn 4");
        world.clock.move_ms(1);
        world
            .approve(&world.draft(&random::policy_text(5), None).await)
            .await;
        assert_eq!(judged_by().await, "drawn 4", "still its own");
    }
}

/// As after a program was replaced by one that knows more checks: no other policy takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_waits_where_the_policy_in_force_cannot_be_used() {
    for world in worlds().await {
        let broken = world.draft("version = '9'\n[checks]\n", None).await;
        world.shadow(&broken).await;
        let case = world.case().await;
        assert!(
            world.process.judges(&case).await.is_ok(),
            "a shadow holds up nothing"
        );
        world.approve(&broken).await;
        assert!(world.process.judges(&case).await.is_err());
    }
}

#[test]
fn every_fate_is_an_outcome() {
    for fate in Fate::ALL {
        assert!(fate.as_str().parse::<DecisionOutcome>().is_ok());
    }
}
