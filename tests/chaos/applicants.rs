//! What applicants do, and what they were told.

use std::time::Duration;

use bytes::Bytes;
use idproof_ports::Random;
use idproof_test_support::{Applicant, SeededRandom};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::set_up::SetUp;

/// How a case is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accept,
    Refuse,
    Review,
    /// A real case, analysed in the sandboxed decoder: its files are no pictures.
    Unusable,
    /// Left by its applicant with a picture uploaded.
    Abandoned,
}

impl Outcome {
    pub fn of(n: usize) -> Self {
        match n % 10 {
            0 | 1 => Self::Unusable,
            2 => Self::Refuse,
            3 => Self::Review,
            4 => Self::Abandoned,
            _ => Self::Accept,
        }
    }

    fn forced(self) -> Option<&'static str> {
        match self {
            Self::Accept => Some("accept"),
            Self::Refuse => Some("refuse"),
            Self::Review => Some("review"),
            Self::Unusable | Self::Abandoned => None,
        }
    }

    /// The state its case ends in.
    pub fn end(self) -> &'static str {
        match self {
            Self::Accept => "activated",
            Self::Refuse => "refused",
            Self::Review => "in_review",
            Self::Unusable => "retake_asked",
            Self::Abandoned => "identity_declared",
        }
    }
}

/// What an applicant knows at the end.
pub struct Record {
    pub case: String,
    pub outcome: Outcome,
    pub contacts: (String, String),
    /// Uploads that the service said are complete, with the digest of what was sent.
    pub uploads: Vec<(String, String)>,
}

const CHUNK: usize = 64 << 10;
/// How long the service may be away for.
const PATIENCE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(240);

fn bytes(random: &SeededRandom, size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    bytes.into()
}

pub async fn go(set_up: &SetUp, n: usize, outcome: Outcome) -> Record {
    let random = SeededRandom::new(1_000 + n as u64);
    let key = outcome.forced().map(|_| set_up.key.as_str());
    let client = reqwest::Client::new();
    let me = Applicant::open(&client, &set_up.urls, PATIENCE, key, outcome.forced()).await;
    me.introduce(&set_up.arrivals).await;
    let mut record = Record {
        case: me.id.clone(),
        outcome,
        contacts: me.contacts(),
        uploads: Vec::new(),
    };
    let document = bytes(&random, 150_000);
    if outcome == Outcome::Abandoned {
        // Every chunk was acknowledged, the whole never: it goes with the case.
        let upload = me.begin_upload("document_front", &document, None).await;
        me.send_chunks(&upload, &document, CHUNK).await;
        return record;
    }
    let video = bytes(&random, 400_000);
    let front = me.upload("document_front", &document, CHUNK, None).await;
    let challenge = me.post("challenges", json!({})).await;
    let recording = me
        .upload("selfie_video", &video, CHUNK, Some(&challenge))
        .await;
    let digest = |file: &Bytes| format!("{:x}", Sha256::digest(file));
    record.uploads = vec![(front, digest(&document)), (recording, digest(&video))];
    me.submit().await;
    if outcome == Outcome::Accept {
        me.wait_for(&["letter_sent", "letter_opened", "activated"], LIMIT)
            .await;
        me.activate().await;
    }
    me.wait_for(&[outcome.end()], LIMIT).await;
    let timeline = format!("/v1/cases/{}/timeline", me.id);
    me.must(Method::GET, &timeline, None).await;
    record
}
