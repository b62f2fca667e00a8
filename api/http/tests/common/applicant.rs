use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idproof_domain::confirm::CodePurpose;
use idproof_domain::ids::CaseId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, CONSENT, Caller, World};

/// Somebody with a case of their own.
pub struct Applicant<'a> {
    pub world: &'a World,
    pub caller: Caller,
    pub id: CaseId,
    pub token: String,
}

/// A declared identity that nothing is wrong with.
pub fn identity() -> Value {
    json!({
        "document_type": "fr_card",
        "birth_name": "Lovelace",
        "first_names": ["Ada", "Augusta"],
        "sex": "F",
        "birth_date": "1990-12-10",
        "birth_place": "Londres",
        "birth_country": "GBR",
        "nationality": "FRA",
        "document_number": "X4RTBPFW4",
        "issue_date": "2020-02-12",
        "expiry_date": "2030-02-11",
        "postal_address": ["1 rue de la Paix", "75002 Paris"],
    })
}

/// The header `Content-Digest` of these bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

/// In lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

impl World {
    /// Somebody opens a case without a key.
    pub async fn applicant(&self) -> Applicant<'_> {
        let opened = self
            .anybody()
            .post("/v1/cases", json!({ "language": "fr" }))
            .await
            .is(201);
        self.holder_of(&opened)
    }

    /// Whoever holds the token of an opened case.
    pub fn holder_of(&self, opened: &Value) -> Applicant<'_> {
        let token = opened["token"].as_str().unwrap().to_owned();
        Applicant {
            world: self,
            caller: self.bearer(&token),
            id: opened["case"]["id"].as_str().unwrap().parse().unwrap(),
            token,
        }
    }
}

impl Applicant<'_> {
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/cases/{}{rest}", self.id)
    }

    pub async fn get(&self, rest: &str) -> Answer {
        self.caller.get(&self.path(rest)).await
    }

    pub async fn act(&self, rest: &str) -> Answer {
        self.caller.act(&self.path(rest)).await
    }

    pub async fn post(&self, rest: &str, body: Value) -> Answer {
        self.caller.post(&self.path(rest), body).await
    }

    /// State and next step.
    pub async fn stands(&self) -> (String, String) {
        let status = self.get("/status").await.is(200);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        (text(&status["state"]), text(&status["next"]["code"]))
    }

    /// The kinds of what has happened, oldest first.
    pub async fn timeline(&self) -> Vec<String> {
        let all = self.get("/timeline").await.is(200);
        let kinds = all.as_array().unwrap().iter().map(|entry| {
            assert!(entry["label"]["fr"].is_string() && entry["at"].is_string());
            entry["kind"].as_str().unwrap().to_owned()
        });
        kinds.collect()
    }

    pub async fn consents(&self) -> Answer {
        let body = json!({ "version": CONSENT, "biometrics": true });
        self.post("/consent", body).await
    }

    /// Asks for a code to this address or number and types what came.
    pub async fn confirms(&self, purpose: CodePurpose, to: &str) -> Answer {
        let (way, field) = match purpose {
            CodePurpose::Phone => ("phone", "number"),
            _ => ("email", "address"),
        };
        self.post(&format!("/{way}"), json!({ field: to }))
            .await
            .is(202);
        let code = self.world.code(&self.id, purpose).await;
        self.post(&format!("/{way}/confirm"), json!({ "code": code }))
            .await
    }

    pub async fn confirms_both(&self) {
        let mail = self.confirms(CodePurpose::Email, "ada@example.org").await;
        mail.is(200);
        self.confirms(CodePurpose::Phone, "06 12 34 56 78")
            .await
            .is(200);
    }

    pub async fn declares(&self) -> Answer {
        self.caller.put(&self.path("/identity"), identity()).await
    }

    /// Opens an upload; its id.
    pub async fn begins(&self, body: Value) -> String {
        let opened = self.post("/uploads", body).await.is(201);
        assert_eq!(opened["state"], "receiving");
        opened["id"].as_str().unwrap().to_owned()
    }

    pub async fn sends(&self, upload: &str, n: u64, bytes: &[u8]) -> Answer {
        let path = format!("/v1/uploads/{upload}/chunks/{n}");
        let headers = [
            ("content-type", "application/octet-stream"),
            ("content-digest", &digest(bytes)),
        ];
        self.caller
            .send("PUT", &path, &headers, bytes.to_vec())
            .await
    }

    pub async fn completes(&self, upload: &str, chunks: usize, whole: &[u8]) -> Answer {
        let path = format!("/v1/uploads/{upload}/complete");
        let body = json!({ "chunks": chunks, "sha256": sha256(whole) });
        self.caller.post(&path, body).await
    }

    /// A whole file in two chunks.
    pub async fn uploads(&self, begin: Value, bytes: &[u8]) -> Answer {
        let upload = self.begins(begin).await;
        let parts: Vec<&[u8]> = bytes.chunks(bytes.len().div_ceil(2)).collect();
        for (n, part) in (0..).zip(&parts) {
            self.sends(&upload, n, part).await.is(204);
        }
        self.completes(&upload, parts.len(), bytes).await
    }

    pub async fn uploads_document(&self) {
        for kind in ["document_front", "document_back"] {
            let bytes = format!("a picture of the {kind}");
            self.uploads(json!({ "kind": kind }), bytes.as_bytes())
                .await
                .is(200);
        }
    }

    pub async fn draws(&self) -> Value {
        self.act("/challenges").await.is(201)
    }

    /// What begins the upload of a recording that answers the challenge.
    pub fn answering(challenge: &Value) -> Value {
        json!({
            "kind": "selfie_video",
            "challenge_id": challenge["id"],
            "challenge_token": challenge["token"],
        })
    }

    pub async fn records(&self) {
        let challenge = self.draws().await;
        self.uploads(Self::answering(&challenge), b"a moving picture")
            .await
            .is(200);
    }

    /// Ready for the document.
    pub async fn identified(self) -> Self {
        self.consents().await.is(200);
        self.confirms_both().await;
        self.declares().await.is(200);
        self
    }

    /// Ready for the challenge.
    pub async fn documented(self) -> Self {
        let applicant = self.identified().await;
        applicant.uploads_document().await;
        applicant
    }

    pub async fn submitted(self) -> Self {
        let applicant = self.documented().await;
        applicant.records().await;
        applicant.act("/submit").await.is(202);
        applicant
    }
}
