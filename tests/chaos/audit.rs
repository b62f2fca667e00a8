//! What must be true at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use idproof::compose::insides::Insides;
use idproof_database::{Database, Event, MessageState};
use idproof_domain::ids::CaseId;
use idproof_vault::ObjectName;
use sha2::{Digest, Sha256};

use crate::applicants::{Outcome, Record};
use crate::set_up::SetUp;

/// The objects of each case before the purge.
pub type Found = BTreeMap<String, Vec<String>>;

const LIMIT: Duration = Duration::from_secs(120);
/// Verdicts: exactly one of them ends a case that was handed in once.
const VERDICTS: [&str; 4] = ["accepted", "refused", "sent_to_review", "retake_asked"];

fn id(record: &Record) -> CaseId {
    record.case.parse().unwrap()
}

async fn until<F: AsyncFn() -> bool>(what: &str, is_so: F) {
    let step = Duration::from_secs(1);
    for _ in 0..LIMIT.as_millis() / step.as_millis() {
        if is_so().await {
            return;
        }
        tokio::time::sleep(step).await;
    }
    panic!("waited in vain for {what}");
}

/// Whatever waits after failed attempts comes due as the clock moves on: each attempt may still meet
/// a peer that fails once, and the next one lies minutes ahead.
async fn every_message_left(set_up: &SetUp, database: &Database) {
    let mut unsent = Vec::new();
    for second in 0..LIMIT.as_secs() {
        unsent = database.unsent_messages().await.unwrap();
        let failed = unsent.iter().find(|m| m.state == MessageState::Failed);
        assert!(failed.is_none(), "{failed:?}");
        if unsent.is_empty() {
            return;
        }
        if second % 15 == 0 {
            set_up.move_clock(Duration::from_secs(600 * (1 + second / 15)));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("waited in vain for every message to leave: {unsent:?}");
}

fn count(events: &[Event], kind: &str) -> usize {
    events.iter().filter(|e| e.kind == kind).count()
}

pub async fn before_purge(set_up: &SetUp, records: &[Record]) -> Found {
    let insides = set_up.insides().await;
    let database = &insides.database;
    every_message_left(set_up, database).await;
    let mut found = Found::new();
    for record in records {
        ended_once(&insides, record).await;
        for (upload, digest) in &record.uploads {
            assert_eq!(read_back(&insides, record, upload).await, *digest);
        }
        let mut objects = database.objects_of(&id(record)).await.unwrap();
        objects.sort();
        found.insert(record.case.clone(), objects);
    }
    let parked = database.parked_jobs(10).await.unwrap();
    assert!(parked.is_empty(), "{parked:?}");
    told_once(set_up, &insides, records).await;
    let report = database.verify_chain(None, |_| {}).await.unwrap();
    assert_eq!(report.fault, None);
    println!("          {} events, the chain is whole", report.events);
    database.close().await;
    found
}

/// One verdict, one letter, one activation: no more and no less than the case's end needs.
async fn ended_once(insides: &Insides, record: &Record) {
    let case = insides.database.case(&id(record)).await.unwrap().unwrap();
    assert_eq!(case.state.as_str(), record.outcome.end(), "{}", record.case);
    let events = insides.database.events_of(&id(record)).await.unwrap();
    let verdicts: usize = VERDICTS.iter().map(|kind| count(&events, kind)).sum();
    let handed_in = usize::from(record.outcome != Outcome::Abandoned);
    assert_eq!(verdicts, handed_in, "{}: {events:?}", record.case);
    assert_eq!(count(&events, "submitted"), handed_in);
    assert_eq!(count(&events, "decided"), handed_in);
    let accepted = usize::from(record.outcome == Outcome::Accept);
    for kind in ["letter_sent", "letter_opened", "activated"] {
        assert_eq!(count(&events, kind), accepted, "{}: {kind}", record.case);
    }
    let letters: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM letters WHERE case_id = $1")
        .bind(&record.case)
        .fetch_one(insides.database.pool())
        .await
        .unwrap();
    assert_eq!(usize::try_from(letters).unwrap(), accepted);
}

/// The digest of an upload that was acknowledged, as it is stored.
async fn read_back(insides: &Insides, record: &Record, upload: &str) -> String {
    let database = &insides.database;
    let wrapped = database.case_key(&id(record)).await.unwrap().unwrap();
    let key = insides
        .vault
        .open_case(&id(record), &wrapped.parse().unwrap())
        .await
        .unwrap();
    let chunks = database.chunks_of(&upload.parse().unwrap()).await.unwrap();
    let mut digest = Sha256::new();
    for chunk in chunks {
        let name: ObjectName = chunk.object.parse().unwrap();
        let mut reader = insides.vault.get(&key, &name).await.unwrap();
        while let Some(bytes) = reader.next().await.unwrap() {
            digest.update(&bytes);
        }
    }
    format!("{:x}", digest.finalize())
}

/// A row of the outbox.
struct Row {
    id: String,
    case: String,
    channel: String,
    template: String,
}

/// Every message reached its peer, as one message however often it was sent. Only a code may have
/// been overtaken by the same code, asked for once more.
async fn told_once(set_up: &SetUp, insides: &Insides, records: &[Record]) {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT id, case_id, channel, template FROM messages WHERE channel <> 'webhook'",
    )
    .fetch_all(insides.database.pool())
    .await
    .unwrap();
    let rows: Vec<Row> = rows
        .into_iter()
        .map(|(id, case, channel, template)| Row {
            id,
            case,
            channel,
            template,
        })
        .collect();
    let mails = set_up.arrivals.mails.all();
    let texts = set_up.arrivals.gateway.delivered();
    let ids: BTreeSet<&str> = mails.iter().map(|m| m.id.as_str()).collect();
    let came = |row: &Row| match row.channel.as_str() {
        "email" => ids.iter().any(|id| id.contains(&row.id)),
        _ => texts.contains_key(&row.id),
    };
    let (there, missing): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| came(row));
    assert_eq!(there.len(), ids.len() + texts.len(), "messages of no row");
    for row in missing {
        let overtaken = there
            .iter()
            .any(|r| r.case == row.case && r.template == row.template);
        assert!(
            overtaken && row.template.ends_with("_code"),
            "{} ({}) of {} never came",
            row.id,
            row.template,
            row.case
        );
    }
    let gateway = &set_up.arrivals.gateway;
    assert_eq!(gateway.altered.load(Ordering::SeqCst), 0);
    for record in records.iter().filter(|r| r.outcome == Outcome::Accept) {
        for template in ["processing", "letter_available", "activated"] {
            let mine = there
                .iter()
                .filter(|r| r.case == record.case && r.channel == "email")
                .filter(|r| r.template == template);
            assert_eq!(mine.count(), 1, "{}: {template}", record.case);
        }
        let (_, number) = &record.contacts;
        let texts = texts.values().filter(|sms| sms.to == *number).count();
        assert!(texts >= 2, "{}: a code and a confirmation", record.case);
    }
    println!(
        "          {} mails ({} came again under the same id), {} text messages ({} again under the same key)",
        ids.len(),
        mails.len() - ids.len(),
        texts.len(),
        gateway.repeated.load(Ordering::SeqCst)
    );
}

