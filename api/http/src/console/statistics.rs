//! How well people judge, for their seniors: every rate with its count and its interval.

use std::collections::{BTreeMap, HashMap};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json as Answer, Router};
use idproof_database::{
    FaceJudgement, Judgement, KnownCase, Review, ReviewKind, ReviewState, Role,
};
use idproof_domain::case::CaseState;
use idproof_domain::ids::CaseId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::access::Signed;
use super::queue::names;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/statistics", get(handler))
        .route("/known", get(known_list).post(known_put))
        .route("/known/{id}", delete(known_drop))
}

const DAY_MS: i64 = 24 * 3_600_000;
/// Decisions looked at, at most.
const MOST: i64 = 100_000;

/// So many of so many, with the Wilson score interval at 95 % (Wilson 1927, JASA 22:209).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Rate {
    pub count: u32,
    pub of: u32,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Rate {
    pub fn new(count: u32, of: u32) -> Self {
        /// The 97.5 % quantile of the normal distribution.
        const Z: f64 = 1.959_963_984_540_054;
        if of == 0 {
            return Self {
                count,
                of,
                low: None,
                high: None,
            };
        }
        let (k, n) = (f64::from(count), f64::from(of));
        let (p, z2) = (k / n, Z * Z);
        let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        Self {
            count,
            of,
            low: Some((middle - half).max(0.0)),
            high: Some((middle + half).min(1.0)),
        }
    }
}

#[derive(Default)]
struct Counter {
    count: u32,
    of: u32,
}

impl Counter {
    fn add(&mut self, hit: bool) {
        self.of += 1;
        self.count += u32::from(hit);
    }

    fn rate(&self) -> Rate {
        Rate::new(self.count, self.of)
    }
}

#[derive(Default, Serialize)]
struct Decisions {
    accept: u32,
    refuse: u32,
    retake: u32,
    escalate: u32,
    coercion: u32,
}

#[derive(Default)]
struct Person {
    decisions: Decisions,
    undone: u32,
    took_s: Vec<f64>,
    agreement: Counter,
    false_accept: Counter,
    false_refuse: Counter,
    face: Counter,
}

impl Person {
    fn decided(&mut self, review: &Review) {
        let place = match review.kind {
            ReviewKind::Accept => &mut self.decisions.accept,
            ReviewKind::Refuse => &mut self.decisions.refuse,
            ReviewKind::Retake => &mut self.decisions.retake,
            ReviewKind::Escalate => &mut self.decisions.escalate,
            ReviewKind::Coercion => &mut self.decisions.coercion,
        };
        *place += 1;
        self.took_s
            .push((review.at - review.taken_at).max(0) as f64 / 1_000.0);
    }

    fn median_s(&mut self) -> Option<f64> {
        self.took_s.sort_by(f64::total_cmp);
        let n = self.took_s.len();
        match n {
            0 => None,
            n if n % 2 == 1 => Some(self.took_s[n / 2]),
            n => Some(f64::midpoint(self.took_s[n / 2 - 1], self.took_s[n / 2])),
        }
    }
}

type People = BTreeMap<String, Person>;

/// Reviews of the same evidence by different people, each pair once in either direction.
fn pairs(reviews: &[Review], people: &mut People) {
    let mut of_case: HashMap<(&CaseId, &str), Vec<&Review>> = HashMap::new();
    for review in reviews {
        let stands = matches!(review.state, ReviewState::Effective | ReviewState::Disputed);
        if stands && review.kind != ReviewKind::Escalate {
            let key = (&review.case, review.evidence.as_str());
            of_case.entry(key).or_default().push(review);
        }
    }
    for together in of_case.values() {
        for one in together {
            for other in together.iter().filter(|o| o.staff != one.staff) {
                let person = people.entry(one.staff.to_string()).or_default();
                person.agreement.add(one.kind.agrees_with(other.kind));
            }
        }
    }
}

fn known(reviews: &[Review], known: &[KnownCase], people: &mut People) {
    for review in reviews.iter().filter(|r| r.state == ReviewState::Recorded) {
        let Some(truth) = known.iter().find(|k| k.case == review.case) else {
            continue;
        };
        let person = people.entry(review.staff.to_string()).or_default();
        let refuses = review.kind.agrees_with(ReviewKind::Refuse);
        match (truth.expected.as_str(), review.kind) {
            (_, ReviewKind::Retake | ReviewKind::Escalate) => {}
            ("accept", _) => person.false_refuse.add(refuses),
            _ => person.false_accept.add(review.kind == ReviewKind::Accept),
        }
    }
}

