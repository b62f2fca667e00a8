//! The evidence of a case as one signed file: what was decided, by whom, on what, and what has
//! been deleted since. It holds no picture, no recording and nothing the applicant declared.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use idproof_database::{Case, Review, UploadState};
use idproof_vault::Purpose;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::case::open_note;
use crate::problem::{Problem, internal};
use crate::secret::hex;
use crate::service::{EvidenceSheet, Service};
use crate::wire::{consent_of, time};

/// A signed text: JSON Web Signature, flattened (RFC 7515), with Ed25519 (RFC 8037).
#[derive(Clone, Serialize)]
pub(super) struct Jws {
    payload: String,
    protected: String,
    signature: String,
}

pub(super) struct File {
    pub jws: Jws,
    /// Of the payload before its encoding.
    pub sha256: String,
    content: Value,
}

/// The signing key comes from the keyring's master: it outlives rotations of the root key.
fn key(service: &Service) -> Result<SigningKey, Problem> {
    let seed = service
        .secrets()
        .hmac(Purpose::Evidence, &[b"ed25519 seed"])?;
    Ok(SigningKey::from_bytes(&seed))
}

fn key_id(key: &SigningKey) -> String {
    hex(&Sha256::digest(key.verifying_key().as_bytes())[..8])
}

/// The public key as a JSON Web Key.
pub(super) fn public_key(service: &Service) -> Result<Value, Problem> {
    let key = key(service)?;
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    Ok(json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": key_id(&key) }))
}

fn sign(service: &Service, payload: &[u8]) -> Result<Jws, Problem> {
    let key = key(service)?;
    let header = json!({ "alg": "EdDSA", "kid": key_id(&key), "typ": "idproof-evidence+json" });
    let protected = URL_SAFE_NO_PAD.encode(header.to_string());
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let signature = key.sign(format!("{protected}.{payload}").as_bytes());
    Ok(Jws {
        payload,
        protected,
        signature: URL_SAFE_NO_PAD.encode(signature.to_bytes()),
    })
}

fn review(service: &Service, r: &Review) -> Result<Value, Problem> {
    let note = r
        .note
        .as_deref()
        .map(|n| open_note(service, r.id.as_str(), n))
        .transpose()?;
    Ok(json!({
        "id": r.id, "attempt": r.attempt, "by": r.staff, "kind": r.kind.as_str(), "reasons": r.reasons,
        "document": r.document, "video": r.video, "note": note, "evidence_sha256": r.evidence,
        "needs_second": r.needs_second, "drawn_by_lot": r.sampled, "state": r.state.as_str(),
        "taken_at": time(r.taken_at), "at": time(r.at), "ended_at": r.ended_at.map(time),
    }))
}

/// The evidence of a case as it stands.
pub(super) async fn of(service: &Service, case: &Case) -> Result<File, Problem> {
    let content = content(service, case).await?;
    let payload =
        serde_json::to_vec(&content).map_err(|_| internal("an evidence file cannot be written"))?;
    Ok(File {
        jws: sign(service, &payload)?,
        sha256: hex(&Sha256::digest(&payload)),
        content,
    })
}

async fn content(service: &Service, case: &Case) -> Result<Value, Problem> {
    let database = service.database();
    let mut files = Vec::new();
    for attempt in 1..=case.attempt {
        for upload in database.uploads_of(&case.id, attempt).await? {
            let chunks = database.chunks_of(&upload.id).await?;
            files.push(json!({
                "id": upload.id, "attempt": attempt, "kind": upload.kind.as_str(),
                "discarded": upload.state == UploadState::Discarded, "size": upload.size, "sha256": upload.sha256,
                "chunks_sha256": chunks.iter().map(|c| c.sha256.clone()).collect::<Vec<_>>(),
            }));
        }
    }
    let decisions = database.decisions_of(&case.id).await?;
    let decisions: Vec<Value> = decisions
        .iter()
        .map(|d| {
            json!({
                "id": d.id, "attempt": d.attempt, "outcome": d.outcome.as_str(), "reasons": d.reasons,
                "report": d.report, "policy_version": d.policy_version, "policy_sha256": d.policy_sha256,
                "decided_by": d.decided_by, "at": time(d.at),
            })
        })
        .collect();
    let reviews = database.reviews_of(&case.id).await?;
    let reviews = reviews
        .iter()
        .map(|r| review(service, r))
        .collect::<Result<Vec<_>, _>>()?;
    let judgements = database.judgements_of(&case.id).await?;
    let judgements: Vec<Value> = judgements
        .iter()
        .map(|j| {
            json!({
                "attempt": j.attempt, "by": j.staff, "face": j.face.as_str(),
                "confidence": j.confidence, "at": time(j.at),
            })
        })
        .collect();
    let timeline: Vec<Value> = database
        .sealed_events_of(&case.id)
        .await?
        .into_iter()
        .map(|(e, previous, hash)| {
            json!({
                "seq": e.seq, "at": time(e.at), "kind": e.kind, "actor": e.actor, "data": e.data,
                "previous": previous, "hash": hash,
            })
        })
        .collect();
    let objects = database.object_receipts(&case.id).await?;
    let deleted: Vec<Value> = objects
        .iter()
        .map(|(name, at)| json!({ "object": name, "deleted_at": at.map(time) }))
        .collect();
    let head = database.chain_head().await?;
    Ok(json!({
        "format": "idproof-evidence-1",
        "software": env!("CARGO_PKG_VERSION"),
        "made_at": time(service.now()),
        "chain_head": { "seq": head.seq, "hash": head.hash },
        "case": {
            "id": case.id, "number": case.number, "organisation": case.organisation, "sandbox": case.sandbox,
            "state": case.state.as_str(), "attempt": case.attempt, "language": case.language.code(),
            "document_type": case.document_type, "consent": consent_of(case), "appealed": case.appealed,
            "created_at": time(case.created_at), "submitted_at": case.submitted_at.map(time),
            "processed_at": case.processed_at.map(time), "letter_due_at": case.letter_due_at.map(time),
        },
        "decisions": decisions,
        "reviews": reviews,
        "judgements": judgements,
        "files": files,
        "timeline": timeline,
        "deletion": {
            "media_due_at": case.media_due_at.map(time), "media_purged_at": case.media_purged_at.map(time),
            "objects": deleted,
        },
    }))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().all(|v| !v.is_object()) => {
            all.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn rows(value: &Value) -> Vec<(String, String)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.replace('_', " "), text(value)))
        .collect()
}