pub async fn after_purge(set_up: &SetUp, records: &[Record], found: Found) {
    let insides = set_up.insides().await;
    let database = &insides.database;
    until("the purge", async || {
        let left: Vec<(String, String)> = sqlx::query_as(
            "SELECT id, state FROM cases WHERE media_purged_at IS NULL AND state <> 'in_review'",
        )
        .fetch_all(database.pool())
        .await
        .unwrap();
        if !left.is_empty() {
            println!(
                "          {} cases still have media, one is {}",
                left.len(),
                left[0].1
            );
        }
        left.is_empty()
    })
    .await;
    let (waiting, over): (Vec<&Record>, Vec<&Record>) =
        records.iter().partition(|r| r.outcome == Outcome::Review);
    for record in &waiting {
        // A person has not decided yet: the processing is not over.
        for (upload, digest) in &record.uploads {
            assert_eq!(read_back(&insides, record, upload).await, *digest);
        }
    }
    for record in &over {
        let there = insides.vault.objects_of(&id(record)).await.unwrap();
        assert!(there.is_empty(), "{}: {there:?}", record.case);
        let key = insides.vault.keyring().exists(&id(record)).await.unwrap();
        assert!(!key, "{} still has a key", record.case);
        receipt(&insides, record, &found[&record.case]).await;
    }
    let report = database.verify_chain(None, |_| {}).await.unwrap();
    assert_eq!(report.fault, None);
    println!(
        "          no media, no key, {} receipts are right; {} cases wait for a person with theirs",
        over.len(),
        waiting.len()
    );
}

/// Exactly one, and it says what was there.
async fn receipt(insides: &Insides, record: &Record, objects: &[String]) {
    let events = insides.database.events_of(&id(record)).await.unwrap();
    let receipts: Vec<&Event> = events.iter().filter(|e| e.kind == "media_purged").collect();
    assert_eq!(receipts.len(), 1, "{}", record.case);
    let (at, data) = (receipts[0].at, &receipts[0].data);
    assert_eq!(data["verified_gone"], true);
    // Chunks cut off by a kill are noted before they are stored, and tidied up before or after: the
    // receipt names what was still noted when it was written.
    let mut names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM objects WHERE case_id = $1 AND deleted_at = $2")
            .bind(&record.case)
            .bind(at)
            .fetch_all(insides.database.pool())
            .await
            .unwrap();
    names.sort();
    assert!(
        names.iter().all(|name| objects.contains(name)),
        "{}",
        record.case
    );
    let unlisted = data["unlisted"].as_u64().unwrap();
    assert_eq!(unlisted, 0, "{}: {data}", record.case);
    assert_eq!(data["objects"], names.len(), "{}", record.case);
    let mut digest = Sha256::new();
    for name in names {
        digest.update(name);
        digest.update(b"\n");
    }
    assert_eq!(data["names_sha256"], format!("{:x}", digest.finalize()));
}
