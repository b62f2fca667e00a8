use std::collections::BTreeMap;
use std::sync::Mutex;

use idproof_database::{Decision, DecisionOutcome, Role, Staff};
use idproof_domain::case::Step;
use idproof_domain::ids::{CaseId, DecisionId};
use idproof_http::{NewStaff, create_staff};
use idproof_ports::Clock;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Secret, TOTP};

use super::{Answer, Applicant, Caller, World};

pub const PASSWORD: &str = "a password of their own";

/// Somebody who works in the console, with a browser that keeps its cookie.
pub struct Colleague<'a> {
    pub world: &'a World,
    pub name: String,
    pub staff: Staff,
    pub caller: Caller,
    cookie: Mutex<Option<String>>,
    csrf: Mutex<String>,
    totp: Mutex<Option<TOTP>>,
    pub recovery: Mutex<Vec<String>>,
}

fn authenticator(secret: &str) -> TOTP {
    let secret = Secret::Encoded(secret.to_owned()).to_bytes().unwrap();
    TOTP::new(Algorithm::SHA1, 6, 0, 30, secret, None, "x".into()).unwrap()
}

impl World {
    /// An account that has never signed in, and its first password.
    pub async fn account(&self, name: &str, roles: &[Role]) -> (Colleague<'_>, String) {
        let new = NewStaff {
            name: name.to_owned(),
            display_name: format!("{name} of the house"),
            roles: roles.to_vec(),
            oidc_subject: None,
            by: None,
        };
        let made = create_staff(&self.database, &*self.clock, &*self.random, new).await;
        let (staff, password) = made.unwrap();
        let colleague = Colleague {
            world: self,
            name: name.to_owned(),
            staff,
            caller: self.anybody(),
            cookie: Mutex::default(),
            csrf: Mutex::default(),
            totp: Mutex::default(),
            recovery: Mutex::default(),
        };
        (colleague, password)
    }

    /// Somebody signed in with everything set up.
    pub async fn colleague(&self, name: &str, roles: &[Role]) -> Colleague<'_> {
        let (colleague, password) = self.account(name, roles).await;
        colleague.enrols(&password).await;
        colleague
    }

    pub async fn reviewer(&self, name: &str) -> Colleague<'_> {
        self.colleague(name, &[Role::Reviewer]).await
    }

    pub async fn senior(&self, name: &str) -> Colleague<'_> {
        self.colleague(name, &[Role::Senior]).await
    }

    /// Lets decisions take effect whose time is over, as the worker does.
    pub async fn settles(&self) -> Vec<&'static str> {
        let now = self.clock.now_ms();
        let mut became = Vec::new();
        for id in self.database.reviews_due(now, 100).await.unwrap() {
            let review = self.database.review(&id).await.unwrap().unwrap();
            let case = self.case(&review.case).await;
            let evidence = self.database.evidence_of(&case).await.unwrap();
            let mut tx = self.database.begin().await.unwrap();
            let state = tx
                .settle(&id, &case, &evidence, now, &*self.random)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            became.extend(state.map(|s| s.as_str()));
        }
        became
    }

    /// Waits until decisions can no longer be taken back, and settles them.
    pub async fn later(&self) -> Vec<&'static str> {
        self.clock.move_ms(30_000);
        self.settles().await
    }

    /// Kinds of the events of a case.
    pub async fn kinds(&self, case: &CaseId) -> Vec<String> {
        let kinds = "SELECT kind FROM events WHERE case_id = $1 ORDER BY seq";
        self.texts(kinds, case.as_str()).await
    }
}

/// What the machine says of a case that it leaves to a person.
fn report(face: f64, status: &str) -> Value {
    json!({
        "report_version": 1, "decided_at": "2026-03-10T09:30:00Z", "decision": "review",
        "reasons": [{ "code": "face_uncertain", "check": "face_match", "detail": "Median distance 0.550." }],
        "checks": { "face_match": { "status": status, "score": face, "threshold": 0.45, "detail": "Median distance 0.550." } },
        "models": [{ "name": "face", "version": "1", "sha256": "00" }],
        "policy": { "version": "1", "sha256": super::POLICY_SHA256 },
        "timings": {}, "media": { "documents": [], "video": null },
    })
}