fn checks(decisions: &Value, into: &mut Vec<(String, Vec<(String, String)>)>) {
    for decision in decisions.as_array().into_iter().flatten() {
        let mut flat = decision.clone();
        let report = flat
            .as_object_mut()
            .and_then(|d| d.remove("report"))
            .unwrap_or_default();
        into.push(("Decision".to_owned(), rows(&flat)));
        let of = |name: &str, of: &dyn Fn(&Value) -> (String, String)| -> Vec<(String, String)> {
            report[name]
                .as_array()
                .into_iter()
                .flatten()
                .map(of)
                .collect()
        };
        let found: Vec<(String, String)> = report["checks"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, c)| {
                let said = format!(
                    "{}, score {}, threshold {}. {}",
                    text(&c["status"]),
                    text(&c["score"]),
                    text(&c["threshold"]),
                    text(&c["detail"])
                );
                (name.replace('_', " "), said)
            })
            .collect();
        if !found.is_empty() {
            into.push(("Checks".to_owned(), found));
        }
        let models = of("models", &|m| {
            (
                text(&m["name"]),
                format!("{} · {}", text(&m["version"]), text(&m["sha256"])),
            )
        });
        if !models.is_empty() {
            into.push(("Models".to_owned(), models));
        }
        if let Some(person) = report.get("person") {
            into.push(("Decided by".to_owned(), rows(person)));
        }
    }
}

/// The same for people to read on paper.
pub(super) fn sheet(service: &Service, file: &File) -> Result<EvidenceSheet, Problem> {
    let content = &file.content;
    let mut sections = vec![("Case".to_owned(), rows(&content["case"]))];
    checks(&content["decisions"], &mut sections);
    for (name, key) in [
        ("Decided in review", "reviews"),
        ("Judgement of the faces", "judgements"),
        ("File", "files"),
    ] {
        for one in content[key].as_array().into_iter().flatten() {
            sections.push((name.to_owned(), rows(one)));
        }
    }
    let event = |e: &Value| {
        (
            text(&e["at"]),
            format!(
                "{} · {} · {}",
                text(&e["kind"]),
                text(&e["actor"]["actor"]),
                text(&e["hash"])
            ),
        )
    };
    let timeline = content["timeline"]
        .as_array()
        .into_iter()
        .flatten()
        .map(event)
        .collect();
    sections.push(("Timeline".to_owned(), timeline));
    let deletion = &content["deletion"];
    let mut deleted = vec![
        ("media due at".to_owned(), text(&deletion["media_due_at"])),
        (
            "media purged at".to_owned(),
            text(&deletion["media_purged_at"]),
        ),
    ];
    deleted.extend(
        deletion["objects"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|o| (text(&o["object"]), text(&o["deleted_at"]))),
    );
    sections.push(("Deletion".to_owned(), deleted));
    let key = public_key(service)?;
    sections.push((
        "Signature".to_owned(),
        vec![
            ("payload SHA-256".to_owned(), file.sha256.clone()),
            (
                "Ed25519 signature of the file in JSON".to_owned(),
                file.jws.signature.clone(),
            ),
            ("public key".to_owned(), text(&key["x"])),
            ("key id".to_owned(), text(&key["kid"])),
        ],
    ));
    let day = service
        .parts
        .calendar
        .day_of(service.now())
        .map_err(|_| internal("the clock is wrong"))?;
    Ok(EvidenceSheet {
        title: format!("Evidence of case {}", text(&content["case"]["number"])),
        day: (day.year(), day.month(), day.day()),
        id: text(&content["case"]["id"]),
        sections,
    })
}