/// What people thought of the faces, against what became of the case on grounds of the faces.
fn faces(judgements: &[Judgement], reviews: &[Review], people: &mut People) {
    for judgement in judgements {
        let end = reviews.iter().rfind(|r| {
            r.case == judgement.case
                && r.attempt == judgement.attempt
                && r.state == ReviewState::Effective
        });
        let same = match end {
            Some(r) if r.kind == ReviewKind::Accept => true,
            Some(r) if r.reasons.iter().any(|code| code == "face_mismatch") => false,
            _ => continue,
        };
        let said = match judgement.face {
            FaceJudgement::Same => true,
            FaceJudgement::Different => false,
            FaceJudgement::Unsure => continue,
        };
        let person = people.entry(judgement.staff.to_string()).or_default();
        person.face.add(said == same);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    #[serde(default)]
    days: Option<i64>,
}

#[derive(Serialize)]
struct Statistics {
    since: String,
    reviewers: Vec<PersonView>,
}

#[derive(Serialize)]
struct PersonView {
    id: String,
    display_name: String,
    decisions: Decisions,
    skips: i64,
    undone: u32,
    median_s: Option<f64>,
    agreement: Rate,
    known_false_accept: Rate,
    known_false_refuse: Rate,
    face_vs_final: Rate,
}

async fn handler(
    State(service): State<Service>,
    me: Signed,
    Query(query): Query<Days>,
) -> Result<Answer<Statistics>, Problem> {
    me.may(&[Role::Senior, Role::Auditor])?;
    let days = query.days.unwrap_or(30);
    if !(1..=366).contains(&days) {
        return Err(Problem::field("days", "not_accepted", "1 to 366"));
    }
    let since = service.now().saturating_sub(days * DAY_MS);
    let database = service.database();
    let reviews = database.reviews_since(since, MOST).await?;
    let mut people = People::new();
    for review in &reviews {
        let person = people.entry(review.staff.to_string()).or_default();
        if review.state == ReviewState::Undone {
            person.undone += 1;
        } else {
            person.decided(review);
        }
    }
    pairs(&reviews, &mut people);
    known(&reviews, &database.known_cases().await?, &mut people);
    faces(
        &database.judgements_since(since).await?,
        &reviews,
        &mut people,
    );
    let skips: HashMap<String, i64> = database
        .skips_since(since)
        .await?
        .into_iter()
        .map(|(id, n)| (id.to_string(), n))
        .collect();
    for id in skips.keys() {
        people.entry(id.clone()).or_default();
    }
    let names = names(&service).await?;
    let view = |(id, mut person): (String, Person)| PersonView {
        display_name: names.get(&id).cloned().unwrap_or_default(),
        skips: skips.get(&id).copied().unwrap_or(0),
        undone: person.undone,
        median_s: person.median_s(),
        agreement: person.agreement.rate(),
        known_false_accept: person.false_accept.rate(),
        known_false_refuse: person.false_refuse.rate(),
        face_vs_final: person.face.rate(),
        decisions: person.decisions,
        id,
    };
    Ok(Answer(Statistics {
        since: time(since),
        reviewers: people.into_iter().map(view).collect(),
    }))
}

#[derive(Serialize)]
struct KnownList {
    items: Vec<KnownView>,
}

#[derive(Serialize)]
struct KnownView {
    case: String,
    number: String,
    expected: String,
    answers: u32,
    right: u32,
}

async fn known_list(
    State(service): State<Service>,
    me: Signed,
) -> Result<Answer<KnownList>, Problem> {
    me.may(&[Role::Senior])?;
    let database = service.database();
    let mut items = Vec::new();
    for one in database.known_cases().await? {
        let reviews = database.reviews_of(&one.case).await?;
        let recorded = reviews.iter().filter(|r| r.state == ReviewState::Recorded);
        let expected: Option<ReviewKind> = one.expected.parse().ok();
        let (mut answers, mut right) = (0, 0);
        for review in recorded {
            answers += 1;
            right += u32::from(expected.is_some_and(|e| e.agrees_with(review.kind)));
        }
        items.push(KnownView {
            case: one.case.to_string(),
            number: one.number,
            expected: one.expected,
            answers,
            right,
        });
    }
    Ok(Answer(KnownList { items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    case: String,
    expected: String,
}

/// Notes the truth about a case of the sandbox that waits in review: from now on it is mixed into
/// the queues. A real applicant's case is never used so.
async fn known_put(
    State(service): State<Service>,
    me: Signed,
    Json(sent): Json<Known>,
) -> Result<StatusCode, Problem> {
    me.may(&[Role::Senior])?;
    let wrong = |detail| Problem::field("/case", "not_accepted", detail);
    let id: CaseId = sent.case.parse().map_err(|_| wrong("the id of a case"))?;
    if !["accept", "refuse"].contains(&sent.expected.as_str()) {
        return Err(Problem::field(
            "/expected",
            "not_accepted",
            "accept or refuse",
        ));
    }
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let case = tx
        .case(&id)
        .await?
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    if !case.sandbox {
        return Err(wrong("only a case of the sandbox"));
    }
    if case.state != CaseState::InReview {
        return Err(Code::InvalidState.into());
    }
    tx.put_known_case(&id, &sent.expected, &me.staff.id, now)
        .await?;
    let data = json!({ "expected": sent.expected });
    tx.record(me.event(Some(&id), now, "review_known_set", data));
    tx.commit().await?;
    Ok(StatusCode::CREATED)
}

async fn known_drop(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    me.may(&[Role::Senior])?;
    let id: CaseId = id.parse().map_err(|_| Problem::from(Code::NotFound))?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    if !tx.drop_known_case(&id).await? {
        return Err(Code::NotFound.into());
    }
    tx.record(me.event(Some(&id), now, "review_known_removed", json!({})));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3.
    #[test]
    fn intervals_are_those_of_the_literature() {
        for (k, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let rate = Rate::new(k, n);
            assert!((rate.low.unwrap() - low).abs() < 5e-5, "{rate:?}");
            assert!((rate.high.unwrap() - high).abs() < 5e-5, "{rate:?}");
        }
        assert_eq!(Rate::new(0, 0).low, None);
    }
}
