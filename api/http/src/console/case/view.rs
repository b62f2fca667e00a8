//! The case page: everything a person needs to judge, and nothing that would judge for them.

use idproof_database::{Case, Decision, Review, ReviewState, Role};
use idproof_domain::case::Actor;
use idproof_domain::challenge::Adaptation;
use idproof_vault::Purpose;
use serde::Serialize;

use super::choices::{Choices, choices};
use super::fields::{DocumentSide, Fact, FieldView, Findings, facts, identity};
use super::machine::{self, MachineView, is_machines, of_machine};
use super::media::{self, FINDINGS, files};
use super::video::{VideoView, script, video, video_of};
use crate::console::access::Signed;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::uploads::case_key;
use crate::wire::{consent_of, time};

#[derive(Serialize)]
pub(in crate::console) struct CaseView {
    id: String,
    number: String,
    language: &'static str,
    state: &'static str,
    attempt: u32,
    appealed: bool,
    appeal: Option<String>,
    due_at: Option<String>,
    waiting_since: String,
    held_until: Option<String>,
    escalation: Option<EscalationView>,
    watermark: String,
    adaptations: Vec<Adaptation>,
    biometrics: bool,
    document_type: Option<String>,
    identity: Vec<FieldView>,
    media: Vec<MediaView>,
    pictures: Vec<MediaView>,
    /// `null` before the blind judgement, and where the worker kept none.
    documents: Option<Vec<DocumentSide>>,
    video: Option<VideoView>,
    capture: Vec<Fact>,
    blind: bool,
    judgement: Option<JudgementView>,
    machine: Option<MachineView>,
    earlier: Vec<EarlierView>,
    events: Vec<EventView>,
    similar: Vec<SimilarView>,
    choices: Choices,
    media_due_at: Option<String>,
    media_purged: bool,
}

#[derive(Serialize)]
struct EscalationView {
    by: String,
    at: String,
    reasons: Vec<String>,
    note: Option<String>,
    disputed: bool,
}

#[derive(Serialize)]
struct MediaView {
    id: String,
    kind: String,
    content_type: &'static str,
    size: u64,
    at_ms: Option<i64>,
    url: String,
    viewed: bool,
}

#[derive(Serialize)]
struct JudgementView {
    face: &'static str,
    confidence: i64,
    at: String,
}

#[derive(Serialize)]
struct EarlierView {
    attempt: u32,
    outcome: &'static str,
    by: &'static str,
    at: String,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct EventView {
    at: String,
    kind: String,
    actor: &'static str,
}

#[derive(Serialize)]
struct SimilarView {
    id: String,
    number: String,
    state: &'static str,
    why: &'static str,
}

fn actor(actor: &Actor) -> &'static str {
    match actor {
        Actor::Applicant => "applicant",
        Actor::Integrator(_) => "integrator",
        Actor::Staff(_) => "staff",
        Actor::System => "system",
    }
}

/// What colleagues did to an open case is told to nobody who is to judge it.
fn is_colleagues(kind: &str) -> bool {
    kind.starts_with("review_") || kind == "media_viewed"
}

async fn media_views(
    service: &Service,
    me: &Signed,
    case: &Case,
) -> Result<(Vec<MediaView>, Option<Findings>), Problem> {
    let all = files(service, case).await?;
    if all.is_empty() {
        return Ok((Vec::new(), None));
    }
    let key = match case_key(service, &case.id).await {
        Ok(key) => key,
        Err(problem) if problem.code == Code::MediaGone => return Ok((Vec::new(), None)),
        Err(problem) => return Err(problem),
    };
    let taken = service.database().taken_at(&case.id, &me.staff.id).await?;
    let seen = match taken {
        Some(since) => {
            service
                .database()
                .views(&case.id, &me.staff.id, since)
                .await?
        }
        None => Vec::new(),
    };
    let (mut views, mut findings) = (Vec::new(), None);
    for file in all {
        if file.kind == FINDINGS {
            const MOST: u64 = 4 << 20;
            let bytes = media::whole(service, &key, &file, MOST).await?;
            findings = serde_json::from_slice(&bytes).ok();
            continue;
        }
        let head = media::head(service, &key, &file).await?;
        views.push(MediaView {
            content_type: media::sniff(&head),
            size: file.size(),
            url: format!("/console/api/cases/{}/media/{}", case.id, file.id),
            viewed: seen.contains(&file.id),
            at_ms: file.at_ms,
            id: file.id,
            kind: file.kind,
        });
    }
    Ok((views, findings))
}

async fn escalation(
    service: &Service,
    me: &Signed,
    case: &Case,
) -> Result<Option<EscalationView>, Problem> {
    if !me.staff.has(Role::Senior) {
        return Ok(None);
    }
    let database = service.database();
    let Some(found) = database.escalation(&case.id, case.attempt).await? else {
        return Ok(None);
    };
    let by = database.staff(&found.by).await?;
    // Two who differed are shown to nobody as a vote: the third judges for themself.
    let told = !found.disputed;
    Ok(Some(EscalationView {
        by: by
            .map(|s| s.display_name)
            .filter(|_| told)
            .unwrap_or_default(),
        at: time(found.at),
        reasons: if told { found.reasons } else { Vec::new() },
        note: found
            .note
            .as_deref()
            .filter(|_| told)
            .map(|sealed| open_note(service, found.decision.as_str(), sealed))
            .transpose()?,
        disputed: found.disputed,
    }))
}