/// A case that was handed in and that the machine leaves to a person.
pub async fn to_review<'a>(world: &'a World, status: &str) -> Applicant<'a> {
    let applicant = world.applicant().await.submitted().await;
    let now = world.clock.now_ms();
    let attempt = world.case(&applicant.id).await.attempt;
    world
        .steps(&applicant.id, &[Step::ProcessingStarted { attempt }])
        .await;
    let mut bytes = [0; 10];
    world.random.fill(&mut bytes);
    let mut tx = world.database.begin().await.unwrap();
    tx.insert_decision(&Decision {
        id: DecisionId::new(now, bytes),
        case: applicant.id.clone(),
        attempt,
        outcome: DecisionOutcome::Review,
        reasons: vec!["face_uncertain".into()],
        report: report(0.55, status),
        policy_version: "1".into(),
        policy_sha256: super::POLICY_SHA256.into(),
        decided_by: "policy".into(),
        at: now,
    })
    .await
    .unwrap();
    let mut case = tx.case(&applicant.id).await.unwrap().unwrap();
    case.reasons = vec!["face_uncertain".into()];
    tx.save_case(&mut case).await.unwrap();
    tx.commit().await.unwrap();
    let reasons = vec!["face_uncertain".into()];
    world
        .steps(&applicant.id, &[Step::SentToReview { reasons }])
        .await;
    applicant
}

impl Colleague<'_> {
    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    pub fn set_cookie(&self, cookie: Option<&str>) {
        *self.cookie.lock().unwrap() = cookie.map(str::to_owned);
    }

    pub fn csrf(&self) -> String {
        self.csrf.lock().unwrap().clone()
    }

    /// The code that the authenticator shows now.
    pub fn code(&self) -> String {
        let at = u64::try_from(self.world.clock.now_ms() / 1_000).unwrap();
        self.totp.lock().unwrap().as_ref().unwrap().generate(at)
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let (cookie, csrf) = (self.cookie(), self.csrf());
        let mut headers: BTreeMap<&str, &str> = BTreeMap::new();
        if let Some(cookie) = &cookie {
            headers.insert("cookie", cookie);
        }
        if method != "GET" {
            headers.insert("x-csrf-token", &csrf);
            headers.insert("content-type", "application/json");
        }
        headers.extend(more.iter().copied());
        let headers: Vec<(&str, &str)> = headers.into_iter().collect();
        let path = format!("/console/api{path}");
        let body = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        let answer = self.caller.send(method, &path, &headers, body).await;
        if let Some(set) = answer.header("set-cookie") {
            assert!(
                set.contains("HttpOnly") && set.contains("SameSite=Strict"),
                "{set}"
            );
            let pair = set.split(';').next().unwrap();
            let gone = set.contains("Max-Age=0");
            self.set_cookie((!gone).then_some(pair));
        }
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let csrf = value["csrf"]
            .as_str()
            .or_else(|| value["session"]["csrf"].as_str());
        if let Some(csrf) = csrf {
            *self.csrf.lock().unwrap() = csrf.to_owned();
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    pub async fn password(&self, password: &str) -> Answer {
        let body = json!({ "name": self.name, "password": password });
        self.post("/session", body).await
    }

    /// The first sign-in: own password, second factor.
    pub async fn enrols(&self, password: &str) {
        assert_eq!(self.password(password).await.is(200)["stage"], "enrol");
        let offer = self.post("/session/enrolment", json!({})).await.is(200);
        assert!(
            offer["uri"]
                .as_str()
                .unwrap()
                .starts_with("otpauth://totp/")
        );
        let totp = authenticator(offer["secret"].as_str().unwrap());
        *self.totp.lock().unwrap() = Some(totp);
        let body = json!({ "code": self.code(), "new_password": PASSWORD });
        let done = self.post("/session/enrolment/confirm", body).await.is(200);
        assert_eq!(done["session"]["stage"], "ready");
        let codes = done["recovery_codes"].as_array().unwrap().iter();
        *self.recovery.lock().unwrap() = codes.map(|c| c.as_str().unwrap().to_owned()).collect();
    }

    /// A whole sign-in; a code is good once, so time must have passed since the last.
    pub async fn signs_in(&self) {
        self.world.clock.move_ms(30_000);
        assert_eq!(self.password(PASSWORD).await.is(200)["stage"], "totp");
        let code = json!({ "code": self.code() });
        self.post("/session/totp", code).await.is(200);
    }

    /// The next case, if there is one.
    pub async fn next(&self) -> Value {
        self.post("/queue/next", json!({})).await.is(200)["case"].clone()
    }

    pub async fn judges(&self, case: &CaseId) -> Value {
        let body = json!({ "face": "same", "confidence": 4 });
        self.post(&format!("/cases/{case}/judgement"), body)
            .await
            .is(200)
    }

    pub async fn decides(&self, case: &CaseId, decision: Value) -> Answer {
        self.post(&format!("/cases/{case}/decision"), decision)
            .await
    }

    /// Takes the next case, which is this one, judges and decides.
    pub async fn does(&self, case: &CaseId, decision: Value) -> Value {
        assert_eq!(self.next().await["id"], case.as_str(), "{}", self.name);
        self.judges(case).await;
        self.decides(case, decision).await.is(200)
    }
}