/// A note as it was written.
pub(in crate::console) fn open_note(
    service: &Service,
    review: &str,
    sealed: &str,
) -> Result<String, Problem> {
    let plain = service
        .secrets()
        .open(Purpose::Staff, &note_context(review), sealed)?;
    Ok(plain.to_string())
}

pub(super) fn note_context(review: &str) -> String {
    format!("note of {review}")
}

async fn similar(service: &Service, case: &Case) -> Result<Vec<SimilarView>, Problem> {
    const MOST: i64 = 20;
    let database = service.database();
    let pictures = database.cases_of_same_picture(&case.id, MOST).await?;
    let contacts = database.cases_of_same_contact(case, MOST).await?;
    let view = |other: Case, why| SimilarView {
        id: other.id.to_string(),
        number: other.number,
        state: other.state.as_str(),
        why,
    };
    let pictures = pictures.into_iter().map(|other| view(other, "picture"));
    let contacts = contacts.into_iter().map(|other| view(other, "contact"));
    Ok(pictures.chain(contacts).collect())
}

fn earlier(decisions: &[Decision], attempt: u32) -> Vec<EarlierView> {
    decisions
        .iter()
        .filter(|d| d.attempt < attempt || !is_machines(d))
        .map(|d| EarlierView {
            attempt: d.attempt,
            outcome: d.outcome.as_str(),
            by: if is_machines(d) { "machine" } else { "person" },
            at: time(d.at),
            reasons: d.reasons.clone(),
        })
        .collect()
}

/// The deadline shown. A known case has none of its own, and must look like any other.
fn due(case: &Case) -> Option<i64> {
    const PLAUSIBLE_MS: i64 = 5 * 3_600_000;
    if case.sandbox {
        return Some(case.review_until.unwrap_or(case.state_since) + PLAUSIBLE_MS);
    }
    case.letter_due_at
}

/// The page of a case that this person holds.
pub(in crate::console) async fn view_of(
    service: &Service,
    me: &Signed,
    case: &Case,
) -> Result<CaseView, Problem> {
    let database = service.database();
    let judgement = database
        .judgement(&case.id, case.attempt, &me.staff.id)
        .await?;
    let blind = service.parts.console.blind_first && judgement.is_none();
    let decisions = database.decisions_of(&case.id).await?;
    let machine = of_machine(&decisions, case.attempt);
    let uploads = database.uploads_of(&case.id, case.attempt).await?;
    let (mut media, findings) = media_views(service, me, case).await?;
    let mut findings = findings.filter(|_| !blind);
    let documents = findings.as_mut().and_then(|f| f.documents.take());
    let pictures = media.extract_if(.., |m| m.id.starts_with("pic_")).collect();
    let upload = video_of(&uploads);
    let script = script(service, upload).await?;
    let capture = upload.map(|u| facts(&u.capture)).unwrap_or_default();
    let identity = identity(case, findings.as_ref());
    let video = upload.map(|u| video(u, script.as_ref(), machine, findings));
    let events = database.events_of(&case.id).await?;
    let waiting_since = if case.sandbox {
        due(case).unwrap_or(case.state_since) - 18 * 3_600_000
    } else {
        case.state_since
    };
    Ok(CaseView {
        id: case.id.to_string(),
        number: case.number.clone(),
        language: case.language.code(),
        state: case.state.as_str(),
        attempt: case.attempt,
        appealed: case.appealed,
        appeal: database.appeal(&case.id).await?,
        due_at: due(case).map(time),
        waiting_since: time(waiting_since),
        held_until: case.review_until.map(time),
        escalation: escalation(service, me, case).await?,
        watermark: format!("{} · {}", me.staff.name, time(service.now())),
        adaptations: script.map(|s| s.adapt).unwrap_or_default(),
        biometrics: consent_of(case).is_some_and(|c| c.biometrics),
        document_type: case.document_type.clone(),
        identity,
        media,
        pictures,
        documents,
        video,
        capture,
        blind,
        judgement: judgement.map(|j| JudgementView {
            face: j.face.as_str(),
            confidence: j.confidence,
            at: time(j.at),
        }),
        machine: match machine.filter(|_| !blind) {
            Some(decision) => Some(machine::view(service, decision).await?),
            None => None,
        },
        earlier: earlier(&decisions, case.attempt),
        events: events
            .into_iter()
            .filter(|e| !is_colleagues(&e.kind))
            .map(|e| EventView {
                at: time(e.at),
                actor: actor(&e.actor),
                kind: e.kind,
            })
            .collect(),
        similar: similar(service, case).await?,
        choices: choices(),
        media_due_at: case.media_due_at.map(time),
        media_purged: case.media_purged_at.is_some(),
    })
}

/// Whether this person has decided about what now lies there.
pub(super) fn has_decided(reviews: &[Review], me: &Signed, evidence: &str) -> bool {
    reviews.iter().any(|r| {
        r.staff == me.staff.id
            && r.evidence == evidence
            && matches!(r.state, ReviewState::Second | ReviewState::Disputed)
    })
}
